"""What an issuer says about itself and its credentials: plain, or signed (OID4VCI 1.0 §12.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from protocol.credential import ClaimPath
from protocol.encoding import JsonObject, JsonValue, encode_json
from protocol.errors import Malformed, NotAuthentic, NotValidNow
from protocol.fields import Fields
from protocol.jws import Jws, check_typ, sign_jws, verify_jws
from protocol.keys import Signer
from protocol.trust.anchors import Role, TrustAnchors, TrustedParty
from protocol.x509 import read_x5c

WELL_KNOWN = "openid-credential-issuer"
SIGNED_TYP = "openidvci-issuer-metadata+jwt"
MAX_CONFIGURATIONS = 500
MAX_BATCH = 1000
MAX_NAME = 300  # characters of anything that is shown
CLOCK_SKEW = 60  # seconds


@dataclass(frozen=True, slots=True)
class Display:
    """How something is shown in one language; texts are a stranger's and must be escaped."""

    name: str
    locale: str | None = None
    description: str | None = None
    logo: str | None = None  # URI, https or data
    logo_alt: str | None = None
    background_color: str | None = None
    text_color: str | None = None

    @classmethod
    def from_fields(cls, display: Fields) -> Self:
        """Read one element of a `display`.

        Raises:
            Malformed: a member has the wrong shape.
        """
        logo = display.optional_object("logo")
        return cls(
            name=display.text("name", max_length=MAX_NAME),
            locale=display.optional_text("locale", max_length=35),
            description=display.optional_text("description", max_length=4 * MAX_NAME),
            logo=logo.optional_text("uri") if logo else None,
            logo_alt=logo.optional_text("alt_text", max_length=MAX_NAME) if logo else None,
            background_color=display.optional_text("background_color", max_length=32),
            text_color=display.optional_text("text_color", max_length=32),
        )

    def to_dict(self) -> dict[str, JsonValue]:
        """The wire form."""
        logo: dict[str, JsonValue] = {"uri": self.logo, "alt_text": self.logo_alt} if self.logo else {}
        members: dict[str, JsonValue] = {
            "name": self.name,
            "locale": self.locale,
            "description": self.description,
            "logo": {name: value for name, value in logo.items() if value is not None} or None,
            "background_color": self.background_color,
            "text_color": self.text_color,
        }
        return {name: value for name, value in members.items() if value is not None}


def choose_display(displays: tuple[Display, ...], language: str) -> Display | None:
    """The one in a language (`de` finds `de-DE`), else the first; None if there is none."""
    fitting = (d for d in displays if (d.locale or "").lower().split("-")[0] == language.lower().split("-")[0])
    return next(fitting, displays[0] if displays else None)


@dataclass(frozen=True, slots=True)
class ClaimDescription:
    """What a claim is called (OID4VCI 1.0 App. B.2)."""

    path: ClaimPath
    display: tuple[Display, ...] = ()
    mandatory: bool = False

    @classmethod
    def from_fields(cls, claim: Fields) -> Self:
        """Read one element of `claims`.

        Raises:
            Malformed: a member has the wrong shape.
        """
        path: list[str | int | None] = []
        for step in claim.array("path", max_items=32):
            if isinstance(step, bool | float | list | dict):
                raise Malformed(claim.path("path"), "must have names, indices and null only")
            path.append(step)
        return cls(
            path=tuple(path),
            display=tuple(map(Display.from_fields, claim.optional_objects("display", max_items=64))),
            mandatory=claim.boolean("mandatory", default=False),
        )

    def to_dict(self) -> dict[str, JsonValue]:
        """The wire form."""
        return {
            "path": list(self.path),
            "mandatory": self.mandatory,
            "display": [display.to_dict() for display in self.display],
        }


@dataclass(frozen=True, slots=True)
class CredentialConfiguration:
    """One kind of credential that an issuer offers (OID4VCI 1.0 §12.2.4, App. A.3 for dc+sd-jwt)."""

    format: str
    type: str | None  # vct or doctype; None: a format that we do not know
    scope: str | None = None
    proof_algorithms: tuple[str, ...] = ()  # for proofs of type jwt
    key_attestations_required: bool = False
    bound: bool = True  # to a holder's key
    display: tuple[Display, ...] = ()
    claims: tuple[ClaimDescription, ...] = ()

    @classmethod
    def from_fields(cls, configuration: Fields) -> Self:
        """Read one member of `credential_configurations_supported`.

        Raises:
            Malformed: a member has the wrong shape.
        """
        types = configuration.optional_object("proof_types_supported")
        jwt = types.optional_object("jwt") if types else None
        shown = configuration.optional_object("credential_metadata")
        return cls(
            format=configuration.text("format", max_length=100),
            type=configuration.optional_text("vct") or configuration.optional_text("doctype"),
            scope=configuration.optional_text("scope", max_length=MAX_NAME),
            proof_algorithms=tuple(
                alg for alg in (jwt.array("proof_signing_alg_values_supported") if jwt else []) if isinstance(alg, str)
            ),
            key_attestations_required=jwt is not None and "key_attestations_required" in jwt.members,
            bound="cryptographic_binding_methods_supported" in configuration,
            display=tuple(map(Display.from_fields, shown.optional_objects("display", max_items=64))) if shown else (),
            claims=tuple(map(ClaimDescription.from_fields, shown.optional_objects("claims"))) if shown else (),
        )

    def to_dict(self) -> JsonObject:
        """The wire form for `dc+sd-jwt`."""
        optional: JsonObject = {"vct": self.type, "scope": self.scope}
        members: JsonObject = {
            "format": self.format,
            **{name: value for name, value in optional.items() if value is not None},
            "credential_signing_alg_values_supported": ["ES256"],
            "credential_metadata": {
                "display": [display.to_dict() for display in self.display],
                "claims": [claim.to_dict() for claim in self.claims],
            },
        }
        if self.bound:
            members["cryptographic_binding_methods_supported"] = ["jwk"]
            algorithms: list[JsonValue] = list(self.proof_algorithms)
            members["proof_types_supported"] = {"jwt": {"proof_signing_alg_values_supported": algorithms}}
        return members


