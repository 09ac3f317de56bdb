"""Answers of a verifier that have a receipt, and what their log says."""

from dataclasses import replace

from protocol.sovereignty.claims import ClaimsByQuery
from protocol.sovereignty.wording import Wording
from runtime.conversation import Advance, Change, SessionKey
from tests.support.partners import both
from tests.support.verifier import Counter
from verifier.session import REQUEST, Answered, no_request
from verifier.usage import Logged, received

RECEIPT = "receipt-0123456789abcdef"
PURPOSE = both("Ausweis für die Bücherei", "Library card")
CLAIMS = {"pid": (("family_name",),)}


def log_with(claims: ClaimsByQuery = CLAIMS, purpose: Wording = PURPOSE, *, until: int, language: str = "de") -> Logged:
    """With what the uses of an answer are logged."""
    return Logged.of(RECEIPT, until, claims, purpose, language)


def give_receipt(counter: Counter, request_id: str) -> None:
    """Let an answer have a receipt, and its log."""
    logged = log_with(until=counter.clock.now + 365 * 86_400)

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
