"""Looks up again and again whether the wallet units that hold documents still hold themselves (TS3 1.5 §2.4.3).

A document whose wallet unit, or whose keys' storage, was revoked is revoked too. Not knowing revokes nothing: it is logged
and tried again.
"""

from __future__ import annotations

from dataclasses import dataclass

from issuer.policy import CHECK_AGAIN, Reason, next_check
from issuer.records import CredentialState, DueWatch, Watched
from issuer.service.context import IssuerContext
from issuer.service.status import StatusService
from issuer.service.wallet_status import WalletStatusLists
from issuer.usage import By
from protocol.exchange import Exchange
from protocol.status.check import Status
from runtime.conversation import slow
from runtime.logs import get_logger

ACTOR = "wallet check"
PORTION = 200  # watches in one transaction
MAX_PORTIONS = 50  # in one round, so that one worker does not do it all
REASONS = {Watched.WALLET: Reason.WALLET_REVOKED, Watched.KEYS: Reason.KEYS_REVOKED}


@dataclass(frozen=True, slots=True)
class WalletWatch:
    """The daily check."""

    context: IssuerContext
    statuses: WalletStatusLists
    status: StatusService

    def look(self) -> Exchange[int]:
        """Look up what is due now; how many documents were revoked.

        Whatever is not answered for, because a list cannot be had or because this worker dies, is due again soon.

        Raises:
            Unavailable: the store is away, or whom to trust cannot be found out.
        """
        revoked = 0
        for _ in range(MAX_PORTIONS):
            count, more = yield from self._portion(self.context.now())
            revoked += count
            if not more:
                break
        return revoked

    def look_at_all(self) -> Exchange[int]:
        """Look up every wallet now, due or not; how many documents were revoked. What one round leaves stays due.

        Raises:
            Unavailable: the store is away, or whom to trust cannot be found out.
        """
        context = self.context
        yield from slow(lambda: context.store.hasten_watches(now=context.now()))
        return (yield from self.look())

    def _portion(self, now: int) -> Exchange[tuple[int, bool]]:
        """Look up a portion; how many documents were revoked, and whether there may be more to look up."""
        store = self.context.store
        due = yield from slow(lambda: store.due_watches(now=now, again_at=now + CHECK_AGAIN, limit=PORTION))
        held: dict[int, int] = {}
        revoked = 0
        ended: set[str] = set()  # a document that hangs on a wallet and on its keys' storage ends once
        for watch in due:
            report = yield from self.statuses.report(watch.status)
            if report.status is Status.INVALID:
                revoked += yield from self._revoke(watch, ended)
            elif report.status is not Status.UNKNOWN:
                held[watch.id] = next_check(watch.status.uri, now)
        if held:
            yield from slow(lambda: store.watches_held(held))
        return revoked, len(due) == PORTION

    def _revoke(self, watch: DueWatch, ended: set[str]) -> Exchange[int]:
        """Revoke a document; the watch goes when that is done, so that nothing that stops us in between is forgotten."""
        store = self.context.store
        is_new = bool(watch.credential_id) and watch.credential_id not in ended
        if is_new:
            reason = str(REASONS[watch.watched])
            yield from self.status.change(watch.credential_id, CredentialState.REVOKED, ACTOR, reason, by=By.SERVICE)
            get_logger().info("document revoked with its wallet", credential_id=watch.credential_id, reason=reason)
            ended.add(watch.credential_id)
        yield from slow(lambda: store.end_watch(watch.id))
        return int(is_new)
