"""A standing order: the same data to the same recipient when it changes, until a date or so many times.

It is kept sealed in the wallet and sends nothing: at an unlock it says what it would send, and the citizen approves each time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple, Self

from protocol.credential import ClaimPath
from protocol.encoding import JsonObject, encode_json
from protocol.errors import Malformed
from protocol.fields import Fields
from protocol.sovereignty.canonical import read_hash
from protocol.sovereignty.claims import read_paths, write_paths
from protocol.sovereignty.forwarding import MAX_TYPE, MAX_USES, Recipient
from protocol.sovereignty.mandate_status import Ending
from protocol.sovereignty.recipient_terms import Change, RecipientTerms
from protocol.sovereignty.rights import read_id
from protocol.sovereignty.selected_data import hash_value, select_data

MAX_COPY = 256  # characters


class Sent(NamedTuple):
    """What was sent last: which issued copy, and a hash of each value."""

    copy: str
    values: Mapping[str, str]  # by path in JSON


class Held(NamedTuple):
    """The credential as the wallet holds it now."""

    copy: str  # names one issuance; another after each renewal
    claims: JsonObject


class Waiting(StrEnum):
    """Why nothing is to be sent now, although the order goes on."""

    UNCHANGED = "unchanged"
    NOT_HELD = "not_held"  # no valid credential of the type, or none of the claims in it
    RECIPIENT_UNKNOWN = "recipient_unknown"  # what it is registered for could not be had


@dataclass(frozen=True, slots=True)
class StandingOrder:
    """What the citizen decided in advance; a missing limit is no limit, and one of the two is always there."""

    id: str
    recipient: Recipient
    type: str  # vct or doctype
    claims: tuple[ClaimPath, ...]  # names and null
    terms: RecipientTerms  # as they were when it was given
    until: int | None = None  # epoch seconds; nothing is sent from then on
    at_most: int | None = None  # times
    sent: int = 0  # times
    last: Sent | None = None
    revoked: bool = False

    def __post_init__(self) -> None:
        """Refuse, as our own mistake, an order without a limit, or without claims."""
        if (self.until is None and self.at_most is None) or not self.claims:
            raise ValueError("a standing order has a limit and claims")

    @classmethod
    def from_dict(cls, value: object, at: str = "standing_order") -> Self:
        """Read what was kept.

        Raises:
            Malformed: a member is missing or has the wrong shape.
        """
        order = Fields(value, at)
        paths = read_paths(order, "claims")
        if not paths or any(isinstance(step, int) for path in paths for step in path):
            raise Malformed(order.path("claims"), "must have at least one path, of names and null alone")
        if "until" not in order and "at_most" not in order:
            raise Malformed(at, "must have a limit")
        last = order.optional_object("last")
        return cls(
            id=read_id(order, "id"),
            recipient=Recipient.from_fields(order.object("recipient")),
            type=order.text("type", max_length=MAX_TYPE),
            claims=paths,
            terms=RecipientTerms.from_fields(order.object("terms")),
            until=order.time("until") if "until" in order else None,
            at_most=order.optional_integer("at_most", minimum=1, maximum=MAX_USES),
            sent=order.integer("sent"),
            last=None if last is None else _read_sent(last),
            revoked=order.boolean("revoked", default=False),
        )

    def to_dict(self) -> JsonObject:
        """As it is kept."""
        members: JsonObject = {
            "id": self.id,
            "recipient": self.recipient.to_dict(),
            "type": self.type,
            "claims": write_paths(self.claims),
            "terms": self.terms.to_dict(),
            "sent": self.sent,
        }
        if self.until is not None:
            members["until"] = self.until
        if self.at_most is not None:
            members["at_most"] = self.at_most
        if self.last is not None:
            members["last"] = {"copy": self.last.copy, "values": dict(self.last.values)}
        if self.revoked:
            members["revoked"] = True
        return members


@dataclass(frozen=True, slots=True)
class Ended:
    """The order sends nothing more; `changes` are what its recipient changed, where that is why."""

    ending: Ending
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Prepared:
    """What an order would send once it is approved."""

    order: StandingOrder
    data: JsonObject
    changed: tuple[ClaimPath, ...]  # other values than last time; empty: the credential was renewed as it was
    missing: tuple[ClaimPath, ...]  # the credential has them no more
    after: StandingOrder  # how the order stands once this was sent


Decision = Ended | Waiting | Prepared


def decide(order: StandingOrder, held: Held | None, terms: RecipientTerms | None, *, now: int) -> Decision:
    """Whether an order has ended, waits, or has something to show for approval.

    `held` is None where no valid credential of the type is there, `terms` is None where what the recipient is registered
    for could not be had: then nothing is sent, and nothing ends.
    """
    ended = _ending(order, terms, now)
    if ended is not None:
        return ended
    if terms is None:
        return Waiting.RECIPIENT_UNKNOWN
    data = {} if held is None else select_data(held.claims, order.claims)
    if held is None or not data:
        return Waiting.NOT_HELD
    if order.last is not None and order.last.copy == held.copy:
        return Waiting.UNCHANGED
    values = {_name(path): hash_value(select_data(data, [path])) for path in order.claims}
    before = {} if order.last is None else order.last.values
    return Prepared(
        order=order,
        data=data,
        changed=tuple([path for path in order.claims if before.get(_name(path)) != values[_name(path)]]),
        missing=tuple([path for path in order.claims if not select_data(data, [path])]),
        after=replace(order, sent=order.sent + 1, last=Sent(held.copy, values)),
    )


def revoke(order: StandingOrder) -> StandingOrder:
    """End an order; it stays to be seen."""
    return replace(order, revoked=True)


def _ending(order: StandingOrder, terms: RecipientTerms | None, now: int) -> Ended | None:
    if order.revoked:
        return Ended(Ending.REVOKED)
    if order.at_most is not None and order.sent >= order.at_most:
        return Ended(Ending.USED_UP)
    if order.until is not None and now >= order.until:
        return Ended(Ending.EXPIRED)
    changes = () if terms is None else order.terms.changes(terms)
    return Ended(Ending.RECIPIENT_CHANGED, changes) if changes else None


def _name(path: ClaimPath) -> str:
    return encode_json([*path]).decode("utf-8")


def _read_sent(sent: Fields) -> Sent:
    values = sent.object("values")
    return Sent(sent.text("copy", max_length=MAX_COPY), {name: read_hash(values, name) for name in values.members})
