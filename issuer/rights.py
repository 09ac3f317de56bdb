"""What an issuer does when somebody asks for a right over what it has about them: at once where nothing is in the way.

It has two things: what its register says, which stays for as long as a law wants it there, and what was noted when a document
was given. Pure steps over what is held; the store carries out what they say, in the transaction of the step
(docs/sovereignty/rights.md, docs/decisions/0061-rights-at-the-issuer.md).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

from capabilities.cockpit.answers import handed_over
from capabilities.cockpit.attached import Attached, Detached
from capabilities.cockpit.handing_out import HandedOut
from capabilities.cockpit.records import IssuedReceipt
from capabilities.cockpit.rights_case import (
    RightsCase,
    RightsChange,
    answered,
    finished,
    is_about_all,
    refused,
    step_to,
)
from capabilities.usage_log.records import Used
from issuer.receipts import AS_LONG_AS_REGISTERED
from issuer.records import CredentialState
from issuer.usage import ERASURE_PART, ON_DEMAND, REFUSED, REVIEWED, TOLD_OF_CHANGE, By, name_of
from issuer.usage_records import DocumentReceipt, What
from protocol.encoding import JsonValue
from protocol.errors import Conflict
from protocol.sovereignty.claims import ClaimsByQuery
from protocol.sovereignty.receipt import LegalBasis, Receipt
from protocol.sovereignty.receipt_parties import Controller
from protocol.sovereignty.rights import HANDS_OUT, Right
from protocol.sovereignty.rights_status import Kept, State
from protocol.sovereignty.usage import Action, Addressee
from protocol.sovereignty.wording import Wording
from runtime.conversation import Event

# Where the law itself may want the data kept (Art. 17(3)(b)); whether it does, a clerk knows
_DUTIES = frozenset((LegalBasis.LEGAL_OBLIGATION, LegalBasis.PUBLIC_TASK))
# What ends with the data gone
ERASES = frozenset((Right.ERASURE, Right.WITHDRAW_CONSENT, Right.OBJECTION))
# Whoever got the data has to hear of it (Art. 19)
_CHANGES = ERASES | {Right.RECTIFICATION, Right.RESTRICTION}


class Why(StrEnum):
    """Why a clerk has to see a request, or why it waits."""

    LOOK = "look"  # nothing is in the way so far: the register is asked when the citizen asks how it stands
    VALID = "valid"  # the document is still valid
    DUTY = "duty"  # a law may want the data kept
    REGISTER = "register"  # the register still has the person
    PART = "part"  # it is about some of the data only
    NO_CONSENT = "no_consent"  # the data does not rest on a consent
    ENDED = "ended"  # the document has ended, so that the wallet's key alone does not say any more who asks
    NO_FIT = (
        "no_fit"  # no answer can be made by itself: the type is not issued any more, or the register lacks something
    )
    REST = "rest"  # a part was handed out, and the rest is to follow
    CLERK = "clerk"  # the right is one that a human answers


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of a document."""

    id: str
    configuration_id: str
    issued_at: int  # epoch seconds
    expires_at: int  # epoch seconds
    state: CredentialState

    def is_over(self, now: int) -> bool:
        """Whether it has ended for good: one that is suspended may come back."""
        return self.state is CredentialState.REVOKED or now >= self.expires_at


@dataclass(frozen=True, slots=True)
class Holding:
    """What is noted of the document of one receipt, as it is in the transaction that asks."""

    document: DocumentReceipt | None = None  # None: nothing any more
    copies: tuple[Copy, ...] = ()  # of all that came with it; see `only`
    untold: tuple[Addressee, ...] = ()  # who got the data, and was not told of a change since
    recipients: tuple[Addressee, ...] = ()  # everybody who got it
    forms: frozenset[str] = frozenset()  # the configurations that are forms of it, fetched or not
    was_kept: bool = False  # nothing is noted any more; when that went, the register kept the person's data
    attached: tuple[Attached, ...] = ()  # files that wait to go out with answers

    @property
    def has_data(self) -> bool:
        """See `capabilities.cockpit.answers.Holds`: the register is asked for the document's person."""
        return self.document is not None

    @property
    def has_others(self) -> bool:
        """Likewise: the register is the issuer's own, and what is added by hand comes from elsewhere."""
        return False

    def files_of(self, case: RightsCase) -> tuple[Attached, ...]:
        """Those of one request."""
        return tuple([each for each in self.attached if each.request == case.id])

    def only(self, forms: Collection[str]) -> Holding:
        """The same without copies of other documents: `forms` are the configurations that are forms of this one."""
        copies = tuple([copy for copy in self.copies if copy.configuration_id in forms])
        return replace(self, copies=copies, forms=frozenset(forms))

    def is_valid(self, now: int) -> bool:
        """Whether somebody holds the document, who could fetch it anew at any time."""
        return any(copy.state is CredentialState.VALID and now < copy.expires_at for copy in self.copies)

    def is_over(self, now: int) -> bool:
        """Whether the document has ended for good."""
        return all(copy.is_over(now) for copy in self.copies)


