"""HPKE to one key: it opens with that key, for the same information, unaltered, and in no other way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import NotAuthentic
from protocol.hpke import ENC_BYTES, TAG_BYTES, Sealed, open_hpke, seal_hpke
from tests.support.keys import P384
from tests.support.pki import seeded_key
from tests.support.strategies import flip

KEY, OTHER = seeded_key(30), seeded_key(31)
INFO = b"what both sides know"
SEALED = seal_hpke(b"a secret", KEY.public_key, info=INFO)


def refused(sealed, key=KEY, info=INFO):
    """T181: whatever is wrong, the words are the same."""
    with pytest.raises(NotAuthentic) as refusal:
        open_hpke(sealed, key, info=info, at="response")
    assert refusal.value.description == "response: cannot be decrypted"


@given(st.binary(max_size=200), st.binary(max_size=2000))
def test_what_was_sealed_is_opened(plain, info):
    sealed = seal_hpke(plain, KEY.public_key, info=info)
    assert open_hpke(sealed, KEY, info=info, at="response") == plain
    assert (len(sealed.enc), len(sealed.ciphertext)) == (ENC_BYTES, len(plain) + TAG_BYTES)


def test_the_same_is_never_sealed_twice_alike():
    again = seal_hpke(b"a secret", KEY.public_key, info=INFO)
    assert again.enc != SEALED.enc
    assert again.ciphertext != SEALED.ciphertext


def test_another_key_opens_nothing():
    refused(SEALED, key=OTHER)


@given(st.binary(max_size=40).filter(lambda info: info != INFO))
def test_other_information_opens_nothing(info):
    refused(SEALED, info=info)


@given(st.integers(0))
def test_any_flipped_bit_is_refused(bit):
    refused(Sealed(flip(SEALED.enc, bit), SEALED.ciphertext))
    refused(Sealed(SEALED.enc, flip(SEALED.ciphertext, bit)))


@given(st.binary(max_size=120), st.binary(max_size=120))
def test_no_input_escapes_the_error_family(enc, ciphertext):
    refused(Sealed(enc, ciphertext))


def test_the_border_between_both_parts_cannot_be_moved():
    both = SEALED.enc + SEALED.ciphertext
    for length in (ENC_BYTES - 1, ENC_BYTES + 1, 0, len(both)):
        refused(Sealed(both[:length], both[length:]))


def test_a_key_on_another_curve_is_our_mistake():
    with pytest.raises(ValueError, match="P-256"):
        seal_hpke(b"", P384, info=INFO)
