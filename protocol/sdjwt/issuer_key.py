"""Whose key signed a credential: by certificate, by DID, or by the issuer's published keys (SD-JWT VC §2.5, HAIP §6.1.1).

Only anchors decide whom we believe. What the token says picks the way to look, and is checked against what is found.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from protocol.did import resolve_did
from protocol.errors import Malformed, NotAuthentic
from protocol.exchange import Exchange, HttpRequest, send
from protocol.fields import Fields, read_https_url
from protocol.jws import Jws
from protocol.keys import PublicKey
from protocol.sdjwt.token import SdJwt
from protocol.trust.anchors import Role, TrustAnchors, TrustedParty
from protocol.x509 import Certificate, read_x5c

MAX_KEYS = 64
WELL_KNOWN = "/.well-known/jwt-vc-issuer"


@dataclass(frozen=True, slots=True)
class IssuerKey:
    """The key that a credential must be signed with, and who holds it."""

    key: PublicKey
    party: TrustedParty


def find_issuer_key(token: SdJwt, anchors: TrustAnchors, *, now: int, at: str = "credential") -> Exchange[IssuerKey]:
    """Find the key that the issuer of a token is entitled to sign with. The signature is not checked here.

    With `x5c` the leaf certificate is the issuer; an `iss` beside it must be a name in that certificate (T049).

    Raises:
        NotTrusted: nobody we trust vouches for the issuer.
        NotAuthentic: the names disagree, or there is no way to find a key.
        Malformed: a certificate, `iss` or the issuer's metadata cannot be read.
        NotValidNow: a certificate is outside its time.
        Unreachable: a DID document or the issuer's keys could not be had.
    """
    header = token.jws.header
    issuer = token.jws.peek_claims(at).optional_text("iss")
    if header.x5c:
        if header.kid is not None and header.kid.startswith("did:"):
            raise NotAuthentic(f"{at}: names its key in two ways")
        chain = read_x5c(header.x5c, f"{at} header.x5c")
        if issuer is not None and not _names(chain[0], issuer, f"{at}.iss"):
            raise NotAuthentic(f"{at}: its iss is not a name in its certificate")
        return IssuerKey(chain[0].public_key, anchors.chain(chain, role=Role.ISSUER, now=now, at=at))
    if issuer is None:
        raise NotAuthentic(f"{at}: says nowhere whose key signed it")
    party = anchors.identified(issuer, role=Role.ISSUER)
    if issuer.startswith("did:"):
        document = yield from resolve_did(issuer)
        return IssuerKey(document.key(header.kid or "", "assertionMethod"), party)
    key = yield from _published_key(read_https_url(issuer, f"{at}.iss"), token.jws)
    return IssuerKey(key, party)


def _names(leaf: Certificate, issuer: str, at: str) -> bool:
    if issuer in leaf.uris:
        return True
    # Read strictly: a host behind a user or a backslash is another one for other readers
    return issuer.startswith("https://") and urlsplit(read_https_url(issuer, at)).hostname in leaf.dns_names


def _published_key(issuer: str, jws: Jws) -> Exchange[PublicKey]:
    """JWT VC issuer metadata (SD-JWT VC §4)."""
    parts = urlsplit(issuer)
    url = f"{parts.scheme}://{parts.netloc}{WELL_KNOWN}{parts.path.rstrip('/')}"
    metadata = yield from _fetch(url)
    if metadata.text("issuer") != issuer:
        raise NotAuthentic(f"{metadata.at}.issuer: is another one")
    jwks = metadata.optional_object("jwks")
    jwks_uri = metadata.optional_https_url("jwks_uri")
    # SD-JWT VC §4.2: either of them, never both
    if (jwks is None) == (jwks_uri is None):
        raise Malformed(metadata.at, "must have either jwks or jwks_uri")
    if jwks is None:
        jwks = yield from _fetch(jwks_uri or "")
    keys = jwks.objects("keys", max_items=MAX_KEYS)
    fitting = [jwk for jwk in keys if jws.header.kid is None or jwk.members.get("kid") == jws.header.kid]
    if len(fitting) != 1:
        raise NotAuthentic(f"{metadata.at}: does not say which key signed")
    return PublicKey.from_jwk(fitting[0].members, fitting[0].at)


def _fetch(url: str) -> Exchange[Fields]:
    at = "issuer's keys"
    response = yield from send(HttpRequest("GET", url, (("accept", "application/json"),)))
    if response.status != 200:
        raise NotAuthentic(f"{at}: answered with status {response.status}")
    return Fields(response.json(at), at)
