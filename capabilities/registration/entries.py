"""Services that somebody hands in for the catalogue, as they write them down: JSON, several in one file.

{"services": [{"id": "child-benefit", "provider": …, …}, …]}, or the array alone, or one entry alone; each as
docs/sovereignty/catalogue.md has it.
"""

from __future__ import annotations

from pathlib import Path

from protocol.encoding import JsonValue, read_json
from protocol.errors import Malformed, TooLarge

MAX_SERVICES_FILE = 2 * 1024 * 1024  # bytes
MAX_ENTRIES = 100  # in one file


def entries_of(value: JsonValue) -> tuple[JsonValue, ...]:
    """The entries of a file; what is in each is not looked at.

    Raises:
        Malformed: there are none, or too many.
    """
    found = value.get("services", [value]) if isinstance(value, dict) else value
    if not isinstance(found, list) or not found:
        raise Malformed("services", "must be an array of services")
    if len(found) > MAX_ENTRIES:
        raise TooLarge("services", f"has more than {MAX_ENTRIES} services")
    return tuple(found)


def read_services(content: bytes, at: str) -> tuple[JsonValue, ...]:
    """The entries of a file.

    Raises:
        TooLarge: more than `MAX_SERVICES_FILE` bytes, or too many entries.
        Malformed: it is not JSON, or there are no services in it.
    """
    return entries_of(read_json(content, at, max_bytes=MAX_SERVICES_FILE))


def read_services_file(file: Path) -> tuple[JsonValue, ...]:
    """The entries of a file on this machine.

    Raises:
        OSError: it cannot be read.
        TooLarge, Malformed: see `read_services`.
    """
    with file.open("rb") as content:
        return read_services(content.read(MAX_SERVICES_FILE + 1), file.name)
