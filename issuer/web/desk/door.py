"""The door of the desk: signing in and out, and the guard that stands before every page behind it (T230)."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from fastapi import APIRouter, Request, Response

from issuer.service.clerks import TooManyCodes, WrongClerkCode
from issuer.session.desk import NotSignedIn, SignedIn
from issuer.web.site import Site, redirect
from protocol.encoding import JsonObject
from protocol.errors import NotFound, ProtocolError
from runtime.asgi import read_form
from runtime.logs import get_logger


@dataclass(frozen=True, slots=True)
class Visit:
    """A request of a clerk who is signed in."""

    request: Request
    clerk: SignedIn
    secret: str = field(repr=False)
    form: dict[str, str] = field(default_factory=dict, repr=False)  # of a page that was only looked at: empty


Handler = Callable[[Visit], Awaitable[Response]]


class Desk:
    """The routes of the desk. Whatever is added by `page`, `question` or `deed` is behind the door."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.home = f"{site.path}/desk"
        self.router = APIRouter(include_in_schema=False)

    def page(self, path: str) -> Callable[[Handler], Handler]:
        """A page to look at."""
        return self._add("GET", path, self._look)

    def question(self, path: str) -> Callable[[Handler], Handler]:
        """A form that changes nothing, and is a form so that no name stands in an address (T260)."""
        return self._add("POST", path, self._asked)

    def deed(self, path: str) -> Callable[[Handler], Handler]:
        """A form that changes something, once."""
        return self._add("POST", path, self._told)

    def show(self, visit: Visit, template: str, *, status: int = 200, **values: object) -> Response:
        """A page for the clerk who is there."""
        shared = {
            "desk": self.home,
            "clerk": visit.clerk.clerk,
            "form_token": self.site.pages.form_token(visit.secret),
            "once": secrets.token_urlsafe(16),
            "now": self.site.issuer.context.now(),
            "titles": {name: self.site.title(visit.request, name) for name in self.site.issuer.context.types},
        }
        return self.site.page(visit.request, f"desk/{template}", status=status, **shared, **values)

    def handle(self, visit: Visit, kind: str, content: JsonObject) -> str:
        """A handle for an address; see `issuer.service.handles`."""
        return self.site.issuer.handles.seal(visit.clerk, kind, content)

    def opened(self, visit: Visit, kind: str) -> JsonObject:
        """What the handle in the address stands for; the part of the path has the name of its kind.

        Raises:
            NotFound: nothing, for this session.
        """
        return self.site.issuer.handles.open(visit.clerk, kind, visit.request.path_params[kind])

    def person_handle(self, visit: Visit, subject: str) -> str:
        """A handle for the pages of a person."""
        return self.handle(visit, "person", {"subject": subject})

    def subject(self, visit: Visit) -> str:
        """The person that an address is about.

        Raises:
            NotFound: none, for this session.
        """
        return text(self.opened(visit, "person"), "subject")

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
                    return self.site.refusal(request, "desk/refused.html", error, desk=self.home, problem=error.status)
                try:
                    return await handler(visit)
                except ProtocolError as error:
                    shown = {"desk": self.home, "clerk": visit.clerk.clerk, "problem": error.status}
                    token = self.site.pages.form_token(visit.secret)
                    return self.site.refusal(visit.request, "desk/refused.html", error, form_token=token, **shown)

            self.router.add_api_route(f"{self.home}{path}", answer, methods=[method])
            return handler

        return add

    async def _look(self, request: Request) -> Visit:
        secret = self.site.pages.session.secret(request)
        return Visit(request, await self.site.driver.run(self.site.issuer.clerks.visit(secret)), secret)

    async def _asked(self, request: Request) -> Visit:
        visit = await self._look(request)
        form = await read_form(request)
        self.site.pages.check_token(request, form, visit.secret)
        return Visit(request, visit.clerk, visit.secret, form)

    async def _told(self, request: Request) -> Visit:
        visit = await self._asked(request)
        await self.site.driver.run(self.site.issuer.clerks.use_once(visit.secret, visit.form.get("once", "")))
        return visit


def text(content: JsonObject, name: str) -> str:
    """A text that a handle of ours holds.

    Raises:
        NotFound: it holds none.
    """
    value = content.get(name)
    if not isinstance(value, str):
        raise NotFound("no such page, or no longer")
    return value


def add_door(desk: Desk) -> None:
    """Signing in, which everybody may try, and signing out."""
    site, driver, pages, clerks = desk.site, desk.site.driver, desk.site.pages, desk.site.issuer.clerks
    address = f"{desk.home}/login"

    def show(request: Request, browser: str, problem: str = "", *, status: int = 200) -> Response:
        token = pages.form_token(browser)
        values = {"desk": desk.home, "form_token": token, "problem": problem}
        return pages.remember(site.page(request, "desk/login.html", status=status, **values), browser)

    @desk.router.get(address)
    async def login_page(request: Request) -> Response:
        ended = bool(pages.session.secret(request))
        return show(request, pages.browser(request) or pages.new_browser(), "ended" if ended else "")

    @desk.router.post(address)
    async def sign_in(request: Request) -> Response:
        browser = pages.browser(request)
        try:
            form = await read_form(request)
            pages.check_form(request, form)
            before = pages.session.secret(request)
            secret = await driver.run(clerks.sign_in(form.get("code", ""), browser, before))
        except WrongClerkCode as error:
            get_logger().warning("desk", reason="a wrong sign-in code")
            # Only a wrong code waits, so that nobody who has a right one is kept out (T232)
            await asyncio.sleep(site.issuer.context.policy.desk.pause)
            return show(request, browser, "wrong", status=error.status)
        except TooManyCodes as error:
            return show(request, browser, "wait", status=error.status)
        except ProtocolError as error:
            return site.refusal(request, "desk/refused.html", error, desk=desk.home, problem=error.status)
        return pages.session.give(redirect(desk.home), secret)

    @desk.question("/logout")
    async def sign_out(visit: Visit) -> Response:
        await driver.run(clerks.sign_out(visit.secret))
        return pages.session.take(redirect(f"{address}/bye"))

    @desk.router.get(f"{address}/bye")
    async def signed_out(request: Request) -> Response:
        return show(request, pages.browser(request) or pages.new_browser(), "bye")
