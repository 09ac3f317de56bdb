"""A complaint about one partner, put together of what is kept: who they are, what they signed, and what does not hold (TS8).

It has no value of the user's data: what goes into it are signed objects of kinds that have none, names, and sentences. What the
user writes is their own decision.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from protocol.credential import ClaimPath
from protocol.dcql.query import DcqlQuery
from protocol.errors import Conflict, Flaw, InvalidRequest, TooLarge
from protocol.jws import Jws
from protocol.sovereignty.claims import ClaimsByQuery
from protocol.sovereignty.complaint import (
    MAX_BUNDLE,
    MAX_FINDINGS,
    MAX_OBJECTS,
    MAX_RECEIPTS,
    Complaint,
    Finding,
    ReceiptEvidence,
    ReportedParty,
    write_complaint,
)
from protocol.sovereignty.contact import Way, read_ways
from protocol.sovereignty.letters import Party, complaint_letter
from protocol.sovereignty.signing import Organisation
from protocol.trust.coverage import speaker_of, uncovered
from protocol.trust.registration import Registration, peek_registration
from protocol.x509 import read_x5c
from wallet.disclosure_records import Disclosure
from wallet.policy.cockpit.disclosed import partner_of, receipt_of, registration_of
from wallet.records import Evidence, KeptRequest

MAX_OWN_WORDS = 4000  # characters
_AT = "request"


@dataclass(frozen=True, slots=True)
class Asked:
    """The request that a complaint is about, as it was signed."""

    partner: Organisation
    name: str
    request: str
    registration: str  # empty: none was shown
    through: Organisation | None = None
    through_name: str = ""
    authority: tuple[str, ...] = ()  # how whoever watches over them is reached, where a register said it


@dataclass(frozen=True, slots=True)
class Ground:
    """Something that does not hold: by its rule, in the user's language, and of which answer."""

    rule: str
    text: str
    disclosure: Disclosure | None = None


@dataclass(frozen=True, slots=True)
class Complained:
    """A complaint as a file, and how whoever it is for is reached."""

    number: int  # of the entry from which it was made
    complaint: Complaint
    file: bytes
    ways: tuple[Way, ...]


def asked_by_disclosure(disclosure: Disclosure) -> Asked:
    """What somebody asked who got an answer."""
    sent, partner = disclosure.sent, partner_of(disclosure.sent)
    requesters = [Organisation(*one) for one in sent.requesters]
    registration = registration_of(sent)
    if partner in requesters:
        return Asked(partner, sent.name, sent.request, sent.registration)
    speaker = speaker_of(registration) if registration is not None else ""
    through = next((one for one in requesters if one.identifier == speaker), requesters[0])
    intermediary = registration.intermediary if registration is not None else None
    name = intermediary.name if intermediary is not None and intermediary.name else through.identifier
    return Asked(partner, sent.name, sent.request, sent.registration, through, name)


def asked_by_evidence(evidence: Evidence | KeptRequest) -> Asked | None:
    """What somebody asked, by their certificate; None: nobody signed it who is registered anywhere."""
    try:
        chain = read_x5c(Jws.from_compact(evidence.request, _AT).header.x5c or (), _AT)
        signers = Organisation.from_certificate(chain[0], _AT)
    except (Flaw, IndexError):
        return None
    return Asked(
        signers[0], evidence.asker, evidence.request, evidence.registration, authority=evidence.authority
    )  # fmt: skip


