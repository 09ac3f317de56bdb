"""Requests about rights at the desk: what an issuer shows of the document, and how it answers. No decisions here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import Response

from capabilities.accounts.web import Visit
from capabilities.cockpit.clerks import read_why
from capabilities.cockpit.web import RightsPages, id_of
from issuer.claims import path_text
from issuer.preview import label_of
from issuer.rights_words import ROOM, Reason, kept_by_law, reasons_for, refusal
from issuer.service.rights import OpenRequest
from issuer.web.desk.door import Desk
from protocol.credential import ClaimPath
from protocol.errors import Malformed
from protocol.sovereignty.wording import Wording
from runtime.known_names import claim_name
from runtime.languages import language_of


@dataclass(frozen=True, slots=True)
class _Shown:
    """How requests look here."""

    desk: Desk

    def page(self, visit: Visit, template: str, *, status: int = 200, **values: object) -> Response:
        return self.desk.show(visit, template, status=status, **values)

    def now(self) -> int:
        return self.desk.site.issuer.context.now()

    def data_name(self, id_: str, path: ClaimPath, language: str) -> str:
        kind, at = self.desk.site.issuer.context.types.get(id_), path_text(path)
        label = label_of(kind, at, language) if kind is not None else at
        # What no type declares any more is called as it is elsewhere
        return label if label != at else claim_name(path, language)

    def values(self, visit: Visit, found: OpenRequest) -> Mapping[str, object]:
        document = found.held.document
        return {
            "kind": self.desk.site.title(visit.request, next(iter(found.receipt.claims))),
            "person": self.desk.person_handle(visit, document.subject) if document is not None else "",
            "copy": found.held.copies[0].id if found.held.copies else "",
            "chosen": visit.form.get("reason", ""),
            "reasons": reasons_for(found.case.status.right),
            "room": ROOM,
        }

    def refusal(self, visit: Visit) -> Wording:
        reason = visit.form.get("reason", Reason.OWN if visit.form.get("only") else "")
        return refusal(reason, _said(visit))


def add_rights(desk: Desk) -> None:
    """The list, one request, and how it is answered."""
    driver, rights = desk.site.driver, desk.site.issuer.rights
    pages = RightsPages(driver, desk.door, rights, _Shown(desk))
    pages.add()

    @desk.deed("/rights/{request}/done")
    async def done(visit: Visit) -> Response:
        told = visit.form.get("told") == "yes"
        try:
            said = _said(visit)
            kept = kept_by_law(said) if said else ()
        except Malformed:
            return await pages.one(visit, "done why")
        found = await pages.found(visit)
        if found.erases and not kept and found.in_register:
            return await pages.one(visit, "done why")
        await driver.run(rights.done(id_of(visit), kept=kept, told=told, actor=visit.clerk.clerk))
        return pages.again(visit)


def _said(visit: Visit) -> Wording:
    """What was written; empty: nothing."""
    return read_why(visit.form, language_of(visit.request)) if visit.form.get("why", "").strip() else ()
