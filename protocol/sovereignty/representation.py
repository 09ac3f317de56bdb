"""Acting for somebody else: what the proof of it says, and whether an answer to one request holds together (decision 0054).

Signatures, status and validity of the documents are checked before; here is only who they are about. An answer has the proof,
the identity of whoever acts, and perhaps data about whom they act for. Names are compared as people read them.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Self

from protocol.encoding import JsonObject, encode_json
from protocol.errors import InvalidRequest, Malformed
from protocol.fields import Fields
from protocol.mdoc.names import as_claims

TYPE = "urn:hoheit:representation:1"
DOCTYPE = "org.hoheit.representation.1"  # as an mdoc, and its namespace
TYPES = frozenset((TYPE, DOCTYPE))
EVERYTHING = "everything"  # the area that has all others in it
MAX_AREAS = 50
MAX_NAME = 300  # characters
MAX_QUERIES = 20
MAX_FORMS = 5  # of one document


class Relation(StrEnum):
    """Why somebody may act for another."""

    PARENT = "parent"
    GUARDIAN = "guardian"
    EMPLOYEE = "employee"


class WhyNot(StrEnum):
    """Why somebody may not act here."""

    NO_PROOF = "no_proof"
    ANOTHER_ACTS = "another_acts"  # the proof is not of the one who shows it
    ABOUT_ANOTHER = "about_another"  # data are not about whom the proof names
    RELATION = "relation"
    AREA = "area"
    OVER = "over"
    NOT_ALONE = "not_alone"


_REFUSAL = "acting for somebody else: "


class MayNotAct(InvalidRequest):
    """The answer does not show that somebody may act for another here."""

    def __init__(self, why: WhyNot) -> None:
        super().__init__(f"{_REFUSAL}{why}")
        self.why = why

    @staticmethod
    def read(description: str) -> WhyNot | None:
        """Why, from the description of such a refusal; None: it is of another one."""
        why = description.removeprefix(_REFUSAL)
        return WhyNot(why) if why != description and why in {*WhyNot} else None


@dataclass(frozen=True, slots=True)
class Person:
    """A human being, as documents tell people apart."""

    family_name: str
    given_name: str
    birthdate: date

    @classmethod
    def from_fields(cls, claims: Fields) -> Self:
        """Read one; a Malformed if a member is missing or has the wrong shape."""
        return cls(
            claims.text("family_name", max_length=MAX_NAME),
            claims.text("given_name", max_length=MAX_NAME),
            _read_date(claims, "birthdate"),
        )

    @property
    def name(self) -> str:
        """As people call them."""
        return f"{self.given_name} {self.family_name}"

    def is_same(self, other: Person) -> bool:
        """Whether two documents mean the same one."""
        return self.known_by == other.known_by

    @property
    def known_by(self) -> tuple[str, ...]:
        """What documents tell people apart by, as people read it."""
        return _plain(self.family_name), _plain(self.given_name), self.birthdate.isoformat()

    def to_dict(self) -> JsonObject:
        """The claims that say so."""
        return {
            "family_name": self.family_name,
            "given_name": self.given_name,
            "birthdate": self.birthdate.isoformat(),
        }

    def __repr__(self) -> str:
        """Nobody's name in a log."""
        return "Person()"


@dataclass(frozen=True, slots=True)
class Company:
    """A legal person, by its register."""

    name: str
    register_number: str
    country: str

    @classmethod
    def from_fields(cls, claims: Fields) -> Self:
        """Read one; a Malformed if a member is missing or has the wrong shape."""
        return cls(
            claims.text("name", max_length=MAX_NAME),
            claims.text("register_number", max_length=MAX_NAME),
            claims.text("country", max_length=2),
        )

    def is_same(self, other: Company) -> bool:
        """Whether two documents mean the same one: names change, numbers do not."""
        return self.known_by == other.known_by

    @property
    def known_by(self) -> tuple[str, ...]:
        """What registers tell companies apart by."""
        return _plain(self.register_number), self.country

    def to_dict(self) -> JsonObject:
        """The claims that say so."""
        return {"name": self.name, "register_number": self.register_number, "country": self.country}

    def __repr__(self) -> str:
        """Nobody's name in a log."""
        return "Company()"


