"""Values of elements: in JSON terms, in which claims are asked and shown, and back by their kind."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.cbor import DATE_TIME, ENCODED_CBOR, FULL_DATE, Tagged, encode_cbor, read_cbor
from protocol.encoding import encode_json, read_json
from protocol.errors import Malformed, ProtocolError
from protocol.mdoc.values import ArrayOf, MapOf, Scalar, paths_of_bytes, read_tdate, tdate, to_cbor, to_json
from tests.support.strategies import cbor_values, json_values

AT = "claim"
PRIVILEGES = ArrayOf(
    MapOf(
        {
            "vehicle_category_code": Scalar.TEXT,
            "issue_date": Scalar.FULL_DATE,
            "codes": ArrayOf(MapOf({"code": Scalar.TEXT, "value": Scalar.TEXT})),
        }
    )
)


@pytest.mark.parametrize(
    ("value", "json", "kind"),
    [
        ("Erika", "Erika", Scalar.TEXT),
        ("", "", Scalar.TEXT),
        (b"\xff\xd8\xff\xe0", "_9j_4A", Scalar.BYTES),
        (b"", "", Scalar.BYTES),
        (170, 170, Scalar.UINT),
        (2**64 - 1, 2**64 - 1, Scalar.UINT),
        (0, 0, Scalar.UINT),
        (-5, -5, Scalar.INT),
        (7, 7, Scalar.INT),
        (True, True, Scalar.BOOL),
        (False, False, Scalar.BOOL),
        (Tagged(FULL_DATE, "1984-02-29"), "1984-02-29", Scalar.FULL_DATE),
        (Tagged(DATE_TIME, "2027-01-15T08:00:00Z"), "2027-01-15T08:00:00Z", Scalar.TDATE),
        (Tagged(DATE_TIME, "1924-01-15T08:00:00Z"), "1924-01-15T08:00:00Z", Scalar.TDATE),
        (["DE", "FR"], ["DE", "FR"], ArrayOf(Scalar.TEXT)),
        ({"country": "DE"}, {"country": "DE"}, MapOf({"country": Scalar.TEXT, "locality": Scalar.TEXT})),
        (
            [{"vehicle_category_code": "B", "issue_date": Tagged(FULL_DATE, "2019-10-20"), "codes": [{"code": "01"}]}],
            [{"vehicle_category_code": "B", "issue_date": "2019-10-20", "codes": [{"code": "01"}]}],
            PRIVILEGES,
        ),
    ],
)
def test_a_value_is_the_same_there_and_back(value, json, kind):
    assert to_json(value, AT) == json
    written = to_cbor(json, kind)
    assert (written, type(written)) == (value, type(value))


@pytest.mark.parametrize(
    ("value", "json"),
    [
        (None, None),
        (1.5, 1.5),
        (Tagged(ENCODED_CBOR, b"\x01"), "AQ"),
        (Tagged(FULL_DATE, Tagged(DATE_TIME, "x")), "x"),
        ({1: "a", "b": {2: b"\0"}}, {"1": "a", "b": {"2": "AA"}}),
        (-(2**63), -(2**63)),
    ],
)
def test_other_values_have_their_json_too(value, json):  # RFC 8949 §6.1
    assert to_json(value, AT) == json


@pytest.mark.parametrize("value", [-(2**63) - 1, -(2**64), [-(2**64)], {"a": {"b": -(2**64)}}, {1: "a", "1": "b"}])
def test_what_json_cannot_hold_is_refused(value):
    with pytest.raises(Malformed) as refused:
        to_json(value, AT)
    assert refused.value.at == AT


@pytest.mark.parametrize(
    ("json", "kind"),
    [
        (1, Scalar.TEXT),
        (None, Scalar.TEXT),
        ("=", Scalar.BYTES),
        ("_9j_4A==", Scalar.BYTES),
        (b"x", Scalar.BYTES),
        (True, Scalar.UINT),
        (-1, Scalar.UINT),
        (1.0, Scalar.UINT),
        ("1", Scalar.INT),
        (False, Scalar.INT),
        (1, Scalar.BOOL),
        ("2027-02-30", Scalar.FULL_DATE),
        ("20270115", Scalar.FULL_DATE),
        ("2027-W01-1", Scalar.FULL_DATE),
        ("٢٠٢٧-01-15", Scalar.FULL_DATE),
        ("2027-01-15\n", Scalar.FULL_DATE),
        (0, Scalar.FULL_DATE),
        ("2027-01-15", Scalar.TDATE),
        ("2027-01-15T08:00:00+01:00", Scalar.TDATE),
        ("2027-01-15T25:00:00Z", Scalar.TDATE),
        ("2027-01-15T08:00:00Z\n", Scalar.TDATE),
        (1_800_000_000, Scalar.TDATE),
        ("DE", ArrayOf(Scalar.TEXT)),
        (["DE", 1], ArrayOf(Scalar.TEXT)),
        ({}, ArrayOf(Scalar.TEXT)),
        ({"other": "x"}, MapOf({"country": Scalar.TEXT})),
        ({"country": 1}, MapOf({"country": Scalar.TEXT})),
        (["country"], MapOf({"country": Scalar.TEXT})),
    ],
)
def test_a_value_of_another_kind_is_a_mistake(json, kind):
    with pytest.raises(ValueError, match="a value must") as refused:
        to_cbor(json, kind)
    if isinstance(json, str) and len(json) > 3:
        assert json.strip() not in str(refused.value)


def test_a_date_and_time_is_written_without_fractions():
    assert to_cbor("2027-01-15T08:00:00.123Z", Scalar.TDATE) == Tagged(DATE_TIME, "2027-01-15T08:00:00Z")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2027-01-15T08:00:00Z", 1_800_000_000),
        ("2027-01-15T08:00:00.999999999Z", 1_800_000_000),
        ("9999-12-31T23:59:59Z", 253_402_300_799),
    ],
)
def test_a_point_in_time_is_read_in_whole_seconds(text, seconds):
    assert read_tdate(Tagged(DATE_TIME, text), AT) == seconds
    assert tdate(seconds) == f"{text[:19]}Z"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1969-12-31T23:59:59Z",
        "2027-01-15T08:00:00z",
        "2027-01-15t08:00:00Z",
        "2027-01-15 08:00:00Z",
        "2027-01-15T08:00:60Z",
        "2027-01-15T08:00Z",
        "2027-01-15T08:00:00.Z",
        "2027-01-15T08:00:00.1234567890Z",
        "2027-01-15T08:00:00,5Z",
        "2027-13-15T08:00:00Z",
        "0000-01-01T00:00:00Z",
        " 2027-01-15T08:00:00Z",
        "2027-01-15T08:00:00Z\n",
        "2" * 10_000,
    ],
)
def test_a_point_in_time_of_another_form_is_refused(text):
    with pytest.raises(Malformed):
        read_tdate(Tagged(DATE_TIME, text), AT)


@pytest.mark.parametrize("seconds", [-1, 253_402_300_800, 10**20])
def test_a_time_that_no_date_can_say_is_a_mistake(seconds):
    with pytest.raises(ValueError, match="no date"):
        tdate(seconds)


@given(st.integers(0, 253_402_300_799))
def test_every_second_is_written_and_read(seconds):
    assert read_tdate(Tagged(DATE_TIME, tdate(seconds)), AT) == seconds


@given(cbor_values)
def test_every_value_is_json_or_refused(value):
    with contextlib.suppress(ProtocolError):
        json = to_json(value, AT)
        assert read_json(encode_json(json), AT) == json


@given(json_values)
def test_json_without_a_kind_stays_as_it_is(value):
    written: Any = to_cbor(value)
    assert to_json(read_cbor(encode_cbor(written), AT), AT) == value


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (b"x", [("s", "e")]),
        ("eA", []),
        (Tagged(FULL_DATE, "2027-01-15"), []),
        (Tagged(24, b"x"), [("s", "e")]),
        ([b"x", "y", b"z"], [("s", "e", None), ("s", "e", None)]),
        ({"a": {1: b"x"}, "b": 2}, [("s", "e", "a", "1")]),
    ],
)
def test_where_bytes_stand_is_known_though_json_does_not_say_it(value, found):
    assert [*paths_of_bytes(value, ("s", "e"))] == found
