"""The receipt for an answer, and all that is written down together with it."""

from __future__ import annotations

from dataclasses import dataclass

from capabilities.cockpit.records import IssuedReceipt
from capabilities.usage_log.records import Written
from verifier.represented import ActedFor
from verifier.usage import Logged, received


@dataclass(frozen=True, slots=True)
class Given:
    """The receipt for an answer, as it is recorded with it."""

    issued: IssuedReceipt
    logged: Logged
    shown: str  # as `Answered.receipt`
    acted_for: ActedFor | None = None  # somebody acted for a person in it, who finds it by this

    def records(self, *, accepted: bool, now: int) -> tuple[Written | IssuedReceipt | ActedFor, ...]:
        """What is written down together with the answer."""
        found = () if self.acted_for is None or not accepted else (self.acted_for,)
        return (self.issued, *found, *received(self.logged, accepted=accepted, now=now))
