"""Answers of a verifier that have a receipt, and what their log says."""

from dataclasses import replace
from typing import Any

from protocol.fields import Fields
from protocol.sovereignty.canonical import hash_bytes
from protocol.sovereignty.durations import Retention
from protocol.sovereignty.receipt import LegalBasis, Outcome, Receipt
from protocol.sovereignty.receipt_parties import Controller
from runtime.conversation import Advance, Change, SessionKey
from tests.support.partners import AGENCY, both
from tests.support.pki import DAY, NOW
from tests.support.verifier import Counter
from verifier.session import REQUEST, Answered, no_request
from verifier.usage import Logged, received

RECEIPT = "receipt-0123456789abcdef"
PURPOSE = both("Ausweis für die Bücherei", "Library card")
CLAIMS = {"pid": (("family_name",),)}
RECEIPT_OF_CLAIMS = Receipt(
    issuer="x509_hash:Zm9yIHRoZSB0ZXN0cyBvbmx5",
    id=RECEIPT,
    issued_at=NOW,
    request=hash_bytes(b"request"),
    presentations={"pid": (hash_bytes(b"presentation"),)},
    claims=CLAIMS,
    outcome=Outcome.ACCEPTED,
    purpose=PURPOSE,
    legal_basis=LegalBasis.CONSENT,
    retention=Retention.from_fields(Fields({"retention": "P1D"}, "receipt"), "retention"),
    log_until=NOW + 365 * DAY,
    controller=Controller("City library", AGENCY, "https://library.example/privacy"),
)


def receipt(**changes: Any) -> Receipt:
    """A receipt of one claim."""
    return replace(RECEIPT_OF_CLAIMS, **changes)


def log_of(counter: Counter) -> Logged:
    """With what the uses of an answer are logged."""
    return Logged.of(receipt(log_until=counter.clock.now + 365 * 86_400), "de")


def give_receipt(counter: Counter, request_id: str) -> None:
    """Let an answer have a receipt, and its log."""
    logged = log_of(counter)

    def step(stage: object) -> Change[object, object]:
        assert isinstance(stage, Answered)
        records = received(logged, accepted=True, now=counter.clock.now)
        return Change(replace(stage, logged=logged), records=records)

    [stage] = counter.store.commit([Advance(SessionKey.of(REQUEST, request_id), step, no_request())])
    assert isinstance(stage, Answered)


def uses(counter: Counter) -> list[tuple[str, str]]:
    """What was done, and by whom."""
    entries = counter.store.usage.entries(RECEIPT, after=-1, limit=100)
    return [(str(entry.members["action"]), str(entry.members["by"])) for entry in entries]
