"""A code in front of a camera, in Chromium: how long until the person sees who asks them for what."""

from __future__ import annotations

import statistics
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
from playwright.sync_api import Playwright

from hoheit.demo.places import LIBRARY
from hoheit.demo.running import PASSPHRASE_FILE, RunningTown
from hoheit.demo.walk import Walk
from tests.support.browser import film
from tests.support.pictures import picture
from wallet.app import open_wallet

ROUNDS = 5
# From the moment at which the first picture of the camera is there to that at which the page after it was drawn
_WATCH = """
document.addEventListener("loadeddata", (event) => {
  if (event.target instanceof HTMLVideoElement) sessionStorage.setItem("seen", Date.now());
}, true);
document.addEventListener("DOMContentLoaded", () => requestAnimationFrame(() => requestAnimationFrame(() => {
  if (location.pathname.startsWith("/present/")) sessionStorage.setItem("asked", Date.now());
})));
"""


def fill_wallet(running: RunningTown) -> None:
    """Let the citizen have what will be asked for; before playwright begins, whose loop would be in the way."""
    with open_wallet(running.settings, _passphrase(running)) as opened:
        for _ in Walk(running.town, opened).go():
            pass


def scan_to_consent(playwright: Playwright, program: str, running: RunningTown, folder: Path) -> float:
    """Milliseconds, the median of several scans of a new question each."""
    return statistics.median(_scan(playwright, program, running, folder) for _ in range(ROUNDS))


def _scan(playwright: Playwright, program: str, running: RunningTown, folder: Path) -> float:
    seen = film(folder / "question.mjpeg", [picture(_question(running))])
    arguments = [
        *("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
        *("--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={seen}"),
    ]
    browser = playwright.chromium.launch(executable_path=program, args=arguments)
    context = browser.new_context(locale="en-GB", permissions=["camera"])
    context.add_init_script(_WATCH)
    page = context.new_page()
    page.goto(running.town.wallet_address)
    page.get_by_label("Passphrase").fill(_passphrase(running))
    page.get_by_role("button", name="Open", exact=True).click()
    page.get_by_role("link", name="Scan", exact=True).click()
    page.get_by_role("button", name="Start the camera").click()
    page.get_by_role("heading", name="asks you for data").wait_for()
    page.wait_for_function("sessionStorage.getItem('asked') !== null")
    milliseconds = float(page.evaluate("sessionStorage.getItem('asked') - sessionStorage.getItem('seen')"))
    browser.close()
    return milliseconds


def _passphrase(running: RunningTown) -> str:
    return (running.town.wallet / PASSPHRASE_FILE).read_text()


def _question(running: RunningTown) -> str:
    """The link of a new question of the library, whose name only browsers find."""
    town, place = running.town, urlsplit(running.town.address(LIBRARY))
    headers = {"authorization": f"Bearer {town.api_key(LIBRARY)}", "host": place.netloc}
    address = f"http://127.0.0.1:{place.port}/api/requests"
    made = httpx2.post(address, json={"use_case": "over-18"}, headers=headers, trust_env=False)
    return str(made.raise_for_status().json()["uri"])
