"""Which claims an object speaks of."""

import pytest
from hypothesis import given

from protocol.errors import Malformed, ProtocolError
from protocol.fields import Fields
from protocol.sovereignty.claims import (
    MAX_ID,
    MAX_PATHS,
    MAX_QUERIES,
    are_covered,
    are_identifying,
    check_within,
    read_claims_by_query,
    read_optional_claims,
    read_paths,
    write_claims_by_query,
)
from tests.support.strategies import json_values

CLAIMS = {"pid": (("address", "locality"), ("nationalities", None, 3)), "card": ()}


def read(value):
    return read_claims_by_query(Fields({"claims": value}, "object"), "claims")


def test_claims_keep_their_wire_form():
    assert read(write_claims_by_query(CLAIMS)) == CLAIMS
    assert read_optional_claims(Fields({}, "object"), "claims") is None


def test_as_many_as_allowed_are_read():
    most = {f"{n:0{MAX_ID}}": [[i] for i in range(MAX_PATHS if n == 0 else 1)] for n in range(MAX_QUERIES)}
    assert len(read(most)) == MAX_QUERIES
    assert read_paths(Fields({"p": [["a"], ["b"]]}, "object"), "p", max_paths=2) == (("a",), ("b",))


@pytest.mark.parametrize(
    "value",
    [
        pytest.param({}, id="no query"),
        pytest.param({str(n): [] for n in range(MAX_QUERIES + 1)}, id="too many queries"),
        pytest.param({"": []}, id="a query without a name"),
        pytest.param({"x" * (MAX_ID + 1): []}, id="a name that is too long"),
        pytest.param({"q": None}, id="nothing"),
        pytest.param({"q": {}}, id="no list"),
        pytest.param({"q": [[i] for i in range(MAX_PATHS + 1)]}, id="too many paths"),
        pytest.param({"q": ["a"]}, id="no path"),
        pytest.param({"q": [[]]}, id="an empty path"),
        pytest.param({"q": [["a"], ["a"]]}, id="a path twice"),
    ],
)
def test_anything_else_is_refused(value):
    with pytest.raises(Malformed):
        read(value)


@pytest.mark.parametrize(
    ("asked", "known", "covered"),
    [
        ([("a", "b")], [("a",)], True),
        ([("a",)], [("a", "b")], False),
        ([("a", 3)], [("a", None)], True),
        ([("a", None)], [("a", 3)], False),
        ([("a",), ("b",)], [("a",)], False),
        ([], [], True),
    ],
)
def test_a_claim_lies_within_what_encloses_it(asked, known, covered):
    assert are_covered(asked, known) is covered


def test_what_is_beyond_is_refused():
    check_within({"pid": (("address", "locality"),)}, CLAIMS, "object")
    check_within({"card": ()}, CLAIMS, "object")
    for beyond in ({"other": ()}, {"pid": (("address",),)}, {"card": (("x",),)}):
        with pytest.raises(Malformed, match="not in the receipt"):
            check_within(beyond, CLAIMS, "object")


@given(json_values)
def test_no_input_escapes_the_error_family(value):
    try:
        claims = read(value)
    except ProtocolError:
        return
    assert read(write_claims_by_query(claims)) == claims


@pytest.mark.parametrize(
    ("path", "identifies"),
    [
        (("family_name",), True),
        (("org.iso.18013.5.1", "portrait"), True),
        (("something_new",), True),
        (("age_equal_or_over", "18"), False),
        (("org.iso.18013.5.1", "age_over_21"), False),
        (("nationalities", None), False),
    ],
)
def test_what_no_name_tells_is_taken_for_somebody(path, identifies):
    assert are_identifying([path]) is identifies
    assert are_identifying([path, ("family_name",)])
    assert not are_identifying([])
