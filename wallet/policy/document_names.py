"""What documents of the log are called on a page: the log has the name in the language that was read then.

The type alone does not tell them apart, since several kinds of document can have one (such as proofs that somebody acts for
another). So the logged name is looked for among the names of what is held, in all languages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from wallet.policy.showing import credential_name, plain
from wallet.records import HeldCredential, LogEntry

Namer = Callable[[str, str], str]  # type and name as it was logged → the name in the reader's language


def namer_of(held: Iterable[HeldCredential], language: str) -> Namer:
    """Names in a language, by documents of the same kind that are still there; others keep the name that was logged."""
    known: dict[tuple[str, str], str] = {}
    for one in held:
        described = one.described()
        for display in described.display:
            known.setdefault((one.type, plain(display.name)), credential_name(described, language))

    def name(type_: str, logged: str) -> str:
        return known.get((type_, plain(logged)), plain(logged))

    return name


def renamed(entry: LogEntry, name: Namer) -> LogEntry:
    """An entry for showing, with its documents called as they are on this page; it belongs to no chain any more."""
    credentials = tuple([replace(one, name=name(one.type, one.name)) for one in entry.credentials])
    return entry if credentials == entry.credentials else replace(entry, credentials=credentials)
