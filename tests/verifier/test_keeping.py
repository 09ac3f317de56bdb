"""What becomes of an answer whose citizen does not want it used: as once, however often it is said."""

from dataclasses import replace

import pytest

from tests.support.receipts import log_with
from tests.verifier.test_session import ANSWERED, FORGOTTEN, NOW, OPENED
from verifier.keeping import erase_on_demand, gone, restrict_on_demand
from verifier.usage import ON_DEMAND, OVER

LOGGED = replace(ANSWERED, logged=log_with(until=NOW + 900))
RESTRICTED = replace(LOGGED, restricted=True)


def said(change):
    return [record.use.action.value for record in change.records], [event.action for event in change.events]


def test_what_is_restricted_is_in_its_log_and_what_is_free_again_is_not():
    assert restrict_on_demand(LOGGED, lifted=False, now=NOW).next == RESTRICTED
    assert said(restrict_on_demand(LOGGED, lifted=False, now=NOW)) == (["restricted"], ["answer restricted"])
    assert restrict_on_demand(RESTRICTED, lifted=True, now=NOW).next == LOGGED
    assert said(restrict_on_demand(RESTRICTED, lifted=True, now=NOW)) == ([], ["restriction lifted"])
    assert said(restrict_on_demand(ANSWERED, lifted=False, now=NOW)) == ([], ["answer restricted"])


@pytest.mark.parametrize(
    ("stage", "lifted"),
    [(RESTRICTED, False), (LOGGED, True), (OPENED, False), (FORGOTTEN, True)],
    ids=["restricted before", "never restricted", "no answer yet", "gone"],
)
def test_what_is_so_already_or_holds_no_answer_stays_as_it_is(stage, lifted):
    """Else its log would tell the citizen of a second restriction that nobody asked for."""
    change = restrict_on_demand(stage, lifted=lifted, now=NOW)
    assert (change.next, change.records, change.events) == (stage, (), ())


def test_what_its_citizen_wants_erased_is_gone_for_that_reason():
    change = erase_on_demand(LOGGED, now=NOW)
    assert change.next == FORGOTTEN
    [record] = change.records
    assert (record.use.action.value, record.use.why) == ("erased", ON_DEMAND)
    again = erase_on_demand(FORGOTTEN, now=NOW)
    assert (again.next, again.records) == (FORGOTTEN, ())


def test_an_answer_without_a_receipt_goes_without_a_word():
    assert gone(ANSWERED, now=NOW, why=OVER) == ()
    [one] = gone(LOGGED, now=NOW, why=OVER)
    assert (one.logged, one.until, one.why) == (LOGGED.logged, 0, OVER)
