"""Keys: what is read is a point on its curve, what signs keeps its private part, and both agree with libraries of others.

Vectors. `jose/cookbook/jwk`: the public EC key is read, the private, RSA and symmetric ones are refused.
"""

import contextlib
import json

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import given, settings
from hypothesis import strategies as st
from jwcrypto.jwk import JWK

from protocol.encoding import decode_base64url, encode_base64url
from protocol.errors import Malformed, NotAuthentic, ProtocolError, Unsupported
from protocol.keys import CURVES, SIGNATURE_ALGORITHMS, Ed25519Key, P256Key, PublicKey
from tests.support.keys import ED25519, EVERY_KIND, OTHER_P256, P256, P384, P521
from tests.support.pki import seeded, seeded_key
from tests.support.strategies import almost, flip, json_values
from tests.support.vectors import read_vector, vector_files

PRIVATE = seeded_key(1)
PRIVATE_ED = Ed25519Key.from_seed(seeded(9)(32))
P256_PRIME = 2**256 - 2**224 + 2**192 + 2**96 - 1
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def b64(number, size=32):
    return encode_base64url(number.to_bytes(size, "big"))


def always(found):
    """Random bytes that are no such thing."""
    return lambda size: found[:size]


def refused(error, jwk):
    with pytest.raises(ProtocolError) as refusal:
        PublicKey.from_jwk(jwk, "proof.jwk")
    assert type(refusal.value) is error
    assert refusal.value.description.startswith("proof.jwk")
    return refusal.value.description


# Public keys


@pytest.mark.parametrize("key", EVERY_KIND, ids=lambda key: key.crv)
def test_a_key_has_the_same_form_for_others(key):
    jwk = JWK(**key.to_jwk())
    assert key.thumbprint() == jwk.thumbprint()
    assert json.loads(key.canonical_jwk()) == jwk.export_public(as_dict=True) == key.to_jwk()
    pem = serialization.load_der_public_key(key.to_spki()).public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    assert pem == jwk.export_to_pem()


@pytest.mark.parametrize("key", EVERY_KIND, ids=lambda key: key.crv)
def test_a_key_comes_back_from_every_form(key):
    assert PublicKey.from_jwk(key.to_jwk()) == key
    assert PublicKey.from_spki(key.to_spki()) == key
    assert PublicKey.from_compressed(key.crv, key.to_compressed()) == key
    assert PublicKey.from_jwk(json.loads(key.canonical_jwk())) == key


def test_the_thumbprint_of_rfc_8037_comes_out():
    key = PublicKey.from_jwk({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})
    assert key.thumbprint() == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    assert key.thumbprint() == encode_base64url(key.thumbprint_bytes())


@pytest.mark.parametrize(
    ("key", "alg"),
    [(P256, "ES256"), (P384, "ES384"), (P521, "ES512"), (ED25519, "EdDSA")],
    ids=lambda value: str(value)[:5],
)
def test_a_key_has_one_algorithm(key, alg):
    assert key.alg == alg
    assert alg in SIGNATURE_ALGORITHMS


@pytest.mark.parametrize("key", EVERY_KIND, ids=lambda key: key.crv)
def test_the_required_members_are_enough_and_others_are_ignored(key):  # T051
    extra = {"kid": "1", "use": "sig", "alg": "none", "key_ops": ["sign"], "x5c": ["x"], "unknown": {}}
    assert PublicKey.from_jwk({**key.to_jwk(), **extra}) == key


