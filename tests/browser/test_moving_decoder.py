"""The decoder of moving codes in a browser against the encoder and the decoder in Python."""

import base64
import random
from itertools import islice

import pytest

from protocol.base45 import decode_base45, encode_base45
from protocol.cbor import CborValue
from protocol.errors import ProtocolError
from protocol.mdoc.frames import FRAMES, MAX_MESSAGE, PREFIX, Frame, FrameDecoder, encode_frames
from tests.browser.moving import forged, serving

RANDOM = random.Random(32)
MESSAGE = RANDOM.randbytes(3000)
OTHER = RANDOM.randbytes(1200)

# Feeds the browser's decoder with texts: the messages that came out, the errors, and how far it is with the rest
_FEED = """async (texts) => {
  const { FrameDecoder, FrameError } = await import("/static/frames.js");
  const decoder = new FrameDecoder();
  const [messages, errors] = [[], []];
  for (const text of texts) {
    try {
      const message = await decoder.add(text);
      if (message) messages.push(btoa(Array.from(message, (byte) => String.fromCharCode(byte)).join("")));
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      errors.push(error.spoilt ? "spoilt" : "none");
    }
  }
  return { messages, errors, progress: decoder.progress };
}"""


@pytest.fixture(scope="module")
def feed(chromium):
    """The decoder of a page."""
    with serving() as station, chromium.window() as window:
        window.expected.append("404")
        window.page.goto(station.url)

        def run(texts):
            found = window.page.evaluate(_FEED, list(texts))
            return [base64.b64decode(text) for text in found["messages"]], found["errors"], found["progress"]

        yield run


def frames(message, count=FRAMES):
    return list(islice(encode_frames(message), count))


@pytest.mark.parametrize(
    "size", [0, 1, 128, 129, 5088, 5089, 16353, MAX_MESSAGE, *(RANDOM.randrange(60_000) for _ in range(6))]
)
def test_any_sufficient_frames_restore_a_message_of_any_size(feed, size):
    message = random.Random(size).randbytes(size)
    every = frames(message)
    count = Frame.from_text(every[0]).count
    chosen = RANDOM.sample(every, count)
    for texts in (every[:count], every[-count:], chosen):
        assert feed(texts) == ([message], [], {"read": 0, "needed": 0})
    assert feed(chosen[1:] * 2) == ([], [], {"read": count - 1, "needed": count if count > 1 else 0})


def test_two_messages_mixed_are_both_read(feed):
    mixed = [text for pair in zip(frames(MESSAGE, 40), frames(OTHER, 40), strict=True) for text in pair]
    messages, errors, _ = feed(mixed)
    assert (sorted(messages), errors) == (sorted([MESSAGE, OTHER]), [])


def test_of_five_messages_the_one_of_which_least_is_known_makes_room(feed):
    texts = [frames(random.Random(seed).randbytes(3000), 20) for seed in range(5)]
    begun = [text for i, some in enumerate(texts) for text in some[: 10 - i]]
    # The fourth had the fewest frames when the fifth came
    assert feed([*begun, *texts[0][10:]])[0] != []
    assert feed([*begun, *texts[3][7:19]])[0] == []
    assert FrameDecoder.MAX_MESSAGES == 4


@pytest.mark.parametrize("change", ["data", "number", "size", "id"])
def test_a_frame_that_was_tampered_with_lets_nothing_else_be_read(feed, change):
    good = frames(MESSAGE, 45)
    changes: dict[str, CborValue] = {"data": bytes(160), "number": 200, "size": 2999, "id": bytes(8)}
    wrong = forged(good[3], **{change: changes[change]})
    messages, errors, _ = feed([wrong, *good[:3], *good[4:20]])
    # Of another size or id it belongs to another message, and takes no part in this one
    expected = ([], ["spoilt"]) if change in ("data", "number") else ([MESSAGE], [])
    assert (messages, errors) == expected
    # What does not fit is dropped as a whole, and the next round gives it back
    assert feed([wrong, *good[:3], *good[4:]])[0] == [MESSAGE]


@pytest.mark.parametrize("part", ["id", "digest", "rest"])
def test_each_part_of_what_says_that_frames_fit_is_compared(feed, part):
    """A message of one frame, in which only this part is wrong."""
    text = frames(b"x", 1)[0]
    data = Frame.from_text(text).data
    changes = {
        "id": {"id": bytes(8)},
        "digest": {"data": data[:31] + bytes([data[31] ^ 1]) + data[32:]},
        "rest": {"data": data + b"\x01"},
    }
    wrong = forged(text, **changes[part])
    assert feed([wrong]) == ([], ["spoilt"], {"read": 0, "needed": 0})
    assert not _python_takes(wrong)
    assert feed([wrong, text])[0] == [b"x"]


def test_what_is_no_frame_is_refused_as_in_python(feed):
    """Every cut of a frame, every character exchanged, and heads that lie."""
    text = frames(OTHER, 1)[0]
    exchanged = [text[:place] + RANDOM.choice("0Z:é/") + text[place + 1 :] for place in range(0, len(text), 3)]
    texts = ["", "mdoc:AA", "HF1:", "hf1:00", "HF1:0", "HF1:::", "HF1:" + "0" * 2000, *exchanged]
    texts += [text[:length] for length in range(len(text))]
    texts += [forged(text, **changes) for changes in _lies()]
    texts.append(PREFIX + encode_base45(decode_base45(text[len(PREFIX) :]) + b"\0"))
    ours = [_python_takes(one) for one in texts]
    theirs = [feed([one])[1] == [] for one in texts]
    assert theirs == ours
    assert not all(ours)


def _lies():
    yield from ({"id": bytes(7)}, {"number": 256}, {"data": b""}, {"data": bytes(513)}, {"size": MAX_MESSAGE + 1})
    yield from ({"size": 1 << 40}, {"size": (1 << 64) - 1}, {"number": 255})


def _python_takes(text):
    try:
        FrameDecoder().add(text)
    except ProtocolError:
        return False
    return True
