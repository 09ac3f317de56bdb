"""Use cases: what a partner asks for and why, as TOML files that a clerk can read.

id = "over-18"
intended_use_id = "over-18"           # under which it is registered; without it: the id
keep_seconds = 0                      # how long an answer stays at least; never less than ten minutes
max_status_age_seconds = 86400        # freshness: how old a status may be; 0: looked up for every answer
offline_status_age_seconds = 0        # how old it may be while no network is there; 0: then nothing is accepted
accepted_issuers = []                 # names of trust anchors; empty: every trusted issuer of the type

[title]
de = "Sind Sie über 18?"

[purpose]
de = "Wir dürfen dieses Buch nur an Erwachsene ausleihen."

[[query.credentials]]                 # DCQL as in OID4VP 1.0 §6; a path element "*" stands for null
id = "pid"

[asks.pid]                            # optional, for our own pages: what this credential and its claims are called
name = { de = "Personalausweis" }
data = [{ path = ["birthdate"], label = { de = "Geburtsdatum" } }]
                                      # where a value has parts: parts = { member = { de = "…" } }

legal_basis = "consent"               # for receipts (GDPR Art. 6(1)): consent, contract, legal_obligation, public_task, …
retention = "P30D"                    # how long you keep what you learn (ISO 8601); without it: as long as answers stay here
service = "library-card"              # optional: id of the registered service

[[recipients]]                        # optional: who else gets it from you
name = "City archive"
identifier = "NTRDE-HRB123"
purpose = { de = "…", en = "…" }

[[demands]]                           # optional: what values must be for an answer to be accepted, see `verifier.demands`

[acting]                              # optional: who answers acts for somebody else, see `verifier.acting`
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from protocol.credential import ClaimPath
from protocol.dcql.path import read_path
from protocol.dcql.query import CredentialQuery, DcqlQuery
from protocol.encoding import JsonObject, JsonValue
from protocol.errors import Flaw, InvalidRequest, Malformed
from protocol.fields import Fields
from protocol.formats import format_of
from protocol.sovereignty.representation import MayNotAct
from runtime.known_names import claim_name
from verifier.acting import ActingTerms
from verifier.demands import MAX_DEMANDS, Demand, unmet
from verifier.policy import MAX_OFFLINE_STATUS, Lifetimes, check_judgeable, kept_for
from verifier.receipts import AS_USUAL, Handling

_MEMBERS = frozenset(
    (
        "id",
        "intended_use_id",
        "title",
        "purpose",
        "keep_seconds",
        "max_status_age_seconds",
        "offline_status_age_seconds",
        "accepted_issuers",
        "query",
        "asks",
        "demands",
        "legal_basis",
        "retention",
        "recipients",
        "service",
        "acting",
    )
)
MAX_KEEP = 10 * 365 * 86_400
MAX_FILE = 256 * 1024  # bytes


Texts = tuple[tuple[str, str], ...]  # language → text, at least one


@dataclass(frozen=True, slots=True)
class Names:
    """What people call one credential of the query, and the claims in it."""

    name: Texts
    labels: tuple[tuple[ClaimPath, Texts], ...]
    parts: tuple[tuple[ClaimPath, tuple[tuple[str, Texts], ...]], ...] = ()  # members of values that are objects


@dataclass(frozen=True, slots=True)
class AskedData:
    """One claim that is asked for, in one language."""

    path: ClaimPath
    label: str
    needed: bool  # without it there is no answer
    parts: tuple[tuple[str, str], ...] = ()  # name of a member of its value → what people call it


@dataclass(frozen=True, slots=True)
class AskedDocument:
    """One credential that is asked for, in one language."""

    id: str  # of the credential query
    name: str  # empty: the use case has none
    needed: bool
    data: tuple[AskedData, ...]  # empty: that somebody has it is all we want to know
    instead_of: frozenset[str] = (
        frozenset()
    )  # ids of which each is asked in its place: somebody who has one needs no other

    @property
    def looks(self) -> tuple[str, bool, tuple[tuple[str, bool], ...]]:
        """What people see of the question; the forms of one document look the same."""
        return self.name, self.needed, tuple((data.label, data.needed) for data in self.data)


@dataclass(frozen=True, slots=True)
class UseCase:
    """One question of a partner."""

    id: str
    title: Texts
    purpose: Texts
    query: DcqlQuery
    accepted_issuers: frozenset[str]  # names of trust anchors; empty: all that are trusted for the type
    max_status_age: int  # seconds
    keep: int  # seconds that an answer stays
    names: tuple[tuple[str, Names], ...] = ()  # id of a credential query → what people call it
    offline_status_age: int = 0  # seconds; 0: without a network nothing is accepted that could have been taken back
    intended_use: str = ""  # identifier in the register; empty: the id
    demands: tuple[Demand, ...] = ()  # what values must be, beyond the query
    handling: Handling = AS_USUAL  # what receipts say of what becomes of the data
    acting: ActingTerms | None = None  # what is asked of whoever acts for another; None: nobody does

    @property
    def registered_use(self) -> str:
        """The intended use that this question is registered under."""
        return self.intended_use or self.id

    @property
    def query_for_another(self) -> DcqlQuery:
        """The question to somebody who says that they act for another.

        Raises:
            InvalidRequest: nobody can do that here.
        """
        if self.acting is None:
            raise InvalidRequest("use_case: in this one nobody acts for another")
        return self.acting.for_another(self.query)

    def objection(self, claims: Mapping[str, tuple[JsonObject, ...]], *, now: int) -> str:
        """What is wrong with what was disclosed though it answers the query; empty: nothing. Never a value."""
        told = unmet(self.demands, claims, now=now)
        why = self.acting.judge(claims, now=now) if self.acting is not None and not told else None
        return told if why is None else MayNotAct(why).description

    def title_in(self, language: str) -> str:
        """The title in a language, else in the first."""
        return _in(self.title, language)

    def purpose_in(self, language: str) -> str:
        """Why this is asked, in a language, else in the first."""
        return _in(self.purpose, language)

    def asks_in(self, language: str) -> tuple[AskedDocument, ...]:
        """What is asked for, in the order of the query, in a language; what has no label is called as it is elsewhere."""
        sets = self.query.credential_sets
        needed = {id_ for asked in sets if asked.required for option in asked.options for id_ in option}
        names = dict(self.names)
        return tuple(
            replace(
                _document(query, names.get(query.id), language, needed=not sets or query.id in needed),
                instead_of=_instead_of(query.id, self.query),
            )
            for query in self.query.credentials
        )

    def label_in(self, id_: str, path: ClaimPath, language: str) -> str:
        """What we call a claim of a credential query; empty: we have no words of our own for it."""
        names = dict(self.names).get(id_)
        labels = dict(names.labels) if names is not None else {}
        return _in(labels[path], language) if path in labels else ""

    @classmethod
    def from_toml(cls, text: str, at: str) -> Self:
        """Read a use case of our own.

        Raises:
            Flaw: a member is missing, unknown or wrong; the message begins with `at`.
        """
        try:
            members = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise Malformed(at, f"is not TOML: {error}") from error
        fields = Fields(members, at)
        unknown = set(fields.members) - _MEMBERS
        if unknown:
            raise Malformed(at, f"has unknown members: {', '.join(sorted(unknown))}")
        max_status_age = fields.optional_integer("max_status_age_seconds")
        query = read_question(with_null(fields.required("query")), f"{at}.query")
        return cls(
            id=fields.text("id", max_length=100),
            title=_texts(fields.object("title")),
            purpose=_texts(fields.object("purpose")),
            query=query,
            accepted_issuers=frozenset(fields.texts("accepted_issuers") if members.get("accepted_issuers") else ()),
            max_status_age=Lifetimes().status_age if max_status_age is None else max_status_age,
            offline_status_age=fields.optional_integer("offline_status_age_seconds", maximum=MAX_OFFLINE_STATUS) or 0,
            keep=fields.optional_integer("keep_seconds", maximum=MAX_KEEP) or 0,
            intended_use=fields.optional_text("intended_use_id", max_length=200) or "",
            demands=_read_demands(fields, query),
            handling=Handling.from_fields(
                fields, kept_for(fields.optional_integer("keep_seconds", maximum=MAX_KEEP) or 0)
            ),
            acting=_read_acting(fields, query),
            names=_read_names(Fields(with_null(members.get("asks", {})), f"{at}.asks"), query),
        )


def read_use_cases(folder: Path) -> dict[str, UseCase]:
    """Every `*.toml` of a folder, by id.

    Raises:
        Flaw: there is no such folder, a file is wrong, or two have one id; the message names it.
    """
    if not folder.is_dir():
        raise Malformed(str(folder), "is no folder")
    use_cases: dict[str, UseCase] = {}
    for path in sorted(folder.glob("*.toml")):
        use_case = UseCase.from_toml(_read_file(path), path.name)
        if use_case.id in use_cases:
            raise Malformed(path.name, "has the id of another use case")
        use_cases[use_case.id] = use_case
    return use_cases


def read_question(value: object, at: str) -> DcqlQuery:
    """A query whose answers can be judged here, wherever it comes from.

    Raises:
        Flaw: it is not a DCQL query, or no answer to it could ever be accepted.
    """
    query = DcqlQuery.from_dict(value, at)
    try:
        check_judgeable(query, at)
    except Flaw as flaw:
        raise Malformed(at, flaw.description) from flaw
    return query


def _read_file(path: Path) -> str:
    data = path.read_bytes()
    if len(data) > MAX_FILE:
        raise Malformed(path.name, f"is larger than {MAX_FILE} bytes")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed(path.name, "is not UTF-8") from error


def _document(query: CredentialQuery, names: Names | None, language: str, *, needed: bool) -> AskedDocument:
    labels = dict(names.labels) if names else {}
    parts = dict(names.parts) if names else {}
    spoken = format_of(query.format).spoken
    data = tuple(
        AskedData(
            claim.path,
            _in(labels[claim.path], language) if claim.path in labels else claim_name(spoken(claim.path), language),
            all(claim.id in claim_set for claim_set in query.claim_sets),
            tuple((member, _in(texts, language)) for member, texts in parts.get(claim.path, ())),
        )
        for claim in query.claims
    )
    return AskedDocument(query.id, _in(names.name, language) if names else "", needed, data)


def distinct(asked: tuple[AskedDocument, ...]) -> tuple[AskedDocument, ...]:
    """What is asked, for people: where one of several documents will do and they look the same, it is one question.

    What is left in `instead_of` are ids that come before.
    """
    shown: list[AskedDocument] = []
    for document in asked:
        if not any(other.id in document.instead_of and other.looks == document.looks for other in shown):
            before = document.instead_of.intersection(other.id for other in shown)
            shown.append(replace(document, instead_of=before))
    return tuple(shown)


def _instead_of(id_: str, query: DcqlQuery) -> frozenset[str]:
    """What is in other options of the sets that a credential query is in, and never together with it."""
    options = [
        option
        for one in query.credential_sets
        if any(id_ in option for option in one.options)
        for option in one.options
    ]
    together = {other for option in options if id_ in option for other in option}
    return frozenset(other for option in options for other in option) - together


def _read_demands(fields: Fields, query: DcqlQuery) -> tuple[Demand, ...]:
    if "demands" not in fields.members:
        return ()
    found = Fields({"demands": with_null(fields.members["demands"])}, fields.at)
    return tuple(Demand.from_fields(one, query) for one in found.objects("demands", max_items=MAX_DEMANDS))


def _read_acting(fields: Fields, query: DcqlQuery) -> ActingTerms | None:
    table = fields.optional_object("acting")
    if table is None:
        return None
    return ActingTerms.from_fields(table).asked_by(query, table.at)


def _read_names(asks: Fields, query: DcqlQuery) -> tuple[tuple[str, Names], ...]:
    known = {credential.id: {claim.path for claim in credential.claims} for credential in query.credentials}
    names: list[tuple[str, Names]] = []
    for id_ in asks.members:
        if id_ not in known:
            raise Malformed(asks.path(id_), "names no credential of the query")
        fields = asks.object(id_)
        labels: dict[ClaimPath, Texts] = {}
        parts: dict[ClaimPath, tuple[tuple[str, Texts], ...]] = {}
        for data in fields.optional_objects("data"):
            path = read_path(data)
            if path not in known[id_] or path in labels:
                raise Malformed(data.path("path"), "must be that of a claim of the query, and stand once")
            labels[path] = _texts(data.object("label"))
            members = data.optional_object("parts")
            if members is not None:
                parts[path] = tuple((member, _texts(members.object(member))) for member in members.members)
        names.append((id_, Names(_texts(fields.object("name")), tuple(labels.items()), tuple(parts.items()))))
    return tuple(names)


def _in(texts: Texts, language: str) -> str:
    return dict(texts).get(language) or texts[0][1]


def _texts(fields: Fields) -> Texts:
    if not fields.members:
        raise Malformed(fields.at, "must have a text in at least one language")
    return tuple((language, fields.text(language, max_length=500)) for language in fields.members)


def with_null(value: JsonValue) -> JsonValue:
    """What was read from TOML, which has no null: in a path, "*" stands for it."""
    if isinstance(value, list):
        return [with_null(item) for item in value]
    if isinstance(value, dict):
        return {name: _path(item) if name == "path" else with_null(item) for name, item in value.items()}
    return value


def _path(value: JsonValue) -> JsonValue:
    return [None if element == "*" else element for element in value] if isinstance(value, list) else value
