"""What others send by themselves when their register changes: told after something was forwarded, looked up, stopped."""

from __future__ import annotations

from fastapi import Response

from protocol.errors import Conflict, InvalidRequest, ProtocolError
from runtime.routes import Router
from wallet.forwarding_words import ForwardingWords
from wallet.service.mandate_making import Span
from wallet.web.forwarding import ForwardingOver, Unfinished, done_page, offices_of
from wallet.web.room import Inside, redirect
from wallet.web.standing import list_page


def mandate_pages() -> Router:
    """Every page of mandates; the list stands with the standing orders."""
    router = Router(include_in_schema=False)

    @router.post("/forward/{number}/office")
    async def give(number: str, visit: Inside) -> Response:
        form = await visit.form()
        over = visit.shelf.look(number, ForwardingOver)
        name = form.get("span", "")
        if name and name not in tuple(Span):
            raise InvalidRequest("the form names something that is not on the page; nothing was changed")
        possible = offices_of(visit, over)
        chosen = any(f"office-{place}" in form for place, office in enumerate(possible) if office)
        if not chosen or not name:
            return done_page(visit, number, over, Unfinished("office", form, nobody=not chosen))
        say, problems = ForwardingWords(visit.words), []
        for place, one in enumerate(over.done):
            if f"office-{place}" not in form or not possible[place]:
                continue
            sent = over.chosen[one.service.id]
            try:
                await visit.run(visit.wallet.mandates.give(over.recipients, one.service.id, sent, Span(name)))
            except Conflict:
                continue  # there is one already: the list shows it
            except ProtocolError as error:
                problems.append(say.office_problem(error, possible[place]))
        return list_page(visit, " ".join(dict.fromkeys(problems))) if problems else redirect("/orders")

    @router.post("/orders/office/{mandate_id}/look")
    async def look(mandate_id: str, visit: Inside) -> Response:
        await visit.form()
        kept = visit.wallet.mandates.find(mandate_id)
        try:
            await visit.run(visit.wallet.mandates.look(mandate_id))
        except ProtocolError as error:
            return list_page(visit, ForwardingWords(visit.words).office_problem(error, kept.office))
        return redirect("/orders")

    @router.post("/orders/office/{mandate_id}/stop")
    async def stop(mandate_id: str, visit: Inside) -> Response:
        await visit.form()
        kept = visit.wallet.mandates.find(mandate_id)
        try:
            await visit.run(visit.wallet.mandates.revoke(mandate_id))
        except ProtocolError as error:
            return list_page(visit, ForwardingWords(visit.words).not_stopped(error, kept.office))
        return redirect("/orders")

    @router.post("/orders/office/{mandate_id}/delete")
    async def delete(mandate_id: str, visit: Inside) -> Response:
        await visit.form()
        await visit.run(visit.wallet.mandates.forget(mandate_id))
        return redirect("/orders")

    return router
