"""JSON Web Signatures in compact and in general JSON form (RFC 7515 §7.1, §7.2.1).

Algorithm and `typ` are pinned by us, never by the token: the algorithm follows from the key that we chose, and a header that
says another one is refused. ES256 goes straight to `cryptography` (see docs/performance.md); the tests hold every signature
against jwcrypto and joserfc.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Self

from protocol.encoding import (
    JsonObject,
    JsonValue,
    decode_base64url,
    encode_base64url,
    encode_json,
    read_json_object,
)
from protocol.errors import Malformed, NotAuthentic, TooLarge, Unsupported
from protocol.fields import Fields
from protocol.keys import SIGNATURE_ALGORITHMS, PublicKey, Signer

MAX_TOKEN = 128 * 1024  # characters
MAX_HEADER = 8 * 1024  # bytes
MAX_CERTIFICATES = 8
MAX_SIGNATURES = 8  # over one payload


@dataclass(frozen=True, slots=True)
class JoseHeader:
    """A protected header, read strictly. Nothing in it is believed; `members` is read-only."""

    alg: str
    typ: str | None
    kid: str | None
    x5c: tuple[str, ...]  # base64 DER, leaf first, as sent
    members: Mapping[str, JsonValue]


@dataclass(frozen=True)
class Jws:
    """A signed token as it came: parsed, not trusted."""

    header: JoseHeader
    payload: bytes
    signature: bytes
    signing_input: bytes
    raw: str

    @classmethod
    def from_compact(cls, token: str, at: str, *, max_characters: int = MAX_TOKEN) -> Self:
        """Take a compact token apart (RFC 7515 §7.1); lists, which are larger than other tokens, have a cap of their own.

        Raises:
            TooLarge: token over its cap or header over 8 KiB.
            Malformed: not three base64url parts, no JSON header, `crit` or `b64` in it, or no signature.
            Unsupported: an algorithm outside our list, `none` among them.
        """
        if len(token) > max_characters:
            raise TooLarge(at, f"is larger than {max_characters} characters")
        parts = token.split(".", 3)
        if len(parts) != 3:
            raise Malformed(at, "is not a signed token")
        header, payload, signature = parts
        if not signature:
            raise Malformed(at, "has no signature")
        return cls(
            header=_read_header(header, at),
            payload=decode_base64url(payload, at),
            signature=decode_base64url(signature, at),
            signing_input=token[: len(header) + 1 + len(payload)].encode("ascii"),
            raw=token,
        )

    def peek_claims(self, at: str) -> Fields:
        """The payload as an object, before anything is verified: it decides nothing but which key to fetch.

        It is read once, also for `verify_jws`, and nobody changes it.

        Raises:
            Malformed: the payload is not a JSON object.
        """
        claims: JsonObject | None = self.__dict__.get("_claims")
        if claims is None:
            claims = self.__dict__["_claims"] = read_json_object(self.payload, at)
        return Fields(claims, at)


def sign_jws(header: JsonObject, payload: bytes, signer: Signer) -> str:
    """A compact JWS; `alg` comes from the signer's key and is put first."""
    head = encode_base64url(encode_json({"alg": signer.public_key.alg, **header}))
    return sign_encoded(head, payload, signer)


def sign_encoded(head: str, payload: bytes, signer: Signer) -> str:
    """A compact JWS with a header that was encoded before; it must name the signer's algorithm."""
    signing_input = f"{head}.{encode_base64url(payload)}"
    return f"{signing_input}.{encode_base64url(signer.sign(signing_input.encode('ascii')))}"


def sign_general_jws(payload: bytes, signatures: Sequence[tuple[JsonObject, Signer]]) -> JsonObject:
    """One payload that several keys sign, each with a protected header of its own (RFC 7515 §7.2.1)."""
    signed = [sign_jws(header, payload, signer).split(".") for header, signer in signatures]
    return {
        "payload": encode_base64url(payload),
        "signatures": [{"protected": protected, "signature": signature} for protected, _, signature in signed],
    }


