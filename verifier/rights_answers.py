"""Answering access and portability: with what is here, with files, in parts; what a step says, the store carries out."""

from __future__ import annotations

from dataclasses import dataclass, replace

from capabilities.cockpit.rights_case import (
    RightsCase,
    RightsChange,
    SealedFile,
    answered,
    partly_answered,
)
from protocol.errors import Conflict
from protocol.sovereignty.receipt import Receipt
from protocol.sovereignty.rights import HANDS_OUT
from protocol.sovereignty.rights_status import Kept
from protocol.sovereignty.usage import Action
from protocol.sovereignty.wording import Wording
from verifier.attached import Attached, Detached, Sent, check_room
from verifier.rights import Holding, RightsRecord, RightsStep, Sealed, Why, identifies, working
from verifier.usage import ON_DEMAND, By, Logged


@dataclass(frozen=True, slots=True)
class Rest:
    """What follows later."""

    why: Wording  # what it is, and why it takes longer
    due: int  # epoch seconds


@dataclass(frozen=True, slots=True)
class HandedOut:
    """An answer as it is handed out, encrypted to the citizen."""

    answer: str
    files: tuple[SealedFile, ...] = ()  # beside those that were here before
    attached: tuple[Attached, ...] = ()  # the same, as they are remembered
    kept: tuple[Kept, ...] = ()  # what is not handed out, and why
    rest: Rest | None = None  # None: this is all


def hand_out(
    case: RightsCase, answer: str, of: Sealed | None, logged: Logged, held: Holding, *, now: int
) -> RightsStep:
    """Hand out what was made of an answer, if that is still what is here; else it is made anew when the citizen asks again."""
    if not case.is_open or case.note != Why.ANSWER or held.sealed != of:
        return RightsChange(case)
    if held.files_of(case):
        # Somebody is putting an answer together
        return working(case, Why.CLERK, now)
    used = () if of is None else logged.use(Action.USED, By.SERVICE, now=now, why=ON_DEMAND)
    return RightsChange(answered(case, answer, now=now), used)


def hand_over(
    case: RightsCase,
    made: HandedOut,
    *,
    of: Holding,
    logged: Logged,
    receipt: Receipt,
    held: Holding,
    sure: bool,
    place: By,
    now: int,
) -> RightsStep:
    """Hand out what a clerk or a program of the partner adds to what is here; `sure`: they know otherwise whose wallet asks.

    `of` is what was here when the answer was made.

    Raises:
        Conflict: it has ended, is about something else than data, changed meanwhile, or nobody knows who asks.
    """
    if case.status.right not in HANDS_OUT:
        raise Conflict("this right is not answered with data")
    if held.sealed != of.sealed or held.files_of(case) != of.files_of(case):
        raise Conflict("what is here changed meanwhile; please try again")
    if not case.proven_at and not sure and identifies(case.status.right, receipt, held):
        raise Conflict("the same data was not shown once more; be sure first who asks")
    used = logged.use(Action.USED, place, now=now, why=ON_DEMAND)
    records: tuple[RightsRecord, ...] = (*made.attached, Sent(case.id), *used)
    if made.rest is not None:
        after = partly_answered(case, made.answer, made.rest.why, due=made.rest.due, now=now)
        return RightsChange(replace(after, note=Why.REST.value), records, made.files)
    after = answered(case, made.answer, now=now, kept=made.kept, controller=receipt.controller)
    return RightsChange(after, records, made.files)


def attach(case: RightsCase, file: Attached, sealed: SealedFile, held: Holding) -> RightsStep:
    """Add a file to what will be handed out. Nobody gets it before it is.

    Raises:
        Conflict: the request has ended or hands out nothing, or there is no room for it.
    """
    check_hands_out(case)
    check_room(held.files_of(case), file)
    return RightsChange(case, (file,), (sealed,))


def detach(case: RightsCase, hash_: str, held: Holding) -> RightsStep:
    """Take a file back that was not sent.

    Raises:
        Conflict: the request has ended, or the file is not there or was sent.
    """
    check_hands_out(case)
    if not any(each.hash == hash_ and not each.sent for each in held.files_of(case)):
        raise Conflict("there is no such file, or it was sent")
    return RightsChange(case, (Detached(case.id, hash_),))


def check_hands_out(case: RightsCase) -> None:
    """Check that a request waits to be answered with data.

    Raises:
        Conflict: it has ended, or is about something else.
    """
    if not case.is_open or case.status.right not in HANDS_OUT:
        raise Conflict("this request has ended, or is not answered with data")


def no_fit(case: RightsCase, *, now: int) -> RightsStep:
    """Leave to a clerk what no answer can be made of."""
    return working(case, Why.NO_FIT, now) if case.is_open else RightsChange(case)
