import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.encoding import decode_base64url, encode_base64url
from protocol.errors import NotAuthentic, NotValidNow
from protocol.oid4vci.nonce import make_nonce, nonce_response, read_nonce
from tests.support.pki import NOW, seeded

SECRET = bytes(range(32))
PURPOSE = "c_nonce https://agency.example"
RANDOM = bytes(range(16))
NONCE = make_nonce(SECRET, PURPOSE, RANDOM, NOW + 300)


def test_a_nonce_of_ours_says_until_when_it_is_good():
    assert read_nonce(SECRET, PURPOSE, NONCE, now=NOW) == NOW + 300
    assert read_nonce(SECRET, PURPOSE, NONCE, now=NOW + 299) == NOW + 300


@pytest.mark.parametrize("now", [NOW + 300, NOW + 301, NOW + 10**9])
def test_a_nonce_expires(now):
    """T121."""
    with pytest.raises(NotValidNow):
        read_nonce(SECRET, PURPOSE, NONCE, now=now)


@pytest.mark.parametrize(
    ("secret", "purpose"),
    [
        (bytes(32), PURPOSE),
        (SECRET, "c_nonce https://other.example"),
        (SECRET, "dpop https://agency.example"),
        (SECRET, PURPOSE + "\0"),
        (SECRET, ""),
    ],
    ids=["another installation", "another issuer", "a DPoP nonce", "more purpose", "no purpose"],
)
def test_a_nonce_is_good_for_one_issuer_and_one_purpose(secret, purpose):
    """T121: of another issuer; and no nonce of one kind is good as another."""
    with pytest.raises(NotAuthentic):
        read_nonce(secret, purpose, NONCE, now=NOW)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "tZignsnFbp",
        NONCE + "A",
        NONCE[:-1],
        NONCE + "=",
        NONCE + "\n",
        "ä" * 50,
        "A" * len(NONCE),
        "A" * 100_000,
        encode_base64url(decode_base64url(NONCE)[1:]),
        encode_base64url(b"\0" + decode_base64url(NONCE)),
        encode_base64url(decode_base64url(NONCE)[16:]),
    ],
)
def test_what_we_never_made_is_refused(text):
    """T121."""
    with pytest.raises(NotAuthentic):
        read_nonce(SECRET, PURPOSE, text, now=NOW)


def test_a_purpose_that_swallows_a_piece_of_a_nonce_gains_nothing():
    """The seal covers purpose and body in one; only the body's length tells where one ends."""
    raw = decode_base64url(make_nonce(SECRET, "a", b"b\0" + RANDOM[:14], NOW + 300))
    with pytest.raises(NotAuthentic):
        read_nonce(SECRET, "a\0b", encode_base64url(raw[2:]), now=NOW)


def test_any_flipped_bit_is_refused():
    raw = decode_base64url(NONCE)
    for bit in range(len(raw) * 8):
        flipped = bytearray(raw)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(NotAuthentic):
            read_nonce(SECRET, PURPOSE, encode_base64url(bytes(flipped)), now=NOW)


def test_ten_thousand_nonces_are_all_different():
    """T117, T136: nothing is stored for them."""
    random_bytes = seeded()
    assert len({make_nonce(SECRET, PURPOSE, random_bytes(16), NOW) for _ in range(10_000)}) == 10_000


@pytest.mark.parametrize("length", [0, 15, 17])
def test_a_nonce_needs_128_random_bits(length):
    with pytest.raises(ValueError, match="16 random bytes"):
        make_nonce(SECRET, PURPOSE, bytes(length), NOW)


@given(st.text())
def test_no_text_leaves_the_error_family(text):
    with pytest.raises(NotAuthentic):
        read_nonce(SECRET, PURPOSE, text, now=NOW)


def test_the_answer_of_the_nonce_endpoint_is_that_of_the_specification():
    """OID4VCI 1.0 §7.2."""
    assert nonce_response("wKI4LT17ac15ES9bw8ac4") == {"c_nonce": "wKI4LT17ac15ES9bw8ac4"}
