"""One transaction of a wallet's log, as wallets hand it to each other (EUDI TS10 1.2 §3.1 to §3.15).

Written as the tables say, with the members of a kind in an object of their own; read in that form and in that of the
specification's example, where they stand beside the others. Whatever the writer's wallet did not keep is written empty. Kinds
that a wallet here never writes are read as `Elsewhere`: that they happened, and with whom.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Self

from protocol.encoding import JsonObject
from protocol.errors import Malformed
from protocol.fields import MAX_TIME, Fields

MAX_NAME = 2048  # characters of a name, an identifier or a reason
MAX_CLAIMS = 1000  # of one credential
MAX_CREDENTIALS = 100  # in one transaction
OWN = "hoheit"  # member with what the specification has no place for (§3.15 allows it)

COMPLETED = "Completed"
NOT_COMPLETED = "NotCompleted"
PRESENTATION = "Presentation"
ISSUANCE = "CredentialIssuance"
REISSUANCE = "CredentialReissuance"
DELETION = "CredentialDeletion"
OTHER = "OtherTransaction"
SERVICE = "ServiceProvider"
ANY_ISSUER = "NonQEAAProvider"  # claims the least of what an issuer can be
PID_ISSUER = "PIDProvider"
URL_IDENTIFIER = "https://www.rfc-editor.org/rfc/rfc3986"  # for who is known by an address or client identifier alone

_MEMBER = {
    PRESENTATION: "presentation",
    ISSUANCE: "credentialIssuance",
    REISSUANCE: "credentialIssuance",
    DELETION: "credentialDeletion",
    OTHER: "otherTransaction",
}


@dataclass(frozen=True, slots=True)
class ClaimInfo:
    """Which claims of which credential, never what they say (§3.19.2)."""

    credential: str  # vct or doctype
    claims: tuple[str, ...]  # path pointers; ours: claims paths as JSON text

    @classmethod
    def from_fields(cls, info: Fields) -> Self:
        """Read one; a Malformed if it has the wrong shape."""
        return cls(info.text("credentialIdentifier", max_length=MAX_NAME), read_texts(info, "claims", MAX_CLAIMS))

    def to_dict(self) -> JsonObject:
        """The wire form."""
        return {"credentialIdentifier": self.credential, "claims": list(self.claims)}


@dataclass(frozen=True, slots=True)
class Party:
    """Whoever it was with."""

    name: str  # empty: nobody vouched for one
    identifier: str  # empty: they had none
    identifier_type: str = URL_IDENTIFIER


@dataclass(frozen=True, slots=True)
class Registered:
    """What the register said of whoever asked, where the wallet kept it (§3.2)."""

    contact: tuple[str, ...] = ()  # country first
    registrar_url: str = ""
    purpose: tuple[tuple[str, str], ...] = ()  # language → text
    privacy_policy: str = ""
    authority_country: str = ""
    authority_contact: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Presentation:
    """Somebody asked, and got something or nothing (§3.2)."""

    party: Party
    requested: tuple[ClaimInfo, ...]
    presented: tuple[ClaimInfo, ...]
    reason: str = ""  # why it was not completed
    registered: Registered = Registered()

    def to_dict(self, language: str) -> JsonObject:
        """The wire form."""
        known = self.registered
        members: JsonObject = {
            "interactingPartyIdentifier": _write_identifier(self.party),
            "interactingPartyType": SERVICE,
            "interactingPartyName": write_text(self.party.name, language),
            "interactingPartyContact": list(known.contact),
            "isIntermediary": False,
            "registrarURL": known.registrar_url,
            "purpose": [write_text(text, spoken) for spoken, text in known.purpose],
            "privacyPolicy": [{"type": _PRIVACY, "policyURI": known.privacy_policy}] if known.privacy_policy else [],
            "dpaName": write_text("", language),
            "dpaCountry": write_text(known.authority_country, language),
            "dpaContact": list(known.authority_contact),
            "listOfClaimsRequested": [info.to_dict() for info in self.requested],
            "listOfClaimsPresented": [info.to_dict() for info in self.presented],
        }
        return {**members, "reasonOfNoncompletion": self.reason} if self.reason else members


_PRIVACY = "http://data.europa.eu/eudi/policy/privacy-policy"


@dataclass(frozen=True, slots=True)
class Issuance:
    """An issuer was asked for documents, for the first time or anew (§3.5)."""

    party: Party
    types: tuple[str, ...]  # of what came; where nothing did: of what was to come
    issued: int  # how many came
    anew: bool = False  # fetched once more, on nobody's word in particular

    def to_dict(self, language: str) -> JsonObject:
        """The wire form."""
        return {
            "interactingPartyIdentifier": _write_identifier(self.party),
            "interactingPartyType": issuer_type(self.types),
            "interactingPartyName": write_text(self.party.name, language),
            "interactingPartyContact": [],
            "credentialNumberRequested": max(self.issued, len(self.types)),
            "credentialNumberIssued": self.issued,
            "credentialIdentifier": list(self.types),
            "isUserTriggered": not self.anew,
        }


@dataclass(frozen=True, slots=True)
class Deletion:
    """The user deleted a document (§3.6); of several forms the first stands for all."""

    type: str
    issuer: Party

    def to_dict(self, language: str) -> JsonObject:
        """The wire form."""
        return {
            "credentialIdentifier": self.type,
            "credentialIssuerIdentifier": _write_identifier(self.issuer),
            "credentialIssuerName": write_text(self.issuer.name, language),
        }


@dataclass(frozen=True, slots=True)
class Other:
    """Anything else that the writer's wallet thought worth a line (§3.15)."""

    description: str

    def to_dict(self, _: str) -> JsonObject:
        """The wire form."""
        return {"description": self.description}


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A kind that no wallet here writes: pseudonyms, signatures, certificates, from wallet to wallet. It is read alone."""

    kind: str
    party: Party


Kind = Presentation | Issuance | Deletion | Other | Elsewhere


@dataclass(frozen=True, slots=True)
class Transaction:
    """Something that happened with a wallet, believed by nobody but the one who brings it."""

    identifier: str
    at: int  # epoch seconds
    completed: bool
    what: Kind
    own: JsonObject = field(default_factory=dict, hash=False)  # the writer's own words, see `OWN`

    @classmethod
    def from_dict(cls, value: object, at: str) -> Self:
        """Read one; members that nobody asks for are ignored.

        Raises:
            Malformed: a member is missing or has the wrong shape.
        """
        fields = Fields(value, at)
        kind = fields.text("transactionType", max_length=MAX_NAME)
        result = fields.text("transactionResult", max_length=MAX_NAME)
        if result not in (COMPLETED, NOT_COMPLETED):
            raise Malformed(fields.path("transactionResult"), f"must be {COMPLETED} or {NOT_COMPLETED}")
        own = fields.optional_object(OWN)
        return cls(
            identifier=fields.text("transactionIdentifier", max_length=MAX_NAME),
            at=read_moment(fields, "time"),
            completed=result == COMPLETED,
            what=_read_kind(kind, fields),
            own=own.members if own is not None else {},
        )

    def to_dict(self, language: str) -> JsonObject:
        """The wire form; `language` is that of names and reasons. Of `Elsewhere`, which we never write, a ValueError."""
        what = self.what
        if isinstance(what, Elsewhere):
            raise ValueError("this kind is only read")
        kind = kind_of(what)
        members: JsonObject = {
            _MEMBER[kind]: what.to_dict(language),
            "transactionIdentifier": self.identifier,
            "time": write_moment(self.at),
            "transactionType": kind,
            "transactionResult": COMPLETED if self.completed else NOT_COMPLETED,
        }
        return {**members, OWN: self.own} if self.own else members


def kind_of(what: Presentation | Issuance | Deletion | Other) -> str:
    """The transaction type of what happened (§3.1)."""
    match what:
        case Presentation():
            return PRESENTATION
        case Issuance():
            return REISSUANCE if what.anew else ISSUANCE
        case Deletion():
            return DELETION
        case Other():
            return OTHER


def issuer_type(types: tuple[str, ...]) -> str:
    """What an issuer of these types is called (§3.19.1): of person data, or else what claims the least."""
    person = ("urn:eudi:pid:", "eu.europa.ec.eudi.pid.")
    return PID_ISSUER if any(one.startswith(person) for one in types) else ANY_ISSUER


def write_text(text: str, language: str) -> JsonObject:
    """A text in one language (class MultiLangString)."""
    return {"lang": language, "content": text}


def read_text(fields: Fields, name: str, longest: int = MAX_NAME) -> str:
    """A text that may be plain, in one language or in several: the first; the empty text where there is none.

    Raises:
        Malformed: it has another shape.
    """
    value = fields.members.get(name)
    if isinstance(value, list) and value:
        value = value[0]
    if isinstance(value, dict):
        value = value.get("content")
    if value in (None, "", []):
        return ""
    if not isinstance(value, str) or len(value) > longest or "\x00" in value:
        raise Malformed(fields.path(name), f"must be a text of at most {longest} characters")
    return value


def read_texts(fields: Fields, name: str, most: int) -> tuple[str, ...]:
    """Short texts; none where the member is absent.

    Raises:
        Malformed: too many, or one is no text or too long.
    """
    found = []
    for item in fields.possibly_empty_array(name, max_items=most):
        if not isinstance(item, str) or not item or len(item) > MAX_NAME or "\x00" in item:
            raise Malformed(fields.path(name), f"must hold texts of at most {MAX_NAME} characters")
        found.append(item)
    return tuple(found)


def read_identifier(fields: Fields, name: str, called: str) -> Party:
    """Who somebody is, by an identifier or the first of several, and by the name in `called`."""
    value = fields.members.get(name)
    if isinstance(value, list) and value:
        value = value[0]
    if value is None:
        return Party(read_text(fields, called), "")
    holder = Fields(value, fields.path(name))
    identifier, kind = read_text(holder, "identifier"), read_text(holder, "type")
    return Party(read_text(fields, called), identifier, kind or URL_IDENTIFIER)


def write_moment(at: int) -> str:
    """A moment as §3.1 writes it, which has no zone: here it is UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def read_moment(fields: Fields, name: str) -> int:
    """The same back, in epoch seconds; a zone counts where one is given.

    Raises:
        Malformed: it is none, or one before 1970.
    """
    text = fields.text(name, max_length=40)
    try:
        moment = datetime.fromisoformat(text)
        seconds = int((moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError) as error:
        raise Malformed(fields.path(name), "must be a date with a time") from error
    if not 0 <= seconds <= MAX_TIME:
        raise Malformed(fields.path(name), "must be after 1970")
    return seconds


def _write_identifier(party: Party) -> JsonObject:
    return {"type": party.identifier_type, "identifier": party.identifier}


def _read_kind(kind: str, fields: Fields) -> Kind:
    member = _MEMBER.get(kind, kind[:1].lower() + kind[1:])
    inner = fields.object(member) if member in fields else fields
    party = read_identifier(inner, "interactingPartyIdentifier", "interactingPartyName")
    match kind:
        case "Presentation":
            return Presentation(
                party,
                _read_infos(inner, "listOfClaimsRequested"),
                _read_infos(inner, "listOfClaimsPresented"),
                read_text(inner, "reasonOfNoncompletion"),
            )
        case "CredentialIssuance" | "CredentialReissuance":
            types = read_texts(inner, "credentialIdentifier", MAX_CREDENTIALS)
            issued = inner.optional_integer("credentialNumberIssued")
            return Issuance(party, types, len(types) if issued is None else issued, kind == REISSUANCE)
        case "CredentialDeletion":
            issuer = read_identifier(inner, "credentialIssuerIdentifier", "credentialIssuerName")
            return Deletion(inner.text("credentialIdentifier", max_length=MAX_NAME), issuer)
        case "OtherTransaction":
            return Other(read_text(inner, "description"))
        case _:
            return Elsewhere(kind, party)


def _read_infos(fields: Fields, name: str) -> tuple[ClaimInfo, ...]:
    items = fields.possibly_empty_array(name, max_items=MAX_CREDENTIALS)
    return tuple(ClaimInfo.from_fields(Fields(item, f"{fields.path(name)}[{i}]")) for i, item in enumerate(items))
