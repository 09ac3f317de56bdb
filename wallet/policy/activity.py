"""What happened with the user's data, as its owner reads it: newest first, what was sent and what became of it as one."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, replace

from protocol.credential import ClaimPath
from protocol.encoding import read_json
from protocol.errors import Malformed
from protocol.oid4vci.metadata import ClaimDescription
from wallet.policy.document_names import Namer, namer_of, renamed
from wallet.policy.showing import claim_label, plain
from wallet.records import HeldCredential, LogEntry

PAGE = 50  # entries
Called = Callable[[ClaimPath], str]  # what data are called in general, in the reader's language


@dataclass(frozen=True, slots=True)
class Happened:
    """One thing that happened, and what became of it in the end."""

    entry: LogEntry
    outcome: str


@dataclass(frozen=True, slots=True)
class GivenShown:
    """Data of one document that an entry is about: what it was called, never what it said."""

    name: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """A part of the list."""

    entries: tuple[Happened, ...]
    more: bool  # there are older ones


def activity(log: Sequence[LogEntry]) -> tuple[Happened, ...]:
    """Everything, newest first; what another wallet wrote down stands where it happened, and not where it was brought in."""
    outcomes = {entry.completes: entry.outcome for entry in log if entry.completes}
    order = sorted(log, key=lambda entry: entry.at) if any(entry.origin for entry in log) else log
    return tuple(
        Happened(entry, outcomes.get(entry.number, entry.outcome)) for entry in reversed(order) if not entry.completes
    )


def page_of(happened: Sequence[Happened], name: Namer) -> Page:
    """The newest, with documents called as they are in the reader's language."""
    newest = [replace(one, entry=renamed(one.entry, name)) for one in happened[:PAGE]]
    return Page(tuple(newest), more=len(happened) > PAGE)


def about(happened: Sequence[Happened], kinds: Set[str]) -> tuple[Happened, ...]:
    """What happened with documents of these types."""
    return tuple(one for one in happened if any(credential.type in kinds for credential in one.entry.credentials))


def given(entry: LogEntry, held: Sequence[HeldCredential], language: str, called: Called) -> tuple[GivenShown, ...]:
    """The data that an entry is about, with the labels of documents of the same kind that are still there.

    `called` names what none of them describes any more.
    """
    described = {credential.type: credential.described().claims for credential in held}
    name = namer_of(held, language)
    labels: dict[str, dict[str, None]] = {}
    for credential in entry.credentials:
        named = [label_of(path, described.get(credential.type, ()), language, called) for path in credential.claims]
        # Forms of one document have one name, and most labels
        labels.setdefault(name(credential.type, credential.name, credential.names), {}).update(dict.fromkeys(named))
    return tuple(GivenShown(name, tuple(found)) for name, found in labels.items())


def label_of(text: str, descriptions: Sequence[ClaimDescription], language: str, called: Called) -> str:
    """What a claims path of the log is called, by what its issuer says of it; elements of an array have no number there."""
    try:
        steps = read_json(text.encode("utf-8"), "path")
    except Malformed:
        return plain(text)
    path = tuple(step for step in steps if step is None or isinstance(step, str)) if isinstance(steps, list) else ()
    if any(description.path == path for description in descriptions):
        return claim_label(tuple(0 if step is None else step for step in path), descriptions, language)
    named = tuple(step for step in path if step is not None)
    if named and not descriptions:
        return called(path)
    return claim_label(named, descriptions, language) or plain(text)
