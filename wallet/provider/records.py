"""What a wallet provider keeps of its wallets; of the people who use them, nothing but a reference of the operator's own."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from protocol.fields import MAX_TIME

NEVER = MAX_TIME  # of what must not be forgotten


class UnitState(StrEnum):
    """Where a wallet stands."""

    ACTIVE = "active"
    REVOKED = "revoked"


class AttestationKind(StrEnum):
    """What an attestation is about."""

    CLIENT = "client"
    KEYS = "keys"


@dataclass(frozen=True, slots=True)
class UnitRecord:
    """A wallet, as operators see it. One that is revoked takes all its attestations with it."""

    id: str
    label: str  # the operator's own reference; empty: none
    version: str  # of the program, as it said last
    registered_at: int  # epoch seconds
    seen_at: int  # epoch seconds
    known_until: int  # epoch seconds
    state: UnitState


@dataclass(frozen=True, slots=True)
class AttestationRecord:
    """An attestation: its place in a status list, and whose it is (TS3 1.5 §2.4.2). Neither its key nor its issuer."""

    id: str
    unit: str
    kind: AttestationKind
    status_list: str
    status_index: int
    issued_at: int  # epoch seconds
    status_until: int  # epoch seconds; so long its status is kept up


Record = UnitRecord | AttestationRecord
