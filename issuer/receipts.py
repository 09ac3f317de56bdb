"""What the receipt of a document says beyond what is in it: who answers for the register, what for, and on what ground.

[receipt]                            # in the file of a type; every member may be left out
legal_basis = "public_task"          # consent, contract, legal_obligation, public_task, vital_interest, legitimate_interest
retention = "P10Y"                   # how long the register keeps the data; or { from = { en = "…" }, for = "P1Y" }

[receipt.purpose]                    # where no registration certificate says it
en = "…"
"""

from __future__ import annotations

from dataclasses import dataclass

from issuer.claim_declarations import check_members
from protocol.errors import Malformed
from protocol.fields import Fields
from protocol.sovereignty.durations import Duration, Retention
from protocol.sovereignty.receipt import ANSWERS_AFTER, LegalBasis, Outcome, Receipt
from protocol.sovereignty.receipt_evidence import Evidence
from protocol.sovereignty.receipt_parties import Controller
from protocol.sovereignty.wording import Wording, read_wording
from protocol.trust.localized import Localized
from protocol.trust.registration import Contact
from runtime.registrations import OwnRegistration

_MEMBERS = frozenset(("legal_basis", "retention", "purpose"))
# Data of a register are not there for the document: they stay for as long as its person is in it
AS_LONG_AS_REGISTERED = Retention(
    Duration.from_text("P0D", "retention"),
    (
        Localized("de", "Sie stehen nicht mehr im Register"),
        Localized("en", "you are not in the register any more"),
    ),
)


@dataclass(frozen=True, slots=True)
class Handling:
    """What a type says of the data in its documents."""

    legal_basis: LegalBasis = LegalBasis.PUBLIC_TASK
    retention: Retention = AS_LONG_AS_REGISTERED
    purpose: Wording = ()  # empty: to give this document


AS_USUAL = Handling()


def read_handling(asked: Fields | None) -> Handling:
    """The `[receipt]` of a type.

    Raises:
        Malformed: a member is unknown or wrong.
    """
    if asked is None:
        return AS_USUAL
    check_members(asked, _MEMBERS)
    basis = asked.optional_text("legal_basis", max_length=64) or AS_USUAL.legal_basis
    if basis not in tuple(LegalBasis):
        raise Malformed(asked.path("legal_basis"), f"must be one of {', '.join(LegalBasis)}")
    retention = Retention.from_fields(asked, "retention") if "retention" in asked else AS_USUAL.retention
    return Handling(LegalBasis(basis), retention, read_wording(asked, "purpose") if "purpose" in asked else ())


@dataclass(frozen=True, slots=True)
class Responsible:
    """Who answers for what the register says, and for what purpose they are registered."""

    controller: Controller
    purpose: Wording  # empty: nobody says


def responsible(
    own: OwnRegistration | None, *, controller: Controller | None, dpo: Contact | None
) -> Responsible | None:
    """By a registration certificate, or else who we say that we are; None: nobody is known."""
    if own is not None:
        return Responsible(Controller.from_registration(own.says, dpo), own.says.purpose)
    return None if controller is None else Responsible(controller, ())


def make_receipt(
    who: Responsible,
    handling: Handling,
    evidence: Evidence,
    *,
    names: tuple[tuple[str, str], ...],
    id_: str,
    issuer: str,
    key: str,
    endpoint: str,
    expires_at: int,
    now: int,
) -> Receipt:
    """The receipt for a document; `names` is what it is called in which language, `expires_at` when its last copy ends."""
    retention = handling.retention
    return Receipt(
        issuer=issuer,
        id=id_,
        issued_at=now,
        request=evidence.request,
        presentations=evidence.presentations,
        claims=evidence.claims,
        outcome=Outcome.ACCEPTED,
        purpose=who.purpose or handling.purpose or _to_give(names),
        legal_basis=handling.legal_basis,
        retention=retention,
        log_until=max(retention.ends_earliest(now), expires_at) + ANSWERS_AFTER,
        controller=who.controller,
        key=key,
        cockpit_endpoint=endpoint,
    )


def _to_give(names: tuple[tuple[str, str], ...]) -> Wording:
    """In German and English; in another language the name has to say it."""
    words = {"de": "Ausstellen: {name}", "en": "Giving you: {name}"}
    return tuple([Localized(language, words.get(language, "{name}").format(name=name)) for language, name in names])
