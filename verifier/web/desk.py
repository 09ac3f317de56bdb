"""The desk: pages on which clerks see cases and decide. Its door lets them in (`capabilities.accounts`). No decisions here."""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import Response

from capabilities.accounts.web import Door, Visit
from protocol.encoding import JsonObject
from protocol.errors import Malformed, NotFound
from protocol.fields import Fields
from runtime.driver import Driver
from runtime.languages import language_of
from runtime.pages import Pages, redirect
from runtime.routes import Router
from verifier.once_only.case import DECISIONS, MAX_TEXT, OPEN
from verifier.once_only.sent import MAX_OFFER, Decision
from verifier.service import Verifier
from verifier.service.cases import CLERK, check_found
from verifier.web.acting_view import acting_shown
from verifier.web.desk_view import Desk
from verifier.web.form_view import read_lines_in
from verifier.web.mirror import mirror_pages
from verifier.web.rights import rights_pages

MAX_ID = 64  # characters


def desk_pages(verifier: Verifier, driver: Driver, pages: Pages) -> Router:
    """Every page of the desk."""
    home = f"{urlsplit(verifier.context.identifier).path}/desk"
    desk = Desk(verifier, pages, home)
    door = Door(home, driver, pages, verifier.clerks, desk)
    door.open()
    rights_pages(verifier, driver, door, desk)
    mirror_pages(verifier, driver, door, desk)

    async def listed(visit: Visit, *, is_open: bool) -> Response:
        before = visit.request.path_params.get("before", "")[:MAX_ID]
        found = await driver.run(verifier.cases.listed(is_open=is_open, before=before))
        cases, last = check_found(found)
        place = home if is_open else f"{home}/decided"
        return desk.show(
            visit,
            "desk/cases.html",
            cases=cases,
            is_open=is_open,
            older=f"{place}/before/{last}" if last else "",
            later=bool(before),
            newest=place,
        )

    @door.page("")
    @door.page("/before/{before}")
    async def waiting(visit: Visit) -> Response:
        return await listed(visit, is_open=True)

    @door.page("/decided")
    @door.page("/decided/before/{before}")
    async def decided(visit: Visit) -> Response:
        return await listed(visit, is_open=False)

    @door.question("/find")
    async def find(visit: Visit) -> Response:
        typed = "".join(visit.form.get("case", "").upper().split())[:MAX_ID]
        if not typed.replace("-", "").isalnum() or not typed.isascii():
            raise NotFound("no such case")
        return redirect(f"{home}/cases/{typed}")

    async def one(visit: Visit, problem: str = "") -> Response:
        id_, who = visit.request.path_params["case"][:MAX_ID], visit.clerk.clerk
        found = await driver.run(verifier.cases.open(id_, actor=who, role=CLERK))
        return desk.show(
            visit,
            "desk/case.html",
            status=400 if problem else 200,
            case=found.case,
            lines=read_lines_in(
                found.lines, language_of(visit.request), verifier.context.services.get(found.case.service)
            ),
            acting=acting_shown(found.acting, language_of(visit.request)),
            told=found.told,
            is_open=found.case.state in OPEN,
            decisions=[state.value for state in DECISIONS],
            chosen=visit.form.get("state", ""),
            text=visit.form.get("text", ""),
            offer=visit.form.get("offer", ""),
            longest=MAX_TEXT,
            longest_offer=MAX_OFFER,
            problem=problem,
        )

    @door.page("/cases/{case}")
    async def case(visit: Visit) -> Response:
        return await one(visit)

    @door.deed("/cases/{case}")
    async def decide(visit: Visit) -> Response:
        members: JsonObject = {name: visit.form[name] for name in ("state", "text", "offer") if name in visit.form}
        try:
            decision = Decision.from_fields(Fields(members, "form"))
        except Malformed as error:
            return await one(visit, error.at.removeprefix("form."))
        id_ = visit.request.path_params["case"][:MAX_ID]
        await driver.run(verifier.cases.decide(id_, decision, actor=visit.clerk.clerk, role=CLERK))
        return redirect(f"{home}/cases/{id_}")

    return door.router
