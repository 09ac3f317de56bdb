"""Registration certificates: what somebody registered for, in a registrar's word (ETSI TS 119 475 V1.2.1).

They are JWT (`rc-wrp+jwt`) or CWT (`rc-wrp+cwt`), and say the same in either form.

An access certificate says who it is; this says what they may ask for, or issue, and why. Both name the same identifier.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Self

from protocol.cose import check_typ as check_cose_typ
from protocol.credential import ClaimPath, StatusReference
from protocol.cwt import read_claims, read_cwt, sign_cwt
from protocol.dcql.query import ClaimsQuery, CredentialMeta
from protocol.encoding import JsonObject, JsonValue, decode_base64url, encode_json
from protocol.errors import Malformed, NotValidNow, TooLarge
from protocol.fields import MAX_URL, Fields
from protocol.jws import MAX_TOKEN, Jws, check_typ, sign_jws
from protocol.keys import Signer
from protocol.status.reference import read_status, status_claim
from protocol.trust.anchors import Role, TrustAnchors, TrustedParty
from protocol.trust.localized import Localized, read_localized, write_localized
from protocol.trust.signed import verify_cwt_vouched_for, verify_vouched_for
from protocol.x509 import read_x5c

TYP = "rc-wrp+jwt"
TYP_CWT = "rc-wrp+cwt"
ENTITLEMENT = "https://uri.etsi.org/19475/Entitlement/"
SERVICE_PROVIDER = f"{ENTITLEMENT}Service_Provider"
QEAA_PROVIDER = f"{ENTITLEMENT}QEAA_Provider"
NON_Q_EAA_PROVIDER = f"{ENTITLEMENT}Non_Q_EAA_Provider"
PUB_EAA_PROVIDER = f"{ENTITLEMENT}PUB_EAA_Provider"
PID_PROVIDER = f"{ENTITLEMENT}PID_Provider"
POLICY = "0.4.0.19475.3.1"

LONGEST = 366 * 86_400  # seconds; GEN-5.2.4-08: twelve months
CLOCK_SKEW = 60  # seconds
MAX_NAME = 1024  # characters
MAX_CREDENTIALS = 256
MAX_CLAIMS = 1000  # of one credential
MAX_SERVICES = 100
MAX_ITEMS = 64

_AT = "registration certificate"


@dataclass(frozen=True, slots=True)
class RegisteredCredential:
    """A kind of credential, with the claims of it that somebody registered for (class Credential, annex B.2.9)."""

    format: str
    meta: CredentialMeta
    claims: tuple[ClaimPath, ...] = ()  # empty: none that is disclosed selectively

    @classmethod
    def from_fields(cls, credential: Fields) -> Self:
        """Read the wire form.

        Raises:
            Malformed: a member is missing or has the wrong shape.
        """
        credential_format = credential.text("format", max_length=MAX_NAME)
        claims = credential.optional_objects("claim", max_items=MAX_CLAIMS)
        return cls(
            format=credential_format,
            meta=CredentialMeta.from_fields(credential.object("meta"), credential_format),
            claims=tuple([ClaimsQuery.from_fields(claim, credential_format).path for claim in claims]),
        )

    def to_dict(self) -> JsonObject:
        """The wire form."""
        members: JsonObject = {"format": self.format, "meta": self.meta.to_dict()}
        if self.claims:
            members["claim"] = [{"path": [*path]} for path in self.claims]
        return members


class Contact(NamedTuple):
    """How a supervisory authority is reached; each as far as it is known."""

    email: str | None = None
    phone: str | None = None
    uri: str | None = None


class Intermediary(NamedTuple):
    """Who speaks with wallets in somebody's stead."""

    identifier: str  # as in the intermediary's own access certificate
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Registration:
    """What a register says of somebody (§5.2.4, tables 7 to 10)."""

    name: str  # trade name, for people
    identifier: str  # `sub`, such as LEIXG-529900T8BM49AURSDO55 (ETSI EN 319 412-1 §5.1.4)
    country: str
    registry_uri: str
    entitlements: tuple[str, ...]
    privacy_policy: str
    issued_at: int  # epoch seconds
    status: StatusReference
    legal_name: str | None = None  # of a legal person
    given_name: str | None = None  # of a natural person, with the next
    family_name: str | None = None
    services: tuple[tuple[Localized, ...], ...] = ()
    purpose: tuple[Localized, ...] = ()
    credentials: tuple[RegisteredCredential, ...] = ()  # what they may ask for
    provides: tuple[RegisteredCredential, ...] = ()  # what they issue
    intended_use: str | None = None  # identifier in the register
    info_uri: str | None = None
    support_uri: str | None = None  # address or e-mail for deletion and portability
    supervisory_authority: Contact | None = None
    policy_ids: tuple[str, ...] = (POLICY,)
    certificate_policy: str | None = None
    public_body: bool = False
    intermediary: Intermediary | None = None
    expires_at: int | None = None

    @classmethod
    def from_fields(cls, claims: Fields) -> Self:
        """Read the claims; unknown ones are ignored.

        Raises:
            Malformed: a claim is missing or has the wrong shape, or it names neither a legal nor a natural person.
            Unsupported: a status that we cannot look up.
        """
        legal_name = claims.optional_text("sub_ln", max_length=MAX_NAME)
        given_name = claims.optional_text("sub_gn", max_length=MAX_NAME)
        family_name = claims.optional_text("sub_fn", max_length=MAX_NAME)
        if legal_name is None and (given_name is None or family_name is None):
            raise Malformed(claims.at, "must name a legal person or a natural one")
        return cls(
            name=claims.text("name", max_length=MAX_NAME),
            identifier=claims.text("sub", max_length=MAX_NAME),
            country=claims.text("country", max_length=64),
            registry_uri=claims.https_url("registry_uri"),
            entitlements=claims.texts("entitlements", max_items=MAX_ITEMS),
            privacy_policy=claims.https_url("privacy_policy"),
            issued_at=claims.time("iat"),
            status=read_status(claims.object("status")),
            legal_name=legal_name,
            given_name=given_name,
            family_name=family_name,
            services=_read_services(claims),
            purpose=read_localized(claims, "purpose") if "purpose" in claims else (),
            credentials=_read_credentials(claims, "credentials"),
            provides=_read_credentials(claims, "provides_attestations"),
            intended_use=claims.optional_text("intended_use_id", max_length=MAX_NAME),
            info_uri=claims.optional_https_url("info_uri"),
            support_uri=claims.optional_text("support_uri", max_length=MAX_URL),
            supervisory_authority=_read_contact(claims),
            policy_ids=claims.optional_texts("policy_id", max_items=MAX_ITEMS),
            certificate_policy=claims.optional_https_url("certificate_policy"),
            public_body=claims.boolean("public_body", default=False),
            intermediary=_read_intermediary(claims),
            expires_at=claims.optional_time("exp"),
        )

    def to_claims(self) -> JsonObject:
        """The claims of the wire form."""
        contact = self.supervisory_authority or Contact()
        authority: JsonObject = {name: value for name, value in contact._asdict().items() if value is not None}
        optional: JsonObject = {
            "sub_ln": self.legal_name,
            "sub_gn": self.given_name,
            "sub_fn": self.family_name,
            "srv_description": [write_localized(texts) for texts in self.services] or None,
            "purpose": write_localized(self.purpose) or None,
            "credentials": [credential.to_dict() for credential in self.credentials] or None,
            "provides_attestations": [credential.to_dict() for credential in self.provides] or None,
            "intended_use_id": self.intended_use,
            "info_uri": self.info_uri,
            "support_uri": self.support_uri,
            "supervisory_authority": authority or None,
            "policy_id": list[JsonValue](self.policy_ids) or None,
            "certificate_policy": self.certificate_policy,
            "public_body": True if self.public_body else None,
            "exp": self.expires_at,
            **_write_intermediary(self.intermediary),
        }
        return {
            "name": self.name,
            "sub": self.identifier,
            "country": self.country,
            "registry_uri": self.registry_uri,
            "entitlements": list[JsonValue](self.entitlements),
            "privacy_policy": self.privacy_policy,
            "iat": self.issued_at,
            "status": status_claim(self.status),
            **{name: value for name, value in optional.items() if value is not None},
        }


