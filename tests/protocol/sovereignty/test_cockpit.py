"""The cockpit key and its announcement: extras that are ignored wherever anything about them is wrong."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.cbor import CborKey, CborValue, encode_cbor
from protocol.errors import Malformed, Unsupported
from protocol.keys import Ed25519Key
from protocol.mdoc.device_request import (
    DeviceRequest,
    DocRequest,
    ItemsRequest,
    Signatory,
    write_device_request,
    write_whole_request,
)
from protocol.sovereignty.cockpit import (
    COCKPIT_ENDPOINT,
    COCKPIT_KEY,
    MAX_ENDPOINT,
    MAX_KEY_TEXT,
    CockpitKey,
    announce,
    announced_in_metadata,
    announced_in_person,
    check_cockpit_key,
    key_field,
    key_member,
    read_cockpit_endpoint,
    read_key_field,
    read_key_member,
)
from protocol.sovereignty.signing import hash_text
from tests.support.keys import P384
from tests.support.partners import COCKPIT
from tests.support.partners import COCKPIT_KEY as KEY
from tests.support.pki import make_pki
from tests.support.strategies import json_values

PUBLIC = KEY.public_key
OF_ONE = CockpitKey(PUBLIC, hash_text("the request"))
ED25519 = Ed25519Key.from_seed(bytes(32)).public_key
PKI = make_pki()
TRANSCRIPT = encode_cbor([None, None, "handover"])
MALFORMED = [
    None,
    "",
    7,
    "http://agency.example/cockpit",
    "https://agency.example/cockpit/",
    "https://agency.example/",
    "https://agency.example/cockpit?id=7",
    "https://agency.example/cockpit?",
    "https://agency.example/cockpit#7",
    "https://user@agency.example/cockpit",
    "https://agency.example/" + "x" * MAX_ENDPOINT,
]


def items(endpoint, doc_type="org.iso.18013.5.1.mDL"):
    info: dict[CborKey, CborValue] | None = None if endpoint is None else {COCKPIT_ENDPOINT: endpoint}
    return ItemsRequest.of(doc_type, {"org.iso.18013.5.1": {"age_over_18": False}}, info)


def in_person(*endpoints, signed=True):
    data = write_device_request(
        tuple(items(endpoint, f"doc{n}") for n, endpoint in enumerate(endpoints)),
        transcript=TRANSCRIPT,
        signer=PKI.signer if signed else None,
        chain=PKI.certificates,
    )
    return announced_in_person(DeviceRequest.from_bytes(data))


def test_a_signed_request_announces_an_endpoint():
    assert announced_in_metadata({"vp_formats_supported": {}, **announce(COCKPIT)}) == COCKPIT
    assert (
        announced_in_person(
            DeviceRequest.from_bytes(
                write_device_request(
                    (items(COCKPIT),), transcript=TRANSCRIPT, signer=PKI.signer, chain=PKI.certificates
                )
            )
        )
        == COCKPIT
    )


def test_an_unsigned_request_in_person_announces_nothing():
    assert in_person(COCKPIT, signed=False) is None


@pytest.mark.parametrize("value", MALFORMED)
def test_an_endpoint_that_could_tell_people_apart_is_ignored(value):
    with pytest.raises(Malformed):
        read_cockpit_endpoint(value, "x")
    assert announced_in_metadata({COCKPIT_ENDPOINT: value}) is None
    assert in_person(value) is None


@pytest.mark.parametrize("value", [value for value in MALFORMED if isinstance(value, str)])
def test_and_we_announce_none_such(value):
    with pytest.raises(ValueError, match="cockpit_endpoint"):
        announce(value)


def test_no_metadata_announce_nothing():
    assert announced_in_metadata({}) is None


def test_in_person_every_document_has_to_be_signed_and_to_say_the_same():
    assert in_person(COCKPIT, COCKPIT) == COCKPIT
    assert in_person(COCKPIT, f"{COCKPIT}2") is None
    assert in_person(COCKPIT, None) is None
    read = DeviceRequest.from_bytes(
        write_device_request((items(COCKPIT),), transcript=TRANSCRIPT, signer=PKI.signer, chain=PKI.certificates)
    )
    unsigned = DocRequest(items(COCKPIT), None)
    assert announced_in_person(DeviceRequest((*read.doc_requests, unsigned))) is None


def test_in_person_one_signature_may_cover_the_whole():
    data = write_whole_request(
        (items(COCKPIT),), transcript=TRANSCRIPT, signatories=(Signatory(PKI.signer, PKI.certificates),)
    )
    assert announced_in_person(DeviceRequest.from_bytes(data)) == COCKPIT


def test_the_key_travels_next_to_the_token_in_each_mode():
    for key in (OF_ONE, CockpitKey(PUBLIC)):
        assert read_key_member({"vp_token": {}, **key_member(key)}) == key
        assert read_key_field({"vp_token": "{}", **key_field(key)}) == key
        assert json.loads(key_field(key)[COCKPIT_KEY]) == key_member(key)[COCKPIT_KEY]
        assert "d" not in key_member(key)[COCKPIT_KEY]


@pytest.mark.parametrize("kid", ["1", 7, None, "x" * 43 + "=", OF_ONE.request + "A"])
def test_other_members_of_a_jwk_are_ignored(kid):
    jwk = {**PUBLIC.to_jwk(), "kid": kid, "use": "sig"}
    assert read_key_member({COCKPIT_KEY: jwk}) == CockpitKey(PUBLIC)


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        "key",
        {},
        {**PUBLIC.to_jwk(), "y": PUBLIC.to_jwk()["x"]},
        {**PUBLIC.to_jwk(), "d": PUBLIC.to_jwk()["x"]},
        ED25519.to_jwk(),
        P384.to_jwk(),
    ],
)
def test_a_malformed_key_is_ignored(value):
    assert read_key_member({COCKPIT_KEY: value}) is None
    assert read_key_field({COCKPIT_KEY: json.dumps(value)}) is None


def test_no_key_is_no_key():
    assert read_key_member({"vp_token": {}}) is None
    assert read_key_field({}) is None
    assert read_key_field({COCKPIT_KEY: "\ud800"}) is None
    assert read_key_field({COCKPIT_KEY: " " * MAX_KEY_TEXT + key_field(OF_ONE)[COCKPIT_KEY]}) is None


@pytest.mark.parametrize("key", [ED25519, P384])
def test_we_send_no_key_of_another_kind(key):
    for write in (key_member, key_field):
        with pytest.raises(ValueError, match="P-256"):
            write(CockpitKey(key))


@pytest.mark.parametrize("key", [ED25519, P384])
def test_a_key_of_another_kind_is_none_of_a_cockpit(key):
    check_cockpit_key(PUBLIC, "call")
    with pytest.raises(Unsupported, match="P-256"):
        check_cockpit_key(key, "call")


@given(json_values)
def test_no_input_raises_anything(value):
    read_key_member({COCKPIT_KEY: value})
    announced_in_metadata({COCKPIT_ENDPOINT: value})
    with contextlib.suppress(Malformed):
        read_cockpit_endpoint(value, "x")


@given(st.text(max_size=50))
def test_no_field_raises_anything(text):
    assert read_key_field({COCKPIT_KEY: text}) is None
