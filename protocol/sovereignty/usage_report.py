"""What a partner answers when the citizen asks what was done with their data.

`usage-report+jwt` answers `POST {cockpit_endpoint}/usage`. Its heads, which everybody can fetch, hold the partner to it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple, Self

from protocol.encoding import JsonObject, JsonValue, decode_base64url, encode_base64url, encode_json
from protocol.errors import Flaw, Malformed, NotAuthentic, NotForThisRequest, NotValidNow, RolledBack
from protocol.fields import Fields
from protocol.keys import Signer
from protocol.sovereignty.canonical import check_hash
from protocol.sovereignty.log_heads import LogHead, read_heads, read_proof, write_proof
from protocol.sovereignty.merkle import MAX_SIZE, Proof, TreeHead, verify_consistency, verify_inclusion
from protocol.sovereignty.rights import read_id
from protocol.sovereignty.signing import (
    MAX_AHEAD,
    MAX_OBJECT,
    Organisation,
    OrganisationObject,
    sign_as_organisation,
    verify_organisation_object,
)
from protocol.sovereignty.usage import BlindedEntry, read_log
from protocol.sovereignty.wording import Wording, read_wording, write_wording
from protocol.trust.anchors import TrustAnchors

TYP = "usage-report+jwt"
MAX_ENTRIES = 500  # of one report
MAX_NEWS = 16
MAX_OFFER = 4096  # characters
MAX_PAYLOAD = 36 * 1024  # bytes; with its header and base64 it stays below `MAX_OBJECT`
_OFFERS = ("openid-credential-offer://", "haip-vci://", "https://")
_AT = "usage report"


class PastChanged(RolledBack):
    """A log is not what it was: entries were taken back or altered after they had been shown."""


class Seen(NamedTuple):
    """How far a wallet knows a log, from this receipt's last report only: another one's would link the two."""

    log: str
    tree_size: int  # leaves


@dataclass(frozen=True, slots=True)
class UsageRequest:
    """What a wallet asks."""

    after: int | None = None  # the last `n` that it knows in the tree
    seen: Seen | None = None

    @classmethod
    def from_dict(cls, value: object) -> Self:
        """Read the body; unknown members are ignored.

        Raises:
            Malformed: a member has the wrong shape.
        """
        request = Fields(value, "usage request")
        seen = request.optional_object("seen")
        return cls(
            after=request.optional_integer("after", maximum=MAX_SIZE),
            seen=None if seen is None else Seen(read_log(seen, "log"), seen.integer("tree_size", maximum=MAX_SIZE)),
        )

    def to_dict(self) -> JsonObject:
        """The wire form."""
        members: JsonObject = {} if self.after is None else {"after": self.after}
        if self.seen is not None:
            members["seen"] = self.seen._asdict()
        return members


@dataclass(frozen=True, slots=True)
class Place:
    """Where an entry stands in a tree."""

    log: str
    index: int
    inclusion: Proof


class ReportedEntry(NamedTuple):
    """An entry as a report shows it."""

    blinded: BlindedEntry
    place: Place | None = None  # None: pending until the next full hour

    @classmethod
    def from_fields(cls, reported: Fields) -> Self:
        """Read the wire form.

        Raises:
            Malformed, TooLarge, Unsupported: see `BlindedEntry.from_members`; or a place of which a part is missing.
        """
        entry = reported.object("entry")
        blind = decode_base64url(check_hash(reported.required("blind"), reported.path("blind")), reported.path("blind"))
        place = None
        if any(name in reported for name in ("log", "index", "inclusion")):
            index = reported.integer("index", maximum=MAX_SIZE)
            place = Place(read_log(reported, "log"), index, read_proof(reported, "inclusion"))
        return cls(BlindedEntry.from_members(entry.members, blind, entry.at), place)

    def to_dict(self) -> JsonObject:
        """The wire form."""
        members: JsonObject = {"entry": self.blinded.members, "blind": encode_base64url(self.blinded.blind)}
        if self.place is not None:
            place = self.place
            members.update(log=place.log, index=place.index, inclusion=write_proof(place.inclusion))
        return members


class News(NamedTuple):
    """How the outcome of a case reaches the citizen."""

    at: int  # epoch seconds
    text: Wording
    offer: str | None = None  # the link of a credential offer

    @classmethod
    def from_fields(cls, news: Fields) -> Self:
        """Read the wire form.

        Raises:
            Malformed: a member is missing or has the wrong shape.
        """
        offer = news.optional_text("offer", max_length=MAX_OFFER)
        if offer is not None and not offer.startswith(_OFFERS):
            raise Malformed(news.path("offer"), "must be the link of a credential offer")
        return cls(news.integer("at"), read_wording(news, "text"), offer)

    def to_dict(self) -> JsonObject:
        """The wire form."""
        members: JsonObject = {"at": self.at, "text": write_wording(self.text)}
        return members if self.offer is None else {**members, "offer": self.offer}


@dataclass(frozen=True, slots=True)
class UsageReport:
    """All that a partner says that it did with the data of one receipt."""

    receipt: str
    issued_at: int  # epoch seconds; nothing else had happened by then
    heads: tuple[LogHead, ...]  # one of each log
    entries: tuple[ReportedEntry, ...] = ()
    more: bool = False  # the rest comes on asking again
    consistency: Proof = ()  # from the head that was seen to the one of its log
    news: tuple[News, ...] = ()

    @classmethod
    def from_fields(cls, claims: Fields) -> Self:
        """Read the claims; unknown ones are ignored.

        Raises:
            Malformed, TooLarge, Unsupported: a member is missing or has the wrong shape, or is over its cap.
        """
        return cls(
            receipt=read_id(claims, "receipt"),
            issued_at=claims.time("iat"),
            heads=read_heads(claims, "heads"),
            entries=tuple(map(ReportedEntry.from_fields, _objects(claims, "entries", MAX_ENTRIES))),
            more=claims.boolean("more", default=False),
            consistency=read_proof(claims, "consistency") if "consistency" in claims else (),
            news=tuple(map(News.from_fields, _objects(claims, "news", MAX_NEWS))),
        )

    def to_claims(self) -> JsonObject:
        """The claims of the wire form."""
        members: JsonObject = {
            "receipt": self.receipt,
            "iat": self.issued_at,
            "heads": list[JsonValue]([head.to_dict() for head in self.heads]),
            "entries": list[JsonValue]([entry.to_dict() for entry in self.entries]),
        }
        if self.more:
            members["more"] = True
        if self.consistency:
            members["consistency"] = write_proof(self.consistency)
        if self.news:
            members["news"] = list[JsonValue]([news.to_dict() for news in self.news])
        return members

    def head(self, log: str) -> TreeHead | None:
        """The head of a log in this report."""
        return next((head.tree for head in self.heads if head.log == log), None)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the wallet knows when it asks: about one receipt, and from its earlier reports."""

    receipt: str
    sent_at: int  # epoch seconds
    after: int | None = None
    seen: LogHead | None = None  # as sent, with the root that was signed for it
    known: tuple[LogHead, ...] = ()  # every log's head in the last report, the one in `seen` among them
    last_report_at: int = 0  # its `iat`