def blinded(whom: Person | Company, salt: bytes) -> str:
    """A hash, hex, by which whoever has the salt knows somebody again; without it, guessing names says nothing."""
    known = ["person", *whom.known_by] if isinstance(whom, Person) else ["company", *whom.known_by]
    return hashlib.sha256(salt + encode_json(known)).hexdigest()


@dataclass(frozen=True, slots=True)
class Representation:
    """What a proof says: who acts for whom, for what, until when."""

    acting: Person
    relation: Relation
    represented: Person | Company
    areas: frozenset[str]
    alone: bool  # one signature is enough
    until: date | None  # the last day; None: for as long as the document holds

    @classmethod
    def from_claims(cls, claims: JsonObject, at: str = "representation") -> Self:
        """Read the claims of a proof that was verified.

        Raises:
            Malformed: a claim is missing or has the wrong shape, or an employee acts for a person, or a parent for a company.
        """
        fields = Fields(claims, at)
        named = fields.text("relation", max_length=100)
        if named not in {*Relation}:
            raise Malformed(fields.path("relation"), "is none that is known")
        relation = Relation(named)
        represented = fields.object("represented")
        whom: Person | Company
        whom = Company.from_fields(represented) if relation is Relation.EMPLOYEE else Person.from_fields(represented)
        return cls(
            acting=Person.from_fields(fields),
            relation=relation,
            represented=whom,
            areas=frozenset(fields.texts("areas", max_items=MAX_AREAS)),
            alone=fields.boolean("alone", default=False),
            until=_read_date(fields, "until") if "until" in fields else None,
        )

    @classmethod
    def from_document(cls, type_: str, claims: JsonObject) -> Self:
        """The same in whichever form the proof is: as mdoc, by the elements of its own namespace and no other.

        Raises:
            Malformed: as for `from_claims`, or the type is not that of a proof.
        """
        if type_ not in TYPES:
            raise Malformed("representation", "is of another type")
        if type_ == TYPE:
            return cls.from_claims(claims)
        return cls.from_claims(as_claims(Fields(claims, "representation").object(DOCTYPE).members))

    def to_claims(self) -> JsonObject:
        """The claims of a proof that says the same."""
        until: JsonObject = {} if self.until is None else {"until": self.until.isoformat()}
        return {
            **self.acting.to_dict(),
            "relation": self.relation.value,
            "represented": self.represented.to_dict(),
            "areas": [*sorted(self.areas)],
            "alone": self.alone,
            **until,
        }

    def covers(self, area: str) -> bool:
        """Whether it is good for an area."""
        return area in self.areas or EVERYTHING in self.areas


@dataclass(frozen=True, slots=True)
class ActingRule:
    """What a use case wants of whoever acts for another (`[acting]`); a document has a query for each of its forms."""

    proof: tuple[str, ...]  # ids of queries
    identity: tuple[str, ...]  # … for a document about whoever acts
    about: tuple[str, ...]  # … for documents about the represented person; empty: none is asked for
    relations: frozenset[Relation]
    area: str
    needs_alone: bool  # who may act with another only is not enough

    @classmethod
    def from_fields(cls, rule: Fields) -> Self:
        """Read one.

        Raises:
            Malformed: a member is missing or wrong, or one query stands for two things.
        """
        names = rule.texts("relations", max_items=len(Relation))
        if not {*names} <= {*Relation}:
            raise Malformed(rule.path("relations"), "names a relation that is not known")
        read = cls(
            proof=_queries(rule, "proof"),
            identity=_queries(rule, "identity"),
            about=rule.optional_texts("about", max_items=MAX_QUERIES),
            relations=frozenset(map(Relation, names)),
            area=rule.text("area", max_length=MAX_NAME),
            needs_alone=rule.boolean("alone", default=True),
        )
        queries = read.queries
        if len({*queries}) != len(queries):
            raise Malformed(rule.at, "has one query for two things")
        if read.about and Relation.EMPLOYEE in read.relations:
            raise Malformed(rule.path("about"), "is about people, and an employee acts for a company")
        return read

    @property
    def queries(self) -> tuple[str, ...]:
        """Every query that it speaks of."""
        return (*self.proof, *self.identity, *self.about)

    @property
    def represented(self) -> tuple[str, ...]:
        """The queries whose data describe the represented person, as the receipt has them."""
        return (*self.proof, *self.about)


