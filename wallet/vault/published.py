"""Where documents stand that are the same for everybody: beside the vault, open to read, with the number of the newest.

They say nothing about whoever follows them, and are fetched while the vault is closed, so they cannot be in it (decision 0044).
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from protocol.encoding import read_json_object
from protocol.errors import Flaw, Unavailable
from protocol.fields import Fields

INDEX = "seen.json"
MAX_INDEX = 4096  # bytes
MAX_FAILED = 1000  # counted no further


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of one registrar. It outlives the documents, which may be deleted or run out."""

    registrar: str = ""  # address
    numbers: Mapping[str, int] = field(default_factory=dict)  # document → highest `seq`
    tried_at: int = 0  # epoch seconds; when it was asked last, whatever came of it
    came_at: int = 0  # when everything came last
    problem: str = ""  # what was wrong with the catalogue that was fetched last; empty: nothing
    failed: int = 0  # tries in a row that did not bring everything
    partners_problem: str = ""  # what was wrong with the directory of partners, likewise

    def after(self, at: int, *, came: bool, problem: str, partners_problem: str) -> Seen:
        """The same once the registrar was asked again."""
        return replace(
            self,
            tried_at=at,
            came_at=at if came else self.came_at,
            problem=problem,
            failed=0 if came else min(self.failed + 1, MAX_FAILED),
            partners_problem=partners_problem,
        )


@dataclass(frozen=True, slots=True)
class PublishedFolder:
    """A folder beside the vault."""

    path: Path
    max_bytes: int  # of one document

    def seen(self, registrar: str) -> Seen:
        """What was seen of a registrar; nothing of another one counts for it."""
        text = self._read(INDEX, MAX_INDEX)
        try:
            index = Fields(read_json_object((text or "{}").encode("utf-8"), "seen"), "seen")
            if index.optional_text("registrar") != registrar:
                return Seen(registrar)
            numbers = index.object("numbers")
            return Seen(
                registrar,
                {name: numbers.integer(name) for name in numbers.members},
                index.integer("tried_at"),
                index.integer("came_at"),
                index.optional_text("problem") or "",
                index.optional_integer("failed") or 0,
                index.optional_text("partners_problem") or "",
            )
        except Flaw:
            return Seen(registrar)

    def tried(self, seen: Seen) -> None:
        """Remember that the registrar was asked, and what came of it.

        Raises:
            Unavailable: it cannot be written.
        """
        self._write_index(seen)

    def read(self, name: str) -> str | None:
        """A document as it came; None if there is none."""
        return self._read(f"{name}.jwt", self.max_bytes)

    def keep(self, seen: Seen, name: str, text: str, number: int) -> Seen:
        """Keep a document. Its number first: were the document lost, an older one would still be refused.

        Raises:
            Unavailable: it cannot be written.
        """
        seen = replace(seen, numbers={**seen.numbers, name: max(number, seen.numbers.get(name, number))})
        self._write_index(seen)
        self._write(f"{name}.jwt", text)
        return seen

    def _write_index(self, seen: Seen) -> None:
        members = asdict(replace(seen, numbers=dict(seen.numbers)))
        self._write(INDEX, json.dumps({name: value for name, value in members.items() if value != ""}))

    def _read(self, name: str, max_bytes: int) -> str | None:
        try:
            with os.fdopen(os.open(self.path / name, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
                data = file.read(max_bytes + 1)
        except OSError:
            return None
        return data.decode("utf-8", "replace") if len(data) <= max_bytes else None

    def _write(self, name: str, text: str) -> None:
        temporary = self.path / f".{name}.new"
        flags = os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_NOFOLLOW
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            with os.fdopen(os.open(temporary, flags, 0o600), "wb") as file:
                file.write(text.encode("utf-8"))
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self.path / name)
        except OSError as error:
            raise Unavailable("what the registrar publishes cannot be kept") from error
