"""Texts in several languages, as European registers and lists write them (ETSI TS 119 602 clause 6.1.4, TS 119 475 B.2.6)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from protocol.encoding import JsonValue
from protocol.fields import MAX_URL, Fields

MAX_TEXTS = 64  # languages
MAX_TEXT = 4096  # characters
MAX_LANGUAGE = 64  # characters


class Localized(NamedTuple):
    """A text or an address in one language."""

    language: str  # BCP 47
    text: str


def in_language(texts: Iterable[Localized], language: str) -> str:
    """The text in a language, else the English one, else the first; the empty text if there is none."""
    by_language: dict[str, str] = {}
    for text in texts:
        by_language.setdefault(text.language.partition("-")[0].lower(), text.text)
    return by_language.get(language) or by_language.get("en") or next(iter(by_language.values()), "")


def read_localized(holder: Fields, name: str) -> tuple[Localized, ...]:
    """Read texts.

    Raises:
        Malformed: none, too many, or one that has the wrong shape.
    """
    return _read(holder, name, "value", MAX_TEXT)


def write_localized(texts: Iterable[Localized]) -> list[JsonValue]:
    """The wire form of texts."""
    return [{"lang": text.language, "value": text.text} for text in texts]


def read_localized_uris(holder: Fields, name: str) -> tuple[Localized, ...]:
    """Read addresses, of whatever scheme; see `read_localized`."""
    return _read(holder, name, "uriValue", MAX_URL)


def write_localized_uris(uris: Iterable[Localized]) -> list[JsonValue]:
    """The wire form of addresses."""
    return [{"lang": uri.language, "uriValue": uri.text} for uri in uris]


def read_register_texts(holder: Fields, name: str) -> tuple[Localized, ...]:
    """Read texts as registers have them (class MultiLangString, TS 119 475 B.2.6), or as certificates do.

    Raises:
        Malformed: none, too many, or one that has the wrong shape.
    """
    items = holder.objects(name, max_items=MAX_TEXTS)
    return _read(holder, name, "content" if "content" in items[0] else "value", MAX_TEXT)


def write_register_texts(texts: Iterable[Localized]) -> list[JsonValue]:
    """The form that registers have of texts."""
    return [{"lang": text.language, "content": text.text} for text in texts]


def _read(holder: Fields, name: str, member: str, longest: int) -> tuple[Localized, ...]:
    return tuple(
        [
            Localized(item.text("lang", max_length=MAX_LANGUAGE), item.text(member, max_length=longest))
            for item in holder.objects(name, max_items=MAX_TEXTS)
        ]
    )
