"""Messages as QR codes: any sufficiently many frames restore one, and whoever else shows something spoils nothing for long."""

import contextlib
import random
import re
import string
import time
from functools import cache
from itertools import islice
from typing import Any

import pytest
import qrcode
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.base45 import decode_base45, encode_base45
from protocol.cbor import encode_cbor, read_cbor
from protocol.encoding import sha256
from protocol.errors import Malformed, ProtocolError, TooLarge
from protocol.mdoc.frames import (
    FRAMES,
    MAX_FRAME,
    MAX_MESSAGE,
    MAX_PART,
    MAX_PARTS,
    PREFIX,
    Frame,
    FrameDecoder,
    encode_frames,
    is_frame,
)
from tests.support.bounds import BOUNDED

RANDOM = random.Random(30)
MESSAGE = RANDOM.randbytes(3000)
ROUND = list(islice(encode_frames(MESSAGE), FRAMES))
COUNT = Frame.from_text(ROUND[0]).count


def fed(decoder, texts):
    """The messages that came out."""
    return [message for message in map(decoder.add, texts) if message is not None]


def forged(frame, **changes):
    members = {"id": frame.id, "size": frame.size, "number": frame.number, "data": frame.data, **changes}
    return Frame(**members).to_text()


def shown_until_read(message, seed, *, loss, burst=1):
    """How many frames are shown until a camera that misses some has the message."""
    choose = random.Random(seed)
    decoder, blind = FrameDecoder(), 0
    for shown, text in enumerate(encode_frames(message), start=1):
        blind = blind - 1 if blind else burst * (choose.random() < loss / burst)
        if not blind and decoder.add(text) == message:
            return shown
    raise AssertionError("frames never end")


def test_any_sufficient_frames_restore_the_message():
    for _ in range(100):
        chosen = RANDOM.sample(ROUND, COUNT)
        assert fed(FrameDecoder(), chosen) == [MESSAGE]
        assert fed(FrameDecoder(), chosen[:-1] * 2) == []


def test_frames_that_hold_no_part_as_it_is_suffice():
    assert fed(FrameDecoder(), ROUND[-COUNT:]) == [MESSAGE]


@given(st.binary(max_size=700), st.integers(1, 40), st.randoms(use_true_random=False))
def test_messages_and_parts_of_every_size_come_back(message, part_size, choose):
    if len(message) + 32 > part_size * MAX_PARTS:
        return
    frames = list(islice(encode_frames(message, part_size=part_size), FRAMES))
    chosen = choose.sample(frames, Frame.from_text(frames[0]).count)
    assert fed(FrameDecoder(), chosen) == [message]


@pytest.mark.parametrize("size", [0, 1, 100, 128, 129, 5088, 5089, 16352, 16353, MAX_MESSAGE])
def test_small_and_large_messages_come_back(size):
    message = random.Random(size).randbytes(size)
    frames = list(islice(encode_frames(message), FRAMES))
    count = Frame.from_text(frames[0]).count
    assert count <= MAX_PARTS
    assert fed(FrameDecoder(), random.Random(1).sample(frames, count)) == [message]


