"""What a citizen holds, as rules and needs see it: one entry for each document, however many copies of it there are.

It is sorted once by type, and what stands at a path is looked up once; a catalogue of a thousand services asks the same few
questions again and again. It never leaves the wallet.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from protocol.credential import ClaimPath
from protocol.dcql.match import Candidate
from protocol.dcql.path import EvaluationBudget, select_path
from protocol.encoding import JsonValue
from protocol.errors import InvalidRequest
from protocol.sovereignty.comparing import Column
from protocol.sovereignty.rules import About, CredentialType, Source

MAX_STEPS = 2000  # for one path in one credential: some thousand elements of an array, or fewer that are nested


@dataclass(frozen=True, slots=True)
class HeldCredential:
    """A credential in the wallet."""

    candidate: Candidate  # `id` is the document's: the copies of a batch share it
    about: About | None = (
        About.SELF
    )  # by its type, or as the citizen marked it; None: nobody said, so no rule looks into it
    not_before: int | None = None  # epoch seconds
    expires_at: int | None = None
    revoked: bool = False  # or suspended

    def counts(self, now: int) -> bool:
        """Whether it is valid now."""
        begun = self.not_before is None or self.not_before <= now
        return begun and not self.revoked and (self.expires_at is None or now < self.expires_at)

    def ended(self, now: int) -> bool:
        """Whether all that is wrong with it is that its time is over."""
        return not self.revoked and self.expires_at is not None and self.expires_at <= now


class _Numbered(NamedTuple):
    """A document, and its place among those that count."""

    place: int
    credential: HeldCredential


class Holdings:
    """Everything that is held, at one moment. It remembers what it was asked, which changes no answer."""

    __slots__ = ("_about", "_bound", "_by_type", "_columns", "_ended", "_of_format", "_places", "today")

    def __init__(self, held: Iterable[HeldCredential], *, now: int, today: date) -> None:
        """Sort what is held; `today` is the date where the citizen is, by which ages count."""
        self.today = today
        self._by_type: dict[CredentialType, list[_Numbered]] = {}
        self._about: set[tuple[CredentialType, About | None]] = set()
        self._of_format: dict[str, list[Candidate]] = {}
        self._ended: dict[CredentialType, set[About | None]] = {}
        self._bound: dict[tuple[CredentialType, bool], int] = {}
        self._columns: dict[tuple[Source, About | None], Column] = {}
        self._places: dict[int, tuple[int, ...]] = {}
        documents: dict[str, HeldCredential] = {}
        for credential in held:
            if credential.counts(now):
                documents.setdefault(credential.candidate.id, credential)
            elif credential.ended(now):
                for named in _types(credential.candidate):
                    self._ended.setdefault(named, set()).add(credential.about)
        for place, credential in enumerate(documents.values()):
            self._of_format.setdefault(credential.candidate.format, []).append(credential.candidate)
            for named in _types(credential.candidate):
                self._by_type.setdefault(named, []).append(_Numbered(place, credential))
                self._about.add((named, credential.about))

    def look_into(self, places: tuple[Source, ...], about: About) -> list[Column]:
        """What stands where a claim may stand. Only what is valid now counts."""
        return [self.column(place, about) for place in places]

    def column(self, place: Source, about: About | None) -> Column:
        """What stands at one place, in documents about somebody; None: in those of which nobody said."""
        found = self._columns.get((place, about))
        if found is None:
            held = [one for one in self._by_type.get(place.type, ()) if one.credential.about is about]
            said = tuple([(one.place, _select(one.credential.candidate, place.path)) for one in held])
            found = self._columns[place, about] = Column(said, self.today)
        return found

    def has(self, named: CredentialType, about: About | None = None) -> bool:
        """Whether a document of a type is held that is valid now; about one of the two, or about whomever."""
        return named in self._by_type if about is None else (named, about) in self._about

    def may_have(self, named: CredentialType, about: About) -> bool:
        """Whether one is held that is about somebody, or of which nobody said yet whom it is about."""
        return (named, about) in self._about or (named, None) in self._about

    def has_ended(self, named: CredentialType, about: About | None = None) -> bool:
        """Whether one of a type was held whose time is over."""
        found = self._ended.get(named, ())
        return bool(found) if about is None else about in found

    def candidates(self, named: CredentialType) -> list[Candidate]:
        """What is held of a type and valid now."""
        return [one.credential.candidate for one in self._by_type.get(named, ())]

    def documents(self, named: CredentialType, *, bound: bool) -> int:
        """The documents of a type, or of them those that are bound to a key of the holder; with one bit for each."""
        found = self._bound.get((named, bound))
        if found is None:
            held = self._by_type.get(named, ())
            places = [1 << one.place for one in held if one.credential.candidate.holder_bound or not bound]
            found = self._bound[named, bound] = sum(places)
        return found

    def places(self, documents: int) -> tuple[int, ...]:
        """The places of some documents among all that count, in the order in which they are held."""
        found = self._places.get(documents)
        if found is None:
            bits = range(documents.bit_length())
            found = self._places[documents] = tuple([place for place in bits if documents >> place & 1])
        return found

    def of_format(self, name: str) -> list[Candidate]:
        """What is held in a format and valid now."""
        return self._of_format.get(name, [])


def _types(candidate: Candidate) -> tuple[CredentialType, ...]:
    """Every type that a credential is good for."""
    names = dict.fromkeys((candidate.type, *candidate.type_ancestry))
    return tuple([CredentialType(candidate.format, name) for name in names])


def _select(candidate: Candidate, path: ClaimPath) -> tuple[JsonValue, ...]:
    """What a path selects. A null selects each element; more than we look at is as if it said nothing."""
    try:
        return tuple([value for _, value in select_path(candidate.claims, path, EvaluationBudget(MAX_STEPS))])
    except InvalidRequest:
        return ()
