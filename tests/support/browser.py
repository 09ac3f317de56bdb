"""Real Chromium: pages as people meet them, with a camera that sees what we want, and an ear for everything that is wrong.

A test that ends has seen no error on any console, no request that failed, and nothing that a Content-Security-Policy forbade.
"""

from __future__ import annotations

import io
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from PIL import Image
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    FilePayload,
    Locator,
    Page,
    Playwright,
    Request,
    expect,
    sync_playwright,
)

from protocol.errors import Malformed
from runtime.pictures import read_qr_code

PHONE, DESKTOP = (360, 740), (1280, 800)
NARROWEST = (320, 640)  # the smallest phone; what a desk's screen is at 400 % (WCAG 2.2, 1.4.10)
SIZES = {"phone": PHONE, "desktop": DESKTOP}
SCHEMES = ("light", "dark")
TIMEOUT = 30_000  # milliseconds
# A small machine that runs several browsers side by side is slow; what is looked for is there at once on a quiet one
expect.set_options(timeout=20_000)
CAMERA_SIZE = (1280, 720)
# Failures that tests bring about: a page that is left while something loads, and answers that say no
_EXPECTED = ("net::ERR_ABORTED",)
# The whole of a browser is here, and of it what a page never sees: a spare process, and the suggestions of the address bar,
# which are pages with processes of their own in every window. Of several lists Chromium takes the last, so what playwright
# turns off stands here again.
_TURNED_OFF = (
    "AimEnabled",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "SpareRendererForSitePerProcess",
    "TcpPortRandomizationWin",
    "ThirdPartyStoragePartitioning",
    "WebUIOmniboxAimPopup",
    "WebUIOmniboxPopup",
    "msEdgeUpdateLaunchServicesPreferredVersion",
    "msForceBrowserSignIn",
)
# A document that has axe already need not read it again for another size
_AXE = "() => window.axe?.run({resultTypes: ['violations']}).then((found) => found.violations)"
_WATCH = """() => {
  document.addEventListener("securitypolicyviolation", (e) => console.error(`CSP ${e.violatedDirective} ${e.blockedURI}`));
}"""


@dataclass
class Window:
    """One person's browser: its own cookies, a size, a language, a colour scheme."""

    context: BrowserContext
    page: Page
    problems: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)  # parts of console lines that a test brings about

    def check(self) -> None:
        """Nothing was wrong so far."""
        wrong = [line for line in self.problems if not any(part in line for part in self.expected)]
        assert wrong == []

    def axe(self) -> None:
        """Nothing stands in the way of people who see, hear or move differently; and nothing is wider than the window."""
        self.page.wait_for_load_state()  # with its style; a click waits for the first byte of the next page alone
        violations = self.page.evaluate(_AXE)
        if violations is None:
            self.page.evaluate(AXE_SCRIPT)
            violations = self.page.evaluate(_AXE)
        problems = [
            f"{violation['id']}: {node['target']} {node['failureSummary']}"
            for violation in violations
            for node in violation["nodes"]
        ]
        assert problems == [], "\n".join(problems)
        self.fits()

    def fits(self) -> None:
        """Nobody has to move the page sideways to read it."""
        width, window = self.page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        assert width <= window, f"the page is {width} pixels wide"

    def shoot(self, name: str) -> None:
        """A picture of the whole page, for people to look at; only where HOHEIT_SCREENS names a folder."""
        if folder := os.environ.get("HOHEIT_SCREENS"):
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)

    def see(self, name: str) -> None:
        """Every view of a page: axe in light and dark, on a phone and on a desk, a picture of each; and in the narrowest."""
        size = self.page.viewport_size
        for scheme in SCHEMES:
            self.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            for kind, (width, height) in SIZES.items():
                self.page.set_viewport_size({"width": width, "height": height})
                self.axe()
                self.shoot(f"{name}-{kind}-{scheme}")
        self.page.emulate_media(color_scheme="light")
        self.page.set_viewport_size({"width": NARROWEST[0], "height": NARROWEST[1]})
        self.fits()
        if size is not None:
            self.page.set_viewport_size(size)


