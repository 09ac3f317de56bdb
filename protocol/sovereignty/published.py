"""What a registrar publishes for everybody: one signed document whose number grows, the same bytes for whoever fetches it.

The catalogue of services and the directory of partners are both written and checked like this; what they say is theirs.
"""

from __future__ import annotations

from dataclasses import dataclass

from protocol.encoding import JsonObject, JsonValue, encode_json, read_json_object
from protocol.errors import NotAuthentic, NotTrusted, NotValidNow, RolledBack
from protocol.fields import Fields
from protocol.jws import Jws, check_typ, sign_jws, verify_signature
from protocol.keys import Signer
from protocol.sovereignty.signing import ALGORITHMS, MAX_AHEAD
from protocol.trust.anchors import Role, TrustAnchors, TrustedParty
from protocol.x509 import read_x5c

MAX_PUBLISHED = 16 << 20  # characters of the token


@dataclass(frozen=True, slots=True)
class VerifiedDocument:
    """Claims in the word of a registrar whom we trust, inside their time and no older than what was known."""

    claims: Fields
    publisher: TrustedParty


def sign_published(typ: str, claims: JsonObject, signer: Signer, x5c: tuple[str, ...]) -> str:
    """A document as it is published; `x5c` is the registrar's chain without the anchor."""
    if signer.public_key.alg not in ALGORITHMS:
        raise ValueError("only ES256 and EdDSA")
    token = sign_jws({"typ": typ, "x5c": list[JsonValue](x5c)}, encode_json(claims), signer)
    if len(token) > MAX_PUBLISHED:
        raise ValueError(f"a published document has at most {MAX_PUBLISHED} characters")
    return token


def verify_published(
    text: str, typ: str, at: str, *, anchors: TrustAnchors, now: int, known_seq: int | None
) -> VerifiedDocument:
    """Check a document of a type; `known_seq` is the highest number that was seen from this publisher, None for the first.

    What it says beside `seq`, `iat` and `exp` is not read here.

    Raises:
        NotTrusted: no registrar whom we trust vouches for it.
        NotAuthentic: another type, algorithm or signature.
        NotValidNow: expired, or from the future.
        RolledBack: it is older than one that was seen.
        Malformed, TooLarge, Unsupported: it cannot be read.
    """
    jws = Jws.from_compact(text, at, max_characters=MAX_PUBLISHED)
    check_typ(jws.header, typ, at)
    if jws.header.alg not in ALGORITHMS:
        raise NotAuthentic(f"{at}: is signed with an algorithm that is not accepted")
    if not jws.header.x5c:
        raise NotTrusted(f"{at}: says by no certificate who signed it")
    chain = read_x5c(jws.header.x5c, f"{at} header.x5c")
    publisher = anchors.chain(chain, role=Role.REGISTRATION_PROVIDER, now=now, at=at)
    verify_signature(jws, chain[0].public_key, at)
    claims = Fields(read_json_object(jws.payload, at, max_bytes=MAX_PUBLISHED), at)
    # What is over, or older than what is known, is not worth reading
    if claims.time("iat") > now + MAX_AHEAD:
        raise NotValidNow(f"{at}: is from the future")
    if claims.time("exp") <= now:
        raise NotValidNow(f"{at}: has expired")
    if known_seq is not None and claims.integer("seq") < known_seq:
        raise RolledBack(f"{at}: is older than the one that was seen before")
    return VerifiedDocument(claims, publisher)
