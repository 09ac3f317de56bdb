"""A QR code is read out of a picture, and nothing else is."""

import pytest

from protocol.errors import Malformed, TooLarge
from runtime import pictures
from runtime.pictures import is_picture, read_qr_code
from tests.support.pictures import picture


def test_the_text_of_a_code_is_read():
    assert read_qr_code(picture("openid4vp://?x=1")) == "openid4vp://?x=1"


def test_a_picture_is_known_by_its_beginning():
    assert is_picture(picture("one"))
    assert not is_picture(b"eyJhbGciOiJFUzI1NiJ9")


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(picture(), id="no code"),
        pytest.param(picture("one", "two"), id="two codes"),
        pytest.param(b"\x89PNG\r\n\x1a\n" + b"\0" * 40, id="T065 no picture"),
        pytest.param(picture("one")[:-60], id="cut off"),
    ],
)
def test_a_picture_without_exactly_one_code_is_refused(data):
    with pytest.raises(Malformed):
        read_qr_code(data)


def test_pixels_are_counted_before_they_are_decoded(monkeypatch):
    """T065."""
    monkeypatch.setattr(pictures, "MAX_PIXELS", 100)
    with pytest.raises(TooLarge):
        read_qr_code(picture("one"))


def test_too_many_bytes_are_refused(monkeypatch):
    monkeypatch.setattr(pictures, "MAX_PICTURE", 10)
    with pytest.raises(TooLarge):
        read_qr_code(picture("one"))
