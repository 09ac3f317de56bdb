"""What a plan was told, for the form of a service that needs no document: look at it, tick it, and open the form with it."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from fastapi import Response

from protocol.errors import ProtocolError, Unavailable
from runtime.routes import Router
from wallet.policy.services.noting import NotedChanged, ticked_answers
from wallet.service.services.form_notes import InvitationSeen
from wallet.web.locked import WhenLocked
from wallet.web.room import Inside, Visit, redirect
from wallet.web.services.views import services_page
from wallet.web.things import Brought

_EMPTY: Mapping[str, str] = {}


def note_pages() -> Router:
    """The pages of notes for a form."""
    router = Router(include_in_schema=False)

    @router.get("/notes/{number}")
    async def show(number: str, visit: Inside) -> Response:
        thing = visit.shelf.look(number, object)
        if isinstance(thing, Brought):
            return redirect(f"{_address(number)}/done")
        return _page(visit, number, seen=visit.shelf.look(number, InvitationSeen))

    @router.post("/notes/{number}")
    async def bring(number: str, visit: Inside) -> Response:
        form = await visit.form()
        form_notes, seen = visit.wallet.services.form_notes, visit.shelf.look(number, InvitationSeen)
        try:
            noted = ticked_answers(form_notes.noted(seen), form)
        except NotedChanged:
            return _page(visit, number, seen=seen, form=form, problem="changed")
        if not noted:
            return _page(visit, number, seen=seen, form=form, problem="nothing")
        try:
            with visit.shelf.answering(number, InvitationSeen, _address(number)):
                address = await visit.run(form_notes.bring(seen, noted), WhenLocked.NOT_DONE, WhenLocked.SHARED)
                visit.shelf.replace(number, Brought(seen, address, tuple([one.title for one in noted])))
        except Unavailable:
            raise
        except ProtocolError:
            return _page(visit, number, seen=seen, form=form, problem="unknown")
        return redirect(f"{_address(number)}/done")

    @router.get("/notes/{number}/done")
    async def done(number: str, visit: Inside) -> Response:
        return services_page(visit, "notes_done.html", brought=visit.shelf.look(number, Brought))

    return router


def _page(
    visit: Visit,
    number: str,
    *,
    seen: InvitationSeen,
    form: Mapping[str, str] = _EMPTY,
    problem: str = "",
) -> Response:
    service = visit.wallet.services.catalogue.find(seen.service.id)
    return services_page(
        visit, "notes.html", status=400 if problem else 200, number=number, seen=seen, start=service.start,
        noted=visit.wallet.services.form_notes.noted(seen), form=form, problem=problem,
    )  # fmt: skip


def _address(number: str) -> str:
    return f"/notes/{quote(number, safe='')}"