@dataclass(frozen=True, slots=True)
class VerifiedUsageReport:
    """A report in the word of the partner that holds the data. It binds the partner also where it contradicts itself."""

    says: UsageReport
    signed: OrganisationObject


def fill_report(report: UsageReport, entries: Iterable[ReportedEntry]) -> UsageReport:
    """Put entries into a report, in their order, as many as it can hold; `more` says whether some are left."""
    size = len(encode_json({**report.to_claims(), "entries": [], "more": True}))
    taken: list[ReportedEntry] = []
    for entry in entries:
        size += len(encode_json(entry.to_dict())) + 1
        if size > MAX_PAYLOAD or len(taken) == MAX_ENTRIES:
            return replace(report, entries=tuple(taken), more=True)
        taken.append(entry)
    return replace(report, entries=tuple(taken), more=False)


def sign_usage_report(report: UsageReport, signer: Signer, x5c: tuple[str, ...]) -> str:
    """A report as it travels; one that contradicts itself, or is too large, is a ValueError."""
    claims = report.to_claims()
    try:
        check_order(UsageReport.from_fields(Fields(claims, _AT)))
        check_inclusions(report)
    except Flaw as error:
        raise ValueError(error.description) from error
    if report.more and not report.entries:
        raise ValueError("a report without room for any entry would be asked for forever")
    token = sign_as_organisation(TYP, claims, signer, x5c)
    if len(token) > MAX_OBJECT:
        raise ValueError(f"a report has at most {MAX_OBJECT} characters")
    return token


