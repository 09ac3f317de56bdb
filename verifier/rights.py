"""What a verifier does when somebody asks for a right over an answer: at once where nothing is in the way, else by a clerk.

Pure steps over what is held; the store carries out what they say, in the transaction of the step (docs/sovereignty/rights.md,
docs/decisions/0050-rights-at-the-verifier.md).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from capabilities.cockpit.attached import Attached, Detached
from capabilities.cockpit.clerks import who_got_it
from capabilities.cockpit.rights_case import (
    RightsCase,
    RightsChange,
    is_about_all,
    presenting,
    refused,
    step_to,
)
from capabilities.usage_log.records import Used
from protocol.errors import Conflict
from protocol.sovereignty.claims import ClaimsByQuery, are_identifying
from protocol.sovereignty.receipt import LegalBasis, Receipt
from protocol.sovereignty.rights import HANDS_OUT, Right, needs_present_again
from protocol.sovereignty.rights_status import Presentation, State
from protocol.sovereignty.usage import Action, Addressee, Use
from protocol.sovereignty.wording import Wording
from runtime.conversation import Event
from verifier.again import question_again
from verifier.session import read_query
from verifier.usage import By, Logged, stands_elsewhere

# Where the law itself may want the data kept (Art. 17(3)(b)); whether it does, a clerk knows
_DUTIES = frozenset((LegalBasis.LEGAL_OBLIGATION, LegalBasis.PUBLIC_TASK))
# What ends with the data gone
_ERASES = frozenset((Right.ERASURE, Right.WITHDRAW_CONSENT, Right.OBJECTION))


MAX_TRIES = 5  # to show the same data once more


class Why(StrEnum):
    """Why a clerk has to see a request."""

    OPEN_CASE = "open_case"  # a case that is not decided needs the data
    DUTY = "duty"  # a law may want it kept
    ELSEWHERE = "elsewhere"  # other systems of the partner have it, or had it
    PART = "part"  # it is about some of the data only
    NO_CONSENT = "no_consent"  # the data does not rest on a consent
    ANSWER = "answer"  # nothing is in the way: it is answered when the citizen asks how it stands
    AGAIN = "again"  # the data says who somebody is, so that the key alone is not enough: it is shown once more first
    IDENTIFIES = "identifies"  # the same, and there is nothing here that could be compared
    NOT_SAME = "not_same"  # what was shown once more was not what was shown first, again and again
    IN_CASE = "in_case"  # a form or a case holds it, with more than was shown
    NO_FIT = "no_fit"  # it does not fit into one answer, or was shown in person and is named otherwise
    REST = "rest"  # a part was handed out, and the rest is to follow
    CLERK = "clerk"  # the right is one that a human answers


@dataclass(frozen=True, slots=True)
class Asked:
    """Another request about the same receipt."""

    id: str
    right: Right
    state: State


@dataclass(frozen=True, slots=True)
class Sealed:
    """An answer as it is here."""

    request: str  # id of the request that it answered
    content: str  # sealed, base64url
    query: str = ""  # JSON: what was asked; empty: nobody knows any more


@dataclass(frozen=True, slots=True)
class Holding:
    """What is known of the data of one receipt, as it is in the transaction that asks."""

    sealed: Sealed | None = None  # where it stands in an answer
    in_case: bool = False  # it stands in a form or a case
    open_case: bool = False  # a case that waits for a decision holds it
    elsewhere: bool = (
        False  # it was read or passed on by other systems of the partner, and they did not say that it is gone
    )
    untold: tuple[Addressee, ...] = ()  # who got it, and was not told of a change since
    recipients: tuple[Addressee, ...] = ()  # everybody who got it
    requests: tuple[Asked, ...] = ()
    question: str = ""  # JSON: what was asked, where the answer can be compared; empty: nobody knows any more
    known: str = ""  # by what the answer is known again where it went into a form or case; see `verifier.known`
    attached: tuple[Attached, ...] = ()  # files that wait to go out with answers

    @property
    def has_data(self) -> bool:
        """See `capabilities.cockpit.answers.Holds`."""
        return self.sealed is not None

    @property
    def has_others(self) -> bool:
        """Likewise: what a form or a case took over is decided with, too."""
        return self.elsewhere or self.in_case

    def files_of(self, case: RightsCase) -> tuple[Attached, ...]:
        """Those of one request."""
        return tuple([each for each in self.attached if each.request == case.id])


@dataclass(frozen=True, slots=True)
class Erase:
    """Everything that is here of the data of a receipt goes, and its log says so."""

    receipt: str  # its jti


@dataclass(frozen=True, slots=True)
class Restrict:
    """What is here of it is not read any more, until that is lifted (Art. 18)."""

    receipt: str
    lifted: bool = False


RightsRecord = Erase | Restrict | Used | Event
RightsStep = RightsChange[RightsRecord]


@dataclass(frozen=True, slots=True)
class Finished:
    """What a clerk, or a program of the partner, says when something is done."""

    place: By
    told: bool  # everybody whom the log names as having got the data was told (Art. 19)


def hold(uses: tuple[Use, ...], found: Holding) -> Holding:
    """What is known, from the log of a receipt and what is found of its data."""
    is_here = found.sealed is not None or found.in_case
    elsewhere, gone = stands_elsewhere(uses), False
    recipients, untold = who_got_it(uses)
    for use in uses:
        if use.action in (Action.RECEIVED, Action.ERASED):
            gone = use.action is Action.ERASED
    # What is not found and was not erased is somewhere: nobody says of it that it is gone
    return replace(
        found,
        elsewhere=elsewhere or not (is_here or gone) or bool(untold),
        untold=untold,
        recipients=recipients,
    )


def first_step(
    case: RightsCase, receipt: Receipt, claims: ClaimsByQuery | None, held: Holding, *, now: int
) -> RightsStep:
    """What happens when a request comes; `claims` are those that it names."""
    again = None if case.proven_at else identifies(case.status.right, receipt, held)
    if again is Why.AGAIN:
        # Before anything else, whatever stands in the way then: nobody works on what a stranger asks
        return working(case, again, now)
    return _first_step(case, receipt, claims, held, again, now=now)


def _first_step(
    case: RightsCase, receipt: Receipt, claims: ClaimsByQuery | None, held: Holding, again: Why | None, *, now: int
) -> RightsStep:
    right, erase, restrict = case.status.right, Erase(case.receipt), Restrict(case.receipt)
    match right:
        case Right.ERASURE:
            why = _against(receipt, claims, held) or again
            return _done(case, now, erase) if why is None else working(case, why, now)
        case Right.WITHDRAW_CONSENT if receipt.legal_basis is not LegalBasis.CONSENT:
            return working(case, Why.NO_CONSENT, now)
        case Right.WITHDRAW_CONSENT:
            # Withdrawing is as easy as giving: what a clerk has to see is not used meanwhile
            why = _against(receipt, claims, held)
            return _done(case, now, erase) if why is None else working(case, why, now, restrict)
        case Right.RESTRICTION | Right.OBJECTION | Right.RECTIFICATION if again is not None:
            return working(case, again, now)
        case Right.RESTRICTION:
            return working(case, Why.ELSEWHERE, now, restrict) if held.elsewhere else _done(case, now, restrict)
        case Right.OBJECTION:
            # Art. 18(1)(d): not used until it is clear whose grounds weigh more
            return working(case, Why.CLERK, now, restrict)
        case Right.ACCESS | Right.PORTABILITY:
            return working(case, _against_handing_out(receipt, claims, held) or again or Why.ANSWER, now)
        case _:
            return working(case, Why.CLERK, now)


def ask_again(case: RightsCase, wanted: Presentation | None, *, now: int) -> RightsStep:
    """Ask for the data once more; None: it cannot be asked for, so that a clerk has to find out who it is."""
    if not case.is_open or case.note != Why.AGAIN:
        return RightsChange(case)
    if wanted is None:
        return working(case, Why.IDENTIFIES, now)
    return RightsChange(presenting(case, wanted, now=now))


def shown_again(
    case: RightsCase, receipt: Receipt, claims: ClaimsByQuery | None, held: Holding, *, same: bool, now: int
) -> RightsStep:
    """Go on with a request after the data was shown once more, or ask again; at some time a clerk has to see it."""
    if not case.is_open or case.note != Why.AGAIN:
        return RightsChange(case)
    if same:
        return first_step(replace(case, proven_at=now), receipt, claims, held, now=now)
    tried = replace(case, tries=case.tries + 1)
    return RightsChange(tried) if tried.tries < MAX_TRIES else working(tried, Why.NOT_SAME, now)


def _against_handing_out(receipt: Receipt, claims: ClaimsByQuery | None, held: Holding) -> Why | None:
    """What forbids handing out the data at once, to whoever has the key; None: nothing."""
    if held.elsewhere:
        return Why.ELSEWHERE
    if held.in_case:
        return Why.IN_CASE
    if not is_about_all(claims, receipt.claims):
        return Why.PART
    return None


def identifies(right: Right, receipt: Receipt, held: Holding) -> Why | None:
    """Whether the key alone is not enough for a right (Art. 11(2), 12(6)): it proves a wallet, not a person."""
    known = any(are_identifying(paths) for paths in receipt.claims.values())
    again = needs_present_again(
        right, identifying=known, represented=bool(receipt.represented), open_case=held.open_case
    )
    if not again:
        return None
    asked = question_again(read_query(held.question), receipt.claims) if held.question else None
    return Why.IDENTIFIES if asked is None else Why.AGAIN


def finish(case: RightsCase, logged: Logged, held: Holding, done: Finished, *, now: int) -> RightsStep:
    """Say that what was asked is done: what is here is done with it, and the log says what a clerk did.

    Raises:
        Conflict: it has ended; it is answered with the data itself; or somebody who got the data was not told.
    """
    right = case.status.right
    if right in HANDS_OUT:
        raise Conflict("this right is answered with the data itself")
    changes = right in _ERASES or right in (Right.RECTIFICATION, Right.RESTRICTION)
    if changes and held.untold and not done.told:
        raise Conflict("whoever got the data has to be told first")
    told = tuple([used for to in held.untold for used in logged.told(to, done.place, now=now)]) if changes else ()
    match right:
        case _ if right in _ERASES:
            # The order of the log: who was told, then that it is gone
            return _done(case, now, *told, Erase(case.receipt))
        case Right.RECTIFICATION:
            return _done(case, now, *logged.use(Action.CORRECTED, done.place, now=now), *told)
        case Right.HUMAN_REVIEW:
            return _done(case, now, *logged.use(Action.DECIDED, done.place, now=now))
        case _:
            return _done(case, now, *told)


def refuse(case: RightsCase, receipt: Receipt, why: Wording, held: Holding, *, now: int) -> RightsStep:
    """Refuse; what was not used meanwhile may be used again, unless another request stands against it.

    Raises:
        Conflict: it has ended.
    """
    after = refused(case, why, receipt.controller, now=now)
    return RightsChange(after, _lifted(case, held), attached=(Detached(case.id),))


def _against(receipt: Receipt, claims: ClaimsByQuery | None, held: Holding) -> Why | None:
    """What forbids erasing at once (Art. 17(3)); None: nothing."""
    if held.open_case:
        return Why.OPEN_CASE
    if receipt.legal_basis in _DUTIES:
        return Why.DUTY
    if held.elsewhere:
        return Why.ELSEWHERE
    if not is_about_all(claims, receipt.claims):
        return Why.PART
    return None


def _restricts(right: Right, state: State) -> bool:
    """Whether a request keeps data from being used: a restriction for good, the others until they are answered."""
    if right is Right.RESTRICTION:
        return state is not State.REFUSED
    return right in (Right.OBJECTION, Right.WITHDRAW_CONSENT) and state not in (State.REFUSED, State.DONE)


def _lifted(case: RightsCase, held: Holding) -> tuple[RightsRecord, ...]:
    if not _restricts(case.status.right, case.status.state):
        return ()
    others = any(each.id != case.id and _restricts(each.right, each.state) for each in held.requests)
    return () if others else (Restrict(case.receipt, lifted=True),)


def _done(case: RightsCase, now: int, *records: RightsRecord) -> RightsStep:
    return RightsChange(step_to(case, State.DONE, now=now), records)


def working(case: RightsCase, why: Why, now: int, *records: RightsRecord) -> RightsStep:
    """A request that waits for whoever `why` names.

    Raises:
        Conflict: it has ended.
    """
    return RightsChange(step_to(case, State.WORKING, now=now, note=why.value), records)
