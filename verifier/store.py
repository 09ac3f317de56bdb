"""The verifier's storage in its own words. Conversations advance as `runtime.conversation` says; here is the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from capabilities.cockpit.store import CockpitStore
from capabilities.usage_log.store import UsageStore
from runtime.api_keys import ApiKeys
from runtime.conversation import ConversationStore
from verifier.counter import CounterRecord


@dataclass(frozen=True, slots=True)
class StoredList:
    """A status list that outlives the process which fetched it."""

    address: str  # SHA-256 in hex
    fetched_at: int  # epoch seconds
    sealed: bytes


class KeptStatusLists(Protocol):
    """The status lists that answer while no network is there; a few, the latest ones."""

    def find(self, address: str) -> StoredList | None:
        """What is kept of an address."""

    def keep(self, kept: StoredList) -> None:
        """Keep one, unless a newer one of its address is there; the oldest of all go where there are too many."""


class Counters(Protocol):
    """The list of counters; each of them advances as a conversation."""

    def all(self) -> tuple[CounterRecord, ...]:
        """Every counter, oldest first."""


class VerifierStore(ConversationStore, Protocol):
    """Everything a verifier keeps. Every method is one transaction, durable when it returns.

    All raise Unavailable when the store is away; nothing was changed then.
    """

    @property
    def api_keys(self) -> ApiKeys:
        """The keys of the API; requests belong to the key that made them."""

    @property
    def status_lists(self) -> KeptStatusLists:
        """What is known of status lists while no network is there."""

    @property
    def counters(self) -> Counters:
        """The list of counters."""

    @property
    def cockpit(self) -> CockpitStore:
        """The receipts that were given."""

    @property
    def usage(self) -> UsageStore:
        """What is done with answers; steps write into it in their own transaction."""

    def sweep(self, *, now: int, limit: int) -> int:
        """Erase requests, answers, logs and status lists whose time is over (T261); how many, at most `limit` of each."""
