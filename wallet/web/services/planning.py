"""Plans: choose what you want, see the way there, go it step by step, leave it, go on, and forget it."""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import quote

from fastapi import Response

from protocol.errors import InvalidRequest, NotFound, ProtocolError, Unavailable, Unreachable
from protocol.oid4vp.request_uri import RequestOver
from protocol.sovereignty.service import LifeEvent, Service
from runtime.routes import Router
from wallet.service.services.catalogue import NoServices
from wallet.service.services.journeys import NoPlan, WhomOpen, WrongAnswer
from wallet.service.services.starting import NotTheProvider
from wallet.web.locked import WhenLocked
from wallet.web.room import Inside, Visit, redirect
from wallet.web.services.views import find_service, services_page
from wallet.web.things import RequestWaiting


def planning_pages() -> Router:
    """The pages of plans."""
    router = Router(include_in_schema=False)
    _add_beginning(router)
    _add_plan(router)
    _add_steps(router)
    return router


def plan_page(journey_id: str) -> str:
    """Where a plan is seen."""
    return f"/plans/{quote(journey_id, safe='')}"


async def begin_service(visit: Visit, service: Service, journey: str = "") -> Response:
    """Call a service's address; the request that it makes waits for an answer then."""
    starting, again = visit.wallet.services.starting, WhenLocked.SCAN_AGAIN
    if visit.wallet.services.form_notes.has_notes(service, journey):
        with suppress(InvalidRequest, Unreachable):  # who invites nobody has a page all the same
            seen_notes = await visit.run(visit.wallet.services.form_notes.invited(service, journey), again, again)
            return redirect(f"/notes/{visit.shelf.put(seen_notes)}")
    aim = visit.wallet.services.journeys.aim(journey)
    try:
        seen = await visit.run(starting.start(service, aim), again, again)
    except Unavailable:
        raise
    except ProtocolError as error:
        return services_page(
            visit, "service_failed.html", status=error.status, service=service, journey=journey,
            away=isinstance(error, Unreachable), other=isinstance(error, NotTheProvider),
            page=isinstance(error, RequestOver) and service.needs is None, detail=error.description,
            name=service.provider.name,
        )  # fmt: skip
    begun = starting.begun(service, seen, journey)
    waiting = RequestWaiting(seen, same_device=True, language=visit.wallet.context.language, begun=begun)
    return redirect(f"/present/{visit.shelf.put(waiting)}")


def _add_beginning(router: Router) -> None:
    @router.post("/plans/preview")
    async def preview(visit: Inside) -> Response:
        form = await visit.form()
        goals, event = _chosen(visit, form)
        whom = form.get("whom", "")
        if not goals:
            return redirect(f"/services/event/{visit.room.tickets.of('event', event)}" if event else "/services")
        try:
            plan = await visit.run(visit.wallet.services.journeys.preview(goals, event, whom))
        except NoPlan as error:
            return services_page(visit, "plan_none.html", status=409, detail=error.description, journey="")
        # Who pressed a button of the question without choosing is told so
        name = "plan_whom.html" if plan.aimed.asks else "plan_preview.html"
        return services_page(
            visit, name, status=400 if plan.aimed.asks and "asked" in form else 200, plan=plan, goals=goals,
            event=event, whom=whom, journey="", missing="asked" in form,
        )  # fmt: skip

    @router.post("/plans")
    async def begin(visit: Inside) -> Response:
        form = await visit.form()
        goals, event = _chosen(visit, form)
        kept = await visit.run(visit.wallet.services.journeys.begin(goals, event, form.get("whom", "")))
        return redirect(plan_page(kept.id))

    @router.post("/services/one/{ticket}/begin")
    async def begin_one(ticket: str, visit: Inside) -> Response:
        await visit.form()
        return await begin_service(visit, find_service(visit, ticket))