@pytest.mark.parametrize("member", ["d", "p", "q", "dp", "dq", "qi", "oth", "k"])
@pytest.mark.parametrize("value", ["c2VjcmV0", None, ""])
def test_a_private_part_is_refused_and_not_repeated(member, value):  # T009
    for key in (P256, ED25519):
        assert "c2VjcmV0" not in refused(Malformed, {**key.to_jwk(), member: value})


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"x": "AA"}, Malformed),
        ({"x": encode_base64url(P256.point[:31])}, Malformed),
        ({"x": encode_base64url(b"\0" + P256.point[:32])}, Malformed),
        ({"y": encode_base64url(P256.point[32:63])}, Malformed),
        ({"y": encode_base64url(P256.point[32:] + b"\0")}, Malformed),
        ({"x": b64(0), "y": b64(0)}, Malformed),  # infinity, as some write it
        ({"y": b64(int.from_bytes(P256.point[32:], "big") ^ 1)}, Malformed),
        ({"x": b64(5), "y": b64(P256_PRIME)}, Malformed),
        ({"x": b64(P256_PRIME + 5)}, Malformed),
        ({"x": b64(2**256 - 1)}, Malformed),
        ({"x": ...}, Malformed),
        ({"y": ...}, Malformed),
        ({"x": None}, Malformed),
        ({"x": 1}, Malformed),
        ({"x": ""}, Malformed),
        ({"x": P256.to_jwk()["x"] + "="}, Malformed),
        ({"x": "A" * 200}, Malformed),
        ({"kty": ...}, Unsupported),
        ({"kty": "OKP"}, Unsupported),
        ({"kty": "RSA"}, Unsupported),
        ({"kty": "oct"}, Unsupported),
        ({"kty": "ec"}, Unsupported),
        ({"crv": ...}, Unsupported),
        ({"crv": None}, Unsupported),
        ({"crv": 1}, Unsupported),
        ({"crv": ["P-256"]}, Unsupported),
        ({"crv": "p-256"}, Unsupported),
        ({"crv": "P-192"}, Unsupported),
        ({"crv": "secp256k1"}, Unsupported),
        ({"crv": "P-384"}, Malformed),
    ],
)
def test_what_is_no_point_on_its_curve_is_refused(changes, error):  # T010
    refused(error, {name: value for name, value in {**P256.to_jwk(), **changes}.items() if value is not ...})


@pytest.mark.parametrize(
    "jwk",
    [
        {"kty": "OKP", "crv": "X25519", "x": encode_base64url(bytes(32))},
        {"kty": "OKP", "crv": "Ed448", "x": encode_base64url(bytes(57))},
        {"kty": "EC", "crv": "Ed25519", "x": ED25519.to_jwk()["x"]},
        {"kty": "oct"},
        {"kty": "RSA", "n": encode_base64url(b"\xff" * 128), "e": "AQ"},  # T019
        {"kty": "RSA", "n": encode_base64url(b"\xff" * 2048), "e": "AQAB"},
        {},
    ],
)
def test_another_kind_of_key_is_refused_without_work(jwk):  # T008, T019
    refused(Unsupported, jwk)


@pytest.mark.parametrize("value", [None, "x", [], 1])
def test_a_jwk_is_an_object(value):
    refused(Malformed, value)


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_an_ed25519_key_has_its_length(size):
    refused(Malformed, {**ED25519.to_jwk(), "x": encode_base64url(bytes(size)) or "AA"})


def spki(key):
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize(
    ("der", "error"),
    [
        (b"", Unsupported),
        (P256.to_spki()[:-1], Unsupported),
        (P256.to_spki() + b"\0", Unsupported),
        (P256.to_spki()[:26] + b"\x02" + P256.point[:32], Unsupported),
        (P256.to_spki()[:-1] + bytes((P256.point[-1] ^ 1,)), Malformed),
        (spki(ec.derive_private_key(7, ec.SECP256K1()).public_key()), Unsupported),
        (spki(rsa.generate_private_key(65537, 2048).public_key()), Unsupported),
    ],
)
def test_a_subject_public_key_has_one_spelling(der, error):
    with pytest.raises(ProtocolError) as refusal:
        PublicKey.from_spki(der)
    assert type(refusal.value) is error


@pytest.mark.parametrize("file", vector_files("jose/cookbook/jwk/*.json"))
def test_published_keys_are_read_or_refused(file):
    jwk = json.loads(file.read_bytes())
    if file.name == "3_1.ec_public_key.json":
        assert PublicKey.from_jwk(jwk).to_jwk().items() <= jwk.items()
    else:
        with pytest.raises((Malformed, Unsupported)):
            PublicKey.from_jwk(jwk)