@dataclass(frozen=True, slots=True)
class Erase:
    """What was noted of a document goes, and nothing more of it is given by its conversation.

    What stays of its copies are numbers in a status list, which name nobody.
    """

    receipt: str  # its jti
    forms: tuple[str, ...]  # the configurations that are forms of it
    in_register: bool = False  # the register still has the person, so that nothing is ever called erased there


@dataclass(frozen=True, slots=True)
class LookAgain:
    """The register may say something else about a person: their documents are looked at."""

    subject: str


RightsRecord = Erase | LookAgain | Used | Event
RightsStep = RightsChange[RightsRecord]
Record = Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Logged:
    """What the uses of one document's data are written with."""

    receipt: DocumentReceipt  # its claims alone
    language: str  # the agency's own

    @classmethod
    def of(cls, issued: IssuedReceipt, language: str) -> Self:
        """From the receipt, which says all that is needed, also of what is erased."""
        return cls(DocumentReceipt(issued.id, "", "", "", "", issued.receipt.claims, issued.log_until), language)

    def use(
        self, action: Action, by: By, *, now: int, why: Wording = ON_DEMAND, to: Addressee | None = None
    ) -> tuple[Used, ...]:
        """A use of all that the receipt names."""
        return tuple(self.receipt.uses(What(action, name_of(by, self.language), why, to=to), now=now))


@dataclass(frozen=True, slots=True)
class Finished:
    """What a clerk says when something is done."""

    told: bool  # everybody whom the log names as having got the data was told
    in_register: bool  # the register still has the person, as it says itself
    kept: Wording = ()  # why it keeps their data, with the provision


def first_step(
    case: RightsCase, receipt: Receipt, claims: ClaimsByQuery | None, held: Holding, *, now: int
) -> RightsStep:
    """What happens when a request comes; `claims` are those that it names."""
    match case.status.right:
        case Right.ACCESS | Right.PORTABILITY | Right.RECTIFICATION if not held.is_valid(now):
            # The key was sent with the request for the document. Whoever holds a valid one could fetch what it says anew;
            # of any other nobody knows whose hands the key is in (Art. 12(6))
            return _working(case, Why.ENDED, now)
        case Right.ACCESS | Right.PORTABILITY:
            return _working(case, Why.LOOK, now)
        case Right.WITHDRAW_CONSENT if receipt.legal_basis is not LegalBasis.CONSENT:
            return _working(case, Why.NO_CONSENT, now)
        case Right.ERASURE | Right.WITHDRAW_CONSENT if not is_about_all(claims, receipt.claims):
            return _working(case, Why.PART, now)
        case Right.ERASURE | Right.WITHDRAW_CONSENT:
            return _working(case, _against(receipt, held, now) or Why.LOOK, now)
        case _:
            return _working(case, Why.CLERK, now)


def found_gone(case: RightsCase, receipt: Receipt, logged: Logged, held: Holding, *, now: int) -> RightsStep:
    """The register does not have the person, so that what was noted of the document is the last; it goes."""
    if not case.is_open or case.note != Why.LOOK:
        return RightsChange(case)
    why = _against(receipt, held, now)
    if why is not None:
        return _working(case, why, now)
    return RightsChange(
        step_to(case, State.DONE, now=now),
        (*logged.use(Action.ERASED, By.SERVICE, now=now), _erase(case, held)),
    )


def leave(case: RightsCase, why: Why, *, now: int) -> RightsStep:
    """Leave to a clerk what was looked at and cannot be answered by itself."""
    return _working(case, why, now) if case.is_open and case.note == Why.LOOK else RightsChange(case)


def hand_out(case: RightsCase, made: HandedOut, logged: Logged, held: Holding, *, now: int) -> RightsStep:
    """Hand out what was made, if the document is still valid; else a clerk has to find out who asks."""
    if not case.is_open or case.note != Why.LOOK:
        return RightsChange(case)
    if held.files_of(case):
        # Somebody is putting an answer together
        return _working(case, Why.CLERK, now)
    if not held.is_valid(now):
        return _working(case, Why.ENDED, now)
    used = logged.use(Action.USED, By.SERVICE, now=now)
    return RightsChange(answered(case, made.answer, now=now), used, made.files)


