"""Looking up whether a credential still holds: by the list that is known, or a fresh one (Token Status List §8).

A list has a row of states, or the identifiers of what was revoked (ISO/IEC 18013-5 second edition §12.3.6). Not knowing is
an answer too: whatever goes wrong on the way is told in the report, and who asked decides what to do then.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from protocol.cose import Sign1
from protocol.credential import IdentifierReference, StatusPlace
from protocol.errors import Malformed, ProtocolError, Unreachable
from protocol.exchange import Exchange, HttpRequest, send
from protocol.jws import JoseHeader, Jws
from protocol.keys import PublicKey
from protocol.status.identifier_list import MAX_LIST, IdentifierList, peek_identifier_list, verify_identifier_list
from protocol.status.identifier_list import MEDIA_TYPE as IDENTIFIER_MEDIA_TYPE
from protocol.status.token import (
    CWT_MEDIA_TYPE,
    MAX_STATUS_TOKEN,
    MEDIA_TYPE,
    StatusListToken,
    peek_status_list_cwt,
    peek_status_list_token,
    verify_peeked_cwt,
    verify_peeked_token,
)

_ACCEPTED = f"{MEDIA_TYPE}, {CWT_MEDIA_TYPE};q=0.9"

FindKey = Callable[[Jws], PublicKey]


class Status(StrEnum):
    """What is known of a credential (Token Status List §7.1); only VALID is good."""

    VALID = "valid"
    INVALID = "invalid"  # for ever, in the EU
    SUSPENDED = "suspended"  # for now
    UNKNOWN = "unknown"


_MEANINGS = {
    0: (Status.VALID, "the credential is valid"),
    1: (Status.INVALID, "the credential was revoked"),
    2: (Status.SUSPENDED, "the credential is suspended"),
}
_WORST_FIRST = (Status.INVALID, Status.SUSPENDED, Status.UNKNOWN, Status.VALID)


@dataclass(frozen=True, slots=True)
class StatusReport:
    """The answer for one credential, with its reason in plain words."""

    status: Status
    value: int | None  # the number in the list (of identifiers: 1 if it is there, else 0); None if none could be read
    checked_at: int  # epoch seconds: when the list that answers was fetched, or when that was tried in vain
    fresh_until: int  # epoch seconds: from then on it has to be asked again
    reason: str


@dataclass(frozen=True, slots=True)
class KnownList:
    """A verified list to be kept for the next credential, with what it takes to check who may use it."""

    token: StatusListToken | IdentifierList
    fetched_at: int  # epoch seconds
    header: JoseHeader
    key: PublicKey  # signed the token

    @property
    def size(self) -> int:
        """Bytes that it takes to keep, about."""
        return self.token.size


@dataclass(frozen=True, slots=True)
class KeptList:
    """A list as it was served, to be kept where it outlives a process. Nothing in it is believed when it is read back."""

    uri: str
    media_type: str
    body: bytes
    fetched_at: int  # epoch seconds


@dataclass(frozen=True, slots=True)
class CheckedStatus:
    """A report, and the list to keep for its address from now on; None leaves what is kept as it is."""

    report: StatusReport
    known: KnownList | None
    rolled_back: bool = False  # an older list than the known one was served: an incident to be logged (T071)
    fetched: KeptList | None = None  # what was served just now, where it is the list to keep
    unreachable: bool = False  # whoever has the list could not be asked: that alone is no answer, good or bad


def check_every_status(
    places: tuple[StatusPlace, ...], look_up: Callable[[StatusPlace], Exchange[StatusReport]]
) -> Exchange[StatusReport]:
    """Say what a credential's status is by all places that it names, of which there is at least one: the worst of them.

    One that says it was revoked ends the asking, and one that cannot be asked is not made good by another. What is good
    is as old as the oldest report, and as fresh as the one to go stale first.
    """
    found: list[StatusReport] = []
    for place in places:
        report = yield from look_up(place)
        if report.status is Status.INVALID:
            return report
        found.append(report)
    worst = min(found, key=lambda report: _WORST_FIRST.index(report.status))
    if worst.status is not Status.VALID:
        return worst
    return replace(
        worst,
        checked_at=min(report.checked_at for report in found),
        fresh_until=min(report.fresh_until for report in found),
    )


def check_status(
    reference: StatusPlace,
    known: KnownList | None,
    *,
    find_key: FindKey,
    now: int,
    max_age: int,
    offline_age: int = 0,
) -> Exchange[CheckedStatus]:
    """Say what a credential's status is, from `known` while that is fresh and else from a list fetched now; never raises.

    `find_key` returns the key that may sign this credential's list, or raises a `Flaw`. It decides by the header alone,
    and is asked again for a known list, whose payload is no longer there: the list may have been fetched for a credential
    of somebody else (T069). `max_age` (seconds) is how long a list is kept at most, whatever it says itself (T076).

    `offline_age` (seconds) is how long a known list may still answer where no other can be had: past its own `ttl` and past
    `max_age`, and never past its `exp` (T070). Whoever can keep us from the network can make use of that, and of no more.
    """
    mine = known if known is not None and _may_answer(known, reference, find_key) else None
    if mine is not None and mine.fetched_at <= now < _fresh_until(mine, max_age):
        return CheckedStatus(_read(mine, reference, max_age), mine)
    try:
        served = yield from _fetch(reference, now)
        fetched = read_kept_list(served, find_key=find_key, max_age=max_age)
    except ProtocolError as error:
        report = _without_network(mine, reference, error, now=now, ages=(max_age, offline_age))
        return CheckedStatus(report, mine, unreachable=isinstance(error, Unreachable))
    if mine is not None and fetched.token.issued_at < mine.token.issued_at:
        return CheckedStatus(_after_rollback(mine, reference, now, max_age), mine, rolled_back=True)
    return CheckedStatus(_read(fetched, reference, max_age), fetched, fetched=served)


def read_kept_list(kept: KeptList, *, find_key: FindKey, max_age: int) -> KnownList:
    """Verify a list as of the moment at which it was served: for whether it is of use now, see `check_status`.

    Raises:
        ProtocolError: it is no list, or does not hold.
    """
    at = kept.fetched_at
    # T075: which of them it is, or that it is none, is not guessed from its content
    if kept.media_type == IDENTIFIER_MEDIA_TYPE:
        return _read_identifiers(kept.body, kept.uri, find_key, at)
    if kept.media_type == CWT_MEDIA_TYPE:
        return _read_cwt(kept.body, kept.uri, find_key, at, max_age)
    if kept.media_type != MEDIA_TYPE:
        raise Malformed("status list", "is not served as a status list token")
    jws = peek_status_list_token(_read_text(kept.body))
    key = find_key(jws)
    token = verify_peeked_token(jws, uri=kept.uri, key=key, now=at, max_age=max_age)
    return KnownList(token, at, jws.header, key)


def _fetch(reference: StatusPlace, now: int) -> Exchange[KeptList]:
    """Get what is served as the list that is meant (Token Status List §8.1, §8.2).

    Raises:
        ProtocolError: no answer, or another one than a list of this kind.
    """
    identifiers = isinstance(reference, IdentifierReference)
    accepted, size = (IDENTIFIER_MEDIA_TYPE, MAX_LIST) if identifiers else (_ACCEPTED, MAX_STATUS_TOKEN)
    request = HttpRequest("GET", reference.uri, (("accept", accepted),), max_bytes=size)
    response = yield from send(request)
    if 300 <= response.status < 400:
        raise Unreachable("the status list was moved elsewhere, where we do not follow")
    if response.status != 200:
        raise Unreachable(f"the status list is answered with HTTP status {response.status}")
    if (response.media_type() == IDENTIFIER_MEDIA_TYPE) is not identifiers:
        raise Malformed("status list", "is not served as a status list token")
    return KeptList(reference.uri, response.media_type(), response.body, now)


def _read_cwt(body: bytes, uri: str, find_key: FindKey, now: int, max_age: int) -> KnownList:
    message = peek_status_list_cwt(body)
    header = _header_of(message)
    key = find_key(Jws(header, b"", b"", b"", ""))
    return KnownList(verify_peeked_cwt(message, uri=uri, key=key, now=now, max_age=max_age), now, header, key)


def _read_identifiers(body: bytes, uri: str, find_key: FindKey, now: int) -> KnownList:
    message = peek_identifier_list(body)
    header = _header_of(message)
    key = find_key(Jws(header, b"", b"", b"", ""))
    return KnownList(verify_identifier_list(message, uri=uri, key=key, now=now), now, header, key)


def _header_of(message: Sign1) -> JoseHeader:
    """What decides whose key it is, in the words of the JSON sister: the certificates."""
    x5c = tuple(base64.b64encode(der).decode("ascii") for der in message.header.x5chain)
    return JoseHeader(str(message.header.alg), message.header.typ, None, x5c, {})


def _read_text(body: bytes) -> str:
    try:
        return body.decode("ascii")
    except UnicodeDecodeError as error:
        raise Malformed("status list", "is not a signed token") from error


def _may_answer(known: KnownList, reference: StatusPlace, find_key: FindKey) -> bool:
    """Whether a kept list is the one that this credential means, signed by who may sign it."""
    by_identifier = isinstance(reference, IdentifierReference)
    if known.token.uri != reference.uri or isinstance(known.token, IdentifierList) is not by_identifier:
        return False
    try:
        return find_key(Jws(known.header, b"", b"", b"", "")) == known.key
    except ProtocolError:
        return False


def _usable_until(known: KnownList, max_age: int) -> int:
    """When a kept list has nothing more to say: it expires, or reaches our own limit."""
    expires_at = known.token.expires_at
    if expires_at is None:
        expires_at = known.token.issued_at + max_age
    return min(expires_at, known.fetched_at + max_age)


def _fresh_until(known: KnownList, max_age: int) -> int:
    """When a kept list has to be fetched again: at the latest when it is of no more use (T076)."""
    usable_until = _usable_until(known, max_age)
    return usable_until if known.token.ttl is None else min(usable_until, known.fetched_at + known.token.ttl)


def _offline_until(known: KnownList, max_age: int, offline_age: int) -> int:
    """When a kept list has nothing more to say even where no other can be had."""
    expires_at = known.token.expires_at
    if expires_at is None:
        expires_at = known.token.issued_at + max(max_age, offline_age)
    return min(expires_at, known.fetched_at + offline_age)


def _without_network(
    known: KnownList | None,
    reference: StatusPlace,
    error: ProtocolError,
    *,
    now: int,
    ages: tuple[int, int],
) -> StatusReport:
    """What is known where no list could be had: the last one still answers, if it may. `ages`: with a network, and without."""
    max_age, offline_age = ages
    why = f"the status could not be looked up: {error.description}"
    if known is None or not offline_age:
        return _unknown(now, why)
    if not known.fetched_at <= now < _offline_until(known, max_age, offline_age):
        return _unknown(now, f"{why}; what was known of it is too old")
    return replace(_read(known, reference, max_age), fresh_until=now)


def _read(known: KnownList, reference: StatusPlace, max_age: int) -> StatusReport:
    checked_at, fresh_until = known.fetched_at, _fresh_until(known, max_age)
    value = known.token.state_of(reference)
    if value is None:
        reason = "the status list has no entry for this credential"
        return StatusReport(Status.UNKNOWN, None, checked_at, fresh_until, reason)
    status, reason = _MEANINGS.get(value, (Status.UNKNOWN, f"the status is {value}, which only its issuer understands"))
    return StatusReport(status, value, checked_at, fresh_until, reason)


def _after_rollback(known: KnownList, reference: StatusPlace, now: int, max_age: int) -> StatusReport:
    """T071: the newer list stays, and answers as long as it may; it is asked for again every time."""
    if not known.fetched_at <= now < _usable_until(known, max_age):
        return _unknown(now, "an older status list was served than one seen before")
    report = _read(known, reference, max_age)
    reason = f"{report.reason}, by a list seen before; an older one is served now"
    return replace(report, fresh_until=now, reason=reason)


def _unknown(now: int, reason: str) -> StatusReport:
    return StatusReport(Status.UNKNOWN, None, now, now, reason)
