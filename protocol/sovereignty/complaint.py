"""A complaint about one partner to a data protection authority, as a file (EUDI TS8; GDPR Art. 77).

Everything that somebody signed is in it as it was signed, so that the authority can check it. It has no attribute values and no
presentation unless the citizen adds them, and nothing of another partner: of signed objects only the kinds below are taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Self

from protocol.encoding import JsonObject, JsonValue, encode_json, read_json_object
from protocol.errors import Flaw, Malformed, NotAuthentic
from protocol.fields import MAX_URL, Fields
from protocol.jws import MAX_TOKEN, Jws, check_typ
from protocol.sovereignty.claims import ClaimsByQuery, read_optional_claims, write_claims_by_query
from protocol.sovereignty.contact import Letter
from protocol.sovereignty.signing import Organisation
from protocol.trust.registration import Contact
from protocol.x509 import read_x5c

FORMAT = "hoheit-complaint-1"
RECEIPT = "disclosure-receipt+jwt"
REPORT = "usage-report+jwt"
STATUS = "rights-status+jwt"
MAX_BUNDLE = 16 * 1024 * 1024  # bytes
MAX_RECEIPTS = 256
MAX_OBJECTS = 256  # reports, or statuses, of one receipt
MAX_CERTIFICATES = 8
MAX_FINDINGS = 256
MAX_NAME = 1024  # characters
MAX_REQUEST = 1 << 20  # characters
_AT = "complaint"


class ReportedParty(NamedTuple):
    """Whom a complaint is about, or through whom it asked."""

    organisation: Organisation
    name: str


@dataclass(frozen=True, slots=True)
class ReceiptEvidence:
    """A receipt, with what the partner said of it later; each a compact token as it came."""

    receipt: str
    reports: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()


class Finding(NamedTuple):
    """Something that does not hold: by its rule, and in the citizen's language."""

    rule: str
    text: str
    receipt: str | None = None  # jti


