"""What a wallet knows of a document that an issuer made from its register, before the user keeps it."""

from __future__ import annotations

from dataclasses import dataclass

from protocol.encoding import JsonObject
from protocol.formats import about_subject, format_of
from protocol.keys import P256Key
from protocol.sovereignty.receipt_evidence import Evidence, evidence_of_issuance
from wallet.disclosure_records import DisclosedDocument, Disclosure, SentAnswer
from wallet.policy.cockpit.disclosed import write_claims


@dataclass(frozen=True, slots=True)
class IssuerCockpit:
    """An issuer that gives receipts for its documents, and who has to sign them."""

    endpoint: str
    issuer: str  # credential issuer identifier
    requesters: tuple[tuple[str, str], ...]  # identifier and country, by the certificate that signed the metadata
    registration: str  # the certificate that holds now; empty: none was shown
    name: str  # as registered, or as the certificate says
    trusted_by: str


@dataclass(frozen=True, slots=True)
class DocumentPromise:
    """One document that came with a key for it. In memory, until the user keeps the document."""

    cockpit: IssuerCockpit
    key: str  # private, hex
    evidence: Evidence
    document: DisclosedDocument
    at: int  # epoch seconds: when it was asked for
    receipt: str | None  # as it came; None: it did not

    def __repr__(self) -> str:
        """Never the key."""
        return "DocumentPromise()"


def evidence_of(
    request: str, configuration_id: str, credentials: tuple[str, ...], *, format_id: str, claims: JsonObject
) -> Evidence:
    """What both sides know of a document: `claims` as it was verified.

    Raises:
        Unsupported: a format that is not known here.
    """
    says = about_subject(format_id, claims)
    return evidence_of_issuance(request, configuration_id, credentials, says, depth=format_of(format_id).depth)


def disclosure_of(promise: DocumentPromise, *, id_: str, hour: int) -> Disclosure:
    """What is kept of it, as of an answer; the entry of the log that it hangs on is for the vault to say."""
    cockpit, evidence = promise.cockpit, promise.evidence
    sent = SentAnswer(
        at=promise.at,
        client_id=cockpit.issuer,
        announced=cockpit.endpoint,
        answered_at=cockpit.issuer,
        request="",
        request_hash=evidence.request,
        presentations=tuple(evidence.presentations.items()),
        claims=write_claims(evidence.claims),
        documents=(promise.document,),
        requesters=cockpit.requesters,
        name=cockpit.name,
        trusted_by=cockpit.trusted_by,
        registration=cockpit.registration,
        issued=True,
    )
    thumbprint = P256Key.from_scalar(bytes.fromhex(promise.key)).public_key.thumbprint()
    return Disclosure(id=id_, log_number=0, sent=sent, thumbprint=thumbprint, key=promise.key, claim="", hour=hour)
