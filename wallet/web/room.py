"""What every page of the wallet shares: the open wallet, the reader's language, forms, and what is said when it goes wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote

from fastapi import Depends, Request, Response

from protocol.errors import NotFound, ProtocolError
from protocol.exchange import Exchange
from runtime.asgi import MAX_FORM, read_form
from runtime.languages import language_of
from runtime.pages import Pages
from wallet.service import Wallet
from wallet.service.meeting import MeetingOver
from wallet.service.opened import OpenWallet, T
from wallet.service.trusting import Trusting
from wallet.vault.file import VaultClosed
from wallet.web.door import Closed, Door
from wallet.web.locked import LockedMeanwhile, WhenLocked, before_form
from wallet.web.shelf import Gone, Shelf, StillAtWork
from wallet.web.tickets import Tickets
from wallet.words import Words


@dataclass(frozen=True, slots=True)
class Room:
    """What the pages of one wallet work with; routes find it by their application, and know no wallet themselves."""

    door: Door
    pages: Pages
    public_url: str
    trusting: Trusting  # whom the user trusts, which is shown
    tickets: Tickets  # what services are called in addresses
    links: Shelf  # that came from other pages while the wallet may have been closed

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
        return self._visit(request, *self.door.enter(self.pages.browser(request)))

    def look_in(self, request: Request) -> Visit:
        """The same for a page that looks by itself, which keeps the wallet open no longer.

        Raises:
            Closed: see `enter`.
        """
        return self._visit(request, *self.door.look_in(self.pages.browser(request)))

    def _visit(self, request: Request, opened: OpenWallet, shelf: Shelf) -> Visit:
        language = language_of(request)
        return Visit(opened, opened.speaking(language), shelf, Words(language), request, self)

    async def form(self, request: Request, max_bytes: int = MAX_FORM) -> dict[str, str]:
        """A form of ours, posted by the browser that we gave it to.

        Raises:
            ForeignForm: it comes from another site, or from a page of another visit (T233).
        """
        form = await read_form(request, max_bytes=max_bytes)
        self.pages.check_form(request, form)
        return form

    def refusal(self, request: Request, error: ProtocolError) -> Response:
        """What went wrong, in plain words."""
        if isinstance(error, LockedMeanwhile):
            return self.locked(request, error.when)
        if isinstance(error, Closed | VaultClosed):
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
            gone=isinstance(error, Gone | MeetingOver),
            missing=isinstance(error, NotFound),
        )

    def to_door(self, request: Request) -> Response:
        """To the page that opens the wallet, which leads back to a page that was only looked at; a form does nothing."""
        if request.method != "GET":
            return self.locked(request, before_form(request.url.path))
        back = request.url.path if request.url.path != "/" else ""
        return redirect("/unlock" + (f"?to={quote(back, safe='/')}" if back else ""))

    def locked(self, request: Request, when: WhenLocked) -> Response:
        """That the wallet was locked, what became of what was going on, and the way on."""
        return self.page(request, "locked.html", status=Closed.status, when=when)


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of the browser that has the wallet open."""

    opened: OpenWallet
    wallet: Wallet  # in the reader's language
    shelf: Shelf
    words: Words
    request: Request
    room: Room

    async def run(
        self, exchange: Exchange[T], cut: WhenLocked = WhenLocked.NOT_DONE, done: WhenLocked = WhenLocked.DONE
    ) -> T:
        """Do something with the wallet.

        Should the wallet be locked meanwhile, `cut` is what is true if that broke the exchange, and `done` if it came to
        its end all the same, but there is no page any more that shows what came of it.

        Raises:
            LockedMeanwhile: it was.
            ProtocolError: what the exchange raised.
        """
        try:
            result = await self.opened.driver.run(exchange)
        except ProtocolError as error:
            if not self.room.door.has_open(self.opened):
                raise LockedMeanwhile(cut) from error
            raise
        if not self.room.door.has_open(self.opened):
            raise LockedMeanwhile(done)
        return result

    def page(self, template: str, *, status: int = 200, **values: object) -> Response:
        """A page inside the open wallet."""
        return self.room.page(self.request, template, status=status, **values)

    async def form(self, max_bytes: int = MAX_FORM) -> dict[str, str]:
        """See `Room.form`."""
        return await self.room.form(self.request, max_bytes)


def room_of(request: Request) -> Room:
    """The room that an application serves."""
    room: Room = request.app.state.room
    return room


async def enter(request: Request) -> Visit:
    """What a route inside the open wallet works with; see `Room.enter`."""
    return room_of(request).enter(request)


async def look_in(request: Request) -> Visit:
    """What a route works with that an open page asks by itself; see `Room.look_in`."""
    return room_of(request).look_in(request)


async def at_the_door(request: Request) -> Room:
    """What a route works with for which the wallet need not be open."""
    return room_of(request)


AtTheDoor = Annotated[Room, Depends(at_the_door)]
"""A route that has this parameter is answered whether the wallet is open or not."""
Inside = Annotated[Visit, Depends(enter)]
"""A route that has this parameter is answered only for the browser that has the wallet open."""
LookingIn = Annotated[Visit, Depends(look_in)]
"""Likewise, and it does not count as a click."""


def redirect(address: str) -> Response:
    """On to another page; a reload does not send a form again."""
    return Response(status_code=303, headers={"location": address, "cache-control": "no-store"})
