"""A wallet and a library in a browser, joined by real connections: a citizen asks, a clerk answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from playwright.sync_api import Page

from protocol.exchange import HttpRequest, HttpResponse
from runtime.http import GuardedSender
from runtime.serve import Listen, running
from tests.browser.stage import Stage
from tests.flows.rights_town import RightsTown
from tests.support.browser import DESKTOP, PHONE, Chromium, Window
from tests.support.ports import free_port
from verifier.service.requests import MadeRequest

T = TypeVar("T")
SIGN_IN = {"en": ("Your sign-in code", "Sign in"), "de": ("Ihr Anmeldecode", "Anmelden")}


class ConnectedTown(RightsTown):
    """The library is reached over a real connection."""

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Bring a request to whom it is for."""
        if not request.url.startswith(self.library.identifier):
            response: HttpResponse = await super().send(request)
            return response
        return await GuardedSender(allow_local=True).send(request)


@dataclass
class RightsStage:
    """Where a wallet and a library are served."""

    stage: Stage
    town: ConnectedTown
    made: MadeRequest | None = None  # what the citizen answered

    def later(self, seconds: int = 200) -> None:
        """Some minutes pass, in which somebody clicked now and then."""
        self.town.later(seconds)
        if self.stage.served.door._visit is not None:
            self.stage.served.door._visit.used_at = self.town.now

    def give(self, window: Window) -> None:
        """Show the library what it asks for, and open the line of it."""
        self.made = _apart(self.town.library.ask)
        self.stage.paste(window, self.made.uri)
        window.page.get_by_role("button", name="Share").click()
        window.page.get_by_role("heading", name="Shared", exact=True).wait_for()
        self.later()
        self.line(window)

    def line(self, window: Window) -> None:
        """Open the line of what was given."""
        number = self.stage.served.vault.disclosures()[0].log_number
        window.page.goto(f"{self.stage.url}/activity/entry/{number}")

    def choose(self, window: Window, title: str) -> None:
        """Go to the page of a right."""
        self.line(window)
        window.page.get_by_role("link", name="See what you can ask").click()
        window.page.get_by_role("link", name=title, exact=True).click()
        window.page.get_by_role("heading", name=title, exact=True).wait_for()

    def ask(self, window: Window, title: str, text: str = "") -> None:
        """Send a request from the line."""
        self.choose(window, title)
        if text:
            window.page.locator("#text").fill(text)
        window.page.get_by_role("button", name="Send it to City library").click()
        window.page.get_by_role("heading", name="What you asked", exact=True).wait_for()

    def again(self, window: Window) -> None:
        """Look some minutes later how it stands."""
        self.later()
        window.page.reload()

    def read(self) -> None:
        """The library's program reads what was given, so that nobody but a clerk knows where it is now."""
        made = self.made
        assert made is not None
        assert _apart(lambda: self.town.library.read(made))

    @property
    def desk(self) -> str:
        """Where clerks sign in."""
        return f"{self.town.library.identifier}/desk"

    @contextmanager
    def clerk(self, chromium: Chromium, language: str = "en") -> Iterator[Window]:
        """A clerk at the desk, before the list of requests."""
        with chromium.window(size=DESKTOP, language=language) as window:
            page = window.page
            page.goto(self.desk)
            code, button = SIGN_IN[language]
            page.get_by_label(code).fill(self.town.library.clerk_code())
            page.get_by_role("button", name=button).click()
            page.goto(f"{self.desk}/rights")
            yield window


def _apart(work: Callable[[], T]) -> T:
    """Do something in a thread of its own: while playwright is there, its event loop runs in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(work).result()


def first(page: Page) -> None:
    """Open the first request of the list."""
    page.get_by_role("main").get_by_role("listitem").first.get_by_role("link").click()


@contextmanager
def rights_stage(folder: Path, **library: Any) -> Iterator[RightsStage]:
    """Serve both while the block lasts; HOHEIT_ENV must be test."""
    ports = free_port(), free_port()
    address = f"http://library.localhost:{ports[0]}"
    town = ConnectedTown(None, f"sqlite:///{folder}/library.db", identifier=address, **library)
    stage = Stage(folder / "wallet", f"http://localhost:{ports[1]}", town)
    stage.served.create()
    wallet = running(stage.served.switch, Listen(port=ports[1]))
    with running(town.library.counter.app, Listen(port=ports[0])), wallet:
        yield RightsStage(stage, town)
    town.library.counter.close()


@contextmanager
def citizen(chromium: Chromium, there: RightsStage) -> Iterator[Window]:
    """Somebody who holds an identity card and gave it to the library."""
    with chromium.window(size=PHONE) as window:
        there.stage.open(window)
        there.stage.receive(window)
        there.give(window)
        yield window
