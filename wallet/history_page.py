"""The log as one page that any browser shows and any printer prints, without this program. No values, no keys, no links.

It is a file of its own, so nothing in it is fetched from anywhere, and everything that a stranger wrote is escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from wallet.policy.activity import Happened, given
from wallet.policy.document_names import namer_of, renamed
from wallet.policy.documents import documents_of
from wallet.policy.showing import credential_name, plain
from wallet.records import HeldCredential
from wallet.words import Words


def history_page(
    words: Words, language: str, happened: Sequence[Happened], held: tuple[HeldCredential, ...], now: int
) -> str:
    """The whole page, newest first; `words` are in `language`."""
    title = words("My data: documents and activity")
    return "\n".join((
        "<!DOCTYPE html>",
        f'<html lang="{escape(language)}"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">',
        f"<title>{escape(title)}</title></head><body>",
        f"<h1>{escape(title)}</h1>",
        _paragraph(words("Saved on %(day)s.", day=words.day(now))),
        _paragraph(words("It says which data you gave to whom, and never what the data said.")),
        _paragraph(words("Whoever has this file can read it.")),
        f"<h2>{escape(words('Documents'))}</h2>",
        *_documents(words, language, held),
        f"<h2>{escape(words('Activity'))}</h2>",
        *_lines(words, language, happened, held),
        "</body></html>",
        "",
    ))  # fmt: skip


def _documents(words: Words, language: str, held: tuple[HeldCredential, ...]) -> Iterable[str]:
    yield "<ul>"
    for document in documents_of(held):
        first = document.forms[0]
        name, who = credential_name(first.described(), language), plain(first.issuer_name)
        yield f"<li>{escape(name)}<br>{escape(words('from %(who)s', who=who))}</li>"
    yield "</ul>"


def _lines(
    words: Words, language: str, happened: Sequence[Happened], held: tuple[HeldCredential, ...]
) -> Iterable[str]:
    name = namer_of(held, language)
    yield "<ol reversed>"
    for one in happened:
        shown = [
            f"<br>{escape(document.name)}: {escape(', '.join(document.labels))}"
            for document in given(one.entry, held, language, words.data)
            if document.labels
        ]
        sentence = words.entry(renamed(one.entry, name), one.outcome)
        yield f"<li><p>{escape(words.time(one.entry.at))}<br>{escape(plain(sentence))}{''.join(shown)}</p></li>"
    yield "</ol>"


def _paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>"
