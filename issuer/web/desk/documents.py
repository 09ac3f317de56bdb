"""Documents that were issued: listed, suspended, reinstated, revoked; and the audit trail of it all."""

from __future__ import annotations

from fastapi import Response

from capabilities.accounts.web import Visit
from issuer.policy import REASONS, Deed, possible_deeds, reason_text
from issuer.service.desk import PAGE
from issuer.web.desk.door import Desk
from protocol.errors import Conflict, Malformed, NotFound
from runtime.pages import redirect


def add_documents(desk: Desk) -> None:
    """The list, one document, and what can be done to it."""
    site, driver, service = desk.site, desk.site.driver, desk.site.issuer.desk

    async def listed(visit: Visit, *, of_person: bool) -> Response:
        parameters = visit.request.path_params
        subject = desk.subject(visit) if of_person else None
        found = await driver.run(service.documents(subject, parameters.get("before")))
        lines = [
            (
                document,
                site.title(visit.request, document.configuration_id),
                desk.person_handle(visit, document.subject),
            )
            for document in service.once(found[:PAGE])
        ]
        return desk.show(
            visit,
            "documents.html",
            newest=_newest(f"{desk.home}/documents", visit),
            lines=lines,
            subject=subject or "",
            older=_older(f"{desk.home}/documents", visit, found[PAGE - 1].id if len(found) > PAGE else None),
            later=parameters.get("before") is not None,
        )

    @desk.page("/documents")
    @desk.page("/documents/before/{before}")
    async def documents(visit: Visit) -> Response:
        return await listed(visit, of_person=False)

    @desk.question("/documents")
    async def ask(visit: Visit) -> Response:
        return redirect(_of_person(desk, visit, "documents"))

    @desk.page("/documents/of/{person}")
    @desk.page("/documents/of/{person}/before/{before}")
    async def documents_of_person(visit: Visit) -> Response:
        return await listed(visit, of_person=True)

    @desk.page("/documents/{document}")
    async def document(visit: Visit) -> Response:
        found = await driver.run(service.document(visit.request.path_params["document"]))
        return desk.show(
            visit,
            "document.html",
            document=found,
            change=await driver.run(service.last_change(found)),
            title=site.title(visit.request, found.configuration_id),
            logo=site.logo(found.configuration_id),
            person=desk.person_handle(visit, found.subject),
            deeds=possible_deeds(found.state) if found.has_status else (),
        )

    async def confirm(visit: Visit, deed: Deed, problem: str = "") -> Response:
        found = await driver.run(service.document(visit.request.path_params["document"]))
        if deed not in possible_deeds(found.state) or not found.has_status:
            raise Conflict("this cannot be done to this document now")
        return desk.show(
            visit,
            "change.html",
            status=400 if problem else 200,
            document=found,
            change=await driver.run(service.last_change(found)),
            title=site.title(visit.request, found.configuration_id),
            logo=site.logo(found.configuration_id),
            deed=deed,
            reasons=REASONS[deed],
            chosen=visit.form.get("reason", ""),
            more=visit.form.get("more", ""),
            problem=problem,
        )

    @desk.page("/documents/{document}/{deed}")
    async def ask_for_reason(visit: Visit) -> Response:
        return await confirm(visit, _deed(visit))

    @desk.deed("/documents/{document}/{deed}")
    async def change(visit: Visit) -> Response:
        deed, credential_id = _deed(visit), visit.request.path_params["document"]
        try:
            reason = reason_text(deed, visit.form.get("reason", ""), visit.form.get("more", ""))
        except Malformed as error:
            return await confirm(visit, deed, error.at)
        await driver.run(service.change(credential_id, deed, reason, visit.clerk.clerk))
        return redirect(f"{desk.home}/documents/{credential_id}")


def add_audit(desk: Desk) -> None:
    """The audit trail."""
    driver, service = desk.site.driver, desk.site.issuer.desk

    async def listed(visit: Visit, *, of_person: bool) -> Response:
        parameters = visit.request.path_params
        subject = desk.subject(visit) if of_person else None
        before = parameters.get("before")
        found = await driver.run(service.audit(subject, _number(before) if before is not None else None))
        return desk.show(
            visit,
            "audit.html",
            newest=_newest(f"{desk.home}/audit", visit),
            lines=found[:PAGE],
            subject=subject or "",
            older=_older(f"{desk.home}/audit", visit, str(found[PAGE - 1].id) if len(found) > PAGE else None),
            later=before is not None,
        )

    @desk.page("/audit")
    @desk.page("/audit/before/{before}")
    async def audit(visit: Visit) -> Response:
        return await listed(visit, of_person=False)

    @desk.question("/audit")
    async def ask(visit: Visit) -> Response:
        return redirect(_of_person(desk, visit, "audit"))

    @desk.page("/audit/of/{person}")
    @desk.page("/audit/of/{person}/before/{before}")
    async def audit_of_person(visit: Visit) -> Response:
        return await listed(visit, of_person=True)


def _of_person(desk: Desk, visit: Visit, part: str) -> str:
    """The list of one person; without an id, of all."""
    subject = visit.form.get("subject", "").strip()[:200]
    home = f"{desk.home}/{part}"
    return f"{home}/of/{desk.person_handle(visit, subject)}" if subject else home


def _older(home: str, visit: Visit, last: str | None) -> str:
    """The address of the next page of a list; empty: there is none."""
    return f"{_newest(home, visit)}/before/{last}" if last is not None else ""


def _newest(home: str, visit: Visit) -> str:
    """The address of the first page of a list."""
    person = visit.request.path_params.get("person")
    return f"{home}/of/{person}" if person else home


def _deed(visit: Visit) -> Deed:
    try:
        return Deed(visit.request.path_params["deed"])
    except ValueError as error:
        raise NotFound("no such page") from error


def _number(value: str) -> int:
    if not value.isascii() or not value.isdecimal() or len(value) > 18:
        raise NotFound("no such page")
    return int(value)
