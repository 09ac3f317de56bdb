"""Moving codes from screen to camera, in Chromium: what Python drew is read in the browser, and what the browser drew too."""

import io
import random
from itertools import islice

import pytest
from PIL import Image

from protocol.mdoc.frames import FRAMES, Frame, FrameDecoder, encode_frames
from runtime.pages import qr_svg
from tests.browser.moving import forged, serving
from tests.support.browser import film
from tests.support.moving_codes import drawn, seen

RANDOM = random.Random(32)
MESSAGE = RANDOM.randbytes(3000)
OTHER = RANDOM.randbytes(1200)
HOLD = 3  # pictures of the film for each code: ten codes a second

_REPLACE = """() => {
  window.track = document.querySelector("video").srcObject.getTracks()[0];
  const main = document.querySelector("main");
  main.replaceWith(new DOMParser().parseFromString(main.outerHTML, "text/html").querySelector("main"));
  document.dispatchEvent(new Event("prepared"));
}"""


@pytest.fixture(scope="module")
def station():
    with serving() as served:
        yield served


@pytest.fixture(autouse=True)
def emptied(station):
    station.shown = None
    station.got.clear()


def frames(message, count=FRAMES):
    return list(islice(encode_frames(message), count))


def look(chromium, station, seen_by_camera):
    """Let a camera look until the form was sent."""
    with chromium.window(camera=seen_by_camera) as window:
        window.expected.append("404")
        window.page.goto(station.url)
        window.page.get_by_role("button", name="Start the camera").click()
        window.page.wait_for_url(f"{station.url}/got", timeout=90_000)


def test_what_python_drew_is_read_by_a_camera(chromium, station, tmp_path):
    look(chromium, station, film(tmp_path / "codes.mjpeg", drawn(MESSAGE)[:30], hold=HOLD))
    assert station.messages == [MESSAGE]


def test_a_fifth_of_the_codes_may_be_lost(chromium, station, tmp_path):
    pictures = drawn(MESSAGE)
    kept = [picture for number, picture in enumerate(pictures) if number % 5][:40]
    look(chromium, station, film(tmp_path / "codes.mjpeg", kept, hold=HOLD))
    assert station.messages == [MESSAGE]


def test_two_screens_before_one_camera_do_not_mix(chromium, station, tmp_path):
    pictures = zip(drawn(MESSAGE), drawn(OTHER), strict=False)
    look(
        chromium, station, film(tmp_path / "codes.mjpeg", [picture for pair in pictures for picture in pair], hold=HOLD)
    )
    # Whichever is there first
    assert station.messages == [OTHER]


def test_a_portrait_is_read(chromium, station, tmp_path):
    portrait = RANDOM.randbytes(20_000)
    look(chromium, station, film(tmp_path / "codes.mjpeg", drawn(portrait)[:60], hold=HOLD))
    assert station.messages == [portrait]


def test_it_is_said_how_far_it_is_and_when_something_does_not_fit(chromium, station, tmp_path):
    good = frames(OTHER, 9)
    count = Frame.from_text(good[0]).count
    wrong = forged(good[0], data=RANDOM.randbytes(160))
    with chromium.window(size=(600, 600)) as screen:
        pictures = [_photo(screen.page, text) for text in [wrong, *good[1 : count + 1]]]
    with chromium.window(camera=film(tmp_path / "few.mjpeg", pictures[: count - 2], hold=HOLD)) as window:
        window.expected.append("404")
        page = window.page
        page.goto(station.url)
        page.get_by_role("button", name="Start the camera").click()
        page.get_by_text(f"{count - 2} of {count} parts are read.").wait_for()
        bar = page.get_by_role("progressbar", name="How much of the moving code is read")
        assert (bar.evaluate("bar => bar.value"), bar.evaluate("bar => bar.max")) == (count - 2, count)
        window.see("moving-reader")
    with chromium.window(camera=film(tmp_path / "wrong.mjpeg", pictures[:count], hold=HOLD)) as window:
        window.expected.append("404")
        window.page.goto(station.url)
        window.page.get_by_role("button", name="Start the camera").click()
        window.page.get_by_text("does not fit together").wait_for()
    assert station.got == []


@pytest.mark.parametrize(("text", "taken"), [("mdoc:owBjMS4w", True), ("https://shop.example/", False)])
def test_the_same_camera_reads_links_of_the_schemes_that_a_page_wants(chromium, station, tmp_path, text, taken):
    with chromium.window(size=(600, 600)) as screen:
        photo = _photo(screen.page, text)
    with chromium.window(camera=film(tmp_path / "link.mjpeg", [photo])) as window:
        window.expected.append("404")
        page = window.page
        page.goto(station.url)
        page.evaluate(
            "window.seen = []; document.addEventListener('code-seen', (e) => window.seen.push(e.detail.text))"
        )
        page.get_by_role("button", name="Start the camera").click()
        if taken:
            page.wait_for_url(f"{station.url}/got")
        else:
            _wait(page, "window.seen.length > 2")
            assert set(page.evaluate("window.seen")) == {text}
    assert station.got == ([{"link": text}] if taken else [])


