"""A claim that both sides of a session derive, and that nobody else does."""

import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.encoding import encode_base64url, sha256
from protocol.errors import Malformed, NotFound
from protocol.fields import Fields
from protocol.mdoc.session import derive_session_keys
from protocol.sovereignty.in_person import bind_claim, derive_claim, hash_claim, read_claim, write_claim
from tests.protocol.mdoc.annex_d import DEVICE_KEY, READER_KEY, TRANSCRIPT_BYTES
from tests.support.partners import COCKPIT_KEY, OTHER_KEY
from tests.support.pki import seeded_key

ZAB = READER_KEY.agree(DEVICE_KEY.public_key)
CLAIM = derive_claim(ZAB, TRANSCRIPT_BYTES)


def test_both_sides_derive_the_same():
    assert derive_claim(DEVICE_KEY.agree(READER_KEY.public_key), TRANSCRIPT_BYTES) == CLAIM
    assert len(CLAIM) == 32


def test_it_is_hkdf_as_written_down():

    prk = hmac.digest(sha256(TRANSCRIPT_BYTES), ZAB, "sha256")
    assert hmac.digest(prk, b"hoheit-cockpit\x01", "sha256") == CLAIM


def test_who_only_overheard_derives_another():
    for key in (seeded_key(1), seeded_key(2)):
        assert derive_claim(key.agree(DEVICE_KEY.public_key), TRANSCRIPT_BYTES) != CLAIM
    assert derive_claim(ZAB, TRANSCRIPT_BYTES + b"\0") != CLAIM
    assert CLAIM not in derive_session_keys(ZAB, TRANSCRIPT_BYTES)


@given(st.binary(min_size=32, max_size=32))
def test_a_claim_is_read_as_it_was_written(claim):
    assert read_claim(Fields(write_claim(claim), "body")) == claim


@pytest.mark.parametrize("value", [encode_base64url(bytes(31)), encode_base64url(bytes(33)), "x", "", 7, "=" * 43])
def test_anything_else_is_no_claim(value):
    with pytest.raises(Malformed) as refusal:
        read_claim(Fields({"claim": value}, "body"))
    assert refusal.value.at == "body.claim"


def test_a_body_without_claim_is_of_a_bound_key():
    assert read_claim(Fields({}, "body")) is None


def test_the_first_key_has_the_claim_for_ever():
    first, second = (key.public_key.thumbprint() for key in (COCKPIT_KEY, OTHER_KEY))
    assert bind_claim(None, first) == first
    assert bind_claim(first, first) == first
    with pytest.raises(NotFound):
        bind_claim(first, second)


def test_the_reader_keeps_a_hash():
    assert hash_claim(CLAIM) == encode_base64url(sha256(CLAIM))
