"""The key proof: a wallet shows that it holds the key that a credential is to be bound to (OID4VCI 1.0 §8.2.1.1, App. F)."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from protocol.encoding import JsonObject, encode_json
from protocol.errors import InvalidProof, Malformed, NotAuthentic, NotValidNow, raised_as
from protocol.jws import Jws, sign_jws, verify_jws
from protocol.keys import PublicKey, Signer

TYP = "openid4vci-proof+jwt"
MAX_AGE = 300  # seconds
MAX_AHEAD = 60  # seconds
ALGORITHMS = ("ES256",)  # what we announce in `proof_signing_alg_values_supported`
_KEY_SOURCES = ("jwk", "kid", "x5c", "trust_chain")
_AT = "key proof"


@dataclass(frozen=True, slots=True)
class VerifiedProof:
    """A proof that held. That its nonce is ours and fresh is for the caller to decide."""

    key: PublicKey
    nonce: str | None
    issuer: str | None  # client_id of the wallet, as it says


def sign_proof(
    signer: Signer, *, audience: str, nonce: str | None, issued_at: int, client_id: str | None = None
) -> str:
    """A proof of the signer's key for one issuer (OID4VCI 1.0 App. F.1)."""
    claims: JsonObject = {"aud": audience, "iat": issued_at}
    if nonce is not None:
        claims["nonce"] = nonce
    if client_id is not None:
        claims["iss"] = client_id
    return sign_jws({"typ": TYP, "jwk": signer.public_key.to_jwk()}, encode_json(claims), signer)


def verify_proof(text: str, *, audience: str, now: int) -> VerifiedProof:
    """Check a key proof (OID4VCI 1.0 App. F.4); `audience` is the credential issuer identifier.

    Raises:
        InvalidProof: any check failed (T120 to T124).
    """
    with raised_as(InvalidProof):
        jws = Jws.from_compact(text, _AT)
        if jws.header.alg not in ALGORITHMS:
            raise NotAuthentic(f"{_AT}: this algorithm is not offered here")
        sources = [name for name in _KEY_SOURCES if name in jws.header.members]
        # App. F.1: exactly one; we announce the binding method jwk and no other
        if sources != ["jwk"]:
            raise Malformed(f"{_AT} header", "must name its key by jwk, and in no other way")
        key = PublicKey.from_jwk(jws.header.members["jwk"], f"{_AT} header.jwk")
        return check_signed_by(jws, key, audience=audience, now=now)


def check_signed_by(jws: Jws, key: PublicKey, *, audience: str, now: int) -> VerifiedProof:
    """Check all of a key proof but how its header names the key.

    Raises:
        NotAuthentic: another type, signature or audience.
        NotValidNow: not made just now.
        Malformed: a claim is missing or has the wrong shape.
    """
    claims = verify_jws(jws, key, typ=TYP, at=_AT)
    if not hmac.compare_digest(claims.text("aud").encode("utf-8", "surrogatepass"), audience.encode()):
        raise NotAuthentic(f"{_AT}: is meant for somebody else")
    if not now - MAX_AGE <= claims.time("iat") <= now + MAX_AHEAD:
        raise NotValidNow(f"{_AT}: was not made just now")
    return VerifiedProof(key, claims.optional_text("nonce"), claims.optional_text("iss"))
