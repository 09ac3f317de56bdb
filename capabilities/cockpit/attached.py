"""Files that a clerk adds to an answer by hand: what may be one, and how many there may be.

Each is encrypted to the citizen the moment it arrives, so that nobody here can read it any more; what is left is its name,
sealed, and its hash.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import NamedTuple

from protocol.errors import Conflict, Malformed
from protocol.fields import Fields
from protocol.sovereignty.rights_answer import MAX_FILES, read_file_name

# What people send: a scan of many pages, a table, pictures. More than that goes on paper or by an archive of the partner's own
MAX_FILE = 10_000_000  # bytes
MAX_OF_ONE = 50_000_000  # bytes of all files of one request
TEXT = "text"


class Kind(NamedTuple):
    """What a file with such a name is, and how it begins."""

    media_type: str
    begins: tuple[bytes, ...]  # empty: it is text in UTF-8


_OFFICE = "application/vnd.openxmlformats-officedocument"
_OPEN = "application/vnd.oasis.opendocument"
_ZIP = (b"PK\x03\x04",)
KINDS = {
    ".pdf": Kind("application/pdf", (b"%PDF-",)),
    ".png": Kind("image/png", (b"\x89PNG\r\n\x1a\n",)),
    ".jpg": Kind("image/jpeg", (b"\xff\xd8\xff",)),
    ".jpeg": Kind("image/jpeg", (b"\xff\xd8\xff",)),
    ".tif": Kind("image/tiff", (b"II*\x00", b"MM\x00*")),
    ".tiff": Kind("image/tiff", (b"II*\x00", b"MM\x00*")),
    ".txt": Kind("text/plain", ()),
    ".csv": Kind("text/csv", ()),
    ".json": Kind("application/json", ()),
    ".xml": Kind("application/xml", ()),
    ".zip": Kind("application/zip", _ZIP),
    ".docx": Kind(f"{_OFFICE}.wordprocessingml.document", _ZIP),
    ".xlsx": Kind(f"{_OFFICE}.spreadsheetml.sheet", _ZIP),
    ".odt": Kind(f"{_OPEN}.text", _ZIP),
    ".ods": Kind(f"{_OPEN}.spreadsheet", _ZIP),
}


@dataclass(frozen=True, slots=True)
class Attached:
    """A file that waits to go out with an answer, or went."""

    request: str  # id of the request about rights
    hash: str  # of its content
    about: str  # its name and its kind, sealed, base64url
    size: int  # bytes
    sent: bool = False  # an answer named it

    def __repr__(self) -> str:
        """Never what it is called."""
        return f"Attached({self.request}, {self.size})"


@dataclass(frozen=True, slots=True)
class Detached:
    """A file that was not sent does not go out after all, and is erased."""

    request: str
    hash: str = ""  # empty: all of the request


@dataclass(frozen=True, slots=True)
class Sent:
    """An answer went out that names every file of the request."""

    request: str


FileRecord = Attached | Detached | Sent


def kind_of(name: str, content: bytes) -> str:
    """The media type of a file, by its name and how it begins.

    Raises:
        Malformed: `name` is none, or of nothing that people are sent; or `content` is something else than its name says.
    """
    plain = read_file_name(Fields({"name": name}, "file"))
    kind = KINDS.get(PurePosixPath(plain).suffix.lower())
    if kind is None:
        raise Malformed("file.name", f"must end with one of {', '.join(KINDS)}")
    if not (content.startswith(kind.begins) if kind.begins else _is_text(content)):
        raise Malformed("file", "is not what its name says")
    return kind.media_type


def check_room(there: tuple[Attached, ...], more: Attached) -> None:
    """Check that a file fits beside those of the same request that are there.

    Raises:
        Conflict: it is there already, or too many, or too much.
    """
    if any(each.hash == more.hash for each in there):
        raise Conflict("this file is there already")
    if len(there) >= MAX_FILES or sum(each.size for each in there) + more.size > MAX_OF_ONE:
        raise Conflict("all files together are too large")


def _is_text(content: bytes) -> bool:
    try:
        return "\x00" not in content.decode("utf-8")
    except UnicodeDecodeError:
        return False
