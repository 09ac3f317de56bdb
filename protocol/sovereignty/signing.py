"""Who signed an object of ours: an organisation by its access certificate, or the citizen's side by a cockpit key.

Organisations are their registered identifier and country, whatever certificate they sign with; the citizen's side is a key
that was made for one response.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Self

from cryptography import x509
from cryptography.x509.oid import NameOID

from protocol.encoding import JsonObject, JsonValue, encode_base64url, encode_json, sha256
from protocol.errors import NotAuthentic, NotTrusted, NotValidNow, Unsupported
from protocol.fields import Fields
from protocol.jws import Jws, check_typ, sign_jws, verify_jws
from protocol.keys import PublicKey, Signer
from protocol.trust.anchors import Role, TrustAnchors, TrustedParty
from protocol.x509 import Certificate, read_x5c

MAX_OBJECT = 64 * 1024  # characters
MAX_AHEAD = 300  # seconds by which somebody's clock may be ahead of ours
MAX_IDENTIFIER = 1024  # characters
ALGORITHMS = ("ES256", "EdDSA")


@dataclass(frozen=True, slots=True, order=True)
class Organisation:
    """Somebody in a register: what stays when certificates, keys and client ids change."""

    identifier: str  # such as LEIXG-529900T8BM49AURSDO55
    country: str  # ISO 3166-1 alpha-2, and EL or EU

    @classmethod
    def from_fields(cls, organisation: Fields) -> Self:
        """Read the wire form.

        Raises:
            Malformed: a member is missing or has the wrong shape.
        """
        return cls(
            organisation.text("identifier", max_length=MAX_IDENTIFIER), organisation.text("country", max_length=64)
        )

    @classmethod
    def from_certificate(cls, certificate: Certificate, at: str) -> tuple[Self, ...]:
        """Whom an access certificate names: one organisation, or one for each identifier of it.

        Raises:
            NotTrusted: it names no identifier, or not one country.
        """
        name = x509.load_der_x509_certificate(certificate.der).subject
        countries = [str(found.value) for found in name.get_attributes_for_oid(NameOID.COUNTRY_NAME)]
        if len(countries) != 1 or not certificate.identifiers:
            raise NotTrusted(f"{at}: the certificate does not name a registered organisation")
        return tuple([cls(identifier, countries[0]) for identifier in certificate.identifiers])

    def to_dict(self) -> JsonObject:
        """The wire form."""
        return {"identifier": self.identifier, "country": self.country}


@dataclass(frozen=True, slots=True)
class OrganisationObject:
    """What an organisation signed. Whether its certificate was revoked at `issued_at` is a separate question."""

    claims: Fields
    issued_at: int  # epoch seconds
    signer: Organisation
    party: TrustedParty  # with the chain, which is kept with the object
    raw: str


@dataclass(frozen=True, slots=True)
class CockpitObject:
    """What the citizen's side signed with the key of one response."""

    claims: Fields
    issued_at: int  # epoch seconds
    key: PublicKey  # on P-256; whether it is known is for the caller to ask
    raw: str


def hash_text(text: str) -> str:
    """The unpadded base64url SHA-256 of a token, by which objects name each other."""
    return encode_base64url(sha256(text.encode("utf-8", "surrogatepass")))


def sign_as_organisation(typ: str, claims: JsonObject, signer: Signer, x5c: tuple[str, ...]) -> str:
    """A compact JWS of an organisation; `x5c` is its chain without the anchor."""
    _check_own_key(signer)
    return sign_jws({"typ": typ, "x5c": list[JsonValue](x5c)}, encode_json(claims), signer)


def sign_with_cockpit_key(typ: str, claims: JsonObject, signer: Signer) -> str:
    """A compact JWS of the citizen's side."""
    _check_own_key(signer)
    return sign_jws({"typ": typ, "jwk": signer.public_key.to_jwk()}, encode_json(claims), signer)


def verify_organisation_object(
    text: str,
    *,
    typ: str,
    signers: Collection[Organisation],
    anchors: TrustAnchors,
    now: int,
    at: str,
    max_characters: int = MAX_OBJECT,
) -> OrganisationObject:
    """Check what one of some organisations has to have signed, by any certificate of it that was good at `iat`.

    Not checked here: that the certificate was not revoked then.

    Raises:
        TooLarge, Malformed, Unsupported: it cannot be read, or is signed with another algorithm than `ALGORITHMS`.
        NotAuthentic: another type or signature.
        NotTrusted: nobody we trust vouches for the signer, or it is somebody else.
        NotValidNow: from the future, or the certificate was outside its time.
    """
    jws = Jws.from_compact(text, at, max_characters=max_characters)
    check_typ(jws.header, typ, at)
    _check_algorithm(jws, at)
    if not jws.header.x5c:
        raise NotTrusted(f"{at}: says by no certificate who signed it")
    issued_at = _read_issued_at(jws, now, at)
    chain = read_x5c(jws.header.x5c, f"{at} header.x5c")
    party = anchors.chain(chain, role=Role.VERIFIER, now=issued_at, at=at)
    signer = next((found for found in Organisation.from_certificate(chain[0], at) if found in signers), None)
    if signer is None:
        raise NotTrusted(f"{at}: is signed by somebody else")
    return OrganisationObject(verify_jws(jws, chain[0].public_key, typ=typ, at=at), issued_at, signer, party, text)


def verify_cockpit_object(text: str, *, typ: str, now: int, at: str) -> CockpitObject:
    """Check what the citizen's side signed. Whose response the key was made for is for the caller to find.

    Raises:
        TooLarge, Malformed, Unsupported: it cannot be read, or its key is not on P-256.
        NotAuthentic: another type or signature.
        NotValidNow: from the future.
    """
    jws = Jws.from_compact(text, at, max_characters=MAX_OBJECT)
    check_typ(jws.header, typ, at)
    key = PublicKey.from_jwk(jws.header.members.get("jwk"), f"{at} header.jwk")
    if key.crv != "P-256":
        raise Unsupported(f"{at} header.jwk: must be on P-256")
    return CockpitObject(verify_jws(jws, key, typ=typ, at=at), _read_issued_at(jws, now, at), key, text)


def _read_issued_at(jws: Jws, now: int, at: str) -> int:
    issued_at = jws.peek_claims(at).time("iat")
    if issued_at > now + MAX_AHEAD:
        raise NotValidNow(f"{at}: is from the future")
    return issued_at


def _check_algorithm(jws: Jws, at: str) -> None:
    if jws.header.alg not in ALGORITHMS:
        raise NotAuthentic(f"{at}: is signed with an algorithm that is not accepted")


def _check_own_key(signer: Signer) -> None:
    if signer.public_key.alg not in ALGORITHMS:
        raise ValueError("only ES256 and EdDSA")
