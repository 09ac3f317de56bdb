"""The one table of credential formats; no role ever branches on a format.

Each entry knows how to issue, take in, present and verify credentials of its format, in words that fit them all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol

from protocol.cbor import CborValue
from protocol.cose import IDENTIFIERS
from protocol.credential import ClaimPath, VerifiedCredential
from protocol.dcql.match import Candidate
from protocol.encoding import JsonObject, JsonValue
from protocol.errors import Flaw, NotAuthentic, NotBound, NotForThisRequest, Unsupported
from protocol.exchange import Exchange
from protocol.fields import Fields
from protocol.holder_binding import ExpectedBinding, KeyBinding
from protocol.keys import PublicKey, RandomBytes, Signer
from protocol.mdoc.issue import MdocContent, issue_mdoc
from protocol.mdoc.mso import MsoStatus, ValidityInfo
from protocol.mdoc.names import as_claims
from protocol.mdoc.present import PresentableMdoc
from protocol.mdoc.signer import MDL_NAMESPACE, check_issuing_place, check_signer_purpose
from protocol.mdoc.values import Kind, to_cbor
from protocol.mdoc.verify import verify_issued_mdoc, verify_presented_mdoc
from protocol.sdjwt.issue import Frame, issue_sd_jwt
from protocol.sdjwt.issuer_key import find_issuer_key
from protocol.sdjwt.key_binding import verify_key_binding
from protocol.sdjwt.present import present_sd_jwt
from protocol.sdjwt.token import SdJwt
from protocol.sdjwt.type_metadata import TypeMetadata, fetch_type_of
from protocol.sdjwt.type_rules import check_issued_claims
from protocol.sdjwt.verify import verify_sd_jwt_vc
from protocol.status.reference import read_status
from protocol.trust.anchors import TrustAnchors
from protocol.x509 import Certificate

# What holds an SD-JWT VC together; it says nothing about its subject
_TECHNICAL = frozenset((
    "iss", "iat", "nbf", "exp", "vct", "vct#integrity", "aka_vcts", "cnf", "status", "jti", "_sd", "_sd_alg",
))  # fmt: skip
_WRITTEN_HERE = frozenset(("vct", "iat", "exp", "cnf", "status"))


@dataclass(frozen=True, slots=True)
class IssuerSigner:
    """A signing key with the certificates that vouch for it: base64 DER, leaf first, without the anchor."""

    signer: Signer
    x5c: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Issuance:
    """Everything that one credential is made of; `frame` says which claims can be disclosed selectively."""

    type: str
    claims: JsonObject
    frame: Frame
    holder_key: PublicKey | None
    issued_at: int  # epoch seconds
    expires_at: int
    status: JsonObject | None  # the status claim, such as {"status_list": {"idx": 1, "uri": "https://…"}}
    decoys: int = 0
    kinds: Mapping[str, Mapping[str, Kind]] = field(default_factory=dict)  # of elements, by namespace (mdoc)


class Format(Protocol):
    """What every format can do."""

    always_bound: bool
    """Whether there is no presentation without the holder's signature."""
    binding_methods: tuple[str, ...]
    """How an issuer's metadata calls the holder's key in a credential (OID4VCI 1.0 §12.2.4)."""
    in_person: bool
    """Whether it can be shown to a reader nearby without any network (ISO/IEC 18013-5)."""
    technical: Set[str]
    """Names of claims that hold a credential together, and say nothing about its subject."""
    per_copy: Set[str]
    """Those of them in which the copies of one batch differ by nature."""
    depth: int
    """How many names make a claim of their own, where a document is told of as a whole."""

    def spoken(self, path: ClaimPath) -> ClaimPath:
        """What of a claims path means something to people, where nobody says what it is called."""

    def namespaces(self, claims: JsonObject) -> tuple[JsonObject, ...]:
        """What claims say of their subject, each group of names by itself; a day of birth is called as in SD-JWT VC."""

    def issuer_algorithms(self, algorithms: Iterable[str]) -> tuple[str | int, ...]:
        """What an issuer's metadata says of the JOSE algorithms that it signs with (OID4VCI 1.0 App. A.2.2, A.3.2)."""

    def vp_metadata(self, issuers: Iterable[str], holders: Iterable[str]) -> JsonObject:
        """What is said in `vp_formats_supported` where these JOSE algorithms are taken (OID4VP 1.0 App. B.2.2, B.3.4)."""

    def check_signer(self, issuer: IssuerSigner) -> None:
        """Check, once, that what is issued in this format with this certificate can be believed.

        Raises:
            NotTrusted: the certificate was not made for it.
        """

    def check_claims(self, claims: JsonObject, issuer: IssuerSigner) -> None:
        """Check that what a credential is to say can be believed with this certificate.

        Raises:
            NotTrusted: nobody would believe it.
        """

    def issue(self, issuance: Issuance, issuer: IssuerSigner, random_bytes: RandomBytes) -> str:
        """A signed credential as it travels."""

    def verify_issued(self, raw: str, *, anchors: TrustAnchors, now: int) -> Exchange[VerifiedCredential]:
        """Verify what a wallet was given, all claims disclosed. Status is a separate question.

        Raises:
            Flaw: any check failed.
        """

    def fetch_type(self, credential: VerifiedCredential) -> Exchange[TypeMetadata | None]:
        """What the type of a credential, verified as issued, says of it; None: nothing that can be had and believed.

        Fetching tells whoever publishes the type that somebody has such a credential: when it comes, never later (T262).

        Raises:
            Malformed: the credential breaks a rule of its type.
        """

    def verify_presented(
        self, raw: str, *, anchors: TrustAnchors, expected: ExpectedBinding | None, now: int
    ) -> Exchange[VerifiedCredential]:
        """Verify what a verifier was sent; without `expected`, holder binding was not asked for.

        Raises:
            Flaw: any check failed.
        """

    def present(self, raw: str, paths: Iterable[ClaimPath], binding: KeyBinding | None) -> str:
        """Disclose the claims of these paths and no more, bound to the holder's key."""

    def candidate(self, held_id: str, credential: VerifiedCredential) -> Candidate:
        """How a held credential looks to a query."""