def verify_acting(rule: ActingRule, answers: Mapping[str, JsonObject], *, today: date) -> Representation:
    """Who acts for whom: the proof, if all of the answer holds together. `answers`: claims by query id, verified.

    Claims have the names of SD-JWT VC, in whichever form they came. Of several forms of one document that came, each has to
    hold. A document that does not say who it is about is taken for one about another: nobody acts on what was not said.

    Raises:
        MayNotAct: and why.
        Malformed: the proof has not the shape of one.
    """
    came = [answers[id_] for id_ in rule.proof if id_ in answers]
    if not came:
        raise MayNotAct(WhyNot.NO_PROOF)
    proofs = [Representation.from_claims(claims) for claims in came]
    for proof in proofs:
        _check_proof(rule, proof, answers, today)
    whom = proofs[0].represented
    if any(not is_same(proof.represented, whom) for proof in proofs):
        raise MayNotAct(WhyNot.ABOUT_ANOTHER)
    for query_id in rule.about:
        # What was asked for and left out says nothing about anybody
        if query_id in answers and not (isinstance(whom, Person) and _is_about(answers[query_id], whom)):
            raise MayNotAct(WhyNot.ABOUT_ANOTHER)
    return proofs[0]


def is_same(one: Person | Company, other: Person | Company) -> bool:
    """Whether two documents mean the same one."""
    match one, other:
        case Person(), Person():
            return one.is_same(other)
        case Company(), Company():
            return one.is_same(other)
        case _:
            return False


def _check_proof(rule: ActingRule, proof: Representation, answers: Mapping[str, JsonObject], today: date) -> None:
    identities = [answers[id_] for id_ in rule.identity if id_ in answers]
    if not identities or not all(_is_about(claims, proof.acting) for claims in identities):
        raise MayNotAct(WhyNot.ANOTHER_ACTS)
    if proof.relation not in rule.relations:
        raise MayNotAct(WhyNot.RELATION)
    if not proof.covers(rule.area):
        raise MayNotAct(WhyNot.AREA)
    if proof.until is not None and today > proof.until:
        raise MayNotAct(WhyNot.OVER)
    if rule.needs_alone and not proof.alone:
        raise MayNotAct(WhyNot.NOT_ALONE)


def _queries(rule: Fields, name: str) -> tuple[str, ...]:
    """One id, or one for each form of the document."""
    if isinstance(rule.members.get(name), list):
        return rule.texts(name, max_items=MAX_FORMS)
    return (rule.text(name, max_length=MAX_NAME),)


def _is_about(claims: JsonObject, person: Person) -> bool:
    try:
        return Person.from_fields(Fields(claims, "identity")).is_same(person)
    except Malformed:
        return False


def _plain(text: str) -> str:
    """A text as people read it: whatever its case, blanks and Unicode spelling."""
    return " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).split())


def _read_date(fields: Fields, name: str) -> date:
    text = fields.text(name, max_length=10)
    try:
        found = date.fromisoformat(text)
    except ValueError as error:
        raise Malformed(fields.path(name), "must be a date") from error
    if found.isoformat() != text:
        raise Malformed(fields.path(name), "must be written YYYY-MM-DD")
    return found
