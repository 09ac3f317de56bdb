"""Which certificates the authority of an issuer no longer stands for: a file beside its keys, to which is only added."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from protocol.crl import RevocationReason
from protocol.encoding import JsonValue
from protocol.errors import Malformed
from protocol.fields import Fields
from runtime.crl import RevokedCertificate
from runtime.seal import replace_private
from runtime.toml import write_toml

FILE = "revoked.toml"
CRL_PATH = "authority.crl"  # where readers find the list, below the issuer's address
MAX_REVOKED = 1000  # signers of one authority

_SERIAL = re.compile(r"[0-9a-f]{1,40}", re.ASCII)


def read_revoked(folder: Path) -> tuple[RevokedCertificate, ...]:
    """What is in the file, oldest first; none: nothing was revoked.

    Raises:
        Malformed: it was altered, and nobody can say any more what was revoked.
    """
    try:
        text = (folder / FILE).read_text(encoding="utf-8")
    except FileNotFoundError:
        return ()
    except UnicodeDecodeError as error:
        raise Malformed(FILE, "is not UTF-8") from error
    try:
        members = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Malformed(FILE, f"is not TOML: {error}") from error
    return tuple(map(_read, Fields(members, FILE).objects("certificates", max_items=MAX_REVOKED)))


def add_revoked(folder: Path, revoked: RevokedCertificate) -> None:
    """Put a certificate into the file, durably; one that is there stays as it is.

    Raises:
        Malformed: the file was altered, or is full; nothing was changed.
    """
    known = read_revoked(folder)
    if any(one.serial_number == revoked.serial_number for one in known):
        return
    if len(known) >= MAX_REVOKED:
        raise Malformed(FILE, f"has {MAX_REVOKED} certificates already; a new authority is needed")
    lines: list[JsonValue] = [
        {"serial": f"{one.serial_number:x}", "at": one.revoked_at, "reason": one.reason.value}
        for one in (*known, revoked)
    ]
    replace_private(folder / FILE, write_toml({"certificates": lines}).encode("utf-8"))


def _read(entry: Fields) -> RevokedCertificate:
    serial, reason = entry.text("serial"), entry.text("reason")
    if not _SERIAL.fullmatch(serial):
        raise Malformed(entry.path("serial"), "must be a serial number in small hexadecimal digits")
    if reason not in {known.value for known in RevocationReason}:
        raise Malformed(entry.path("reason"), "is no reason of RFC 5280")
    return RevokedCertificate(int(serial, 16), entry.integer("at"), RevocationReason(reason))