# Signatures


def test_what_one_signs_is_what_the_other_verifies():
    for key in (PRIVATE, PRIVATE_ED):
        signature = key.sign(b"data")
        assert len(signature) == 64
        key.public_key.verify(signature, b"data")


@given(st.integers(0, 511), st.sampled_from([PRIVATE, PRIVATE_ED]))
@settings(max_examples=60)
def test_any_flipped_bit_of_a_signature_is_noticed(bit, key):
    with pytest.raises(NotAuthentic):
        key.public_key.verify(flip(key.sign(b"data"), bit), b"data")


@pytest.mark.parametrize("key", [PRIVATE, PRIVATE_ED], ids=["P-256", "Ed25519"])
def test_a_signature_over_something_else_is_refused(key):
    signature = key.sign(b"data")
    other = OTHER_P256 if key is PRIVATE else Ed25519Key.from_seed(b"\1" * 32).public_key
    for public_key, data in ((key.public_key, b"Data"), (key.public_key, b""), (other, b"data")):
        with pytest.raises(NotAuthentic):
            public_key.verify(signature, data)


@pytest.mark.parametrize("key", EVERY_KIND, ids=lambda key: key.crv)
@pytest.mark.parametrize("size", [0, 1, 32, 63, 65, 70, 96, 132, 1000])
def test_a_signature_of_another_length_is_refused(key, size):
    with pytest.raises(NotAuthentic):
        key.verify(b"\x01" * size, b"data")


@pytest.mark.parametrize("key", EVERY_KIND, ids=lambda key: key.crv)
def test_a_signature_of_nothing_is_refused(key):
    size = CURVES[key.crv].size
    for r, s in ((0, 0), (0, 1), (1, 0)):
        with pytest.raises(NotAuthentic):
            key.verify(r.to_bytes(size, "big") + s.to_bytes(size, "big"), b"data")


def test_numbers_beyond_the_order_are_refused():
    signature = PRIVATE.sign(b"data")
    r, s = (int.from_bytes(part, "big") for part in (signature[:32], signature[32:]))
    for wrong in ((P256_ORDER, s), (r, P256_ORDER), (2**256 - 1, s), (r, 2**256 - 1)):
        with pytest.raises(NotAuthentic):
            PRIVATE.public_key.verify(b"".join(n.to_bytes(32, "big") for n in wrong), b"data")


def test_a_signature_in_der_is_refused():
    der = PRIVATE._key.sign(b"data", ec.ECDSA(hashes.SHA256()))
    with pytest.raises(NotAuthentic):
        PRIVATE.public_key.verify(der, b"data")


