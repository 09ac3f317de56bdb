"""Answering access and portability: with what is here, with files, in parts; what a step says, the store carries out."""

from __future__ import annotations

from capabilities.cockpit.answers import handed_over
from capabilities.cockpit.handing_out import HandedOut
from capabilities.cockpit.rights_case import RightsCase, RightsChange, answered
from protocol.errors import Conflict
from protocol.sovereignty.receipt import Receipt
from protocol.sovereignty.usage import Action
from verifier.rights import Holding, RightsStep, Sealed, Why, identifies, working
from verifier.usage import ON_DEMAND, By, Logged


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
    if held.sealed != of.sealed:
        raise Conflict("what is here changed meanwhile; please try again")
    if not case.proven_at and not sure and identifies(case.status.right, receipt, held):
        raise Conflict("the same data was not shown once more; be sure first who asks")
    used = logged.use(Action.USED, place, now=now, why=ON_DEMAND)
    return handed_over(case, made, receipt.controller, used, of=of, held=held, now=now)


def no_fit(case: RightsCase, *, now: int) -> RightsStep:
    """Leave to a clerk what no answer can be made of."""
    return working(case, Why.NO_FIT, now) if case.is_open else RightsChange(case)
