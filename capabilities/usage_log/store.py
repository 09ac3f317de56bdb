"""The storage of a usage log in its own words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from capabilities.usage_log.records import LogState, ReceiptLog, StoredEntry, Written
from capabilities.usage_log.tree import Prove
from protocol.sovereignty.merkle import Proof
from protocol.sovereignty.usage_report import News


class UsageStore(Protocol):
    """Every method is one transaction, durable when it returns. All raise Unavailable when the store is away."""

    def record(self, records: Sequence[Written]) -> None:
        """Write uses that happened elsewhere. Whoever reads or changes data itself writes them in that transaction.

        Nothing is written for a receipt whose log is over: nobody could read it any more.
        """

    def append(self, now: int) -> int:
        """Append the leaves that are due, or a portion of them, whoever else tries to; how many, 0 if none are due."""

    def append_early(self, now: int) -> int:
        """Append what waits for the next full hour, or a portion of it; how many leaves, 0 if nothing waits."""

    def receipt(self, receipt: str) -> ReceiptLog | None:
        """What is known of a receipt."""

    def entries(self, receipt: str, *, after: int, limit: int) -> tuple[StoredEntry, ...]:
        """The entries of a receipt with a number above `after`, in their order."""

    def news(self, receipt: str, limit: int) -> tuple[News, ...]:
        """The latest news for a receipt, newest first."""

    def log(self, log: str) -> LogState | None:
        """One log."""

    def logs(self, since: str) -> tuple[LogState, ...]:
        """The logs from one year on."""

    def prove(self, log: str, proofs: Sequence[Prove]) -> tuple[Proof, ...]:
        """Make proofs about a log from its nodes."""