class SdJwtVcFormat:
    """SD-JWT VC, `dc+sd-jwt` (RFC 9901, draft-ietf-oauth-sd-jwt-vc)."""

    id = "dc+sd-jwt"
    always_bound = False
    in_person = False
    technical: Set[str] = _TECHNICAL
    per_copy: Set[str] = frozenset(("cnf", "status", "iat", "nbf", "exp", "jti"))
    depth = 1
    binding_methods: tuple[str, ...] = ("jwk",)

    def spoken(self, path: ClaimPath) -> ClaimPath:
        """All of it."""
        return path

    def namespaces(self, claims: JsonObject) -> tuple[JsonObject, ...]:
        """There is one."""
        return ({name: value for name, value in claims.items() if name not in self.technical},)

    def issuer_algorithms(self, algorithms: Iterable[str]) -> tuple[str | int, ...]:
        """By the names of JOSE."""
        return tuple(algorithms)

    def vp_metadata(self, issuers: Iterable[str], holders: Iterable[str]) -> JsonObject:
        """By the names of JOSE."""
        return {"sd-jwt_alg_values": [*issuers], "kb-jwt_alg_values": [*holders]}

    def check_signer(self, issuer: IssuerSigner) -> None:
        """Any certificate that may sign data will do."""

    def check_claims(self, claims: JsonObject, issuer: IssuerSigner) -> None:
        """Whatever the type holds may be said."""

    def issue(self, issuance: Issuance, issuer: IssuerSigner, random_bytes: RandomBytes) -> str:
        """A signed credential. `iss` is left out: the leaf certificate says who issues (HAIP 1.0 §6.1.1).

        Claims named like what is written here are the caller's mistake and a ValueError.
        """
        if not _WRITTEN_HERE.isdisjoint(issuance.claims):
            raise ValueError("a claim must not say what the issuance says")
        claims: JsonObject = {"vct": issuance.type, "iat": issuance.issued_at, "exp": issuance.expires_at}
        if issuance.holder_key is not None:
            claims["cnf"] = {"jwk": issuance.holder_key.to_jwk()}
        if issuance.status is not None:
            claims["status"] = issuance.status
        claims.update(issuance.claims)
        header: JsonObject = {"typ": self.id, "x5c": list(issuer.x5c)}
        return issue_sd_jwt(
            claims,
            issuance.frame,
            header=header,
            signer=issuer.signer,
            random_bytes=random_bytes,
            decoys=issuance.decoys,
        )

    def verify_issued(self, raw: str, *, anchors: TrustAnchors, now: int) -> Exchange[VerifiedCredential]:
        """Verify a credential as issued: no key binding JWT may be on it."""
        token = SdJwt.from_text(raw, "credential")
        if token.kb_jwt is not None:
            raise NotAuthentic("credential: a credential comes without a key binding")
        issuer = yield from find_issuer_key(token, anchors, now=now)
        return verify_sd_jwt_vc(token, issuer, now=now)

    def fetch_type(self, credential: VerifiedCredential) -> Exchange[TypeMetadata | None]:
        """Type metadata (SD-JWT VC §5): optional, but a credential that breaks the rules in it is refused (§5.7)."""
        try:
            metadata = yield from fetch_type_of(credential)
        except Flaw:
            # T048: metadata that cannot be had or believed is not processed, so it keeps no credential away
            return None
        check_issued_claims(metadata, credential)
        return metadata

    def verify_presented(
        self, raw: str, *, anchors: TrustAnchors, expected: ExpectedBinding | None, now: int
    ) -> Exchange[VerifiedCredential]:
        """Verify a presentation: the credential first, then that its holder answered this very request."""
        token = SdJwt.from_text(raw, "presentation")
        issuer = yield from find_issuer_key(token, anchors, now=now)
        credential = verify_sd_jwt_vc(token, issuer, now=now)
        if expected is not None:
            if credential.holder_key is None:
                raise NotBound("presentation: the credential is not bound to a key")
            verify_key_binding(token, credential.holder_key, expected)
        return credential

    def present(self, raw: str, paths: Iterable[ClaimPath], binding: KeyBinding | None) -> str:
        """Disclose the claims of these paths and no more."""
        return present_sd_jwt(SdJwt.from_text(raw, "credential"), paths, binding=binding)

    def candidate(self, held_id: str, credential: VerifiedCredential) -> Candidate:
        """The processed claims under the credential's vct, and the further types that its issuer is entitled to name."""
        named = credential.claims.get("aka_vcts")
        others = [name for name in named if isinstance(name, str)] if isinstance(named, list) else []
        return Candidate(
            id=held_id,
            format=self.id,
            type=credential.type,
            claims=credential.claims,
            authority_key_ids=credential.issuer.authority_key_ids,
            holder_bound=credential.holder_key is not None,
            # SD-JWT VC §7.7: naming a type gives no right to it
            type_ancestry=tuple(name for name in others if credential.issuer.is_entitled(name)),
        )


