"""The tokens of the JOSE cookbook: those with our algorithms verify, all others are refused.

Vectors. `jose/cookbook`: ES512 and Ed25519 verify. RSA, HMAC, detached and unencoded payloads and the JSON serialisation are
refused, because we accept none of them; `6.nesting_signatures_and_encryption` is RSA too. The `jwe` ones and `ecdh-es` are in
`test_jwe`, the `jwk` ones in `test_keys`.
"""

import json

import pytest

from protocol.encoding import decode_base64url
from protocol.errors import Malformed, NotAuthentic, Unsupported
from protocol.jws import Jws, sign_jws, verify_signature
from protocol.keys import Ed25519Key, PublicKey
from tests.support.keys import P384
from tests.support.vectors import read_vector, vector_files


def read(text):
    return Jws.from_compact(text, "token")


@pytest.mark.parametrize("file", ["jws/4_3.ecdsa_signature", "curve25519/jws"])
def test_published_tokens_with_our_algorithms_verify(file):
    vector = read_vector(f"jose/cookbook/{file}.json")
    public = {name: value for name, value in vector["input"]["key"].items() if name != "d"}
    jws = read(vector["output"]["compact"])
    verify_signature(jws, PublicKey.from_jwk(public), "token")
    assert jws.payload.decode() == vector["input"]["payload"]
    with pytest.raises(NotAuthentic):
        verify_signature(jws, P384, "token")


def test_the_published_ed25519_token_comes_out_of_its_key():
    vector = read_vector("jose/cookbook/curve25519/jws.json")
    signer = Ed25519Key.from_seed(decode_base64url(vector["input"]["key"]["d"]))
    assert sign_jws({}, vector["input"]["payload"].encode(), signer) == vector["output"]["compact"]


OURS = ("4_3.ecdsa_signature",)
OTHERS = [*vector_files("jose/cookbook/jws/*.json"), *vector_files("jose/cookbook/rfc7797/*.json")]


@pytest.mark.parametrize("file", [file for file in OTHERS if not any(name in file.id for name in OURS)])
def test_published_tokens_of_other_kinds_are_refused(file):
    output = json.loads(file.read_bytes())["output"]
    serialised = [output[name] for name in ("compact", "json", "json_flat") if name in output]
    assert serialised
    for form in serialised:
        with pytest.raises((Malformed, Unsupported)):
            read(form if isinstance(form, str) else json.dumps(form))


def test_a_published_nested_token_is_refused():
    nested = json.dumps(read_vector("jose/cookbook/6.nesting_signatures_and_encryption.json"))
    texts = [part for part in nested.split('"') if part.count(".") in (2, 4)]
    assert texts
    for text in texts:
        with pytest.raises((Malformed, Unsupported)):
            read(text)
