"""Requests about rights as a party keeps them, and the steps that every party takes alike (docs/sovereignty/rights.md)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Generic, NamedTuple, TypeVar

from capabilities.cockpit.attached import FileRecord
from protocol.errors import Conflict, NotFound
from protocol.sovereignty.claims import ClaimsByQuery, are_covered
from protocol.sovereignty.receipt_parties import Controller
from protocol.sovereignty.rights_status import FINAL, Kept, Presentation, RightsStatus, State, extend, proceed
from protocol.sovereignty.signing import hash_text
from protocol.sovereignty.wording import Wording
from protocol.trust.localized import Localized

R = TypeVar("R")  # what a role does in the transaction of a step

_REMEDY = {
    "de": "Sie können sich bei der Aufsichtsbehörde für den Datenschutz beschweren{reach} (Art. 77 DSGVO) und vor Gericht"
    " klagen (Art. 79 DSGVO).",
    "en": "You may complain to the data protection authority{reach} (Art. 77 GDPR) and go to court (Art. 79 GDPR).",
}


@dataclass(frozen=True, slots=True)
class RightsCase:
    """One request of a citizen. What it says in their own words is sealed."""

    id: str
    receipt: str  # jti of the receipt that it is about
    jti: str  # of the request
    content: str  # the request as it came, sealed, base64url
    received_at: int  # epoch seconds
    keep_until: int  # epoch seconds
    status: RightsStatus
    answer: str = ""  # what is handed out, encrypted to the citizen; empty: nothing, or nothing any more
    note: str = ""  # for whoever works on it: what was done already, or why nothing was
    proven_at: int = 0  # epoch seconds: when the same data was shown once more; 0: it was not
    tries: int = 0  # to show it, that failed

    @property
    def is_open(self) -> bool:
        """Whether it waits for an answer."""
        return self.status.state not in FINAL

    def __repr__(self) -> str:
        """Never what somebody wrote."""
        return f"RightsCase({self.id}, {self.status.right}, {self.status.state})"


class SealedFile(NamedTuple):
    """A file that goes with an answer, encrypted to the citizen."""

    hash: str  # of its bytes, by which the answer names it
    content: str  # JWE


@dataclass(frozen=True, slots=True)
class RightsChange(Generic[R]):
    """What a step does, as one: the request as it stands then, and what the role does with the data."""

    next: RightsCase
    records: tuple[R, ...] = ()
    files: tuple[SealedFile, ...] = ()  # of the answer that it ends with, or that wait for one
    attached: tuple[FileRecord, ...] = ()  # what becomes of the files of an answer by hand


def no_request() -> NotFound:
    """The one refusal for a request that is unknown, over or somebody else's."""
    return NotFound("no such request")


def step_to(case: RightsCase, state: State, *, now: int, note: str = "") -> RightsCase:
    """A request in another state, due when it was due.

    Raises:
        Conflict: it has ended.
    """
    _check_open(case)
    after = replace(case.status, state=state, issued_at=_later(case, now), presentation=None)
    return replace(case, status=proceed(case.status, after, received_at=case.received_at), note=note or case.note)


def presenting(case: RightsCase, wanted: Presentation, *, now: int) -> RightsCase:
    """Ask for the data once more before anything is done; whatever was asked for that before counts no more.

    Raises:
        Conflict: it has ended.
    """
    _check_open(case)
    after = replace(
        case.status, state=State.PRESENT_AGAIN, issued_at=_later(case, now), presentation=wanted
    )  # fmt: skip
    return replace(case, status=proceed(case.status, after, received_at=case.received_at))


def extended(case: RightsCase, why: Wording, *, due: int, now: int) -> RightsCase:
    """Put an answer off, by two months at most (Art. 12(3)).

    Raises:
        Conflict: too late, for too long, not later at all, or it has ended.
    """
    if due <= case.status.due:
        raise Conflict("an extension ends later than the date that was said before")
    later = extend(case.status, why, due=due, received_at=case.received_at, now=_later(case, now))
    return replace(case, status=later)


def refused(case: RightsCase, why: Wording, controller: Controller, *, now: int) -> RightsCase:
    """Refuse; `why` names the provision, and the citizen hears where to complain (Art. 12(4)).

    Raises:
        Conflict: it has ended.
    """
    _check_open(case)
    after = replace(
        case.status,
        state=State.REFUSED,
        why=why,
        remedy=remedy(controller),
        issued_at=_later(case, now),
        presentation=None,
    )
    return replace(case, status=proceed(case.status, after, received_at=case.received_at))


def answered(
    case: RightsCase, answer: str, *, now: int, kept: tuple[Kept, ...] = (), controller: Controller | None = None
) -> RightsCase:
    """Hand out what was asked; the status names it by its hash, and what is not handed out, and why (Art. 12(4)).

    `controller` is needed where something is not.

    Raises:
        Conflict: it has ended.
    """
    _check_open(case)
    after = replace(
        case.status,
        state=State.DONE,
        answer=hash_text(answer),
        issued_at=_later(case, now),
        presentation=None,
        kept=kept,
        remedy=remedy(controller) if kept and controller is not None else case.status.remedy,
    )
    return replace(case, status=proceed(case.status, after, received_at=case.received_at), answer=answer)


def partly_answered(case: RightsCase, answer: str, why: Wording, *, due: int, now: int) -> RightsCase:
    """Hand out a part of what was asked, and say by when the rest follows, and why (Art. 12(3)).

    Raises:
        Conflict: it has ended, its time has passed, or the rest would come too late.
    """
    _check_open(case)
    if due <= now:
        raise Conflict("the rest follows at a time that has not passed")
    after = replace(
        case.status,
        state=State.EXTENDED,
        answer=hash_text(answer),
        why=why,
        due=due,
        issued_at=_later(case, now),
        presentation=None,
    )
    return replace(case, status=proceed(case.status, after, received_at=case.received_at), answer=answer)


def finished(case: RightsCase, kept: tuple[Kept, ...], controller: Controller, *, now: int) -> RightsCase:
    """Say that what was asked is done but for what stays, and why; the citizen hears where to complain (Art. 12(4)).

    Raises:
        Conflict: it has ended.
    """
    _check_open(case)
    after = replace(
        case.status,
        state=State.DONE,
        issued_at=_later(case, now),
        presentation=None,
        kept=kept,
        remedy=remedy(controller) if kept else case.status.remedy,
    )
    return replace(case, status=proceed(case.status, after, received_at=case.received_at))


def is_about_all(claims: ClaimsByQuery | None, whole: ClaimsByQuery) -> bool:
    """Whether a request is about all that a receipt names; None: it names no part of it."""
    if claims is None:
        return True
    return all(id_ in claims and are_covered(paths, claims[id_]) for id_, paths in whole.items())


def said_at(case: RightsCase, now: int) -> RightsStatus:
    """How a request stands, as it is said at this moment: no answer is older than the one before."""
    return replace(case.status, issued_at=_later(case, now))


def remedy(controller: Controller) -> Wording:
    """The authority and the court, to whoever is told no."""
    authority = controller.authority
    ways = () if authority is None else (authority.email, authority.phone, authority.uri)
    reach = ", ".join(way for way in ways if way)
    shown = f" ({reach})" if reach else ""
    return tuple([Localized(language, text.format(reach=shown)) for language, text in _REMEDY.items()])


def _check_open(case: RightsCase) -> None:
    # What is done is done once: the same end again would be said again, and its deeds too
    if not case.is_open:
        raise Conflict("this request has ended")


def _later(case: RightsCase, now: int) -> int:
    return max(now, case.status.issued_at)
