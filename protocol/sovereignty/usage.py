"""What a controller does with data after it came: entries, their blinded leaves, and the blocks in which a log grows.

How a log is kept and read by others stands in docs/sovereignty/usage.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple, Self

from protocol.encoding import JsonObject
from protocol.errors import Malformed, TooLarge, Unsupported
from protocol.fields import Fields
from protocol.keys import RandomBytes
from protocol.sovereignty.canonical import encode_canonical
from protocol.sovereignty.claims import ClaimsByQuery, read_claims_by_query, write_claims_by_query
from protocol.sovereignty.merkle import HASH_SIZE, MAX_SIZE, hash_leaf
from protocol.sovereignty.rights import read_id
from protocol.sovereignty.signing import MAX_IDENTIFIER
from protocol.sovereignty.wording import Wording, check_plain, read_optional_wording, read_wording, write_wording

HOUR = 3600  # seconds
IN_TREE_WITHIN = 2 * HOUR  # of `at`
BLOCK = 64  # leaves; every block is a multiple of it
BLIND_SIZE = 32  # bytes
MAX_ENTRY = 16 * 1024  # bytes in its one spelling
MAX_NAME = 256  # characters
_AT = "usage entry"


class Action(StrEnum):
    """What was done."""

    RECEIVED = "received"
    VIEWED = "viewed"
    USED = "used"
    DECIDED = "decided"
    FORWARDED = "forwarded"
    RECIPIENT_TOLD = "recipient_told"  # of a correction, an erasure or a restriction (GDPR Art. 19)
    CORRECTED = "corrected"
    RESTRICTED = "restricted"
    ERASED = "erased"
    KEPT = "kept"  # beyond its time, for the reason in `why`
    REFUSED = "refused"


ACTIONS = frozenset(Action)
NAMES_SOMEBODY = frozenset((Action.FORWARDED, Action.RECIPIENT_TOLD))


class Addressee(NamedTuple):
    """Who got data, or heard of it: the organisation itself, not a category (CJEU C-154/21)."""

    name: str
    identifier: str | None = None  # as registered; None: a private person, whose role is the name


@dataclass(frozen=True, slots=True)
class Use:
    """One thing that was done with data, before it has its place in a log. It never holds a value of a claim."""

    at: int  # epoch seconds
    action: Action
    claims: ClaimsByQuery
    by: str  # a role or a system, never an employee
    why: Wording
    to: Addressee | None = None
    delayed: Wording = ()  # the law that forbade telling earlier


@dataclass(frozen=True, slots=True)
class UsageEntry:
    """A use in its place among those of one receipt."""

    receipt: str  # its jti
    n: int  # from 0, without gaps
    use: Use

    @classmethod
    def from_fields(cls, entry: Fields) -> Self:
        """Read the wire form; unknown members are ignored here, but not in the leaf hash.

        Raises:
            Malformed: a member is missing or has the wrong shape, or nobody is named to whom data went.
            Unsupported: an action that we do not know.
        """
        action = entry.text("action", max_length=64)
        if action not in ACTIONS:
            raise Unsupported(f"{entry.path('action')}: is no action that is known here")
        use = Use(
            at=entry.integer("at"),
            action=Action(action),
            claims=read_claims_by_query(entry, "claims"),
            by=_read_name(entry, "by"),
            why=read_wording(entry, "why"),
            to=_read_addressee(entry.object("to")) if action in NAMES_SOMEBODY or "to" in entry else None,
            delayed=read_optional_wording(entry, "delayed"),
        )
        return cls(read_id(entry, "receipt"), entry.integer("n", maximum=MAX_SIZE), use)

    def to_dict(self) -> JsonObject:
        """The wire form."""
        members: JsonObject = {
            "receipt": self.receipt,
            "n": self.n,
            "at": self.use.at,
            "action": self.use.action.value,
            "claims": write_claims_by_query(self.use.claims),
            "by": self.use.by,
            "why": write_wording(self.use.why),
        }
        if self.use.to is not None:
            named = {"name": self.use.to.name, "identifier": self.use.to.identifier}
            members["to"] = {name: value for name, value in named.items() if value is not None}
        if self.use.delayed:
            members["delayed"] = write_wording(self.use.delayed)
        return members


@dataclass(frozen=True, slots=True)
class BlindedEntry:
    """An entry with what hides it in the tree, until both are deleted."""

    entry: UsageEntry
    blind: bytes  # 32 random bytes
    members: JsonObject  # as signed or as it came, unknown ones too: this is what was hashed
    leaf: bytes  # SHA-256, 32 bytes

    @classmethod
    def from_members(cls, members: JsonObject, blind: bytes, at: str) -> Self:
        """Read an entry of which the blind is known.

        Raises:
            Malformed, Unsupported: see `UsageEntry.from_fields`; or a blind of another size.
            TooLarge: over `MAX_ENTRY`.
        """
        if len(blind) != BLIND_SIZE:
            raise Malformed(at, f"must have a blind of {BLIND_SIZE} bytes")
        text = encode_canonical(members, at)
        if len(text) > MAX_ENTRY:
            raise TooLarge(at, f"is larger than {MAX_ENTRY} bytes")
        return cls(UsageEntry.from_fields(Fields(members, at)), blind, members, hash_leaf(blind + text))


def number_use(receipt: str, use: Use, *, n: int, this_hour: Iterable[UsageEntry]) -> UsageEntry | None:
    """The entry of a use, or None if it repeats one: of uses that differ only in `at`, the first in an hour is written.

    `n` is how many entries the receipt has, `this_hour` those with an `at` in the same full hour.
    """
    for written in this_hour:
        same = replace(written.use, at=use.at) == use
        if same and written.receipt == receipt and written.use.at // HOUR == use.at // HOUR:
            return None
    return UsageEntry(receipt, n, use)


def blind_entry(entry: UsageEntry, random_bytes: RandomBytes) -> BlindedEntry:
    """Hide an entry. One that its own readers would refuse is refused here already.

    Raises:
        Malformed, TooLarge: it says too little or too much, such as an action that names nobody to whom data went.
    """
    return BlindedEntry.from_members(entry.to_dict(), random_bytes(BLIND_SIZE), _AT)


def make_block(leaves: Sequence[bytes], random_bytes: RandomBytes) -> tuple[bytes, ...]:
    """The leaves that a full hour appends: all pending ones, filled up with random ones, in random order.

    Whoever sees the block learns neither in which order they came nor, up to the next multiple of 64, how many are real.
    """
    missing = -len(leaves) % BLOCK if leaves else BLOCK
    block = [*leaves, *(random_bytes(HASH_SIZE) for _ in range(missing))]
    for last in range(len(block) - 1, 0, -1):
        other = _random_below(last + 1, random_bytes)
        block[last], block[other] = block[other], block[last]
    return tuple(block)


def log_of(block_at: int) -> str:
    """The log that a block goes to: the one of the calendar year (UTC) in which its hour began."""
    return f"{datetime.fromtimestamp(max(block_at - HOUR, 0), UTC).year:04}"


def read_log(holder: Fields, name: str) -> str:
    """Read the name of a log: a calendar year.

    Raises:
        Malformed: anything else.
    """
    log = holder.text(name, max_length=64)
    if len(log) != 4 or not log.isascii() or not log.isdigit():
        raise Malformed(holder.path(name), "must be a calendar year of four digits")
    return log


def _read_addressee(to: Fields) -> Addressee:
    identifier = to.optional_text("identifier", max_length=MAX_IDENTIFIER)
    return Addressee(_read_name(to, "name"), identifier)


def _read_name(holder: Fields, name: str) -> str:
    text = holder.text(name, max_length=MAX_NAME)
    if not text.strip():
        raise Malformed(holder.path(name), "must have something to read")
    check_plain(text, holder.path(name))
    return text


def _random_below(limit: int, random_bytes: RandomBytes) -> int:
    """A number from 0 to below the limit, each as likely: what would favour the small ones is drawn again."""
    fair = (1 << 32) // limit * limit
    while (drawn := int.from_bytes(random_bytes(4))) >= fair:
        pass
    return drawn % limit
