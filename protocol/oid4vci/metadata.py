"""What an issuer says about itself and its credentials: plain, or signed (OID4VCI 1.0 §12.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from protocol.credential import ClaimPath
from protocol.encoding import JsonObject, JsonValue, encode_json
from protocol.errors import Malformed, NotAuthentic, NotValidNow
from protocol.fields import Fields
from protocol.jws import sign_jws
from protocol.keys import Signer
from protocol.oauth.metadata import read_identifier
from protocol.oid4vci.encryption import RequestEncryption, ResponseEncryption
from protocol.oid4vci.key_attestation import KeyRequirements
from protocol.oid4vci.proof import ALGORITHMS
from protocol.sovereignty.cockpit import announce, announced_in_metadata
from protocol.trust.anchors import Role, TrustAnchors, TrustedParty
from protocol.trust.carried import Carried, read_carried, write_carried
from protocol.trust.disclosure_policy import DISCLOSURE_POLICY
from protocol.trust.signed import verify_vouched_for

WELL_KNOWN = "openid-credential-issuer"
SIGNED_TYP = "openidvci-issuer-metadata+jwt"
MAX_CONFIGURATIONS = 500
MAX_BATCH = 1000
MAX_NAME = 300  # characters of anything that is shown
MAX_LOGO = 64 * 1024  # characters of its URI
MAX_LANGUAGES = 64
CLOCK_SKEW = 60  # seconds

_TYPE_MEMBERS = {"dc+sd-jwt": "vct", "mso_mdoc": "doctype"}  # OID4VCI 1.0 App. A.2.2, A.3.2


@dataclass(frozen=True, slots=True)
class Display:
    """How something is shown in one language; texts are a stranger's and must be escaped.

    Only `name` has to be there. An empty text counts as none, and a picture that is too large is left out.
    """

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
        uri = logo.members.get("uri") if logo else None
        has_logo = isinstance(uri, str) and 0 < len(uri) <= MAX_LOGO
        return cls(
            name=display.text("name", max_length=MAX_NAME),
            locale=_shown(display, "locale", 35),
            description=_shown(display, "description", 4 * MAX_NAME),
            logo=logo.text("uri") if logo and has_logo else None,
            logo_alt=_shown(logo, "alt_text", MAX_NAME) if logo and has_logo else None,
            background_color=_shown(display, "background_color", 32),
            text_color=_shown(display, "text_color", 32),
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


def _shown(display: Fields, name: str, max_length: int) -> str | None:
    return display.text(name, max_length=max_length) if display.members.get(name) else None


def _read_displays(fields: Fields) -> tuple[Display, ...]:
    """The elements that have a name: for issuers and claims it is optional (§12.2.4, App. B.2), and the rest is of no use."""
    items = fields.possibly_empty_array("display", max_items=MAX_LANGUAGES)
    displays = (Fields(item, f"{fields.path('display')}[{i}]") for i, item in enumerate(items))
    return tuple(Display.from_fields(display) for display in displays if display.members.get("name"))


def _write_displays(displays: tuple[Display, ...]) -> dict[str, JsonValue]:
    """No display is no member: an empty array is not allowed (§12.2.4)."""
    return {"display": [display.to_dict() for display in displays]} if displays else {}


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
            if isinstance(step, bool | float | list | dict) or (isinstance(step, int) and step < 0):
                raise Malformed(claim.path("path"), "must have names, indices and null only")
            path.append(step)
        return cls(
            path=tuple(path),
            display=_read_displays(claim),
            mandatory=claim.boolean("mandatory", default=False),
        )

    def to_dict(self) -> dict[str, JsonValue]:
        """The wire form."""
        return {"path": list(self.path), "mandatory": self.mandatory, **_write_displays(self.display)}


def _read_claims(shown: Fields) -> tuple[ClaimDescription, ...]:
    items = shown.possibly_empty_array("claims")
    claims = tuple(
        ClaimDescription.from_fields(Fields(item, f"{shown.path('claims')}[{i}]")) for i, item in enumerate(items)
    )
    # App. B.3: a repeated or contradictory description must not be used
    paths = [claim.path for claim in claims]
    kinds: dict[ClaimPath, type] = {}
    for path in paths:
        for depth, step in enumerate(path):
            if kinds.setdefault(path[:depth], type(step)) is not type(step):
                raise Malformed(shown.path("claims"), "describes a claim in ways that do not fit together")
    if len(set(paths)) != len(paths):
        raise Malformed(shown.path("claims"), "describes a claim twice")
    return claims


@dataclass(frozen=True, slots=True)
class CredentialConfiguration:
    """One kind of credential that an issuer offers (OID4VCI 1.0 §12.2.4, App. A).

    `to_dict` writes everything that is kept here; what concerns other formats and proof types is not. Where the two proof
    types ask for different attestations, what the type jwt asks for counts.
    """

    format: str
    type: str | None  # vct or doctype; None: a format that we do not know
    scope: str | None = None
    signing_algorithms: tuple[str | int, ...] = ("ES256",)  # of the credential; numbers are COSE's
    binding_methods: tuple[str, ...] = ("jwk",)
    proof_algorithms: tuple[str, ...] = ALGORITHMS  # for proofs of type jwt; empty: none of that type is taken
    attestation_algorithms: tuple[str, ...] = ()  # for proofs of type attestation; empty: none of that type is taken
    key_attestations_required: KeyRequirements | None = None  # in proofs of either type; None: not asked for
    display: tuple[Display, ...] = ()
    claims: tuple[ClaimDescription, ...] = ()
    disclosure_policy: JsonObject | None = (
        None  # as it came (ETSI TS 119 472-3 §4.2.5.2); see `trust.disclosure_policy`
    )

    @classmethod
    def from_fields(cls, configuration: Fields) -> Self:
        """Read one member of `credential_configurations_supported`.

        Raises:
            Malformed: a member is missing or has the wrong shape, or its claims contradict one another.
        """
        format_id = configuration.text("format", max_length=100)
        type_member = _TYPE_MEMBERS.get(format_id)
        types = configuration.optional_object("proof_types_supported")
        jwt = types.optional_object("jwt") if types else None
        attestation = types.optional_object("attestation") if types else None
        shown = configuration.optional_object("credential_metadata")
        policy = configuration.optional_object(DISCLOSURE_POLICY)
        signing = configuration.possibly_empty_array("credential_signing_alg_values_supported")
        return cls(
            format=format_id,
            type=configuration.text(type_member) if type_member else None,
            scope=configuration.optional_text("scope", max_length=MAX_NAME),
            signing_algorithms=tuple(alg for alg in signing if type(alg) in (str, int) and isinstance(alg, str | int)),
            binding_methods=configuration.optional_texts("cryptographic_binding_methods_supported"),
            proof_algorithms=jwt.texts("proof_signing_alg_values_supported") if jwt else (),
            attestation_algorithms=attestation.texts("proof_signing_alg_values_supported") if attestation else (),
            key_attestations_required=_read_requirements(jwt or attestation),
            display=_read_displays(shown) if shown else (),
            claims=_read_claims(shown) if shown else (),
            disclosure_policy=policy.members if policy else None,
        )

    @property
    def bound(self) -> bool:
        """Whether a credential is bound to a holder's key, so that its request needs a proof (§8.2)."""
        return bool(self.binding_methods or self.proof_algorithms or self.attestation_algorithms)

    def to_dict(self) -> JsonObject:
        """The wire form."""
        type_member = _TYPE_MEMBERS.get(self.format)
        shown: JsonObject = dict(_write_displays(self.display))
        if self.claims:
            shown["claims"] = [claim.to_dict() for claim in self.claims]
        members: JsonObject = {"format": self.format}
        if type_member is not None:
            members[type_member] = self.type
        if self.scope is not None:
            members["scope"] = self.scope
        if self.signing_algorithms:
            members["credential_signing_alg_values_supported"] = list(self.signing_algorithms)
        if self.binding_methods:
            members["cryptographic_binding_methods_supported"] = list(self.binding_methods)
        required = self.key_attestations_required
        asked: JsonObject = {} if required is None else {"key_attestations_required": required.to_dict()}
        types: JsonObject = {
            name: {"proof_signing_alg_values_supported": list(algorithms), **asked}
            for name, algorithms in (("jwt", self.proof_algorithms), ("attestation", self.attestation_algorithms))
            if algorithms
        }
        if types:
            members["proof_types_supported"] = types
        # Peers recognise 1.0 by this member, so it stands there even when it is empty
        members["credential_metadata"] = shown
        if self.disclosure_policy is not None:
            members[DISCLOSURE_POLICY] = self.disclosure_policy
        return members