@dataclass(frozen=True, slots=True)
class VerifiedRegistration:
    """A registration in the word of somebody whom we trust to register, inside its time. Its status is a separate question."""

    says: Registration
    provider: TrustedParty


def sign_registration(registration: Registration, signer: Signer, x5c: tuple[str, ...]) -> str:
    """A registration certificate as JWT; `x5c` is the provider's chain without the anchor, and `iat` makes it JAdES B-B."""
    header: JsonObject = {"typ": TYP, "iat": registration.issued_at, "x5c": list[JsonValue](x5c)}
    return sign_jws(header, encode_json(registration.to_claims()), signer)


def sign_registration_cwt(registration: Registration, signer: Signer, x5c: tuple[str, ...]) -> bytes:
    """A registration certificate as CWT; see `sign_registration`."""
    return sign_cwt(registration.to_claims(), signer, typ=TYP_CWT, chain=read_x5c(x5c))


def peek_registration(certificate: str | bytes, at: str = _AT) -> Registration:
    """What a registration certificate says, unverified: for whoever was handed it, to know what it is for.

    Raises:
        NotAuthentic: another type of token.
        Malformed, Unsupported: see `Registration.from_fields`.
    """
    token = _unpack(certificate, at)
    if isinstance(token, str):
        jws = Jws.from_compact(token, at)
        check_typ(jws.header, TYP, at)
        return Registration.from_fields(jws.peek_claims(at))
    message = read_cwt(token, at)
    check_cose_typ(message.header, TYP_CWT, at)
    return Registration.from_fields(read_claims(message.attached(at), at))


