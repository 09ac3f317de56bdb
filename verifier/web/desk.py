"""The desk: pages on which clerks see cases and decide. Its door lets them in (`capabilities.accounts`). No decisions here."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response

from capabilities.accounts.web import Door, Visit
from protocol.encoding import JsonObject
from protocol.errors import Malformed, NotFound, ProtocolError
from protocol.fields import Fields
from runtime.driver import Driver
from runtime.languages import language_of
from runtime.pages import Pages, redirect
from verifier.once_only.case import DECISIONS, MAX_TEXT, OPEN
from verifier.once_only.sent import MAX_OFFER, Decision
from verifier.service import Verifier
from verifier.service.cases import CLERK, check_found
from verifier.web.form_view import read_lines_in, wording_in
from verifier.web.pages import partner_name

MAX_ID = 64  # characters


@dataclass(frozen=True, slots=True)
class Desk:
    """What all pages of the desk share; and how its door looks."""

    verifier: Verifier
    pages: Pages
    home: str

    def show(self, visit: Visit, template: str, *, status: int = 200, **values: object) -> Response:
        """A page for the clerk who is there."""
        language = language_of(visit.request)
        services = self.verifier.context.services.values()
        return self._page(
            visit.request,
            template,
            status=status,
            clerk=visit.clerk.clerk,
            form_token=self.pages.form_token(visit.secret),
            once=secrets.token_urlsafe(16),
            now=self.verifier.context.now(),
            services={service.id: wording_in(service.announced.name, language) for service in services},
            **values,
        )

    def login(self, request: Request, *, form_token: str, problem: str, status: int) -> Response:
        """The page that asks for a code; see `DoorPages`."""
        return self._page(request, "desk/login.html", status=status, form_token=form_token, problem=problem)

    def refused(self, request: Request, error: ProtocolError, visit: Visit | None) -> Response:
        """What went wrong; see `DoorPages`."""
        shown: dict[str, object] = {"problem": error.status}
        if visit is not None:
            shown |= {"clerk": visit.clerk.clerk, "form_token": self.pages.form_token(visit.secret)}
        return self._page(request, "desk/refused.html", status=error.status, **shown)

    def _page(self, request: Request, template: str, *, status: int, **values: object) -> Response:
        partner = partner_name(self.verifier, request)
        return self.pages.page(request, template, status=status, partner=partner, desk=self.home, **values)


def desk_pages(verifier: Verifier, driver: Driver, pages: Pages) -> APIRouter:
    """Every page of the desk."""
    home = f"{urlsplit(verifier.context.identifier).path}/desk"
    desk = Desk(verifier, pages, home)
    door = Door(home, driver, pages, verifier.clerks, desk)
    door.open()

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
            lines=read_lines_in(found.lines, language_of(visit.request)),
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
