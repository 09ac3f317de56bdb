"""Whether a wallet unit, or what keeps its keys, still holds: the status lists of wallet providers (TS3 1.5 §2.4, §2.5)."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from issuer.records import WalletStatus
from issuer.service.context import IssuerContext
from protocol.credential import StatusReference
from protocol.exchange import Exchange
from protocol.status.check import KnownList, Status, StatusReport, check_status
from protocol.status.list_key import find_provider_key
from protocol.status.reference import MaintainedStatus
from protocol.trust.anchors import Role, TrustedParty
from runtime.logs import get_logger

MAX_LISTS = 16
MAX_BYTES = 64 * 1024 * 1024  # of all lists together
MAX_AGE = 86_400  # seconds that a list answers at most, whatever it says itself
PAUSE = 60  # seconds before a list that could not be had is asked for again


def wallet_status(said: MaintainedStatus | None, provider: TrustedParty) -> WalletStatus | None:
    """The status that an attestation names, with who vouches for it; None: it names none."""
    if said is None:
        return None
    reference = said.reference
    return WalletStatus(reference.uri, reference.idx, said.expires_at, provider.subject, provider.vouched_by)


@dataclass(slots=True)
class WalletStatusLists:
    """The lists of wallet providers that this process has seen; each is fetched once for all wallets in it."""

    context: IssuerContext
    _known: OrderedDict[str, KnownList] = field(default_factory=OrderedDict)
    _failed: OrderedDict[tuple[str, str, str], tuple[int, StatusReport]] = field(default_factory=OrderedDict)

    def report(self, status: WalletStatus) -> Exchange[StatusReport]:
        """What a list says; not knowing is an answer too.

        Raises:
            Unavailable: whom to trust cannot be found out.
        """
        context = self.context
        now = context.now()
        anchors = context.anchors()
        place = (status.uri, status.provider, status.vouched_by)
        tried_at, failure = self._failed.get(place, (0, None))
        if failure is not None and tried_at <= now < tried_at + PAUSE:
            return failure
        checked = yield from check_status(
            StatusReference(status.uri, status.index),
            self._known.get(status.uri),
            find_key=lambda jws: find_provider_key(
                jws,
                anchors,
                role=Role.WALLET_PROVIDER,
                subject=status.provider,
                vouched_by=status.vouched_by,
                now=now,
            ),
            now=now,
            max_age=MAX_AGE,
        )
        if checked.known is not None:
            self._keep(checked.known)
        if checked.rolled_back:
            get_logger().warning("wallet status list rolled back", uri=status.uri)
        report = checked.report
        if report.status is Status.UNKNOWN:
            get_logger().warning("wallet status", uri=status.uri, reason=report.reason)
            # A list that answers for others is not at fault for one place that it does not have
            if report.checked_at == now and report.fresh_until == now:
                self._failed[place] = (now, report)
                if len(self._failed) > MAX_LISTS:
                    self._failed.popitem(last=False)
        return report

    def _keep(self, known: KnownList) -> None:
        self._known[known.token.uri] = known
        self._known.move_to_end(known.token.uri)
        while len(self._known) > MAX_LISTS or (self._size() > MAX_BYTES and len(self._known) > 1):
            self._known.popitem(last=False)

    def _size(self) -> int:
        return sum(known.size for known in self._known.values())