def test_a_page_can_take_a_code_by_itself(chromium, station, tmp_path):
    with chromium.window(size=(600, 600)) as screen:
        photo = _photo(screen.page, "mdoc:owBjMS4w")
    with chromium.window(camera=film(tmp_path / "link.mjpeg", [photo])) as window:
        window.expected.append("404")
        page = window.page
        page.goto(station.url)
        page.evaluate("document.addEventListener('code-seen', (e) => e.preventDefault())")
        page.get_by_role("button", name="Start the camera").click()
        page.get_by_text("Found. One moment, please").wait_for()
        assert page.get_by_role("button", name="Start the camera").is_visible()
    assert station.got == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_a_browser_drew_is_what_python_made(chromium, station, scheme):
    station.shown = MESSAGE
    with chromium.window(size=(900, 1000), scale=2) as window:
        page = window.page
        page.emulate_media(color_scheme=scheme)
        page.goto(station.url)
        _wait(page, "document.querySelector('canvas').width > 300")
        decoder = FrameDecoder()
        texts: list[str] = []
        while not (texts and decoder.progress == 0.0):
            texts += seen([page.locator("canvas").screenshot()])
            assert decoder.add(texts[-1]) in (None, MESSAGE)
        window.axe()
    assert set(texts) <= set(frames(MESSAGE))


def test_what_one_browser_drew_another_reads(chromium, station, tmp_path):
    station.shown = OTHER
    with chromium.window(size=(900, 1000)) as screen:
        screen.page.goto(station.url)
        _wait(screen.page, "document.querySelector('canvas').width > 300")
        pictures = [screen.page.locator("canvas").screenshot() for _ in range(30)]
    look(chromium, station, film(tmp_path / "screen.mjpeg", pictures, hold=HOLD))
    assert station.messages == [OTHER]


def test_ten_codes_are_shown_in_a_second_and_none_is_left_out(chromium, station):
    station.shown = OTHER
    with chromium.window(size=(900, 1000)) as window:
        window.context.add_init_script(
            "window.painted = []; const fill = CanvasRenderingContext2D.prototype.fillRect;"
            "CanvasRenderingContext2D.prototype.fillRect = function (x, y, w, h) {"
            " if (w === this.canvas.width) window.painted.push(document.timeline.currentTime);"
            " return fill.call(this, x, y, w, h); };"
        )
        window.page.goto(station.url)
        _wait(window.page, "window.painted.length > 12")
        times = window.page.evaluate("window.painted")
    # By the browser's own frames. Never faster than a camera can follow; how much slower is the machine's affair
    assert min(later - earlier for earlier, later in zip(times, times[2:], strict=False)) >= 130


def test_nothing_moves_while_nobody_looks(chromium, station):
    station.shown = OTHER
    with chromium.window(size=(900, 1000)) as window:
        page = window.page
        page.goto(station.url)
        _wait(page, "document.querySelector('canvas').width > 300")
        page.evaluate("document.querySelector('canvas').style.display = 'none'")
        still = "new Promise((done) => setTimeout(() => done(document.querySelector('canvas').toDataURL()), 300))"
        assert page.evaluate(still) == page.evaluate(still)


def test_what_is_over_is_said(chromium, station):
    with chromium.window() as window:
        window.expected.append("404")
        window.page.goto(station.url)
        window.page.get_by_role("alert").filter(has_text="There is no code any more.").wait_for()
        assert not window.page.locator("canvas").is_visible()


def test_a_page_that_changes_lets_the_camera_go_and_the_new_form_reads(chromium, station, tmp_path):
    wall = io.BytesIO()
    Image.new("RGB", (320, 240), (200, 200, 200)).save(wall, "PNG")
    with chromium.window(camera=film(tmp_path / "wall.mjpeg", [wall.getvalue()])) as window:
        window.expected.append("404")
        page = window.page
        page.goto(station.url)
        page.get_by_role("button", name="Start the camera").click()
        page.get_by_text("Hold the code in front of the camera.").wait_for()
        page.evaluate(_REPLACE)
        _wait(page, "window.track.readyState === 'ended'")
        page.get_by_role("button", name="Start the camera").click()
        page.get_by_text("Hold the code in front of the camera.").wait_for()


def _photo(page, text):
    """A photo of a QR code on a screen."""
    page.set_content(f'<div style="width:500px;background:#fff">{qr_svg(text)}</div>')
    return page.locator("svg").screenshot()


def _wait(page, expression):
    """Until something is true in a page, whose policy forbids playwright's own way."""
    page.evaluate(
        f"() => new Promise((d) => {{ const look = () => ({expression}) ? d() : setTimeout(look, 20); look(); }})"
    )
