"""What is held: the cards, one document with its data, whether it still holds, and making it go away."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Response

from protocol.errors import NotFound
from runtime.looks import looks_css
from runtime.routes import Router
from wallet.policy.activity import about, given, page_of
from wallet.policy.cards import CardState
from wallet.policy.document_names import namer_of
from wallet.policy.documents import Document
from wallet.policy.outdated import outdated
from wallet.policy.showing import party_shown
from wallet.records import PendingIssuance
from wallet.service.keeping import HeldShown
from wallet.web.activity import what_happened
from wallet.web.moving import awaited_shown
from wallet.web.room import Inside, Visit, redirect
from wallet.web.shelf import Gone
from wallet.web.told import Done, tell


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of asking whether the documents still hold."""

    unanswered: tuple[str, ...]  # ids of those about which nothing could be learnt


def keeping_pages() -> Router:
    """The pages of what is held."""
    router = Router(include_in_schema=False)
    _add_cards(router)
    _add_card(router)
    _add_pending(router)
    return router


def _add_cards(router: Router) -> None:
    def show(visit: Visit, checked: Checked | None = None) -> Response:
        keeping = visit.wallet.keeping
        cards, damaged = keeping.credentials(), keeping.damaged()
        pending = [
            (one, party_shown(None, "", one.read_offer().credential_issuer).title)
            for one in keeping.pending()
            if one.id not in damaged
        ]
        dates = [card.status_checked_at for card in cards if card.can_be_taken_back]
        renewing = visit.wallet.renewing
        renewals = {one.id: renewing.shown(one) for one in keeping.documents()}
        return visit.page(
            "cards.html", cards=cards, renewals=renewals, damaged=damaged, pending=pending, checked=checked is not None,
            unanswered=[card.name for card in cards if checked is not None and card.id in checked.unanswered],
            checkable=bool(dates), checked_at=min(dates, default=0),
            awaited=[awaited_shown(one) for one in visit.wallet.moving.awaited()], due=visit.wallet.standing.due(),
        )  # fmt: skip

    @router.get("/")
    async def cards(visit: Inside) -> Response:
        return show(visit)

    @router.post("/check")
    async def check(visit: Inside) -> Response:
        await visit.form()
        since = visit.wallet.context.now()
        cards = await visit.run(visit.wallet.keeping.look_up_status())
        return redirect(f"/checked/{visit.shelf.put(Checked(_unanswered(cards, since)))}")

    @router.get("/checked/{number}")
    async def checked(visit: Inside, number: str) -> Response:
        try:
            return show(visit, visit.shelf.look(number, Checked))
        except Gone:
            return redirect("/")

    @router.get("/looks.css")
    async def looks(visit: Inside) -> Response:
        grounds = {card.id: card.ground for card in visit.wallet.keeping.credentials()}
        return Response(looks_css(grounds), media_type="text/css")


def _add_card(router: Router) -> None:
    @router.get("/cards/{card_id}")
    async def card(visit: Inside, card_id: str) -> Response:
        keeping = visit.wallet.keeping
        document = _document(visit, card_id)
        shown = keeping.shown(document)
        happened = what_happened(visit)
        several = sum(not document.types.isdisjoint(one.types) for one in keeping.documents()) > 1
        everything = visit.wallet.context.store.credentials()
        language = visit.wallet.context.language
        name = namer_of(everything, language)
        uses = page_of(about(happened, document.types), name) if happened is not None else None
        return visit.page(
            "card.html", card=shown, renewal=visit.wallet.renewing.shown(document),
            gone=visit.wallet.renewing.gone_labels(document),
            outdated=outdated(document, everything, visit.wallet.cockpit.disclosures(), language),
            place=document.forms[0].credential_issuer, uses=uses,
            rights=visit.wallet.cockpit.of_document(document), several=several,
            orders=bool(visit.wallet.context.store.orders()),
            given={
                one.entry.number: given(one.entry, everything, language, visit.words.data) for one in uses.entries
            }
            if uses
            else {},
        )  # fmt: skip

    @router.get("/cards/{card_id}/delete")
    async def ask(visit: Inside, card_id: str) -> Response:
        if card_id in visit.wallet.keeping.damaged():
            return visit.page("card_delete.html", card=None, card_id=card_id)
        return visit.page(
            "card_delete.html", card=visit.wallet.keeping.shown(_document(visit, card_id)), card_id=card_id
        )

    @router.post("/cards/{card_id}/delete")
    async def delete(visit: Inside, card_id: str) -> Response:
        await visit.form()
        keeping = visit.wallet.keeping
        if card_id in keeping.damaged():
            await visit.run(keeping.forget_damaged(card_id))
            return tell(visit, Done.DAMAGED_DELETED)
        document = _document(visit, card_id)
        await visit.run(keeping.forget(document))
        return tell(visit, Done.DOCUMENT_DELETED, document.forms[0].described())


def _add_pending(router: Router) -> None:
    @router.get("/pending/{pending_id}/forget")
    async def ask(visit: Inside, pending_id: str) -> Response:
        pending = _pending(visit, pending_id)
        who = party_shown(None, "", pending.read_offer().credential_issuer).title
        return visit.page("pending_forget.html", pending=pending, who=who)

    @router.post("/pending/{pending_id}/forget")
    async def forget(visit: Inside, pending_id: str) -> Response:
        await visit.form()
        await visit.run(visit.wallet.receiving.give_up(_pending(visit, pending_id)))
        return tell(visit, Done.PENDING_FORGOTTEN)


def _document(visit: Visit, card_id: str) -> Document:
    """The document with a form of exactly this id.

    Raises:
        NotFound: there is none.
    """
    for document in visit.wallet.keeping.documents():
        if any(form.id == card_id for form in document.forms):
            return document
    raise NotFound("this document is not there any more")


def _pending(visit: Visit, pending_id: str) -> PendingIssuance:
    for pending in visit.wallet.keeping.pending():
        if pending.id == pending_id:
            return pending
    raise NotFound("this was finished or forgotten already")


def _unanswered(cards: tuple[HeldShown, ...], since: int) -> tuple[str, ...]:
    return tuple(
        card.id
        for card in cards
        if card.can_be_taken_back and card.status_checked_at < since and card.state is not CardState.EXPIRED
    )
