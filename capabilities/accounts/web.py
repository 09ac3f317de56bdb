"""The door before the pages of people who work in a role: signing in and out, and the guard of every page behind it (T230)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from fastapi import Request, Response

from capabilities.accounts.service import ClerkService, TooManyCodes, WrongClerkCode
from capabilities.accounts.session import NotSignedIn, SignedIn
from protocol.errors import ProtocolError
from runtime.asgi import read_form
from runtime.bodies import LARGE_AT_ONCE, LARGE_SECONDS, make_room
from runtime.driver import Driver
from runtime.logs import get_logger
from runtime.pages import ForeignForm, Pages, redirect
from runtime.routes import Router
from runtime.uploads import OVERHEAD, read_upload


@dataclass(frozen=True, slots=True)
class Visit:
    """A request of somebody who is signed in."""

    request: Request
    clerk: SignedIn
    secret: str = field(repr=False)
    form: dict[str, str] = field(default_factory=dict, repr=False)  # of a page that was only looked at: empty
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)  # of an upload
    names: Mapping[str, str] = field(default_factory=dict, repr=False)  # of these files


Handler = Callable[[Visit], Awaitable[Response]]


class DoorPages(Protocol):
    """How a role shows what happens at its door."""

    def login(self, request: Request, *, form_token: str, problem: str, status: int) -> Response:
        """The page that asks for a code; `problem`: empty, wrong, wait, ended, bye."""

    def refused(self, request: Request, error: ProtocolError, visit: Visit | None) -> Response:
        """What went wrong; to somebody who is signed in, if there is a visit."""


@dataclass(frozen=True, slots=True)
class Door:
    """The routes behind a door. Whatever is added by `page`, `question` or `deed` is for those who are signed in."""

    home: str  # path of the first page behind it
    driver: Driver
    pages: Pages
    clerks: ClerkService
    shown: DoorPages
    router: Router = field(default_factory=lambda: Router(include_in_schema=False))
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(LARGE_AT_ONCE))

    def page(self, path: str) -> Callable[[Handler], Handler]:
        """A page to look at."""
        return self._add("GET", path, self._look)

    def question(self, path: str) -> Callable[[Handler], Handler]:
        """A form that changes nothing, and is a form so that no name stands in an address (T260)."""
        return self._add("POST", path, self._asked)

    def deed(self, path: str) -> Callable[[Handler], Handler]:
        """A form that changes something, once."""
        return self._add("POST", path, self._told)

    def upload(self, path: str, *, max_bytes: int) -> Callable[[Handler], Handler]:
        """A form that brings files of `max_bytes` in all, once. Nobody is asked for more than 1 MiB before they are known."""

        async def brought(request: Request) -> Visit:
            return await self._brought(request, max_bytes)

        return self._add("POST", path, brought)

    def open(self) -> None:
        """Add signing in, which everybody may try, and signing out."""
        address = f"{self.home}/login"

        @self.router.get(address)
        async def login_page(request: Request) -> Response:
            ended = bool(self.pages.session.secret(request))
            return self._login(request, self._browser(request), "ended" if ended else "")

        @self.router.post(address)
        async def sign_in(request: Request) -> Response:
            return await self._sign_in(request)

        @self.question("/logout")
        async def sign_out(visit: Visit) -> Response:
            await self.driver.run(self.clerks.sign_out(visit.secret))
            return self.pages.session.take(redirect(f"{address}/bye"))

        @self.router.get(f"{address}/bye")
        async def signed_out(request: Request) -> Response:
            return self._login(request, self._browser(request), "bye")

    async def _sign_in(self, request: Request) -> Response:
        browser = self.pages.browser(request)
        try:
            form = await read_form(request)
            self.pages.check_form(request, form)
            before = self.pages.session.secret(request)
            secret = await self.driver.run(self.clerks.sign_in(form.get("code", ""), browser, before))
        except WrongClerkCode as error:
            get_logger().warning("desk", reason="a wrong sign-in code")
            # Only a wrong code waits, so that nobody who has a right one is kept out (T232)
            await asyncio.sleep(self.clerks.policy.pause)
            return self._login(request, browser, "wrong", status=error.status)
        except TooManyCodes as error:
            return self._login(request, browser, "wait", status=error.status)
        except ProtocolError as error:
            return self.shown.refused(request, error, None)
        return self.pages.session.give(redirect(self.home), secret)

    def _browser(self, request: Request) -> str:
        return self.pages.browser(request) or self.pages.new_browser()

    def _login(self, request: Request, browser: str, problem: str, *, status: int = 200) -> Response:
        token = self.pages.form_token(browser)
        return self.pages.remember(self.shown.login(request, form_token=token, problem=problem, status=status), browser)

    def _add(
        self, method: str, path: str, enter: Callable[[Request], Awaitable[Visit]]
    ) -> Callable[[Handler], Handler]:
        def add(handler: Handler) -> Handler:
            async def answer(request: Request) -> Response:
                try:
                    visit = await enter(request)
                except NotSignedIn:
                    return redirect(f"{self.home}/login")
                except ProtocolError as error:
                    return self.shown.refused(request, error, None)
                try:
                    return await handler(visit)
                except ProtocolError as error:
                    return self.shown.refused(request, error, visit)

            self.router.add_api_route(f"{self.home}{path}", answer, methods=[method])
            return handler

        return add

    async def _look(self, request: Request) -> Visit:
        secret = self.pages.session.secret(request)
        return Visit(request, await self.driver.run(self.clerks.visit(secret)), secret)

    async def _asked(self, request: Request) -> Visit:
        visit = await self._look(request)
        form = await read_form(request)
        self.pages.check_token(request, form, visit.secret)
        return Visit(request, visit.clerk, visit.secret, form)

    async def _brought(self, request: Request, max_bytes: int) -> Visit:
        visit = await self._look(request)
        if self.pages.is_foreign(request):
            # Before the body is let in; its token is checked when it is there
            raise ForeignForm("this form was not sent from our page")
        async with self.turns:
            make_room(request, max_bytes + OVERHEAD, seconds=LARGE_SECONDS)
            upload = await read_upload(request, max_bytes=max_bytes)
        self.pages.check_token(request, upload.fields, visit.secret)
        await self.driver.run(self.clerks.use_once(visit.secret, upload.fields.get("once", "")))
        return Visit(request, visit.clerk, visit.secret, upload.fields, upload.files, upload.names)

    async def _told(self, request: Request) -> Visit:
        visit = await self._asked(request)
        await self.driver.run(self.clerks.use_once(visit.secret, visit.form.get("once", "")))
        return visit
