"""The log is a chain over blinded hashes of its entries, so that an entry can be deleted and the chain still be checked.

Each link is over the one before and the hash of the entry. That hash is over 32 random bytes too: what is left of a deleted
entry says nothing to whoever guesses what it may have been. The last link is the head: whoever noted it can tell later that
nothing before it was altered. Entries of older vaults hang on plain hashes, until the vault is opened and renewed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import fields, replace

import orjson

from protocol.keys import RandomBytes
from runtime.seal import DamagedError
from wallet.records import DeletedEntry, LogEntry, LoggedCredential

BLIND_BYTES = 32
_NAMES = tuple([one.name for one in fields(LogEntry)])

Link = LogEntry | DeletedEntry


def digest_of(entry: LogEntry) -> str:
    """What the entry after one without a blind names it by, hex.

    A field that came later is left out where it says nothing, so that a chain that was begun without it still holds.
    """
    members = _members(entry)
    del members["blind"]
    return hashlib.sha256(orjson.dumps([LogEntry.__name__, members])).hexdigest()


def hash_of(entry: LogEntry) -> str:
    """The blinded hash of an entry, hex. It is not over the link before, which is in the next link anyway."""
    members = _members(entry)
    del members["blind"], members["before"]
    text = orjson.dumps([LogEntry.__name__, members])
    return hashlib.sha256(b"\0" + bytes.fromhex(entry.blind) + text).hexdigest()


def link_after(link: Link, before: str) -> str:
    """The link of the chain after one of its entries, hex."""
    if isinstance(link, LogEntry) and not link.blind:
        return digest_of(link)
    entry_hash = link.hash if isinstance(link, DeletedEntry) else hash_of(link)
    return hashlib.sha256(b"\1" + bytes.fromhex(before) + bytes.fromhex(entry_hash)).hexdigest()


def deleted(entry: LogEntry) -> DeletedEntry:
    """What is left of an entry; one without a blind, which could be guessed, is a ValueError."""
    if not entry.blind:
        raise ValueError("the hash of an entry without a blind says what it was")
    return DeletedEntry(entry.number, hash_of(entry))


def check_chain(found: Iterable[Link], *, length: int, end: str) -> tuple[Link, ...]:
    """The log in its order.

    Raises:
        DamagedError: an entry was altered, or is missing.
    """
    links = tuple(sorted(found, key=lambda link: link.number))
    before = ""
    for number, link in enumerate(links, 1):
        if link.number != number or (isinstance(link, LogEntry) and link.before != before):
            raise DamagedError(f"log: entry {number} is missing or was altered")
        before = link_after(link, before)
    if len(links) != length or before != end:
        raise DamagedError("log: its end is missing")
    return links


def blinded_anew(links: Iterable[Link], random_bytes: RandomBytes) -> tuple[tuple[Link, ...], str]:
    """The same log with a blind for each entry that has none, and the end of its chain."""
    before, made = "", list[Link]()
    for link in links:
        made.append(_blinded(link, before, random_bytes))
        before = link_after(made[-1], before)
    return tuple(made), before


def _blinded(link: Link, before: str, random_bytes: RandomBytes) -> Link:
    if isinstance(link, DeletedEntry):
        return link
    return replace(link, blind=link.blind or random_bytes(BLIND_BYTES).hex(), before=before)


def _members(entry: LogEntry) -> dict[str, object]:
    members = {name: getattr(entry, name) for name in _NAMES}
    for later in ("in_person", "origin", "acting", "noted", "organisation"):
        if not members[later]:
            del members[later]
    members["credentials"] = [_credential(one) for one in entry.credentials]
    return members


def _credential(logged: LoggedCredential) -> dict[str, object]:
    members: dict[str, object] = {"name": logged.name, "type": logged.type, "claims": logged.claims}
    return {**members, "names": logged.names} if logged.names else members
