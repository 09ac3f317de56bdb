"""How long the activity is kept: as long as its owner says, and never shorter than a partner can still be asked by it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from protocol.errors import InvalidRequest
from protocol.sovereignty.due_dates import add_months
from wallet.disclosure_records import Disclosure
from wallet.policy.cockpit.disclosed import receipt_of
from wallet.policy.cockpit.rights import has_ended
from wallet.records import LogEntry

FOR_EVER: Final = 0
CHOICES: Final = (FOR_EVER, 1, 2, 5, 10)  # years


def check_choice(years: int) -> int:
    """A choice that there is.

    Raises:
        InvalidRequest: there is no such one.
    """
    if years not in CHOICES:
        raise InvalidRequest(f"the activity can be kept for {', '.join(map(str, CHOICES[1:]))} years, or for ever")
    return years


def can_be_asked(disclosure: Disclosure, now: int) -> bool:
    """Whether its key still opens something at the partner, or something that was asked is not answered yet."""
    if not disclosure.key:
        return False
    receipt = receipt_of(disclosure)
    waiting = any(not has_ended(asked) for asked in disclosure.rights)
    return waiting or (receipt is not None and now < receipt.log_until)


def over(entries: Sequence[LogEntry], disclosures: Iterable[Disclosure], *, years: int, now: int) -> frozenset[int]:
    """Numbers of the lines that are older and by which nobody can be asked any more; what became of one goes with it."""
    if years == FOR_EVER:
        return frozenset()
    latest = add_months(now, -12 * years)
    old = [entry for entry in entries if entry.at <= latest and not entry.completes]
    needed = {one.log_number for one in disclosures if can_be_asked(one, now)} if old else set()
    return frozenset([entry.number for entry in old if entry.number not in needed])