def test_three_kilobytes_take_less_than_six_seconds_of_ten_frames_with_a_fifth_lost():
    """Counted, not timed: 60 frames are shown in this time."""
    assert COUNT == 19
    shown = sorted(shown_until_read(MESSAGE, seed, loss=0.2) for seed in range(300))
    assert shown[-1] <= 40
    assert shown[len(shown) // 2] <= 25


def test_frames_lost_in_a_row_do_not_matter_more():
    assert max(shown_until_read(MESSAGE, seed, loss=0.2, burst=5) for seed in range(300)) <= 60


def test_a_portrait_takes_less_than_thirty_seconds_of_ten_frames_with_a_fifth_lost():
    portrait = RANDOM.randbytes(50_000)
    assert max(shown_until_read(portrait, seed, loss=0.2) for seed in range(10)) <= 200


def test_half_of_the_frames_may_be_lost_for_ever():
    """A camera at half the speed sees the same frames again and again."""
    frames = list(islice(encode_frames(bytes(MAX_MESSAGE)), 0, FRAMES, 2))
    assert fed(FrameDecoder(), frames) == [bytes(MAX_MESSAGE)]


def test_frames_come_round():
    assert list(islice(encode_frames(MESSAGE), FRAMES, 2 * FRAMES)) == ROUND
    assert len(set(ROUND)) == FRAMES


@pytest.mark.parametrize(("size", "modules"), [(3000, 49), (5088, 49), (MAX_MESSAGE, 81)])
def test_a_frame_is_a_small_code_in_the_alphanumeric_mode(size, modules):
    frames = list(islice(encode_frames(RANDOM.randbytes(size)), 0, FRAMES, 25))
    allowed = set(string.digits + string.ascii_uppercase + " $%*+-./:")
    for text in frames:
        assert set(text) <= allowed
        assert len(text) <= MAX_FRAME
        code = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_L)
        code.add_data(text)
        code.make(fit=True)
        assert code.modules_count == modules
        assert [data.mode for data in code.data_list] == [qrcode.util.MODE_ALPHA_NUM]


def test_the_scheme_is_the_documented_one():
    """docs/decisions/0030: what JavaScript has to write and read."""
    message = b"any seven of these"
    frames = list(islice(encode_frames(message, part_size=8), FRAMES))
    body = (sha256(message) + message).ljust(56, b"\0")
    for number, text in enumerate(frames):
        assert text.startswith("HF1:")
        value: Any = read_cbor(decode_base45(text[4:]), "frame")
        id_, size, n, data = value
        assert (id_, size, n) == (sha256(message)[:8], 18, number)
        if number < 7:
            assert data == body[8 * number : 8 * number + 8]
        else:
            expected = bytearray(8)
            for i in range(7):
                for place in range(8):
                    expected[place] ^= multiplied(inverted(number ^ i), body[8 * i + place])
            assert data == bytes(expected)


def multiplied(a, b):
    """The product in GF(256), bit by bit."""
    product = 0
    for bit in range(8):
        product ^= (a << bit) * (b >> bit & 1)
    for bit in range(15, 7, -1):
        product ^= (0x11D << bit - 8) * (product >> bit & 1)
    return product


@cache
def inverted(a):
    return next(b for b in range(256) if multiplied(a, b) == 1)


def test_a_known_frame_stays_the_same():
    """Two phones need not have the same version of this."""
    text = next(islice(encode_frames(b"hello", part_size=16), 200, None))
    assert text == "HF1:OWGVU58$9G4CRRK:S0PEPUZG4.5Q6D6+L35P0.18VNJ:1"


def test_frames_of_two_sessions_do_not_mix():
    other = RANDOM.randbytes(3000)
    theirs = list(islice(encode_frames(other), FRAMES))
    mixed = [text for pair in zip(ROUND, theirs, strict=True) for text in pair]
    decoder = FrameDecoder()
    assert fed(decoder, mixed[: 2 * (COUNT - 1)]) == []
    assert fed(decoder, mixed[2 * (COUNT - 1) :]) == [MESSAGE, other]


def test_a_message_comes_out_once():
    decoder = FrameDecoder()
    assert fed(decoder, ROUND * 2) == [MESSAGE]
    assert decoder.progress == 0


def test_the_next_message_is_read_by_the_same_decoder():
    decoder = FrameDecoder()
    assert fed(decoder, [*ROUND[:40], *islice(encode_frames(b"next"), 5)]) == [MESSAGE, b"next"]


def test_a_frame_seen_twice_counts_once():
    assert fed(FrameDecoder(), ROUND[:1] * 100 + ROUND[1 : COUNT - 1]) == []


