"""What represented people find here in their own name: on our page, and as news in their own wallet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from capabilities.usage_log.records import Told
from protocol.encoding import JsonValue
from protocol.exchange import Exchange
from runtime.conversation import slow
from verifier.given import Given
from verifier.represented import IN_OWN_NAME, MAX_FOUND, DoneForYou, mark_of, news_of, who_shows
from verifier.service.context import VerifierContext


@dataclass(frozen=True, slots=True)
class Represented:
    """What others did for people who are not there."""

    context: VerifierContext

    def done_for(self, disclosed: Mapping[str, JsonValue]) -> Exchange[tuple[DoneForYou, ...]]:
        """What was done for whoever showed in their own name who they are, newest first."""
        person = who_shows(disclosed)
        if person is None:
            return ()
        context = self.context
        mark, now = mark_of(context.secret, person), context.now()

        def read() -> tuple[DoneForYou, ...]:
            done = []
            for found in context.store.represented.of(mark, now=now, limit=MAX_FOUND):
                receipt = context.store.cockpit.by_id(found.receipt)
                if receipt is not None:
                    done.append(DoneForYou(found, receipt.receipt))
            return tuple(done)

        return (yield from slow(read))

    def news(
        self, use_case: str, disclosed: Mapping[str, JsonValue], given: Given | None
    ) -> Exchange[tuple[Told, ...]]:
        """What the log of this answer's receipt tells the wallet that gave it; nothing unless it showed in its own name."""
        if use_case != IN_OWN_NAME or given is None:
            return ()
        now, logged = self.context.now(), given.logged
        done = yield from self.done_for(disclosed)
        # Oldest first, as it happened
        return tuple([Told(logged.receipt, logged.log_until, news_of(one, at=now)) for one in reversed(done)])
