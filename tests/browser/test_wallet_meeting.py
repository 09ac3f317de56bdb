"""Showing in person: the code on the wallet's screen, a reader over a relay, and moving codes both ways without a network."""

import io

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import expect

from protocol.mdoc.frames import FrameDecoder
from runtime.anchors import write_anchor
from runtime.serve import Listen, running
from tests.browser.stage import Stage
from tests.support.browser import film, read_code
from tests.support.moving_codes import drawn
from tests.support.ports import free_port
from tests.wallet.counterparts import PASSPHRASE
from tests.wallet.meeting import ISSUER, LICENSED, RELAY, MeetingWorld, Reader, asks, document, verified_claims

ASKED = (asks("family_name", "age_over_18"),)


@pytest.fixture
def serve(tmp_path, monkeypatch):
    """Serve a wallet among people who meet."""
    monkeypatch.setenv("HOHEIT_ENV", "test")
    ends = []

    def begin(**settings):
        port = free_port()
        world = MeetingWorld(None)
        stage = Stage(tmp_path / "wallet", f"http://localhost:{port}", world, **settings)
        for pki, file in ((ISSUER, "ministry"), (world.registrar.pki, "registrar")):
            folder = stage.served.settings.anchors_folder
            write_anchor(folder, f"{file}.pem", pki.root.pem, role=pki.role, name="The ministry")
        stage.served.create()
        service = running(stage.served.switch, Listen(port=port))
        service.__enter__()
        ends.append(service)
        return stage

    yield begin
    for service in ends:
        service.__exit__(None, None, None)


def show(stage, window):
    """Open the wallet, and show the code."""
    stage.open(window)
    stage.served.vault.write(put=[document()])
    window.page.reload()
    window.page.get_by_role("button", name="Show in person").click()
    window.page.get_by_role("heading", name="Let the other side scan this code").wait_for()


def scan(stage, window, **changes):
    """What a camera in front of the wallet reads, and the reader that it belongs to."""
    return Reader(stage.world, read_code(window.page.get_by_alt_text("QR code for the other side")), ASKED, **changes)


def film_of(path, message):
    """What the wallet's camera sees of a screen with moving codes, every fifth of which it misses."""
    return film(path, [picture for number, picture in enumerate(drawn(message)) if number % 5], hold=3)


def read_screen(page):
    """The message that the moving codes on the screen carry, as a camera sees them."""
    decoder, canvas = FrameDecoder(), page.locator("canvas")
    for _ in range(400):
        for found in zxingcpp.read_barcodes(
            Image.open(io.BytesIO(canvas.screenshot())), formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
        ):
            if (message := decoder.add(found.text)) is not None:
                return message
    raise AssertionError("the codes on the screen give no message")


def test_over_a_relay_the_page_goes_on_by_itself(chromium, serve):
    stage = serve(relay=RELAY)
    with chromium.window() as window:
        page = window.page
        show(stage, window)
        window.see("wallet-meet-code")
        reader = scan(stage, window, entry=LICENSED)
        reader.leave()
        page.get_by_role("heading", name="City library asks you for data").wait_for()
        window.see("wallet-meet-consent")
        page.get_by_role("button", name="Share").click()
        page.get_by_role("heading", name="Shared", exact=True).wait_for()
        window.see("wallet-meet-shared")
        assert verified_claims(reader, reader.fetch())
        page.get_by_role("link", name="Activity").click()
        expect(page.locator("#main")).to_contain_text("City library (in person)")


def test_without_a_network_codes_move_from_screen_to_camera_and_back(chromium, serve, tmp_path):
    stage = serve()
    stage.world.offline = True
    with chromium.window() as window:
        show(stage, window)
        window.see("wallet-meet-code-offline")
        place = window.page.url
        reader = scan(stage, window, entry=LICENSED)
        cookies = window.context.cookies()
    seen = film_of(tmp_path / "request.mjpeg", reader.message)
    with chromium.window(camera=seen, scale=2) as window:
        page = window.page
        window.context.add_cookies(cookies)
        page.goto(place)
        page.get_by_role("link", name="They show a moving code").click()
        window.see("wallet-meet-camera")
        page.get_by_role("button", name="Start the camera").click()
        page.get_by_role("heading", name="City library asks you for data").wait_for(timeout=120_000)
        assert "could not look up whether City library may still ask" in page.locator("#main").inner_text()
        window.see("wallet-meet-consent-offline")
        page.get_by_role("button", name="Share").click()
        page.get_by_role("heading", name="Hold this to their camera").wait_for()
        assert verified_claims(reader, read_screen(page))
        window.see("wallet-meet-answer")
        page.get_by_role("button", name="They have it").click()
        page.get_by_role("heading", name="Shared", exact=True).wait_for()


def test_who_nobody_vouches_for_is_warned_about_and_a_no_can_be_shown(chromium, serve):
    stage = serve(relay=RELAY)
    with chromium.window(language="de") as window:
        page = window.page
        _open_in_german(stage, window)
        stage.served.vault.write(put=[document()])
        page.reload()
        page.get_by_role("button", name="Persönlich zeigen").click()
        page.get_by_role("heading", name="Lassen Sie Ihr Gegenüber diesen Code scannen").wait_for()
        window.shoot("wallet-meet-code-german")
        reader = Reader(stage.world, read_code(page.get_by_alt_text("QR-Code für Ihr Gegenüber")), ASKED, signed=False)
        reader.leave()
        page.get_by_role("heading", name="Jemand fragt Sie nach Daten").wait_for()
        window.see("wallet-meet-nobody")
        stage.world.relay.away = True
        page.get_by_role("button", name="Nein, danke").click()
        page.get_by_role("heading", name="Halten Sie das vor die andere Kamera").wait_for()
        window.see("wallet-meet-no")
        page.get_by_role("button", name="Erledigt").click()
        page.get_by_role("heading", name="Sie haben nichts geteilt").wait_for()


def _open_in_german(stage, window):
    page = window.page
    page.goto(stage.url)
    page.get_by_label("Passwort").fill(PASSPHRASE)
    page.get_by_role("button", name="Öffnen", exact=True).click()
    page.get_by_role("heading", name="Nachweise").wait_for()


def test_what_cannot_be_read_and_a_code_that_is_too_old(chromium, serve):
    stage = serve(relay=RELAY)
    with chromium.window() as window:
        window.expected.append("404")
        page = window.page
        show(stage, window)
        reader, other = scan(stage, window), scan(stage, window, seed=44)
        other.message = other.message[:-1] + bytes([other.message[-1] ^ 1])
        other.leave()
        page.get_by_role("heading", name="What they ask cannot be read").wait_for()
        window.see("wallet-meet-failed")
        page.get_by_role("button", name="Show a new code").click()
        page.get_by_role("heading", name="Let the other side scan this code").wait_for()
        stage.world.relay.away = True
        page.get_by_role("status").filter(has_text="You have no connection.").wait_for()
        window.see("wallet-meet-away")
        place = page.url
        stage.world.now += 200
        page.goto(place)
        stage.world.now += 100
        page.get_by_role("heading", name="This code is too old").wait_for()
        window.see("wallet-meet-over")
        assert reader.message