class MdocFormat:
    """Mobile documents, `mso_mdoc` (ISO/IEC 18013-5; OID4VCI 1.0 App. A.2, OID4VP 1.0 App. B.2)."""

    id = "mso_mdoc"
    always_bound = True
    in_person = True
    # T156, T169: everything that an issuer signed is an element of a namespace, whatever it is called
    technical: Set[str] = frozenset()
    per_copy: Set[str] = frozenset()
    depth = 2  # namespace and element
    binding_methods: tuple[str, ...] = ("cose_key",)

    def spoken(self, path: ClaimPath) -> ClaimPath:
        """The element, without its namespace."""
        return path[1:]

    def namespaces(self, claims: JsonObject) -> tuple[JsonObject, ...]:
        """By the elements of each (ISO/IEC 18013-5 §7.2.1)."""
        return tuple([as_claims(space) for space in claims.values() if isinstance(space, dict)])

    def issuer_algorithms(self, algorithms: Iterable[str]) -> tuple[str | int, ...]:
        """By the numbers of COSE: what stands in the header, and the one that says the curve too."""
        return tuple([number for alg in algorithms for number in IDENTIFIERS[alg]])

    def vp_metadata(self, issuers: Iterable[str], holders: Iterable[str]) -> JsonObject:
        """By the numbers of COSE."""
        return {
            "issuerauth_alg_values": [number for alg in issuers for number in IDENTIFIERS[alg]],
            "deviceauth_alg_values": [number for alg in holders for number in IDENTIFIERS[alg]],
        }

    def check_signer(self, issuer: IssuerSigner) -> None:
        """The certificate must be made to sign documents (ISO/IEC 18013-5 annex B.1.4)."""
        check_signer_purpose(_certificates(issuer.x5c)[0], "signing certificate")

    def check_claims(self, claims: JsonObject, issuer: IssuerSigner) -> None:
        """A licence says the country and state of its signer (ISO/IEC 18013-5 §9.3.1)."""
        elements = claims.get(MDL_NAMESPACE)
        check_issuing_place(_certificates(issuer.x5c)[0], elements if isinstance(elements, dict) else {}, "document")

    def issue(self, issuance: Issuance, issuer: IssuerSigner, random_bytes: RandomBytes) -> str:
        """A signed document. Without a holder's key there is none; that is the caller's mistake and a ValueError."""
        if issuance.holder_key is None:
            raise ValueError("a mobile document is bound to a key")
        content = MdocContent(
            doc_type=issuance.type,
            elements={name: _elements(value, issuance.kinds[name]) for name, value in issuance.claims.items()},
            holder_key=issuance.holder_key,
            validity=ValidityInfo(issuance.issued_at, issuance.issued_at, issuance.expires_at),
            status=None if issuance.status is None else MsoStatus(read_status(Fields(issuance.status, "status"))),
            decoys=issuance.decoys,
        )
        return issue_mdoc(content, issuer.signer, _certificates(issuer.x5c), random_bytes)

    def verify_issued(self, raw: str, *, anchors: TrustAnchors, now: int) -> Exchange[VerifiedCredential]:
        """Verify a document as issued."""
        yield from ()
        return verify_issued_mdoc(raw, anchors=anchors, now=now)

    def fetch_type(
        self,
        credential: VerifiedCredential,  # noqa: ARG002 - other formats look it up
    ) -> Exchange[TypeMetadata | None]:
        """There is none: what a document type means is agreed elsewhere."""
        yield from ()
        return None

    def verify_presented(
        self, raw: str, *, anchors: TrustAnchors, expected: ExpectedBinding | None, now: int
    ) -> Exchange[VerifiedCredential]:
        """Verify an answer with one document: its issuer first, then that its holder answered this very request."""
        yield from ()
        handover = reader_key = None
        if expected is not None:
            # T038: an empty expectation must never pass as "anything goes"
            if expected.handover is None:
                raise ValueError("an mdoc is expected for a handover")
            handover, reader_key = expected.handover(), expected.reader_key
        presented = verify_presented_mdoc(raw, anchors=anchors, handover=handover, now=now, reader_key=reader_key)
        if expected is not None and expected.transaction_data_hashes:
            raise NotForThisRequest("presentation: authorises another transaction, or none")
        return presented.credential

    def present(self, raw: str, paths: Iterable[ClaimPath], binding: KeyBinding | None) -> str:
        """Disclose the elements of these paths and no more; unbound it is no answer, but the document cut down to them."""
        document = PresentableMdoc.of(raw)
        if binding is None:
            return document.reduced(paths)
        if binding.handover is None:
            raise ValueError("an mdoc is presented for a handover")
        return document.present(paths, binding.handover, binding.signer)

    def candidate(self, held_id: str, credential: VerifiedCredential) -> Candidate:
        """The elements by namespace, under the document type."""
        return Candidate(
            id=held_id,
            format=self.id,
            type=credential.type,
            claims=credential.claims,
            authority_key_ids=credential.issuer.authority_key_ids,
            holder_bound=True,
        )