def _add_plan(router: Router) -> None:
    @router.get("/plans/{journey_id}")
    async def plan(journey_id: str, visit: Inside) -> Response:
        return await _plan_page(visit, journey_id)

    @router.get("/plans/{journey_id}/whom")
    async def ask_whom(journey_id: str, visit: Inside) -> Response:
        return await _whom_page(visit, journey_id)

    @router.post("/plans/{journey_id}/whom")
    async def choose_whom(journey_id: str, visit: Inside) -> Response:
        whom = (await visit.form()).get("whom", "")
        if not whom:
            return await _whom_page(visit, journey_id, missing=True)
        await visit.run(visit.wallet.services.journeys.choose(journey_id, whom))
        return redirect(plan_page(journey_id))

    @router.get("/plans/{journey_id}/forget")
    async def ask(journey_id: str, visit: Inside) -> Response:
        visit.wallet.services.journeys.find(journey_id)
        return services_page(visit, "plan_forget.html", journey=journey_id)

    @router.post("/plans/{journey_id}/forget")
    async def forget(journey_id: str, visit: Inside) -> Response:
        await visit.form()
        await visit.run(visit.wallet.services.journeys.forget(journey_id))
        return redirect("/services")


def _add_steps(router: Router) -> None:
    @router.post("/plans/{journey_id}/{ticket}/begin")
    async def begin(journey_id: str, ticket: str, visit: Inside) -> Response:
        await visit.form()
        try:
            await visit.run(visit.wallet.services.journeys.settle(journey_id))
        except WhomOpen:
            return redirect(_whom_address(journey_id))
        return await begin_service(visit, find_service(visit, ticket), journey_id)

    @router.post("/plans/{journey_id}/{ticket}/done")
    async def done(journey_id: str, ticket: str, visit: Inside) -> Response:
        await visit.form()
        service = find_service(visit, ticket)
        await visit.run(visit.wallet.services.journeys.went_through(journey_id, service.id))
        return redirect(plan_page(journey_id))

    @router.post("/plans/{journey_id}/{ticket}/again")
    async def again(journey_id: str, ticket: str, visit: Inside) -> Response:
        await visit.form()
        service = find_service(visit, ticket)
        await visit.run(visit.wallet.services.journeys.again(journey_id, service.id))
        return redirect(plan_page(journey_id))

    @router.post("/plans/{journey_id}/{ticket}/answers")
    async def answers(journey_id: str, ticket: str, visit: Inside) -> Response:
        form = await visit.form()
        service = find_service(visit, ticket)
        typed = {name.removeprefix("answer-"): text for name, text in form.items() if name.startswith("answer-")}
        try:
            await visit.run(visit.wallet.services.journeys.note(journey_id, service.id, typed))
        except WrongAnswer as error:
            return await _plan_page(visit, journey_id, wrong=(service.id, error.field), typed=typed)
        return redirect(plan_page(journey_id))


async def _whom_page(visit: Visit, journey_id: str, *, missing: bool = False) -> Response:
    plan = await visit.run(visit.wallet.services.journeys.show(journey_id))
    if not plan.aimed.options:
        return redirect(plan_page(journey_id))
    return services_page(
        visit, "plan_whom.html", status=400 if missing else 200, plan=plan, goals=[], event=None,
        whom=plan.aimed.chosen, journey=journey_id, missing=missing,
    )  # fmt: skip


def _whom_address(journey_id: str) -> str:
    return f"{plan_page(journey_id)}/whom"


async def _plan_page(
    visit: Visit,
    journey_id: str,
    *,
    wrong: tuple[str, str] | None = None,
    typed: dict[str, str] | None = None,
) -> Response:
    try:
        plan = await visit.run(visit.wallet.services.journeys.show(journey_id))
    except NoPlan as error:
        return services_page(visit, "plan_none.html", status=409, detail=error.description, journey=journey_id)
    except NoServices as error:
        return services_page(visit, "services.html", no_list=error.problem, journeys=[])
    return services_page(visit, "plan.html", status=400 if wrong else 200, plan=plan, wrong=wrong, typed=typed or {})


def _chosen(visit: Visit, form: dict[str, str]) -> tuple[list[str], LifeEvent | None]:
    """What somebody ticked: services by their tickets, and the life event that they came from.

    Raises:
        NotFound: something is not offered.
        InvalidRequest: no such life event.
    """
    services = [one.id for one in visit.wallet.services.catalogue.services()]
    named = form.get("event", "")
    try:
        event = LifeEvent(visit.room.tickets.find(named, "event", list(LifeEvent))) if named else None
    except NotFound as error:
        raise InvalidRequest("the form names no life event") from error
    ticked = [name.removeprefix("goal-") for name in form if name.startswith("goal-")]
    return [visit.room.tickets.find(one, "service", services) for one in ticked], event
