"""A receipt as text, for whoever has no wallet that takes one, or wants to read it where they stand. Its key is in none."""

from __future__ import annotations

from dataclasses import dataclass

from protocol.encoding import read_json_object
from protocol.fields import Fields
from protocol.sovereignty.receipt import LegalBasis, Receipt
from protocol.sovereignty.receipt_parties import Controller
from verifier.web.form_view import wording_in

_LETTERS = {
    LegalBasis.CONSENT: "a",
    LegalBasis.CONTRACT: "b",
    LegalBasis.LEGAL_OBLIGATION: "c",
    LegalBasis.VITAL_INTEREST: "d",
    LegalBasis.PUBLIC_TASK: "e",
    LegalBasis.LEGITIMATE_INTEREST: "f",
}  # of GDPR Art. 6 (1)


@dataclass(frozen=True, slots=True)
class ReceiptShown:
    """For `templates/told.html`."""

    number: str  # its jti
    given_at: int  # epoch seconds
    purpose: str
    letter: str  # of GDPR Art. 6 (1)
    until: (
        int | None
    )  # epoch seconds: until when what was told is kept, at once if it is `given_at`; None: an event says
    recipients: tuple[str, ...]
    controller: str
    contact: tuple[str, ...]  # how whoever answers for the data is reached


def receipt_text(receipt: str, language: str) -> ReceiptShown | None:
    """The receipt that stands with an answer; None: there is none."""
    if not receipt:
        return None
    return receipt_shown(
        Receipt.from_fields(Fields(read_json_object(receipt.encode(), "receipt"), "receipt")), language
    )


def receipt_shown(receipt: Receipt, language: str) -> ReceiptShown:
    """The same in a language."""
    return ReceiptShown(
        number=receipt.id,
        given_at=receipt.issued_at,
        purpose=wording_in(receipt.purpose, language),
        letter=_LETTERS[receipt.legal_basis],
        until=receipt.retention.ends(receipt.issued_at),
        recipients=tuple([each.name for each in receipt.recipients]),
        controller=receipt.controller.name,
        contact=_contact(receipt.controller),
    )


def _contact(controller: Controller) -> tuple[str, ...]:
    found = controller.dpo or controller.contact
    return tuple([each for each in found if each]) if found is not None else (controller.name,)
