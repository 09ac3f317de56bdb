"""Who hands a mandate over is known to the source alone; the recipients of two mandates share no key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import Malformed, ProtocolError
from protocol.jws import Jws
from protocol.sovereignty.forwarding import MAX_MANDATE, sign_mandate, verify_mandate
from protocol.sovereignty.mandate_handover import TYP, sign_handover, verify_handover
from protocol.sovereignty.signing import sign_with_cockpit_key
from tests.protocol.sovereignty.test_forwarding import MANDATE
from tests.support.partners import COCKPIT_KEY, OTHER_KEY
from tests.support.pki import NOW
from tests.support.strategies import almost, flip

GIVEN = verify_mandate(sign_mandate(MANDATE, OTHER_KEY), now=NOW)
TEXT = sign_handover(GIVEN, COCKPIT_KEY, now=NOW)


def test_a_handover_is_read_as_it_was_made():
    found = verify_handover(TEXT, now=NOW)
    assert (found.mandate, found.key, found.raw) == (GIVEN, COCKPIT_KEY.public_key, TEXT)


def test_what_travels_on_to_the_recipient_has_nothing_of_the_key_that_handed_it_over():
    jwk = COCKPIT_KEY.public_key.to_jwk()
    assert jwk["x"] in str(Jws.from_compact(TEXT, "handover").header.members)
    jws = Jws.from_compact(GIVEN.raw, "mandate")
    told = f"{jws.header.members} {jws.peek_claims('mandate').members}"
    assert jwk["x"] not in told
    assert COCKPIT_KEY.public_key.thumbprint() not in told


def test_our_own_side_gives_two_partners_two_keys():
    with pytest.raises(ValueError, match="key of its own"):
        sign_handover(GIVEN, OTHER_KEY, now=NOW)


def test_a_handover_by_the_recipients_key_is_refused():
    text = sign_with_cockpit_key(TYP, {"mandate": GIVEN.raw, "iat": NOW}, OTHER_KEY)
    with pytest.raises(Malformed, match="another key"):
        verify_handover(text, now=NOW)


def test_a_mandate_that_is_too_long_is_refused():
    text = sign_with_cockpit_key(TYP, {"mandate": "x" * (MAX_MANDATE // 2), "iat": NOW}, COCKPIT_KEY)
    with pytest.raises(ProtocolError):
        verify_handover(text, now=NOW)


@given(almost({"mandate": GIVEN.raw, "iat": NOW}))
def test_no_input_escapes_the_error_family(claims):
    try:
        found = verify_handover(sign_with_cockpit_key(TYP, claims, COCKPIT_KEY), now=NOW)
    except ProtocolError:
        return
    assert found.mandate == GIVEN


@given(st.integers(0, 20_000), st.sampled_from([0, 1, 2]))
def test_any_flipped_bit_is_refused(bit, part):
    parts = TEXT.split(".")
    parts[part] = flip(parts[part].encode(), bit).decode("latin-1")
    with pytest.raises(ProtocolError):
        verify_handover(".".join(parts), now=NOW)
