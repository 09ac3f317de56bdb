"""Trust anchors in a folder: PEM certificates, and `anchors.toml` that says whom each is trusted as.

[[anchor]]
file = "agency.pem"
role = "issuer"                    # issuer, verifier, wallet-provider or registration-provider
name = "Einwohneramt der Stadt Musterstadt"
types = ["urn:eudi:pid:1"]         # what its issuers may issue; without it: every type

[[identifier]]
identifier = "did:web:uni.example"
role = "issuer"
name = "Universität"

Beside them stand `[[list]]` and `[[list_of_lists]]`; see `runtime.trust_lists.configured`.
"""

from __future__ import annotations

import json
import re
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from protocol.encoding import sha256
from protocol.errors import Malformed, Unavailable
from protocol.exchange import Exchange
from protocol.fields import Fields
from protocol.trust.anchors import Role, TrustAnchor, TrustAnchors, TrustedIdentifier
from protocol.trust.list_types import ListType
from protocol.trust.register_asking import Register
from protocol.x509 import Certificate
from runtime.conversation import slow
from runtime.logs import get_logger
from runtime.trust_lists.configured import FollowedList, FollowedLists, list_entry
from runtime.trust_lists.fetching import Fetched, fetch_lists
from runtime.trust_lists.kept import LISTS, KeptLists
from runtime.trust_lists.standing import ListReader, ListsAge

INDEX = "anchors.toml"
MAX_FILE = 256 * 1024  # bytes
CHECK_SECONDS = 1.0  # between two looks at the folder

Stamp = tuple[tuple[str, int, int, int], ...]
CertificateOf = Callable[[str], Certificate]

_ENTRY = re.compile(r"^(?=[ \t]*\[\[(?:anchor|identifier|list|list_of_lists)\]\])", re.MULTILINE)


class AnchorFolder:
    """The anchors of a folder, and of the lists that it names, as they are now: read again when anything changed (T090)."""

    def __init__(self, folder: Path, now: Callable[[], int], *, elapsed: Callable[[], float] = time.monotonic) -> None:
        """Read the folder for the first time. `now` is the time by which lists end, in epoch seconds.

        Raises:
            Malformed: the folder is wrong; the message names the file.
        """
        self._folder = folder
        self._now = now
        self._elapsed = elapsed
        self._kept = KeptLists.beside(folder)
        self._reader = ListReader(self._kept)
        self._looked_at = elapsed()
        self._stamp: Stamp | None = _stamp(folder)
        self._good_until: int | None = None  # epoch seconds; None: no list ends
        self._registers: tuple[Register, ...] = ()
        self._age: ListsAge | None = None
        self._anchors = self._read()

    def current(self) -> TrustAnchors:
        """The anchors; the folder is looked at once a second, and again when a list ends.

        Raises:
            Unavailable: the folder became wrong; nobody is trusted until it is right again. The log says which file.
        """
        elapsed = self._elapsed()
        if elapsed - self._looked_at >= CHECK_SECONDS or self._stamp is None:
            stamp = _stamp(self._folder)
            ended = self._good_until is not None and self._now() >= self._good_until
            if stamp != self._stamp or ended:
                self._stamp = None
                self._anchors = self._read_again()
                self._stamp = stamp
            self._looked_at = elapsed
        return self._anchors

    def registers(self) -> tuple[Register, ...]:
        """The registers that the lists have, which can be asked about somebody; looked at as `current`.

        Raises:
            Unavailable: the folder became wrong.
        """
        self.current()
        return self._registers

    @property
    def lists_end(self) -> int | None:
        """When the first of the lists that count now ends, in epoch seconds; None: none counts."""
        return self._good_until

    def lists_age(self) -> ListsAge | None:
        """How old that is which the lists say; None: no list is followed. Looked at as `current`.

        Raises:
            Unavailable: the folder became wrong.
        """
        self.current()
        return self._age

    def refresh(self) -> Exchange[Fetched]:
        """Fetch the lists that the folder names; what is good is kept, and counts from the next look on.

        Raises:
            Unavailable: the folder is wrong.
        """
        followed = (yield from slow(self._index_now)).followed
        fetched = yield from fetch_lists(followed, self._kept, now=self._now())
        # Whoever asked for it wants to know it now, and not within the second
        self._stamp = None
        return fetched

    def _index_now(self) -> AnchorIndex:
        try:
            return read_index(self._folder)
        except Malformed as error:
            raise self._wrong(error) from error

    def _read(self) -> TrustAnchors:
        index = read_index(self._folder)
        listed = self._reader.read(index.followed, now=self._now())
        self._good_until = listed.until
        self._registers = listed.registers
        self._age = listed.age
        return TrustAnchors([*index.anchors, *listed.anchors], index.identifiers)

    def _read_again(self) -> TrustAnchors:
        try:
            return self._read()
        except Malformed as error:
            raise self._wrong(error) from error

    def _wrong(self, error: Malformed) -> Unavailable:
        get_logger().error("anchors", reason=error.description)
        return Unavailable("whom to trust cannot be found out for the moment")


