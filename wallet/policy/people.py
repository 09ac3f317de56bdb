"""Whom documents are about beside the user, and whether a document belongs to an answer that is for one of them.

A family has two birth certificates of one type. What is given for Mia must not have a document of Jonas in it, and a proof that
somebody acts for Mia says nothing about Jonas (T187). All of it is decided here, on what is held; nobody hears of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from protocol.encoding import JsonValue
from protocol.errors import InvalidRequest, Malformed
from protocol.fields import Fields
from protocol.formats import format_of
from protocol.mdoc.names import as_claims
from protocol.sovereignty.representation import Company, Person, blinded
from protocol.sovereignty.rules import About
from wallet.policy.documents import document_id
from wallet.policy.representing import is_proof, named_in, represented_by
from wallet.policy.services.holding import born
from wallet.policy.showing import plain
from wallet.records import HeldCredential

Named = Person | Company
ME = "me"
NEW = "new"  # somebody of whom nothing is held yet
_DEPTH = 4  # of a document, in which people are looked for
_ID = 16  # hexadecimal digits


class PeopleMixed(InvalidRequest):
    """A proof that the user acts for one person was chosen with a document about another; nothing was sent."""

    def __init__(self) -> None:
        super().__init__("the proof is about one person and a document about another; nothing was sent")


@dataclass(frozen=True, slots=True)
class Aim:
    """For whom an answer or a plan is. None: for the user, or for somebody of whom nothing is held yet."""

    whom: Named | None


@dataclass(frozen=True, slots=True)
class WhomShown:
    """Somebody for whom a plan or an answer can be."""

    id: str  # of a person, `ME` or `NEW`
    name: str = ""  # empty: the user, or somebody new


def person_id(whom: Named) -> str:
    """What a person is called in our own forms: the same as long as their names and date of birth are."""
    return blinded(whom, b"whom")[:_ID]


@dataclass(frozen=True, slots=True)
class People:
    """Everybody but the user whom documents are about, or for whom the user acts, and the documents that speak of them."""

    known: tuple[Named, ...]  # each once, by name
    _spoken_of: Mapping[str, tuple[Named, ...]]  # document → whom of these it is about, or names; absent: nobody

    @classmethod
    def among(cls, held: Iterable[HeldCredential], marks: Mapping[str, About] | None = None) -> Self:
        """Find them. `marks`: document → whom it is about, as the citizen said; that wins over what it looks like."""
        held, marks = tuple(held), marks or {}
        own = born(held)
        subjects: dict[tuple[str, ...], Named] = {}
        about: dict[str, list[Named]] = {}
        for one in held:
            whom = _subject(one, own, marks.get(document_id(one)))
            if whom is not None:
                same = subjects.setdefault(_key(whom), whom)
                about.setdefault(document_id(one), []).append(same)
        for one in held:
            # A notice to a parent has the child inside; that alone makes nobody known, or each parent in it were
            if document_id(one) not in about:
                inside = {_key(person) for person in _people_inside(one)}
                found = [subjects[key] for key in subjects if key in inside]
                if found:
                    about[document_id(one)] = found
        known = sorted(subjects.values(), key=lambda whom: (_first(whom), _key(whom)))
        return cls(tuple(known), {name: tuple(dict.fromkeys(found)) for name, found in about.items()})

    def spoken_of(self, held: HeldCredential) -> tuple[Named, ...]:
        """Whom a document is about or names, of those who are known; empty: nobody but the user."""
        return self._spoken_of.get(document_id(held), ())

    def fits(self, held: HeldCredential, aim: Aim | None) -> bool:
        """Whether a document belongs to what is for somebody: it is about nobody else. None: everything does."""
        found = self.spoken_of(held)
        return aim is None or not found or (aim.whom is not None and _key(aim.whom) in map(_key, found))

    def fitting(self, held: Iterable[HeldCredential], aim: Aim | None) -> tuple[HeldCredential, ...]:
        """Of some documents those that belong to what is for somebody."""
        return tuple([one for one in held if self.fits(one, aim)])

    def named(self, whom: Named) -> str:
        """What somebody is called: by the first name, and by more where that is not enough to tell them apart."""
        others = [one for one in self.known if _key(one) != _key(whom)]
        if isinstance(whom, Company):
            return plain(whom.name)
        if all(_first(one) != _first(whom) for one in others):
            return plain(whom.given_name)
        if all(isinstance(one, Company) or one.name != whom.name for one in others):
            return plain(whom.name)
        return plain(f"{whom.name}, {whom.birthdate.isoformat()}")


def check_one_person(chosen: Sequence[HeldCredential], people: People) -> None:
    """Check that proofs of acting for somebody go with documents about the same one only; without a proof, nothing is asked.

    Raises:
        PeopleMixed: they do not (T187).
    """
    proofs = [one for one in chosen if is_proof(one)]
    meant = {_key(whom) for one in proofs for whom in people.spoken_of(one)}
    for one in chosen if meant else ():
        found = {_key(whom) for whom in people.spoken_of(one)}
        if len(meant) > 1 or (found and found.isdisjoint(meant)):
            raise PeopleMixed


def could_mix(choices: Sequence[Sequence[HeldCredential]], people: People) -> bool:
    """Whether a proof that answers one question could go with a document about somebody else that answers another."""
    for place, fitting in enumerate(choices):
        others = [one for number, other in enumerate(choices) if number != place for one in other]
        for proof in fitting:
            meant = people.spoken_of(proof) if is_proof(proof) else ()
            if meant and any(set(found).isdisjoint(meant) for one in others if (found := people.spoken_of(one))):
                return True
    return False


def acted_for(choices: Sequence[Sequence[HeldCredential]], people: People) -> tuple[Named, ...]:
    """For whom the proofs among some documents are, each once."""
    found = {_key(whom) for one in choices for held in one if is_proof(held) for whom in people.spoken_of(held)}
    return tuple([whom for whom in people.known if _key(whom) in found])


def _subject(held: HeldCredential, own: frozenset[str], mark: About | None) -> Named | None:
    if is_proof(held):
        return represented_by(held)
    if mark is About.SELF:
        return None
    person = named_in(held)
    if person is None:
        return None
    # Where nothing says when the user was born, nobody guesses whose it is
    is_other = bool(own) and person.birthdate.isoformat() not in own
    return person if mark is About.REPRESENTED or is_other else None


def _people_inside(held: HeldCredential) -> Iterator[Person]:
    for space in format_of(held.format).namespaces(held.read_claims()):
        for value in space.values():
            yield from _people(value, _DEPTH)


def _people(value: JsonValue, depth: int) -> Iterator[Person]:
    if not depth:
        return
    if isinstance(value, list):
        for item in value:
            yield from _people(item, depth - 1)
    elif isinstance(value, dict):
        try:
            yield Person.from_fields(Fields(as_claims(value), "document"))
        except Malformed:
            for item in value.values():
                yield from _people(item, depth - 1)


def _key(whom: Named) -> tuple[str, ...]:
    return type(whom).__name__, *whom.known_by


def _first(whom: Named) -> str:
    return (whom.given_name if isinstance(whom, Person) else whom.name).casefold()
