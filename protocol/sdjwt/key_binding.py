"""Key binding: the holder signs this presentation for this verifier, now (RFC 9901 §4.3, OID4VP 1.0 App. B.3)."""

from __future__ import annotations

from protocol.encoding import JsonObject, encode_base64url, encode_json, read_json_object
from protocol.errors import Flaw, NotBound, NotForThisRequest
from protocol.fields import Fields
from protocol.holder_binding import ExpectedBinding, KeyBinding
from protocol.jws import check_typ, sign_encoded, verify_signature
from protocol.keys import PublicKey
from protocol.sdjwt.disclosure import digest_of
from protocol.sdjwt.token import SdJwt

TYP = "kb+jwt"
MAX_AHEAD = 60  # seconds that a wallet's clock may be ahead

_AT = "key binding"
_HEADS = {alg: encode_base64url(encode_json({"alg": alg, "typ": TYP})) for alg in ("ES256", "ES384", "ES512", "EdDSA")}


def sign_key_binding(presented: str, binding: KeyBinding) -> str:
    """The key binding JWT for a presentation text that ends in a tilde."""
    claims: JsonObject = {
        "iat": binding.issued_at,
        "aud": binding.audience,
        "nonce": binding.nonce,
        "sd_hash": digest_of(presented),
    }
    if binding.transaction_data_hashes:
        claims["transaction_data_hashes"] = list(binding.transaction_data_hashes)
        if binding.transaction_data_hashes_alg is not None:
            claims["transaction_data_hashes_alg"] = binding.transaction_data_hashes_alg
    return sign_encoded(_HEADS[binding.signer.public_key.alg], encode_json(claims), binding.signer)


def verify_key_binding(token: SdJwt, holder_key: PublicKey, expected: ExpectedBinding) -> None:
    """Check that the holder of this key presented exactly this, for this request (RFC 9901 §7.3).

    Raises:
        NotBound: no key binding, of another type, or not signed by the holder's key (T037, T039, T042).
        NotForThisRequest: for another audience, nonce, time, selection or transaction (T040, T041, T043, T044, T190).
    """
    jws = token.kb_jwt
    if jws is None:
        raise NotBound(f"{_AT}: is missing")
    try:
        check_typ(jws.header, TYP, _AT)
        verify_signature(jws, holder_key, _AT)
        claims = Fields(read_json_object(jws.payload, _AT), _AT)
    except Flaw as flaw:
        raise NotBound(flaw.description) from flaw
    try:
        _check_claims(claims, token.presented, expected)
    except NotForThisRequest:
        raise
    except Flaw as flaw:
        raise NotForThisRequest(flaw.description) from flaw


def _check_claims(claims: Fields, presented: str, expected: ExpectedBinding) -> None:
    # Plain comparison: none of these is a secret from whoever was asked
    if claims.text("aud") != expected.audience:
        raise NotForThisRequest(f"{_AT}: is meant for somebody else")
    if claims.text("nonce") != expected.nonce:
        raise NotForThisRequest(f"{_AT}: answers another request")
    if claims.text("sd_hash") != digest_of(presented):
        raise NotForThisRequest(f"{_AT}: was made for another selection of claims")
    issued_at = claims.time("iat")
    if not expected.now - expected.max_age <= issued_at <= expected.now + MAX_AHEAD:
        raise NotForThisRequest(f"{_AT}: was not made just now")
    _check_transaction_data(claims, expected)


def _check_transaction_data(claims: Fields, expected: ExpectedBinding) -> None:
    found = claims.optional_texts("transaction_data_hashes")
    if found != expected.transaction_data_hashes:
        raise NotForThisRequest(f"{_AT}: authorises another transaction, or none")
    named = expected.transaction_data_hashes_alg
    # OID4VP 1.0 B.3.3.1: required where the request named algorithms; elsewhere sha-256 may be said or go without saying
    if found and claims.optional_text("transaction_data_hashes_alg") not in ((named,) if named else (None, "sha-256")):
        raise NotForThisRequest(f"{_AT}: names another hash algorithm")
