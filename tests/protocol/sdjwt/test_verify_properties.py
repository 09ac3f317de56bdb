"""Whatever is changed in a credential or a presentation is refused, and by an error of the family."""

import contextlib
import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.encoding import decode_base64url, encode_base64url
from protocol.errors import NotAuthentic, ProtocolError
from protocol.sdjwt.issue import Frame
from tests.protocol.sdjwt.samples import VCT, issued, presented, read, signed
from tests.protocol.sdjwt.verifier_side import ED25519, KEY, refused, verify, verify_presentation


def flip(text, position, bit):
    return text[:position] + chr(ord(text[position]) ^ bit) + text[position + 1 :]


def parts(text):
    """Where the issuer's token, each disclosure and the key binding begin and end."""
    found, begin = [], 0
    for part in text.split("~"):
        found.append(range(begin, begin + len(part)))
        begin += len(part) + 1
    return found


def test_no_flipped_bit_of_a_presentation_passes():
    text = presented(("given_name",), ("nationalities", 0))
    assert verify_presentation(text)
    chance = random.Random(5)
    for part in parts(text):
        for position in chance.sample(part, 40):
            with pytest.raises(ProtocolError):
                verify_presentation(flip(text, position, 1 << chance.randrange(8)))


@pytest.mark.parametrize("bit", [1, 2, 4, 8, 16, 32, 64, 128])
def test_no_flipped_bit_of_a_short_token_passes(bit):
    frame = Frame.of([("a",)])
    text = issued({"vct": VCT, "a": 1}, frame, header={"typ": "dc+sd-jwt"}, signer=ED25519)
    key = replace(KEY, key=ED25519.public_key)
    assert verify(text, key=key).claims == {"vct": VCT, "a": 1}
    for position in range(len(text)):
        with pytest.raises(ProtocolError):
            verify(flip(text, position, bit), key=key)


def test_no_other_character_of_a_short_token_passes():
    text = issued({"vct": VCT}, Frame(), header={"typ": "dc+sd-jwt"})
    for position in range(len(text)):
        for character in ("A", "_", "=", ".", "~", " ", "\n", "\0", ""):
            changed = text[:position] + character + text[position + 1 :]
            if changed != text:
                with pytest.raises(ProtocolError):
                    verify(changed)


def test_no_flipped_bit_of_what_was_signed_passes():
    head, payload, signature = issued().split("~")[0].split(".")
    data = decode_base64url(payload)
    for position in range(0, len(data), 3):
        broken = data[:position] + bytes((data[position] ^ 1,)) + data[position + 1 :]
        refused(NotAuthentic, f"{head}.{encode_base64url(broken)}.{signature}~")


def test_parts_of_two_presentations_do_not_mix():
    one, other = presented(("given_name",)), presented(("given_name",), nonce="another")
    jwt, text, tail = one.split("~")
    for mixed in (
        f"{jwt}~{text}~{other.rpartition('~')[2]}",
        f"{other.split('~')[0]}~{text}~{tail}",
        f"{jwt}~{read(issued()).disclosures[1].text}~{tail}",
    ):
        with pytest.raises(ProtocolError):
            verify_presentation(mixed)


PRESENTATION = presented(("given_name",))


@settings(max_examples=200)
@given(
    st.lists(
        st.tuples(st.integers(0, len(PRESENTATION)), st.text(max_size=4), st.integers(0, 9)), min_size=1, max_size=4
    )
)
def test_no_text_escapes_the_error_family(edits):
    text = PRESENTATION
    for position, new, dropped in edits:
        text = text[:position] + new + text[position + dropped :]
    with contextlib.suppress(ProtocolError):
        verify_presentation(text)
        assert text == PRESENTATION


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["jwk", "status_list", "uri", "idx", "_sd", "...", "kty"]), inner, max_size=3)
    ),
    max_leaves=6,
)
registered = st.sampled_from(["iss", "vct", "iat", "nbf", "exp", "cnf", "status", "_sd", "_sd_alg", "..."])


@given(st.dictionaries(registered, json_values, max_size=4))
def test_no_signed_claims_escape_the_error_family(changes):
    text = signed({"vct": VCT, **changes})
    with contextlib.suppress(ProtocolError):
        verify_presentation(text)
    with contextlib.suppress(ProtocolError):
        verify(text)
