"""Files sealed by a passphrase: one way in, one way out, and no work for whoever asks for too much."""

import contextlib
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jwcrypto.jwe import JWE
from jwcrypto.jwk import JWK

from protocol import passphrase_jwe
from protocol.encoding import decode_base64url, encode_base64url, encode_json, read_json_object
from protocol.errors import Malformed, NotAuthentic, ProtocolError, TooLarge, Unsupported
from protocol.passphrase_jwe import (
    MAX_COUNT,
    MAX_HEADER,
    MIN_COUNT,
    NotOpened,
    PassphraseJwe,
    decrypt_with_passphrase,
    encrypt_with_passphrase,
)

WORDS = "four words that fit"
CONTENT = b'{"transactionLog":[]}'


def sealed(content=CONTENT, words=WORDS, count=MIN_COUNT, **more):
    return encrypt_with_passphrase(content, words, random_bytes=os.urandom, count=count, **more)


def opened(token, words=WORDS):
    return decrypt_with_passphrase(PassphraseJwe.from_compact(token), words)


def with_header(token, **changes):
    """The same token with another header; None takes a member away."""
    protected, rest = token.split(".", 1)
    header = {**read_json_object(decode_base64url(protected), "header"), **changes}
    kept = {name: value for name, value in header.items() if value is not None}
    return f"{encode_base64url(encode_json(kept))}.{rest}"


def oracle(words):
    return JWK(kty="oct", k=encode_base64url(words.encode()))


def test_jwcrypto_opens_what_we_sealed():
    token = JWE(algs=["PBES2-HS256+A128KW", "A128GCM"])
    token.deserialize(sealed(cty="json"), key=oracle(WORDS))
    assert token.payload == CONTENT
    assert token.jose_header["cty"] == "json"


def test_we_open_what_jwcrypto_sealed():
    header = {"alg": "PBES2-HS256+A128KW", "enc": "A128GCM", "p2c": 2000}
    token = JWE(CONTENT, protected=encode_json(header).decode(), algs=["PBES2-HS256+A128KW", "A128GCM"])
    token.add_recipient(oracle(WORDS))
    assert opened(token.serialize(compact=True)) == CONTENT


@given(
    content=st.binary(max_size=300), words=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
)
@settings(max_examples=20, deadline=None)
def test_whatever_was_sealed_comes_back(content, words):
    assert opened(sealed(content, words), words) == content


def test_spellings_of_a_passphrase_that_look_the_same_are_the_same():
    assert opened(sealed(words="Köln am Rhein"), "Ko\u0308ln am Rhein") == CONTENT


@pytest.mark.parametrize("words", ["four words that fi", "", "x" * 1025], ids=["other", "empty", "long"])
def test_another_passphrase_opens_nothing(words):
    with pytest.raises(NotOpened):
        opened(sealed(), words)


def test_a_passphrase_that_nobody_could_type_again_seals_nothing():
    for words, count in (("", MIN_COUNT), ("x" * 1025, MIN_COUNT), (WORDS, MIN_COUNT - 1), (WORDS, MAX_COUNT + 1)):
        with pytest.raises(ValueError, match="can be read again"):
            sealed(words=words, count=count)


@pytest.mark.parametrize("part", [3, 4], ids=["content", "tag"])
def test_altered_content_is_told_from_a_wrong_passphrase(part):
    parts = sealed().split(".")
    data = bytearray(decode_base64url(parts[part]))
    data[0] ^= 1
    parts[part] = encode_base64url(bytes(data))
    with pytest.raises(NotAuthentic) as refusal:
        opened(".".join(parts))
    assert not isinstance(refusal.value, NotOpened)


def test_an_altered_header_is_found():
    with pytest.raises(NotAuthentic):
        opened(with_header(sealed(), cty="other"))


def test_a_count_that_would_keep_the_machine_busy_is_refused_before_any_work(monkeypatch):
    """T013"""
    token = with_header(sealed(), p2c=MAX_COUNT + 1)
    monkeypatch.delattr(passphrase_jwe, "PBKDF2HMAC")
    with pytest.raises(TooLarge):
        opened(token)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"alg": "PBES2-HS512+A256KW"}, Unsupported),
        ({"alg": "dir"}, Unsupported),
        ({"alg": "none"}, Unsupported),
        ({"enc": "A256GCM"}, Unsupported),
        ({"enc": "A128CBC-HS256"}, Unsupported),
        ({"zip": "DEF"}, Unsupported),
        ({"crit": ["x"]}, Unsupported),
        ({"p2c": MIN_COUNT - 1}, Malformed),
        ({"p2c": None}, Malformed),
        ({"p2c": True}, Malformed),
        ({"p2c": 2000.5}, Malformed),
        ({"p2c": "2000"}, Malformed),
        ({"p2s": None}, Malformed),
        ({"p2s": encode_base64url(bytes(7))}, Malformed),
        ({"p2s": encode_base64url(bytes(300))}, Malformed),
        ({"more": "x" * MAX_HEADER}, TooLarge),
    ],
    ids=lambda value: str(value)[:40] if isinstance(value, dict) else value.__name__,
)
def test_a_header_that_asks_for_anything_else_is_refused(changes, error):
    """T012, T013"""
    with pytest.raises(error):
        PassphraseJwe.from_compact(with_header(sealed(), **changes))


@pytest.mark.parametrize("part", [1, 2, 4], ids=["key", "iv", "tag"])
def test_parts_of_another_size_are_refused(part):
    parts = sealed().split(".")
    parts[part] = encode_base64url(decode_base64url(parts[part]) + b"\0")
    with pytest.raises(Malformed):
        PassphraseJwe.from_compact(".".join(parts))


def test_a_file_over_its_cap_is_not_looked_at():
    with pytest.raises(TooLarge):
        PassphraseJwe.from_compact("." * 101, max_characters=100)


def test_dots_without_end_are_no_file():
    with pytest.raises(Malformed):
        PassphraseJwe.from_compact("." * 100_000)


@given(st.text(max_size=200) | st.lists(st.text(max_size=30), min_size=5, max_size=5).map(".".join))
def test_no_text_escapes_the_error_family(text):
    with contextlib.suppress(ProtocolError):
        PassphraseJwe.from_compact(text)


def test_nothing_of_it_is_shown():
    assert repr(PassphraseJwe.from_compact(sealed())) == "PassphraseJwe()"
