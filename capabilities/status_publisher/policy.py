"""Pure decisions: how indices are spread, what a state may become, how long a token is good."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from capabilities.status_publisher.records import EntryState, StatusListRecord
from protocol.errors import Conflict

STATUS_BITS = 2  # valid, invalid, suspended
LIST_SIZE = 4**10  # 1 048 576 entries
BLOCK = 256  # indices that a worker reserves at once
BLOCK_LIFETIME = 1800  # seconds; after twice that the sweep takes back what was not used
STATUS_VALUES = {EntryState.VALID: 0, EntryState.REVOKED: 1, EntryState.SUSPENDED: 2}
VOID = 1  # the status of an index that nothing got


@dataclass(frozen=True, slots=True)
class TokenLifetimes:
    """How long a status list token is good, in seconds."""

    token: int = 86_400  # until exp
    ttl: int = 300


USUAL_LIFETIMES = TokenLifetimes()


def permuted_index(record: StatusListRecord, counter: int) -> int:
    """The index that belongs to a counter: a keyed permutation, so every index comes once and none tells the order.

    A balanced Feistel network of four rounds over the list's size, a power of four.
    """
    half = (record.size.bit_length() - 1) // 2
    mask = (1 << half) - 1
    left, right = counter >> half, counter & mask
    for turn in range(4):
        digest = hashlib.blake2b(bytes((turn,)) + right.to_bytes(4, "big"), key=record.seed, digest_size=4).digest()
        left, right = right, left ^ (int.from_bytes(digest, "big") & mask)
    return left << half | right


def next_state(current: EntryState, wanted: EntryState) -> EntryState:
    """Whether a thing may move from one state to another; the same state again is fine.

    Raises:
        Conflict: it is revoked, and revoked is for ever.
    """
    if current is EntryState.REVOKED and wanted is not current:
        raise Conflict("this is revoked, and stays so")
    return wanted
