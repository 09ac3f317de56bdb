"""What a usage log answers: to the citizen about one receipt, and to everybody about the log (docs/sovereignty/usage.md)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from threading import Lock
from typing import NamedTuple

from capabilities.usage_log.policy import seconds_left
from capabilities.usage_log.records import LogState, StoredEntry
from capabilities.usage_log.store import UsageStore
from protocol.encoding import encode_json
from protocol.errors import NotFound
from protocol.exchange import Exchange
from protocol.formats import IssuerSigner
from protocol.sovereignty.log_heads import Growth, LogHead, sign_usage_head
from protocol.sovereignty.merkle import Proof, TreeHead, prove_consistency, prove_inclusion
from protocol.sovereignty.usage import BLOCK, HOUR, BlindedEntry
from protocol.sovereignty.usage_report import (
    MAX_NEWS,
    News,
    Place,
    ReportedEntry,
    UsageReport,
    UsageRequest,
    fill_report,
    sign_usage_report,
)
from runtime.conversation import slow

READ_AT_ONCE = 32  # entries: about as many as a report has room for
NEWS_ROOM = 7 * 1024  # bytes of a report


class PublishedHead(NamedTuple):
    """A signed head, and for how many seconds others may keep it."""

    token: str
    max_age: int


class _Signed(NamedTuple):
    state: LogState
    hour: int
    token: str


@dataclass(frozen=True, slots=True)
class UsageLog:
    """The usage log of one party. A head is signed once an hour, not for each request."""

    store: UsageStore
    signing: IssuerSigner  # the access certificate
    now: Callable[[], int]  # epoch seconds
    _signed: dict[str, _Signed] = field(default_factory=dict)  # at most one for each log there is
    _signing: Lock = field(default_factory=Lock)

    def append(self) -> Exchange[int]:
        """Append what is due; how many leaves that were. Any worker may try at any time."""
        total = 0
        while count := (yield from slow(lambda: self.store.append(self.now()))):
            total += count
        return total

    def append_early(self) -> Exchange[int]:
        """Append what is due, and what waits for the next full hour, because somebody wants to see it in the log now.

        How many leaves that were. Blocks are as large as ever, so they tell nothing but that somebody wanted that.
        """
        total = yield from self.append()
        while count := (yield from slow(lambda: self.store.append_early(self.now()))):
            total += count
        return total

    def report(self, receipt: str, request: UsageRequest) -> Exchange[str]:
        """What was done with the data of one receipt, signed. That whoever asks may know is for the caller to see.

        Raises:
            NotFound: there is no log of such a receipt, or it is over.
        """
        # Each entry is proven once more before it is signed, which takes too long for an event loop
        signer, x5c = self.signing.signer, self.signing.x5c
        return (yield from slow(lambda: sign_usage_report(self._report(receipt, request), signer, x5c)))

    def head(self, log: str) -> Exchange[PublishedHead]:
        """The head of a log as everybody gets it.

        Raises:
            NotFound: no such log.
        """
        state = yield from slow(lambda: self.store.log(log))
        if state is None:
            raise no_such_log()
        now = self.now()
        known = self._known(state, now)
        token = known or (yield from slow(lambda: self._sign(state, now)))
        return PublishedHead(token, seconds_left(state.appended_at, log, now))

    def consistency(self, log: str, before: int, after: int) -> Exchange[Growth]:
        """The proof that a log only grew between two of its heads.

        Raises:
            NotFound: no such log, or it has no such heads.
        """
        state = yield from slow(lambda: self.store.log(log))
        if state is None or not _were_heads(state.head, before, after):
            raise no_such_log()
        [proof] = yield from slow(lambda: self.store.prove(log, [partial(_consistency, before=before, after=after)]))
        return Growth(log, before, after, proof)

    def _report(self, receipt: str, request: UsageRequest) -> UsageReport:
        # Time first, then heads, then entries: what happens meanwhile is in the report, or after its time
        now = self.now()
        known = self.store.receipt(receipt)
        if known is None or now >= known.log_until:
            raise NotFound("no such receipt")
        heads = tuple([state.head for state in self.store.logs(known.since)])
        report = UsageReport(
            receipt,
            now,
            heads,
            consistency=self._since_seen(request, heads),
            news=_with_room(self.store.news(receipt, MAX_NEWS)),
        )
        after = -1 if request.after is None else request.after
        return fill_report(report, self._entries(receipt, after, {head.log: head.tree for head in heads}))

    def _since_seen(self, request: UsageRequest, heads: Sequence[LogHead]) -> Proof:
        """The proof from what the wallet saw; none where that never was. What it means is for the wallet to say."""
        seen = request.seen
        head = next((head for head in heads if seen is not None and head.log == seen.log), None)
        if seen is None or head is None or not _were_heads(head, seen.tree_size, head.tree.size):
            return ()
        prove = partial(_consistency, before=seen.tree_size, after=head.tree.size)
        [proof] = self.store.prove(seen.log, [prove])
        return proof

    def _entries(self, receipt: str, after: int, heads: Mapping[str, TreeHead]) -> Iterator[ReportedEntry]:
        while entries := self.store.entries(receipt, after=after, limit=READ_AT_ONCE):
            places: dict[int, Place] = {}
            # What came into a tree after its head was read is pending still
            placed = [entry for entry in entries if _is_within(entry, heads)]
            for log, of_log in groupby(sorted(placed, key=_log), key=_log):
                in_log = list(of_log)
                proofs = self.store.prove(
                    log, [partial(prove_inclusion, index=each.index, size=heads[log].size) for each in in_log]
                )
                places.update(
                    {each.n: Place(log, each.index, proof) for each, proof in zip(in_log, proofs, strict=True)}
                )
            for entry in entries:
                blinded = BlindedEntry.from_members(entry.members, entry.blind, "usage entry")
                yield ReportedEntry(blinded, places.get(entry.n))
            after = entries[-1].n

    def _known(self, state: LogState, now: int) -> str | None:
        known = self._signed.get(state.head.log)
        return None if known is None or (known.state, known.hour) != (state, now // HOUR) else known.token

    def _sign(self, state: LogState, now: int) -> str:
        with self._signing:
            # Whoever waited here finds what the first one made
            known = self._known(state, now)
            if known is not None:
                return known
            token = sign_usage_head(state.head, now=now, signer=self.signing.signer, x5c=self.signing.x5c)
            self._signed[state.head.log] = _Signed(state, now // HOUR, token)
            return token


def no_such_log() -> NotFound:
    """The one refusal for a log, or a size of it, that nobody was ever shown."""
    return NotFound("no such log")


def _consistency(nodes: Callable[[int, int], bytes], *, before: int, after: int) -> Proof:
    return prove_consistency(nodes, before, after)


def _were_heads(head: LogHead, before: int, after: int) -> bool:
    """Whether a log had these sizes: each of its heads is a multiple of a block."""
    return 0 <= before <= after <= head.tree.size and before % BLOCK == after % BLOCK == 0


def _is_within(entry: StoredEntry, heads: Mapping[str, TreeHead]) -> bool:
    return entry.log is not None and entry.log in heads and entry.index < heads[entry.log].size


def _log(entry: StoredEntry) -> str:
    return entry.log or ""


def _with_room(newest_first: Sequence[News]) -> tuple[News, ...]:
    """As many news as a report has room for beside its entries, in the order of time."""
    taken: list[News] = []
    left = NEWS_ROOM
    for news in newest_first:
        left -= len(encode_json(news.to_dict())) + 1
        if left < 0:
            break
        taken.append(news)
    return tuple(reversed(taken))