@pytest.mark.parametrize("crv", ["P-256", "P-384", "P-521"])
def test_signatures_of_every_length_in_der_are_read(crv):
    jwk = JWK.generate(kty="EC", crv=crv)
    private = serialization.load_pem_private_key(jwk.export_to_pem(private_key=True, password=None), None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    public = PublicKey.from_jwk(jwk.export_public(as_dict=True))
    size = CURVES[crv].size
    algorithm = {"P-256": hashes.SHA256(), "P-384": hashes.SHA384(), "P-521": hashes.SHA512()}[crv]
    for i in range(40):
        r, s = decode_dss_signature(private.sign(bytes((i,)), ec.ECDSA(algorithm)))
        public.verify(r.to_bytes(size, "big") + s.to_bytes(size, "big"), bytes((i,)))


# Private keys


def test_short_numbers_keep_their_length_when_signed():
    """r or s begins with a zero byte once in 128 signatures; 600 have some of each."""
    short = 0
    for i in range(600):
        signature = PRIVATE.sign(i.to_bytes(2, "big"))
        assert len(signature) == 64
        if 0 in (signature[0], signature[32]):
            short += 1
            PRIVATE.public_key.verify(signature, i.to_bytes(2, "big"))
    assert short


def test_a_key_is_made_of_the_random_bytes_it_is_given():
    assert P256Key.generate(seeded(5)).public_key == P256Key.generate(seeded(5)).public_key
    assert P256Key.generate(seeded(5)).public_key != P256Key.generate(seeded(6)).public_key
    assert Ed25519Key.generate(seeded(5)).public_key == Ed25519Key.generate(seeded(5)).public_key
    for extreme in (b"\0" * 40, b"\xff" * 40):
        assert P256Key.generate(always(extreme)).sign(b"x")


def test_a_private_key_comes_back_from_every_form():
    assert P256Key.from_scalar(PRIVATE.to_scalar()).public_key == PRIVATE.public_key
    assert Ed25519Key.from_seed(PRIVATE_ED.to_seed()).public_key == PRIVATE_ED.public_key
    jwk = {**PRIVATE.public_key.to_jwk(), "d": encode_base64url(PRIVATE.to_scalar())}
    assert P256Key.from_jwk(jwk).public_key == PRIVATE.public_key
    loaded = serialization.load_pem_private_key(PRIVATE.to_pem(), None)
    assert spki(loaded.public_key()) == PRIVATE.public_key.to_spki()


@pytest.mark.parametrize("scalar", [0, P256_ORDER, 2**256 - 1])
def test_a_scalar_outside_the_group_is_a_mistake_of_the_caller(scalar):
    with pytest.raises(ValueError):  # noqa: PT011  # the words are the library's
        P256Key.from_scalar(scalar.to_bytes(32, "big"))


@pytest.mark.parametrize("key", [PRIVATE, PRIVATE_ED], ids=["P-256", "Ed25519"])
def test_a_private_key_never_shows_itself(key):  # T258
    shown = repr(key) + str(key) + f"{key}"
    assert key.public_key.thumbprint() in shown
    secret = key.to_scalar() if key is PRIVATE else key.to_seed()
    for form in (secret.hex(), encode_base64url(secret), str(int.from_bytes(secret, "big")), "object at"):
        assert form not in shown


# Agreement


def test_two_keys_agree_on_the_secret_that_the_specification_prints():  # RFC 7518 appendix C
    alice = P256Key.from_scalar(decode_base64url("0_NxaRPUMQoAJt50Gz8YiTr8gRTwyEaCumd-MToTmIo"))
    bob = P256Key.from_scalar(decode_base64url("VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw"))
    assert alice.agree(bob.public_key) == bob.agree(alice.public_key)
    assert alice.agree(bob.public_key)[:4] == bytes((158, 86, 217, 29))


@pytest.mark.parametrize("key", [P384, P521, ED25519], ids=lambda key: key.crv)
def test_a_key_on_another_curve_agrees_on_nothing(key):  # T011
    with pytest.raises(Unsupported):
        PRIVATE.agree(key)
    if key is ED25519:
        with pytest.raises(Unsupported):
            key.ecdh_key()


def test_published_keys_of_sd_jwt_fit_their_private_parts():
    for jwk in (read_vector("sd-jwt/rfc9901/keys.json")[name] for name in ("issuer", "holder")):
        public = {name: value for name, value in jwk.items() if name != "d"}
        assert P256Key.from_jwk(jwk).public_key == PublicKey.from_jwk(public)


@given(json_values | almost(P256.to_jwk()) | almost(ED25519.to_jwk()))
@settings(max_examples=100)
def test_no_jwk_escapes_the_error_family(value):
    with contextlib.suppress(ProtocolError):
        assert PublicKey.from_jwk(value).point
    with contextlib.suppress(ProtocolError):
        PublicKey.from_jwk(value).verify(b"x" * 64, b"")


@given(st.binary(max_size=160), st.sampled_from(EVERY_KIND))
@settings(max_examples=100)
def test_no_bytes_escape_the_error_family(data, key):
    for read in (PublicKey.from_spki, lambda der: PublicKey.from_spki(key.to_spki()[:26] + der)):
        with contextlib.suppress(ProtocolError):
            read(data)
    with pytest.raises(NotAuthentic):
        key.verify(data, b"data")
