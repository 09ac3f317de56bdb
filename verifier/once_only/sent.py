"""What was sent, line by line with its words and sources: it stays readable whatever becomes of the service's file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple, Self

from protocol.encoding import JsonObject, JsonValue
from protocol.errors import Malformed, TooLarge
from protocol.fields import Fields, read_https_url
from protocol.sovereignty.wording import Wording, check_plain, read_optional_wording, read_wording, write_wording
from verifier.acting import Acting
from verifier.once_only.case import DECISIONS, MAX_TEXT, CaseState
from verifier.once_only.description import ServiceDescription
from verifier.once_only.filling import Content, read_kept, read_kept_acting, write_kept
from verifier.once_only.sources import ServiceField

MAX_OFFER = 4096  # characters

MAX_TOLD = 5 * 1024  # bytes of words and offer together: both fit into what a wallet fetches at once
_OFFER = re.compile(r"(?:openid-credential-offer|haip-vci)://[!-~]+", re.ASCII)


class Basis(StrEnum):
    """On what an answer stands."""

    ATTESTED = "attested"  # a document says it
    STATED = "stated"  # the citizen says it
    EARLIER = "earlier"  # the citizen said it to another service before


class SentLine(NamedTuple):
    """One answer."""

    name: str
    title: Wording
    basis: Basis
    value: JsonValue
    choice: Wording = ()  # the words for it, where it was chosen
    document: Wording = ()
    issuer: str = ""
    shown_at: int = 0  # epoch seconds
    binary: bool = False
    remark: str = ""  # what the citizen says is wrong with it

    @classmethod
    def from_fields(cls, line: Fields) -> Self:
        """Read what we kept."""
        return cls(
            name=line.text("name"),
            title=read_wording(line, "title"),
            basis=Basis(line.text("basis")),
            value=line.required("value"),
            choice=read_optional_wording(line, "choice"),
            document=read_optional_wording(line, "document"),
            issuer=line.optional_text("issuer") or "",
            shown_at=line.optional_integer("shown_at") or 0,
            binary=line.boolean("binary", default=False),
            remark=line.optional_text("remark") or "",
        )

    def to_dict(self) -> JsonObject:
        """The form in which it is kept, and told to programs; what it does not have is left out."""
        members: JsonObject = {
            "name": self.name,
            "title": write_wording(self.title),
            "basis": self.basis.value,
            "value": self.value,
        }
        if self.choice:
            members["choice"] = write_wording(self.choice)
        if self.document:
            members |= {"document": write_wording(self.document), "shown_at": self.shown_at}
        if self.issuer:
            members["issuer"] = self.issuer
        if self.binary:
            members["binary"] = True
        if self.remark:
            members["remark"] = self.remark
        return members


class Told(NamedTuple):
    """What the citizen is told of the outcome."""

    text: str = ""
    offer: str = ""  # link by which their wallet fetches what the outcome gives; empty: nothing


class Decision(NamedTuple):
    """What an agency says of a case."""

    state: CaseState
    told: Told

    @classmethod
    def from_fields(cls, decision: Fields) -> Self:
        """Read `{state, text, offer?}`, from a clerk, a program or a webhook's answer.

        Raises:
            Malformed: no decision that there is, no words where the citizen needs some, or an offer that is no link to one.
        """
        state = decision.text("state", max_length=32)
        if state not in DECISIONS:
            raise Malformed(decision.path("state"), f"must be of {', '.join(DECISIONS)}")
        text = (decision.optional_text("text", max_length=MAX_TEXT) or "").strip().replace("\r\n", "\n")
        if not text and state != CaseState.GRANTED:
            raise Malformed(decision.path("text"), "must say why, or what is missing")
        # It goes to wallets too, which take nothing else
        check_plain(text, decision.path("text"))
        offer = (decision.optional_text("offer", max_length=MAX_OFFER) or "").strip()
        if offer and state != CaseState.GRANTED:
            raise Malformed(decision.path("offer"), "is for a case that is granted")
        if offer and not _OFFER.fullmatch(offer):
            if not offer.startswith("https://"):
                raise Malformed(decision.path("offer"), "must be the link of a credential offer")
            read_https_url(offer, decision.path("offer"))
        if len(text.encode()) + len(offer) > MAX_TOLD:
            raise TooLarge(decision.path("text"), f"has more than {MAX_TOLD} bytes together with its offer")
        return cls(CaseState(state), Told(text, offer))


def sent_lines(service: ServiceDescription, content: Content) -> tuple[SentLine, ...]:
    """Everything that is answered, in the order of the form."""
    documents = {document.id: document.name for document in service.documents}
    lines = []
    for field in service.fields:
        attested = content.attested.get(field.name)
        if attested is not None:
            lines.append(
                SentLine(
                    field.name,
                    field.question.title,
                    Basis.ATTESTED,
                    attested.value,
                    document=documents.get(attested.document, ()),
                    issuer=attested.issuer,
                    shown_at=attested.shown_at,
                    binary=attested.binary,
                    remark=content.remarks.get(field.name, ""),
                )
            )
        elif field.name in content.stated:
            value = content.stated[field.name]
            basis = Basis.EARLIER if field.name in content.earlier else Basis.STATED
            lines.append(SentLine(field.name, field.question.title, basis, value, choice=_choice(field, value)))
    return tuple(lines)


def _choice(field: ServiceField, value: JsonValue) -> Wording:
    return next((choice.title for choice in field.question.choices if choice.value == value), ())


class Sent(NamedTuple):
    """All that was sent."""

    lines: tuple[SentLine, ...]
    acting: Acting | None = None  # who sent it for whom; None: everybody for themselves

    def to_bytes(self) -> bytes:
        """The form in which it is sealed."""
        acting = {"acting": self.acting.to_dict()} if self.acting is not None else {}
        return write_kept({"lines": [line.to_dict() for line in self.lines], **acting})

    @classmethod
    def from_bytes(cls, plain: bytes) -> Self:
        """What was sealed."""
        sent = Fields(read_kept(plain), "case")
        return cls(tuple(map(SentLine.from_fields, sent.optional_objects("lines"))), read_kept_acting(sent))


def write_told(told: Told) -> bytes:
    """The form in which it is sealed."""
    return write_kept({name: value for name, value in told._asdict().items() if value})


def read_told(plain: bytes) -> Told:
    """What was sealed."""
    told = Fields(read_kept(plain), "outcome")
    return Told(told.optional_text("text") or "", told.optional_text("offer") or "")


def stated_before(service: str, lines: tuple[SentLine, ...]) -> Mapping[tuple[str, str], JsonValue]:
    """What the citizen said themselves: another service may take it over."""
    return {(service, line.name): line.value for line in lines if line.basis is not Basis.ATTESTED}
