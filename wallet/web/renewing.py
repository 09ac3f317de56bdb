"""Fetching a document anew: on its owner's word, and by itself while the wallet is open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi import Response

from protocol.errors import Conflict, NotFound, ProtocolError, Unreachable
from protocol.keys import RandomBytes
from runtime.logs import get_logger
from runtime.routes import Router
from runtime.seal import DamagedError
from wallet.policy.documents import Document
from wallet.policy.renewing import NotRenewed
from wallet.policy.vouching import NotVouched
from wallet.service.opened import OpenWallet
from wallet.web.door import Door
from wallet.web.room import Inside, Visit, redirect
from wallet.web.shelf import Gone
from wallet.web.things import RenewalOver

LOOK_SECONDS = 5.0  # between two looks whether it is time
FIRST = (60, 240)  # seconds after it was opened, drawn by lot: what is shown then is not why somebody asks
BETWEEN = (3000, 4200)  # seconds, drawn by lot


def renewal_pages() -> Router:
    """The pages of renewal."""
    router = Router(include_in_schema=False)

    @router.get("/cards/{card_id}/renew")
    async def ask(visit: Inside, card_id: str) -> Response:
        document = _document(visit, card_id)
        shown = visit.wallet.keeping.shown(document)
        return visit.page("card_renew.html", card=shown, renewal=visit.wallet.renewing.shown(document))

    @router.post("/cards/{card_id}/renew")
    async def renew(visit: Inside, card_id: str) -> Response:
        await visit.form()
        document = _document(visit, card_id)
        return redirect(f"/renewed/{visit.shelf.put(await _renew(visit, document))}")

    @router.get("/renewed/{number}")
    async def renewed(visit: Inside, number: str) -> Response:
        try:
            over = visit.shelf.look(number, RenewalOver)
            document = _document(visit, over.document)
        except (Gone, NotFound):
            return redirect("/")
        renewing = visit.wallet.renewing
        return visit.page(
            "card_renewed.html",
            over=over,
            card=visit.wallet.keeping.shown(document),
            renewal=renewing.shown(document),
            gone=renewing.gone_labels(document),
            place=document.forms[0].credential_issuer,
            due=any(one.document.id == document.id for one in visit.wallet.standing.due()),
        )

    @router.post("/cards/{card_id}/seen")
    async def seen(visit: Inside, card_id: str) -> Response:
        await visit.form()
        document = _document(visit, card_id)
        await visit.run(visit.wallet.renewing.mark_seen(document))
        return redirect(f"/cards/{document.id}")

    return router


async def _renew(visit: Visit, document: Document) -> RenewalOver:
    try:
        done = await visit.run(visit.wallet.renewing.renew(document))
    except NotRenewed as problem:
        return RenewalOver(document.id, changed=False, partly=False, problem=problem)
    except (Unreachable, NotVouched, Conflict):
        return RenewalOver(document.id, changed=False, partly=False, away=True)
    return RenewalOver(document.id, changed=bool(done.changed), partly=bool(done.failed))


def _document(visit: Visit, card_id: str) -> Document:
    """The document with a form of exactly this id.

    Raises:
        NotFound: there is none.
    """
    for document in visit.wallet.keeping.documents():
        if any(form.id == card_id for form in document.forms):
            return document
    raise NotFound("this document is not there any more")


@asynccontextmanager
async def renewing(door: Door, random_bytes: RandomBytes, every: float = LOOK_SECONDS) -> AsyncIterator[None]:
    """While the block lasts, the open wallet renews what is due about once an hour; a closed one does nothing."""
    task = asyncio.create_task(_renew_for_ever(door, random_bytes, every))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _renew_for_ever(door: Door, random_bytes: RandomBytes, every: float) -> None:
    known: OpenWallet | None = None
    due = 0
    while True:
        await asyncio.sleep(every)
        opened, now = door.opened(), door.now()
        if opened is not known:
            known, due = opened, now + _drawn(FIRST, random_bytes)
        if opened is not None and now >= due:
            due = now + _drawn(BETWEEN, random_bytes)
            await run_due(opened)


async def run_due(opened: OpenWallet) -> None:
    """One round. The wallet may be closed in the middle of it; what was begun goes on at the next one."""
    try:
        count = await opened.driver.run(opened.wallet.renewing.run_due())
    except (ProtocolError, DamagedError) as error:
        get_logger().warning("renewal", reason=type(error).__name__)
    else:
        if count:
            get_logger().info("renewal", count=count)


def _drawn(bounds: tuple[int, int], random_bytes: RandomBytes) -> int:
    low, high = bounds
    return low + int.from_bytes(random_bytes(4), "big") % (high - low + 1)
