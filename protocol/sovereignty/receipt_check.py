"""What a wallet makes of a receipt: every sentence of it is held against what was sent and what is registered.

Nothing is thrown away: a receipt that lies is evidence, so each mismatch becomes a finding with a name, and one that cannot be
read is one as well. Whether the certificate was revoked at `iat` is a separate question; its chain is in `signed.party`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from protocol.errors import Flaw, NotTrusted, NotValidNow
from protocol.fields import MAX_TIME
from protocol.sovereignty.receipt import TYP, Outcome, Receipt
from protocol.sovereignty.receipt_evidence import Evidence
from protocol.sovereignty.signing import (
    MAX_AHEAD,
    Organisation,
    OrganisationObject,
    hash_text,
    verify_organisation_object,
)
from protocol.trust.anchors import TrustAnchors
from protocol.trust.coverage import speaker_of
from protocol.trust.localized import Localized
from protocol.trust.registration import Registration

TOLERANCE = 300  # seconds by which `iat` may be before sending or after arrival
PROMISED_WITHIN = 86_400  # seconds
COLLECTABLE_FOR = 30 * 86_400  # seconds
_AT = "receipt"


class Finding(StrEnum):
    """What is wrong with a receipt."""

    UNREADABLE = "unreadable"  # no such object, another type, or a signature that does not hold
    SIGNER = "signer"  # nobody whom we trust, or not who asked
    ISSUER = "issuer"
    KEY_ABSENT = "key_absent"  # we sent one
    KEY_SWAPPED = "key_swapped"  # another one than ours, or one though we sent none
    REQUEST = "request"
    PRESENTATIONS = "presentations"
    CLAIMS_NOT_SENT = "claims_not_sent"  # it names more than we sent
    CLAIMS_LEFT_OUT = "claims_left_out"  # it was accepted, and names less than we sent
    CONTROLLER = "controller"
    PURPOSE = "purpose"
    TIME = "time"
    ENDPOINT = "endpoint"
    RETENTION = "retention"  # what was rejected stays for more than a day
    LOG_UNTIL = "log_until"  # its usage log ends too early


class Absence(StrEnum):
    """Why there is no receipt."""

    AWAITED = "awaited"
    PROMISED = "promised"  # "this partner promised a receipt and gave none"
    NEVER_ANNOUNCED = "never_announced"  # "this partner gives no receipt"


@dataclass(frozen=True, slots=True)
class Sent:
    """What the wallet knows of one answer that it gave."""

    evidence: Evidence
    requesters: tuple[Organisation, ...]  # whom the access certificate of the request names
    client_id: str | None  # of the request; None: in person, where a receipt names the registered identifier
    registration: Registration | None  # by a verified certificate, of the requester or whom it asks for
    key: str | None  # thumbprint of our cockpit key, in person of the one that we bound; None: none
    announced: str | None  # cockpit endpoint
    sent_at: int  # epoch seconds

    @property
    def signers(self) -> tuple[Organisation, ...]:
        """Who may sign: the requester, and the party that it asks for where the registration names it to do so."""
        registration = self.registration
        if registration is None or speaker_of(registration) not in {each.identifier for each in self.requesters}:
            return self.requesters
        return tuple(dict.fromkeys((*self.requesters, Organisation(registration.identifier, registration.country))))


@dataclass(frozen=True, slots=True)
class JudgedReceipt:
    """A receipt with everything that is wrong with it, to be kept as it came."""

    raw: str
    receipt: Receipt | None  # None: it cannot be read, or is not by whom it should be
    signed: OrganisationObject | None  # who signed it, with the chain
    findings: tuple[Finding, ...]
    problem: str = ""  # why it cannot be read or believed

    @property
    def matches(self) -> bool:
        """Whether it says what was sent; else "the receipt does not match what you sent"."""
        return not self.findings

    @property
    def hash(self) -> str:
        """What other objects and complaints name it by."""
        return hash_text(self.raw)


def judge_receipt(text: str, sent: Sent, *, anchors: TrustAnchors, arrived_at: int) -> JudgedReceipt:
    """Hold a receipt against what the wallet knows. Nothing that a verifier sends raises anything here."""
    try:
        # `iat` from the future is a finding of its own below, not a refusal
        signed = verify_organisation_object(
            text, typ=TYP, signers=sent.signers, anchors=anchors, now=MAX_TIME - MAX_AHEAD, at=_AT
        )
        receipt = Receipt.from_fields(signed.claims)
    except (NotTrusted, NotValidNow) as flaw:
        return JudgedReceipt(text, None, None, (Finding.SIGNER,), flaw.description)
    except Flaw as flaw:
        return JudgedReceipt(text, None, None, (Finding.UNREADABLE,), flaw.description)
    findings = tuple([finding for finding, is_wrong in _RULES if is_wrong(receipt, sent, arrived_at)])
    return JudgedReceipt(text, receipt, signed, findings)


def absence(announced: str | None, *, sent_at: int, now: int) -> Absence:
    """What it means that an answer has no receipt yet."""
    if announced is None:
        return Absence.NEVER_ANNOUNCED
    return Absence.PROMISED if now >= sent_at + PROMISED_WITHIN else Absence.AWAITED


def is_collectable(sent_at: int, *, now: int) -> bool:
    """Whether a receipt may still be had."""
    return now < sent_at + COLLECTABLE_FOR


def _issuer(receipt: Receipt, sent: Sent, _: int) -> bool:
    if sent.client_id is not None:
        return receipt.issuer != sent.client_id
    return receipt.issuer not in {signer.identifier for signer in sent.signers}


def _claims_not_sent(receipt: Receipt, sent: Sent, _: int) -> bool:
    known = sent.evidence.claims
    return any(id_ not in known or not set(paths) <= set(known[id_]) for id_, paths in receipt.claims.items())


def _claims_left_out(receipt: Receipt, sent: Sent, _: int) -> bool:
    if receipt.outcome is Outcome.REJECTED:
        return False
    named = receipt.claims
    return any(id_ not in named or not set(paths) <= set(named[id_]) for id_, paths in sent.evidence.claims.items())


def _controller(receipt: Receipt, sent: Sent, _: int) -> bool:
    """Without a registration certificate it can only be who asked."""
    if sent.registration is None:
        return receipt.controller.organisation not in sent.requesters
    return not receipt.controller.is_as_registered(sent.registration)


def _purpose(receipt: Receipt, sent: Sent, _: int) -> bool:
    registered = sent.registration.purpose if sent.registration is not None else ()
    return bool(registered) and _texts(receipt.purpose) != _texts(registered)


def _texts(texts: tuple[Localized, ...]) -> frozenset[tuple[str, str]]:
    return frozenset([(text.language, text.text) for text in texts])


_RULES: tuple[tuple[Finding, Callable[[Receipt, Sent, int], bool]], ...] = (
    (Finding.ISSUER, _issuer),
    (Finding.KEY_ABSENT, lambda receipt, sent, _: receipt.key is None and sent.key is not None),
    (Finding.KEY_SWAPPED, lambda receipt, sent, _: receipt.key is not None and receipt.key != sent.key),
    (Finding.REQUEST, lambda receipt, sent, _: receipt.request != sent.evidence.request),
    (Finding.PRESENTATIONS, lambda receipt, sent, _: dict(receipt.presentations) != dict(sent.evidence.presentations)),
    (Finding.CLAIMS_NOT_SENT, _claims_not_sent),
    (Finding.CLAIMS_LEFT_OUT, _claims_left_out),
    (Finding.CONTROLLER, _controller),
    (Finding.PURPOSE, _purpose),
    (
        Finding.TIME,
        lambda receipt, sent, arrived_at: not sent.sent_at - TOLERANCE <= receipt.issued_at <= arrived_at + TOLERANCE,
    ),
    (Finding.ENDPOINT, lambda receipt, sent, _: receipt.cockpit_endpoint != sent.announced),
    (Finding.RETENTION, lambda receipt, _, __: receipt.keeps_rejected_too_long),
    (Finding.LOG_UNTIL, lambda receipt, _, __: receipt.answers_too_short),
)
