import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import Malformed, ProtocolError
from protocol.fields import Fields
from protocol.sovereignty.wording import MAX_LANGUAGES, MAX_TEXT, read_optional_wording, read_wording, write_wording
from tests.support.strategies import json_values


def read(value):
    return read_wording(Fields({"name": value}, "service"), "name")


@pytest.mark.parametrize(
    "text",
    [
        {"de": "Kindergeld", "en": "Child benefit"},
        {"zh-Hant-TW": "a < b, 3 <4 & <- >", "sr-Latn": "two\nlines", "tlh": "x" * MAX_TEXT},
        {f"aa-{i}": "x" for i in range(MAX_LANGUAGES)},
    ],
)
def test_a_text_is_written_as_it_was_read(text):
    assert write_wording(read(text)) == text
    assert [language for language, _ in read(text)] == list(text)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ({}, "service.name"),
        ("Kindergeld", "service.name"),
        ({"": "x"}, "service.name"),
        ({"d": "x"}, "service.name"),
        ({"de_DE": "x"}, "service.name"),
        ({"de": "x", "<b>": "x"}, "service.name"),
        ({"de": ""}, "service.name.de"),
        ({"de": " \n"}, "service.name.de"),
        ({"de": 1}, "service.name.de"),
        ({"de": None}, "service.name.de"),
        ({"de": "x" * (MAX_TEXT + 1)}, "service.name.de"),
        ({"de": "x", "en": "<script>alert(1)</script>"}, "service.name.en"),
        ({"en": "a</p>"}, "service.name.en"),
        ({"en": "<!--"}, "service.name.en"),
        ({"en": "<?php"}, "service.name.en"),
        ({"en": "a\u202egnp.exe"}, "service.name.en"),
        ({"en": "a\u2066b"}, "service.name.en"),
        ({"en": "a\x1b[2J"}, "service.name.en"),
        ({"en": "a\rb"}, "service.name.en"),
        ({"en": "a\u2028b"}, "service.name.en"),
        ({f"aa-{i}": "x" for i in range(MAX_LANGUAGES + 1)}, "service.name"),
    ],
)
def test_a_broken_text_is_refused_by_name(text, at):
    with pytest.raises(Malformed) as refusal:
        read(text)
    assert refusal.value.at == at


def test_a_text_may_be_absent_where_it_may():
    assert read_optional_wording(Fields({}, "x"), "name") == ()


@given(st.one_of(json_values, st.dictionaries(st.sampled_from(["de", "en", "fr-CA"]), st.text())))
def test_no_text_escapes_the_error_family(value):
    with contextlib.suppress(ProtocolError):
        assert write_wording(read(value)) == value
