"""What a clerk says in the form of an answer: all now or a part, by a day within the law's time, in plain words."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

import pytest

from capabilities.cockpit.answer_form import MAX_CHOICES, NamedData, NotSo, answer_values, day_end, own_of
from capabilities.cockpit.clerks import day_of
from capabilities.cockpit.desk import Asked
from capabilities.cockpit.rights_case import RightsCase
from protocol.sovereignty.due_dates import first_due, last_due
from protocol.sovereignty.rights import Right
from protocol.sovereignty.rights_status import Kept, RightsStatus, State
from protocol.trust.localized import Localized
from tests.protocol.sovereignty.disclosures import RECEIPT
from tests.support.pki import DAY, NOW

NAME, TOWN = ("family_name",), ("address", "locality")
CLAIMS = {"pid": (NAME, TOWN), "card": (("n",),)}
LATEST = last_due(NOW)
LAST_DAY = day_of(LATEST)
BEFORE = {"all": "yes"}


@dataclass(frozen=True)
class Held:
    """What is held of data."""

    has_data: bool = True
    has_others: bool = False

    def files_of(self, _case):
        """None were added."""
        return ()


def found(right=Right.PORTABILITY, held=Held(), claims=CLAIMS):
    status = RightsStatus("i" * 22, "A" * 43, right, State.WORKING, due=first_due(NOW), issued_at=NOW)
    case = RightsCase("i" * 22, RECEIPT.id, "j" * 22, "", NOW, LATEST, status)
    return Asked(case, RECEIPT, claims, "", held, is_unknown=False)


def choices(asked):
    """Among what one can choose."""
    named = [NamedData(id_, path, path[-1]) for id_, paths in CLAIMS.items() for path in paths]
    shown = answer_values(asked, named, {}, date(2027, 1, 15))["choices"]
    assert isinstance(shown, list)
    return [name for name, _ in shown]


def said(text):
    return (Localized("en", text),)


def test_all_that_is_here_goes_out_or_what_is_chosen_is_kept_back_and_why():
    assert own_of(BEFORE, found(), "en").kept == ()
    own = own_of({**BEFORE, "keep_0": "on", "keep_2": "on", "why": "It is about others."}, found(), "en")
    assert own.kept == (Kept({"pid": (NAME,), "card": (("n",),)}, said("It is about others.")),)
    assert own.rest is None


def test_the_rest_comes_on_a_day_and_for_a_reason():
    own = own_of({"all": "no", "why": "It is in a cellar.", "until": "2027-02-01"}, found(), "en")
    assert own.rest is not None
    assert own.rest.why == said("It is in a cellar.")
    assert datetime.fromtimestamp(own.rest.due, UTC) == datetime(2027, 2, 1, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("form", "at"),
    [
        ({}, "answer all"),
        ({"all": "maybe"}, "answer all"),
        ({"all": "no", "until": "2027-02-01"}, "answer why"),
        ({"all": "no", "why": "x", "until": ""}, "answer until"),
        ({"all": "no", "why": "x", "until": "soon"}, "answer until"),
        ({**BEFORE, "keep_0": "on"}, "answer why"),
        ({**BEFORE, "keep_0": "on", "why": "a\x00b"}, "answer why"),
        ({**BEFORE, "source": " "}, "answer source"),
    ],
    ids=str,
)
def test_what_is_missing_or_is_none_is_named(form, at):
    with pytest.raises(NotSo) as refusal:
        own_of(form, found(), "en")
    assert refusal.value.at == at


def test_a_day_is_within_the_time_that_the_law_gives_and_the_last_one_ends_with_it():
    assert day_end(LAST_DAY.isoformat(), found(), at="until") == LATEST
    before = date.fromordinal(LAST_DAY.toordinal() - 1)
    assert LATEST - DAY <= day_end(before.isoformat(), found(), at="until") < LATEST
    with pytest.raises(NotSo, match="too late"):
        day_end(date.fromordinal(LAST_DAY.toordinal() + 1).isoformat(), found(), at="until")


def test_of_data_that_are_elsewhere_or_too_many_nothing_can_be_chosen():
    assert choices(found()) == ["keep_0", "keep_1", "keep_2"]
    assert choices(found(held=Held(has_data=False))) == []
    kept = {**BEFORE, "keep_0": "on"}
    assert own_of(kept, found(held=Held(has_data=False)), "en").kept == ()
    many = {"pid": tuple([(f"claim_{n}",) for n in range(MAX_CHOICES + 1)])}
    assert own_of(kept, found(claims=many), "en").kept == ()


def test_what_machines_decide_is_said_to_whoever_asks_for_all_and_nobody_else():
    form = {**BEFORE, "decisions": "A score."}
    assert own_of(form, found(), "en").automated_decisions == ()
    assert own_of(form, found(Right.ACCESS), "en").automated_decisions == said("A score.")
    assert own_of(BEFORE, found(Right.ACCESS), "en").automated_decisions == ()
    with pytest.raises(NotSo, match="decisions"):
        own_of(BEFORE, replace(found(Right.ACCESS, Held(has_others=True))), "en")
