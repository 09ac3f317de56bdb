"""Signed tokens: taken apart strictly, with the algorithm of our key and the type that we expect, or refused."""

import contextlib
import hashlib
import hmac

import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.encoding import decode_base64url, encode_base64url, encode_json
from protocol.errors import Malformed, NotAuthentic, ProtocolError, TooLarge, Unsupported
from protocol.jws import (
    MAX_CERTIFICATES,
    MAX_HEADER,
    MAX_TOKEN,
    check_typ,
    sign_encoded,
    sign_jws,
    verify_signature,
)
from tests.protocol.tokens import CLAIMS, ED_KEY, KEY, TOKEN, TYP, read, refused, token, verify
from tests.support.keys import ED25519, EVERY_KIND, OTHER_P256
from tests.support.pki import seeded_key
from tests.support.strategies import flip, json_values

# What is signed


@pytest.mark.parametrize("signer", [KEY, ED_KEY], ids=["ES256", "EdDSA"])
def test_what_is_signed_verifies_and_says_its_claims(signer):
    text = sign_jws({"typ": TYP}, encode_json(CLAIMS), signer)
    assert verify(text, signer.public_key) == CLAIMS
    jws = read(text)
    assert (jws.header.alg, jws.header.typ, jws.header.kid, jws.header.x5c) == (signer.public_key.alg, TYP, None, ())
    assert jws.raw == text
    assert jws.signing_input.decode() == text.rpartition(".")[0]
    assert jws.peek_claims("token").members == CLAIMS


def test_the_algorithm_stands_first_and_the_header_keeps_its_order():
    head = decode_base64url(sign_jws({"typ": TYP, "kid": "1"}, b"{}", KEY).split(".")[0])
    assert head == b'{"alg":"ES256","typ":"example+jwt","kid":"1"}'


def test_a_header_is_read_and_cannot_be_written():
    header = read(token(kid="1", x5c=["QQ==", "Qg=="], other=[1])).header
    assert (header.kid, header.x5c, header.members["other"]) == ("1", ("QQ==", "Qg=="), [1])
    with pytest.raises(TypeError):
        header.members["alg"] = "none"


# Type


@pytest.mark.parametrize("typ", [TYP, "EXAMPLE+JWT", "application/example+jwt", "Application/Example+JWT"])
def test_a_type_is_a_media_type_in_any_spelling(typ):  # RFC 7515 §4.1.9
    assert verify(token(typ=typ)) == CLAIMS


@pytest.mark.parametrize(
    "typ",
    [
        ...,
        "JWT",
        "jwt",
        "example",
        "example+jwt2",
        " example+jwt",
        "application/application/example+jwt",
        "text/example+jwt",
        "application/",
        "dpop+jwt",
        "dc+sd-jwt",
        "example+jwt;v=1",
        "examp\u217ce+jwt",
    ],
)
def test_a_token_of_another_type_or_none_is_refused(typ):  # T007
    assert "type example+jwt" in refused(NotAuthentic, token(typ=typ))


def test_a_letter_that_only_becomes_ours_in_small_is_another():  # T007
    with pytest.raises(NotAuthentic):
        check_typ(read(token(typ="\u212ab+jwt")).header, "kb+jwt", "token")


def test_one_of_several_types_is_enough():
    assert verify(token(typ="b"), typ=("a", "b")) == CLAIMS
    refused(NotAuthentic, token(typ="c"), typ=("a", "b"))


def test_an_empty_type_is_no_type():
    refused(Malformed, token(typ=""))


# Algorithm


@pytest.mark.parametrize(
    "alg",
    [
        "none",
        "None",
        "nOnE",
        "NONE",
        "",
        "HS256",
        "HS384",
        "HS512",
        "RS256",
        "PS256",
        "ES256K",
        "es256",
        "ES256 ",
        "dir",
        "Ed448",
        1,
        None,
        True,
        ["ES256"],
        {},
        ...,
    ],
)
def test_an_algorithm_outside_our_list_is_refused_before_anything_is_read(alg):  # T001, T008
    assert refused(Malformed if alg in ("", ...) or not isinstance(alg, str) else Unsupported, token(alg=alg))