class Chromium:
    """Debian's Chromium, driven by playwright.

    `shell` is the same engine without the browser around it, which needs a third less of the processor. It has no permissions
    that somebody could refuse and no sign that a camera runs, so whoever has a camera has the whole browser.
    """

    def __init__(self, playwright: Playwright, program: str, shell: str) -> None:
        self._playwright = playwright
        self._program = program
        self._shell = shell
        self._plain: Browser | None = None

    @contextmanager
    def window(
        self,
        *,
        size: tuple[int, int] = PHONE,
        scale: float = 1,
        language: str = "en",
        camera: Path | None = None,
        allow_camera: bool = True,
        scripts: bool = True,
        browser: Browser | None = None,
    ) -> Iterator[Window]:
        """A fresh person's window while the block lasts; `camera` is a film that its camera sees."""
        own = self._launch(camera) if camera is not None else None
        try:
            chosen = own or self._shared()
            context = chosen.new_context(
                viewport={"width": size[0], "height": size[1]},
                device_scale_factor=scale,
                locale={"en": "en-GB", "de": "de-DE"}[language],
                timezone_id="Europe/Berlin",
                java_script_enabled=scripts,
                permissions=["camera"] if camera is not None and allow_camera else [],
            )
            context.set_default_timeout(TIMEOUT)
            window = Window(context, context.new_page())
            _listen(window)
            try:
                yield window
                window.check()
            finally:
                context.close()
        finally:
            if own is not None:
                own.close()

    def close(self) -> None:
        """End it."""
        if self._plain is not None:
            self._plain.close()

    def _shared(self) -> Browser:
        if self._plain is None:
            self._plain = self._launch(None)
        return self._plain

    def _launch(self, camera: Path | None) -> Browser:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        arguments += [f"--disable-features={','.join(_TURNED_OFF)}"]
        if camera is not None:
            arguments += [
                "--use-fake-device-for-media-stream",
                f"--use-file-for-fake-video-capture={camera}",
            ]
        program = self._shell if camera is None else self._program
        return self._playwright.chromium.launch(executable_path=program, args=arguments)


def choose_picture(page: Page, picture: str | Path | FilePayload) -> None:
    """Give a picture to the page that reads codes, once its script has shown where.

    Playwright fills a hidden chooser as well, and then nobody listens to it yet.
    """
    chooser = page.get_by_label("Or choose a picture with the code")
    chooser.wait_for()
    chooser.set_input_files(picture)


def photo_of(code: Locator) -> bytes:
    """A picture (PNG) of a code on a screen, taken again until it can be read: it is there before it is painted."""
    ends = time.monotonic() + TIMEOUT / 1000
    while True:
        picture = code.screenshot()
        try:
            read_qr_code(picture)
        except Malformed:
            if time.monotonic() > ends:
                raise
        else:
            return picture


def read_code(code: Locator) -> str:
    """What a camera sees of a code on a screen."""
    return read_qr_code(photo_of(code))


def film(path: Path, pictures: Sequence[bytes], *, hold: int = 1) -> Path:
    """What a camera sees: each picture (PNG) in the middle of a grey wall, one after the other (concatenated JPEGs).

    It has 30 pictures a second, and begins again after the last one; `hold`: for so many of them each picture stands still.
    """
    frames = io.BytesIO()
    for picture in pictures:
        wall = Image.new("RGB", CAMERA_SIZE, (150, 150, 150))
        with Image.open(io.BytesIO(picture)) as shown:
            scale = min(1.0, 0.9 * CAMERA_SIZE[1] / shown.height, 0.9 * CAMERA_SIZE[0] / shown.width)
            small = shown.convert("RGB").resize((round(shown.width * scale), round(shown.height * scale)))
        wall.paste(small, ((CAMERA_SIZE[0] - small.width) // 2, (CAMERA_SIZE[1] - small.height) // 2))
        seen = io.BytesIO()
        wall.save(seen, "JPEG", quality=90)
        frames.write(seen.getvalue() * hold)
    path.write_bytes(frames.getvalue())
    return path


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    """A module's browser; without Chromium tests are skipped, or fail where HOHEIT_REQUIRE_CHROMIUM=1.

    It ends with the module: while playwright is there, its event loop runs, and no other can be started beside it.
    """
    program = shutil.which("chromium")
    if program is None:
        reason = "Chromium is not installed (make test gets it)"
        if os.environ.get("HOHEIT_REQUIRE_CHROMIUM") == "1":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    shell = shutil.which("chromium-headless-shell") or program
    with sync_playwright() as playwright:
        browser = Chromium(playwright, program, shell)
        yield browser
        browser.close()


def _listen(window: Window) -> None:
    def heard(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            window.problems.append(f"console {message.type}: {message.text}")

    def failed(request: Request) -> None:
        if request.failure not in _EXPECTED:
            window.problems.append(f"failed: {request.method} {request.url}: {request.failure}")

    window.context.on("console", heard)
    window.context.on("weberror", lambda error: window.problems.append(f"script: {error.error}"))
    window.context.on("requestfailed", failed)
    window.context.add_init_script(f"({_WATCH})()")
