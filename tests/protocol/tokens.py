"""Tokens that are signed and read in tests."""

import pytest

from protocol.encoding import encode_base64url, encode_json
from protocol.errors import ProtocolError
from protocol.jws import (
    Jws,
    sign_encoded,
    sign_jws,
    verify_jws,
)
from protocol.keys import Ed25519Key
from tests.support.pki import seeded_key

KEY = seeded_key(1)
OTHER_KEY = seeded_key(2)
ED_KEY = Ed25519Key.from_seed(bytes(32))
TYP = "example+jwt"
CLAIMS = {"sub": "erika", "n": 1}
TOKEN = sign_jws({"typ": TYP, "kid": "1"}, encode_json(CLAIMS), KEY)


def token(payload=None, *, signer=KEY, **header):
    """A token with any header; a member that is `...` is left out."""
    members = {
        name: value for name, value in {"alg": signer.public_key.alg, "typ": TYP, **header}.items() if value is not ...
    }
    body = encode_json(CLAIMS) if payload is None else payload
    return sign_encoded(encode_base64url(encode_json(members)), body, signer)


def read(text):
    return Jws.from_compact(text, "token")


def verify(text, key=KEY.public_key, typ=TYP):
    return verify_jws(read(text), key, typ=typ, at="token").members


def refused(error, text, **options):
    with pytest.raises(ProtocolError) as refusal:
        verify(text, **options)
    assert type(refusal.value) is error
    assert refusal.value.description.startswith("token")
    return refusal.value.description
