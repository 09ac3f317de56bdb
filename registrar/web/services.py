"""Pages for everybody about services by what happens in a life, and about partners whose usage logs are witnessed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from fastapi import Request, Response

from protocol.errors import NotFound, ProtocolError
from registrar.entry import LIFE_EVENTS, entries_of_lines
from registrar.records import Partner
from registrar.service.witness import MAX_PAGE as PARTNERS_PAGE
from registrar.store import ServiceFilter
from registrar.web.site import Site
from registrar.witnessed import witnessed_of
from runtime.languages import language_of
from runtime.routes import Router

ALL = "all"
PAGE = 25  # services


def service_pages(site: Site) -> Router:
    """Every page about services and witnessed partners."""
    router = Router(include_in_schema=False)
    _add_services(router, site)
    _add_witness(router, site)
    return router


def _add_services(router: Router, site: Site) -> None:
    driver, offerings = site.driver, site.registrar.offerings

    @router.get(f"{site.path}/services")
    async def by_life_event(request: Request) -> Response:
        counts = await driver.run(offerings.counts())
        return site.page(request, "services.html", counts=counts, life_events=LIFE_EVENTS)

    async def show(request: Request, event: str, after: str = "") -> Response:
        if event not in (*LIFE_EVENTS, ALL):
            return site.refusal(request, "refused.html", NotFound("no such life event"), back=f"{site.path}/services")
        wanted = ServiceFilter(announced=True, life_event=None if event == ALL else event)
        lines = await driver.run(offerings.search(wanted, limit=PAGE + 1, after=after))
        more = lines[PAGE - 1].offering.id if len(lines) > PAGE else ""
        entries = entries_of_lines(lines[:PAGE], language_of(request))
        return site.page(request, "services_of.html", event=event, entries=entries, more=more, later=bool(after))

    @router.get(f"{site.path}/services/{{event}}")
    async def of_life_event(request: Request, event: str) -> Response:
        return await show(request, event)

    @router.get(f"{site.path}/services/{{event}}/after/{{service}}")
    async def further(request: Request, event: str, service: str) -> Response:
        return await show(request, event, service)


def _add_witness(router: Router, site: Site) -> None:
    driver, registrar = site.driver, site.registrar

    async def show(request: Request, after: str = "") -> Response:
        partners = await driver.run(registrar.witness.partners(after=after))
        identifiers = list(dict.fromkeys(one.identifier for one in partners))
        more = identifiers[-1] if len(identifiers) == PARTNERS_PAGE else ""
        names = {one: (await driver.run(registrar.parties.line(one))).trade_name for one in identifiers}
        return site.page(request, "witness.html", partners=standings(partners), names=names, more=more)

    @router.get(f"{site.path}/witness")
    async def witness(request: Request) -> Response:
        return await show(request)

    @router.get(f"{site.path}/witness/after/{{identifier:path}}")
    async def further(request: Request, identifier: str) -> Response:
        try:
            return await show(request, identifier)
        except ProtocolError as error:
            return site.refusal(request, "refused.html", error, back=f"{site.path}/witness")


def standings(cockpits: Iterable[Partner]) -> list[dict[str, object]]:
    """How cockpits stand, for a page; those of one partner say where, if there are several."""
    found = [*cockpits]
    several = Counter(one.identifier for one in found)
    return [{**standing(one), "several": several[one.identifier] > 1} for one in found]


def standing(partner: Partner) -> dict[str, object]:
    """How a cockpit stands, for a page."""
    heads = witnessed_of(partner).heads
    newest = max(heads, key=lambda head: head.log, default=None)
    return {
        "identifier": partner.identifier,
        "endpoint": partner.cockpit_endpoint,
        "broken_since": partner.broken_since,
        "finding": partner.finding,
        "active": partner.active,
        "looked_at": partner.looked_at,
        "reached_at": partner.reached_at,
        "seen": newest is not None,
        "heads": heads,
    }
