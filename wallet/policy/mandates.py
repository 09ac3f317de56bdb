"""What a wallet keeps of a mandate, in the words of the protocol."""

from __future__ import annotations

from collections.abc import Iterable

from protocol.jws import Jws
from protocol.sovereignty.due_dates import add_months
from protocol.sovereignty.forwarding import ForwardingMandate, VerifiedMandate, verify_mandate
from protocol.sovereignty.mandate_status import MandateStatus
from protocol.sovereignty.usage import HOUR
from wallet.forwarding_records import MandateKept
from wallet.policy.showing import claim_label
from wallet.records import HeldCredential

MONTHS = 12
_AT = "mandate status"


def times_of(now: int, log_until: int) -> tuple[int, int]:
    """From when until when a mandate is good, by full hours: at most a year, and as long as its document's log answers.

    Two recipients of mandates get these: what was given in one moment, or ends with one document, must not show by them.
    """
    issued_at = _hour(now)
    return issued_at, min(add_months(issued_at, MONTHS), _hour(log_until))


def kept_id(kept: MandateKept) -> str:
    """What the office calls it."""
    return mandate_of(kept).says.jti


def mandate_of(kept: MandateKept) -> VerifiedMandate:
    """What was given; it may have expired since."""
    return verify_mandate(kept.token, now=kept.sent.at)


def status_of(kept: MandateKept) -> MandateStatus | None:
    """What the office said last; it was verified when it came."""
    if not kept.status:
        return None
    return MandateStatus.from_fields(Jws.from_compact(kept.status, _AT).peek_claims(_AT))


def labels_sent(says: ForwardingMandate, held: Iterable[HeldCredential], language: str) -> list[str]:
    """What is called how that is sent by a mandate, by the descriptions of what is held of its type."""
    described = [description for form in held if form.type == says.type for description in form.described().claims]
    paths = [tuple([step for step in path if step is not None]) for path in says.claims]
    return list(dict.fromkeys(claim_label(path, described, language) for path in paths))


def _hour(time: int) -> int:
    return time - time % HOUR
