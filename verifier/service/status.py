"""Looking up whether a credential was revoked; lists are kept until they are stale, for all requests together (T262).

A use case may let a list answer longer while no network is there. Such lists are kept in the store too, as they were
served: after a restart they are verified anew, and it stays known which one was the newest (T071).
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from protocol.credential import StatusPlace, VerifiedCredential
from protocol.encoding import JsonObject, encode_json, read_json_object
from protocol.errors import ProtocolError, Unavailable
from protocol.exchange import Exchange
from protocol.fields import Fields
from protocol.jws import Jws
from protocol.keys import PublicKey
from protocol.status.check import (
    FindKey,
    KeptList,
    KnownList,
    Status,
    StatusReport,
    check_every_status,
    check_status,
    read_kept_list,
)
from protocol.status.list_key import find_certified_list_key, find_list_key
from runtime.conversation import SessionKey, slow
from runtime.logs import get_logger
from runtime.seal import DamagedError
from verifier.service.context import VerifierContext
from verifier.store import StoredList

MAX_LISTS = 64
MAX_BYTES = 64 * 1024 * 1024  # of all lists together
KEEP_SECONDS = 60  # a list that was kept so short a time ago is not written again

_AT = "kept status list"


@dataclass(slots=True)
class StatusLists:
    """The status lists that this process has seen."""

    context: VerifierContext
    _known: OrderedDict[str, KnownList] = field(default_factory=OrderedDict)
    _kept_at: dict[str, int] = field(default_factory=dict)  # address → when this process wrote it last

    def status_of(self, credential: VerifiedCredential, max_age: int, offline_age: int = 0) -> Exchange[StatusReport]:
        """Whether a credential holds; never raises, because not knowing is an answer too.

        `max_age` (seconds) is how old an answer may be, and `offline_age` the same while no network is there.
        """
        now = self.context.now()
        if not credential.status:
            return StatusReport(Status.VALID, None, now, now, "cannot be revoked")
        return (
            yield from check_every_status(
                credential.status, lambda place: self._look_up(place, credential, max_age, offline_age)
            )
        )

    def _look_up(
        self, reference: StatusPlace, credential: VerifiedCredential, max_age: int, offline_age: int
    ) -> Exchange[StatusReport]:
        now = self.context.now()
        anchors = self.context.anchors()
        find = find_certified_list_key if self.context.haip else find_list_key

        def find_key(jws: Jws) -> PublicKey:
            return find(jws, credential, anchors, now)

        known = self._known.get(reference.uri)
        if known is None and offline_age:
            known = yield from self._restored(reference, find_key, max_age)
        checked = yield from check_status(
            reference, known, find_key=find_key, now=now, max_age=max_age, offline_age=offline_age
        )
        if checked.rolled_back:
            # T071: an issuer that goes back in time, or somebody between
            get_logger().warning("an older status list is served", address=reference.uri)
        if checked.known is not None:
            self._keep(reference.uri, checked.known)
        if checked.fetched is not None and offline_age:
            yield from self._store(checked.fetched)
        return checked.report

    def _keep(self, uri: str, known: KnownList) -> None:
        self._known[uri] = known
        self._known.move_to_end(uri)
        while len(self._known) > MAX_LISTS or (len(self._known) > 1 and self._size() > MAX_BYTES):
            gone, _ = self._known.popitem(last=False)
            self._kept_at.pop(gone, None)

    def _size(self) -> int:
        return sum(known.size for known in self._known.values())

    def _restored(self, reference: StatusPlace, find_key: FindKey, max_age: int) -> Exchange[KnownList | None]:
        """What an earlier process kept of a list, verified anew; None if there is nothing that holds."""
        lists = self.context.store.status_lists
        try:
            stored = yield from slow(lambda: lists.find(_address(reference.uri)))
            if stored is None:
                return None
            return read_kept_list(self._opened(stored, reference.uri), find_key=find_key, max_age=max_age)
        except (ProtocolError, DamagedError) as error:
            get_logger().warning(_AT, address=reference.uri, reason=str(error))
            return None

    def _store(self, fetched: KeptList) -> Exchange[None]:
        if fetched.fetched_at < self._kept_at.get(fetched.uri, 0) + KEEP_SECONDS:
            return
        lists = self.context.store.status_lists
        try:
            yield from slow(lambda: lists.keep(self._sealed(fetched)))
        except Unavailable as error:
            # It is in memory, and the next answer tries again
            get_logger().warning(_AT, address=fetched.uri, reason=error.description)
        else:
            self._kept_at[fetched.uri] = fetched.fetched_at

    def _sealed(self, kept: KeptList) -> StoredList:
        """Sealed, because nobody else vouches for when it was fetched; its context is the address."""
        about: JsonObject = {"media_type": kept.media_type, "fetched_at": kept.fetched_at}
        plain = encode_json(about) + b"\n" + kept.body
        sealed = self.context.sealer.seal(plain, f"status list {kept.uri}")
        return StoredList(_address(kept.uri), kept.fetched_at, sealed)

    def _opened(self, stored: StoredList, uri: str) -> KeptList:
        about, _, body = self.context.sealer.open(stored.sealed, f"status list {uri}").partition(b"\n")
        fields = Fields(read_json_object(about, _AT), _AT)
        return KeptList(uri, fields.text("media_type"), body, fields.time("fetched_at"))


def _address(uri: str) -> str:
    """What a list is found by in the store, which says nothing about whose it is."""
    return SessionKey.of("status list", uri).digest
