"""A wallet in a browser between an agency and a partner who do what a test tells them, also what real ones seldom do."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest

from protocol.exchange import HttpRequest, HttpResponse
from runtime.serve import Listen, running
from tests.support.browser import Window
from tests.support.ports import free_port
from tests.wallet.counterparts import PASSPHRASE, World
from tests.wallet.web.visitor import Served


class PatientWorld(World):
    """Answers when a test lets it."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.gate = threading.Event()
        self.gate.set()

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Wait, then answer."""
        while not self.gate.is_set():
            await asyncio.sleep(0.02)
        response: HttpResponse = await super().send(request)
        return response


class ByHand(Protocol):
    """An agency or a partner that answers by hand."""

    respond: Callable[[HttpRequest], HttpResponse]


class Stage:
    """See the module."""

    def __init__(self, folder: Path, url: str, world: World | None = None, **settings: object) -> None:
        self.url = url
        self.world = world or PatientWorld(None)
        # Where one logs in: any page that is there
        self.world.agency.server_changes["authorization_endpoint"] = self.login = f"{url}/static/icon.svg"
        self.served = Served(folder, self.world, url, **settings)

    def open(self, window: Window) -> None:
        """Unlock the wallet by hand."""
        window.page.goto(self.url)
        window.page.get_by_label("Passphrase").fill(PASSPHRASE)
        window.page.get_by_role("button", name="Open", exact=True).click()
        window.page.get_by_role("heading", name="Documents").wait_for()

    def paste(self, window: Window, link: str) -> str:
        """Paste a link; the address of the page that it leads to."""
        window.page.goto(f"{self.url}/add")
        window.page.get_by_label("Or paste a link").fill(link)
        window.page.get_by_role("button", name="Go on with the link").click()
        window.page.get_by_role("heading", level=1).filter(has_not_text="Scan a code").wait_for()
        return window.page.url

    def take(self, window: Window) -> str:
        """Say yes to an offer; the address of the page where it stood."""
        place = self.paste(window, self.world.agency.offer())
        window.page.get_by_role("button", name="Yes, I want it").click()
        return place

    def thing(self, place: str) -> object:
        """What lies on the shelf for a page."""
        visit = self.served.door._visit
        assert visit is not None
        return visit.shelf.look(place.rpartition("/")[2], object)

    def receive(self, window: Window) -> None:
        """Get a document."""
        self.take(window)
        window.page.get_by_role("button", name="Keep it", exact=True).click()
        window.page.get_by_role("heading", name="It is in your wallet now").wait_for()

    def lock_during(self, host: ByHand, path: str) -> None:
        """The wallet is locked while somebody answers a request to this path."""
        answer = host.respond

        def lock_and_answer(request: HttpRequest) -> HttpResponse:
            if request.url.endswith(path):
                self.served.door.close()
            return answer(request)

        host.respond = lock_and_answer


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """A wallet that was made, and is closed."""
    monkeypatch.setenv("HOHEIT_ENV", "test")
    port = free_port()
    stage = Stage(tmp_path / "wallet", f"http://localhost:{port}")
    stage.served.create()
    with running(stage.served.switch, Listen(port=port)):
        yield stage
