"""Encrypted tokens: one way in, one way out, and the same words for every failure."""

import contextlib
import itertools
import json
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.encoding import JsonObject, decode_base64url, encode_base64url, encode_json
from protocol.errors import Malformed, NotAuthentic, ProtocolError, TooLarge, Unsupported
from protocol.jwe import ENCRYPTIONS, MAX_JWE, Jwe, decrypt_jwe, derive_key, encrypt_jwe
from protocol.keys import Ed25519Key, P256Key, PublicKey
from tests.support.vectors import read_vector, vector_files

KEY = P256Key.from_scalar(bytes(31) + b"\x07")
OTHER = P256Key.from_scalar(bytes(31) + b"\x08")
P384_POINT = {
    "kty": "EC",
    "crv": "P-384",
    "x": "iHytgLNtXjEyYMAIGwfgjINZRmLfObYbmjPhkaPD8OiTkJtRHjegTNdH31Mxg4nV",
    "y": "MizXWSqNB7sSt_SNjg3spvaJnmjB-LpxsPpLUaea33rvINL3Mq-gEaANErRQpbLx",
}
PAYLOAD = b'{"vp_token":{"pid":["a"]},"state":"s"}'


def counting_bytes():
    """Random bytes that are the same in every run."""
    counter = itertools.count(1)
    return lambda size: next(counter).to_bytes(8, "big") * (size // 8) + bytes(size % 8)


def token(enc="A256GCM", kid="1", **more):
    return encrypt_jwe(
        PAYLOAD,
        KEY.public_key,
        enc=enc,
        kid=kid,
        ephemeral=P256Key.generate(counting_bytes()),
        random_bytes=counting_bytes(),
        **more,
    )


def with_header(change, text=None):
    """A token whose header is changed after encryption."""
    head, *rest = (text or token()).split(".")
    header = json.loads(decode_base64url(head))
    header.update(change)
    header = {name: value for name, value in header.items() if value is not ...}
    return ".".join((encode_base64url(encode_json(header)), *rest))


def test_the_example_of_the_specification_opens():
    vector = read_vector("openid4vp/encrypted-response.json")
    jwe = Jwe.from_compact(vector["jwe"])
    assert (jwe.kid, jwe.enc) == ("ac", "A128GCM")
    content = decrypt_jwe(jwe, P256Key.from_jwk(vector["private_jwk"]))
    assert json.loads(content) == vector["expected_payload"]


def test_the_key_of_rfc_7518_appendix_c_is_derived():
    alice = P256Key.from_scalar(decode_base64url("0_NxaRPUMQoAJt50Gz8YiTr8gRTwyEaCumd-MToTmIo"))
    bob = P256Key.from_scalar(decode_base64url("VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw"))
    key = derive_key(alice.agree(bob.public_key), "A128GCM", b"Alice", b"Bob")
    assert encode_base64url(key) == "VqqN6vgjbSBcIijNcacQGg"


@pytest.mark.parametrize("enc", ENCRYPTIONS)
def test_what_was_encrypted_opens_with_the_right_key(enc):
    jwe = Jwe.from_compact(token(enc))
    assert (jwe.enc, jwe.kid, jwe.cty) == (enc, "1", None)
    assert decrypt_jwe(jwe, KEY) == PAYLOAD


def test_party_info_and_more_header_members_travel_and_count():
    text = token(apu=b"Alice", apv=b"Bob", extra={"cty": "json"})
    jwe = Jwe.from_compact(text)
    assert (jwe.apu, jwe.apv, jwe.cty) == (b"Alice", b"Bob", "json")
    assert decrypt_jwe(jwe, KEY) == PAYLOAD
    with pytest.raises(NotAuthentic):
        decrypt_jwe(Jwe.from_compact(with_header({"apu": encode_base64url(b"Carol")}, text)), KEY)


def test_a_token_without_kid_has_none():
    assert Jwe.from_compact(token(kid=None)).kid is None


def test_every_token_has_an_ephemeral_key_of_its_own():
    tokens = [
        encrypt_jwe(PAYLOAD, KEY.public_key, enc="A256GCM", kid="1", ephemeral=P256Key.fresh(), random_bytes=os.urandom)
        for _ in range(5)
    ]
    parsed = [Jwe.from_compact(text) for text in tokens]
    assert len({jwe.epk for jwe in parsed}) == len({jwe.iv for jwe in parsed}) == 5


@pytest.mark.parametrize(
    ("change", "error"),
    [
        pytest.param({"epk": P384_POINT}, Unsupported, id="T011 epk on P-384"),
        pytest.param({"epk": ...}, Malformed, id="T011 no epk"),
        pytest.param({"epk": {"kty": "oct", "k": "AAAA"}}, Malformed, id="T011 epk of kind oct with its key"),
        pytest.param({"epk": {"kty": "oct"}}, Unsupported, id="T011 epk of kind oct"),
        pytest.param({"epk": {**KEY.public_key.to_jwk(), "d": "AQ"}}, Malformed, id="T011 epk with a private part"),
        pytest.param({"epk": {"kty": "OKP", "crv": "X25519", "x": "A" * 43}}, Unsupported, id="T011 epk on X25519"),
        pytest.param(
            {"epk": {**KEY.public_key.to_jwk(), "y": encode_base64url(bytes(31) + b"\x01")}},
            Malformed,
            id="T011 epk off its curve",
        ),
        pytest.param({"zip": "DEF"}, Unsupported, id="T012 zip"),
        pytest.param({"zip": None}, Unsupported, id="T012 zip null"),
        pytest.param({"alg": "RSA1_5"}, Unsupported, id="T013 RSA1_5"),
        pytest.param({"alg": "dir"}, Unsupported, id="T013 dir"),
        pytest.param({"alg": "PBES2-HS256+A128KW", "p2c": 10**9, "p2s": "AAAA"}, Unsupported, id="T013 PBES2"),
        pytest.param({"alg": "ECDH-ES+A128KW"}, Unsupported, id="T013 key wrapping"),
        pytest.param({"alg": ["ECDH-ES"]}, Malformed, id="T013 alg is a list"),
        pytest.param({"alg": ...}, Malformed, id="T013 no alg"),
        pytest.param({"enc": "A128CBC-HS256"}, Unsupported, id="T013 enc that we do not speak"),
        pytest.param({"enc": "a256gcm"}, Unsupported, id="T013 enc in small letters"),
        pytest.param({"enc": ...}, Malformed, id="T013 no enc"),
        pytest.param({"crit": ["exp"]}, Unsupported, id="T013 crit"),
        pytest.param({"crit": []}, Unsupported, id="T013 empty crit"),
        pytest.param({"kid": 1}, Malformed, id="kid is a number"),
        pytest.param({"apu": "?"}, Malformed, id="apu no base64url"),
        pytest.param({"apv": "A" * 4096}, Malformed, id="apv too long"),
    ],
)
def test_a_header_that_asks_for_anything_else_is_refused(change, error):
    with pytest.raises(error):
        Jwe.from_compact(with_header(change))


@pytest.mark.parametrize("file", vector_files("jose/cookbook/jwe/*.json"))
def test_no_other_way_of_the_cookbook_is_read(file):
    """T013: RSA, key wrapping, passwords, dir, CBC and compression."""
    compact = json.loads(file.read_bytes())["output"].get("compact")
    with pytest.raises(ProtocolError):
        Jwe.from_compact(compact or "")


def test_another_curve_of_the_cookbook_is_refused():
    """T011: X25519."""
    with pytest.raises(Unsupported):
        Jwe.from_compact(read_vector("jose/cookbook/curve25519/ecdh-es.json")["output"]["compact"])


def test_an_encrypted_key_is_refused():
    head, _, *rest = token().split(".")
    with pytest.raises(Malformed):
        Jwe.from_compact(".".join((head, "AAAA", *rest)))


@pytest.mark.parametrize("part", [2, 4], ids=["iv", "tag"])
def test_a_shorter_iv_or_tag_is_refused(part):
    parts = token().split(".")
    parts[part] = encode_base64url(decode_base64url(parts[part])[:-1])
    with pytest.raises(Malformed):
        Jwe.from_compact(".".join(parts))


@pytest.mark.parametrize("text", ["", "....", "a.b.c", "a.b.c.d.e.f", token() + "=", token() + "."])
def test_what_is_no_token_is_refused(text):
    with pytest.raises(Malformed):
        Jwe.from_compact(text)


def test_sizes_have_caps():
    with pytest.raises(TooLarge):
        Jwe.from_compact("a" * (MAX_JWE + 1))
    with pytest.raises(TooLarge):
        Jwe.from_compact(with_header({"x": "a" * 9000}))


def test_every_failure_to_decrypt_has_the_same_words():
    """T181: another key, an enc that was not offered, and anything altered cannot be told apart."""
    head, _, iv, text, tag = token().split(".")
    altered = encode_base64url(bytes((decode_base64url(text)[0] ^ 1,)) + decode_base64url(text)[1:])
    attempts = [
        (token(), OTHER, ENCRYPTIONS),
        (token(), KEY, ("A128GCM",)),
        (f"{head}..{iv}.{altered}.{tag}", KEY, ENCRYPTIONS),
        (with_header({"kid": "2"}), KEY, ENCRYPTIONS),
    ]
    words = set()
    for attempt, key, encs in attempts:
        with pytest.raises(NotAuthentic) as refusal:
            decrypt_jwe(Jwe.from_compact(attempt), key, encs=encs)
        words.add(refusal.value.description)
    assert len(words) == 1


def test_our_own_mistakes_are_no_protocol_errors():
    mistakes: list[tuple[PublicKey, str, JsonObject | None]] = [
        (Ed25519Key.from_seed(bytes(32)).public_key, "A256GCM", None),
        (KEY.public_key, "A128CBC-HS256", None),
        (KEY.public_key, "A256GCM", {"zip": "DEF"}),
        (KEY.public_key, "A256GCM", {"alg": "dir"}),
    ]
    for recipient, enc, extra in mistakes:
        with pytest.raises(ValueError, match=r"only|extra"):
            encrypt_jwe(
                b"", recipient, enc=enc, kid=None, ephemeral=P256Key.fresh(), random_bytes=os.urandom, extra=extra
            )


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_flipped_bit_survives(data):
    parts = token().split(".")
    part = data.draw(st.sampled_from([0, 2, 3, 4]))
    raw = bytearray(decode_base64url(parts[part]))
    bit = data.draw(st.integers(0, len(raw) * 8 - 1))
    raw[bit // 8] ^= 1 << bit % 8
    parts[part] = encode_base64url(bytes(raw))
    with pytest.raises(ProtocolError):
        decrypt_jwe(Jwe.from_compact(".".join(parts)), KEY)


@settings(max_examples=60)
@given(st.one_of(st.text(max_size=200), st.dictionaries(st.text(max_size=6), st.text(max_size=6)).map(with_header)))
def test_no_text_escapes_the_error_family(text):
    with contextlib.suppress(ProtocolError):
        Jwe.from_compact(text)