def test_progress_is_of_the_message_that_is_furthest():
    decoder = FrameDecoder()
    assert decoder.progress == 0
    fed(decoder, ROUND[:5])
    fed(decoder, islice(encode_frames(RANDOM.randbytes(3000)), 9))
    assert decoder.progress == 9 / COUNT


def test_a_forged_frame_spoils_one_attempt_and_no_more():
    decoder = FrameDecoder()
    wrong = forged(Frame.from_text(ROUND[3]), data=bytes(len(Frame.from_text(ROUND[3]).data)))
    decoder.add(wrong)
    with pytest.raises(Malformed, match="does not fit"):
        fed(decoder, ROUND[:COUNT])
    assert fed(decoder, ROUND[:COUNT]) == [MESSAGE]


def test_a_number_given_twice_keeps_what_came_first():
    decoder = FrameDecoder()
    fed(decoder, ROUND[:5])
    fed(decoder, [forged(Frame.from_text(text), data=bytes(160)) for text in ROUND[:5]])
    assert fed(decoder, ROUND[5:COUNT]) == [MESSAGE]


@pytest.mark.parametrize("change", [{"size": 2999}, {"size": 3001}, {"data": bytes(159)}, {"id": bytes(8)}], ids=repr)
def test_what_says_something_else_is_of_another_message(change):
    decoder = FrameDecoder()
    fed(decoder, ROUND[:5])
    decoder.add(forged(Frame.from_text(ROUND[5]), **change))
    assert fed(decoder, ROUND[5:COUNT]) == [MESSAGE]


def test_an_id_that_is_not_the_digest_s_is_refused():
    frames = [forged(Frame.from_text(text), id=bytes(8)) for text in ROUND[:COUNT]]
    with pytest.raises(Malformed):
        fed(FrameDecoder(), frames)


def test_a_digest_that_is_not_the_message_s_is_refused():
    """The id alone is too short to say that everything fits."""
    first = Frame.from_text(ROUND[0])
    data = first.data[:31] + bytes((first.data[31] ^ 1,)) + first.data[32:]
    with pytest.raises(Malformed):
        fed(FrameDecoder(), [forged(first, data=data), *ROUND[1:COUNT]])


def test_something_behind_the_message_is_refused():
    last = Frame.from_text(ROUND[COUNT - 1])
    assert COUNT * len(last.data) > last.size + 32
    data = last.data[:-1] + b"\1"
    with pytest.raises(Malformed):
        fed(FrameDecoder(), [*ROUND[: COUNT - 1], forged(last, data=data)])


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {},
        [bytes(8), 1, 1],
        [bytes(8), 1, 1, b"x" * 9, 0],
        [bytes(7), 100, 1, bytes(50)],
        [bytes(9), 100, 1, bytes(50)],
        ["12345678", 100, 1, bytes(50)],
        [bytes(8), -1, 1, bytes(50)],
        [bytes(8), -40, 1, bytes(50)],
        [bytes(8), True, 1, bytes(50)],
        [bytes(8), 1.0, 1, bytes(50)],
        [bytes(8), 100, -1, bytes(50)],
        [bytes(8), 100, 256, bytes(50)],
        [bytes(8), 100, True, bytes(50)],
        [bytes(8), 100, 1, b""],
        [bytes(8), 100, 1, bytes(MAX_PART + 1)],
        [bytes(8), 100, 1, "x" * 50],
        [bytes(8), 2**60, 1, bytes(50)],
        [bytes(8), 128 * 50 - 31, 1, bytes(50)],
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_frame_of_another_shape_is_refused(value):
    decoder = FrameDecoder()
    with pytest.raises(Malformed):
        decoder.add(PREFIX + encode_base45(encode_cbor(value)))
    assert decoder.progress == 0


def test_the_largest_frame_is_read():
    frame = Frame(bytes(8), MAX_MESSAGE, 255, bytes(MAX_PART))
    assert frame.count == MAX_PARTS
    assert Frame.from_text(frame.to_text()) == frame