@pytest.mark.parametrize("alg", ["none", "None", "nOnE", "ES256"])
def test_a_token_without_a_signature_is_refused(alg):  # T001
    head = encode_base64url(encode_json({"alg": alg, "typ": TYP}))
    for text in (f"{head}.{encode_base64url(b'{}')}.", f"{head}.{encode_base64url(b'{}')}", f"{head}.."):
        refused(Malformed, text)


@pytest.mark.parametrize(
    "secret",
    [
        KEY.public_key.to_spki(),
        serialization.load_der_public_key(KEY.public_key.to_spki()).public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ),
        KEY.public_key.canonical_jwk(),
        KEY.public_key.point,
        b"",
    ],
    ids=["DER", "PEM", "JWK", "point", "nothing"],
)
def test_our_public_key_is_no_secret(secret):  # T002
    signing_input = ".".join(
        encode_base64url(part) for part in (encode_json({"alg": "HS256", "typ": TYP}), encode_json(CLAIMS))
    )
    mac = hmac.digest(secret, signing_input.encode(), hashlib.sha256)
    refused(Unsupported, f"{signing_input}.{encode_base64url(mac)}")


@pytest.mark.parametrize("alg", ["ES256", "ES384", "ES512", "EdDSA"])
@pytest.mark.parametrize("key", EVERY_KIND, ids=lambda key: key.crv)
def test_an_algorithm_that_is_not_the_keys_own_is_refused(key, alg):  # T008
    if alg != key.alg:
        assert "does not fit" in refused(NotAuthentic, token(alg=alg), key=key)


def test_the_new_name_of_eddsa_is_for_its_keys_alone():  # RFC 9864 §2.2
    assert verify(token(signer=ED_KEY, alg="Ed25519"), ED25519) == CLAIMS
    refused(NotAuthentic, token(alg="Ed25519"))


def test_a_key_that_the_token_brings_is_not_used():  # T005
    stranger = seeded_key(2)
    offered = {"jwk": stranger.public_key.to_jwk(), "jku": "https://evil.example", "x5u": "https://evil.example"}
    refused(NotAuthentic, token(signer=stranger, **offered))


# Header


@pytest.mark.parametrize(
    "crit",
    [["exp"], ["b64"], [], "exp", ["alg"], ["kid", "kid"], ["unknown"], None, {}, 1],
)
def test_any_crit_is_refused(crit):  # T003
    assert "crit" in refused(Unsupported, token(crit=crit, kid="1"))


@pytest.mark.parametrize(
    "member", [{"b64": False}, {"b64": True}, {"b64": None}, {"zip": "DEF"}, {"b64": False, "crit": ["b64"]}]
)
def test_unencoded_and_compressed_payloads_are_refused(member):  # T004, T012
    refused(Unsupported, token(**member))


def test_a_detached_payload_is_refused():  # T004
    head, _, signature = TOKEN.split(".")
    refused(NotAuthentic, f"{head}..{signature}")


@pytest.mark.parametrize(
    "changes",
    [
        {"typ": 1},
        {"typ": ["x"]},
        {"kid": 1},
        {"kid": ""},
        {"kid": "a\0b"},
        {"kid": "x" * 70_000},
        {"x5c": []},
        {"x5c": "QQ=="},
        {"x5c": [1]},
        {"x5c": [""]},
        {"x5c": None},
        {"x5c": ["QQ=="] * (MAX_CERTIFICATES + 1)},
    ],
)
def test_a_header_of_another_shape_is_refused(changes):
    refused(TooLarge if "x" * 70_000 in changes.values() else Malformed, token(**changes))


@pytest.mark.parametrize("kid", ["../../etc/passwd", "' OR 1=1 --", "k" * 5000, "\u0001"])
def test_a_strange_key_id_is_read_and_decides_nothing(kid):  # T006
    assert read(token(kid=kid)).header.kid == kid
    assert verify(token(kid=kid)) == CLAIMS


@pytest.mark.parametrize(
    "head", [b"", b"[]", b'"x"', b"{", b'{"alg":"ES256","alg":"none"}', b"\xff", b'{"alg":"ES256"}x', b"[" * 900]
)
def test_a_header_that_is_no_json_object_is_refused(head):  # T016
    refused(Malformed, sign_encoded(encode_base64url(head), b"{}", KEY))


