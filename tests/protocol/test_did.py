"""DIDs: keys that name themselves, and documents at an address — read strictly, and believed by nobody here.

Vectors. `did-key/did-key.json`: all but secp256k1, a kind of key that we do not accept, and the derived X25519 keys, which
agree on secrets and sign nothing. `did-key/ebsi-jwk-jcs-pub.json`: all. `multiformats/multibase`: base58btc; the other bases
are refused, since did:key has that one alone. `multiformats/multihash`: we read no multihash.
"""

import contextlib
import csv

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from multiformats import multibase

from protocol.did import (
    MAX_DID,
    MAX_MULTIBASE,
    PURPOSES,
    SIGNING,
    did_jwk,
    did_key,
    resolve_did,
)
from protocol.encoding import encode_base64url, encode_json
from protocol.errors import Malformed, NotAuthentic, ProtocolError, Unreachable, Unsupported
from protocol.exchange import run
from protocol.keys import CURVES, Ed25519Key, PublicKey
from tests.support.keys import ED25519, EVERY_KIND, P256
from tests.support.vectors import read_vector, vectors

WEB = "did:web:issuer.example"
P256_CODEC = b"\x80\x24"  # 0x1200


def resolve(did):
    """Resolve where there is no network at all."""

    def perform(_):
        raise Unreachable("nobody answers")

    return run(resolve_did(did), perform)


def refused(error, did):
    with pytest.raises(ProtocolError) as refusal:
        resolve(did)
    assert type(refusal.value) is error
    return refusal.value.description


def multikey(codec, data):
    return multibase.encode(codec + data, "base58btc")


# A key in multibase


@pytest.mark.parametrize("key", EVERY_KIND, ids=lambda key: key.crv)
def test_a_key_is_a_did_and_a_did_is_a_key(key):
    did = did_key(key)
    fragment = did.removeprefix("did:key:")
    found = resolve(did)
    assert found.id == did
    for kid in (f"{did}#{fragment}", f"#{fragment}"):
        assert {found.key(kid, purpose) for purpose in SIGNING} == {key}


@pytest.mark.parametrize("index", range(8))
def test_published_did_keys_are_read_or_refused(index):
    vector = read_vector("did-key/did-key.json")[index]
    did = vector["did"]
    if vector["multicodec"] == "0xe7":
        assert "kind of key" in refused(Unsupported, did)
        return
    key = resolve(did).key(f"{did}#{did.removeprefix('did:key:')}", "assertionMethod")
    assert did_key(key) == did
    assert key.to_compressed().hex() == vector["raw_hex"]
    if "jwk" in vector:
        assert key.to_jwk() == vector["jwk"]


def test_published_did_keys_of_ebsi_are_read():
    found = read_vector("did-key/ebsi-jwk-jcs-pub.json")
    assert found
    for vector in found:
        did = vector["did"]
        key = resolve(did).key(f"#{did.removeprefix('did:key:')}", "authentication")
        assert key.canonical_jwk().decode() == vector["jwk_jcs_text"]
        assert key.to_jwk() == vector["jwk"]


def test_a_did_key_agrees_on_no_secrets():
    did = did_key(P256)
    with pytest.raises(NotAuthentic):
        resolve(did).key(f"#{did.removeprefix('did:key:')}", "keyAgreement")


@pytest.mark.parametrize(
    ("identifier", "error"),
    [
        ("", Malformed),
        ("z", Malformed),
        ("z1111", Unsupported),
        ("zIl0O", Malformed),
        (did_key(P256)[8:] + "1", Unsupported),
        (did_key(P256)[8:-1], Unsupported),
        ("1.1:" + did_key(P256)[8:], Unsupported),
        (did_key(P256)[8:].upper(), Unsupported),
        ("f" + (P256_CODEC + P256.to_compressed()).hex(), Unsupported),
        ("u" + encode_base64url(P256_CODEC + P256.to_compressed()), Unsupported),
        (multikey(b"\xe7\x01", P256.to_compressed()), Unsupported),  # secp256k1
        (multikey(b"\xec\x01", ED25519.point), Unsupported),  # X25519
        (multikey(b"\x85\x24", bytes(270)), Malformed),  # RSA; longer than we read
        (multikey(b"\x80\xa4\x00", P256.to_compressed()), Malformed),  # a varint in more bytes than needed
        (multikey(b"\x99\x99\x01", P256.to_compressed()), Malformed),  # no such codec
        (multikey(P256_CODEC, b""), Malformed),
        (multikey(P256_CODEC, P256.to_compressed()[:-1]), Malformed),
        (multikey(P256_CODEC, b"\x04" + P256.point), Malformed),  # uncompressed
        (multikey(P256_CODEC, b"\x04" + P256.point[:32]), Malformed),
        (multikey(P256_CODEC, b"\x00" + P256.point[:32]), Malformed),
        (multikey(P256_CODEC, b"\x02" + b"\xff" * 32), Malformed),  # beyond the field
        (multikey(P256_CODEC, b"\x02" + bytes(31) + b"\x01"), Malformed),  # T010: no point has this x
        (multikey(b"\x81\x24", P256.to_compressed()), Malformed),  # a P-256 point as one of P-384
        (multikey(b"\xed\x01", ED25519.point + b"\0"), Malformed),
        (multikey(b"\xd1\xd6\x03", b'{"kty":"EC"}'), Unsupported),
        (multikey(b"\xd1\xd6\x03", b"no json"), Malformed),
        (multikey(b"\xd1\xd6\x03", encode_json({**ED25519.to_jwk(), "d": "AA"})), Malformed),  # T009
        (multikey(b"\xd1\xd6\x03", encode_json({**ED25519.to_jwk(), "kid": "1"})), Malformed),
        (
            multikey(b"\xd1\xd6\x03", encode_json({"kty": "OKP", "crv": "Ed25519", "x": ED25519.to_jwk()["x"]})),
            Malformed,
        ),
    ],
)
def test_a_did_key_in_any_other_spelling_is_refused(identifier, error):
    refused(error, f"did:key:{identifier}")


