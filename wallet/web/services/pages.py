"""Looking for services, and having them suggested."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Response

from protocol.errors import InvalidRequest
from protocol.sovereignty.rules import About
from protocol.sovereignty.service import LifeEvent
from runtime.routes import Router
from wallet.policy.services.showing import service_shown
from wallet.service.services.catalogue import NoServices
from wallet.service_words import event_names
from wallet.web.room import Inside, Visit, redirect
from wallet.web.services.views import find_service, services_page
from wallet.web.shelf import Gone

_FEW = 12  # suggestions on one page


@dataclass(frozen=True, slots=True)
class Looked:
    """What somebody looked for; it is in no address."""

    typed: str


def catalogue_pages() -> Router:
    """The pages of the list of services."""
    router = Router(include_in_schema=False)
    _add_list(router)
    _add_suggestions(router)
    _add_about(router)
    return router


def _add_list(router: Router) -> None:
    @router.get("/services")
    async def services(visit: Inside) -> Response:
        catalogue = visit.wallet.services.catalogue
        try:
            there = {event for service in catalogue.services() for event in service.life_events}
        except NoServices as error:
            return services_page(visit, "services.html", no_list=error.problem, journeys=_journeys(visit))
        return services_page(
            visit, "services.html", no_list=None, stale=catalogue.problem(), left_out=catalogue.left_out(),
            events=[event for event in LifeEvent if event in there], journeys=_journeys(visit),
            on=catalogue.wishes().suggestions, errands=visit.wallet.services.errands.waiting(),
        )  # fmt: skip

    @router.post("/services/find")
    async def find(visit: Inside) -> Response:
        typed = (await visit.form()).get("typed", "").strip()[:200]
        return redirect(f"/services/found/{visit.shelf.put(Looked(typed))}" if typed else "/services")

    @router.get("/services/found/{number}")
    async def found(number: str, visit: Inside) -> Response:
        try:
            typed = visit.shelf.look(number, Looked).typed
        except Gone:
            return redirect("/services")
        shown = visit.wallet.services.catalogue.search(typed, event_names())
        return services_page(visit, "services_found.html", found=shown, typed=typed)

    @router.get("/services/event/{ticket}")
    async def event(ticket: str, visit: Inside) -> Response:
        named = LifeEvent(visit.room.tickets.find(ticket, "event", list(LifeEvent)))
        shown = visit.wallet.services.catalogue.of_event(named)
        return services_page(visit, "services_event.html", found=shown, event=named)

    @router.get("/services/one/{ticket}")
    async def one(ticket: str, visit: Inside) -> Response:
        service = find_service(visit, ticket)
        catalogue = visit.wallet.services.catalogue
        suggested = None
        if catalogue.wishes().suggestions:
            suggestions = await visit.run(catalogue.suggestions())
            suggested = next((found for found in suggestions if found.service.id == service.id), None)
        return services_page(
            visit, "service.html", service=service_shown(service, visit.wallet.context.language),
            suggested=suggested, on=catalogue.wishes().suggestions,
            hidden=service.id in catalogue.wishes().hidden,
        )  # fmt: skip


def _add_suggestions(router: Router) -> None:
    @router.get("/services/suggestions")
    async def suggestions(visit: Inside) -> Response:
        return await _suggestions_page(visit, everything=False)

    @router.get("/services/suggestions/all")
    async def everything(visit: Inside) -> Response:
        return await _suggestions_page(visit, everything=True)

    @router.post("/services/suggestions")
    async def switch(visit: Inside) -> Response:
        form = await visit.form()
        wanted = form.get("suggest", "")
        if wanted not in ("on", "off"):
            raise InvalidRequest("the form says neither on nor off")
        await visit.run(visit.wallet.services.catalogue.switch(on=wanted == "on"))
        return redirect("/services/suggestions")

    @router.post("/services/one/{ticket}/hide")
    async def hide(ticket: str, visit: Inside) -> Response:
        await visit.form()
        service = find_service(visit, ticket)
        await visit.run(visit.wallet.services.catalogue.hide(service.id))
        return redirect("/services/suggestions")

    @router.post("/services/one/{ticket}/bring-back")
    async def bring_back(ticket: str, visit: Inside) -> Response:
        await visit.form()
        service = find_service(visit, ticket)
        await visit.run(visit.wallet.services.catalogue.bring_back(service.id))
        return redirect("/services/suggestions")


def _add_about(router: Router) -> None:
    @router.get("/services/about")
    async def about(visit: Inside) -> Response:
        documents = visit.wallet.services.catalogue.documents()
        return services_page(visit, "services_about.html", documents=documents)

    @router.post("/services/about")
    async def mark(visit: Inside) -> Response:
        form = await visit.form()
        said = form.get("about", "")
        if said not in tuple(About):
            raise InvalidRequest("the form does not say whom the document is about")
        await visit.run(visit.wallet.services.catalogue.mark(form.get("document", ""), About(said)))
        return redirect("/services/about")


async def _suggestions_page(visit: Visit, *, everything: bool) -> Response:
    catalogue = visit.wallet.services.catalogue
    try:
        found = await visit.run(catalogue.suggestions())
        hidden = catalogue.hidden()
    except NoServices as error:
        return services_page(visit, "services.html", no_list=error.problem, journeys=_journeys(visit))
    unsure = [one for one in catalogue.documents() if one.seems_other and one.about is None]
    return services_page(
        visit, "suggestions.html", on=catalogue.wishes().suggestions, hidden=hidden, unsure=unsure,
        found=found if everything else found[:_FEW], more=0 if everything else max(0, len(found) - _FEW),
    )  # fmt: skip


def _journeys(visit: Visit) -> list[tuple[str, str, int]]:
    """The plans by id, with what they began with and when."""
    return [(kept.id, kept.event, kept.begun_at) for kept in visit.wallet.services.journeys.kept()]
