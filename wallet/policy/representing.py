"""Acting for somebody else, as the wallet tells its user: by what the proof says that it holds, whatever is shown of it.

The log has no name, since a name is a value. It has a blinded hash of whom the user acted for, which is known again as long as
the wallet holds a proof that names them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from protocol.errors import Malformed
from protocol.fields import Fields
from protocol.formats import format_of
from protocol.keys import RandomBytes
from protocol.sovereignty.representation import TYPES, Company, Person, Representation, blinded, is_same
from wallet.policy.documents import document_id
from wallet.policy.services.holding import seem_about_others
from wallet.policy.showing import credential_name, plain
from wallet.records import HeldCredential, LogEntry

SALT_BYTES = 16
_SALT = 2 * SALT_BYTES  # characters


@dataclass(frozen=True, slots=True)
class Represented:
    """Somebody for whom the user acts."""

    id: str  # of the document that proves it
    name: str  # as people call them
    whom: Person | Company

    def is_marked(self, marks: Iterable[str]) -> bool:
        """Whether an entry of the log with these marks is about them."""
        return any(mark[_SALT:] == blinded(self.whom, bytes.fromhex(mark[:_SALT])) for mark in marks)


def acts_for(held: HeldCredential) -> str:
    """For whom its holder acts with a document, by their first name; empty: it is no proof, or none that is understood."""
    whom = represented_by(held)
    if whom is None:
        return ""
    return plain(whom.given_name if isinstance(whom, Person) else whom.name)


def about_whom(held: HeldCredential, everything: Iterable[HeldCredential]) -> str:
    """The first name of whom a document is about, where that is not the user: two of one kind are told apart by it.

    Empty: it is about the user, or nobody can tell.
    """
    if is_proof(held):
        return acts_for(held)
    if document_id(held) not in seem_about_others(everything):
        return ""
    named = [space.get("given_name") for space in format_of(held.format).namespaces(held.read_claims())]
    return next((plain(name) for name in named if isinstance(name, str)), "")


def named_with_whom(one: HeldCredential, held: Iterable[HeldCredential], language: str) -> str:
    """What a document is called, with the name of whom it is about where that is not the user."""
    name, whom = credential_name(one.described(), language), about_whom(one, held)
    return f"{name} ({whom})" if whom else name


def represented_people(held: Iterable[HeldCredential]) -> tuple[Represented, ...]:
    """Everybody for whom the user acts, each once, by the documents that are held."""
    found: list[Represented] = []
    for one in held:
        whom = represented_by(one)
        if whom is not None and not any(is_same(whom, other.whom) for other in found):
            found.append(Represented(one.id, acts_for(one), whom))
    return tuple(found)


def marks_of(
    shown: Sequence[HeldCredential], held: Sequence[HeldCredential], random_bytes: RandomBytes
) -> tuple[str, ...]:
    """The marks of an entry that says that these documents were shown.

    They are of those for whom the user acts with a proof among them, or whom one of them is about. Each has a salt of its own,
    so that two entries share nothing.
    """
    about = [person for one in shown if not is_proof(one) and (person := named_in(one)) is not None]
    acting = [whom for one in shown if (whom := represented_by(one)) is not None]
    marks = []
    for known in represented_people(held):
        if any(is_same(known.whom, whom) for whom in (*acting, *about)):
            salt = random_bytes(SALT_BYTES)
            marks.append(salt.hex() + blinded(known.whom, salt))
    return tuple(marks)


def entries_about(log: Iterable[LogEntry], wanted: str, people: Sequence[Represented]) -> frozenset[int]:
    """The numbers of the entries about one of these people, by id; `ME`: about the user; `OTHERS`: about nobody known here."""
    if wanted == ME:
        return frozenset([entry.number for entry in log if not entry.acting])
    marked = [entry for entry in log if entry.acting]
    if wanted == OTHERS:
        return frozenset([one.number for one in marked if not any(who.is_marked(one.acting) for who in people)])
    return frozenset([one.number for one in marked for who in people if who.id == wanted and who.is_marked(one.acting)])


def for_whom(entries: Iterable[LogEntry], people: Sequence[Represented]) -> Mapping[int, str]:
    """Number of an entry → the names of those whom it is about beside the user; empty: nobody who is known any more."""
    return {
        entry.number: ", ".join(who.name for who in people if who.is_marked(entry.acting))
        for entry in entries
        if entry.acting
    }


ME, OTHERS = "me", "others"


def is_proof(held: HeldCredential) -> bool:
    """Whether a document is a proof that its holder acts for somebody, in whichever form."""
    return held.type in TYPES


def represented_by(held: HeldCredential) -> Person | Company | None:
    """For whom its holder acts with a document; None: it is no proof, or none that is understood."""
    try:
        return Representation.from_document(held.type, held.read_claims()).represented
    except Malformed:
        return None


def named_in(held: HeldCredential) -> Person | None:
    """Whom a document names as the one it is about, in whichever form; of a proof that is whoever acts."""
    for space in format_of(held.format).namespaces(held.read_claims()):
        with suppress(Malformed):
            return Person.from_fields(Fields(space, "document"))
    return None
