"""A once-only service as its agency describes it: one TOML file, from which everything else comes (docs/operating/services.md).

The file's name is the id of the service. From it come the question to wallets, what is registered, the entry in the
catalogue, and the form; so that none of them can say another thing than the others.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Self

from protocol.encoding import JsonObject, JsonValue
from protocol.errors import Malformed
from protocol.fields import Fields
from protocol.sovereignty.durations import Retention
from protocol.sovereignty.form import MAX_FIELDS, Form
from protocol.sovereignty.receipt import LegalBasis
from protocol.sovereignty.receipt_parties import Recipient
from protocol.sovereignty.service import Provider, Service
from protocol.sovereignty.wording import Wording, read_wording
from verifier.acting import ActingTerms
from verifier.once_only.asking import asked_query, asked_texts
from verifier.once_only.case import DRAFT_DAYS
from verifier.once_only.sources import Document, ServiceField, refuse_unknown, without_sources
from verifier.receipts import Handling
from verifier.use_case import MAX_FILE, UseCase, with_null

MAX_NEEDS = 16
MAX_SERVICES = 500  # files in one folder
MAX_RECIPIENTS = 20
LONGEST_RETENTION = 3650  # days
MAX_LAW = 200  # characters

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.ASCII)  # as registrars take it
_DURING_READING = "https://localhost/"  # an address that is nobody's: the real one comes with the installation
_LAW = re.compile(r"[^\x00-\x1f<]*6 ?\(1\) [a-f]")
_BASES = dict(
    zip(
        "abcdef",
        (
            LegalBasis.CONSENT,
            LegalBasis.CONTRACT,
            LegalBasis.LEGAL_OBLIGATION,
            LegalBasis.VITAL_INTEREST,
            LegalBasis.PUBLIC_TASK,
            LegalBasis.LEGITIMATE_INTEREST,
        ),
        strict=True,
    )
)
_MEMBERS = frozenset((
    "name", "summary", "life_events", "provider", "purpose", "legal_basis", "privacy_policy", "retention_days",
    "recipients", "needs", "eligible", "fields", "gives", "outcome", "forward", "acting",
))  # fmt: skip
_OF_A_PROVIDER = frozenset(("identifier", "country", "name"))
_OF_A_RECIPIENT = frozenset(("name", "identifier", "purpose"))
_OF_AN_OUTCOME = frozenset(("webhook", "answer_days"))


class OutcomeSettings(NamedTuple):
    """How the outcome of a case comes about."""

    webhook: str = ""  # https URL that is told of a new case and of its outcome; empty: nobody is
    answer_days: int = 0  # within which the agency wants to answer; 0: it does not say


NO_SETTINGS = OutcomeSettings()


@dataclass(frozen=True, slots=True)
class ServiceDescription:
    """One service of an agency."""

    id: str
    announced: Service  # as in the catalogue, but for the addresses of the installation
    purpose: Wording
    legal_basis: str
    privacy_policy: str
    retention_days: int  # from sending on; then a case is erased
    documents: tuple[Document, ...]
    fields: tuple[ServiceField, ...]
    recipients: tuple[Recipient, ...] = ()
    outcome: OutcomeSettings = NO_SETTINGS
    forwards: bool = False  # what a wallet sends by itself makes a case at once
    acting: ActingTerms | None = None  # what is asked of whoever acts for another; None: nobody does

    @property
    def form(self) -> Form:
        """All of its questions, for somebody who shows no document."""
        return Form(tuple([field.question for field in self.fields]))

    @property
    def use_case(self) -> UseCase | None:
        """The question to wallets; None: it needs no document."""
        query = self.announced.needs
        if query is None:
            return None
        return UseCase(
            id=self.id,
            title=_texts(self.announced.name),
            purpose=_texts(self.purpose),
            query=query,
            accepted_issuers=frozenset(),
            max_status_age=0,  # an agency decides by it: looked up for every answer
            keep=0,  # what was shown is taken over into the form, and then forgotten as an answer
            names=asked_texts(self.documents, self.fields, self.acting),
            # A form may wait before it is sent, and its time counts from there
            handling=self._handling(self.retention_days + DRAFT_DAYS),
            acting=self.acting,
        )

    @property
    def handling_of_forwarded(self) -> Handling:
        """What a receipt says of what is forwarded: it is a case at once."""
        return self._handling(self.retention_days)

    def _handling(self, days: int) -> Handling:
        recipients = tuple([Recipient(one.name, one.identifier, one.purpose) for one in self.recipients])
        retention = Retention.from_fields(Fields({"retention": f"P{days}D"}, self.id), "retention")
        return Handling(_BASES[self.legal_basis[-1]], retention, recipients, self.id)

    def entry(self, start: str, registration: str, forward: str = "") -> Service:
        """The entry in the catalogue. `registration`: id in the registrar's register.

        `forward` is left out where the service takes nothing that is forwarded.

        Raises:
            Malformed: an address that no catalogue has.
        """
        members: JsonObject = {**self.announced.to_dict(), "start": start, "registration": registration}
        if self.forwards and forward:
            members["forward"] = forward
        return Service.from_fields(Fields(members, self.id))

    @classmethod
    def from_toml(cls, id_: str, text: str, at: str) -> Self:
        """Read a file; `at` is its name, with which every message begins.

        Raises:
            Flaw: it is not TOML, or a member is missing, unknown or wrong.
        """
        if not _ID.fullmatch(id_):
            raise Malformed(at, "must be called by small letters, digits and hyphens")
        try:
            file = Fields(with_null(tomllib.loads(text)), at)
        except tomllib.TOMLDecodeError as error:
            raise Malformed(at, f"is not TOML: {error}") from error
        refuse_unknown(file, _MEMBERS)
        documents = _read_documents(file)
        acting = _read_acting(file, documents)
        fields = _read_fields(file, documents, acting)
        announced = _read_announced(id_, file, documents, fields, acting)
        if acting is not None and announced.needs is not None:
            acting = acting.asked_by(announced.needs, file.path("acting"))
        return cls(
            id=id_,
            announced=announced,
            purpose=read_wording(file, "purpose"),
            legal_basis=_read_law(file),
            privacy_policy=file.https_url("privacy_policy"),
            retention_days=file.integer("retention_days", minimum=1, maximum=LONGEST_RETENTION),
            documents=documents,
            fields=fields,
            recipients=tuple(map(_read_recipient, file.optional_objects("recipients", max_items=MAX_RECIPIENTS))),
            outcome=_read_outcome(file),
            forwards=_read_forward(file, announced),
            acting=acting,
        )


def read_services(folder: Path) -> dict[str, ServiceDescription]:
    """Every `*.toml` of a folder, by id; what refers to another service is checked.

    Raises:
        Flaw: there is no such folder, or a file is wrong; the message names it and the place.
    """
    if not folder.is_dir():
        raise Malformed(str(folder), "is no folder")
    files = sorted(folder.glob("*.toml"))
    if len(files) > MAX_SERVICES:
        raise Malformed(str(folder), f"has more than {MAX_SERVICES} services")
    services = {path.stem: ServiceDescription.from_toml(path.stem, _read_file(path), path.name) for path in files}
    for service in services.values():
        _check_answers(service, services)
    return services


def _read_file(path: Path) -> str:
    if path.stat().st_size > MAX_FILE:
        raise Malformed(path.name, f"is larger than {MAX_FILE} bytes")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise Malformed(path.name, "is not UTF-8") from error


def _read_documents(file: Fields) -> tuple[Document, ...]:
    documents = tuple(map(Document.from_fields, file.optional_objects("needs", max_items=MAX_NEEDS)))
    at = file.path("needs")
    if len({document.id for document in documents}) != len(documents):
        raise Malformed(at, "has an id twice")
    groups = {document.one_of for document in documents} - {""}
    for group in groups:
        members = [document for document in documents if document.one_of == group]
        if len(members) < 2:
            raise Malformed(at, f"has one document alone in one_of {group}")
        if len({document.optional for document in members}) > 1:
            raise Malformed(at, f"must have all documents of one_of {group} optional, or none")
    return documents


def _read_acting(file: Fields, documents: tuple[Document, ...]) -> ActingTerms | None:
    table = file.optional_object("acting")
    if table is None:
        return None
    if not documents:
        raise Malformed(table.at, "needs a document that proves it")
    return ActingTerms.from_fields(table)


def _read_fields(file: Fields, documents: tuple[Document, ...], acting: ActingTerms | None) -> tuple[ServiceField, ...]:
    fields = tuple(
        [ServiceField.from_fields(field, documents) for field in file.optional_objects("fields", max_items=MAX_FIELDS)]
    )
    if not fields:
        raise Malformed(file.path("fields"), "must have at least one field")
    if len({field.name for field in fields}) != len(fields):
        raise Malformed(file.path("fields"), "has a name twice")
    used = {source.document for field in fields for source in field.documents}
    used |= {*acting.rule.queries} if acting is not None else set()
    idle = [document.id for document in documents if document.id not in used]
    if idle:
        # GDPR Art. 5(1)(c): what fills no field is not needed
        raise Malformed(file.path("needs"), f"asks for {idle[0]}, and no field comes from it")
    # Names and keywords once more, as the form that it becomes
    Form.from_fields(Fields(without_sources(fields), file.path("fields")))
    return fields


def _read_announced(
    id_: str,
    file: Fields,
    documents: tuple[Document, ...],
    fields: tuple[ServiceField, ...],
    acting: ActingTerms | None,
) -> Service:
    refuse_unknown(file.object("provider"), _OF_A_PROVIDER)
    Provider.from_fields(file.object("provider"))
    same = ("name", "summary", "life_events", "provider", "eligible", "gives")
    members: JsonObject = {name: file.members[name] for name in same if name in file}
    members |= {"id": id_, "start": _DURING_READING, "registration": id_}
    query = asked_query(documents, fields, acting, file.path("needs"))
    if query is not None:
        members["needs"] = query.to_dict()
    asked = [field for field in fields if not _always_attested(field, documents)]
    if asked:
        members["asks"] = without_sources(asked)
    return Service.from_fields(Fields(members, file.at))


def _always_attested(field: ServiceField, documents: tuple[Document, ...]) -> bool:
    """Whether everybody who shows what is needed has the answer with it."""
    sure = {source.document for source in field.documents if not source.optional}
    needed = [document for document in documents if not document.optional]
    groups: dict[tuple[str, str], list[str]] = {}
    for document in needed:
        groups.setdefault((document.one_of, "" if document.one_of else document.id), []).append(document.id)
    return any(sure.issuperset(options) for options in groups.values())


def _read_law(file: Fields) -> str:
    law = file.text("legal_basis", max_length=MAX_LAW)
    if not _LAW.fullmatch(law):
        raise Malformed(file.path("legal_basis"), "must end in a letter of GDPR Art. 6 (1), such as GDPR Art. 6 (1) e")
    return law


def _read_recipient(recipient: Fields) -> Recipient:
    refuse_unknown(recipient, _OF_A_RECIPIENT)
    return Recipient(
        recipient.text("name", max_length=200),
        recipient.text("identifier", max_length=200),
        read_wording(recipient, "purpose"),
    )


def _read_outcome(file: Fields) -> OutcomeSettings:
    outcome = file.optional_object("outcome")
    if outcome is None:
        return NO_SETTINGS
    refuse_unknown(outcome, _OF_AN_OUTCOME)
    return OutcomeSettings(
        outcome.optional_https_url("webhook") or "", outcome.optional_integer("answer_days", maximum=3650) or 0
    )


def _read_forward(file: Fields, announced: Service) -> bool:
    """Whether it takes what is forwarded: then nobody is there to ask, so the documents have to say everything."""
    forwards = file.boolean("forward", default=False)
    if not forwards:
        return False
    at = file.path("forward")
    if announced.needs is None:
        raise Malformed(at, "needs a document that is forwarded")
    still_asked = [field.name for field in announced.asks.fields if field.required] if announced.asks else []
    if still_asked:
        raise Malformed(at, f"leaves {still_asked[0]} open, and nobody is there to be asked")
    return True


def _check_answers(service: ServiceDescription, services: Mapping[str, ServiceDescription]) -> None:
    """Earlier answers are taken over only from a question of the same type, so that they are answers to this one too."""
    for field in service.fields:
        for source in field.answers:
            at = f"{service.id}.toml.fields.{field.name}.from"
            other = services.get(source.service)
            found = [] if other is None else [one for one in other.fields if one.name == source.field]
            if not found or other is service:
                raise Malformed(at, f"names {source.service} {source.field}, which is no question of another service")
            if _kind(found[0]) != _kind(field):
                raise Malformed(at, f"names {source.service} {source.field}, which asks for another kind of answer")


def _kind(field: ServiceField) -> JsonValue:
    return [field.question.type.value, field.question.format.value if field.question.format else ""]


def _texts(wording: Wording) -> tuple[tuple[str, str], ...]:
    return tuple([(text.language, text.text) for text in wording])