FORMATS: Mapping[str, Format] = {known.id: known for known in (SdJwtVcFormat(), MdocFormat())}


@lru_cache(maxsize=64)
def _certificates(x5c: tuple[str, ...]) -> tuple[Certificate, ...]:
    return tuple([Certificate.from_x5c(text) for text in x5c])


def _elements(values: JsonValue, kinds: Mapping[str, Kind]) -> dict[str, CborValue]:
    if not isinstance(values, dict):
        raise ValueError("elements stand in a namespace")
    return {name: to_cbor(value, kinds[name]) for name, value in values.items()}


def format_of(format_id: str) -> Format:
    """The entry of a format.

    Raises:
        Unsupported: we do not speak it.
    """
    found = FORMATS.get(format_id)
    if found is None:
        raise Unsupported("this credential format is not known here")
    return found


def about_subject(format_id: str, claims: JsonObject) -> JsonObject:
    """Claims without what holds a credential together: what is left is what it says of somebody.

    Raises:
        Unsupported: we do not speak this format.
    """
    technical = format_of(format_id).technical
    return {name: value for name, value in claims.items() if name not in technical}


def vp_formats(issuers: Iterable[str], holders: Iterable[str]) -> JsonObject:
    """Everything that can be shown here, as metadata says it; both are algorithms of JOSE, the best first."""
    taken = tuple(issuers), tuple(holders)
    return {name: known.vp_metadata(*taken) for name, known in FORMATS.items()}
