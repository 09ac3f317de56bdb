"""The status of issued credentials: indices to give out, states to change, lists to publish (Token Status List)."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from issuer.credential_types import CredentialType
from issuer.records import CredentialState, IssuedCredential, StatusListRecord
from issuer.service.context import IssuerContext
from protocol.encoding import JsonObject, encode_base64url, sha256
from protocol.errors import NotFound
from protocol.exchange import Exchange
from protocol.status.bits import StatusList
from protocol.status.token import sign_status_list_token
from runtime.conversation import slow

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

    @property
    def claim(self) -> JsonObject:
        """The status claim of a credential (Token Status List §6.1)."""
        return {"status_list": {"idx": self.index, "uri": self.uri}}


@dataclass(slots=True)
class StatusIndices:
    """The block of indices that this worker reserved. Only this object's owner uses it, so nothing is locked for one index."""

    context: IssuerContext
    _free: deque[StatusEntry] = field(default_factory=deque)
    _good_until: int = 0  # epoch seconds

    def take(self, count: int, credential_type: CredentialType) -> Exchange[tuple[StatusEntry | None, ...]]:
        """A place for each of `count` credentials; none for a type without status."""
        if not credential_type.status:
            return (None,) * count
        while len(self._free) < count or self.context.now() >= self._good_until:
            yield from self._reserve()
        return tuple(self._free.popleft() for _ in range(count))

    def _reserve(self) -> Exchange[None]:
        context = self.context
        now = context.now()
        fresh = StatusListRecord(context.new_id(), STATUS_BITS, LIST_SIZE, context.random_bytes(16), 0, 0)
        block = yield from slow(lambda: context.store.reserve_indices(STATUS_BITS, BLOCK, fresh=fresh, now=now))
        if now >= self._good_until:
            self._free.clear()
        uri = context.endpoints.status_list(block.list_id)
        self._free.extend(StatusEntry(block.list_id, index, uri) for index in block.indices)
        self._good_until = now + BLOCK_LIFETIME


@dataclass(frozen=True, slots=True)
class PublishedList:
    """A signed status list token, ready to be served."""

    token: str
    etag: str
    version: int
    renew_at: int  # epoch seconds: a new token is signed from then on, long before this one expires


@dataclass(frozen=True, slots=True)
class StatusService:
    """Changing states and publishing lists. A list is signed once for each version, not for each request."""

    context: IssuerContext
    _published: dict[str, PublishedList] = field(default_factory=dict)  # at most one for each list there is

    def credentials_of(self, subject: str) -> Exchange[tuple[IssuedCredential, ...]]:
        """What a person was issued, newest first."""
        return (yield from slow(lambda: self.context.store.credentials_of(subject)))

    def change(self, credential_id: str, wanted: CredentialState, actor: str) -> Exchange[IssuedCredential]:
        """Revoke, suspend or reinstate a credential (T080).

        Raises:
            NotFound: no such credential.
            Conflict: it is revoked, and stays so.
        """
        now = self.context.now()
        return (
            yield from slow(lambda: self.context.store.change_state(credential_id, wanted, actor=actor, now=now))
        )

    def status_list(self, list_id: str) -> Exchange[PublishedList]:
        """The token of a list as it stands now; what was revoked before this call is in it (T077).

        Raises:
            NotFound: no such list.
        """
        context = self.context
        record = yield from slow(lambda: context.store.status_list(list_id))
        if record is None:
            raise NotFound("no such status list")
        known = self._published.get(list_id)
        if known is not None and known.version == record.version and context.now() < known.renew_at:
            return known
        return (yield from slow(lambda: self._publish(record)))

    def _publish(self, record: StatusListRecord) -> PublishedList:
        context = self.context
        now = context.now()
        lifetimes = context.policy.lifetimes
        entries = context.store.status_entries(record.id)
        token = sign_status_list_token(
            StatusList.from_entries(record.size, record.bits, entries),
            uri=context.endpoints.status_list(record.id),
            issued_at=now,
            expires_at=now + lifetimes.status_token,
            ttl=lifetimes.status_ttl,
            signer=context.signing.signer,
            x5c=context.signing.x5c,
        )
        etag = encode_base64url(sha256(token.encode())[:12])
        published = PublishedList(token, etag, record.version, now + lifetimes.status_token // 2)
        self._published[record.id] = published
        return published
