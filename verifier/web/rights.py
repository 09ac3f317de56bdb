"""Requests about rights on the desk: what a verifier shows of them, and how it answers. No decisions here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import Response

from capabilities.accounts.web import Door, Visit
from capabilities.cockpit.clerks import read_why
from capabilities.cockpit.web import RightsPages, id_of
from protocol.credential import ClaimPath
from protocol.sovereignty.wording import MAX_TEXT, Wording
from runtime.driver import Driver
from runtime.languages import language_of
from verifier.receipt_names import data_name
from verifier.service import Verifier
from verifier.service.rights import OpenRequest
from verifier.usage import By
from verifier.web.desk_view import Desk


@dataclass(frozen=True, slots=True)
class _Shown:
    """How requests look here."""

    desk: Desk

    def page(self, visit: Visit, template: str, *, status: int = 200, **values: object) -> Response:
        return self.desk.show(visit, f"desk/{template}", status=status, **values)

    def now(self) -> int:
        return self.desk.verifier.context.now()

    def data_name(self, id_: str, path: ClaimPath, language: str) -> str:
        return data_name(self.desk.verifier.context.use_cases.values(), id_, path, language)

    def values(self, _visit: Visit, _found: OpenRequest) -> Mapping[str, object]:
        return {"reasons": (), "room": MAX_TEXT}

    def refusal(self, visit: Visit) -> Wording:
        return read_why(visit.form, language_of(visit.request))


def rights_pages(verifier: Verifier, driver: Driver, door: Door, desk: Desk) -> None:
    """Add the pages behind the door of the desk."""
    rights = verifier.rights
    pages = RightsPages(driver, door, rights, _Shown(desk))
    pages.add()

    @door.deed("/rights/{request}/done")
    async def done(visit: Visit) -> Response:
        told = visit.form.get("told") == "yes"
        await driver.run(rights.done(id_of(visit), place=By.CLERK, told=told, actor=visit.clerk.clerk))
        return pages.again(visit)