def complain(
    asked: Asked,
    disclosures: Sequence[Disclosure],
    grounds: Sequence[Ground],
    *,
    number: int,
    language: str,
    own_words: str,
    now: int,
) -> Complained:
    """Put a complaint together; `disclosures` are those that the user chose, and `grounds` what is wrong with them.

    Raises:
        Conflict: there is nothing to complain about, not even in the user's words; or one is of another partner.
        TooLarge: it has more than an authority's file may have.
    """
    if len(own_words) > MAX_OWN_WORDS or len(disclosures) > MAX_RECEIPTS:
        raise TooLarge("complaint", "is too large")
    if any(partner_of(one.sent) != asked.partner for one in disclosures):
        raise Conflict("a complaint is about one partner")
    told = (*dict.fromkeys(ground.text for ground in grounds), *own_words.splitlines())
    sentences = [text for text in told if text.strip()]
    if not sentences:
        raise Conflict("there is nothing to complain about yet")
    registration = _read_registration(asked.registration)
    through = None if asked.through is None else ReportedParty(asked.through, asked.through_name)
    complaint = Complaint(
        created_at=now,
        partner=ReportedParty(asked.partner, asked.name),
        language=language,
        letter=complaint_letter(
            language=language,
            partner=Party(asked.name, asked.partner.identifier, asked.partner.country),
            through=None if through is None else Party(through.name, *_names(through.organisation)),
            grounds=sentences,
        ),
        through=through,
        authority=registration.supervisory_authority if registration is not None else None,
        request=asked.request or None,
        certificates=_certificates(asked.request),
        registration=asked.registration or None,
        beyond=_beyond(asked.request, registration),
        receipts=tuple([evidence for one in disclosures if (evidence := _evidence(one)) is not None]),
        findings=_findings(grounds, disclosures),
    )
    file = write_complaint(complaint)
    if len(file) > MAX_BUNDLE:
        raise TooLarge("complaint", "is too large")
    return Complained(number, complaint, file, read_ways(complaint.authority or asked.authority))


def _names(organisation: Organisation) -> tuple[str, str]:
    return organisation.identifier, organisation.country


@lru_cache(maxsize=64)
def _read_registration(certificate: str) -> Registration | None:
    """What a registration certificate says; it may be one that does not hold, so None where it cannot be read."""
    try:
        return peek_registration(certificate) if certificate else None
    except Flaw:
        return None


def _certificates(request: str) -> tuple[str, ...]:
    try:
        return tuple(Jws.from_compact(request, _AT).header.x5c or ())
    except Flaw:
        return ()  # asked in person, or by several signatures: the certificates are in the request itself


def _beyond(request: str, registration: Registration | None) -> ClaimsByQuery | None:
    """What a request asks beyond what its sender registered for; None: nothing, or it cannot be told."""
    if registration is None:
        return None
    try:
        claims = Jws.from_compact(request, _AT).peek_claims(_AT)
        found = uncovered(DcqlQuery.from_dict(claims.members.get("dcql_query")), registration.credentials)
    except (Flaw, InvalidRequest):
        return None
    by_query: dict[str, list[ClaimPath]] = {}
    for one in found:
        by_query.setdefault(one.query_id, []).extend(() if one.path is None else (one.path,))
    return {query_id: tuple(dict.fromkeys(paths)) for query_id, paths in by_query.items()} or None


def _evidence(disclosure: Disclosure) -> ReceiptEvidence | None:
    """A receipt with what was said later; None: there is none that is theirs. Of very many statements the newest."""
    if disclosure.receipt is None or receipt_of(disclosure) is None:
        return None
    statuses = [kept.raw for asked in disclosure.rights for kept in asked.statuses]
    return ReceiptEvidence(
        disclosure.receipt.raw,
        tuple([report.raw for report in disclosure.usage.reports][-MAX_OBJECTS:]),
        tuple(statuses[-MAX_OBJECTS:]),
    )


def _findings(grounds: Sequence[Ground], disclosures: Sequence[Disclosure]) -> tuple[Finding, ...]:
    receipts: Mapping[str, str] = {
        one.id: receipt.id for one in disclosures if (receipt := receipt_of(one)) is not None
    }
    found = [
        Finding(one.rule, one.text, receipts.get(one.disclosure.id) if one.disclosure is not None else None)
        for one in grounds
    ]
    return tuple(found[:MAX_FINDINGS])
