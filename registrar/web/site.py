"""What all pages of a registrar share: its name, its address, and how a refusal looks."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from fastapi import Request, Response

from protocol.errors import ProtocolError, Unavailable
from registrar.service import Registrar
from runtime.asgi import RETRY_AFTER
from runtime.driver import Driver
from runtime.languages import language_of
from runtime.live import LiveStreams
from runtime.pages import Pages, SessionCookie


@dataclass(frozen=True, slots=True)
class Site:
    """The pages of one registrar, and what they need."""

    registrar: Registrar
    driver: Driver
    pages: Pages
    streams: LiveStreams

    @property
    def application(self) -> SessionCookie:
        """An applicant's key, until their browser ends."""
        return self.pages.session_cookie("application")

    @property
    def fresh_key(self) -> SessionCookie:
        """The key once more: it is shown as long as this is there."""
        return self.pages.session_cookie("key")

    @property
    def path(self) -> str:
        """The path below which everything of this registrar stands; empty: it has its host for itself."""
        return urlsplit(self.registrar.context.url).path

    def party_path(self, identifier: str) -> str:
        """The page about a party, for everybody."""
        return f"{self.path}/register/{quote(identifier, safe='')}"

    def owner(self, request: Request) -> str:
        """Who keeps the register, in the reader's language."""
        names = dict(self.registrar.context.operator.name)
        return names.get(language_of(request)) or next(iter(names.values()))

    def page(self, request: Request, template: str, *, status: int = 200, **values: object) -> Response:
        """A page in the reader's language."""
        shared = {
            "owner": self.owner(request),
            "path": self.path,
            "operator": self.registrar.context.operator,
            "party_path": self.party_path,
            "now": self.registrar.context.now(),
        }
        return self.pages.page(request, template, status=status, **shared, **values)

    def refusal(self, request: Request, template: str, error: ProtocolError, **values: object) -> Response:
        """What went wrong, on our own page."""
        busy = isinstance(error, Unavailable)
        page = self.page(request, template, status=error.status, busy=busy, problem=error.status, **values)
        if busy:
            page.headers["retry-after"] = RETRY_AFTER
        return page

    def trouble(self, request: Request, status: int, code: str) -> Response:
        """What went wrong where no page of ours says it better; operators are led back to what waits for them."""
        inside = f"{self.path}/operator"
        home = inside if f"{request.scope['path']}/".startswith(f"{inside}/") else f"{self.path}/"
        return self.pages.trouble(request, status=status, code=code, owner=self.owner(request), home=home)
