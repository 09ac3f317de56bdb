"""A message as codes for a page: chunk by chunk, and each one a frame."""

from base64 import b64decode
from itertools import islice

import pytest
import zxingcpp
from PIL import Image

from protocol.errors import TooLarge
from protocol.mdoc.frames import MAX_MESSAGE, Frame, encode_frames
from runtime.moving_codes import CHUNK, moving_codes
from tests.support.pki import seeded

MESSAGE = seeded(3)(3000)


def all_chunks(message):
    chunks = [moving_codes(message)]
    while chunks[-1]["next"] is not None:
        chunks.append(moving_codes(message, chunks[-1]["next"]))
    return chunks


def read(modules, packed):
    """What a camera reads of one."""
    bits = "".join(f"{byte:08b}" for byte in b64decode(packed))
    picture = Image.new("L", (modules + 8, modules + 8), 255)
    for place in range(modules * modules):
        if bits[place] == "1":
            picture.putpixel((4 + place % modules, 4 + place // modules), 0)
    (found,) = zxingcpp.read_barcodes(picture.resize((picture.width * 4, picture.height * 4), Image.Resampling.NEAREST))
    return found.text


def test_each_code_is_a_frame_in_its_order():
    chunks = all_chunks(MESSAGE)
    frames = [read(chunk["modules"], packed) for chunk in chunks for packed in chunk["frames"]]
    assert frames == list(islice(encode_frames(MESSAGE), len(frames)))
    count = Frame.from_text(frames[0]).count
    assert len(frames) == 2 * count + 2


def test_there_is_no_more_than_a_chunk_at_once():
    lengths = [len(chunk["frames"]) for chunk in all_chunks(MESSAGE)]
    assert all(length == CHUNK for length in lengths[:-1])
    assert 1 <= lengths[-1] <= CHUNK


def test_the_largest_message_ends_with_the_numbers():
    last = moving_codes(seeded(4)(MAX_MESSAGE), 252)
    assert (len(last["frames"]), last["next"]) == (4, None)


def test_a_small_message_has_a_few_and_that_is_all():
    chunk = moving_codes(b"x")
    assert (len(chunk["frames"]), chunk["next"]) == (4, None)


def test_a_message_over_the_cap_is_refused():
    with pytest.raises(TooLarge):
        moving_codes(bytes(MAX_MESSAGE + 1))
