"""The pictures in the documents: what the tutorials' people see on their way, taken anew by `make pictures`.

What differs from day to day (moments, ports, codes) is the same in every picture, so that a new one differs only where the page
does. Nobody is in them but the invented people of the demo town, and the codes in them open nothing.
"""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image
from playwright.sync_api import FloatRect, Page

from runtime.pages import qr_svg
from tests.support.browser import Window
from tests.support.tree import ROOT

FOLDER = ROOT / "docs/pictures"
SCALE = 1.5  # of a phone's screen
TALLEST = 1000  # pixels of a page; a screen is never cut before its end
COLOURS = 64
_CODE = (
    "openid-credential-offer://?credential_offer_uri=https%3A%2F%2Foffice.example%2Fthis-is-a-picture-and-opens-nothing"
)
_CALM = """([code, times]) => {
  const kept = [];
  const put = (node, name, value) => { kept.push([node, name, node[name]]); node[name] = value; };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode;
    const calm = text.data.replace(/localhost:\\d+/g, "localhost:8480");
    if (calm !== text.data) put(text, "data", calm);
  }
  for (const time of document.querySelectorAll("time")) {
    if (time.dataset.form in times) put(time, "textContent", times[time.dataset.form]);
  }
  for (const shown of document.querySelectorAll(".code")) {
    put(shown, "textContent", shown.textContent.includes("-") ? "ABCD-EFGH-JKLM-NPQR" : "123 456");
  }
  for (const picture of document.querySelectorAll("img.qr")) put(picture, "src", code);
  document.activeElement.blur();
  window.calmed = kept;
  return Promise.all([...document.images].map((picture) => picture.decode()));
}"""
_GO_ON = "() => { for (const [node, name, value] of window.calmed.reverse()) node[name] = value; }"
_TIMES = {"moment": "14 May 2027, 10:30", "day": "14 May 2027"}


def take(window: Window, name: str) -> None:
    """A picture of what stands in a window, where HOHEIT_PICTURES=1 asks for it; the page goes on as it was."""
    if os.environ.get("HOHEIT_PICTURES") != "1":
        return
    size = window.page.viewport_size
    assert size is not None
    with _calm(window.page):
        height = int(window.page.evaluate("document.body.scrollHeight"))
        shown = max(size["height"], min(height, TALLEST if size["width"] < size["height"] else 0))
        clip: FloatRect = {"x": 0, "y": 0, "width": size["width"], "height": shown}
        taken = window.page.screenshot(animations="disabled", full_page=True, clip=clip)
    with Image.open(io.BytesIO(taken)) as picture:
        few = picture.convert("RGB").quantize(COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        FOLDER.mkdir(exist_ok=True)
        few.save(FOLDER / f"{name}.png", optimize=True)


@contextmanager
def _calm(page: Page) -> Iterator[None]:
    code = f"data:image/svg+xml;base64,{base64.b64encode(qr_svg(_CODE).encode()).decode()}"
    page.mouse.move(0, 0)
    page.emulate_media(reduced_motion="reduce")
    page.evaluate(_CALM, [code, _TIMES])
    yield
    page.evaluate(_GO_ON)
    page.emulate_media(reduced_motion="no-preference")