def read_general_jws(value: object, at: str) -> tuple[str, ...]:
    """Every signature of a general JSON serialization as a compact token over the one payload, in its order.

    Only the frame is checked here; each token is read, and refused, for itself with `Jws.from_compact`.

    Raises:
        TooLarge: over the cap of tokens, or more than `MAX_SIGNATURES`.
        Malformed: a member is missing or has the wrong shape, or the flattened form is mixed in.
        Unsupported: a header outside the signature, which nobody vouches for.
    """
    jws = Fields(value, at)
    # RFC 7515 §7.2.2: the flattened form has one signature beside the payload, and never both
    for name in ("signature", "protected", "header"):
        if name in jws.members:
            raise Malformed(jws.path(name), "must not stand beside signatures")
    payload = jws.text("payload", max_length=MAX_TOKEN)
    tokens = []
    for signature in jws.objects("signatures", max_items=MAX_SIGNATURES):
        if "header" in signature.members:
            raise Unsupported(f"{signature.path('header')}: is not accepted outside the signature")
        parts = (signature.text("protected"), payload, signature.text("signature"))
        if any("." in part for part in parts):
            raise Malformed(signature.at, "must have parts in base64url")
        tokens.append(".".join(parts))
    return tuple(tokens)


def verify_jws(jws: Jws, key: PublicKey, *, typ: str | tuple[str, ...], at: str) -> Fields:
    """Check type, algorithm and signature, and hand out the claims. Times, audience and issuer are not checked here.

    `typ` is what the token must be: a media type, compared without case and with or without `application/`
    (RFC 7515 §4.1.9).

    Raises:
        NotAuthentic: another type, another algorithm than the key's, or a signature that does not hold.
        Malformed: the payload is not a JSON object.
    """
    check_typ(jws.header, typ, at)
    verify_signature(jws, key, at)
    return jws.peek_claims(at)


def check_typ(header: JoseHeader, typ: str | tuple[str, ...], at: str) -> None:
    """Check that a token is of the type that is read here.

    Raises:
        NotAuthentic: another type, or none.
    """
    accepted = (typ,) if isinstance(typ, str) else typ
    found = header.typ or ""
    if found in accepted:
        return
    # Letters outside ASCII may have small forms within it
    if not found.isascii() or found.lower().removeprefix("application/") not in accepted:
        raise NotAuthentic(f"{at}: is not a token of type {accepted[0]}")


def verify_signature(jws: Jws, key: PublicKey, at: str) -> None:
    """Check algorithm and signature only.

    Raises:
        NotAuthentic: another algorithm than the key's, or a signature that does not hold.
    """
    # RFC 9864 §2.2 names Ed25519 apart from EdDSA; both mean the same signature for such a key
    if jws.header.alg != key.alg and not (key.crv == "Ed25519" and jws.header.alg == "Ed25519"):
        raise NotAuthentic(f"{at}: the algorithm does not fit the key")
    try:
        key.verify(jws.signature, jws.signing_input)
    except NotAuthentic as error:
        raise NotAuthentic(f"{at}: {error.description}") from error


@lru_cache(maxsize=512)
def _read_header(text: str, at: str) -> JoseHeader:
    """Cached, because issuers and wallets send the same header again and again; a header is at most 8 KiB."""
    if len(text) > MAX_HEADER * 4 // 3 + 4:
        raise TooLarge(at, f"has a header over {MAX_HEADER} bytes")
    header = Fields(read_json_object(decode_base64url(text, at), f"{at} header"), f"{at} header")
    # RFC 7515 §4.1.11: we understand no extension, so every crit is refused; RFC 7797 likewise
    for name in ("crit", "b64", "zip"):
        if name in header.members:
            raise Unsupported(f"{at} header: {name} is not accepted")
    alg = header.text("alg")
    if alg not in SIGNATURE_ALGORITHMS and alg != "Ed25519":
        raise Unsupported(f"{at} header: this algorithm is not accepted")
    return JoseHeader(
        alg=alg,
        typ=header.optional_text("typ"),
        kid=header.optional_text("kid"),
        x5c=header.texts("x5c", max_items=MAX_CERTIFICATES) if "x5c" in header.members else (),
        members=MappingProxyType(header.members),
    )