@dataclass(frozen=True, slots=True)
class CredentialIssuerMetadata:
    """An issuer's endpoints and what it issues."""

    credential_issuer: str
    credential_endpoint: str
    nonce_endpoint: str | None = None
    notification_endpoint: str | None = None
    authorization_servers: tuple[str, ...] = ()  # empty: the issuer itself
    batch_size: int | None = None  # key proofs in one request; None: one
    request_encryption: RequestEncryption | None = None  # None: requests are not encrypted
    response_encryption: ResponseEncryption | None = None
    preferred_client_status_period: int | None = (
        None  # seconds that a wallet's status should still be kept (TS3 1.5 §2.4)
    )
    display: tuple[Display, ...] = ()
    configurations: Mapping[str, CredentialConfiguration] = field(default_factory=dict)
    issuer_info: tuple[Carried, ...] = ()  # what others say of the issuer (ETSI TS 119 472-3 §4.2.3), not checked
    cockpit_endpoint: str | None = None  # ours (docs/sovereignty/receipts.md); one that cannot be read is none

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
        request = issuer.optional_object("credential_request_encryption")
        response = issuer.optional_object("credential_response_encryption")
        servers = issuer.optional_array("authorization_servers", max_items=16) or []
        return cls(
            credential_issuer=read_identifier(issuer.required("credential_issuer"), issuer.path("credential_issuer")),
            credential_endpoint=issuer.https_url("credential_endpoint"),
            nonce_endpoint=issuer.optional_https_url("nonce_endpoint"),
            notification_endpoint=issuer.optional_https_url("notification_endpoint"),
            authorization_servers=tuple(
                read_identifier(server, f"{issuer.path('authorization_servers')}[{i}]")
                for i, server in enumerate(servers)
            ),
            batch_size=batch.integer("batch_size", minimum=2, maximum=1 << 31) if batch else None,
            request_encryption=RequestEncryption.from_fields(request) if request else None,
            response_encryption=ResponseEncryption.from_fields(response) if response else None,
            preferred_client_status_period=issuer.optional_integer("preferred_client_status_period"),
            display=_read_displays(issuer),
            configurations={
                name: CredentialConfiguration.from_fields(offered.object(name)) for name in offered.members
            },
            issuer_info=read_carried(issuer, "issuer_info"),
            cockpit_endpoint=announced_in_metadata(issuer.members),
        )

    @property
    def encryption_required(self) -> bool:
        """Whether requests or responses have to be encrypted."""
        return any(one is not None and one.required for one in (self.request_encryption, self.response_encryption))

    def to_dict(self) -> JsonObject:
        """The wire form."""
        optional: JsonObject = {
            "nonce_endpoint": self.nonce_endpoint,
            "notification_endpoint": self.notification_endpoint,
            "authorization_servers": list(self.authorization_servers) or None,
            "batch_credential_issuance": {"batch_size": self.batch_size} if self.batch_size else None,
            "credential_request_encryption": self.request_encryption.to_dict() if self.request_encryption else None,
            "credential_response_encryption": self.response_encryption.to_dict() if self.response_encryption else None,
            "preferred_client_status_period": self.preferred_client_status_period,
        }
        return {
            "credential_issuer": self.credential_issuer,
            "credential_endpoint": self.credential_endpoint,
            **{name: value for name, value in optional.items() if value is not None},
            **_write_displays(self.display),
            "credential_configurations_supported": {
                name: configuration.to_dict() for name, configuration in self.configurations.items()
            },
            **({"issuer_info": write_carried(self.issuer_info)} if self.issuer_info else {}),
            **({} if self.cockpit_endpoint is None else announce(self.cockpit_endpoint)),
        }


