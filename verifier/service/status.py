"""Looking up whether a credential was revoked; lists are kept until they are stale, for all requests together (T262)."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from protocol.credential import StatusPlace, VerifiedCredential
from protocol.exchange import Exchange
from protocol.status.check import KnownList, Status, StatusReport, check_every_status, check_status
from protocol.status.list_key import find_certified_list_key, find_list_key
from runtime.logs import get_logger
from verifier.service.context import VerifierContext

MAX_LISTS = 64
MAX_BYTES = 64 * 1024 * 1024  # of all lists together


@dataclass(slots=True)
class StatusLists:
    """The status lists that this process has seen."""

    context: VerifierContext
    _known: OrderedDict[str, KnownList] = field(default_factory=OrderedDict)

    def status_of(self, credential: VerifiedCredential, max_age: int) -> Exchange[StatusReport]:
        """Whether a credential holds; never raises, because not knowing is an answer too."""
        now = self.context.now()
        if not credential.status:
            return StatusReport(Status.VALID, None, now, now, "cannot be revoked")
        return (
            yield from check_every_status(credential.status, lambda place: self._look_up(place, credential, max_age))
        )

    def _look_up(self, reference: StatusPlace, credential: VerifiedCredential, max_age: int) -> Exchange[StatusReport]:
        now = self.context.now()
        anchors = self.context.anchors()
        find_key = find_certified_list_key if self.context.haip else find_list_key
        checked = yield from check_status(
            reference,
            self._known.get(reference.uri),
            find_key=lambda jws: find_key(jws, credential, anchors, now),
            now=now,
            max_age=max_age,
        )
        if checked.rolled_back:
            # T071: an issuer that goes back in time, or somebody between
            get_logger().warning("an older status list is served", address=reference.uri)
        if checked.known is not None:
            self._keep(reference.uri, checked.known)
        return checked.report

    def _keep(self, uri: str, known: KnownList) -> None:
        self._known[uri] = known
        self._known.move_to_end(uri)
        while len(self._known) > MAX_LISTS or (len(self._known) > 1 and self._size() > MAX_BYTES):
            self._known.popitem(last=False)

    def _size(self) -> int:
        return sum(known.size for known in self._known.values())
