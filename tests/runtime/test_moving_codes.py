"""A message as codes for a page to draw: each is one of its frames, and another library reads it."""

import random
from itertools import islice

import pytest

from protocol.errors import TooLarge
from protocol.mdoc.frames import FRAMES, MAX_MESSAGE, Frame, FrameDecoder, encode_frames
from runtime.moving_codes import ROUNDS, moving_codes
from tests.support.moving_codes import drawn, packed, seen

MESSAGE = random.Random(32).randbytes(3000)


def test_each_code_is_a_frame_in_its_order():
    texts = seen(drawn(MESSAGE))
    assert texts == list(islice(encode_frames(MESSAGE), len(texts)))
    assert len(texts) == ROUNDS * Frame.from_text(texts[0]).count


@pytest.mark.parametrize(("size", "modules", "frames"), [(0, 29, 3), (3000, 49, 57), (MAX_MESSAGE, 81, FRAMES)])
def test_all_codes_have_one_size_and_there_is_an_end_of_them(size, modules, frames):
    side, codes = packed(random.Random(size).randbytes(size))
    assert (side, len(codes)) == (modules, frames)
    assert {len(code) for code in codes} == {modules * -(-modules // 8)}


def test_a_code_that_says_less_has_the_same_size():
    """Zeros are digits, for which a smaller code would do; the digest before them is none."""
    pictures = drawn(bytes(1249))
    assert len({picture[16:24] for picture in pictures}) == 1  # width and height in the PNG's header
    assert seen(pictures) == list(islice(encode_frames(bytes(1249)), len(pictures)))


def test_a_camera_at_a_third_of_the_speed_gets_enough():
    decoder = FrameDecoder()
    assert MESSAGE in [decoder.add(text) for text in seen(drawn(MESSAGE)[::3])]


def test_what_does_not_fit_is_refused():
    with pytest.raises(TooLarge):
        moving_codes(bytes(MAX_MESSAGE + 1))
