"""Links as text and as pictures of QR codes."""

import io
import struct
import zlib

import pytest
import qrcode
from PIL import Image

from protocol.errors import Malformed, ProtocolError, TooLarge
from runtime.pictures import MAX_PICTURE
from wallet.cli.qr import read_argument, read_qr_image

LINK = "openid4vp://?client_id=x509_hash:abc&request_uri=https%3A%2F%2Flibrary.example%2Frequest"


def picture(path, *texts, kind="PNG"):
    """A picture with these QR codes side by side."""
    codes = [qrcode.make(text).get_image().convert("RGB") for text in texts]
    image = Image.new(
        "RGB", (sum(code.width for code in codes) or 50, max([code.height for code in codes] or [50])), "white"
    )
    left = 0
    for code in codes:
        image.paste(code, (left, 0))
        left += code.width
    image.save(path, kind)
    return path


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
def test_a_picture_is_read(tmp_path, kind):
    assert read_qr_image(picture(tmp_path / "code", LINK, kind=kind)) == LINK


def test_the_same_code_twice_is_one_link(tmp_path):
    assert read_argument(str(picture(tmp_path / "code.png", LINK, LINK))) == LINK


@pytest.mark.parametrize("texts", [(), (LINK, LINK + "x")])
def test_a_picture_must_have_exactly_one_code(tmp_path, texts):
    with pytest.raises(Malformed, match="QR code"):
        read_qr_image(picture(tmp_path / "code.png", *texts))


def test_a_link_is_taken_as_it_is():
    assert read_argument(LINK) == LINK


def test_a_dash_reads_standard_input(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(LINK + "\n"))
    assert read_argument("-") == LINK


@pytest.mark.parametrize(
    "content",
    [b"", b"text", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.4", b"\x89PNG\r\n\x1a\n", b"GIF89a"],
)
def test_what_is_no_picture_is_refused(tmp_path, content):
    """T065: also what pretends to be one."""
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(Malformed, match="cannot be read"):
        read_qr_image(tmp_path / "file")


@pytest.mark.parametrize(("width", "height"), [(10_000, 10_000), (100_000, 100_000), (40_000_001, 1)])
def test_a_picture_that_unfolds_is_refused_before_it_is_unpacked(tmp_path, width, height):
    """T065: a few bytes that say they are a hundred megapixels."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    (tmp_path / "bomb.png").write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )
    with pytest.raises(ProtocolError):
        read_qr_image(tmp_path / "bomb.png")


def test_a_large_file_is_not_even_looked_at(tmp_path):
    """T065"""
    with (tmp_path / "large.png").open("wb") as file:
        file.truncate(MAX_PICTURE + 1)
    with pytest.raises(TooLarge, match="larger than"):
        read_qr_image(tmp_path / "large.png")


def test_a_picture_that_breaks_off_is_refused(tmp_path):
    whole = picture(tmp_path / "code.png", LINK).read_bytes()
    (tmp_path / "half.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(Malformed):
        read_qr_image(tmp_path / "half.png")


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_argument(str(tmp_path / "missing.png"))
