"""Requests about rights at the desk: what waits, by when, and how it ends. No decisions here."""

from __future__ import annotations

from datetime import timedelta

from fastapi import Response

from capabilities.accounts.web import Visit
from capabilities.cockpit.clerks import MAX_ID, check_found, day_of, read_until, read_why
from issuer.claims import path_text
from issuer.preview import label_of
from issuer.rights_words import ROOM, Reason, kept_by_law, reasons_for, refusal
from issuer.service.rights import OpenRequest
from issuer.web.desk.door import Desk
from protocol.errors import InvalidRequest, Malformed
from protocol.sovereignty.wording import MAX_TEXT, Wording
from runtime.languages import language_of
from runtime.pages import redirect


def add_rights(desk: Desk) -> None:
    """The list, one request, and how it is answered."""
    home = f"{desk.home}/rights"
    driver, rights = desk.site.driver, desk.site.issuer.rights

    async def listed(visit: Visit, *, is_open: bool) -> Response:
        after = visit.request.path_params.get("after", "")[:MAX_ID]
        cases, last = check_found(await driver.run(rights.listed(is_open=is_open, after=after)))
        here = home if is_open else f"{home}/ended"
        return desk.show(
            visit,
            "rights.html",
            requests=cases,
            is_open=is_open,
            more=f"{here}/after/{last}" if last else "",
            later=bool(after),
            first=here,
        )

    @desk.page("/rights")
    @desk.page("/rights/after/{after}")
    async def waiting(visit: Visit) -> Response:
        return await listed(visit, is_open=True)

    @desk.page("/rights/ended")
    @desk.page("/rights/ended/after/{after}")
    async def ended(visit: Visit) -> Response:
        return await listed(visit, is_open=False)

    async def one(visit: Visit, problem: str = "") -> Response:
        found = await driver.run(rights.open(_id(visit), actor=visit.clerk.clerk))
        document = found.held.document
        return desk.show(
            visit,
            "right.html",
            status=400 if problem else 200,
            found=found,
            claims=_labels(desk, visit, found),
            kind=desk.site.title(visit.request, next(iter(found.receipt.claims))),
            person=desk.person_handle(visit, document.subject) if document is not None else "",
            copy=found.held.copies[0].id if found.held.copies else "",
            first_day=day_of(found.case.status.due) + timedelta(days=1),
            last_day=day_of(found.latest_due),
            problem=problem,
            typed=visit.form.get("why", ""),
            chosen=visit.form.get("reason", ""),
            reasons=reasons_for(found.case.status.right),
            longest=MAX_TEXT,
            room=ROOM,
        )

    @desk.page("/rights/{request}")
    async def request(visit: Visit) -> Response:
        return await one(visit)

    @desk.deed("/rights/{request}/extend")
    async def extend(visit: Visit) -> Response:
        found = await driver.run(rights.open(_id(visit), actor=visit.clerk.clerk))
        try:
            why, due = _why(visit), read_until(visit.form, found.case)
        except Malformed as error:
            return await one(visit, "extend until" if error.at == "form.until" else "extend why")
        await driver.run(rights.extend(_id(visit), why, due, actor=visit.clerk.clerk))
        return redirect(f"{home}/{_id(visit)}")

    @desk.deed("/rights/{request}/refuse")
    async def refuse(visit: Visit) -> Response:
        try:
            reason = visit.form.get("reason", Reason.OWN if visit.form.get("only") else "")
            why = refusal(reason, _said(visit))
        except Malformed as error:
            return await one(visit, "refuse reason" if error.at == "form.reason" else "refuse why")
        await driver.run(rights.refuse(_id(visit), why, actor=visit.clerk.clerk))
        return redirect(f"{home}/{_id(visit)}")

    @desk.deed("/rights/{request}/done")
    async def done(visit: Visit) -> Response:
        told = visit.form.get("told") == "yes"
        try:
            said = _said(visit)
            kept = kept_by_law(said) if said else ()
        except Malformed:
            return await one(visit, "done why")
        found = await driver.run(rights.open(_id(visit), actor=visit.clerk.clerk))
        if found.erases and not kept and found.in_register:
            return await one(visit, "done why")
        await driver.run(rights.done(_id(visit), kept=kept, told=told, actor=visit.clerk.clerk))
        return redirect(f"{home}/{_id(visit)}")

    @desk.deed("/rights/{request}/answer")
    async def answer(visit: Visit) -> Response:
        sure = visit.form.get("sure") == "yes"
        try:
            await driver.run(rights.hand_out(_id(visit), sure=sure, actor=visit.clerk.clerk))
        except InvalidRequest:
            return await one(visit, "answer")
        return redirect(f"{home}/{_id(visit)}")


def _id(visit: Visit) -> str:
    return str(visit.request.path_params["request"])[:MAX_ID]


def _said(visit: Visit) -> Wording:
    """What was written; empty: nothing."""
    return _why(visit) if visit.form.get("why", "").strip() else ()


def _why(visit: Visit) -> Wording:
    return read_why(visit.form, language_of(visit.request))


def _labels(desk: Desk, visit: Visit, found: OpenRequest) -> list[str]:
    """The data that a request is about, as the type calls them."""
    language = language_of(visit.request)
    named: dict[str, None] = {}
    for configuration_id, paths in found.claims.items():
        kind = desk.site.issuer.context.types.get(configuration_id)
        for path in paths:
            text = path_text(path)
            named[text if kind is None else label_of(kind, text, language)] = None
    return list(named)
