"""The status of issued credentials: indices to give out, states to change, lists to publish (Token Status List)."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Lock

from issuer.credential_types import CredentialType
from issuer.records import CredentialState, IssuedCredential, StatusListRecord
from issuer.service.context import IssuerContext
from issuer.session.stages import CONVERSATION, REVOKED, Outcome, Session
from issuer.session.tokens import end_tokens
from protocol.encoding import JsonObject, encode_base64url, sha256
from protocol.errors import NotFound
from protocol.exchange import Exchange
from protocol.status.bits import StatusList
from protocol.status.token import sign_status_list_token
from runtime.conversation import SessionKey, advance, slow

STATUS_BITS = 2  # valid, invalid, suspended
LIST_SIZE = 4**10  # 1 048 576 entries
BLOCK = 256  # indices that a worker reserves at once
BLOCK_LIFETIME = 1800  # seconds; after twice that the sweep takes back what was not used


@dataclass(frozen=True, slots=True)
class StatusEntry:
    """A reserved place in a status list."""

    list_id: str
    index: int
    uri: str
    good_until: int  # epoch seconds; not to be taken afterwards

    @property
    def claim(self) -> JsonObject:
        """The status claim of a credential (Token Status List §6.1)."""
        return {"status_list": {"idx": self.index, "uri": self.uri}}


@dataclass(slots=True)
class StatusIndices:
    """The blocks of indices that this worker reserved. Only this object's owner uses it, so nothing is locked for one index."""

    context: IssuerContext
    _free: deque[StatusEntry] = field(default_factory=deque)

    def take(self, count: int, credential_type: CredentialType) -> Exchange[tuple[StatusEntry | None, ...]]:
        """A place for each of `count` credentials; none for a type without status."""
        if not credential_type.status:
            return (None,) * count
        while True:
            # What was left for too long belongs to the sweep
            while self._free and self.context.now() >= self._free[0].good_until:
                self._free.popleft()
            if len(self._free) >= count:
                return tuple(self._free.popleft() for _ in range(count))
            yield from self._reserve()

    def give_back(self, entries: Iterable[StatusEntry | None]) -> None:
        """Take back places whose credentials were thrown away before they were recorded or seen by anybody."""
        self._free.extendleft(entry for entry in entries if entry is not None)

    def _reserve(self) -> Exchange[None]:
        context = self.context
        now = context.now()
        fresh = StatusListRecord(context.new_id(), STATUS_BITS, LIST_SIZE, context.random_bytes(16), 0, 0, now)
        block = yield from slow(lambda: context.store.reserve_indices(STATUS_BITS, BLOCK, fresh=fresh, now=now))
        uri = context.endpoints.status_list(block.list_id)
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
class StatusService:
    """Changing states and publishing lists. A list is signed once for each version, not for each request (T257)."""

    context: IssuerContext
    _published: dict[str, PublishedList] = field(default_factory=dict)  # at most one for each list there is
    _publishing: Lock = field(default_factory=Lock)

    def credentials_of(self, subject: str) -> Exchange[tuple[IssuedCredential, ...]]:
        """What a person was issued, newest first."""
        return (yield from slow(lambda: self.context.store.credentials_of(subject)))

    def change(
        self, credential_id: str, wanted: CredentialState, actor: str, reason: str = ""
    ) -> Exchange[IssuedCredential]:
        """Revoke, suspend or reinstate a credential with all its copies (T080). A revocation ends its tokens too (T114).

        Raises:
            NotFound: no such credential.
            Conflict: it is revoked, and stays so.
        """
        context = self.context
        if wanted is CredentialState.REVOKED:
            credential = yield from slow(lambda: context.store.credential(credential_id))
            if credential is None:
                raise NotFound("no such credential")
            # First the tokens: were we stopped in between, no new credential could be got, and the clerk asks again
            yield from self._end_tokens(credential.session_id, actor)
        now = context.now()
        store = context.store
        return (yield from slow(lambda: store.change_state(credential_id, wanted, actor=actor, now=now, reason=reason)))

    def status_list(self, list_id: str) -> Exchange[PublishedList]:
        """The token of a list as it stands now; what was revoked before this call is in it (T077).

        Raises:
            NotFound: no such list.
            Unavailable: the signing key is outside its time.
        """
        context = self.context
        record = yield from slow(lambda: context.store.status_list(list_id))
        if record is None:
            raise NotFound("no such status list")
        now = context.now()
        return self._known(record, now) or (yield from slow(lambda: self._publish(record, now)))

    def _end_tokens(self, conversation: str, actor: str) -> Exchange[None]:
        def end(session: Session) -> Outcome:
            return end_tokens(session, REVOKED, actor)

        forgotten = NotFound("this conversation is over")
        with suppress(NotFound):
            yield from advance(SessionKey.of(CONVERSATION, conversation), end, forgotten)

    def _issued_at(self, record: StatusListRecord, now: int) -> int:
        """When a token of this version is from: the last change, renewed twice in a token's life.

        It follows from the list and the clock, so that all workers say the same and no reader sees time run back (T071).
        """
        half = self.context.policy.lifetimes.status_token // 2
        return max(record.changed_at, now - now % half)

    def _known(self, record: StatusListRecord, now: int) -> PublishedList | None:
        known = self._published.get(record.id)
        if known is None or known.version < record.version or known.issued_at < self._issued_at(record, now):
            return None
        return known

    def _publish(self, record: StatusListRecord, now: int) -> PublishedList:
        context = self.context
        with self._publishing:
            # Whoever waited here finds what the first one made
            known = self._known(record, now)
            if known is not None:
                return known
            context.signing_until(now)
            lifetimes = context.policy.lifetimes
            issued_at = self._issued_at(record, now)
            entries = context.store.status_entries(record.id)
            token = sign_status_list_token(
                StatusList.from_entries(record.size, record.bits, entries),
                uri=context.endpoints.status_list(record.id),
                issued_at=issued_at,
                expires_at=issued_at + lifetimes.status_token,
                ttl=lifetimes.status_ttl,
                signer=context.signing.signer,
                x5c=context.signing.x5c,
            )
            published = PublishedList(token, encode_base64url(sha256(token.encode())[:12]), record.version, issued_at)
            self._published[record.id] = published
            return published
