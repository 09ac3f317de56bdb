"""The mirror of the Datencockpit, for clerks and for whoever answers for data protection."""

from __future__ import annotations

from dataclasses import dataclass

from protocol.exchange import Exchange
from runtime.conversation import slow
from verifier.mirror import MAX_COUNTED, Mirror, reflect
from verifier.service.context import VerifierContext


@dataclass(frozen=True, slots=True)
class MirrorDesk:
    """Looking into the mirror. It shows nobody's data, so that looking leaves no trace in anybody's log."""

    context: VerifierContext

    def look(self, *, limit: int | None = MAX_COUNTED) -> Exchange[Mirror]:
        """Count what is kept; `limit` receipts at most."""
        store, now = self.context.store.receipt_pasts, self.context.now()
        return (yield from slow(lambda: reflect(store, now=now, limit=limit)))
