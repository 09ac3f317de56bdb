"""The camera when it is not there, not allowed or not needed, and pictures instead of it."""

import io

import pytest
from PIL import Image

from runtime.pages import qr_svg
from tests.browser.served import served_wallet
from tests.support.browser import choose_picture as choose
from tests.support.browser import film, photo_of


@pytest.fixture
def wallet(tmp_path, monkeypatch):
    monkeypatch.setenv("HOHEIT_ENV", "test")
    with served_wallet(tmp_path / "wallet") as served:
        yield served


def picture_of(chromium, text):
    """A photo of a QR code."""
    with chromium.window(size=(600, 600)) as screen:
        screen.page.set_content(f'<div style="width:400px;background:#fff">{qr_svg(text)}</div>')
        return photo_of(screen.page.locator("svg"))


def open_add(wallet, window):
    wallet.make(window)
    window.page.get_by_role("link", name="Scan", exact=True).click()
    return window.page


def test_a_camera_that_is_refused_leaves_two_other_ways(chromium, wallet, tmp_path):
    seen = film(tmp_path / "wall.mjpeg", [_blank()])
    with chromium.window(camera=seen, allow_camera=False) as window:
        page = open_add(wallet, window)
        page.get_by_role("button", name="Start the camera").click()
        said = page.get_by_role("status").filter(has_text="The camera is not allowed here")
        said.wait_for()
        window.see("wallet-camera-refused")
        assert page.get_by_role("button", name="Start the camera").is_enabled()


def test_without_a_camera_it_is_said(chromium, wallet):
    with chromium.window() as window:
        page = open_add(wallet, window)
        page.get_by_role("button", name="Start the camera").click()
        page.get_by_role("status").filter(has_text="camera").filter(has_text="another of the ways").wait_for()


def test_the_camera_is_let_go_when_it_is_turned_off_and_when_the_page_is_left(chromium, wallet, tmp_path):
    seen = film(tmp_path / "wall.mjpeg", [_blank()])
    with chromium.window(camera=seen) as window:
        window.context.add_init_script(
            "const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices); window.tracks = [];"
            "navigator.mediaDevices.getUserMedia = async (c) => { const s = await ask(c);"
            " window.tracks.push(...s.getTracks()); return s; };"
        )
        page = open_add(wallet, window)
        page.get_by_role("button", name="Start the camera").click()
        page.get_by_text("Hold the code in front of the camera.").wait_for()
        window.see("wallet-camera")
        assert page.evaluate("window.tracks.map((t) => t.readyState)") == ["live"]
        page.get_by_role("button", name="Turn the camera off").click()
        assert page.evaluate("window.tracks.map((t) => t.readyState)") == ["ended"]
        page.get_by_role("button", name="Start the camera").click()
        page.get_by_text("Hold the code in front of the camera.").wait_for()
        page.evaluate("window.dispatchEvent(new PageTransitionEvent('pagehide'))")
        assert page.evaluate("window.tracks.map((t) => t.readyState)") == ["ended", "ended"]


def test_a_picture_is_read_in_the_browser(chromium, wallet, tmp_path):
    photo = tmp_path / "photo.png"
    photo.write_bytes(picture_of(chromium, "https://shop.example/"))
    with chromium.window() as window:
        window.expected.append("400")
        page = open_add(wallet, window)
        choose(page, photo)
        page.get_by_role("alert").wait_for()
        assert "ordinary web page (shop.example)" in page.get_by_role("alert").inner_text()


def test_a_file_without_a_code_is_told(chromium, wallet, tmp_path):
    with chromium.window() as window:
        page = open_add(wallet, window)
        choose(page, {"name": "wall.png", "mimeType": "image/png", "buffer": _blank()})
        page.get_by_text("There is no code in this picture").wait_for()
        choose(page, {"name": "letter.png", "mimeType": "image/png", "buffer": b"Dear Erika"})
        page.get_by_text("This file is no picture that can be read").wait_for()


def test_without_scripts_there_is_the_link(chromium, wallet):
    with chromium.window() as window:
        wallet.make(window)
    with chromium.window(scripts=False) as window:
        window.page.goto(wallet.url)
        wallet.unlock(window)
        window.page.goto(f"{wallet.url}/add")
        assert not window.page.get_by_role("button", name="Start the camera").is_visible()
        assert not window.page.get_by_label("Or choose a picture with the code").is_visible()
        window.expected.append("400")
        window.page.get_by_label("Or paste a link").fill("https://shop.example/")
        window.page.get_by_role("button", name="Go on with the link").click()
        assert "ordinary web page (shop.example)" in window.page.get_by_role("alert").inner_text()


def _blank():
    """A picture of a wall."""
    file = io.BytesIO()
    Image.new("RGB", (320, 240), (200, 200, 200)).save(file, "PNG")
    return file.getvalue()
