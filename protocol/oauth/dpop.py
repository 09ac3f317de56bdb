"""Demonstrating proof of possession: a token is good only together with its owner's key (RFC 9449)."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from urllib.parse import urlsplit

from protocol.encoding import JsonObject, encode_base64url, encode_json, sha256
from protocol.errors import InvalidDpopProof, Malformed, NotAuthentic, NotValidNow, raised_as
from protocol.fields import Fields
from protocol.jws import Jws, sign_jws, verify_jws
from protocol.keys import PublicKey, Signer

TYP = "dpop+jwt"
MAX_AGE = 300  # seconds
MAX_AHEAD = 60  # seconds
MAX_JTI = 512  # characters
_AT = "DPoP proof"


@dataclass(frozen=True, slots=True)
class VerifiedDpop:
    """A proof that held. That its `jti` is fresh and its nonce good is for the caller to decide, in its store."""

    key: PublicKey
    jti: str
    nonce: str | None
    issued_at: int  # epoch seconds


def sign_dpop_proof(
    signer: Signer,
    *,
    method: str,
    url: str,
    jti: str,
    issued_at: int,
    access_token: str | None = None,
    nonce: str | None = None,
) -> str:
    """A proof for one request (RFC 9449 §4.2)."""
    claims: JsonObject = {"jti": jti, "htm": method, "htu": _without_query(url), "iat": issued_at}
    if access_token is not None:
        claims["ath"] = access_token_hash(access_token)
    if nonce is not None:
        claims["nonce"] = nonce
    return sign_jws({"typ": TYP, "jwk": signer.public_key.to_jwk()}, encode_json(claims), signer)


def verify_dpop_proof(text: str, *, method: str, url: str, access_token: str | None, now: int) -> VerifiedDpop:
    """Check a proof against the request that carries it (RFC 9449 §4.3); `access_token` at a resource, else None.

    Not checked here: replay of `jti`, the nonce, and that the token is bound to this key.

    Raises:
        InvalidDpopProof: any check failed (T100, T102).
    """
    with raised_as(InvalidDpopProof):
        jws = Jws.from_compact(text, _AT)
        key = PublicKey.from_jwk(jws.header.members.get("jwk"), f"{_AT} header.jwk")
        claims = verify_jws(jws, key, typ=TYP, at=_AT)
        if claims.text("htm") != method:
            raise NotAuthentic(f"{_AT}: is for another method")
        htu = claims.text("htu")
        if htu != url and _normalised(htu, claims.path("htu")) != _normalised(url, "url"):
            raise NotAuthentic(f"{_AT}: is for another address")
        issued_at = claims.time("iat")
        if not now - MAX_AGE <= issued_at <= now + MAX_AHEAD:
            raise NotValidNow(f"{_AT}: was not made just now")
        _check_access_token(claims, access_token)
        return VerifiedDpop(key, claims.text("jti", max_length=MAX_JTI), claims.optional_text("nonce"), issued_at)


def access_token_hash(access_token: str) -> str:
    """The `ath` of an access token (RFC 9449 §4.2)."""
    return encode_base64url(sha256(access_token.encode("utf-8", "surrogatepass")))


def _check_access_token(claims: Fields, access_token: str | None) -> None:
    if access_token is None:
        return
    found = claims.text("ath").encode("utf-8", "surrogatepass")
    if not hmac.compare_digest(found, access_token_hash(access_token).encode("ascii")):
        raise NotAuthentic(f"{_AT}: is for another access token")


def _without_query(url: str) -> str:
    return url.split("?", maxsplit=1)[0].split("#", maxsplit=1)[0]


def _normalised(url: str, at: str) -> tuple[str, str, int | None, str]:
    """Scheme, host, port and path, so that two spellings of one address are the same (RFC 9449 §4.3, RFC 3986 §6.2)."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Malformed(at, "is not an address") from error
    default = {"https": 443, "http": 80}.get(parts.scheme)
    return parts.scheme, parts.hostname or "", default if port is None else port, parts.path or "/"
