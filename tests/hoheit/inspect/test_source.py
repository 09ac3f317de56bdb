"""What is explained comes from the command line, a file, or the picture of a QR code."""

import pytest

from hoheit.inspect import source
from hoheit.inspect.source import read_source
from protocol.errors import Malformed, TooLarge
from tests.hoheit.inspect.samples import OFFER
from tests.support.pictures import picture


def test_a_qr_code_is_read_from_its_picture(tmp_path):
    file = tmp_path / "offer.png"
    file.write_bytes(picture(OFFER))
    assert read_source(str(file)) == OFFER


def test_a_text_file_is_read_without_its_last_line_break(tmp_path):
    file = tmp_path / "token.txt"
    file.write_text("a.b.c\n")
    assert read_source(str(file)) == "a.b.c"


def test_what_names_no_file_is_the_thing_itself():
    assert read_source(" did:key:z123 ") == "did:key:z123"
    assert read_source("x" * 100_000) == "x" * 100_000


def test_bytes_that_are_no_text_come_as_base64url(tmp_path):
    file = tmp_path / "document.cbor"
    file.write_bytes(b"\xa1\xfe\x00\x01")
    assert read_source(str(file)) == "of4AAQ"


def test_a_picture_without_a_code_is_refused(tmp_path):
    file = tmp_path / "noise.png"
    file.write_bytes(b"\x89PNG" + bytes(60))
    with pytest.raises(Malformed):
        read_source(str(file))


def test_too_large_a_file_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(source, "MAX_STATUS_TOKEN", 10)
    file = tmp_path / "large"
    file.write_bytes(b"a" * 11)
    with pytest.raises(TooLarge):
        read_source(str(file))
