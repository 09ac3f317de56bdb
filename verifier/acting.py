"""Acting for somebody else: what a use case or a service asks of whoever does, and who acted for whom (decision 0054).

[acting]                              # in the file of a use case or of a service
proof = "proof"                       # id of the query, or the document, with the proof that somebody acts for another
identity = "pid"                      # … of one that says who it is that acts
about = ["school"]                    # optional: … of those whose data are about whom they act for
relations = ["parent", "guardian"]    # of parent, guardian, employee
area = "school"                       # what for, in the word on which the offices agree
called = { de = "Schule", en = "School" }  # optional: what people call that
alone = true                          # the default: whoever may act with another only is refused

All of them are SD-JWT VCs that are bound to a key. Where the proof may be left out, nobody acts for another without it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from protocol.credential import ClaimPath
from protocol.dcql.query import SD_JWT_VC, CredentialQuery, DcqlQuery
from protocol.encoding import JsonObject, JsonValue
from protocol.errors import Malformed
from protocol.fields import Fields
from protocol.sovereignty.representation import TYPE, ActingRule, MayNotAct, Representation, WhyNot, verify_acting

Texts = tuple[tuple[str, str], ...]  # language → text
Disclosed = Mapping[str, Sequence[JsonValue]]  # query id → claims of each presentation

PERSON: tuple[ClaimPath, ...] = (("family_name",), ("given_name",), ("birthdate",))
# `until` too: what can be left out could be kept back by somebody whose time is over
PROOF: tuple[ClaimPath, ...] = (*PERSON, ("relation",), ("represented",), ("areas",), ("alone",), ("until",))
LABELS: Mapping[ClaimPath, Texts] = {
    ("family_name",): (("de", "Nachname"), ("en", "Last name")),
    ("given_name",): (("de", "Vornamen"), ("en", "First names")),
    ("birthdate",): (("de", "Geburtsdatum"), ("en", "Date of birth")),
    ("relation",): (("de", "Warum Sie für jemanden handeln"), ("en", "Why you act for somebody")),
    ("represented",): (("de", "Für wen Sie handeln"), ("en", "For whom you act")),
    ("areas",): (("de", "Wofür Sie handeln dürfen"), ("en", "What you may act for")),
    ("alone",): (("de", "Ob Ihre Unterschrift genügt"), ("en", "Whether your signature is enough")),
    ("until",): (("de", "Bis wann Sie handeln dürfen"), ("en", "Until when you may act")),
}

_MEMBERS = frozenset(("proof", "identity", "about", "relations", "area", "alone", "called"))
_MAX_CALLED = 200  # characters


@dataclass(frozen=True, slots=True)
class ActingTerms:
    """What is asked of whoever acts for another."""

    rule: ActingRule
    called: Texts = ()  # what people call the area; empty: its word

    @classmethod
    def from_fields(cls, table: Fields) -> Self:
        """Read the table; whether it goes with a question is for `check`.

        Raises:
            Malformed: a member is missing, unknown or wrong.
        """
        unknown = sorted(set(table.members) - _MEMBERS)
        if unknown:
            raise Malformed(table.path(unknown[0]), "is not a member of this table")
        called = table.optional_object("called")
        texts = [(name, called.text(name, max_length=_MAX_CALLED)) for name in called.members] if called else []
        return cls(ActingRule.from_fields(table), tuple(texts))

    def asked_of(self, id_: str) -> tuple[ClaimPath, ...]:
        """What has to be asked of a query, or a document, of this id."""
        if id_ == self.rule.proof:
            return PROOF
        return PERSON if id_ in self.rule.queries else ()

    def check(self, query: DcqlQuery, at: str) -> None:
        """Check that a question asks for all that is held against each other, so that nothing can be kept back.

        Raises:
            Malformed: it does not.
        """
        rule, asked = self.rule, {one.id: one for one in query.credentials}
        for id_ in rule.queries:
            if id_ not in asked:
                raise Malformed(at, f"names {id_}, which is no credential of the query")
            self._check_one(asked[id_], at)
        if asked[rule.proof].meta.vct_values != (TYPE,):
            raise Malformed(f"{at}.proof", f"must ask for {TYPE}, and nothing else")
        if not is_needed(rule.identity, query):
            raise Malformed(f"{at}.identity", "must be of a credential that nobody can leave out")
        if rule.about and not is_needed(rule.proof, query):
            raise Malformed(
                f"{at}.proof", "must be of a credential that nobody can leave out, where data are about another"
            )

    def _check_one(self, query: CredentialQuery, at: str) -> None:
        if query.format != SD_JWT_VC or query.multiple or not query.holder_binding:
            raise Malformed(at, f"needs {query.id} as one SD-JWT VC that is bound to a key")
        sure = {claim.path for claim in query.claims if all(claim.id in one for one in query.claim_sets)}
        missing = [path for path in self.asked_of(query.id) if path not in sure]
        if missing:
            raise Malformed(at, f"needs {'.'.join(map(str, missing[0]))} of {query.id}, which can be left out")

    def judge(self, disclosed: Disclosed, *, now: int) -> WhyNot | None:
        """Why nobody may act for another with this answer; None: they may, or nobody does. The claims are verified."""
        answers = {id_: held[0] for id_, held in disclosed.items() if held and id_ in self.rule.queries}
        if self.rule.proof not in answers and not self.rule.about:
            return None  # it was not needed, and nothing is about another
        try:
            verify_acting(self.rule, _objects(answers), today=datetime.fromtimestamp(now, UTC).date())
        except MayNotAct as refused:
            return refused.why
        except Malformed:
            return WhyNot.NO_PROOF
        return None

    def represented(self, came: Mapping[str, object]) -> tuple[str, ...]:
        """The queries among those that were answered whose data are about the represented person, for the receipt."""
        return tuple([id_ for id_ in self.rule.represented if id_ in came]) if self.rule.proof in came else ()


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
    if terms is None:
        return None
    held = disclosed.get(terms.rule.proof)
    claims = held[0] if held else None
    if not isinstance(claims, dict):
        return None
    names = issuers.get(terms.rule.proof, ())
    return Acting(Representation.from_claims(claims), terms.rule.area, terms.called, names[0] if names else "")


def is_needed(id_: str, query: DcqlQuery) -> bool:
    """Whether no good answer is without this credential."""
    sets = [one for one in query.credential_sets if one.required]
    return not query.credential_sets or any(all(id_ in option for option in one.options) for one in sets)


def _objects(answers: Mapping[str, JsonValue]) -> dict[str, JsonObject]:
    return {id_: claims for id_, claims in answers.items() if isinstance(claims, dict)}
