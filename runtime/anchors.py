"""Reads trust anchors from a folder: PEM certificates, and `anchors.toml` that says whom each is trusted as.

[[anchor]]
file = "agency.pem"
role = "issuer"                    # issuer or verifier
name = "Einwohneramt der Stadt Musterstadt"
types = ["urn:eudi:pid:1"]         # what its issuers may issue; without it: every type

[[identifier]]
identifier = "did:web:uni.example"
role = "issuer"
name = "Universität"
"""

from __future__ import annotations

import json
import time
import tomllib
from collections.abc import Callable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from protocol.errors import Malformed, Unavailable
from protocol.fields import Fields
from protocol.trust.anchors import Role, TrustAnchor, TrustAnchors, TrustedIdentifier
from protocol.x509 import Certificate
from runtime.logs import get_logger

INDEX = "anchors.toml"
MAX_FILE = 256 * 1024  # bytes
CHECK_SECONDS = 1.0  # between two looks at the folder

Stamp = tuple[tuple[str, int, int, int], ...]


class AnchorFolder:
    """The anchors of a folder as they are now: read again when anything in it changed (T090)."""

    def __init__(self, folder: Path, *, elapsed: Callable[[], float] = time.monotonic) -> None:
        """Read the folder for the first time.

        Raises:
            Malformed: the folder is wrong; the message names the file.
        """
        self._folder = folder
        self._elapsed = elapsed
        self._looked_at = elapsed()
        self._stamp: Stamp | None = _stamp(folder)
        self._anchors = read_anchors(folder)

    def current(self) -> TrustAnchors:
        """The anchors; the folder is looked at once a second.

        Raises:
            Unavailable: the folder became wrong; nobody is trusted until it is right again. The log says which file.
        """
        now = self._elapsed()
        if now - self._looked_at >= CHECK_SECONDS or self._stamp is None:
            stamp = _stamp(self._folder)
            if stamp != self._stamp:
                self._stamp = None
                self._anchors = self._read_again()
                self._stamp = stamp
            self._looked_at = now
        return self._anchors

    def _read_again(self) -> TrustAnchors:
        try:
            return read_anchors(self._folder)
        except Malformed as error:
            get_logger().error("anchors", reason=error.description)
            raise Unavailable("whom to trust cannot be found out for the moment") from error


def _stamp(folder: Path) -> Stamp:
    """What changes when a file of the folder is added, removed, replaced or written."""
    try:
        names = sorted(path.name for path in folder.iterdir())
    except FileNotFoundError:
        return ()
    return tuple((name, *_file_stamp(folder / name)) for name in names)


def _file_stamp(path: Path) -> tuple[int, int, int]:
    try:
        found = path.stat()
    except OSError:
        # Gone since, or a link to nowhere: the reader says what that means
        return 0, 0, 0
    return found.st_ino, found.st_mtime_ns, found.st_size


def read_anchors(folder: Path) -> TrustAnchors:
    """The anchors of a folder; an absent index is no anchors at all.

    Raises:
        Malformed: the index or a file is wrong; the message names it.
    """
    index = folder / INDEX
    if not index.exists():
        return TrustAnchors()
    try:
        members = tomllib.loads(_read_file(index).decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Malformed(INDEX, "is not TOML") from error
    fields = Fields(members, INDEX)
    return TrustAnchors(
        [_anchor(entry, folder) for entry in fields.optional_objects("anchor")],
        [_identifier(entry) for entry in fields.optional_objects("identifier")],
    )


def read_certificate(pem: bytes, at: str) -> Certificate:
    """The certificate of a PEM file.

    Raises:
        Malformed: there is none, or a private key beside it.
    """
    # T242: a private key has no business here
    if b"PRIVATE KEY" in pem:
        raise Malformed(at, "must hold a certificate, and no private key")
    try:
        parsed = x509.load_pem_x509_certificate(pem)
    except ValueError as error:
        raise Malformed(at, "is not a PEM certificate") from error
    return Certificate.from_der(parsed.public_bytes(serialization.Encoding.DER), at)


def write_anchor(folder: Path, file: str, pem: bytes, *, role: Role, name: str, types: tuple[str, ...] = ()) -> None:
    """Add an anchor to a folder, for tools that set up an installation; a file of that name is replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / file).write_bytes(pem)
    members = [("file", _toml(file)), ("role", _toml(role)), ("name", _toml(name))]
    if types:
        members.append(("types", f"[{', '.join(map(_toml, types))}]"))
    entry = "".join(["[[anchor]]\n", *(f"{member} = {value}\n" for member, value in members), "\n"])
    index = folder / INDEX
    if not index.exists() or entry not in index.read_text(encoding="utf-8"):
        with index.open("a", encoding="utf-8") as lines:
            lines.write(entry)


def _toml(text: str) -> str:
    """A TOML basic string, whose escapes are JSON's."""
    return json.dumps(str(text), ensure_ascii=False).replace("\x7f", "\\u007f")


def _read_file(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE + 1)
    except OSError as error:
        raise Malformed(path.name, "cannot be read") from error
    if len(data) > MAX_FILE:
        raise Malformed(path.name, f"is larger than {MAX_FILE} bytes")
    return data


def _anchor(entry: Fields, folder: Path) -> TrustAnchor:
    file = entry.text("file", max_length=200)
    if Path(file).name != file:
        raise Malformed(entry.path("file"), "must be a file in the same folder")
    certificate = read_certificate(_read_file(folder / file), file)
    return TrustAnchor(certificate, _role(entry), entry.text("name"), frozenset(entry.optional_texts("types")))


def _identifier(entry: Fields) -> TrustedIdentifier:
    types = frozenset(entry.optional_texts("types"))
    return TrustedIdentifier(entry.text("identifier"), _role(entry), entry.text("name"), types)


def _role(entry: Fields) -> Role:
    try:
        return Role(entry.text("role"))
    except ValueError as error:
        raise Malformed(entry.path("role"), "must be issuer or verifier") from error
