"""Libraries that are not ours read what we write, and we read what they write."""

import json
import os
from typing import Any

import pytest
from joserfc import jwe as joserfc_jwe
from joserfc import jws as joserfc_jws
from joserfc.jwk import ECKey
from jwcrypto import jwe as jwcrypto_jwe
from jwcrypto import jwk as jwcrypto_jwk
from jwcrypto import jws as jwcrypto_jws
from openvc import jwe as openvc_jwe
from openvc.keys import P256KeyAgreementKey

from protocol.encoding import encode_base64url
from protocol.errors import NotAuthentic
from protocol.jwe import ENCRYPTIONS, Jwe, decrypt_jwe, encrypt_jwe
from protocol.jws import Jws, read_general_jws, sign_general_jws, sign_jws, verify_jws
from protocol.keys import P256Key

KEY = P256Key.generate(os.urandom)
PUBLIC_JWK: dict[str, Any] = dict(KEY.public_key.to_jwk())
JWK: dict[str, Any] = {**PUBLIC_JWK, "d": encode_base64url(KEY.to_scalar())}
PAYLOAD = b'{"given_name":"Erika"}'
PARTIES = [{}, {"apu": b"Alice", "apv": b"Bob"}]


def theirs_by_jwcrypto(enc, parties):
    header = {"alg": "ECDH-ES", "enc": enc, "kid": "1", **{name: encode_base64url(v) for name, v in parties.items()}}
    token = jwcrypto_jwe.JWE(PAYLOAD, protected=json.dumps(header))
    token.add_recipient(jwcrypto_jwk.JWK(**PUBLIC_JWK))
    return token.serialize(compact=True)


def theirs_by_joserfc(enc, parties):
    header = {"alg": "ECDH-ES", "enc": enc, "kid": "1", **{name: encode_base64url(v) for name, v in parties.items()}}
    return joserfc_jwe.encrypt_compact(header, PAYLOAD, ECKey.import_key(PUBLIC_JWK))


def opened_by_jwcrypto(token):
    opened = jwcrypto_jwe.JWE()
    opened.deserialize(token, key=jwcrypto_jwk.JWK(**JWK))
    return opened.payload


def opened_by_joserfc(token):
    return joserfc_jwe.decrypt_compact(token, ECKey.import_key(JWK)).plaintext


def opened_by_openvc(token):
    return openvc_jwe.decrypt_compact(token, key=P256KeyAgreementKey.from_jwk(JWK, "1"))


@pytest.mark.parametrize("parties", PARTIES, ids=["plain", "party info"])
@pytest.mark.parametrize("enc", ENCRYPTIONS)
@pytest.mark.parametrize("open_token", [opened_by_jwcrypto, opened_by_joserfc, opened_by_openvc])
def test_they_open_what_we_encrypt(open_token, enc, parties):
    token = encrypt_jwe(
        PAYLOAD, KEY.public_key, enc=enc, kid="1", ephemeral=P256Key.fresh(), random_bytes=os.urandom, **parties
    )
    assert open_token(token) == PAYLOAD


@pytest.mark.parametrize("parties", PARTIES, ids=["plain", "party info"])
@pytest.mark.parametrize("enc", ENCRYPTIONS)
@pytest.mark.parametrize("encrypt", [theirs_by_jwcrypto, theirs_by_joserfc])
def test_we_open_what_they_encrypt(encrypt, enc, parties):
    jwe = Jwe.from_compact(encrypt(enc, parties))
    assert (jwe.enc, jwe.kid) == (enc, "1")
    assert decrypt_jwe(jwe, KEY) == PAYLOAD


def test_they_verify_what_we_sign():
    token = sign_jws({"typ": "test+jwt"}, PAYLOAD, KEY)
    by_jwcrypto = jwcrypto_jws.JWS()
    by_jwcrypto.deserialize(token, key=jwcrypto_jwk.JWK(**PUBLIC_JWK), alg="ES256")
    assert by_jwcrypto.payload == PAYLOAD
    by_joserfc = joserfc_jws.deserialize_compact(token, ECKey.import_key(PUBLIC_JWK), algorithms=["ES256"])
    assert by_joserfc.payload == PAYLOAD


def signed_by_jwcrypto():
    token = jwcrypto_jws.JWS(PAYLOAD)
    token.add_signature(jwcrypto_jwk.JWK(**JWK), alg="ES256", protected='{"alg":"ES256","typ":"test+jwt"}')
    return token.serialize(compact=True)


def signed_by_joserfc():
    return joserfc_jws.serialize_compact({"alg": "ES256", "typ": "test+jwt"}, PAYLOAD, ECKey.import_key(JWK))


@pytest.mark.parametrize("sign", [signed_by_jwcrypto, signed_by_joserfc])
def test_we_verify_what_they_sign(sign):
    jws = Jws.from_compact(sign(), "token")
    assert verify_jws(jws, KEY.public_key, typ="test+jwt", at="token").text("given_name") == "Erika"
    with pytest.raises(NotAuthentic):
        verify_jws(jws, P256Key.generate(os.urandom).public_key, typ="test+jwt", at="token")


def test_they_verify_what_several_of_us_sign_and_we_what_they_sign():
    other = P256Key.generate(os.urandom)
    keys = {"1": KEY, "2": other}
    ours = sign_general_jws(PAYLOAD, [({"typ": "test+jwt", "kid": kid}, key) for kid, key in keys.items()])
    for key in keys.values():
        judge = jwcrypto_jws.JWS()
        judge.deserialize(json.dumps(ours))
        judge.verify(jwcrypto_jwk.JWK(**key.public_key.to_jwk()), alg="ES256")
        assert judge.payload == PAYLOAD
    theirs = jwcrypto_jws.JWS(PAYLOAD)
    theirs.add_signature(jwcrypto_jwk.JWK(**JWK), alg="ES256", protected='{"alg":"ES256","typ":"test+jwt","kid":"1"}')
    theirs.add_signature(
        jwcrypto_jwk.JWK.from_pem(other.to_pem()), alg="ES256", protected='{"alg":"ES256","typ":"test+jwt","kid":"2"}'
    )
    for text in read_general_jws(json.loads(theirs.serialize()), "token"):
        jws = Jws.from_compact(text, "token")
        claims = verify_jws(jws, keys[jws.header.kid].public_key, typ="test+jwt", at="token")
        assert claims.text("given_name") == "Erika"