@dataclass(frozen=True, slots=True)
class CredentialIssuerMetadata:
    """An issuer's endpoints and what it issues."""

    credential_issuer: str
    credential_endpoint: str
    nonce_endpoint: str | None = None
    notification_endpoint: str | None = None
    authorization_servers: tuple[str, ...] = ()  # empty: the issuer itself
    batch_size: int | None = None
    display: tuple[Display, ...] = ()
    configurations: Mapping[str, CredentialConfiguration] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, value: object, at: str = "credential_issuer_metadata") -> Self:
        """Read the wire form; unknown members are ignored.

        Raises:
            Malformed: a member is missing or has the wrong shape.
        """
        issuer = Fields(value, at)
        offered = issuer.object("credential_configurations_supported")
        if len(offered.members) > MAX_CONFIGURATIONS:
            raise Malformed(offered.at, f"must have at most {MAX_CONFIGURATIONS} members")
        batch = issuer.optional_object("batch_credential_issuance")
        return cls(
            credential_issuer=issuer.https_url("credential_issuer"),
            credential_endpoint=issuer.https_url("credential_endpoint"),
            nonce_endpoint=issuer.optional_https_url("nonce_endpoint"),
            notification_endpoint=issuer.optional_https_url("notification_endpoint"),
            authorization_servers=issuer.optional_texts("authorization_servers", max_items=16),
            batch_size=batch.integer("batch_size", minimum=2, maximum=1 << 31) if batch else None,
            display=tuple(map(Display.from_fields, issuer.optional_objects("display", max_items=64))),
            configurations={
                name: CredentialConfiguration.from_fields(offered.object(name)) for name in offered.members
            },
        )

    def to_dict(self) -> JsonObject:
        """The wire form."""
        optional: JsonObject = {
            "nonce_endpoint": self.nonce_endpoint,
            "notification_endpoint": self.notification_endpoint,
            "authorization_servers": list(self.authorization_servers) or None,
            "batch_credential_issuance": {"batch_size": self.batch_size} if self.batch_size else None,
        }
        return {
            "credential_issuer": self.credential_issuer,
            "credential_endpoint": self.credential_endpoint,
            **{name: value for name, value in optional.items() if value is not None},
            "display": [display.to_dict() for display in self.display],
            "credential_configurations_supported": {
                name: configuration.to_dict() for name, configuration in self.configurations.items()
            },
        }


def sign_metadata(
    metadata: CredentialIssuerMetadata, signer: Signer, *, x5c: tuple[str, ...], issued_at: int, expires_at: int
) -> str:
    """Metadata as a JWT (§12.2.3), served as `application/jwt`."""
    identifier = metadata.credential_issuer
    claims: JsonObject = {"iss": identifier, "sub": identifier, "iat": issued_at, "exp": expires_at}
    header: JsonObject = {"typ": SIGNED_TYP, "x5c": list[JsonValue](x5c)}
    return sign_jws(header, encode_json({**metadata.to_dict(), **claims}), signer)


def verify_signed_metadata(
    text: str, *, identifier: str, anchors: TrustAnchors, now: int
) -> tuple[CredentialIssuerMetadata, TrustedParty]:
    """Check signed metadata and who signed it.

    Raises:
        NotAuthentic: another type or signature, or about another issuer (T148).
        NotTrusted: nobody we trust vouches for the signer.
        NotValidNow: expired, or not valid yet.
        Malformed: a member is missing or has the wrong shape.
    """
    at = "signed metadata"
    jws = Jws.from_compact(text, at)
    check_typ(jws.header, SIGNED_TYP, at)
    chain = read_x5c(jws.header.x5c, f"{at} header.x5c")
    party = anchors.chain(chain, role=Role.ISSUER, now=now, at=at)
    claims = verify_jws(jws, chain[0].public_key, typ=SIGNED_TYP, at=at)
    if claims.text("sub") != identifier:
        raise NotAuthentic(f"{at}: is about another issuer")
    expires_at = claims.optional_time("exp")
    if claims.time("iat") > now + CLOCK_SKEW or (expires_at is not None and now >= expires_at):
        raise NotValidNow(f"{at}: is outside its time")
    return check_metadata(CredentialIssuerMetadata.from_dict(claims.members, at), identifier), party


def check_metadata(metadata: CredentialIssuerMetadata, identifier: str) -> CredentialIssuerMetadata:
    """Check that metadata is about the issuer that was asked (§12.2.1), byte for byte (T148).

    Raises:
        NotAuthentic: about another one.
    """
    if metadata.credential_issuer != identifier:
        raise NotAuthentic("credential_issuer: is another one than was asked for")
    return metadata
