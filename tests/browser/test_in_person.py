"""A citizen and a counter, with real wallet, office and partner: over a relay, and camera to camera with no network at all."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Page

from protocol.errors import Unreachable
from protocol.exchange import HttpRequest, HttpResponse
from protocol.mdoc.frames import FrameDecoder
from runtime.http import GuardedSender
from tests.browser.served import served_wallet
from tests.browser.town import BrowserTown
from tests.flows.parties import serving
from tests.support.browser import DESKTOP, Window, film, photo_of
from tests.support.ports import free_port

READING = 180_000  # milliseconds for a moving code: the camera's reader is slow here
ONLINE, OFFLINE = "This page goes on by itself", "You have no connection"


class Network:
    """The way of services to each other, which somebody may switch off."""

    def __init__(self) -> None:
        self.on = True
        self.tried: list[str] = []
        self._sender = GuardedSender(allow_local=True)

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Send, or find nobody there."""
        if not self.on:
            self.tried.append(request.url)
            raise Unreachable("there is no network")
        return await self._sender.send(request)


@pytest.fixture
def network() -> Network:
    return Network()


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, network: Network) -> Iterator[BrowserTown]:
    """Everybody; the partner is a relay, and the wallet names it."""
    monkeypatch.setenv("HOHEIT_ENV", "test")
    port = free_port()
    database = f"sqlite:///{tmp_path / 'hoheit.db'}"
    callback = (f"http://localhost:{port}/callback",)
    with serving(tmp_path, database, redirect_uris=callback, relay=True, partner_sender=network) as services:
        relay = f"{services.verifier.address}/relay"
        folder = tmp_path / "wallet"
        with served_wallet(folder, services.anchors, port=port, sender=network, relay=relay) as wallet:
            yield BrowserTown(services, wallet)


def show_code(page: Page, path: Path, said: str) -> Path:
    """The citizen shows the code, and the page says how it goes on; what a camera in front of it sees."""
    page.get_by_role("button", name="Show in person").click()
    page.get_by_role("heading", name="Let the other side scan this code").wait_for()
    page.get_by_role("status").filter(has_text=said).wait_for()
    return film(path, [photo_of(page.get_by_alt_text("QR code for the other side"))])


def ask(window: Window, town: BrowserTown) -> None:
    """The clerk asks, and holds the camera to the code."""
    page = window.page
    page.goto(f"{town.services.verifier.address}/")
    page.locator("form[action$='/in-person'] button[value='over-18']").click()
    page.get_by_role("heading", name="Scan the code on their phone").wait_for()
    window.see("in-person-scan")
    page.get_by_role("button", name="Start the camera").click()
    page.get_by_role("link", name="Scan their first code again").wait_for()


def film_of_codes(page: Page, path: Path) -> Path:
    """What a camera sees of the moving code that a page really draws, until there is enough of it."""
    canvas, decoder, pictures = page.locator("canvas"), FrameDecoder(), []
    canvas.scroll_into_view_if_needed()
    for _ in range(600):
        picture = canvas.screenshot()
        for found in zxingcpp.read_barcodes(
            Image.open(io.BytesIO(picture)), formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
        ):
            pictures.append(picture)
            if decoder.add(found.text) is not None:
                return film(path, pictures, hold=4)
    raise AssertionError("the codes on the screen give no message")


def test_at_the_counter_with_a_network_and_then_without_any(chromium, town, network, tmp_path):
    with chromium.window(scale=2) as phone:
        town.wallet.make(phone)
        town.receive(phone, "pid", "pid-mdoc")
        phone.page.goto(town.wallet.url)

        # With a network the answer comes by itself
        code = show_code(phone.page, tmp_path / "code.mjpeg", ONLINE)
        with chromium.window(camera=code, size=DESKTOP) as clerk:
            ask(clerk, town)
            clerk.page.get_by_text("We have asked their wallet.").wait_for()
            clerk.see("in-person-asked")
            phone.page.get_by_role("heading", name="asks you for data").wait_for()
            phone.page.get_by_role("button", name="Share").click()
            phone.page.get_by_role("heading", name="Shared", exact=True).wait_for()
            clerk.page.get_by_role("heading", name="OK", exact=True).wait_for()
            clerk.see("in-person-good")
            assert "Mustermann" not in clerk.page.content()

        # Nobody reaches anybody any more
        network.on = False
        phone.page.goto(town.wallet.url)
        code = show_code(phone.page, tmp_path / "code-2.mjpeg", OFFLINE)
        place = phone.page.url
        with chromium.window(camera=code, size=DESKTOP, scale=2) as clerk:
            ask(clerk, town)
            assert not clerk.page.get_by_text("We have asked their wallet.").is_visible()
            clerk.see("in-person-codes")
            counter, memory = clerk.page.url, clerk.context.cookies()
            question = film_of_codes(clerk.page, tmp_path / "question.mjpeg")
            cookies = phone.context.cookies()
        with chromium.window(camera=question, scale=2) as phone_again:
            page = phone_again.page
            phone_again.context.add_cookies(cookies)
            page.goto(place)
            page.get_by_role("link", name="They show a moving code").click()
            page.get_by_role("button", name="Start the camera").click()
            page.get_by_role("heading", name="asks you for data").wait_for(timeout=READING)
            assert "At least 18" in page.locator("#main").inner_text()
            page.get_by_role("button", name="Share").click()
            page.get_by_role("heading", name="Hold this to their camera").wait_for()
            answer = film_of_codes(page, tmp_path / "answer.mjpeg")
            page.get_by_role("button", name="They have it").click()
            page.get_by_role("heading", name="Shared", exact=True).wait_for()
        with chromium.window(camera=answer, size=DESKTOP) as clerk:
            clerk.context.add_cookies(memory)
            clerk.page.goto(counter)
            clerk.page.get_by_role("button", name="Start the camera").click()
            clerk.page.get_by_role("heading", name="OK", exact=True).wait_for(timeout=READING)
            clerk.page.get_by_text("Status as of").wait_for()
            clerk.see("in-person-good-offline")
            clerk.page.get_by_role("button", name="Next person").click()
            clerk.page.get_by_role("heading", name="Scan the code on their phone").wait_for()
        # Both tried, and neither found anybody
        assert any("/relay/" in url for url in network.tried)
        assert any("/status" in url for url in network.tried)


def test_somebody_who_says_no_has_shown_nothing(chromium, town, tmp_path):
    with chromium.window(scale=2) as phone:
        town.wallet.make(phone)
        town.receive(phone, "pid", "pid-mdoc")
        phone.page.goto(town.wallet.url)
        code = show_code(phone.page, tmp_path / "code.mjpeg", ONLINE)
        with chromium.window(camera=code, size=DESKTOP) as clerk:
            ask(clerk, town)
            phone.page.get_by_role("heading", name="asks you for data").wait_for()
            phone.page.get_by_role("button", name="No, thanks").click()
            phone.page.get_by_role("heading", name="You shared nothing").wait_for()
            clerk.page.get_by_role("heading", name="Nothing was shared").wait_for()
            clerk.see("in-person-no")
