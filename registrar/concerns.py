"""What an operator should look at twice before a registration is approved: it asks for much, or for something special.

These are hints for people, who decide; nothing is refused by them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from capabilities.registration.party import Party
from capabilities.registration.uses import Use
from protocol.credential import ClaimPath
from protocol.trust.registration import RegisteredCredential
from registrar.catalogue import NUMBER, PORTRAIT, KnownDatum, document_of, encloses
from registrar.sheet import path_text

MANY = 8  # pieces of data in one use that are much
LONG = 366  # days that are long to keep data


class Worry(StrEnum):
    """Why to look twice."""

    MANY = "many"  # much data at once
    PORTRAIT = "portrait"  # a picture of the person
    NUMBER = "number"  # by which the person is known again everywhere
    LONG = "long"  # data is kept for more than a year
    TWICE = "twice"  # another use of the same party asks for it already
    UNKNOWN = "unknown"  # a kind of document that this program has no words for


@dataclass(frozen=True, slots=True)
class Concern:
    """One reason to look twice."""

    worry: Worry
    use: str  # id
    data: tuple[str, ...] = ()  # what it is about, in the reader's language
    number: int = 0
    other: str = ""  # id of the other use


def concerns(proposed: Party, registered: Party | None, language: str) -> tuple[Concern, ...]:
    """Everything to look at twice in what somebody wants to have registered."""
    return tuple(concern for use in proposed.uses for concern in _of_use(use, proposed, registered, language))


def _of_use(use: Use, proposed: Party, registered: Party | None, language: str) -> Iterator[Concern]:
    count = len(
        {piece for credential in use.credentials for path in credential.claims for piece in _pieces(credential, path)}
    )
    if count > MANY:
        yield Concern(Worry.MANY, use.id, number=count)
    for kind, worry in ((PORTRAIT, Worry.PORTRAIT), (NUMBER, Worry.NUMBER)):
        special = dict.fromkeys(datum.name(language) for datum in _data(use) if datum.kind == kind)
        if special:
            yield Concern(worry, use.id, tuple(special))
    if use.retention_days > LONG:
        yield Concern(Worry.LONG, use.id, number=use.retention_days)
    if not all(map(document_of, use.credentials)):
        yield Concern(Worry.UNKNOWN, use.id)
    others = {other.id: other for other in (*(registered.uses if registered else ()), *proposed.uses)}
    for other in others.values():
        again = [] if other.id == use.id else _again(use, other, language)
        if again:
            yield Concern(Worry.TWICE, use.id, tuple(again), other=other.id)


def _again(use: Use, other: Use, language: str) -> list[str]:
    """What a use asks for that another one asks for, too."""
    found: dict[str, None] = {}
    for mine in use.credentials:
        for theirs in other.credentials:
            for path in encloses(theirs, mine):
                known = document_of(mine)
                datum = known.datum(path) if known else None
                found[datum.name(language) if datum else path_text(path)] = None
    return list(found)


def _data(use: Use) -> Iterator[KnownDatum]:
    """The pieces of data that we have words for, and those that are inside of what is asked for."""
    for credential in use.credentials:
        known = document_of(credential)
        for path in credential.claims if known else ():
            yield from known.within(path) if known else ()


def _pieces(credential: RegisteredCredential, path: ClaimPath) -> tuple[tuple[str, ClaimPath], ...]:
    """The pieces of data that a path stands for: itself, or what is known to be inside of it; in both forms the same ones."""
    known = document_of(credential)
    if known is None:
        return ((" ".join((credential.format, *credential.meta.types)), path),)
    own = known.place(path)
    inside = [datum.path for datum in known.within(path) if datum.path != own]
    return tuple((known.id, place) for place in inside or (own,))
