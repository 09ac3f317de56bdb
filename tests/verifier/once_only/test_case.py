"""The steps of a form and its case: each happens once, to what was read before, and to nothing that may not be used."""

from dataclasses import replace

import pytest

from protocol.errors import Conflict, NotFound
from runtime.conversation import SessionKey
from tests.support.pki import NOW
from tests.support.receipts import log_with
from verifier.once_only.case import (
    DRAFT,
    Case,
    CaseState,
    Deciding,
    Draft,
    Erased,
    Sending,
    case_of,
    change,
    decide,
    drop,
    erase,
    send,
    view,
)
from verifier.once_only.on_demand import erase_on_demand, restrict_on_demand
from verifier.usage import By

FORM = Draft("case", "card", NOW, "sealed", version=3, logged=log_with(until=NOW + 900))
SENT = Case("case", "card", NOW, NOW + 600, "sealed", "request", logged=FORM.logged)
GONE = Erased("case")
KEY = SessionKey.of(DRAFT, "secret of a browser")
SENDING = Sending("sealed anew", KEY, KEY, keep_until=NOW + 600, due_at=0, notify=False, now=NOW)
GRANT = Deciding(CaseState.GRANTED, "sealed", "", "", "clerk", By.CLERK, notify=False, now=NOW)


def seen(stage, now=NOW):
    return view(stage, actor="a", by="clerk", place=By.CLERK, now=now)


def decided(stage, **changes):
    return decide(stage, replace(GRANT, **changes), actor="a")


def erased(stage, now=NOW):
    return erase(stage, (), actor="a", by="clerk", now=now)


def said(outcome):
    return [event.action for event in outcome.events]


@pytest.mark.parametrize("stage", [SENT, GONE], ids=["sent", "erased"])
def test_what_is_no_form_any_more_is_not_changed_dropped_or_sent(stage):
    with pytest.raises(NotFound, match="form"):
        change(stage, FORM, now=NOW)
    with pytest.raises(NotFound, match="form"):
        drop(stage, KEY, now=NOW)
    with pytest.raises(NotFound, match="form"):
        send(stage, FORM, KEY, SENDING)


def test_what_was_changed_in_another_window_is_neither_written_over_nor_sent():
    elsewhere = replace(FORM, version=4, content="written in another window")
    with pytest.raises(Conflict):
        change(elsewhere, FORM, now=NOW)
    with pytest.raises(Conflict):
        send(elsewhere, FORM, KEY, SENDING)
    assert change(FORM, FORM, now=NOW).next == replace(FORM, version=4)
    assert send(FORM, FORM, KEY, SENDING).next.content == "sealed anew"


@pytest.mark.parametrize("step", [seen, decided, erased])
def test_nothing_is_done_with_what_is_no_case(step):
    for stage in (FORM, GONE):
        with pytest.raises(NotFound, match="case"):
            step(stage)


def test_a_case_ends_at_its_time():
    assert case_of(SENT, now=NOW + 599) is SENT
    for step in (seen, erased):
        with pytest.raises(NotFound):
            step(SENT, now=NOW + 600)
    with pytest.raises(NotFound):
        decided(SENT, now=NOW + 600)


def test_what_was_decided_is_not_decided_again():
    once = decided(SENT)
    assert said(once) == ["case decided"]
    with pytest.raises(Conflict, match="decided before"):
        decided(once.next)
    assert said(decided(decided(SENT, state=CaseState.NEEDS_MORE, text="More").next)) == ["case decided"]


def test_nobody_reads_or_decides_what_its_citizen_does_not_want_used():
    """It may still be erased."""
    restricted = restrict_on_demand(SENT, lifted=False, now=NOW).next
    for step in (seen, decided):
        with pytest.raises(Conflict, match="not used"):
            step(restricted)
    assert erased(restricted).next == GONE
    assert said(seen(restrict_on_demand(restricted, lifted=True, now=NOW).next)) == ["case viewed"]


@pytest.mark.parametrize(("stage", "what"), [(FORM, "form"), (SENT, "case")])
def test_a_restriction_is_logged_once(stage, what):
    first = restrict_on_demand(stage, lifted=False, now=NOW)
    assert (said(first), [one.use.action.value for one in first.records]) == ([f"{what} restricted"], ["restricted"])
    second = restrict_on_demand(first.next, lifted=False, now=NOW)
    assert (second.next, second.records, second.events) == (first.next, (), ())
    lifted = restrict_on_demand(first.next, lifted=True, now=NOW)
    assert (lifted.next, lifted.records, said(lifted)) == (stage, (), [f"{what} no longer restricted"])
    never = restrict_on_demand(stage, lifted=True, now=NOW)
    assert (never.next, never.records, never.events) == (stage, (), ())


def test_of_what_is_erased_on_demand_nothing_is_left_and_a_second_time_is_as_none():
    form, case = erase_on_demand(FORM, now=NOW), erase_on_demand(SENT, now=NOW)
    assert (form.next, said(form), len(form.records)) == (GONE, ["form erased"], 1)
    assert (case.next, said(case), len(case.records)) == (GONE, ["case erased"], 3)
    for again in (erase_on_demand(GONE, now=NOW), restrict_on_demand(GONE, lifted=False, now=NOW)):
        assert (again.next, again.records, again.events) == (GONE, (), ())
