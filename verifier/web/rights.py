"""Requests about rights on the desk: what a verifier shows of them, and how it answers. No decisions here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import Response

from capabilities.accounts.web import Door, Visit
from capabilities.cockpit.clerks import day_of, read_why
from capabilities.cockpit.web import RightsPages, id_of
from protocol.sovereignty.wording import MAX_TEXT, Wording
from runtime.driver import Driver
from runtime.languages import language_of
from verifier.receipt_names import data_name
from verifier.service import Verifier
from verifier.service.rights import OpenRequest
from verifier.usage import By
from verifier.web.desk_view import Desk
from verifier.web.rights_answers import NamedData, answer_pages, answer_values


@dataclass(frozen=True, slots=True)
class _Shown:
    """How requests look here."""

    desk: Desk

    def page(self, visit: Visit, template: str, *, status: int = 200, **values: object) -> Response:
        return self.desk.show(visit, f"desk/{template}", status=status, **values)

    def values(self, visit: Visit, found: OpenRequest) -> Mapping[str, object]:
        context, language = self.desk.verifier.context, language_of(visit.request)
        names = [
            NamedData(id_, path, data_name(context.use_cases.values(), id_, path, language))
            for id_, paths in found.claims.items()
            for path in paths
        ]
        return {
            "claims": [each.name for each in names],
            "reasons": (),
            "room": MAX_TEXT,
            **answer_values(found, names, visit.form, day_of(context.now())),
        }

    def refusal(self, visit: Visit) -> Wording:
        return read_why(visit.form, language_of(visit.request))


def rights_pages(verifier: Verifier, driver: Driver, door: Door, desk: Desk) -> None:
    """Add the pages behind the door of the desk."""
    rights = verifier.rights
    pages = RightsPages(driver, door, rights, _Shown(desk))
    pages.add()
    answer_pages(rights, driver, door, pages)

    @door.deed("/rights/{request}/done")
    async def done(visit: Visit) -> Response:
        told = visit.form.get("told") == "yes"
        await driver.run(rights.done(id_of(visit), place=By.CLERK, told=told, actor=visit.clerk.clerk))
        return pages.again(visit)
