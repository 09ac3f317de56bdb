"""CBOR Web Tokens: the same claims as their JSON sisters, and nothing dropped that somebody could miss."""

import contextlib

import pytest
from hypothesis import given

from protocol.cbor import CWT, SIGN1, Tagged, encode_cbor, read_cbor
from protocol.cose import TYP, X5CHAIN, sign1
from protocol.cwt import read_claims, read_cwt, sign_cwt, verify_cwt, write_claims
from protocol.encoding import JsonObject
from protocol.errors import Malformed, NotAuthentic, ProtocolError, TooLarge
from protocol.jws import MAX_TOKEN
from tests.support.pki import make_pki, seeded_key
from tests.support.strategies import json_values
from tests.support.vectors import read_vector

AT = "token"
PKI = make_pki()
KEY = PKI.signer
STATUS: JsonObject = {"status_list": {"idx": 7, "uri": "https://registrar.example/status/1"}}
CLAIMS: JsonObject = {
    "iss": "i",
    "sub": "s",
    "aud": "a",
    "exp": 9,
    "nbf": 8,
    "iat": 7,
    "status": STATUS,
    "name": "Library",
}
TOKEN = sign_cwt(CLAIMS, KEY, typ="example+cwt", chain=PKI.certificates)


def read(claims):
    return read_claims(encode_cbor(claims), AT).members


def verify(data, key=KEY.public_key):
    return verify_cwt(read_cwt(data, AT), key, typ="example+cwt", at=AT).members


def test_what_is_signed_is_what_is_read():
    assert verify(TOKEN) == CLAIMS
    assert set(read_cwt(TOKEN, AT).header.protected) == {1, TYP, X5CHAIN}


def test_registered_claims_have_numbers_on_the_wire():
    on_wire = read_cbor(write_claims(CLAIMS), AT)
    assert on_wire == {1: "i", 2: "s", 3: "a", 4: 9, 5: 8, 6: 7, 65535: STATUS, "name": "Library"}


def test_the_example_of_rfc_8392_is_read():
    case = read_vector("cose/CWT/A_3.json")
    message = read_cwt(bytes.fromhex(case["output"]["cbor"]), AT)
    assert read_claims(message.attached(AT), AT).members == {
        "iss": "coap://as.example.com",
        "sub": "erikw",
        "aud": "coap://light.example.com",
        "exp": 1444064944,
        "nbf": 1443944944,
        "iat": 1443944944,
    }


def test_the_example_of_the_token_status_list_is_read():
    data = bytes.fromhex(read_vector("token-status-list/referenced-token-cwt.json")["hex"])
    found = read_claims(read_cwt(data, AT).attached(AT), AT)
    assert found.object("status").object("status_list").members == {
        "idx": 0,
        "uri": "https://example.com/statuslists/1",
    }


def test_tags_may_be_left_out():
    array = read_cbor(TOKEN, AT).value
    for value in (array, Tagged(SIGN1, array), Tagged(CWT, Tagged(SIGN1, array))):
        assert verify(encode_cbor(value)) == CLAIMS


@pytest.mark.parametrize(
    "wrapped", [lambda a: Tagged(CWT, a), lambda a: Tagged(CWT, Tagged(CWT, Tagged(SIGN1, a))), lambda a: Tagged(24, a)]
)
def test_other_tags_are_refused(wrapped):
    with pytest.raises(Malformed):
        read_cwt(encode_cbor(wrapped(read_cbor(TOKEN, AT).value)), AT)


def test_another_type_or_key_is_refused():
    with pytest.raises(NotAuthentic):
        verify_cwt(read_cwt(TOKEN, AT), KEY.public_key, typ="other+cwt", at=AT)
    with pytest.raises(NotAuthentic):
        verify(TOKEN, seeded_key(9).public_key)


def test_a_token_without_its_claims_is_refused():
    made = sign1(write_claims(CLAIMS), KEY, protected={TYP: "example+cwt"})
    made[2] = None
    with pytest.raises(Malformed):
        verify(encode_cbor(made))


def test_a_token_has_a_cap():  # T018
    with pytest.raises(TooLarge):
        read_cwt(sign_cwt({"name": "x" * MAX_TOKEN}, KEY, typ="x", chain=PKI.certificates), AT)


def test_names_are_read_where_numbers_could_stand():
    assert read({"sub": "s", "exp": 9}) == {"sub": "s", "exp": 9}


@pytest.mark.parametrize("claims", [{2: "a", "sub": "b"}, {4: 9, "exp": 99}, {65535: {}, "status": STATUS}])
def test_a_claim_has_one_spelling(claims):  # T022
    with pytest.raises(Malformed, match="twice"):
        read(claims)


def test_numbers_without_a_name_are_ignored():
    assert read({7: b"\x0b\x71", 8: {1: {1: 2}}, -70000: Tagged(0, "x"), 2: "s"}) == {"sub": "s"}


@pytest.mark.parametrize(
    "value", [b"x", Tagged(0, "2027-01-01T00:00:00Z"), [b"x"], {"a": b"x"}, {1: "x"}, {"a": [{1: 2}]}], ids=repr
)
@pytest.mark.parametrize("name", [4, "exp", "intermediary"])
def test_a_value_that_cannot_be_read_is_not_taken_for_none(name, value):  # T024
    """An end, or an intermediary, that were dropped would leave more than was meant."""
    with pytest.raises(Malformed):
        read({name: value})


@pytest.mark.parametrize("payload", [b"", b"\x80", b"\xa1", b"\xa0\xa0"])
def test_claims_are_a_map(payload):
    with pytest.raises(Malformed):
        read_claims(payload, AT)


@given(json_values)
def test_any_claim_of_json_is_written_and_read_back(value):
    with contextlib.suppress(ValueError):  # a number that CBOR does not hold
        assert read_claims(write_claims({"name": value}), AT).members == {"name": value}


@given(json_values)
def test_no_claims_escape_the_error_family(value):
    with contextlib.suppress(ProtocolError, ValueError):
        read({4: value, "a": value})
