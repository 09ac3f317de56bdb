"""Presented once more: nothing but what was shown before, and only equal values release an answer."""

import pytest
from hypothesis import given

from protocol.dcql.query import DcqlQuery
from protocol.encoding import JsonObject
from protocol.errors import NotAuthentic, NotForThisRequest
from protocol.sovereignty.present_again import Shown, check_asks_no_more, check_equal_values
from tests.support.strategies import json_values

PID, CARD, GUARDIAN = "urn:eudi:pid:1", "org.iso.18013.5.1.mDL", "urn:town:guardian:1"
SHOWN = (
    Shown(PID, (("family_name",), ("address", "locality"), ("nationalities", None))),
    Shown(CARD, (("org.iso.18013.5.1", "portrait"),)),
    Shown("urn:card:1", ()),
)


def asked(*paths, kind=PID, **changes):
    return {
        "id": "q", "format": "dc+sd-jwt", "meta": {"vct_values": [kind]}, "claims": [{"path": [*p]} for p in paths], **changes,
    }  # fmt: skip


MDOC = {"format": "mso_mdoc", "meta": {"doctype_value": CARD}}
PORTRAIT = ("org.iso.18013.5.1", "portrait")


def check(*credentials, **options):
    check_asks_no_more(DcqlQuery.from_dict({"credentials": [*credentials]}), SHOWN, **options)


def test_what_was_shown_may_be_asked_for_again():
    check(asked(("family_name",)))
    check(asked(("address", "locality"), ("nationalities", 0)), asked(PORTRAIT, id="r", **MDOC))
    check(asked(kind="urn:card:1", claims=None))


@pytest.mark.parametrize(
    "credential",
    [
        pytest.param(asked(("family_name",), ("birthdate",)), id="another claim"),
        pytest.param(asked(("address",)), id="more of a claim"),
        pytest.param(asked(("family_name",), kind="urn:other:1"), id="another type"),
        pytest.param(asked(("family_name",), meta={"vct_values": [PID, "urn:other:1"]}), id="one type of two"),
        pytest.param(asked(("family_name",), meta={}), id="any type"),
        pytest.param(asked(("family_name",), meta={"vct_values": [PID], "x": 1}), id="a type in other words"),
        pytest.param(asked(("family_name",), multiple=True), id="several of them"),
        pytest.param(asked(("org.iso.18013.5.1", "age_over_18"), **MDOC), id="another element"),
        pytest.param(asked(("family_name",), kind=GUARDIAN), id="a representation of nobody"),
    ],
)
def test_whoever_asks_for_more_gets_nothing(credential):
    with pytest.raises(NotForThisRequest, match="more than the receipt"):
        check(asked(("family_name",), id="first"), credential)


def test_who_acts_for_somebody_shows_that_they_still_may():
    mandate = asked(("represented",), kind=GUARDIAN)
    check(mandate, asked(("family_name",), id="r"), representation={GUARDIAN})
    with pytest.raises(NotForThisRequest):
        check(mandate, asked(("birthdate",), id="r"), representation={GUARDIAN})
    for meta in ({"vct_values": [GUARDIAN, "urn:other:1"]}, {"vct_values": [GUARDIAN], "x": 1}):
        with pytest.raises(NotForThisRequest):
            check(asked(("x",), meta=meta), representation={GUARDIAN})


FIRST: JsonObject = {
    "family_name": "Muster",
    "address": {"locality": "Köln"},
    "nationalities": ["DE", "FR"],
    "adult": True,
}


def test_equal_values_are_the_same_persons():
    check_equal_values([("family_name",), ("address", "locality"), ("nationalities", None)], FIRST, {**FIRST, "x": 1})
    check_equal_values([("address",)], {"address": {"a": 1, "b": 2}}, {"address": {"b": 2, "a": 1}})


@pytest.mark.parametrize(
    ("paths", "again"),
    [
        pytest.param([("family_name",)], {"family_name": "Mustermann"}, id="another value"),
        pytest.param([("family_name",), ("adult",)], {"family_name": "Muster"}, id="a value is missing"),
        pytest.param([("adult",)], {"adult": 1}, id="one is not true"),
        pytest.param([("nationalities", None)], {"nationalities": ["FR", "DE"]}, id="another order"),
        pytest.param([("nationalities", None)], {"nationalities": ["DE", "FR", "IT"]}, id="one more"),
        pytest.param([("birthdate",)], {"birthdate": "2000-01-01"}, id="never presented first"),
        pytest.param([("birthdate",)], FIRST, id="on neither side"),
        pytest.param([], FIRST, id="nothing asked for"),
    ],
)
def test_other_values_release_nothing(paths, again):
    with pytest.raises(NotAuthentic):
        check_equal_values(paths, FIRST, again)


@given(json_values)
def test_every_value_is_equal_to_itself(value):
    check_equal_values([("x",)], {"x": value}, {"x": value})
