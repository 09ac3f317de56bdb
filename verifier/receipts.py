"""What a receipt says beyond what came: who answers for the data, what for, on what ground and how long (GDPR Art. 13).

Use cases say it in their files, registrations say it for them where there are any (docs/sovereignty/receipts.md).
"""

from __future__ import annotations

from dataclasses import dataclass

from protocol.errors import Malformed
from protocol.fields import Fields
from protocol.oid4vp.verify import VerifiedResponse
from protocol.sovereignty.durations import Duration, Retention
from protocol.sovereignty.receipt import ANSWERS_AFTER, LegalBasis, Outcome, Receipt
from protocol.sovereignty.receipt_evidence import Evidence
from protocol.sovereignty.receipt_parties import Controller, Recipient
from protocol.sovereignty.wording import Wording
from protocol.trust.localized import Localized
from protocol.trust.registration import Contact
from runtime.registrations import OwnRegistration
from verifier.acting import ActingTerms

NOTHING_KEPT = Retention(None)
MAX_RECIPIENTS = 256


@dataclass(frozen=True, slots=True)
class Handling:
    """What a use case says of what becomes of the data."""

    legal_basis: LegalBasis = LegalBasis.CONSENT
    retention: Retention | None = None  # of the partner as a whole; None: as long as an answer stays here
    recipients: tuple[Recipient, ...] = ()
    service: str | None = None  # id of the registered service

    @classmethod
    def from_fields(cls, fields: Fields, keep: int) -> Handling:
        """Read it from the file of a use case; `keep` are the seconds that an answer stays here at least.

        Raises:
            Malformed: an unknown legal basis, or less time than answers are kept here anyway.
        """
        basis = fields.optional_text("legal_basis", max_length=64) or LegalBasis.CONSENT
        if basis not in tuple(LegalBasis):
            raise Malformed(fields.path("legal_basis"), f"must be one of {', '.join(LegalBasis)}")
        retention = Retention.from_fields(fields, "retention") if "retention" in fields else None
        if retention is not None and retention.ends_earliest(0) < keep:
            raise Malformed(fields.path("retention"), "must be no shorter than keep_seconds")
        recipients = fields.optional_objects("recipients", max_items=MAX_RECIPIENTS)
        return cls(
            LegalBasis(basis),
            retention,
            tuple(map(Recipient.from_fields, recipients)),
            fields.optional_text("service", max_length=200),
        )


AS_USUAL = Handling()


@dataclass(frozen=True, slots=True)
class ReceiptTerms:
    """All that a receipt says which is known before anybody answers."""

    controller: Controller
    purpose: Wording
    handling: Handling
    acting: ActingTerms | None = None  # what is asked of whoever acts for another


def receipt_terms(
    handling: Handling,
    purpose: tuple[tuple[str, str], ...],
    own: OwnRegistration | None,
    *,
    controller: Controller | None,
    dpo: Contact | None,
    acting: ActingTerms | None = None,
) -> ReceiptTerms | None:
    """The terms of a question; None: nobody is known who would answer for the data, or no purpose.

    `purpose` are the use case's own texts, and `controller` who we are where no registration says it.
    """
    said = own.says.purpose if own is not None else ()
    wording = said or tuple([Localized(language, text) for language, text in purpose])
    who = Controller.from_registration(own.says, dpo) if own is not None else controller
    return ReceiptTerms(who, wording, handling, acting) if who is not None and wording else None


def make_receipt(
    terms: ReceiptTerms, evidence: Evidence, verified: VerifiedResponse, *, id_: str, issuer: str, keep: int, now: int
) -> Receipt:
    """The receipt for an answer, without a key; `keep` are the seconds that an answer stays here."""
    own = terms.handling.retention
    # What failed a check is not kept at all
    retention = NOTHING_KEPT if not verified.accepted else own if own is not None else Retention(seconds(keep))
    return Receipt(
        issuer=issuer,
        id=id_,
        issued_at=now,
        request=evidence.request,
        presentations=evidence.presentations,
        claims=evidence.claims,
        outcome=Outcome.ACCEPTED if verified.accepted else Outcome.REJECTED,
        purpose=terms.purpose,
        legal_basis=terms.handling.legal_basis,
        retention=retention,
        log_until=retention.ends_earliest(now) + ANSWERS_AFTER,
        controller=terms.controller,
        service=terms.handling.service,
        recipients=terms.handling.recipients if verified.accepted else (),
        # What was refused is about them all the same
        represented=terms.acting.represented(evidence.presentations) if terms.acting is not None else (),
    )


def seconds(number: int) -> Duration:
    """So many seconds as a duration, in its largest parts."""
    days, rest = divmod(number, 86_400)
    hours, rest = divmod(rest, 3600)
    minutes, left = divmod(rest, 60)
    day = f"{days}D" if days else ""
    time = "".join(f"{value}{unit}" for value, unit in ((hours, "H"), (minutes, "M"), (left, "S")) if value)
    text = f"P{day}T{time}" if time else f"P{day or '0D'}"
    return Duration.from_text(text, "retention")