def verify_registration(certificate: str | bytes, *, anchors: TrustAnchors, now: int) -> VerifiedRegistration:
    """Check a registration certificate. Whose it is, and what it covers, are for the caller to ask (T170).

    It may be a JWT, a CWT, or the base64url of either, as `verifier_info` and `issuer_info` carry them; what it is shows
    in its first bytes.

    Raises:
        NotTrusted: nobody whom we trust to register vouches for it.
        NotAuthentic: another type, algorithm or signature.
        NotValidNow: expired, from the future, or good for longer than twelve months.
        Malformed, Unsupported: see `Registration.from_fields`.
    """
    token = _unpack(certificate, _AT)
    role = Role.REGISTRATION_PROVIDER
    if isinstance(token, str):
        claims, provider = verify_vouched_for(token, role=role, anchors=anchors, typ=TYP, now=now, at=_AT)
    else:
        claims, provider = verify_cwt_vouched_for(token, role=role, anchors=anchors, typ=TYP_CWT, now=now, at=_AT)
    says = Registration.from_fields(claims)
    if says.issued_at > now + CLOCK_SKEW:
        raise NotValidNow(f"{_AT}: is from the future")
    ends = _ends(says)
    if now >= ends:
        raise NotValidNow(f"{_AT}: has expired")
    if ends - says.issued_at > LONGEST:
        raise NotValidNow(f"{_AT}: is good for longer than twelve months")
    return VerifiedRegistration(says, provider)


def _unpack(certificate: str | bytes, at: str) -> str | bytes:
    """The JWT as text, or the CWT as bytes. A JWT begins as a JSON object does in base64url, and no COSE message does."""
    if isinstance(certificate, str):
        if "." in certificate:
            return certificate
        if len(certificate) > MAX_TOKEN * 4 // 3 + 4:
            raise TooLarge(at, f"is larger than {MAX_TOKEN} bytes")
        certificate = decode_base64url(certificate, at)
    if not certificate.startswith(b"ey"):
        return certificate
    try:
        return certificate.decode("ascii")
    except UnicodeDecodeError as error:
        raise Malformed(at, "is not a signed token") from error


def is_inside_time(registration: Registration, now: int) -> bool:
    """Whether a registration has begun and not ended."""
    return registration.issued_at <= now < _ends(registration)


def _ends(registration: Registration) -> int:
    """GEN-5.2.4-08: twelve months at most, and one that does not say when it ends has no more."""
    return registration.issued_at + LONGEST if registration.expires_at is None else registration.expires_at


def _read_services(claims: Fields) -> tuple[tuple[Localized, ...], ...]:
    """One list of texts for each service, as in annex C; the texts of one service alone, as others write them, too."""
    items = claims.optional_array("srv_description", max_items=MAX_SERVICES) or []
    if items and isinstance(items[0], dict):
        return (read_localized(claims, "srv_description"),)
    at = claims.path("srv_description")
    return tuple([read_localized(Fields({"service": item}, f"{at}[{i}]"), "service") for i, item in enumerate(items)])


def _read_credentials(claims: Fields, name: str) -> tuple[RegisteredCredential, ...]:
    return tuple(map(RegisteredCredential.from_fields, claims.optional_objects(name, max_items=MAX_CREDENTIALS)))


def _read_contact(claims: Fields) -> Contact | None:
    authority = claims.optional_object("supervisory_authority")
    if authority is None:
        return None
    return Contact(*[authority.optional_text(name, max_length=MAX_URL) for name in Contact._fields])


def _read_intermediary(claims: Fields) -> Intermediary | None:
    """Who acts in their stead: `intermediary` (table 10), or `act.sub` alone (GEN-5.2.4-09); both have to agree."""
    found = claims.optional_object("intermediary")
    actor = claims.optional_object("act")
    named = None
    if found is not None:
        name = "sname" if "sname" in found else "name"
        named = Intermediary(found.text("sub", max_length=MAX_NAME), found.optional_text(name, max_length=MAX_NAME))
    if actor is None:
        return named
    acts = actor.text("sub", max_length=MAX_NAME)
    if named is not None and named.identifier != acts:
        raise Malformed(actor.path("sub"), "must be the intermediary")
    return named or Intermediary(acts)


def _write_intermediary(intermediary: Intermediary | None) -> JsonObject:
    if intermediary is None:
        return {}
    member: JsonObject = {"sub": intermediary.identifier}
    if intermediary.name is not None:
        member["sname"] = intermediary.name
    return {"intermediary": member, "act": {"sub": intermediary.identifier}}
