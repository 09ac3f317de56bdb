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
from protocol.sovereignty.rules import About, CredentialType, Source

MAX_STEPS = 2000  # for one path in one credential: some thousand elements of an array, or fewer that are nested


@dataclass(frozen=True, slots=True)
class HeldCredential:
    """A credential in the wallet."""

    candidate: Candidate  # `id` is the document's: the copies of a batch share it
    about: About = About.SELF  # by its type, or as the citizen marked it
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


Documents = tuple[tuple[str, tuple[JsonValue, ...]], ...]  # for each its id, and what it says; empty: nothing


class Found(NamedTuple):
    """What stands where a claim may stand."""

    documents: Documents
    distinct: tuple[JsonValue, ...]  # what all of them say, each value once; null where one says nothing
    size: int  # how many values


class Holdings:
    """Everything that is held, at one moment. It remembers what it was asked, which changes no answer."""

    __slots__ = ("_by_type", "_ended", "_found", "_of_format", "_said", "today")

    def __init__(self, held: Iterable[HeldCredential], *, now: int, today: date) -> None:
        """Sort what is held; `today` is the date where the citizen is, by which ages count."""
        self.today = today
        self._by_type: dict[CredentialType, list[HeldCredential]] = {}
        self._of_format: dict[str, list[Candidate]] = {}
        self._ended: dict[CredentialType, set[About]] = {}
        self._found: dict[tuple[tuple[Source, ...], About], Found] = {}
        self._said: dict[tuple[Source, About], Documents] = {}
        documents: dict[str, HeldCredential] = {}
        for credential in held:
            if credential.counts(now):
                documents.setdefault(credential.candidate.id, credential)
            elif credential.ended(now):
                for named in _types(credential.candidate):
                    self._ended.setdefault(named, set()).add(credential.about)
        for credential in documents.values():
            self._of_format.setdefault(credential.candidate.format, []).append(credential.candidate)
            for named in _types(credential.candidate):
                self._by_type.setdefault(named, []).append(credential)

    def find(self, places: tuple[Source, ...], about: About) -> Found:
        """The documents that a claim may stand in, and what stands there; without values where it does not.

        Only what is valid now counts.
        """
        key = (places, about)
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = self._look(places, about)
        return found

    def has(self, named: CredentialType, about: About | None = None) -> bool:
        """Whether a document of a type is held that is valid now; about one of the two, or about whomever."""
        return any(about is None or held.about is about for held in self._by_type.get(named, ()))

    def has_ended(self, named: CredentialType, about: About | None = None) -> bool:
        """Whether one of a type was held whose time is over."""
        found = self._ended.get(named, ())
        return bool(found) if about is None else about in found

    def candidates(self, named: CredentialType) -> list[Candidate]:
        """What is held of a type and valid now."""
        return [held.candidate for held in self._by_type.get(named, ())]

    def of_format(self, name: str) -> list[Candidate]:
        """What is held in a format and valid now."""
        return self._of_format.get(name, [])

    def _look(self, places: tuple[Source, ...], about: About) -> Found:
        values: dict[str, tuple[JsonValue, ...]] = {}
        for place in places:
            for id_, found in self._look_at(place, about):
                values[id_] = (*values.get(id_, ()), *found)
        distinct: dict[tuple[type, JsonValue], JsonValue] = {}
        for said in values.values():
            for value in said or (None,):
                # Nothing in a container is ever compared, so one stands for all
                key = type(value), None if isinstance(value, dict | list) else value
                distinct.setdefault(key, value)
        return Found(tuple(values.items()), tuple(distinct.values()), sum(map(len, values.values())))

    def _look_at(self, place: Source, about: About) -> Documents:
        found = self._said.get((place, about))
        if found is None:
            held = [one.candidate for one in self._by_type.get(place.type, ()) if one.about is about]
            found = self._said[place, about] = tuple([(one.id, _select(one, place.path)) for one in held])
        return found


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
