"""What all pages of an issuer share: its name, its address, its documents' names, and how a refusal looks."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from fastapi import Request, Response

from issuer.service import Issuer
from protocol.errors import ProtocolError, Unavailable
from runtime.asgi import RETRY_AFTER
from runtime.driver import Driver
from runtime.languages import language_of
from runtime.live import LiveStreams
from runtime.looks import PLAIN, looks_css
from runtime.pages import Pages


@dataclass(frozen=True, slots=True)
class Site:
    """The pages of one issuer, and what they need."""

    issuer: Issuer
    driver: Driver
    pages: Pages
    streams: LiveStreams
    wallet_url: str = ""  # of a wallet that runs in the browser, which our pages offer to open; empty: none

    @property
    def path(self) -> str:
        """The path below which everything of this issuer stands; empty: it has its host for itself."""
        return urlsplit(self.issuer.context.identifier).path

    def agency(self, request: Request) -> str:
        """What the agency is called in the reader's language."""
        names = dict(self.issuer.context.name)
        return names.get(language_of(request)) or next(iter(names.values()))

    def title(self, request: Request, configuration_id: str) -> str:
        """What a type of document is called in the reader's language; its id if it is not issued any more."""
        known = self.issuer.context.types.get(configuration_id)
        return known.name(language_of(request)) if known is not None else configuration_id

    def logo(self, configuration_id: str) -> str:
        """The picture on a card of this type; empty: none."""
        known = self.issuer.context.types.get(configuration_id)
        return (known.display[0].logo or "") if known is not None else ""

    def page(self, request: Request, template: str, *, status: int = 200, **values: object) -> Response:
        """A page in the reader's language."""
        shared = {"agency": self.agency(request), "path": self.path}
        return self.pages.page(request, template, status=status, **shared, **values)

    def refusal(self, request: Request, template: str, error: ProtocolError, **values: object) -> Response:
        """What went wrong, on our own page: never a redirect to an address that nobody checked (T097)."""
        busy = isinstance(error, Unavailable)
        page = self.page(request, template, status=error.status, busy=busy, **values)
        if busy:
            page.headers["retry-after"] = RETRY_AFTER
        return page

    def trouble(self, request: Request, status: int, code: str) -> Response:
        """What went wrong where no page of ours says it better; clerks are led back to their desk."""
        desk = f"{self.path}/desk"
        home = desk if f"{request.scope['path']}/".startswith(f"{desk}/") else f"{self.path}/"
        return self.pages.trouble(request, status=status, code=code, owner=self.agency(request), home=home)

    def looks(self) -> str:
        """The style sheet with the colours of all cards."""
        types = self.issuer.context.types
        return looks_css({name: kind.display[0].background_color or PLAIN for name, kind in types.items()})
