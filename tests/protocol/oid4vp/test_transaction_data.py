"""Transaction data: read strictly, hashed as it came, carried by one credential."""

import contextlib
import hashlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.encoding import decode_base64url, encode_base64url
from protocol.errors import InvalidTransactionData, Malformed, ProtocolError
from protocol.oid4vp.transaction_data import assign_transaction_data, read_transaction_data


def payment(item):
    item.object("payload").text("amount")


TYPES = {"payment": payment}
GOOD = {"type": "payment", "credential_ids": ["pid"], "payload": {"amount": "1"}}


def encoded(item):
    return encode_base64url(json.dumps(item).encode())


def read(*items, types=TYPES, bound_ids=("pid", "card")):
    return read_transaction_data([encoded(item) for item in items], bound_ids=bound_ids, types=types)


def test_a_known_item_is_read_with_its_hash_over_the_text():
    (item,) = read(GOOD)
    assert (item.type, item.credential_ids, item.hash_algorithm, item.algorithm_named) == (
        "payment",
        ("pid",),
        "sha-256",
        False,
    )
    assert item.parameters == GOOD
    assert item.raw == encoded(GOOD)


def test_the_hash_covers_the_text_and_not_what_it_decodes_to():
    """OID4VP 1.0 B.3.3.1: base64url decoding is not performed before hashing."""
    (item,) = read(GOOD)
    assert decode_base64url(item.digest()) == hashlib.sha256(encoded(GOOD).encode()).digest()


def test_the_first_known_hash_is_used():
    (item,) = read({**GOOD, "transaction_data_hashes_alg": ["sha3-999", "sha-384", "sha-256"]})
    assert (item.hash_algorithm, item.algorithm_named) == ("sha-384", True)
    assert decode_base64url(item.digest()) == hashlib.sha384(item.raw.encode()).digest()


def refuse_amounts(item):
    raise Malformed(item.path("payload"), "is refused")


@pytest.mark.parametrize(
    ("change", "types"),
    [
        pytest.param({"type": "unknown"}, TYPES, id="T166 unknown type"),
        pytest.param({}, {}, id="T166 no type is known"),
        pytest.param({"type": None}, TYPES, id="T166 no type"),
        pytest.param({"credential_ids": ["other"]}, TYPES, id="T166 a credential that is not asked"),
        pytest.param({"credential_ids": ["pid", "other"]}, TYPES, id="T166 one credential that is not asked"),
        pytest.param({"credential_ids": []}, TYPES, id="T166 no credential"),
        pytest.param({"credential_ids": "pid"}, TYPES, id="T166 credential_ids is a text"),
        pytest.param({"transaction_data_hashes_alg": ["md5"]}, TYPES, id="T166 unknown hash"),
        pytest.param({"transaction_data_hashes_alg": []}, TYPES, id="T166 no hash"),
        pytest.param({"transaction_data_hashes_alg": "sha-256"}, TYPES, id="T166 hash is a text"),
        pytest.param({"payload": {}}, TYPES, id="T166 parameters break the type's rule"),
        pytest.param({}, {"payment": refuse_amounts}, id="T166 the type refuses"),
    ],
)
def test_an_item_that_is_not_understood_spoils_the_request(change, types):
    with pytest.raises(InvalidTransactionData):
        read(GOOD, {**GOOD, **change}, types=types)


@pytest.mark.parametrize("text", ["{}", "eyJ9", "e30=", "W10", "", "A" * 70_000])
def test_what_is_no_encoded_object_is_refused(text):
    """T166."""
    with pytest.raises(ProtocolError):
        read_transaction_data([text], bound_ids=["pid"], types=TYPES)


def test_the_number_of_items_has_a_cap():
    with pytest.raises(InvalidTransactionData):
        read(*[GOOD] * 17)


def test_each_item_goes_to_the_first_of_its_credentials_that_is_presented():
    first, second, third = read(
        {**GOOD, "credential_ids": ["card", "pid"]},
        GOOD,
        {**GOOD, "credential_ids": ["card"], "payload": {"amount": "3"}},
    )
    assert assign_transaction_data((first, second, third), ["pid", "card"]) == {
        "card": (first, third),
        "pid": (second,),
    }
    assert assign_transaction_data((first, second), ["pid"]) == {"pid": (first, second)}


def test_an_item_that_no_presented_credential_carries_is_refused():
    with pytest.raises(InvalidTransactionData):
        assign_transaction_data(read(GOOD), ["card"])


def test_one_credential_cannot_carry_two_hash_algorithms():
    items = read(GOOD, {**GOOD, "transaction_data_hashes_alg": ["sha-512"]})
    with pytest.raises(InvalidTransactionData):
        assign_transaction_data(items, ["pid"])


@settings(max_examples=80)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda v: st.lists(v) | st.dictionaries(st.sampled_from(["type", "credential_ids", "x"]), v),
        max_leaves=8,
    )
)
def test_no_item_escapes_the_error_family(value):
    with contextlib.suppress(ProtocolError):
        read_transaction_data([encoded(value)], bound_ids=["pid"], types=TYPES)
