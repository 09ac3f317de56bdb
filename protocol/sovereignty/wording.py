"""Texts that a service shows to people, in several languages: `{"de": "…", "en": "…"}`.

They are plain text. What could pass for markup, or makes a line read as another one, is refused where it is read, so that no
page has to be trusted to escape it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from protocol.encoding import JsonObject
from protocol.errors import Malformed
from protocol.fields import Fields
from protocol.trust.localized import Localized

MAX_LANGUAGES = 32
MAX_TEXT = 2000  # characters in one language

Wording = tuple[Localized, ...]

# BCP 47: letters first, then subtags
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,7}")
# HTML opens a tag, a comment or a declaration with nothing else
_MARKUP = re.compile(r"<[A-Za-z/!?]")
# Controls but the line feed, line separators, and what turns the direction of writing (UAX #9)
_UNSEEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def read_wording(holder: Fields, name: str) -> Wording:
    """Read a text in its languages, in their order.

    Raises:
        Malformed: no language, too many, one that is no language tag, or a text that is empty, too long, or not plain.
    """
    texts = holder.object(name)
    if not 0 < len(texts.members) <= MAX_LANGUAGES:
        raise Malformed(texts.at, f"must be in 1 to {MAX_LANGUAGES} languages")
    found = []
    for language in texts.members:
        # The tag is not repeated: until it was looked at, it is any text
        if not _LANGUAGE.fullmatch(language):
            raise Malformed(texts.at, "must have language tags as names")
        text = texts.text(language, max_length=MAX_TEXT)
        if not text.strip():
            raise Malformed(texts.path(language), "must have something to read")
        check_plain(text, texts.path(language))
        found.append(Localized(language, text))
    return tuple(found)


def read_optional_wording(holder: Fields, name: str) -> Wording:
    """A text in its languages; the empty tuple if there is none."""
    return read_wording(holder, name) if name in holder else ()


def check_plain(text: str, at: str) -> None:
    """Check that a text that people will read is nothing but text.

    Raises:
        Malformed: it has markup, control characters, or what turns the direction of writing.
    """
    if _MARKUP.search(text) or _UNSEEN.search(text):
        raise Malformed(at, "must be plain text without markup or control characters")


def write_wording(texts: Iterable[Localized]) -> JsonObject:
    """The wire form of a text."""
    return {text.language: text.text for text in texts}