def test_other_texts_are_not_frames():
    body = ROUND[0].removeprefix("HF1:")
    for text in ("", "mdoc:owBjMS4w", "https://hf1.example", f"hf1:{body}", f"HF2:{body}", f" HF1:{body}", body):
        assert not is_frame(text)
        with pytest.raises(Malformed):
            Frame.from_text(text)
    assert is_frame(ROUND[0])


def test_a_text_has_a_cap():
    with pytest.raises(TooLarge):
        Frame.from_text(PREFIX + "0" * MAX_FRAME)


@pytest.mark.parametrize(
    ("size", "part_size"), [(MAX_MESSAGE + 1, None), (10, 0), (10, -1), (10, MAX_PART + 1), (97, 1), (10_000, 70)]
)
def test_a_message_that_does_not_fit_is_an_error_of_ours(size, part_size):
    with pytest.raises(ValueError, match="does not fit"):
        encode_frames(bytes(size), part_size=part_size)


def test_messages_without_number_cost_no_memory_and_no_progress():
    decoder = FrameDecoder()
    fed(decoder, ROUND[:10])
    for i in range(1000):
        decoder.add(Frame(i.to_bytes(8, "big"), MAX_MESSAGE, i % 256, bytes(MAX_PART)).to_text())
    assert len(decoder._collected) == FrameDecoder.MAX_MESSAGES
    assert fed(decoder, ROUND[10:COUNT]) == [MESSAGE]


def test_a_message_begun_lately_finds_room_among_what_never_ended():
    decoder = FrameDecoder()
    for i in range(FrameDecoder.MAX_MESSAGES):
        fed(decoder, islice(encode_frames(bytes((i,)) * 3000), 10 + i))
    assert fed(decoder, ROUND[:COUNT]) == [MESSAGE]


def test_the_hardest_frames_are_solved_in_time():
    """Nothing of the largest message as it is: every part has to be computed."""
    frames = list(islice(encode_frames(RANDOM.randbytes(MAX_MESSAGE)), FRAMES))[MAX_PARTS:]
    decoder = FrameDecoder()
    started = time.process_time()
    assert len(fed(decoder, frames)) == 1
    assert time.process_time() - started < BOUNDED


@settings(max_examples=200)
@given(st.integers(0, 8 * 178 - 1), st.integers(0, COUNT - 1))
def test_any_flipped_bit_is_noticed(bit, number):
    """Of what a frame carries; it then spoils the attempt, counts as another message, or is refused at once."""
    data = bytearray(decode_base45(ROUND[number][4:]))
    data[bit // 8 % len(data)] ^= 1 << bit % 8
    decoder = FrameDecoder()
    texts = [*ROUND[:COUNT]]
    texts[number] = PREFIX + encode_base45(bytes(data))
    found = []
    with contextlib.suppress(ProtocolError):
        found = fed(decoder, texts)
    assert found == []


@given(st.text(max_size=80) | st.binary(max_size=60).map(lambda data: PREFIX + encode_base45(data)))
def test_no_text_escapes_the_error_family(text):
    decoder = FrameDecoder()
    with contextlib.suppress(ProtocolError):
        decoder.add(text)


@given(
    st.lists(
        st.builds(
            Frame,
            st.sampled_from([bytes(8), b"12345678"]),
            st.integers(0, 20),
            st.integers(0, 255),
            st.binary(min_size=1, max_size=12),
        ),
        max_size=60,
    )
)
def test_no_frames_escape_the_error_family(frames):
    decoder = FrameDecoder()
    for frame in frames:
        with contextlib.suppress(ProtocolError):
            assert decoder.add(frame.to_text()) is None


def test_refusals_do_not_repeat_the_frame():
    with pytest.raises(Malformed) as refusal:
        Frame.from_text(PREFIX + "SECRET TEXT")
    assert not re.search("SECRET", str(refusal.value))
