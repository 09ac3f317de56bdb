"""Standing orders on pages: given after something was forwarded, shown when there is something to send, stopped, deleted."""

from __future__ import annotations

from fastapi import Response

from protocol.credential import ClaimPath
from protocol.errors import Conflict, InvalidRequest, NotFound
from runtime.routes import Router
from wallet.forwarding_words import ForwardingWords
from wallet.policy.document_names import namer_of
from wallet.policy.mandates import labels_sent
from wallet.policy.showing import credential_name
from wallet.policy.standing import HowLong, labels_of
from wallet.service.services.catalogue import NoServices
from wallet.service.standing import DueDocument
from wallet.web.forwarding import ForwardingOver, Unfinished, can_be_repeated, done_page, put_waiting
from wallet.web.room import Inside, Visit, redirect


def standing_pages() -> Router:
    """Every page of standing orders."""
    router = Router(include_in_schema=False)
    _add_giving(router)
    _add_list(router)
    return router


def _add_giving(router: Router) -> None:
    @router.post("/forward/{number}/again")
    async def give(number: str, visit: Inside) -> Response:
        form = await visit.form()
        over = visit.shelf.look(number, ForwardingOver)
        name = form.get("limit", "")
        if name and name not in tuple(HowLong):
            raise InvalidRequest("the form names something that is not on the page; nothing was changed")
        possible = can_be_repeated(visit, over)
        chosen = any(f"again-{place}" in form for place, can in enumerate(possible) if can)
        if not chosen or not name:
            return done_page(visit, number, over, Unfinished("again", form, nobody=not chosen))
        limit = HowLong(name).limit(visit.wallet.context.now())
        for place, one in enumerate(over.done):
            if f"again-{place}" not in form or not possible[place]:
                continue
            try:
                await visit.run(
                    visit.wallet.standing.give(over.recipients, one.service.id, over.chosen[one.service.id], limit)
                )
            except Conflict:
                continue  # there is one already: the list shows it
        return redirect("/orders")


def _add_list(router: Router) -> None:
    @router.get("/orders")
    async def orders(visit: Inside) -> Response:
        return list_page(visit)

    @router.post("/orders/look/{document_id}")
    async def look(document_id: str, visit: Inside) -> Response:
        await visit.form()
        due = next((one for one in visit.wallet.standing.due() if one.document.id == document_id), None)
        if due is None:
            return redirect("/orders")
        try:
            asked = await visit.run(visit.wallet.standing.ask(due))
        except NoServices as error:
            return list_page(visit, ForwardingWords(visit.words).problem(error.problem))
        return put_waiting(visit, asked.recipients, asked)

    @router.post("/orders/{order_id}/stop")
    async def stop(order_id: str, visit: Inside) -> Response:
        await visit.form()
        await visit.run(visit.wallet.standing.revoke(order_id))
        return redirect("/orders")

    @router.post("/orders/{order_id}/delete")
    async def delete(order_id: str, visit: Inside) -> Response:
        await visit.form()
        standing = visit.wallet.standing
        if not any(one.kept.id == order_id and one.ended for one in standing.shown()):
            raise NotFound("there is no standing order of this id that has ended")
        await visit.run(standing.forget(order_id))
        return redirect("/orders")


def list_page(visit: Visit, problem: str = "") -> Response:
    """Everything that is forwarded again: what the wallet prepares, and what others send by themselves."""
    standing, language = visit.wallet.standing, visit.wallet.context.language
    documents = {one.id: one for one in visit.wallet.keeping.documents()}
    names = {id_: credential_name(one.forms[0].described(), language) for id_, one in documents.items()}
    shown, mandates, held = standing.shown(), visit.wallet.mandates.shown(), visit.wallet.context.store.credentials()
    return visit.page(
        "orders.html", status=503 if problem else 200, problem=problem, names=names,
        due=[(one, labels_of(one.document, _changed(one), language)) for one in standing.due()],
        going=[one for one in shown if one.ended is None], ended=[one for one in shown if one.ended is not None],
        by_offices=[(one, labels_sent(one.says, held, language)) for one in mandates if one.is_going],
        ended_offices=[(one, labels_sent(one.says, held, language)) for one in mandates if not one.is_going],
        say=ForwardingWords(visit.words), called=visit.wallet.forwarding.called, document_name=namer_of(held, language),
    )  # fmt: skip


def _changed(due: DueDocument) -> list[ClaimPath]:
    """What is other than last time, for any of the recipients."""
    return [path for one in due.orders for path in one.changed]