# Form


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "..",
        "...",
        "a",
        "a.b",
        TOKEN + ".",
        TOKEN + ".x",
        "." + TOKEN,
        TOKEN.replace(".", ""),
        f"{TOKEN}.{TOKEN}",
        TOKEN.replace(".", "..", 1),
        TOKEN + "=",
        TOKEN + "\n",
        " " + TOKEN,
        TOKEN.replace(".", " .", 1),
        TOKEN.replace(".", ".\n", 1),
        TOKEN.replace(".", "=.", 1),
        TOKEN + "\u00e4",
        "\ud800." + TOKEN.partition(".")[2],
    ],
)
def test_a_token_in_another_spelling_is_refused(text):  # T015
    refused(Malformed, text)


def test_bits_beyond_the_last_byte_make_no_second_token():  # T015
    last = TOKEN[-1]
    for other in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_":
        if other != last:
            with pytest.raises((Malformed, NotAuthentic)):
                verify(TOKEN[:-1] + other)


def test_a_token_beyond_the_caps_is_refused_before_it_is_decoded():  # T018
    refused(TooLarge, "!" * (MAX_TOKEN + 1))
    assert "header" in refused(TooLarge, "!" * (MAX_HEADER * 4 // 3 + 5) + ".e30.AA")
    payload = encode_json({"x": "a" * 80_000})
    assert verify(token(payload))["x"]


@pytest.mark.parametrize(
    "payload", [b"", b"[]", b"null", b'"x"', b"{", b'{"a":1,"a":2}', b"\xff", b'{"a":NaN}', b"[" * 900]
)
def test_a_signed_payload_that_is_no_json_object_is_refused(payload):  # T016
    with pytest.raises(Malformed):
        verify(token(payload))
    with pytest.raises(Malformed):
        read(token(payload)).peek_claims("token")


def test_the_signature_is_checked_before_the_payload_is_read():
    head, _, signature = TOKEN.split(".")
    assert "signature" in refused(NotAuthentic, f"{head}.{encode_base64url(b'no json')}.{signature}")


def test_a_signature_may_be_checked_alone():
    verify_signature(read(token(b"no json", typ=...)), KEY.public_key, "token")
    with pytest.raises(NotAuthentic):
        verify_signature(read(token(b"no json")), OTHER_P256, "token")


def test_a_signature_in_der_is_refused():
    head, payload, _ = TOKEN.split(".")
    refused(NotAuthentic, f"{head}.{payload}.{encode_base64url(b'0E' + bytes(69))}")


# Anything


@given(st.integers(0, 20_000), st.integers(0, 2))
@settings(max_examples=100)
def test_any_flipped_bit_of_a_token_is_refused(bit, part):
    parts = TOKEN.split(".")
    parts[part] = encode_base64url(flip(decode_base64url(parts[part]), bit))
    with pytest.raises(ProtocolError):
        verify(".".join(parts))


@given(st.integers(0, len(TOKEN) * 8 - 1))
@settings(max_examples=100)
def test_any_flipped_bit_of_a_tokens_text_is_refused(bit):
    with pytest.raises(ProtocolError):
        verify(flip(TOKEN.encode(), bit).decode("latin-1"))


@given(
    st.text(max_size=60)
    | st.from_regex(r"[A-Za-z0-9_-]{0,20}\.[A-Za-z0-9_-]{0,20}\.[A-Za-z0-9_-]{0,20}", fullmatch=True)
)
@settings(max_examples=100)
def test_no_text_escapes_the_error_family(text):
    with contextlib.suppress(ProtocolError):
        verify(text)


@given(
    st.dictionaries(st.sampled_from(["alg", "typ", "kid", "x5c", "crit", "jwk"]), json_values, max_size=4), json_values
)
@settings(max_examples=100)
def test_no_header_or_payload_escapes_the_error_family(header, payload):
    with contextlib.suppress(ProtocolError):
        verify(token(encode_json(payload), **header))
    with contextlib.suppress(ProtocolError):
        verify(sign_encoded(encode_base64url(encode_json(payload)), b"{}", KEY))
