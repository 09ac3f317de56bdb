"""The verifier's storage in its own words. Conversations advance as `runtime.conversation` says; here is the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from capabilities.cockpit.rights import RightsStore
from capabilities.cockpit.store import CockpitStore
from capabilities.usage_log.store import UsageStore
from runtime.api_keys import ApiKeys
from runtime.conversation import ConversationStore
from verifier.counter import CounterRecord
from verifier.mirror import Receipts
from verifier.once_only.case import CaseHappened, CaseListed
from verifier.once_only.mandated import MandateUse
from verifier.represented import ActedFor
from verifier.rights import Holding, RightsRecord


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


class DueNotice(NamedTuple):
    """A notice that the agency's own system shall have now."""

    id: int
    case: str
    service: str
    event: str  # case_sent, case_decided
    state: str  # as it was then
    at: int  # epoch seconds
    attempts: int  # with this one


class Cases(Protocol):
    """The list of cases, and the notices of them; each case advances as a conversation."""

    def newest(self, states: Sequence[str], service: str, before: str, limit: int) -> tuple[CaseListed, ...]:
        """Cases in one of these states, newest first; of one service, where one is named, and after the case `before`."""

    def claim_notices(self, *, now: int, until: int, limit: int) -> tuple[DueNotice, ...]:
        """Take notices that are due, counting an attempt; nobody else gets them before `until`."""

    def notice_done(self, id_: int) -> None:
        """Drop a notice that was delivered, or is given up."""

    def notice_later(self, id_: int, due_at: int) -> None:
        """Let a notice wait until then."""


class CaseHearer(Protocol):
    """Somebody who writes down what becomes of the data in cases: the usage log, and the news for the citizen.

    `connection` is that of the transaction in which it happens, so that neither is ever there without the other.
    """

    def heard(self, connection: object, happened: CaseHappened) -> None:
        """Write down one thing. `text` and `offer` are for the citizen alone."""


class MandateUses(Protocol):
    """Which use of a mandate came last; it is written in the step that takes it in."""

    def last(self, mandate: str) -> MandateUse | None:
        """The last use of a mandate, by its hash."""


class RepresentedStore(Protocol):
    """Who was represented in which answer; what is kept comes with the step that records it."""

    def of(self, mark: str, *, now: int, limit: int) -> tuple[ActedFor, ...]:
        """What was done for somebody, newest first, whose log still answers."""


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
    def cases(self) -> Cases:
        """The list of cases."""

    @property
    def clerk_codes(self) -> ApiKeys:
        """The sign-in codes of clerks: they open the desk and nothing else."""

    @property
    def case_keys(self) -> ApiKeys:
        """The keys of programs that read cases and decide about them: they open nothing else."""

    @property
    def cockpit(self) -> CockpitStore:
        """The receipts that were given."""

    @property
    def mandates(self) -> MandateUses:
        """What sources forwarded by mandates of citizens."""

    @property
    def receipt_pasts(self) -> Receipts:
        """The receipts with their logs, to be counted."""

    @property
    def rights(self) -> RightsStore[Holding, RightsRecord]:
        """What citizens asked about what they gave; steps do what they say with the data in their own transaction."""

    @property
    def represented(self) -> RepresentedStore:
        """Who was represented by others."""

    @property
    def usage(self) -> UsageStore:
        """What is done with answers; steps write into it in their own transaction."""

    def sweep(self, *, now: int, limit: int) -> int:
        """Erase requests, answers, forms, cases, logs and status lists whose time is over (T261).

        How many went, at most `limit` of each.
        """
