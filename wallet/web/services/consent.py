"""What the page of a request knows about services: which one it belongs to, and who gives what is missing."""

from __future__ import annotations

from contextlib import suppress
from functools import partial

from protocol.errors import ProtocolError
from wallet.service_words import ServiceWords
from wallet.web.room import Visit
from wallet.web.things import RequestWaiting


def about_service(visit: Visit, waiting: RequestWaiting) -> dict[str, object]:
    """What the page of a request shows in addition."""
    missing = visit.wallet.services.errands.missing(waiting.seen) if waiting.met is None else ()
    begun = waiting.begun
    with suppress(ProtocolError):  # what is not offered any more is called as it was
        if begun is not None:
            service = visit.wallet.services.catalogue.find(begun.service.id)
            begun = visit.wallet.services.starting.begun(service, waiting.seen, begun.journey)
    return {
        "begun": begun,
        "noted": visit.wallet.services.noted(waiting.seen, begun),
        "missing": missing,
        "say": ServiceWords(visit.words),
        "ticket": partial(visit.room.tickets.of, "service"),
    }
