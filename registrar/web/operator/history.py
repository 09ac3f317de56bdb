"""The audit trail: who did what to which party, when and why; of all, or of one."""

from __future__ import annotations

from fastapi import Response

from capabilities.accounts.web import Visit
from protocol.errors import NotFound
from registrar.web.operator.desk import Desk

PAGE = 50  # lines


def add_history(desk: Desk) -> None:
    """The trail."""
    driver, parties = desk.site.driver, desk.site.registrar.parties

    async def show(visit: Visit, subject: str | None, before: int | None) -> Response:
        found = await driver.run(parties.audit(limit=PAGE + 1, subject=subject, before=before))
        more = found[PAGE - 1].id if len(found) > PAGE else 0
        return desk.show(visit, "history.html", lines=found[:PAGE], subject=subject or "", more=more, later=before)

    @desk.page("/history")
    async def everything(visit: Visit) -> Response:
        return await show(visit, None, None)

    @desk.page("/history/before/{before}")
    async def older(visit: Visit) -> Response:
        return await show(visit, None, _number(visit))

    @desk.page("/history/of/{before}/{identifier:path}")
    async def older_of_party(visit: Visit) -> Response:
        before = None if visit.request.path_params["before"] == "newest" else _number(visit)
        return await show(visit, desk.identifier(visit), before)


def _number(visit: Visit) -> int:
    value = str(visit.request.path_params["before"])
    if not value.isascii() or not value.isdecimal() or len(value) > 18:
        raise NotFound("no such page")
    return int(value)
