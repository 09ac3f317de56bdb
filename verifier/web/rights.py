"""Requests about rights on the desk: what waits, by when, and how it ends. No decisions here."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from fastapi import Response

from capabilities.accounts.web import Door, Visit
from protocol.errors import Malformed
from protocol.fields import Fields
from protocol.sovereignty.wording import MAX_TEXT, Wording, read_wording
from runtime.driver import Driver
from runtime.languages import language_of
from runtime.pages import redirect
from verifier.service import Verifier
from verifier.service.rights import check_found
from verifier.usage import By
from verifier.web.desk_view import Desk
from verifier.web.mirror import claim_name
from verifier.web.rights_answers import NotSo, answer_pages, answer_values, day_end, request_id

MAX_ID = 128  # characters


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
            claims=[claim_name(path) for paths in found.claims.values() for path in paths],
            first_day=_day(found.case.status.due) + timedelta(days=1),
            last_day=_day(found.latest_due),
            problem=problem,
            **answer_values(found, visit.form, _day(verifier.context.now())),
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
            why, due = _why(visit), day_end(visit.form.get("until", ""), found, at="extend until")
        except NotSo as error:
            return await one(visit, error.at)
        except Malformed:
            return await one(visit, "extend why")
        await driver.run(rights.extend(request_id(visit), why, due, actor=visit.clerk.clerk))
        return redirect(f"{home}/{request_id(visit)}")

    @door.deed("/rights/{request}/refuse")
    async def refuse(visit: Visit) -> Response:
        try:
            why = _why(visit)
        except Malformed:
            return await one(visit, "refuse why")
        await driver.run(rights.refuse(request_id(visit), why, actor=visit.clerk.clerk))
        return redirect(f"{home}/{request_id(visit)}")

    @door.deed("/rights/{request}/done")
    async def done(visit: Visit) -> Response:
        told = visit.form.get("told") == "yes"
        await driver.run(rights.done(request_id(visit), place=By.CLERK, told=told, actor=visit.clerk.clerk))
        return redirect(f"{home}/{request_id(visit)}")


def _why(visit: Visit) -> Wording:
    """What the clerk wrote, in the language in which they work.

    Raises:
        Malformed: nothing, or no plain text.
    """
    said = {language_of(visit.request): visit.form.get("why", "").replace("\r\n", "\n").strip()}
    return read_wording(Fields({"why": {**said}}, "form"), "why")


def _day(seconds: int) -> date:
    return datetime.fromtimestamp(seconds, UTC).date()
