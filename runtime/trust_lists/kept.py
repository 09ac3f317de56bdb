"""Lists as they were fetched, in files, and what was seen of each, which outlives them.

Of each list there are two files. `<id>.jose` or `<id>.xml` is the list; it can be lost, and is fetched again. `<id>.seen` is
the number and digest of the newest that was ever believed; it stays when the list is damaged, expired or followed no more,
so that no older one can take its place (T088). The list is written first: should the machine stop in between, what was seen
is told by the list itself. Only where both are unreadable nothing can be known, and a person has to decide.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from protocol.encoding import JsonObject, encode_json, read_json_object, sha256
from protocol.errors import Flaw, Malformed, NotFound
from protocol.fields import Fields
from protocol.trust.list_signature import ExpectedList, SeenList, VerifiedList
from runtime.logs import get_logger
from runtime.seal import replace_private
from runtime.trust_lists.configured import FollowedList
from runtime.trust_lists.forms import FORMS

LISTS = "lists"  # folder below that of the anchors
_LOCK = ".lock"
_MAX_SEEN = 1024  # bytes
_SUFFIXES = frozenset([form.suffix for form in FORMS])

Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class KeptLists:
    """The lists of one folder of anchors. Several processes may use it at the same time."""

    folder: Path

    @classmethod
    def beside(cls, anchors: Path) -> KeptLists:
        """Those of a folder of anchors."""
        return cls(anchors / LISTS)

    def stamp(self) -> tuple[tuple[str, int, int, int], ...]:
        """What changes when a list is kept, replaced or removed."""
        try:
            names = sorted(path.name for path in self.folder.iterdir() if path.suffix in _SUFFIXES)
        except FileNotFoundError:
            return ()
        return tuple([(name, *_file_stamp(self.folder / name)) for name in names])

    def stamp_of(self, followed: FollowedList) -> Stamp:
        """What changes when this list is replaced."""
        return _file_stamp(self._list(followed))

    def read(self, followed: FollowedList, *, now: int) -> VerifiedList:
        """The list as it is kept, verified again: the signers that we were given may have changed since.

        Raises:
            NotFound: none is kept.
            Flaw: it is damaged, past its time, older than what was seen, or no longer what is followed.
        """
        raw = self._raw(followed)
        if raw is None:
            raise NotFound("trusted list: none was fetched yet")
        try:
            seen = self.remembered(followed)
        except Malformed:
            seen = None  # the list, if it holds, tells what was seen
        return followed.form.verify(raw, ExpectedList(followed.type, followed.signers, seen), now)

    def remembered(self, followed: FollowedList) -> SeenList | None:
        """What is remembered of a list; None if it was never seen.

        Raises:
            Malformed: the memory is damaged.
        """
        path = self._seen(followed)
        try:
            with path.open("rb") as file:
                members = Fields(read_json_object(file.read(_MAX_SEEN + 1), path.name, max_bytes=_MAX_SEEN), path.name)
            digest = bytes.fromhex(members.text("sha256", max_length=64))
            return SeenList(members.integer("sequence_number", minimum=1), digest)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, Flaw) as error:
            raise Malformed(path.name, "is damaged") from error

    def keep(self, followed: FollowedList, raw: bytes, *, now: int) -> VerifiedList:
        """Verify a list that was fetched, and keep it, durably.

        Raises:
            Flaw: it is not to be believed, or older than what was seen; nothing was changed.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._alone():
            seen = self._newest(followed, now)
            found = followed.form.verify(raw, ExpectedList(followed.type, followed.signers, seen), now)
            if self._raw(followed) != raw:
                replace_private(self._list(followed), raw)
            if found.seen != seen:
                memory: JsonObject = {"sequence_number": found.seen.sequence_number, "sha256": found.seen.digest.hex()}
                replace_private(self._seen(followed), encode_json(memory))
        return found

    def drop_others(self, followed: Iterable[FollowedList]) -> None:
        """Remove the lists that nobody follows any more; what was seen of them stays."""
        wanted = {self._list(one).name for one in followed}
        for name, *_ in self.stamp():
            if name not in wanted:
                (self.folder / name).unlink(missing_ok=True)

    def forget(self, followed: FollowedList) -> None:
        """An operator follows a list no more, and starts anew should they ever follow it again."""
        for path in (self._list(followed), self._seen(followed)):
            path.unlink(missing_ok=True)

    def _newest(self, followed: FollowedList, now: int) -> SeenList | None:
        """The newest that was ever seen, by the memory and by the list that is kept.

        Raises:
            Malformed: neither can be read, so nothing that is fetched can be believed.
        """
        remembered, damage = None, None
        try:
            remembered = self.remembered(followed)
        except Malformed as error:
            damage = error
            get_logger().error("trust lists", reason=error.description, address=followed.url)
        raw = self._raw(followed)
        if remembered is not None and raw is not None and sha256(raw) == remembered.digest:
            return remembered
        try:
            kept = self.read(followed, now=now).seen
        except (Flaw, NotFound):
            if damage is not None:
                raise damage from None
            return remembered
        return kept if remembered is None else max(kept, remembered, key=lambda seen: seen.sequence_number)

    def _raw(self, followed: FollowedList) -> bytes | None:
        path = self._list(followed)
        try:
            with path.open("rb") as file:
                return file.read(followed.form.max_bytes + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Malformed(path.name, "cannot be read") from error

    def _list(self, followed: FollowedList) -> Path:
        return self.folder / f"{_id(followed)}{followed.form.suffix}"

    def _seen(self, followed: FollowedList) -> Path:
        return self.folder / f"{_id(followed)}.seen"

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One process at a time: between looking at what was seen and writing, nothing newer may be written."""
        with (self.folder / _LOCK).open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _id(followed: FollowedList) -> str:
    return sha256(followed.url.encode()).hex()[:32]


def _file_stamp(path: Path) -> Stamp:
    try:
        found = path.stat()
    except OSError:
        return 0, 0, 0
    return found.st_ino, found.st_mtime_ns, found.st_size
