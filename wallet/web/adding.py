"""Scan, choose a picture, paste a link, or come from a page on the same device: what is it, and where does it go on?"""

from __future__ import annotations

from fastapi import Request, Response

from protocol.errors import NotTrusted, ProtocolError, TooLarge, Unavailable, Unreachable
from protocol.oid4vci.offer import SCHEME as OFFER_SCHEME
from protocol.oid4vp.link import SCHEME as REQUEST_SCHEME
from protocol.oid4vp.request_uri import RequestOver
from runtime.routes import Router
from wallet.policy.haip import NotHaip
from wallet.policy.issuing import MayNotIssue
from wallet.policy.links import MAX_PAGE_LINK, Found, LinkKind, classify, host_of
from wallet.policy.vouching import unvouched
from wallet.web.locked import WhenLocked
from wallet.web.room import AtTheDoor, Inside, Room, Visit, redirect
from wallet.web.things import OfferWaiting, RequestWaiting


def adding_pages() -> Router:
    """Every way in for a link."""
    router = Router(include_in_schema=False)

    @router.get("/add")
    async def scan(visit: Inside) -> Response:
        return _scan_page(visit)

    @router.post("/add")
    async def add(visit: Inside) -> Response:
        form = await visit.form()
        return await _look_at(visit, classify(form.get("link", "")), same_device="same_device" in form)

    _add_pages_from_elsewhere(router)
    return router


def _add_pages_from_elsewhere(router: Router) -> None:
    """Links on other pages. Nothing is fetched before the user said so here, and the wallet is open.

    A link waits in memory under a number meanwhile, because it may hold a code and so belongs into no address of ours (T260).
    """

    def show(room: Room, request: Request, scheme: str, kind: LinkKind) -> Response:
        query = request.url.query
        _check_size(query)
        link = f"{scheme}?{query}"
        browser = room.pages.browser(request) or room.pages.new_browser()
        page = room.pages.page(
            request, "from_page.html", kind=kind, link=link, host=host_of(link, kind),
            form_token=room.pages.form_token(browser), exists=room.door.exists(),
        )  # fmt: skip
        return room.pages.remember(page, browser)

    @router.get("/credential-offer")
    async def offered(room: AtTheDoor, request: Request) -> Response:
        return show(room, request, OFFER_SCHEME, LinkKind.OFFER)

    @router.get("/authorize")
    async def asked(room: AtTheDoor, request: Request) -> Response:
        return show(room, request, REQUEST_SCHEME, LinkKind.REQUEST)

    @router.post("/from-page")
    async def follow(room: AtTheDoor, request: Request) -> Response:
        form = await room.form(request)
        link = form.get("link", "")
        _check_size(link)
        return redirect(f"/from-page/{room.links.put(classify(link))}")

    @router.get("/from-page/{number}")
    async def followed(number: str, visit: Inside) -> Response:
        return await _look_at(visit, visit.room.links.take(number, Found), same_device=True)


async def _look_at(visit: Visit, found: Found, *, same_device: bool) -> Response:
    """Find out what a link is about; the answer waits on the shelf."""
    again = WhenLocked.SCAN_AGAIN
    try:
        if found.kind is LinkKind.OFFER:
            offer = await visit.run(visit.wallet.receiving.look(found.text), again, again)
            return redirect(f"/receive/{visit.shelf.put(OfferWaiting(offer))}")
        if found.kind is LinkKind.REQUEST:
            asked = await visit.run(visit.wallet.presenting.look(found.text), again, again)
            return redirect(
                f"/present/{visit.shelf.put(RequestWaiting(asked, same_device, visit.wallet.context.language))}"
            )
    except MayNotIssue as error:
        return visit.page("may_not_issue.html", status=error.status, error=error)
    except Unavailable:
        raise
    except ProtocolError as error:
        return visit.page(
            "add_failed.html", status=error.status, found=found, away=isinstance(error, Unreachable),
            detail=error.description, same_device=same_device, why=unvouched(error), weak=isinstance(error, NotHaip),
            unknown=isinstance(error.__cause__ or error, NotTrusted), over=isinstance(error, RequestOver),
        )  # fmt: skip
    return _scan_page(visit, found)


def _scan_page(visit: Visit, found: Found | None = None) -> Response:
    return visit.page("add.html", status=400 if found else 200, found=found)


def _check_size(link: str) -> None:
    if len(link) > MAX_PAGE_LINK:
        raise TooLarge("link", f"is larger than {MAX_PAGE_LINK} characters")
