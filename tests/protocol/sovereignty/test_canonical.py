"""One spelling of a value (RFC 8785), and hashes in their one spelling."""

import pytest

from protocol.errors import Malformed
from protocol.sovereignty.canonical import check_hash, encode_canonical, hash_bytes, hash_json
from protocol.sovereignty.signing import hash_text

HASH = hash_bytes(b"something")


def test_a_value_has_one_spelling_whatever_the_order_of_its_members():
    assert encode_canonical({"b": 1.0, "a": ["ä", None, True]}, "x") == '{"a":["ä",null,true],"b":1}'.encode()


@pytest.mark.parametrize("value", [2**53, -(2**53), {"n": [2**60]}, "\ud800", float("nan"), float("inf")], ids=repr)
def test_what_has_no_spelling_is_refused_by_name(value):
    with pytest.raises(Malformed) as refusal:
        encode_canonical(value, "receipt.claims")
    assert refusal.value.at == "receipt.claims"


def test_a_text_is_hashed_as_it_came_and_a_value_by_its_spelling():
    assert hash_json("a.b.c", "x") == hash_text("a.b.c")
    assert hash_json({"a": 1}, "x") == hash_bytes(b'{"a":1}')


@pytest.mark.parametrize(
    "value", [None, 7, "", HASH[:-1], HASH + "A", HASH[:-1] + "=", HASH[:-1] + "/", HASH[:-1] + "B"]
)
def test_a_hash_has_one_spelling(value):
    assert check_hash(HASH, "x") == HASH
    with pytest.raises(Malformed):
        check_hash(value, "x")
