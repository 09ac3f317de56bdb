"""What all pages of services share."""

from __future__ import annotations

from functools import partial

from fastapi import Response

from protocol.sovereignty.service import LifeEvent, Service
from wallet.service_words import ServiceWords
from wallet.web.room import Visit


def services_page(visit: Visit, template: str, *, status: int = 200, **values: object) -> Response:
    """A page about services."""
    return visit.page(
        template,
        status=status,
        say=ServiceWords(visit.words),
        ticket=partial(visit.room.tickets.of, "service"),
        event_ticket=partial(visit.room.tickets.of, "event"),
        life_event=_life_event,
        **values,
    )


def find_service(visit: Visit, ticket: str) -> Service:
    """The service that an address names.

    Raises:
        NotFound: it is not offered, or not any more.
    """
    services = {one.id: one for one in visit.wallet.services.catalogue.services()}
    return services[visit.room.tickets.find(ticket, "service", services)]


def _life_event(name: str) -> LifeEvent | None:
    return LifeEvent(name) if name in tuple(LifeEvent) else None
