"""Requests about rights on the desk: what waits, by when, and how it ends. No decisions here."""

from __future__ import annotations

from datetime import timedelta

from fastapi import Response

from capabilities.accounts.web import Door, Visit
from capabilities.cockpit.clerks import MAX_ID, check_found, day_of, read_until, read_why
from protocol.errors import Malformed
from protocol.sovereignty.wording import MAX_TEXT
from runtime.driver import Driver
from runtime.languages import language_of
from runtime.pages import redirect
from verifier.service import Verifier
from verifier.usage import By
from verifier.web.desk_view import Desk
from verifier.web.mirror import claim_name
from verifier.web.rights_answers import answer_pages, answer_values, request_id


def rights_pages(verifier: Verifier, driver: Driver, door: Door, desk: Desk) -> None:
    """Add the pages behind the door of the desk."""
    home = f"{desk.home}/rights"
    rights = verifier.rights

    async def listed(visit: Visit, *, is_open: bool) -> Response:
        after = visit.request.path_params.get("after", "")[:MAX_ID]
        cases, last = check_found(await driver.run(rights.listed(is_open=is_open, after=after)))
        here = home if is_open else f"{home}/ended"
        return desk.show(
            visit,
            "desk/rights.html",
            requests=cases,
            is_open=is_open,
            more=f"{here}/after/{last}" if last else "",
            later=bool(after),
            first=here,
        )

    @door.page("/rights")
    @door.page("/rights/after/{after}")
    async def waiting(visit: Visit) -> Response:
        return await listed(visit, is_open=True)

    @door.page("/rights/ended")
    @door.page("/rights/ended/after/{after}")
    async def ended(visit: Visit) -> Response:
        return await listed(visit, is_open=False)

    async def one(visit: Visit, problem: str = "") -> Response:
        found = await driver.run(rights.open(request_id(visit), actor=visit.clerk.clerk))
        return desk.show(
            visit,
            "desk/right.html",
            status=400 if problem else 200,
            found=found,
            claims=[claim_name(path, language_of(visit.request)) for paths in found.claims.values() for path in paths],
            first_day=day_of(found.case.status.due) + timedelta(days=1),
            last_day=day_of(found.latest_due),
            problem=problem,
            **answer_values(found, visit.form, day_of(verifier.context.now()), language_of(visit.request)),
            typed=visit.form.get("why", ""),
            longest=MAX_TEXT,
        )

    @door.page("/rights/{request}")
    async def request(visit: Visit) -> Response:
        return await one(visit)

    answer_pages(rights, driver, door, home, one)

    @door.deed("/rights/{request}/extend")
    async def extend(visit: Visit) -> Response:
        found = await driver.run(rights.open(request_id(visit), actor=visit.clerk.clerk))
        try:
            why, due = read_why(visit.form, language_of(visit.request)), read_until(visit.form, found.case)
        except Malformed as error:
            return await one(visit, "extend until" if error.at == "form.until" else "extend why")
        await driver.run(rights.extend(request_id(visit), why, due, actor=visit.clerk.clerk))
        return redirect(f"{home}/{request_id(visit)}")

    @door.deed("/rights/{request}/refuse")
    async def refuse(visit: Visit) -> Response:
        try:
            why = read_why(visit.form, language_of(visit.request))
        except Malformed:
            return await one(visit, "refuse why")
        await driver.run(rights.refuse(request_id(visit), why, actor=visit.clerk.clerk))
        return redirect(f"{home}/{request_id(visit)}")

    @door.deed("/rights/{request}/done")
    async def done(visit: Visit) -> Response:
        told = visit.form.get("told") == "yes"
        await driver.run(rights.done(request_id(visit), place=By.CLERK, told=told, actor=visit.clerk.clerk))
        return redirect(f"{home}/{request_id(visit)}")