def _stamp(folder: Path) -> Stamp:
    """What changes when a file of the folder is added, removed, replaced or written."""
    try:
        names = sorted(path.name for path in folder.iterdir() if path.name != LISTS)
    except FileNotFoundError:
        return ()
    return tuple((name, *_file_stamp(folder / name)) for name in names) + KeptLists.beside(folder).stamp()


def _file_stamp(path: Path) -> tuple[int, int, int]:
    try:
        found = path.stat()
    except OSError:
        # Gone since, or a link to nowhere: the reader says what that means
        return 0, 0, 0
    return found.st_ino, found.st_mtime_ns, found.st_size


class AnchorIndex(NamedTuple):
    """What a folder says itself."""

    anchors: tuple[TrustAnchor, ...]
    identifiers: tuple[TrustedIdentifier, ...]
    followed: FollowedLists


def read_index(folder: Path) -> AnchorIndex:
    """What a folder says; an absent index says nothing.

    Raises:
        Malformed: the index or a file is wrong; the message names it.
    """
    return _parse(_read_text(folder), _certificates(folder))


def read_anchors(folder: Path) -> TrustAnchors:
    """The anchors that stand in a folder itself, without those of its lists; an absent index is no anchors at all.

    Raises:
        Malformed: the index or a file is wrong; the message names it.
    """
    index = read_index(folder)
    return TrustAnchors(index.anchors, index.identifiers)


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


def anchor_file(certificate: Certificate) -> str:
    """The name of the file that a command keeps an authority in: the same certificate is the same file."""
    return f"{sha256(certificate.der).hex()[:32]}.pem"


def write_anchor(folder: Path, file: str, pem: bytes, *, role: Role, name: str, types: tuple[str, ...] = ()) -> None:
    """Add an anchor to a folder, for commands and for tools that set up an installation; a file of that name is replaced.

    Raises:
        Malformed: what was there, or what would be there, cannot be read; nothing was changed.
    """
    members = [("file", _toml(file)), ("role", _toml(role)), ("name", _toml(name))]
    if types:
        members.append(("types", f"[{', '.join(map(_toml, types))}]"))
    entry = "".join(["[[anchor]]\n", *(f"{member} = {value}\n" for member, value in members), "\n"])
    _add(folder, entry, {file: pem})


def write_list_of_lists(folder: Path, url: str, signer: bytes) -> None:
    """Have a folder trust whom the lists name that a list of lists names; `signer` is the PEM that its operator gave out.

    Raises:
        Malformed: what was there, or what would be there, cannot be read; nothing was changed.
    """
    certificate = read_certificate(signer, "signer")
    file = anchor_file(certificate)
    name = urlsplit(url).hostname or url
    followed = FollowedList(url, str(ListType.REGISTRARS), (certificate,), name, files=(file,))
    _add(folder, list_entry("list_of_lists", followed), {file: signer})


def _add(folder: Path, entry: str, files: Mapping[str, bytes]) -> None:
    """Add an entry with its files."""
    text = _read_text(folder)
    if entry not in text:
        # Whoever wrote the last line by hand may have left it open
        text += ("" if not text or text.endswith("\n") else "\n") + entry
    new = {name: read_certificate(pem, name) for name, pem in files.items()}
    others = _certificates(folder)
    _parse(text, lambda named: new[named] if named in new else others(named))
    folder.mkdir(parents=True, exist_ok=True)
    # The files come first: a service that reads the folder in between must find what the index names
    for name, pem in files.items():
        (folder / name).write_bytes(pem)
    _write_index(folder, text)


