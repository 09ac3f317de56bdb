"""What every page of the wallet shares: the open wallet, the reader's language, forms, and what is said when it goes wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote

from fastapi import Depends, Request, Response

from protocol.errors import ProtocolError, Unavailable
from protocol.exchange import Exchange
from runtime.asgi import read_form
from runtime.languages import language_of
from runtime.pages import Pages
from wallet.service import Wallet
from wallet.service.opened import OpenWallet, T
from wallet.web.door import Closed, Door
from wallet.web.shelf import Gone, Shelf, StillAtWork
from wallet.words import Words


@dataclass(frozen=True, slots=True)
class Room:
    """The pages of one wallet and the door to it."""

    door: Door
    pages: Pages

    def page(self, request: Request, template: str, *, status: int = 200, **values: object) -> Response:
        """A page, with what all pages of the wallet need."""
        words = Words(language_of(request))
        form_token = self.pages.form_token(self.pages.browser(request))
        close_after = self.door.close_after
        shared = {"words": words, "form_token": form_token, "close_after": close_after}
        return self.pages.page(request, template, status=status, **shared, **values)

    def enter(self, request: Request) -> Visit:
        """The open wallet for the browser that opened it.

        Raises:
            Closed: it is not open, or not for this browser.
        """
        opened, shelf = self.door.enter(self.pages.browser(request))
        language = language_of(request)
        return Visit(opened, opened.speaking(language), shelf, Words(language), request, self)

    async def form(self, request: Request) -> dict[str, str]:
        """A form of ours, posted by the browser that we gave it to.

        Raises:
            ForeignForm: it comes from another site, or from a page of another visit (T233).
        """
        form = await read_form(request)
        self.pages.check_form(request, form)
        return form

    def refusal(self, request: Request, error: ProtocolError) -> Response:
        """What went wrong, in plain words."""
        # Whatever ran when the wallet closed ends like this
        closed = isinstance(error, Unavailable) and not self.door.seconds_left(self.pages.browser(request))
        if isinstance(error, Closed) or closed:
            return self.to_door(request)
        if isinstance(error, StillAtWork):
            return redirect(error.page)
        text = Words(language_of(request)).sentence(error)
        return self.page(
            request,
            "wrong.html",
            status=error.status,
            text=text,
            detail=error.description,
            gone=isinstance(error, Gone),
        )

    def to_door(self, request: Request) -> Response:
        """To the page that opens the wallet, which leads back to a page that was only looked at."""
        back = request.url.path if request.method == "GET" and request.url.path != "/" else ""
        return redirect("/unlock" + (f"?to={quote(back, safe='/')}" if back else ""))


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of the browser that has the wallet open."""

    opened: OpenWallet
    wallet: Wallet  # in the reader's language
    shelf: Shelf
    words: Words
    request: Request
    room: Room

    async def run(self, exchange: Exchange[T]) -> T:
        """Do something with the wallet.

        Raises:
            ProtocolError: what the exchange raised.
        """
        return await self.opened.driver.run(exchange)

    def page(self, template: str, *, status: int = 200, **values: object) -> Response:
        """A page inside the open wallet."""
        return self.room.page(self.request, template, status=status, **values)

    async def form(self) -> dict[str, str]:
        """See `Room.form`."""
        return await self.room.form(self.request)


def enter(request: Request) -> Visit:
    """What a route inside the open wallet works with; see `Room.enter`."""
    room: Room = request.app.state.room
    return room.enter(request)


Inside = Annotated[Visit, Depends(enter)]
"""A route that has this parameter is answered only for the browser that has the wallet open."""


def redirect(address: str) -> Response:
    """On to another page; a reload does not send a form again."""
    return Response(status_code=303, headers={"location": address, "cache-control": "no-store"})