@dataclass(frozen=True, slots=True)
class Complaint:
    """What a citizen hands to an authority."""

    created_at: int  # epoch seconds
    partner: ReportedParty
    language: str
    letter: Letter
    through: ReportedParty | None = None  # an intermediary
    authority: Contact | None = None  # as the registration certificate names it
    request: str | None = None  # the request object as it came
    certificates: tuple[str, ...] = ()  # base64 DER, leaf first
    registration: str | None = None  # the registration certificate as it came
    beyond: ClaimsByQuery | None = None  # what was asked and not registered
    receipts: tuple[ReceiptEvidence, ...] = ()
    findings: tuple[Finding, ...] = ()
    added: JsonObject | None = None  # values or presentations, by the citizen's own decision

    @classmethod
    def from_dict(cls, value: object) -> Self:
        """Read the file; unknown members are ignored. Signatures are for the reader to check, object by object.

        Raises:
            Malformed: a member is missing or has the wrong shape, or something in it is of another partner or receipt.
            NotAuthentic, NotTrusted, TooLarge, Unsupported: something in it is of another kind, or cannot be read.
        """
        complaint = Fields(value, _AT)
        if complaint.text("format", max_length=64) != FORMAT:
            raise Malformed(complaint.path("format"), f"must be {FORMAT}")
        letter, authority = complaint.object("letter"), complaint.optional_object("authority")
        through = complaint.optional_object("through")
        added = complaint.optional_object("added")
        found = cls(
            created_at=complaint.time("created_at"),
            partner=_read_party(complaint.object("partner")),
            language=letter.text("language", max_length=64),
            letter=Letter(letter.text("subject"), letter.text("body")),
            through=None if through is None else _read_party(through),
            authority=None if authority is None else _read_contact(authority),
            request=complaint.optional_text("request", max_length=MAX_REQUEST),
            certificates=complaint.optional_texts("certificates", max_items=MAX_CERTIFICATES),
            registration=complaint.optional_text("registration_certificate", max_length=MAX_TOKEN * 4 // 3 + 4),
            beyond=read_optional_claims(complaint, "asked_beyond_registration"),
            receipts=tuple(map(_read_evidence, complaint.optional_objects("receipts", max_items=MAX_RECEIPTS))),
            findings=tuple(map(_read_finding, complaint.optional_objects("findings", max_items=MAX_FINDINGS))),
            added=None if added is None else added.members,
        )
        _check_whole(found)
        return found

    def to_dict(self) -> JsonObject:
        """The file's content."""
        optional: JsonObject = {
            "through": None if self.through is None else _write_party(self.through),
            "authority": None if self.authority is None else _written(self.authority._asdict()),
            "request": self.request,
            "certificates": list[JsonValue](self.certificates) or None,
            "registration_certificate": self.registration,
            "asked_beyond_registration": None if self.beyond is None else write_claims_by_query(self.beyond),
            "receipts": [_write_evidence(evidence) for evidence in self.receipts] or None,
            "findings": [_written(finding._asdict()) for finding in self.findings] or None,
            "added": self.added,
        }
        return {
            "format": FORMAT,
            "created_at": self.created_at,
            "partner": _write_party(self.partner),
            "letter": {"language": self.language, "subject": self.letter.subject, "body": self.letter.body},
            **_written(optional),
        }


def write_complaint(complaint: Complaint) -> bytes:
    """The file. One that has something of another partner, of another kind, or no evidence at all, is a ValueError."""
    try:
        return encode_json(Complaint.from_dict(complaint.to_dict()).to_dict())
    except Flaw as error:
        raise ValueError(error.description) from error


def read_complaint(data: bytes) -> Complaint:
    """Read a file; see `Complaint.from_dict`."""
    return Complaint.from_dict(read_json_object(data, _AT, max_bytes=MAX_BUNDLE))


def _check_whole(complaint: Complaint) -> None:
    if complaint.request is None and not complaint.receipts:
        raise Malformed(_AT, "must have a request or a receipt")
    through = complaint.through
    allowed = {complaint.partner.organisation, *(() if through is None else (through.organisation,))}
    chosen: set[str] = set()
    for i, evidence in enumerate(complaint.receipts):
        at = f"{_AT}.receipts[{i}]"
        jti = _check_evidence(evidence.receipt, RECEIPT, allowed, f"{at}.receipt").text("jti", max_length=MAX_NAME)
        if jti in chosen:
            raise Malformed(at, "is there twice")
        chosen.add(jti)
        for j, report in enumerate(evidence.reports):
            path = f"{at}.reports[{j}]"
            if _check_evidence(report, REPORT, allowed, path).text("receipt", max_length=MAX_NAME) != jti:
                raise Malformed(path, "is about another receipt")
        for j, status in enumerate(evidence.statuses):
            _check_evidence(status, STATUS, allowed, f"{at}.statuses[{j}]")
    for i, finding in enumerate(complaint.findings):
        if finding.receipt is not None and finding.receipt not in chosen:
            raise Malformed(f"{_AT}.findings[{i}].receipt", "is not among the receipts")


def _check_evidence(token: str, typ: str, allowed: set[Organisation], at: str) -> Fields:
    """That a token is of a kind that has no values, and names the partner as its signer. Its signature is not checked."""
    jws = Jws.from_compact(token, at)
    check_typ(jws.header, typ, at)
    if not jws.header.x5c:
        raise NotAuthentic(f"{at}: says by no certificate who signed it")
    leaf = read_x5c(jws.header.x5c, at)[0]
    if allowed.isdisjoint(Organisation.from_certificate(leaf, at)):
        raise Malformed(at, "is of another partner")
    return jws.peek_claims(at)


def _read_party(party: Fields) -> ReportedParty:
    return ReportedParty(Organisation.from_fields(party), party.text("name", max_length=MAX_NAME))


def _write_party(party: ReportedParty) -> JsonObject:
    return {**party.organisation.to_dict(), "name": party.name}


def _read_contact(contact: Fields) -> Contact:
    return Contact(*[contact.optional_text(name, max_length=MAX_URL) for name in Contact._fields])


def _read_evidence(evidence: Fields) -> ReceiptEvidence:
    return ReceiptEvidence(
        evidence.text("receipt", max_length=MAX_TOKEN),
        evidence.optional_texts("reports", max_items=MAX_OBJECTS),
        evidence.optional_texts("statuses", max_items=MAX_OBJECTS),
    )


def _write_evidence(evidence: ReceiptEvidence) -> JsonObject:
    members: JsonObject = {"receipt": evidence.receipt}
    if evidence.reports:
        members["reports"] = list[JsonValue](evidence.reports)
    if evidence.statuses:
        members["statuses"] = list[JsonValue](evidence.statuses)
    return members


def _read_finding(finding: Fields) -> Finding:
    return Finding(
        finding.text("rule", max_length=MAX_NAME),
        finding.text("text", max_length=4 * MAX_NAME),
        finding.optional_text("receipt", max_length=MAX_NAME),
    )


def _written(members: JsonObject) -> JsonObject:
    return {name: value for name, value in members.items() if value is not None}
