import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.encoding import decode_base64url, encode_base64url
from protocol.errors import Malformed
from protocol.fields import Fields
from protocol.trust.carried import (
    MAX_ENTRIES,
    REGISTRATION_CERT,
    Carried,
    carried_registration,
    carry_registration,
    read_carried,
    write_carried,
)
from protocol.trust.registration import sign_registration_cwt, verify_registration
from tests.protocol.trust.test_registration import FULL, PROVIDER
from tests.support.pki import NOW

JWT = "eyJh.eyJi.c2ln"


def test_a_certificate_travels_as_base64url_of_it():
    """OIDFVP-HAIP_COMMON_RO_REQ-08, -09."""
    entry = carry_registration(JWT)
    assert entry.format == "registration_cert"
    assert decode_base64url(str(entry.data)) == JWT.encode()
    assert carried_registration([entry], "at") == JWT


def test_the_certificate_itself_is_read_too():
    assert carried_registration([Carried(REGISTRATION_CERT, JWT)], "at") == JWT


def test_other_entries_are_left_alone():
    assert carried_registration([Carried("registrar_dataset", {}), Carried("x", "y")], "at") is None
    assert carried_registration([], "at") is None
    assert carried_registration([Carried("x", "y"), carry_registration(JWT)], "at") == JWT


@pytest.mark.parametrize(
    "entries",
    [
        [carry_registration(JWT), carry_registration(JWT)],
        [Carried(REGISTRATION_CERT, {"jwt": JWT})],
        [Carried(REGISTRATION_CERT, "a")],
        [Carried(REGISTRATION_CERT, "aa==")],
    ],
    ids=["two", "an object", "too short", "padded"],
)
def test_what_cannot_be_one_certificate_is_refused(entries):
    with pytest.raises(Malformed):
        carried_registration(entries, "at")


def test_entries_are_read_as_they_were_written():
    entries = (carry_registration(JWT), Carried("registrar_dataset", {"name": "Library"}))
    assert read_carried(Fields({"issuer_info": write_carried(entries)}, "m"), "issuer_info") == entries
    assert read_carried(Fields({}, "m"), "issuer_info") == ()


@pytest.mark.parametrize(
    "value", [{}, "x", [{}], [{"format": "x"}], [{"format": 1, "data": "x"}], [{"format": "x", "data": 1}]]
)
def test_broken_entries_are_refused(value):
    with pytest.raises(Malformed):
        read_carried(Fields({"issuer_info": value}, "m"), "issuer_info")


def test_there_is_a_cap_of_entries():
    many = [{"format": "x", "data": "y"}] * (MAX_ENTRIES + 1)
    with pytest.raises(Malformed):
        read_carried(Fields({"issuer_info": many}, "m"), "issuer_info")


@given(st.text(max_size=60))
def test_no_text_escapes_the_error_family(text):
    with contextlib.suppress(Malformed):
        carried_registration([Carried(REGISTRATION_CERT, text)], "at")


def test_a_certificate_in_cbor_stays_as_it_was_carried():
    """The verifier of certificates knows it by its bytes, and refuses what is neither."""
    made = sign_registration_cwt(FULL, PROVIDER.signer, PROVIDER.x5c)
    found = carried_registration([Carried(REGISTRATION_CERT, encode_base64url(made))], "at")
    assert found is not None
    assert verify_registration(found, anchors=PROVIDER.anchors, now=NOW).says == FULL
    neither = carried_registration([Carried(REGISTRATION_CERT, "gICA")], "at")
    assert neither is not None
    with pytest.raises(Malformed):
        verify_registration(neither, anchors=PROVIDER.anchors, now=NOW)
