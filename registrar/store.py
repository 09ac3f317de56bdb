"""The registrar's storage in its own words. Conversations advance as `runtime.conversation` says; here is the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from capabilities.status_publisher.records import EntryState
from capabilities.status_publisher.store import StatusStore
from registrar.records import (
    AuditLine,
    GivenCertificate,
    Partner,
    PartyLine,
    PartyState,
    Publication,
    ServiceLine,
)
from runtime.api_keys import ApiKeys
from runtime.conversation import ConversationStore, Event


@dataclass(frozen=True, slots=True)
class PartyFilter:
    """Which parties somebody looks for; what is None does not matter."""

    states: tuple[PartyState, ...] = ()  # empty: every state
    waiting: bool | None = None  # whether something waits for a decision
    words: str = ""  # part of the names or the identifier
    entitlement: str | None = None


@dataclass(frozen=True, slots=True)
class ServiceFilter:
    """Which services somebody looks for; what is None or False does not matter."""

    party: str | None = None  # identifier
    waiting: bool = False  # only those about which something waits for a decision
    announced: bool = False  # only those that stand in the catalogue now
    life_event: str | None = None


class ServiceStore(Protocol):
    """The services of parties as they are found; steps of the parties' conversations write them."""

    def find(self, service: str) -> ServiceLine | None:
        """One service, whose ever it is."""

    def services(self, wanted: ServiceFilter, *, limit: int, after: str = "") -> tuple[ServiceLine, ...]:
        """Services in the order of their ids; `after`: those behind this id."""

    def waiting(self, *, limit: int) -> tuple[ServiceLine, ...]:
        """Services about which something waits for a decision, the oldest first."""

    def count_waiting(self) -> int:
        """How many services wait for a decision."""

    def measure(self) -> tuple[int, int]:
        """How many entries are announced, or would be if their parties did not rest, and how many bytes they have."""

    def count_by_life_event(self, events: tuple[str, ...]) -> dict[str, int]:
        """How many announced services belong to each life event; `""`: how many there are at all."""


class WitnessStore(Protocol):
    """Partners, what was seen of their usage logs, and whose turn it is to look."""

    def partner(self, identifier: str) -> tuple[Partner, ...]:
        """Every cockpit that one partner has or had, in the order of `partners`; none: it is no partner."""

    def partners(self, *, limit: int, after: str = "") -> tuple[Partner, ...]:
        """Every cockpit of some who are or were partners, `limit` of them, in the order of their identifiers.

        `after`: of those behind this one. Of each, those that it has come first, then those that are broken.
        """

    def due(self, *, before: int, limit: int) -> tuple[Partner, ...]:
        """Active cockpits at which nobody looked since `before`, whichever waits for longest first."""

    def keep_seen(self, before: Partner, after: Partner) -> bool:
        """Keep what was seen of a cockpit, unless somebody else looked meanwhile; whether it was kept."""

    def take_hour(self, hour: int, worker: str, *, now: int, until: int) -> bool:
        """Take an hour, or one that its worker did not end in time, or hold on to one's own; whether it is one's own now."""

    def end_hour(self, hour: int, worker: str) -> bool:
        """Say that an hour is done; whether it was one's own still."""

    def rounds_ended(self) -> int:
        """How many rounds came to an end."""


class RegistrarStore(ConversationStore, Protocol):
    """Everything a registrar keeps. Every method is one transaction, durable when it returns.

    All raise Unavailable when the store is away; nothing was changed then.
    """

    @property
    def api_keys(self) -> ApiKeys:
        """The keys of the operators' API."""

    @property
    def operator_codes(self) -> ApiKeys:
        """The sign-in codes of operators: they open the pages and nothing else."""

    @property
    def status_lists(self) -> StatusStore:
        """The status lists that registration certificates have their places in."""

    @property
    def services(self) -> ServiceStore:
        """The services of parties."""

    @property
    def witness(self) -> WitnessStore:
        """Partners and their usage logs."""

    def party(self, identifier: str) -> PartyLine | None:
        """One party."""

    def parties(self, wanted: PartyFilter, *, limit: int, after: str = "") -> tuple[PartyLine, ...]:
        """Parties in the order of their identifiers; `after`: those behind this identifier."""

    def waiting(self, *, limit: int) -> tuple[PartyLine, ...]:
        """Parties about whom something waits for a decision, whoever waits for longest first."""

    def count_waiting(self) -> int:
        """How many applications and changes wait for a decision."""

    def certificates_of(self, party: str) -> tuple[GivenCertificate, ...]:
        """What a party was given, newest first, at most 1 000."""

    def revoked_access(self, *, now: int) -> tuple[GivenCertificate, ...]:
        """Access certificates that are revoked or suspended and would be good otherwise."""

    def access_state(self, party: str, serial: str) -> EntryState | None:
        """How an access certificate that we gave to a party stands; None: we did not."""

    def find_certificate(self, certificate_id: str) -> GivenCertificate | None:
        """One certificate."""

    def revoke(self, certificate_id: str, event: Event, *, now: int) -> GivenCertificate:
        """End one certificate for ever; the second time nothing happens.

        Raises:
            NotFound: no such certificate.
        """

    def publication(self, name: str) -> Publication | None:
        """What was published last under a name."""

    def number(self, name: str) -> int:
        """The number of what was published last under a name; 0: nothing was."""

    def publish(self, publication: Publication) -> Publication:
        """Publish under the next number; if somebody else was faster, what they published."""

    def version(self) -> int:
        """A number that grows with every change of anything that is published."""

    def note(self, event: Event) -> None:
        """Add a line to the audit trail."""

    def audit(self, *, limit: int, subject: str | None = None, before: int | None = None) -> tuple[AuditLine, ...]:
        """The audit trail, newest first, of one party or of all; `before`: only lines older than the one with this id."""

    def sweep(self, *, before: int, now: int, limit: int) -> int:
        """Void every index reserved before `before` that no certificate got, and forget what has expired."""