def test_a_did_key_that_costs_time_is_refused_before_it_is_read():
    assert str(MAX_MULTIBASE) in refused(Malformed, "did:key:z" + "2" * MAX_MULTIBASE)


@pytest.mark.parametrize("file", ["basic", "leading_zero", "two_leading_zeros"])
def test_published_base58_is_what_our_library_reads_and_writes(file):
    rows = list(
        csv.reader(vectors(f"multiformats/multibase/{file}.csv").read_text().splitlines(), skipinitialspace=True)
    )
    data = rows[0][1].encode().decode("unicode_escape").encode("latin-1")
    found = dict(rows[1:])["base58btc"]
    assert multibase.decode(found) == data
    assert multibase.encode(data, "base58btc") == found


# A JWK


@pytest.mark.parametrize("key", EVERY_KIND, ids=lambda key: key.crv)
def test_a_jwk_is_a_did(key):
    did = did_jwk(key)
    found = resolve(did)
    assert {found.key(kid, purpose) for kid in (f"{did}#0", "#0") for purpose in PURPOSES} == {key}


def test_the_example_of_the_did_jwk_specification_is_read():
    did = (
        "did:jwk:eyJjcnYiOiJQLTI1NiIsImt0eSI6IkVDIiwieCI6ImFjYklRaXVNczNpOF91c3pFakoydHBUdFJNNEVVM3l6OTFQSDZDZEgyVjAi"
        "LCJ5IjoiX0tjeUxqOXZXTXB0bm1LdG00NkdxRHo4d2Y3NEk1TEtncmwyR3pIM25TRSJ9"
    )
    key = resolve(did).key("#0", "assertionMethod")
    assert key.to_jwk()["x"] == "acbIQiuMs3i8_uszEjJ2tpTtRM4EU3yz91PH6CdH2V0"
    assert did_jwk(key) == did


def jwk_did(**members):
    return "did:jwk:" + encode_base64url(encode_json({**P256.to_jwk(), **members}))


def test_the_use_of_a_jwk_narrows_what_it_is_for():
    signing, agreeing, unknown = (resolve(jwk_did(use=use)) for use in ("sig", "enc", "other"))
    assert signing.key("#0", "assertionMethod") == P256
    assert agreeing.key("#0", "keyAgreement") == P256
    wrong = [(signing, "keyAgreement"), *((agreeing, purpose) for purpose in SIGNING)]
    for found, purpose in [*wrong, *((unknown, purpose) for purpose in PURPOSES)]:
        with pytest.raises(NotAuthentic):
            found.key("#0", purpose)


@pytest.mark.parametrize(
    ("did", "error"),
    [
        ("did:jwk:", Malformed),
        ("did:jwk:e30", Unsupported),
        ("did:jwk:W10", Malformed),
        (did_jwk(P256) + "A", Malformed),
        ("did:jwk:" + encode_base64url(b'{"kty":"EC","kty":"EC"}'), Malformed),
        (jwk_did(kty="oct"), Unsupported),
        (jwk_did(d="AA"), Malformed),  # T009
        (jwk_did(use=1), Malformed),
        (jwk_did(x="AA"), Malformed),  # T010
        (jwk_did(y=encode_base64url(bytes(32))), Malformed),  # T010
    ],
)
def test_a_did_jwk_that_is_no_public_key_is_refused(did, error):
    refused(error, did)


def test_a_did_jwk_with_padding_is_refused():  # T015
    with pytest.raises(Malformed):
        resolve(did_jwk(P256) + "=")


# Any DID


@pytest.mark.parametrize(
    "did",
    [
        "",
        "did",
        "did:",
        "did:key",
        "did::x",
        "did:web:",
        "DID:web:issuer.example",
        "did:Web:issuer.example",
        " did:web:issuer.example",
        f"{did_jwk(P256)}#0",
        f"{WEB}?versionId=1",
        "did:web:issuer.example/a",
        "https://issuer.example",
        "did:web:" + "a:" * MAX_DID,
    ],
)
def test_what_is_no_did_is_refused(did):
    refused(Malformed, did)


@pytest.mark.parametrize("did", ["did:ion:abc", "did:ebsi:zabc", "did:x509:0:sha256:abc", "did:jwk2:abc"])
def test_another_method_is_refused(did):
    assert "method" in refused(Unsupported, did)


def test_only_did_web_asks_the_network():
    for did in (did_key(P256), did_jwk(P256)):
        with pytest.raises(StopIteration):
            next(resolve_did(did))


@given(st.text(max_size=60) | st.from_regex(r"did:(key|jwk|web):[A-Za-z0-9%:._-]{0,60}", fullmatch=True))
@settings(max_examples=100)
def test_no_did_escapes_the_error_family(did):
    with contextlib.suppress(ProtocolError):
        resolve(did)


@given(st.sampled_from(sorted(CURVES)), st.binary(max_size=70))
@settings(max_examples=60)
def test_no_compressed_point_escapes_the_error_family(crv, data):
    with contextlib.suppress(ProtocolError):
        assert PublicKey.from_compressed(crv, data).to_compressed() == data


@given(st.binary(min_size=32, max_size=32))
@settings(max_examples=20)
def test_any_key_comes_back_from_its_did(seed):
    key = Ed25519Key.from_seed(seed).public_key
    assert resolve(did_key(key)).key(f"#{did_key(key)[8:]}", "assertionMethod") == key
    assert resolve(did_jwk(key)).key("#0", "assertionMethod") == key
