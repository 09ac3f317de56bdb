"""Moving codes in a browser: what Python makes is drawn, seen by a camera and read, whatever is lost or mixed on the way."""

import base64
import random
from itertools import islice

import pytest
from fastapi import FastAPI, Request, Response

from protocol.encoding import decode_base64url
from protocol.mdoc.frames import MAX_MESSAGE, PREFIX, Frame, encode_frames
from runtime.asgi import json_answer, read_form
from runtime.moving_codes import moving_codes
from runtime.pages import qr_svg, serve_static
from runtime.serve import Listen, running
from tests.support.browser import film
from tests.support.ports import free_port

MESSAGE = random.Random(1).randbytes(3000)
PAGE = """<!doctype html><html lang="en"><title>Codes</title><script type="module" src="/static/codes.js"></script>
<canvas data-moving-codes="/codes" style="width:800px"></canvas>
<form method="post" action="/got" data-moving-reader><input type="hidden" name="message">
<video data-camera-picture hidden muted playsinline></video>
<p role="status" data-camera-said data-looking="looking" data-found="found" data-starting="starting"></p>
<button type="button" data-camera-start>Start</button><button type="button" data-camera-stop hidden>Stop</button>
<progress data-moving-progress max="1" value="0" hidden></progress></form>"""
DECODE = """async (texts) => {
  const { Decoder } = await import("/static/codes.js");
  const decoder = new Decoder();
  const found = [];
  for (const text of texts) {
    const message = await decoder.add(text);
    if (message) found.push(btoa(Array.from(message, (byte) => String.fromCharCode(byte)).join("")));
  }
  return { found, progress: decoder.progress };
}"""


@pytest.fixture(scope="module")
def site():
    """A page that shows a message, and reads one."""
    app = FastAPI()
    app.state.got = []

    @app.get("/")
    async def page() -> Response:
        return Response(PAGE, media_type="text/html")

    @app.get("/codes")
    async def codes(first: int = 0) -> Response:
        return json_answer(moving_codes(MESSAGE, first))

    @app.post("/got")
    async def got(request: Request) -> Response:
        form = await read_form(request, max_bytes=1 << 20)
        app.state.got.append(decode_base64url(form["message"]))
        return Response("<!doctype html><title>Got it</title>", media_type="text/html")

    serve_static(app)
    port = free_port()
    with running(app, Listen(port=port)):
        yield f"http://localhost:{port}", app.state.got


@pytest.fixture(scope="module")
def decode(chromium, site):
    """Feed the browser's decoder with texts; the messages that it found, and how far it is with others."""
    with chromium.window() as window:
        window.expected.append("404")
        window.page.goto(site[0])

        def feed(texts):
            result = window.page.evaluate(DECODE, list(texts))
            return [base64.b64decode(text) for text in result["found"]], result["progress"]

        yield feed


def frames(message, count=256):
    return list(islice(encode_frames(message), count))


@pytest.mark.parametrize("size", [0, 1, 100, 3000, 20_000, MAX_MESSAGE])
def test_the_browser_reads_what_python_makes_with_any_frames_lost(decode, size):
    message = random.Random(size).randbytes(size)
    all_of_them = frames(message)
    count = Frame.from_text(all_of_them[0]).count
    chosen = random.Random(7).sample(all_of_them, count)
    assert decode(chosen) == ([message], 0)
    assert decode(all_of_them[:count]) == ([message], 0)
    found, progress = decode(chosen[1:])
    assert found == []
    assert progress == pytest.approx((count - 1) / count)


def test_frames_of_two_messages_mixed_give_both(decode):
    other = random.Random(2).randbytes(2000)
    mixed = [text for pair in zip(frames(MESSAGE, 40), frames(other, 40), strict=True) for text in pair]
    found, _ = decode(mixed)
    assert sorted(found) == sorted([MESSAGE, other])


def test_a_frame_that_was_made_up_lets_nothing_else_be_read(decode):
    good = frames(MESSAGE, 40)
    frame = Frame.from_text(good[3])
    wrong = Frame(frame.id, frame.size, frame.number, bytes(len(frame.data))).to_text()
    # What does not fit together is dropped, and begins anew
    assert decode([wrong, *good[:19]])[0] == []
    assert decode([wrong, *good[:19], *good[19:]])[0] == [MESSAGE]


@pytest.mark.parametrize(
    "text",
    ["", "mdoc:AAAA", PREFIX, f"{PREFIX}0", f"{PREFIX}:::", f"{PREFIX}é", PREFIX + "0" * 2000, f"{PREFIX}BB8"],
    ids=range(8),
)
def test_what_is_no_frame_is_not_taken_for_one(decode, text):
    assert decode([text]) == ([], 0)


def test_any_cut_of_a_frame_is_none(decode):
    text = frames(MESSAGE, 1)[0]
    assert decode([text[:length] for length in range(len(PREFIX), len(text))]) == ([], 0)


def test_a_message_goes_from_screen_to_camera(chromium, site, tmp_path):
    """The codes that the page drew, with every fifth lost, before a camera that looks when it has time."""
    url, got = site
    with chromium.window(size=(900, 1000)) as screen:
        screen.expected.append("404")
        screen.page.goto(url)
        screen.page.wait_for_function("document.querySelector('canvas').width > 400")
        pictures = [_drawn(screen.page, text) for number, text in enumerate(frames(MESSAGE, 40)) if number % 5]
    seen = film(tmp_path / "codes.mjpeg", [picture for picture in pictures for _ in range(3)])
    with chromium.window(camera=seen) as window:
        window.expected.append("404")
        window.page.goto(url)
        window.page.get_by_role("button", name="Start").click()
        window.page.wait_for_url(f"{url}/got", timeout=90_000)
    assert got == [MESSAGE]


def test_what_the_page_draws_moves_and_is_what_python_made(chromium, site):
    url, _ = site
    texts = set(frames(MESSAGE, 40))
    with chromium.window(size=(900, 1000)) as screen:
        screen.expected.extend(("404", "willReadFrequently"))
        screen.page.goto(url)
        screen.page.add_script_tag(url="/static/vendor/jsqr-1.4.0/jsQR.js")
        screen.page.wait_for_function("document.querySelector('canvas').width > 400")
        read = screen.page.evaluate(
            """async () => {
              const canvas = document.querySelector("canvas");
              const found = new Set();
              for (let looks = 0; looks < 60 && found.size < 3; looks += 1) {
                const picture = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
                const code = jsQR(picture.data, picture.width, picture.height);
                if (code) found.add(code.data);
                await new Promise((resolve) => setTimeout(resolve, 120));
              }
              return [...found];
            }"""
        )
    assert len(read) == 3
    assert set(read) <= texts


def _drawn(page, text):
    """A frame as a screen shows it."""
    page.set_content(f'<body style="margin:0"><div style="width:800px;background:#fff">{qr_svg(text)}</div>')
    return page.locator("svg").screenshot()
