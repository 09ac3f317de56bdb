"""Receiving by login: the browser goes to the office's own page and comes back with a code (OID4VCI 1.0 §3.4)."""

from __future__ import annotations

import hmac

from fastapi import Request, Response

from protocol.errors import InvalidRequest, ProtocolError, Unavailable, Unreachable
from runtime.routes import Router
from wallet.policy.vouching import unvouched
from wallet.service.login import LoginEnded
from wallet.web.door import Closed
from wallet.web.locked import WhenLocked
from wallet.web.receiving import fetch_into, page_of, read_answer, refused
from wallet.web.room import AtTheDoor, Inside, Room, redirect
from wallet.web.things import LoginOver, LoginProblem, LoginWaiting, NotTaken, OfferWaiting

CALLBACK = "/callback"


def login_pages() -> Router:
    """To the office and back."""
    router = Router(include_in_schema=False)

    @router.post("/login/{number}")
    async def begin(number: str, visit: Inside) -> Response:
        yes, again = read_answer(await visit.form()), WhenLocked.SCAN_AGAIN
        try:
            with visit.shelf.answering(number, OfferWaiting, page_of(number)) as offer:
                if not yes:
                    await visit.run(visit.wallet.receiving.decline(offer.seen), again, again)
                    visit.shelf.replace(number, NotTaken(offer.seen.consent.issuer))
                    return redirect(page_of(number))
                begun = await visit.run(visit.wallet.login.begin(offer.seen, _redirect_uri(visit.room)), again, again)
                visit.shelf.replace(number, LoginWaiting(offer.seen, begun))
        except Unavailable:
            raise
        except (InvalidRequest, Unreachable) as error:
            return refused(visit, number, error)
        return redirect(begun.url)

    @router.post("/login/{number}/again")
    async def again(number: str, visit: Inside) -> Response:
        await visit.form()
        thing = visit.shelf.look(number, object)
        if isinstance(thing, LoginWaiting | LoginOver):
            # The state of a login that was begun is forgotten with it, so its answer comes too late
            visit.shelf.replace(number, OfferWaiting(thing.seen))
        return redirect(page_of(number))

    @router.get(CALLBACK)
    async def come_back(room: AtTheDoor, request: Request) -> Response:
        try:
            visit = room.enter(request)
        except Closed:
            return room.locked(request, WhenLocked.LOGGED_IN)
        state = request.query_params.get("state", "").encode("utf-8", "surrogatepass")
        number = visit.shelf.find(LoginWaiting, lambda login: hmac.compare_digest(login.begun.state.encode(), state))
        with visit.shelf.answering(number, LoginWaiting, page_of(number)) as login:
            try:
                returned = f"{_redirect_uri(room)}?{request.url.query}"
                finish = visit.wallet.login.finish(login.seen, login.begun, returned)
                pending = await visit.run(finish, WhenLocked.LOGGED_IN, WhenLocked.WAITS)
            except Unavailable:
                raise
            except ProtocolError as error:
                visit.shelf.replace(number, LoginOver(login.seen, _problem(error), error.description, unvouched(error)))
                # The address with the code is left at once (T260)
                return redirect(page_of(number))
            return await fetch_into(visit, number, pending, login.seen.contact)

    return router


def _redirect_uri(room: Room) -> str:
    return room.public_url.rstrip("/") + CALLBACK


def _problem(error: ProtocolError) -> LoginProblem:
    if isinstance(error, LoginEnded) and error.reason == "access_denied":
        return LoginProblem.CANCELLED
    return LoginProblem.AWAY if isinstance(error, Unreachable) else LoginProblem.FAILED
