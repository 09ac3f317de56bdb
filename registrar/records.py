"""What the registrar keeps: the line of each party in the register, the certificates it gave out, what it published."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from capabilities.registration.party import Seat
from capabilities.status_publisher.records import EntryState


@dataclass(frozen=True, slots=True)
class Operator:
    """Who keeps this register, as its lists say it."""

    name: tuple[tuple[str, str], ...]  # language → name
    identifier: str
    country: str
    email: str
    phone: str
    seat: Seat


class PartyState(StrEnum):
    """Where a party stands."""

    APPLIED = "applied"  # nobody decided yet
    REFUSED = "refused"
    REGISTERED = "registered"
    SUSPENDED = "suspended"
    REMOVED = "removed"  # for ever; its line stays to be seen


class CertificateKind(StrEnum):
    """What somebody was given."""

    ACCESS = "access"  # X.509: who it is
    REGISTRATION = "registration"  # a token: what it may ask, or issue


@dataclass(frozen=True, slots=True)
class PartyLine:
    """What the register is searched by; it is written with each step of the party's conversation."""

    identifier: str
    state: PartyState
    name: str  # legal name, as it is known now or as it was applied for
    trade_name: str
    entitlements: tuple[str, ...]
    document: str  # the registered party as JSON; empty: it never was registered
    proposed: str  # the party as somebody applied for, not yet decided; empty: nothing waits
    changed_at: int  # epoch seconds


@dataclass(frozen=True, slots=True)
class Cockpits:
    """Where citizens see what a party does with their data; it is written with each step of the party's conversation."""

    identifier: str
    country: str
    endpoints: tuple[str, ...]  # as registered
    active: bool  # registered now


class ServiceState(StrEnum):
    """Where a service of a party stands in the catalogue."""

    NEW = "new"  # nobody decided yet
    REFUSED = "refused"
    ANNOUNCED = "announced"
    OUT = "out"  # taken out by us
    WITHDRAWN = "withdrawn"  # by whoever offered it


@dataclass(frozen=True, slots=True)
class Offering:
    """A service of a party: what is announced of it, and what is to be."""

    id: str
    state: ServiceState
    document: str = ""  # the entry that was approved last, as JSON; empty: none was
    proposed: str = ""  # the entry that waits for a decision; empty: none
    reason: str = ""  # why it was refused, or is out: what an operator wrote, or what the problem is about
    problem: str = ""  # why it is out, where a check found it (`ProblemKind`)


@dataclass(frozen=True, slots=True)
class ServiceLine:
    """What services are found by; it is written with each step that is about them."""

    party: str  # identifier
    offering: Offering
    name: str  # as it is announced, or is to be
    life_events: tuple[str, ...]  # of what is announced
    changed_at: int  # epoch seconds


@dataclass(frozen=True, slots=True)
class Partner:
    """A cockpit of somebody whose usage logs are witnessed, with what was seen of them: one of each address."""

    identifier: str
    country: str
    cockpit_endpoint: str
    active: bool  # registered now, with this address among theirs
    heads: str = "[]"  # those that were witnessed, as the directory has them, as JSON
    signed: str = "{}"  # the newest head of each log as the partner signed it, as JSON
    broken_since: int | None = None  # epoch seconds
    evidence: str = "[]"  # what shows that it is broken: signed heads and a proof, as JSON
    looked_at: int = 0  # epoch seconds, of the last try
    reached_at: int = 0  # … of the last one that found nothing wrong
    finding: str = ""  # what the last try found (`Finding`); empty: nothing


@dataclass(frozen=True, slots=True)
class GivenCertificate:
    """One certificate that was given out."""

    id: str
    party: str  # identifier
    kind: CertificateKind
    use: str  # id of the use; empty: of no single one
    serial: str  # of an access certificate, hex; empty otherwise
    content: str  # PEM chain, or the token
    cwt: str  # the same registration as CWT, base64url; empty for access certificates
    issued_at: int  # epoch seconds
    expires_at: int  # epoch seconds
    status_list: str  # id; empty: its revocation is told by CRL
    status_index: int
    changed_at: int  # epoch seconds, of its state
    state: EntryState = EntryState.VALID


@dataclass(frozen=True, slots=True)
class StateOfAll:
    """Every certificate of a party that is not revoked moves to a state."""

    party: str
    state: EntryState
    kind: CertificateKind | None = None  # None: of both kinds
    use: str | None = None  # None: of every use


Record = PartyLine | GivenCertificate | StateOfAll | ServiceLine | Cockpits


@dataclass(frozen=True, slots=True)
class Publication:
    """Something that is published under a number that grows: a list of trusted entities, or of revoked certificates."""

    name: str
    number: int
    basis: str  # digest of what it says: it is made anew when that changes, or half its time is over
    content: str  # the token, or DER in base64
    issued_at: int  # epoch seconds
    next_update: int  # epoch seconds


@dataclass(frozen=True, slots=True)
class AuditLine:
    """A line of the audit trail as it is read."""

    id: int
    at: int  # epoch seconds
    action: str
    subject: str
    actor: str
    detail: str
