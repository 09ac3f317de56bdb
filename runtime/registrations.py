"""Registration certificates of one's own in a folder: `*.jwt` files as a registrar handed them out, read again when changed.

They are what others check; here they are only read, by their owner, to send the right one and to know what it covers.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from protocol.errors import Flaw, Malformed
from protocol.trust.coverage import speaker_of
from protocol.trust.registration import Registration, peek_registration
from protocol.x509 import Certificate
from runtime.logs import get_logger

PATTERN = "*.jwt"
MAX_FILE = 128 * 1024  # bytes
MAX_FILES = 256
CHECK_SECONDS = 1.0  # between two looks at the folder

Stamp = tuple[tuple[str, int, int, int], ...]


@dataclass(frozen=True, slots=True)
class OwnRegistration:
    """A registration certificate as it is sent, and what it says."""

    file: str
    certificate: str
    says: Registration


class RegistrationFolder:
    """The registrations of a folder as they are now."""

    def __init__(self, folder: Path, *, elapsed: Callable[[], float] = time.monotonic) -> None:
        """Read the folder for the first time; one that is not there holds nothing.

        Raises:
            Malformed: a file is no registration certificate; the message names it.
        """
        self._folder = folder
        self._elapsed = elapsed
        self._looked_at = elapsed()
        self._stamp = _stamp(folder)
        self._registrations = read_registrations(folder)

    def current(self) -> tuple[OwnRegistration, ...]:
        """The registrations, in the order of their files; the folder is looked at once a second.

        Where a file became wrong, what was known before stays, and the log says which file: wallets judge what is sent.
        """
        now = self._elapsed()
        if now - self._looked_at < CHECK_SECONDS:
            return self._registrations
        self._looked_at = now
        stamp = _stamp(self._folder)
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                self._registrations = read_registrations(self._folder)
            except Malformed as error:
                get_logger().error("registrations", reason=error.description)
        return self._registrations


def read_registrations(folder: Path) -> tuple[OwnRegistration, ...]:
    """Every registration of a folder.

    Raises:
        Malformed: too many files, or one that is no registration certificate; the message names it.
    """
    files = _files(folder)
    if len(files) > MAX_FILES:
        raise Malformed(folder.name, f"has more than {MAX_FILES} files")
    return tuple([_read(file) for file in files])


def read_registration(name: str, data: bytes) -> OwnRegistration:
    """A registration as a file has it, or as one is to be written.

    Raises:
        Malformed: it is no registration certificate; the message names the file.
    """
    if len(data) > MAX_FILE:
        raise Malformed(name, f"is larger than {MAX_FILE} bytes")
    try:
        certificate = data.decode("ascii").strip()
    except UnicodeDecodeError as error:
        raise Malformed(name, "cannot be read as text") from error
    try:
        return OwnRegistration(name, certificate, peek_registration(certificate))
    except Flaw as flaw:
        raise Malformed(name, f"is no registration certificate ({flaw.description})") from flaw


def of_another_party(registration: Registration, leaf: Certificate) -> bool:
    """Whether a registration is for somebody else than the access certificate names: wallets refuse the two together."""
    return speaker_of(registration) not in leaf.identifiers


def _read(file: Path) -> OwnRegistration:
    try:
        with file.open("rb") as opened:
            data = opened.read(MAX_FILE + 1)
    except OSError as error:
        raise Malformed(file.name, "cannot be read as text") from error
    return read_registration(file.name, data)


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob(PATTERN)) if folder.is_dir() else []


def _stamp(folder: Path) -> Stamp:
    """What changes when a file is added, removed, replaced or written."""
    return tuple((file.name, *_file_stamp(file)) for file in _files(folder))


def _file_stamp(file: Path) -> tuple[int, int, int]:
    try:
        found = file.stat()
    except OSError:
        return 0, 0, 0  # gone since, or a link to nowhere: the reader says what that means
    return found.st_ino, found.st_mtime_ns, found.st_size
