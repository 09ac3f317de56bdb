"""What a value must be for an answer to be accepted, beyond what a query can say."""

import datetime

import pytest
from hypothesis import given

from protocol.dcql.query import DcqlQuery
from protocol.errors import Malformed
from protocol.fields import Fields
from tests.support.pki import DAY, NOW
from tests.support.strategies import json_values
from tests.support.tree import ROOT
from verifier.demands import Demand, unmet
from verifier.use_case import read_use_cases

SPACE = "org.iso.18013.5.1"
PRIVILEGES = (SPACE, "driving_privileges")
TODAY = datetime.datetime.fromtimestamp(NOW, datetime.UTC).date()
QUERY = DcqlQuery.from_dict(
    {
        "credentials": [
            {
                "id": "mdl",
                "format": "mso_mdoc",
                "meta": {"doctype_value": f"{SPACE}.mDL"},
                "claims": [{"path": [*PRIVILEGES]}, {"path": [SPACE, "expiry_date"]}],
            }
        ]
    }
)
CATEGORY_B = Demand("mdl", PRIVILEGES, (("vehicle_category_code", "B"),), "expiry_date")
EXPIRY = Demand("mdl", (SPACE, "expiry_date"))


def day(offset):
    return (TODAY + datetime.timedelta(days=offset)).isoformat()


def found(*privileges, expiry=None):
    claims = {"driving_privileges": [*privileges], **({} if expiry is None else {"expiry_date": expiry})}
    return {"mdl": ({SPACE: claims},)}


def privilege(code="B", **more):
    return {"vehicle_category_code": code, **more}


@pytest.mark.parametrize(
    ("privileges", "good"),
    [
        ([privilege()], True),
        ([privilege(expiry_date=day(0))], True),
        ([privilege("AM"), privilege(expiry_date=day(1))], True),
        ([privilege(expiry_date=f"{day(0)}T00:00:00Z")], True),
        ([privilege(expiry_date=day(-1))], False),
        ([privilege("AM"), privilege("BE", expiry_date=day(1))], False),
        ([privilege(expiry_date=day(-1)), privilege("AM", expiry_date=day(1))], False),
        ([privilege(expiry_date=7)], False),
        ([privilege(expiry_date=None)], False),
        ([privilege(expiry_date="soon")], False),
        (["B"], False),
        ([], False),
    ],
    ids=lambda value: None,
)
def test_some_element_has_it_and_is_not_over(privileges, good):
    assert (unmet([CATEGORY_B], found(*privileges), now=NOW) == "") is good


def test_a_day_counts_until_it_ends():
    assert unmet([EXPIRY], found(expiry=day(0)), now=NOW) == ""
    assert unmet([EXPIRY], found(expiry=day(0)), now=NOW - NOW % DAY + DAY - 1) == ""
    assert unmet([EXPIRY], found(expiry=day(0)), now=NOW - NOW % DAY + DAY) != ""
    assert unmet([EXPIRY], found(), now=NOW) != ""
    assert unmet([EXPIRY], found(expiry=True), now=NOW) != ""


def test_what_is_wrong_is_named_and_no_value_repeated():
    assert unmet([EXPIRY, CATEGORY_B], found(privilege("MARKER"), expiry=day(1)), now=NOW) == (
        "mdl: org.iso.18013.5.1.driving_privileges is not what is demanded"
    )


def test_each_presentation_has_to_meet_it_and_what_was_not_shown_is_not_looked_at():
    good, bad = found(privilege())["mdl"], found(privilege("AM"))["mdl"]
    assert unmet([CATEGORY_B], {"mdl": (*good, *bad)}, now=NOW) != ""
    assert unmet([CATEGORY_B], {"mdl": (*good, *good)}, now=NOW) == ""
    assert unmet([CATEGORY_B], {"other": bad}, now=NOW) == ""


@given(json_values)
def test_nothing_that_is_disclosed_breaks_it(value):
    for claims in ({SPACE: {"driving_privileges": value, "expiry_date": value}}, {SPACE: value}):
        assert isinstance(unmet([CATEGORY_B, EXPIRY], {"mdl": (claims,)}, now=NOW), str)


def read(**members):
    return Demand.from_fields(Fields({"credential": "mdl", "path": [*PRIVILEGES], **members}, "demands[0]"), QUERY)


def test_a_demand_is_read_as_it_is_written():
    assert read(has={"vehicle_category_code": "B"}, until="expiry_date") == CATEGORY_B
    assert read(path=[SPACE, "expiry_date"]) == EXPIRY


@pytest.mark.parametrize(
    ("members", "at"),
    [
        ({"credential": "pid"}, "demands[0].path"),
        ({"path": [SPACE, "portrait"]}, "demands[0].path"),
        ({"has": {}}, "demands[0].has"),
        ({"has": {"a": 7}}, "demands[0].has.a"),
        ({"has": {f"m{number}": "x" for number in range(9)}}, "demands[0].has"),
        ({"until": "expiry_date"}, "demands[0].until"),
        ({"values": ["B"]}, "demands[0].values"),
        ({"path": None}, "demands[0].path"),
    ],
    ids=lambda value: None,
)
def test_a_wrong_demand_is_refused_by_name(members, at):
    with pytest.raises(Malformed) as refusal:
        read(**members)
    assert refusal.value.at == at


def test_the_shipped_use_case_wants_category_b_and_a_licence_that_has_not_expired():
    assert read_use_cases(ROOT / "verifier/use_cases")["driving-licence"].demands == (EXPIRY, CATEGORY_B)
