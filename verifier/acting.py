"""Acting for somebody else: what a use case or a service asks of whoever does, and who acted for whom (decision 0054).

[acting]                              # in the file of a use case or of a service
proof = "proof"                       # id of the query, or the document, with the proof that somebody acts for another
identity = ["pid", "pid-mdoc"]        # … of one that says who it is that acts; where it has two forms, of both
about = ["school"]                    # optional: … of those whose data are about whom they act for
relations = ["parent", "guardian"]    # of parent, guardian, employee
area = "school"                       # what for, in the word on which the offices agree
called = { de = "Schule", en = "School" }  # optional: what people call that
alone = true                          # the default: whoever may act with another only is refused

All of them are bound to a key: as SD-JWT VC, or as mdoc, which is asked for in person too (decision 0068). Where the proof may
be left out, nobody acts for another without it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Self

from protocol.credential import ClaimPath
from protocol.dcql.query import MDOC, SD_JWT_VC, CredentialQuery, DcqlQuery
from protocol.encoding import JsonObject, JsonValue
from protocol.errors import Malformed
from protocol.fields import Fields
from protocol.mdoc.names import as_claims
from protocol.mdoc.signer import MDL_NAMESPACE
from protocol.sovereignty.representation import (
    DOCTYPE,
    TYPE,
    ActingRule,
    MayNotAct,
    Representation,
    WhyNot,
    verify_acting,
)
from protocol.sovereignty.rules import CredentialType

Texts = tuple[tuple[str, str], ...]  # language → text
Disclosed = Mapping[str, Sequence[JsonValue]]  # query id → claims of each presentation

PERSON = ("family_name", "given_name", "birthdate")
# `until` too: what can be left out could be kept back by somebody whose time is over
PROOF = (*PERSON, "relation", "represented", "areas", "alone", "until")
_LABELS: Mapping[str, Texts] = {
    "family_name": (("de", "Nachname"), ("en", "Last name")),
    "given_name": (("de", "Vornamen"), ("en", "First names")),
    "birthdate": (("de", "Geburtsdatum"), ("en", "Date of birth")),
    "relation": (("de", "Warum Sie für jemanden handeln"), ("en", "Why you act for somebody")),
    "represented": (("de", "Für wen Sie handeln"), ("en", "For whom you act")),
    "areas": (("de", "Wofür Sie handeln dürfen"), ("en", "What you may act for")),
    "alone": (("de", "Ob Ihre Unterschrift genügt"), ("en", "Whether your signature is enough")),
    "until": (("de", "Bis wann Sie handeln dürfen"), ("en", "Until when you may act")),
}
_BORN = "birth_date"  # what an mdoc calls it
_MDL = "org.iso.18013.5.1.mDL"

_MEMBERS = frozenset(("proof", "identity", "about", "relations", "area", "alone", "called"))
_MAX_CALLED = 200  # characters


@dataclass(frozen=True, slots=True)
class AskedAsMdoc:
    """A query for an mdoc, of those that are held against each other."""

    id: str
    doc_type: str
    namespace: str  # of the elements that say who it is about


@dataclass(frozen=True, slots=True)
class ActingTerms:
    """What is asked of whoever acts for another."""

    rule: ActingRule
    called: Texts = ()  # what people call the area; empty: its word
    mdocs: tuple[AskedAsMdoc, ...] = ()  # which of the queries are for mdocs, once a question has them

    @classmethod
    def from_fields(cls, table: Fields) -> Self:
        """Read the table; whether it goes with a question is for `asked_by`.

        Raises:
            Malformed: a member is missing, unknown or wrong.
        """
        unknown = sorted(set(table.members) - _MEMBERS)
        if unknown:
            raise Malformed(table.path(unknown[0]), "is not a member of this table")
        called = table.optional_object("called")
        texts = [(name, called.text(name, max_length=_MAX_CALLED)) for name in called.members] if called else []
        return cls(ActingRule.from_fields(table), tuple(texts))

    def asked_of(self, id_: str, type_: CredentialType) -> tuple[ClaimPath, ...]:
        """What has to be asked of a document of this id and type."""
        names = self._names_of(id_)
        if type_.format != MDOC:
            return tuple([(name,) for name in names])
        space = MDL_NAMESPACE if type_.name == _MDL else type_.name
        return tuple([path_in(space, name) for name in names])

    def asked_by(self, query: DcqlQuery, at: str) -> Self:
        """The terms of a question, which has to ask for all that is held against each other: nothing can be kept back.

        Raises:
            Malformed: it does not.
        """
        rule, asked = self.rule, {one.id: one for one in query.credentials}
        for id_ in rule.queries:
            if id_ not in asked:
                raise Malformed(at, f"names {id_}, which is no credential of the query")
        mdocs = [found for id_ in rule.queries if (found := self._check_one(asked[id_], at)) is not None]
        for id_ in rule.proof:
            meta = asked[id_].meta
            if (meta.vct_values, meta.doctype_value) not in (((TYPE,), None), ((), DOCTYPE)):
                raise Malformed(f"{at}.proof", f"must ask for {TYPE} or {DOCTYPE}, and nothing else")
        if not is_needed(rule.identity, query):
            raise Malformed(f"{at}.identity", "must be of a credential that nobody can leave out")
        if rule.about and not is_needed(rule.proof, query):
            raise Malformed(
                f"{at}.proof", "must be of a credential that nobody can leave out, where data are about another"
            )
        return replace(self, mdocs=tuple(mdocs))

    def _check_one(self, query: CredentialQuery, at: str) -> AskedAsMdoc | None:
        """As what an mdoc is asked for; None: as SD-JWT VC."""
        is_mdoc = query.format == MDOC and query.meta.doctype_value is not None
        if not (is_mdoc or query.format == SD_JWT_VC) or query.multiple or not query.holder_binding:
            raise Malformed(at, f"needs {query.id} as one SD-JWT VC or mdoc that is bound to a key")
        names = self._names_of(query.id)
        sure = {claim.path for claim in query.claims if all(claim.id in one for one in query.claim_sets)}
        if not is_mdoc:
            _check_sure([(name,) for name in names], sure, query.id, at)
            return None
        doc_type = str(query.meta.doctype_value)
        asked = [str(claim.path[0]) for claim in query.claims]
        whole = [space for space in asked if sure.issuperset([path_in(space, name) for name in names])]
        space = DOCTYPE if query.id in self.rule.proof else next(iter(whole), doc_type)
        _check_sure([path_in(space, name) for name in names], sure, query.id, at)
        return AskedAsMdoc(query.id, doc_type, space)

    def _names_of(self, id_: str) -> tuple[str, ...]:
        if id_ in self.rule.proof:
            return PROOF
        return PERSON if id_ in self.rule.queries else ()

    def leaves_open(self, query: DcqlQuery) -> bool:
        """Whether somebody may answer for themselves as well as for another."""
        return not is_needed(self.rule.proof, query)

    def for_another(self, query: DcqlQuery) -> DcqlQuery:
        """The question to somebody who says that they act for another: the proof cannot be left out any more."""
        proofs = {*self.rule.proof}
        sets = tuple(
            [
                replace(one, required=True) if any(proofs.intersection(option) for option in one.options) else one
                for one in query.credential_sets
            ]
        )
        return replace(query, credential_sets=sets)

    def judge(self, disclosed: Disclosed, *, now: int) -> WhyNot | None:
        """Why nobody may act for another with this answer; None: they may, or nobody does. The claims are verified."""
        answers = self._answers(disclosed)
        if answers.keys().isdisjoint(self.rule.proof) and not self.rule.about:
            return None  # it was not needed, and nothing is about another
        try:
            verify_acting(self.rule, answers, today=datetime.fromtimestamp(now, UTC).date())
        except MayNotAct as refused:
            return refused.why
        except Malformed:
            return WhyNot.NO_PROOF
        return None

    def proof_in(self, disclosed: Disclosed) -> tuple[str, Representation] | None:
        """The proof in an answer that was accepted, and which query it answers; None: everybody acts for themselves."""
        answers = self._answers(disclosed)
        found = next((id_ for id_ in self.rule.proof if id_ in answers), None)
        return None if found is None else (found, Representation.from_claims(answers[found]))

    def represented(self, came: Iterable[str]) -> tuple[str, ...]:
        """What among that which came is about the represented person, for the receipt.

        Receipts call what came by its query; in person, where questions have no ids, by its document type.
        """
        known = set(came)
        doc_types = {one.id: one.doc_type for one in self.mdocs}

        def named(ids: Iterable[str]) -> list[str]:
            return [name for id_ in ids for name in (id_, doc_types.get(id_)) if name is not None and name in known]

        return tuple(dict.fromkeys(named(self.rule.represented))) if named(self.rule.proof) else ()

    def beside(self, disclosed: JsonObject) -> JsonObject:
        """What an accepted answer told beside who acts for whom: the proof and names are told by that already."""
        spaces = {one.id: one.namespace for one in self.mdocs}
        rest: JsonObject = {}
        for id_, held in disclosed.items():
            if id_ in self.rule.proof:
                continue
            if id_ in self.rule.queries and isinstance(held, list):
                left: list[JsonValue] = [more for claims in held if (more := _without_person(claims, spaces.get(id_)))]
                if left:
                    rest[id_] = left
            else:
                rest[id_] = held
        return rest

    def _answers(self, disclosed: Disclosed) -> dict[str, JsonObject]:
        """The claims of each document, by the names of SD-JWT VC: of an mdoc, what stands in the namespace that was asked."""
        spaces = {one.id: one.namespace for one in self.mdocs}
        answers: dict[str, JsonObject] = {}
        for id_ in self.rule.queries:
            held = disclosed.get(id_)
            claims = held[0] if held else None
            if isinstance(claims, dict) and id_ in spaces:
                elements = claims.get(spaces[id_])
                answers[id_] = as_claims(elements) if isinstance(elements, dict) else {}
            elif isinstance(claims, dict):
                answers[id_] = claims
        return answers


def _without_person(claims: JsonValue, namespace: str | None) -> JsonValue:
    if not isinstance(claims, dict):
        return claims
    if namespace is None:
        return {name: value for name, value in claims.items() if name not in PERSON}
    elements = claims.get(namespace)
    names = {path_in(namespace, name)[1] for name in PERSON}
    left = {name: value for name, value in elements.items() if name not in names} if isinstance(elements, dict) else {}
    others = {name: value for name, value in claims.items() if name != namespace}
    return {**others, namespace: left} if left else others


def path_in(namespace: str, name: str) -> ClaimPath:
    """Where an mdoc has a claim of a person."""
    return (namespace, _BORN if name == "birthdate" else name)


def label_of(path: ClaimPath) -> Texts:
    """What people call one of the claims that are held against each other, in either form."""
    name = str(path[-1])
    return _LABELS["birthdate" if name == _BORN else name]


def _check_sure(paths: Iterable[ClaimPath], sure: set[ClaimPath], id_: str, at: str) -> None:
    missing = [path for path in paths if path not in sure]
    if missing:
        raise Malformed(at, f"needs {'.'.join(map(str, missing[0]))} of {id_}, which can be left out")


@dataclass(frozen=True, slots=True)
class Acting:
    """Who acted for whom in one answer, and what for. It is personal data."""

    proof: Representation
    area: str
    called: Texts
    checked_by: str  # name of the office whose proof it is; empty: it has none

    def to_dict(self) -> JsonObject:
        """The form in which it is kept, and told to programs."""
        proof = self.proof
        return {
            "who": proof.acting.to_dict(),
            "relation": proof.relation.value,
            "whom": proof.represented.to_dict(),
            "area": self.area,
            "called": dict[str, JsonValue](self.called),
            "areas": [*sorted(proof.areas)],
            "alone": proof.alone,
            "until": proof.until.isoformat() if proof.until is not None else None,
            "checked_by": self.checked_by,
        }

    @classmethod
    def from_fields(cls, kept: Fields) -> Self:
        """Read what we kept."""
        called, checked_by = kept.object("called"), kept.members.get("checked_by")
        claims: JsonObject = {
            **kept.object("who").members,
            "represented": kept.required("whom"),
            **{name: kept.required(name) for name in ("relation", "areas", "alone")},
        }
        if kept.members.get("until") is not None:
            claims["until"] = kept.required("until")
        return cls(
            Representation.from_claims(claims, kept.at),
            kept.text("area"),
            tuple([(language, called.text(language)) for language in called.members]),
            checked_by if isinstance(checked_by, str) else "",
        )


def acted(terms: ActingTerms | None, disclosed: Disclosed, issuers: Mapping[str, Sequence[str]]) -> Acting | None:
    """Who acted for whom in an answer that was accepted; None: everybody for themselves."""
    found = terms.proof_in(disclosed) if terms is not None else None
    if terms is None or found is None:
        return None
    id_, proof = found
    names = issuers.get(id_, ())
    return Acting(proof, terms.rule.area, terms.called, names[0] if names else "")


def is_needed(ids: Sequence[str], query: DcqlQuery) -> bool:
    """Whether no good answer is without one of these credentials."""
    sets = [one for one in query.credential_sets if one.required]
    return not query.credential_sets or any(
        all(not {*ids}.isdisjoint(option) for option in one.options) for one in sets
    )
