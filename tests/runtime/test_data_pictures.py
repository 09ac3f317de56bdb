"""Pictures from strangers: only what is one stands on a page."""

import base64
import io
import struct
import zlib
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from protocol.encoding import encode_base64url
from runtime.data_pictures import MAX_LOGO, MAX_PIXELS, MAX_PORTRAIT, safe_picture, safe_portrait

SVG = "<svg xmlns='http://www.w3.org/2000/svg'><path d='M0 0h1v1z'/></svg>"


def photograph(form, size=(4, 4)):
    """A picture of this form."""
    data = io.BytesIO()
    Image.new("RGB", size).save(data, form)
    return data.getvalue()


def address(kind, data):
    """The address of a picture."""
    return f"data:image/{kind};base64," + base64.b64encode(data).decode()


def png(width, height):
    """A picture that says how large it is, and has nothing in it."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    end = struct.pack(">I", 0) + b"IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header)) + end


def drawing(text):
    """The address of a drawing."""
    return address("svg+xml", text.encode())


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_a_photograph_stays_as_it_is(form):
    wanted = address(form.lower(), photograph(form))
    assert safe_picture(wanted, MAX_LOGO) == wanted


@pytest.mark.parametrize(
    "text", [SVG, f"<?xml version='1.0'?>\n<!-- one --><!-- two -->\n{SVG}", f"\ufeff{SVG}", f"  {SVG}"]
)
def test_a_drawing_of_shapes_is_taken(text):
    wanted = drawing(text)
    assert safe_picture(wanted, MAX_LOGO) == wanted
    assert safe_picture(f"data:image/svg+xml;charset=utf-8,{quote(text)}", MAX_LOGO) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "<svg onload='alert(1)'/>",
        "<svg><script>alert(1)</script></svg>",
        "<svg><x:script>alert(1)</x:script></svg>",
        "<svg><foreignObject><p/></foreignObject></svg>",
        "<svg><image href='https://agency.example/seen.png'/></svg>",
        "<svg><use href='#a'/></svg>",
        "<svg><animate attributeName='x'/></svg>",
        "<svg><pattern/></svg>",
        "<svg><filter/></svg>",
        "<!DOCTYPE svg [<!ENTITY a 'aaaa'>]><svg>&a;</svg>",
        f"<?xml-stylesheet href='https://agency.example/x.css'?>{SVG}",
        "<html><svg/></html>",
        "svg",
        "",
        "<!-- no end",
        "<svgx/>",
    ],
)
def test_a_drawing_that_is_more_or_less_than_shapes_is_none(text):
    """T152"""
    assert safe_picture(drawing(text), MAX_LOGO) == ""


@pytest.mark.parametrize(
    "text",
    [
        "https://agency.example/logo.png",
        "http://127.0.0.1/logo.png",
        "javascript:alert(1)",
        "data:text/html;base64,PHNjcmlwdD4=",
        "data:image/gif;base64,R0lGODlhAQABAAAAACw=",
        "data:image/png;base64,!!!!",
        "data:image/png;base64,",
        "data:image/png;x=y;base64,AAAA",
        address("png", photograph("JPEG")),
        address("jpeg", SVG.encode()),
        address("png", photograph("PNG")[:12]),
    ],
)
def test_what_is_no_picture_or_called_another_is_none(text):
    """T152"""
    assert safe_picture(text, MAX_LOGO) == ""


def test_a_picture_that_is_too_long_is_none():
    """T152"""
    wanted = address("png", photograph("PNG"))
    assert safe_picture(wanted, len(wanted)) == wanted
    assert safe_picture(wanted, len(wanted) - 1) == ""


def test_a_picture_of_too_many_pixels_is_none():
    """T065: a few bytes that become gigabytes on the screen"""

    assert safe_picture(address("png", png(MAX_PIXELS, 1)), MAX_LOGO)
    assert safe_picture(address("png", png(MAX_PIXELS + 1, 1)), MAX_LOGO) == ""
    assert safe_portrait(encode_base64url(png(MAX_PIXELS, 1)), binary=True)


@given(st.sampled_from(["png", "jpeg", "jpg", "webp", "svg+xml"]), st.binary(max_size=200))
def test_no_data_breaks_it(kind, data):
    assert safe_picture(address(kind, data), MAX_LOGO) in ("", address(kind.replace("jpg", "jpeg"), data))


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_bytes_are_a_picture_by_what_they_are(form):
    """As an mdoc has its portrait: bytes, in base64url where they are told in JSON."""
    data = photograph(form)
    assert safe_portrait(encode_base64url(data), binary=True) == address(form.lower(), data)
    assert safe_portrait(encode_base64url(data), binary=False) == ""
    assert safe_portrait(address(form.lower(), data), binary=True) == ""


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xd8\xff" + bytes(300),
        b"\x89PNG\r\n",
        photograph("GIF"),
        photograph("JPEG2000"),
        SVG.encode(),
        b"x" + photograph("PNG"),
        png(MAX_PIXELS + 1, 1),
    ],
    ids=["nothing", "jpeg beginning", "png beginning", "gif", "jpeg 2000", "drawing", "shifted", "too many pixels"],
)
def test_other_bytes_are_none(data):
    """T152: a portrait that is not certainly a plain picture stands on no page."""
    assert safe_portrait(encode_base64url(data), binary=True) == ""


def test_bytes_have_a_limit_before_anybody_looks_at_them():
    data = photograph("PNG")
    padded = data + bytes(3 * MAX_PORTRAIT // 4 - len(data))
    assert safe_portrait(encode_base64url(padded), binary=True)
    assert safe_portrait(encode_base64url(padded + b"123"), binary=True) == ""