def remove_anchors(folder: Path, unwanted: Callable[[TrustAnchor | TrustedIdentifier], bool]) -> None:
    """Take entries out of a folder's index, each with the lines below it; everything else stays as people wrote it.

    The file of a certificate goes too, if a command named it and no entry needs it any more.

    Raises:
        Malformed: the folder is wrong, or its index is written in a way that only its writer can change; nothing was changed.
    """
    text = _read_text(folder)
    before = _parse(text, _certificates(folder))
    entries: dict[str, Iterator[TrustAnchor | TrustedIdentifier]] = {
        "anchor": iter(before.anchors),
        "identifier": iter(before.identifiers),
    }
    kept = []
    for piece in _ENTRY.split(text):
        header = piece.strip()[2:].partition("]")[0] if _ENTRY.match(piece) else ""
        entry = next(entries[header], None) if header in entries else None
        if entry is None or not unwanted(entry):
            kept.append(piece)
    text = "".join(kept)
    after = _parse(text, _certificates(folder))
    # TOML can say the same in other ways than by entries with a head of their own
    everybody: list[TrustAnchor | TrustedIdentifier] = [*before.anchors, *before.identifiers]
    if [*after.anchors, *after.identifiers] != [entry for entry in everybody if not unwanted(entry)]:
        raise Malformed(INDEX, "is written in a way that only a person can change; take the entry out by hand")
    _write_index(folder, text)
    for certificate in {a.certificate for a in before.anchors} - {a.certificate for a in after.anchors}:
        (folder / anchor_file(certificate)).unlink(missing_ok=True)


def _toml(text: str) -> str:
    """A TOML basic string, whose escapes are JSON's."""
    return json.dumps(str(text), ensure_ascii=False).replace("\x7f", "\\u007f")


def _read_text(folder: Path) -> str:
    index = folder / INDEX
    if not index.exists():
        return ""
    try:
        return read_file(index).decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed(INDEX, "is not TOML") from error


def _write_index(folder: Path, text: str) -> None:
    """As a whole or not at all: half an index is nobody's trust, or somebody's too much."""
    temporary = folder / f".{INDEX}.new"
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(folder / INDEX)


def _parse(text: str, certificate_of: CertificateOf) -> AnchorIndex:
    if len(text.encode("utf-8")) > MAX_FILE:
        raise Malformed(INDEX, f"is larger than {MAX_FILE} bytes")
    try:
        members = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Malformed(INDEX, "is not TOML") from error
    fields = Fields(members, INDEX)
    return AnchorIndex(
        tuple([_anchor(entry, certificate_of) for entry in fields.optional_objects("anchor")]),
        tuple([_identifier(entry) for entry in fields.optional_objects("identifier")]),
        FollowedLists.from_fields(fields, certificate_of),
    )


def _certificates(folder: Path) -> CertificateOf:
    return lambda file: read_certificate(read_file(folder / file), file)


def read_file(path: Path) -> bytes:
    """A file of an anchor, or one that is to become one, as far as it can be one (T242).

    Raises:
        Malformed: it cannot be read, or is too large.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE + 1)
    except OSError as error:
        raise Malformed(path.name, "cannot be read") from error
    if len(data) > MAX_FILE:
        raise Malformed(path.name, f"is larger than {MAX_FILE} bytes")
    return data


def _anchor(entry: Fields, certificate_of: CertificateOf) -> TrustAnchor:
    certificate = certificate_of(_in_folder(entry.text("file", max_length=200), entry.path("file")))
    return TrustAnchor(certificate, _role(entry), entry.text("name"), frozenset(entry.optional_texts("types")))


def _in_folder(file: str, at: str) -> str:
    if Path(file).name != file:
        raise Malformed(at, "must be a file in the same folder")
    return file


def _identifier(entry: Fields) -> TrustedIdentifier:
    types = frozenset(entry.optional_texts("types"))
    return TrustedIdentifier(entry.text("identifier"), _role(entry), entry.text("name"), types)


def _role(entry: Fields) -> Role:
    try:
        return Role(entry.text("role"))
    except ValueError as error:
        raise Malformed(entry.path("role"), f"must be one of {', '.join(Role)}") from error
