"""A card in the issuer's colours, with a text that can be read on it."""

import pytest

from runtime.looks import PLAIN, ink_on, looks_css


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("grey", range(0, 256, 5))
def test_every_ground_has_a_text_that_can_be_read(grey):
    for ground in (f"#{grey:02x}{grey:02x}{grey:02x}", f"#{grey:02x}8040", f"#20{grey:02x}c0"):
        assert contrast(ground, ink_on(ground)) >= 4.5, ground


def test_short_colours_are_colours():
    assert ink_on("#fff") == ink_on("#ffffff")
    assert looks_css({"a": "#fff"}) == ".look-a { background-color: #fff; color: #000000; }\n"


@pytest.mark.parametrize(
    "colour", ["", "red", "#12", "#12345g", "#fff;} body{display:none", "url(https://evil.example)"]
)
def test_what_is_no_colour_is_plain(colour):
    """T152"""
    assert looks_css({"a": colour}) == f".look-a {{ background-color: {PLAIN}; color: {ink_on(PLAIN)}; }}\n"


def test_what_is_no_name_has_no_rule():
    """T152"""
    assert looks_css({"a{} body": "#fff", "": "#fff"}) == ""