def _read_requirements(proof_type: Fields | None) -> KeyRequirements | None:
    """What a proof type asks of attestations; an empty object asks for one too (§12.2.4)."""
    if proof_type is None or "key_attestations_required" not in proof_type:
        return None
    return KeyRequirements.from_fields(proof_type.object("key_attestations_required"))


def sign_metadata(
    metadata: CredentialIssuerMetadata, signer: Signer, *, x5c: tuple[str, ...], issued_at: int, expires_at: int
) -> str:
    """Metadata as a JWT (§12.2.3), served as `application/jwt`; `x5c` is the signer's chain without the anchor."""
    identifier = metadata.credential_issuer
    claims: JsonObject = {"iss": identifier, "sub": identifier, "iat": issued_at, "exp": expires_at}
    header: JsonObject = {"typ": SIGNED_TYP, "x5c": list[JsonValue](x5c)}
    return sign_jws(header, encode_json({**metadata.to_dict(), **claims}), signer)


def verify_signed_metadata(
    text: str, *, identifier: str, anchors: TrustAnchors, now: int
) -> tuple[CredentialIssuerMetadata, TrustedParty]:
    """Check signed metadata and who signed it (§12.2.3): an issuer that is trusted, or somebody with an access certificate.

    Any of them may sign for the host that serves it. What they may issue, an access certificate does not say.

    Raises:
        NotAuthentic: another type or signature, or about another issuer (T148).
        NotTrusted: nobody we trust vouches for the signer, or it does not say by certificate who signed.
        NotValidNow: expired, or not valid yet.
        Malformed: a member is missing or has the wrong shape.
    """
    at = "signed metadata"
    claims, party = verify_vouched_for(
        text, role=(Role.ISSUER, Role.VERIFIER), anchors=anchors, typ=SIGNED_TYP, now=now, at=at
    )
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
