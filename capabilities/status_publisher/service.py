"""Status lists of a role: places to give out, and tokens that say how each stands (Token Status List §5, §6)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from threading import Lock

from capabilities.status_publisher.policy import (
    BLOCK,
    BLOCK_LIFETIME,
    LIST_SIZE,
    STATUS_BITS,
    USUAL_LIFETIMES,
    TokenLifetimes,
)
from capabilities.status_publisher.records import StatusEntry, StatusListRecord
from capabilities.status_publisher.store import StatusStore
from protocol.encoding import encode_base64url, sha256
from protocol.errors import NotFound, Unavailable
from protocol.exchange import Exchange
from protocol.formats import IssuerSigner
from protocol.keys import RandomBytes
from protocol.status.bits import StatusList
from protocol.status.token import sign_status_list_token
from protocol.x509 import Certificate
from runtime.conversation import slow


@dataclass(frozen=True, slots=True)
class StatusPublisher:
    """What a role's status lists are made with."""

    store: StatusStore
    signing: IssuerSigner
    address: Callable[[str], str]  # id of a list → where it is served
    now: Callable[[], int]  # epoch seconds
    random_bytes: RandomBytes
    lifetimes: TokenLifetimes = USUAL_LIFETIMES


@dataclass(slots=True)
class StatusIndices:
    """The blocks of indices that this worker reserved. Only this object's owner uses it, so nothing is locked for one index."""

    publisher: StatusPublisher
    _free: deque[StatusEntry] = field(default_factory=deque)

    def take(self, count: int) -> Exchange[tuple[StatusEntry, ...]]:
        """So many places."""
        while True:
            # What was left for too long belongs to the sweep
            while self._free and self.publisher.now() >= self._free[0].good_until:
                self._free.popleft()
            if len(self._free) >= count:
                return tuple(self._free.popleft() for _ in range(count))
            yield from self._reserve()

    def give_back(self, entries: Iterable[StatusEntry]) -> None:
        """Take back places whose things were thrown away before they were recorded or seen by anybody."""
        self._free.extendleft(entries)

    def _reserve(self) -> Exchange[None]:
        publisher = self.publisher
        now = publisher.now()
        fresh = StatusListRecord(
            publisher.random_bytes(16).hex(), STATUS_BITS, LIST_SIZE, publisher.random_bytes(16), 0, 0, now
        )
        block = yield from slow(lambda: publisher.store.reserve_indices(STATUS_BITS, BLOCK, fresh=fresh, now=now))
        uri = publisher.address(block.list_id)
        good_until = now + BLOCK_LIFETIME
        self._free.extend(StatusEntry(block.list_id, index, uri, good_until) for index in block.indices)


@dataclass(frozen=True, slots=True)
class PublishedList:
    """A signed status list token, ready to be served."""

    token: str
    etag: str
    version: int
    issued_at: int  # epoch seconds


@dataclass(frozen=True, slots=True)
class StatusLists:
    """The published lists. Each is signed once for each version, not for each request (T257)."""

    publisher: StatusPublisher
    _published: dict[str, PublishedList] = field(default_factory=dict)  # at most one for each list there is
    _publishing: Lock = field(default_factory=Lock)

    def publish(self, list_id: str) -> Exchange[PublishedList]:
        """The token of a list as it stands now; what was revoked before this call is in it (T077).

        Raises:
            NotFound: no such list.
            Unavailable: the signing key is outside its time.
        """
        publisher = self.publisher
        record = yield from slow(lambda: publisher.store.status_list(list_id))
        if record is None:
            raise NotFound("no such status list")
        now = publisher.now()
        return self._known(record, now) or (yield from slow(lambda: self._sign(record, now)))

    def _issued_at(self, record: StatusListRecord, now: int) -> int:
        """When a token of this version is from: the last change, renewed twice in a token's life.

        It follows from the list and the clock, so that all workers say the same and no reader sees time run back (T071).
        """
        half = self.publisher.lifetimes.token // 2
        return max(record.changed_at, now - now % half)

    def _known(self, record: StatusListRecord, now: int) -> PublishedList | None:
        known = self._published.get(record.id)
        if known is None or known.version < record.version or known.issued_at < self._issued_at(record, now):
            return None
        return known

    def _sign(self, record: StatusListRecord, now: int) -> PublishedList:
        publisher = self.publisher
        with self._publishing:
            # Whoever waited here finds what the first one made
            known = self._known(record, now)
            if known is not None:
                return known
            signing = publisher.signing
            _check_in_time(signing, now)
            issued_at = self._issued_at(record, now)
            entries = publisher.store.status_entries(record.id)
            token = sign_status_list_token(
                StatusList.from_entries(record.size, record.bits, entries),
                uri=publisher.address(record.id),
                issued_at=issued_at,
                expires_at=issued_at + publisher.lifetimes.token,
                ttl=publisher.lifetimes.ttl,
                signer=signing.signer,
                x5c=signing.x5c,
            )
            published = PublishedList(token, encode_base64url(sha256(token.encode())[:12]), record.version, issued_at)
            self._published[record.id] = published
            return published


def _check_in_time(signing: IssuerSigner, now: int) -> None:
    leaf = Certificate.from_x5c(signing.x5c[0], "signing certificate")
    if not leaf.not_before <= now < leaf.not_after:
        raise Unavailable("the signing key is outside its time; nothing was consumed")
