"""What a witness makes of what it saw of a partner: pure, without network or store (docs/sovereignty/usage.md, Witness)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

from protocol.encoding import JsonObject, JsonValue, encode_json, read_json
from protocol.errors import (
    NotAuthentic,
    NotForThisRequest,
    NotFound,
    NotTrusted,
    NotValidNow,
    ProtocolError,
    Revoked,
    Suspended,
    Unreachable,
)
from protocol.fields import Fields
from protocol.jws import Jws
from protocol.sovereignty.log_heads import Growth, LogHead, SignedHead
from protocol.sovereignty.partner_directory import Witnessed
from protocol.sovereignty.usage import HOUR
from registrar.records import Partner

OFFSET = 300  # seconds after the full hour: partners append to their logs when it strikes
BEFORE = 10  # calendar years that are looked for at a partner whom nobody looked at before
LATE = 31 * 24 * HOUR  # how far into a year the last one's log may still grow


class Finding(StrEnum):
    """Why the last look at a partner showed nothing that counts. Only BROKEN says that somebody lied."""

    UNREACHABLE = "unreachable"
    SLOW = "slow"
    UNREADABLE = "unreadable"
    STRANGER = "stranger"  # signed by somebody else, or with a certificate that does not hold
    STALE = "stale"  # an old head
    GONE = "gone"  # a log that was there is not
    NO_PROOF = "no_proof"  # how the log grew is not told
    BROKEN = "broken"  # the log is not what it was


class NoProofError(ProtocolError):
    """A partner does not tell how its log grew: it need not have lied, but the new head counts for nothing."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What is known of a cockpit in the course of one look."""

    witnessed: Witnessed
    signed: dict[str, str]  # log → its newest head as the partner signed it
    evidence: tuple[str, ...] = ()
    broken: bool = False  # seen in this look


def hour_of(now: int) -> int:
    """The hour whose heads are looked for at a moment."""
    return (now - OFFSET) // HOUR


def began_at(hour: int) -> int:
    """When an hour's looks begin."""
    return hour * HOUR + OFFSET


def witnessed_of(partner: Partner) -> Witnessed:
    """A cockpit as the directory has it."""
    members: JsonObject = {
        "cockpit_endpoint": partner.cockpit_endpoint,
        "heads": read_json(partner.heads.encode("utf-8"), "heads"),
    }
    if partner.broken_since is not None:
        members["broken_since"] = partner.broken_since
    return Witnessed.from_fields(Fields(members, "cockpit"))


def sight_of(partner: Partner) -> Sight:
    """What was known before a look."""
    signed = Fields(read_json(partner.signed.encode("utf-8"), "signed"), "signed")
    evidence = read_json(partner.evidence.encode("utf-8"), "evidence")
    return Sight(
        witnessed_of(partner),
        {log: signed.text(log) for log in signed.members},
        tuple(map(str, evidence)) if isinstance(evidence, list) else (),
    )


def seen_of(partner: Partner, sight: Sight, finding: Finding | None, *, now: int) -> Partner:
    """A cockpit after a look."""
    found = Finding.BROKEN if sight.broken else finding
    witnessed = thinned(sight.witnessed, now)
    heads: list[JsonValue] = [head.to_dict() for head in witnessed.heads]
    signed: JsonObject = {log: sight.signed[log] for log in sorted(sight.signed)}
    return replace(
        partner,
        heads=encode_json(heads).decode("utf-8"),
        signed=encode_json(signed).decode("utf-8"),
        broken_since=witnessed.broken_since,
        evidence=encode_json(list[JsonValue](sight.evidence)).decode("utf-8"),
        looked_at=now,
        reached_at=partner.reached_at if found else now,
        finding="" if found is None else found.value,
    )


def thinned(witnessed: Witnessed, now: int) -> Witnessed:
    """A cockpit without the earlier heads of logs that closed more than a year ago: what grew into the last one is enough.

    Otherwise the heads of ten years would be more than a directory has of one cockpit.
    """
    oldest = f"{_year(now) - 1:04}"
    return replace(
        witnessed,
        heads=tuple([head for head in witnessed.heads if head.log >= oldest or head == witnessed.newest(head.log)]),
    )


def logs_to_look_at(witnessed: Witnessed, *, now: int) -> tuple[str, ...]:
    """The logs whose heads are fetched: all since the last year that is known, for a while also the one before."""
    last = _year(now)
    known = [int(head.log) for head in witnessed.heads]
    first = min(max(known), _year(now - LATE)) if known else last - BEFORE
    return tuple([f"{year:04}" for year in range(last, first - 1, -1)])


def may_be_missing(witnessed: Witnessed, log: str) -> bool:
    """Whether a partner need not have a log: nobody has seen a head of it."""
    return witnessed.newest(log).tree.size == 0


def needs_proof(sight: Sight, signed: SignedHead) -> bool:
    """Whether it has to be proven that a log grew into a head.

    Raises:
        NotValidNow: it is smaller than one that was signed later: old, and no lie.
    """
    head, newest = signed.head, sight.witnessed.newest(signed.head.log)
    if head.tree.size < newest.tree.size and signed.issued_at < _issued_at(sight, head.log):
        raise NotValidNow("usage head: is older than the one that was seen before")
    return 0 < newest.tree.size < head.tree.size


def after_head(sight: Sight, signed: SignedHead, growth: Growth | None, *, now: int) -> Sight:
    """Take in a head, and the proof that the log grew into it where there has to be one.

    Raises:
        NoProofError: the proof is about other heads.
    """
    head, before = signed.head, sight.witnessed
    newest = before.newest(head.log)
    wrong = False
    if growth is not None:
        try:
            growth.verify(newest, head)
        except NotForThisRequest as error:
            # It proves something else, and so nothing, neither for nor against
            raise NoProofError(error.description) from error
        except NotAuthentic:
            wrong = True
    witnessed = before.witness(head, growth.consistency if growth is not None else (), now=now)
    if wrong or _contradicts(newest, head):
        proof = () if growth is None else (encode_json(growth.to_dict()).decode("utf-8"),)
        # What showed it first is kept: nothing that comes later heals it
        evidence = sight.evidence or (sight.signed.get(head.log, ""), signed.raw, *proof)
        return replace(sight, witnessed=witnessed, evidence=evidence, broken=True)
    return replace(sight, witnessed=witnessed, signed={**sight.signed, head.log: signed.raw})


def finding_of(error: ProtocolError) -> Finding:
    """What a refusal says of a partner."""
    match error:
        case NoProofError():
            return Finding.NO_PROOF
        case NotFound():
            return Finding.GONE
        case Unreachable():
            return Finding.UNREACHABLE
        case NotTrusted() | NotAuthentic() | Revoked() | Suspended():
            return Finding.STRANGER
        case NotValidNow():
            return Finding.STALE
        case _:
            return Finding.UNREADABLE


def _contradicts(newest: LogHead, head: LogHead) -> bool:
    """Whether a head cannot stand beside the newest one, whatever is proven."""
    if head.tree.size == newest.tree.size:
        return head != newest
    return head.tree.size < newest.tree.size


def _issued_at(sight: Sight, log: str) -> int:
    """When the newest head of a log was signed; it was verified when it came."""
    raw = sight.signed.get(log)
    return 0 if raw is None else Jws.from_compact(raw, "usage head").peek_claims("usage head").time("iat")


def _year(now: int) -> int:
    return datetime.fromtimestamp(now, UTC).year
