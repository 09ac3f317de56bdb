"""Services at the desk: each as a person reads it, with what is new in it, and the decision about exactly what was read."""

from __future__ import annotations

from fastapi import Response

from capabilities.accounts.web import Visit
from protocol.errors import Conflict, InvalidRequest, Unavailable
from registrar.entry import entry_sheet, name_of
from registrar.records import ServiceLine, ServiceState
from registrar.service.offerings import MAX_PAGE
from registrar.session import MAX_REASON, proposal_id
from registrar.sheet import compare
from registrar.store import ServiceFilter
from registrar.web.operator.desk import Desk
from runtime.languages import language_of
from runtime.pages import redirect


def add_services(desk: Desk) -> None:
    """The list, a service, and the decisions."""
    _add_list(desk)
    _add_decisions(desk)
    _add_taking_out(desk)


def _service(visit: Visit) -> str:
    return str(visit.request.path_params["service"])


def named(visit: Visit, lines: tuple[ServiceLine, ...]) -> list[tuple[ServiceLine, str]]:
    """Services with what they are called in the reader's language."""
    language = language_of(visit.request)
    return [(line, name_of(line.offering, language)) for line in lines]


def _add_list(desk: Desk) -> None:
    driver, offerings = desk.site.driver, desk.site.registrar.offerings

    async def show(visit: Visit, after: str = "") -> Response:
        lines = await driver.run(offerings.search(ServiceFilter(), after=after))
        more = lines[-1].offering.id if len(lines) == MAX_PAGE else ""
        return desk.show(visit, "services.html", services=named(visit, lines), more=more)

    @desk.page("/services")
    async def everything(visit: Visit) -> Response:
        return await show(visit)

    @desk.page("/services/after/{service}")
    async def further(visit: Visit) -> Response:
        return await show(visit, _service(visit))


def _add_decisions(desk: Desk) -> None:
    driver, offerings = desk.site.driver, desk.site.registrar.offerings

    async def show(visit: Visit, problem: str = "", *, status: int = 200) -> Response:
        line = await driver.run(offerings.line(_service(visit)))
        party = await driver.run(desk.site.registrar.parties.line(line.party))
        language, offering = language_of(visit.request), line.offering
        announced = offering.document if offering.state is ServiceState.ANNOUNCED else ""
        shown = offering.proposed or offering.document
        return desk.show(
            visit,
            "service.html",
            status=status,
            line=line,
            party=party,
            name=name_of(offering, language),
            changes=bool(announced and offering.proposed),
            sections=compare(entry_sheet(announced, language), entry_sheet(shown, language)),
            problems=await driver.run(offerings.problems(line)),
            proposal=proposal_id(offering.proposed),
            reason=visit.form.get("reason", "")[:MAX_REASON],
            problem=problem,
        )

    @desk.page("/service/{service}")
    async def service(visit: Visit) -> Response:
        return await show(visit)

    @desk.deed("/approve-service/{service}")
    async def approve(visit: Visit) -> Response:
        found = _service(visit)
        try:
            await driver.run(offerings.approve(found, visit.form.get("proposal", ""), visit.clerk.clerk))
        except Conflict:
            return await show(visit, "changed", status=409)
        except Unavailable as error:
            return await show(visit, "full", status=error.status)
        return redirect(f"{desk.home}/service/{found}")

    @desk.deed("/refuse-service/{service}")
    async def refuse(visit: Visit) -> Response:
        proposal, reason = visit.form.get("proposal", ""), visit.form.get("reason", "")
        try:
            await driver.run(offerings.refuse(_service(visit), proposal, reason, visit.clerk.clerk))
        except InvalidRequest as error:
            return await show(visit, "reason", status=error.status)
        except Conflict:
            return await show(visit, "changed", status=409)
        return redirect(desk.home)


def _add_taking_out(desk: Desk) -> None:
    driver, offerings = desk.site.driver, desk.site.registrar.offerings

    async def ask(visit: Visit, problem: str = "", *, status: int = 200) -> Response:
        line = await driver.run(offerings.line(_service(visit)))
        if line.offering.state is not ServiceState.ANNOUNCED:
            raise Conflict("this service is not in the catalogue")
        name = name_of(line.offering, language_of(visit.request))
        reason = visit.form.get("reason", "")[:MAX_REASON]
        return desk.show(visit, "take_out.html", status=status, line=line, name=name, reason=reason, problem=problem)

    @desk.page("/take-out-service/{service}")
    async def question(visit: Visit) -> Response:
        return await ask(visit)

    @desk.deed("/take-out-service/{service}")
    async def take_out(visit: Visit) -> Response:
        found = _service(visit)
        try:
            await driver.run(offerings.take_out(found, visit.form.get("reason", ""), visit.clerk.clerk))
        except InvalidRequest as error:
            return await ask(visit, "reason", status=error.status)
        return redirect(f"{desk.home}/service/{found}")
