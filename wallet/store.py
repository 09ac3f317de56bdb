"""The wallet's storage in its own words."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from wallet.disclosure_records import Disclosure
from wallet.forwarding_records import MandateKept, OrderKept
from wallet.records import (
    AwaitedDocument,
    Evidence,
    HeldCredential,
    Kept,
    KeptRequest,
    LogEntry,
    PendingIssuance,
    Preferences,
    RenewalGrant,
    RenewedDocument,
    WalletUnit,
)
from wallet.service_records import Errand, JourneyKept, ServiceWishes


class NewEntry(Protocol):
    """A log entry before it has its place in the chain."""

    def __call__(self, number: int, before: str) -> LogEntry:
        """The entry with its number and the hash of the one before it."""


class LogHead(NamedTuple):
    """What the log comes to: whoever noted it can tell later that nothing before it was altered or taken away."""

    length: int  # entries, deleted ones too
    deleted: int
    chain: str  # the last link, hex


@dataclass(frozen=True, slots=True)
class NotedWith:
    """A log entry, and what hangs on it, which gets its number."""

    note: NewEntry
    disclosure: Disclosure | None = None


ChangeCredentials = Callable[[tuple[HeldCredential, ...]], Sequence[HeldCredential]]


class WalletStore(Protocol):
    """One user's records. Every writing method is one transaction, durable when it returns.

    Every method raises Unavailable where the storage cannot be used or was closed (nothing was changed then), and
    DamagedError where it is broken as a whole. A single record that was altered, swapped or put back is never handed out:
    `damaged` names it, and all others stay usable.
    """

    def credentials(self) -> tuple[HeldCredential, ...]:
        """Everything held, oldest first."""

    def pending(self) -> tuple[PendingIssuance, ...]:
        """What was begun and not finished, oldest first."""

    def grants(self) -> tuple[RenewalGrant, ...]:
        """By what documents are renewed, oldest first; what is damaged is left out: the document has to be asked for again."""

    def renewed(self) -> tuple[RenewedDocument, ...]:
        """What renewals changed, oldest first."""

    def unit(self) -> WalletUnit | None:
        """How the wallet is known to its provider; None as well if that is damaged, because it can be made anew."""

    def damaged(self) -> tuple[str, ...]:
        """The ids of credentials that are damaged or missing, and cannot be used any more."""

    def log(self) -> tuple[LogEntry, ...]:
        """Everything that happened and was not deleted, oldest first, its chain checked; the same value until it changes.

        Raises:
            DamagedError: an entry was altered, or is missing.
        """

    def log_head(self) -> LogHead:
        """The end of the log's chain.

        Raises:
            DamagedError: see `log`.
        """

    def disclosures(self) -> tuple[Disclosure, ...]:
        """Answers to requests that announced a cockpit, oldest first; the same value until one changes. None is damaged."""

    def preferences(self) -> Preferences | None:
        """What the user decided about the wallet; None: nothing yet, or it is damaged, because it can be decided anew."""

    def evidence(self) -> tuple[Evidence, ...]:
        """The proof that is there for entries of the log; what is damaged proves nothing and is left out."""

    def requests(self) -> tuple[KeptRequest, ...]:
        """What was asked in entries of the log; what is damaged is left out."""

    def wishes(self) -> ServiceWishes:
        """What the user decided about services; nothing yet where that is damaged."""

    def journeys(self) -> tuple[JourneyKept, ...]:
        """The plans that were begun, oldest first; what is damaged is left out."""

    def awaited(self) -> tuple[AwaitedDocument, ...]:
        """What an earlier wallet held and is not here yet, oldest first; what is damaged is left out."""

    def errands(self) -> tuple[Errand, ...]:
        """The requests that wait for a proof, oldest first; what is damaged is left out."""

    def orders(self) -> tuple[OrderKept, ...]:
        """What is forwarded again when it changes, oldest first; what is damaged is left out: nothing is sent by it."""

    def mandates(self) -> tuple[MandateKept, ...]:
        """What offices were told to forward, oldest first; what is damaged is left out."""

    def write(
        self,
        *,
        put: Sequence[Kept] = (),
        drop: Sequence[Kept] = (),
        note: NewEntry | None = None,
        needs: Sequence[str] = (),
        history: Sequence[NewEntry] = (),
        lines: Sequence[NotedWith] = (),
    ) -> LogEntry | None:
        """Keep records, destroy others and add to the log, all or nothing; the entry that was added.

        `history` is added after it: what another wallet wrote down. `lines` come last.

        Raises:
            NotFound: a credential is not there any more of those that it needs; nothing was changed.
        """

    def change(self, ids: Sequence[str], step: ChangeCredentials, note: NewEntry | None = None) -> LogEntry | None:
        """Load credentials, keep what the pure `step` makes of them, and add to the log: nobody comes in between.

        Raises:
            NotFound: one is not there.
            ProtocolError: what the step raised; nothing was changed.
        """

    def forget_damaged(self, record_id: str, note: NewEntry) -> LogEntry:
        """Destroy what is left of a damaged credential.

        Raises:
            NotFound: there is no damaged one of this id.
        """

    def delete_entries(self, numbers: Collection[int]) -> None:
        """Destroy entries of the log, what became of them, and everything that belongs to them; their hashes alone are left.

        Raises:
            NotFound: one is not there; nothing was done.
            DamagedError: see `log`.
        """

    def clear_log(self, note: NewEntry) -> LogEntry:
        """Destroy the log and everything that belongs to its entries; a new one begins with this entry (T263)."""
