"""What is kept of status lists; which thing holds which place, its role keeps."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from protocol.credential import StatusReference
from protocol.encoding import JsonObject
from protocol.status.reference import status_claim


class EntryState(StrEnum):
    """Where the thing of an entry stands; the two words of Token Status List §7.1, and the start."""

    VALID = "valid"
    SUSPENDED = "suspended"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class StatusListRecord:
    """One status list. Indices are a keyed permutation of a counter, so none shows the order of issuance."""

    id: str
    bits: int
    size: int  # entries, a power of four
    seed: bytes  # key of the permutation, 16 bytes
    reserved: int  # how many indices were handed out in blocks
    version: int  # grows with every change that a reader could see
    changed_at: int  # epoch seconds of the last one


@dataclass(frozen=True, slots=True)
class StatusBlock:
    """Indices that one worker reserved and uses up alone; what it did not use is marked invalid by the sweep."""

    list_id: str
    indices: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class StatusEntry:
    """A reserved place in a status list."""

    list_id: str
    index: int
    uri: str
    good_until: int  # epoch seconds; not to be taken afterwards

    @property
    def reference(self) -> StatusReference:
        """The place as others name it."""
        return StatusReference(self.uri, self.index)

    @property
    def claim(self) -> JsonObject:
        """The status claim of a token (Token Status List §6.1)."""
        return status_claim(self.reference)