def hand_over(
    case: RightsCase,
    made: HandedOut,
    logged: Logged,
    held: Holding,
    *,
    of: Holding,
    controller: Controller,
    sure: bool,
    now: int,
) -> RightsStep:
    """Hand out what a clerk releases, or a part of it; `sure`: they know otherwise who asks.

    `of` is what was noted when the answer was made.

    Raises:
        Conflict: it has ended, is about something else than data, changed meanwhile, or nobody knows who asks.
    """
    if not sure and not held.is_valid(now):
        raise Conflict("the document has ended; be sure first who asks")
    used = logged.use(Action.USED, By.CLERK, now=now)
    return handed_over(case, made, controller, used, of=of, held=held, now=now)


def finish(
    case: RightsCase, receipt: Receipt, logged: Logged, held: Holding, done: Finished, *, now: int
) -> RightsStep:
    """Say that what was asked is done: what was noted is done with it, and the log says what a clerk did.

    Raises:
        Conflict: it has ended; it is answered with the data itself; somebody who got the data was not told; or it would be
            erased although the document is valid, or the register has it and nobody says why.
    """
    right = case.status.right
    if right in HANDS_OUT:
        raise Conflict("this right is answered with the data itself")
    told: list[Used] = []
    if right in _CHANGES:
        if held.untold and not done.told:
            raise Conflict("whoever got the data has to be told first")
        for to in held.untold:
            told.extend(logged.use(Action.RECIPIENT_TOLD, By.CLERK, now=now, why=TOLD_OF_CHANGE, to=to))
    match right:
        case _ if right in ERASES:
            return _erased(case, receipt, logged, held, done, told=told, now=now)
        case Right.RECTIFICATION:
            again = () if held.document is None else (LookAgain(held.document.subject),)
            return _done(case, now, *logged.use(Action.CORRECTED, By.CLERK, now=now), *told, *again)
        case Right.RESTRICTION:
            return _done(case, now, *logged.use(Action.RESTRICTED, By.CLERK, now=now), *told)
        case _:
            return _done(case, now, *logged.use(Action.DECIDED, By.CLERK, now=now, why=REVIEWED))


def refuse(case: RightsCase, receipt: Receipt, logged: Logged, why: Wording, *, now: int) -> RightsStep:
    """Refuse; the log says that it was, and the signed status why.

    Raises:
        Conflict: it has ended.
    """
    return RightsChange(
        refused(case, why, receipt.controller, now=now),
        # What a clerk wrote may say anything about anybody, and a log is no letter
        logged.use(Action.REFUSED, By.CLERK, now=now, why=REFUSED),
        attached=(Detached(case.id),),
    )


def _erased(
    case: RightsCase,
    receipt: Receipt,
    logged: Logged,
    held: Holding,
    done: Finished,
    *,
    told: list[Used],
    now: int,
) -> RightsStep:
    if not held.is_over(now):
        raise Conflict("the document is still valid, or may be again; end it first")
    if not done.in_register and not held.was_kept:
        # The order of the log: who was told, then that it is gone
        return _done(case, now, *told, *logged.use(Action.ERASED, By.CLERK, now=now), _erase(case, held))
    if not done.kept:
        raise Conflict("the register still has this person; say why it keeps what it has, or take them out first")
    stays = (Kept(receipt.claims, done.kept),)
    return RightsChange(
        finished(case, stays, receipt.controller, now=now),
        (*told, *logged.use(Action.KEPT, By.CLERK, now=now, why=ERASURE_PART), _erase(case, held, in_register=True)),
    )


def _erase(case: RightsCase, held: Holding, *, in_register: bool = False) -> Erase:
    forms = held.forms | {copy.configuration_id for copy in held.copies}
    return Erase(case.receipt, tuple(sorted(forms)), in_register)


def _against(receipt: Receipt, held: Holding, now: int) -> Why | None:
    """What forbids erasing without anybody looking at it; None: nothing that is noted here."""
    if not held.is_over(now):
        return Why.VALID
    if held.was_kept:
        return Why.REGISTER
    ends = receipt.retention.ends(receipt.issued_at)
    is_kept = receipt.retention != AS_LONG_AS_REGISTERED and (ends is None or now < ends)
    return Why.DUTY if receipt.legal_basis in _DUTIES and is_kept else None


def _done(case: RightsCase, now: int, *records: RightsRecord) -> RightsStep:
    return RightsChange(step_to(case, State.DONE, now=now), records)


def _working(case: RightsCase, why: Why, now: int) -> RightsStep:
    return RightsChange(step_to(case, State.WORKING, now=now, note=why.value))
