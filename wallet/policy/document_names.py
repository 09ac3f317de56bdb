"""What documents of the log are called on a page: the log has the name in the language that was read then.

The type alone does not tell them apart, since several kinds of document can have one (such as proofs that somebody acts for
another). So the logged name is looked for among the names of what is held, in all languages; of what is gone, the log has the
names in the languages of this wallet itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from wallet.policy.showing import credential_name, plain
from wallet.records import HeldCredential, LogEntry


@dataclass(frozen=True, slots=True)
class Namer:
    """Names in a reader's language."""

    language: str
    _known: Mapping[tuple[str, str], str]  # type and any name of what is held → its name in the language

    def __call__(self, type_: str, logged: str, names: tuple[tuple[str, str], ...] = ()) -> str:
        """The name of a document by its type and its logged name; `names`: those that were logged with it."""
        return self._known.get((type_, plain(logged))) or dict(names).get(self.language) or plain(logged)


def namer_of(held: Iterable[HeldCredential], language: str) -> Namer:
    """Names in a language, by documents of the same kind that are still there, else by what was logged."""
    known: dict[tuple[str, str], str] = {}
    for one in held:
        described = one.described()
        for display in described.display:
            known.setdefault((one.type, plain(display.name)), credential_name(described, language))

    return Namer(language, known)


def renamed(entry: LogEntry, name: Namer) -> LogEntry:
    """An entry for showing, with its documents called as they are on this page; it belongs to no chain any more."""
    credentials = tuple([replace(one, name=name(one.type, one.name, one.names)) for one in entry.credentials])
    return entry if credentials == entry.credentials else replace(entry, credentials=credentials)
