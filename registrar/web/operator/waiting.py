"""What waits for a decision: the list, an application as a person reads it, and the decision about exactly what was read."""

from __future__ import annotations

from fastapi import Request, Response

from capabilities.accounts.web import Visit
from protocol.errors import Conflict, InvalidRequest, NotFound
from registrar.concerns import concerns
from registrar.records import PartyState
from registrar.session import MAX_REASON, party_of, proposal_id
from registrar.sheet import compare, sheet
from registrar.web.operator.desk import Desk
from registrar.web.operator.services import named
from runtime.languages import language_of
from runtime.pages import redirect


def add_waiting(desk: Desk) -> None:
    """The list and its applications."""
    site, driver, parties = desk.site, desk.site.driver, desk.site.registrar.parties

    @desk.page("")
    async def listed(visit: Visit) -> Response:
        # Read first: whatever comes while the list is read is news for the page
        version = await driver.run(parties.version())
        return desk.show(
            visit,
            "waiting.html",
            lines=await driver.run(parties.waiting()),
            services=named(visit, await driver.run(site.registrar.offerings.waiting())),
            state=str(version),
        )

    @desk.door.router.get(f"{desk.home}/events")
    async def events(request: Request) -> Response:
        secret = site.pages.session.secret(request)

        async def look() -> str:
            # A page that looks by itself keeps nobody signed in
            await driver.run(desk.door.clerks.watch(secret))
            return str(await driver.run(parties.version()))

        return await site.streams.events(look)

    async def show(visit: Visit, problem: str = "", *, status: int = 200) -> Response:
        line = await driver.run(parties.line(desk.identifier(visit)))
        if not line.proposed or line.state is PartyState.REFUSED:
            raise NotFound("nothing waits for a decision here")
        language = language_of(visit.request)
        wanted = party_of(line.proposed)
        before = party_of(line.document) if line.document else None
        return desk.show(
            visit,
            "application.html",
            status=status,
            line=line,
            wanted=wanted,
            changes=before is not None,
            sections=compare(sheet(before, language) if before else (), sheet(wanted, language)),
            concerns=concerns(wanted, before, language),
            proposal=proposal_id(line.proposed),
            reason=visit.form.get("reason", "")[:MAX_REASON],
            problem=problem,
        )

    @desk.page("/applications/{identifier:path}")
    async def application(visit: Visit) -> Response:
        return await show(visit)

    @desk.deed("/approve/{identifier:path}")
    async def approve(visit: Visit) -> Response:
        identifier, proposal = desk.identifier(visit), visit.form.get("proposal", "")
        try:
            await driver.run(parties.approve(identifier, proposal, visit.clerk.clerk))
        except Conflict:
            return await show(visit, "changed", status=409)
        return redirect(desk.link("parties", identifier))

    @desk.deed("/refuse/{identifier:path}")
    async def refuse(visit: Visit) -> Response:
        identifier, proposal = desk.identifier(visit), visit.form.get("proposal", "")
        try:
            await driver.run(parties.refuse(identifier, proposal, visit.form.get("reason", ""), visit.clerk.clerk))
        except InvalidRequest as error:
            return await show(visit, "reason", status=error.status)
        except Conflict:
            return await show(visit, "changed", status=409)
        return redirect(desk.home)