def verify_usage_report(
    text: str, asked: Asked, *, partner: Collection[Organisation], anchors: TrustAnchors, now: int
) -> VerifiedUsageReport:
    """Check whose word a report is and what it answers. Whether it is true to itself and to earlier ones: `check_report`.

    Raises:
        NotForThisRequest: about another receipt, or with entries of one.
        NotValidNow: from before the question, from the future, or with entries from the future.
        RolledBack: older than the last one.
        Malformed: it would have to be asked for forever, or see `UsageReport.from_fields`.
        NotAuthentic, NotTrusted, TooLarge, Unsupported: see `verify_organisation_object`.
    """
    signed = verify_organisation_object(text, typ=TYP, signers=partner, anchors=anchors, now=now, at=_AT)
    says = UsageReport.from_fields(signed.claims)
    entries = [reported.blinded.entry for reported in says.entries]
    if says.receipt != asked.receipt or any(entry.receipt != asked.receipt for entry in entries):
        raise NotForThisRequest(f"{_AT}.receipt: is another receipt")
    if says.issued_at < asked.sent_at - MAX_AHEAD:
        raise NotValidNow(f"{_AT}: is from before it was asked for")
    if says.issued_at < asked.last_report_at:
        raise RolledBack(f"{_AT}: is older than the last one")
    if any(entry.use.at > says.issued_at + MAX_AHEAD for entry in entries):
        raise NotValidNow(f"{_AT}.entries: are from the future")
    if says.more and not says.entries:
        raise Malformed(f"{_AT}.entries", "must not be empty where there are more")
    return VerifiedUsageReport(says, signed)


def check_report(report: UsageReport, asked: Asked) -> None:
    """Check that a report is true to itself and to what was seen before.

    Raises:
        Malformed: its entries are out of order.
        NotAuthentic: an entry is not in the tree where it is said to be.
        PastChanged: a log is not what it was.
    """
    check_order(report, asked.after)
    check_inclusions(report)
    check_past(report, asked)


def check_order(report: UsageReport, after: int | None = None) -> None:
    """Check that entries come in their order, each once; gaps are left to the findings.

    Raises:
        Malformed: they do not.
    """
    numbers = [-1 if after is None else after, *(reported.blinded.entry.n for reported in report.entries)]
    if any(second <= first for first, second in pairwise(numbers)):
        raise Malformed(f"{_AT}.entries", "must be in the order of their numbers, after the last that is known")


def check_inclusions(report: UsageReport) -> None:
    """Check that each entry that is said to be in a tree is in it.

    Raises:
        NotAuthentic: one is not.
    """
    for i, reported in enumerate(report.entries):
        check_included(reported, report, f"{_AT}.entries[{i}]")


def check_included(reported: ReportedEntry, report: UsageReport, at: str = _AT) -> None:
    """Check that one entry, unless it is pending, is in the tree whose head is in the report.

    Raises:
        NotAuthentic: it is not, or there is no such head.
    """
    place = reported.place
    if place is None:
        return
    head = report.head(place.log)
    if head is None:
        raise NotAuthentic(f"{at}.log: has no head in the report")
    verify_inclusion(reported.blinded.leaf, place.index, head, place.inclusion, at)


def check_past(report: UsageReport, asked: Asked) -> None:
    """Check that the logs only grew since the last report.

    The one in `seen` is proven here; of others, whose proof nobody asked for, nothing may have become less, and the witness has
    seen the rest.

    Raises:
        PastChanged: one has another past, or is gone.
    """
    for known in asked.known if asked.seen is None else (*asked.known, asked.seen):
        head = report.head(known.log)
        if head is None or head.size < known.tree.size or (head.size == known.tree.size and head != known.tree):
            raise PastChanged(f"{_AT}.heads: a log is not what it was")
    if asked.seen is not None and (head := report.head(asked.seen.log)) is not None:
        try:
            verify_consistency(asked.seen.tree, head, report.consistency, f"{_AT}.consistency")
        except NotAuthentic as error:
            raise PastChanged(error.description) from error


def _objects(claims: Fields, name: str, max_items: int) -> tuple[Fields, ...]:
    items = claims.possibly_empty_array(name, max_items=max_items)
    return tuple([Fields(item, f"{claims.path(name)}[{i}]") for i, item in enumerate(items)])
