"""Steps of a request about rights that every party takes alike: put off in time, answered in part, and never after its end."""

from dataclasses import replace

import pytest

from capabilities.cockpit.rights_case import (
    RightsCase,
    answered,
    extended,
    finished,
    partly_answered,
    presenting,
    refused,
    step_to,
)
from protocol.errors import Conflict
from protocol.sovereignty.due_dates import first_due, last_due
from protocol.sovereignty.receipt_parties import Controller
from protocol.sovereignty.rights import Right
from protocol.sovereignty.rights_status import Presentation, RightsStatus, State
from tests.support.partners import TOWN, both
from tests.support.pki import DAY, NOW

HASH = "A" * 43
WHY = both("Es sind viele.", "There are many.")
CONTROLLER = Controller("Agency", TOWN, "https://agency.example/privacy")
DUE, LATEST = first_due(NOW), last_due(NOW)


def waiting(state=State.WORKING):
    status = RightsStatus("i" * 22, HASH, Right.ACCESS, State.RECEIVED, due=DUE, issued_at=NOW)
    case = RightsCase("i" * 22, "r" * 22, "j" * 22, "", NOW, LATEST, status)
    return replace(case, status=replace(status, state=state))


def test_an_answer_is_put_off_to_a_later_day_within_two_months_and_before_the_first_has_passed():
    case = waiting()
    assert extended(case, WHY, due=LATEST, now=DUE).status.due == LATEST
    for due, now in ((DUE, NOW), (DUE - DAY, NOW), (LATEST + 1, NOW), (LATEST, DUE + 1)):
        with pytest.raises(Conflict):
            extended(case, WHY, due=due, now=now)


def test_the_rest_of_an_answer_follows_at_a_time_that_is_still_to_come():
    case = waiting()
    part = partly_answered(case, "answer", WHY, due=DUE + DAY, now=NOW + 1)
    assert (part.status.state, part.status.due, part.answer) == (State.EXTENDED, DUE + DAY, "answer")
    late = replace(case, status=replace(case.status, due=NOW + 5))
    assert partly_answered(late, "answer", WHY, due=NOW + 6, now=NOW + 5).status.due == NOW + 6
    for now in (NOW + 5, NOW + 6):
        with pytest.raises(Conflict, match="has not passed"):
            partly_answered(late, "answer", WHY, due=NOW + 5, now=now)


@pytest.mark.parametrize(
    "step",
    [
        lambda case: step_to(case, State.WORKING, now=NOW),
        lambda case: extended(case, WHY, due=LATEST, now=NOW),
        lambda case: refused(case, WHY, CONTROLLER, now=NOW),
        lambda case: answered(case, "answer", now=NOW),
        lambda case: partly_answered(case, "answer", WHY, due=DUE, now=NOW),
        lambda case: finished(case, (), CONTROLLER, now=NOW),
        lambda case: presenting(case, Presentation("https://agency.example/r", "agency"), now=NOW),
    ],
    ids=["step", "extended", "refused", "answered", "in part", "finished", "present again"],
)
@pytest.mark.parametrize("state", [State.DONE, State.REFUSED])
def test_what_has_ended_stays_as_it_ended(step, state):
    with pytest.raises(Conflict):
        step(waiting(state))
