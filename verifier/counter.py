"""A counter: a place in a partner's shop where a printed code asks a question, and who may see there what was found.

Whoever scans the code gets a request of their own, and with it a number; the counter's page says whose verdict it shows by
that number, and the person finds it in their browser after the answer. The numbers that are out at a moment are the
counter's places: a few, so that nobody can fill the store by scanning again and again (T195).
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, replace

from protocol.errors import NotFound, Unavailable
from runtime.conversation import Change, Event, SessionKey
from verifier.keeping import forgotten
from verifier.session import Answered, Declined, Forgotten, Outcome, Session, no_request

COUNTER = "counter"  # kinds of keys
PAIRING = "pairing"
COUNTER_BROWSER = "counter browser"

NUMBERS = range(10, 100)  # two digits, said and heard without a mistake
MAX_PLACES = 40  # of one counter at a time
MAX_BROWSERS = 8  # that see what is found at one counter
MAX_USE_CASES = 8
FOREVER = 253_402_300_799  # epoch seconds: the end of the year 9999
PAIRING_SECONDS = 900
REQUEST_SECONDS = 180  # that somebody who scanned has to decide
UNSEEN_SECONDS = 120  # that an answer waits to be looked at
SHOWN_SECONDS = 30  # that an answer is shown, unless the use case keeps it longer
MAX_SHOWN_SECONDS = 600


@dataclass(frozen=True, slots=True)
class CounterRecord:
    """A counter in the list of all."""

    id: str  # public: it stands in the printed code
    name: str  # as clerks call it
    use_cases: tuple[str, ...]  # ids, each with a code of its own
    owner: str  # digest of the API key that made it; "command line"
    made_at: int  # epoch seconds


@dataclass(frozen=True, slots=True)
class CounterGone:
    """A counter that is in the list no more."""

    id: str


CounterChange = CounterRecord | CounterGone


@dataclass(frozen=True, slots=True)
class Place:
    """A number that is out, and whose it is."""

    number: int
    request: str  # id
    expires_at: int  # epoch seconds: by then nothing is left of it


@dataclass(frozen=True, slots=True)
class Standing:
    """A counter that can be used."""

    record: CounterRecord
    places: tuple[Place, ...] = ()
    browsers: tuple[str, ...] = ()  # digests of the cookies of those that see what is found
    pairing: str = ""  # digest of the code by which one more browser may; empty: there is none
    pairing_until: int = 0  # epoch seconds


@dataclass(frozen=True, slots=True)
class Removed:
    """A counter that was removed."""

    id: str


CounterStage = Standing | Removed
CounterOutcome = Change[CounterStage, CounterChange]


def no_counter() -> NotFound:
    """The one refusal for a counter that is unknown, removed, or not for this browser."""
    return NotFound("no such counter")


def stays(keep: int) -> int:
    """How long an answer is shown, in seconds, for a use case that keeps it for `keep`."""
    return max(SHOWN_SECONDS, min(keep, MAX_SHOWN_SECONDS))


def set_up(record: CounterRecord) -> CounterOutcome:
    """Begin a counter."""
    event = Event("counter added", record.id, actor=record.owner[:16])
    return Change(Standing(record), keys=(SessionKey.of(COUNTER, record.id),), records=(record,), events=(event,))


def remove(stage: CounterStage, *, now: int) -> CounterOutcome:
    """End a counter: its code asks nothing any more, and its page shows nothing."""
    standing = standing_of(stage)
    id_ = standing.record.id
    return Change(
        Removed(id_),
        drop=(SessionKey.of(COUNTER, id_),),
        records=(CounterGone(id_),),
        events=(Event("counter removed", id_),),
        expires_at=now,
    )


def take_place(stage: CounterStage, request: str, *, chance: int, now: int, expires_at: int) -> CounterOutcome:
    """Give a request a number that nobody else has; `chance` (any number from 0 on) says which of the free ones.

    Raises:
        NotFound: the counter was removed.
        Unavailable: too many numbers are out.
    """
    standing = standing_of(stage)
    places = tuple(place for place in standing.places if now < place.expires_at)
    if len(places) >= MAX_PLACES:
        raise Unavailable("too many people use this code at the moment")
    taken = {place.number for place in places}
    free = [number for number in NUMBERS if number not in taken]
    place = Place(free[chance % len(free)], request, expires_at)
    return Change(replace(standing, places=(*places, place)))


def leave_places(stage: CounterStage, requests: Sequence[str]) -> CounterOutcome:
    """Take back the numbers of requests; those that have none are no mistake."""
    standing = standing_of(stage)
    rest = tuple(place for place in standing.places if place.request not in requests)
    return Change(standing if len(rest) == len(standing.places) else replace(standing, places=rest))


def offer_pairing(stage: CounterStage, code: str, *, now: int) -> CounterOutcome:
    """Let one more browser see what is found, by a code whose digest this is; an earlier code is good no more."""
    return Change(replace(standing_of(stage), pairing=code, pairing_until=now + PAIRING_SECONDS))


def pair(stage: CounterStage, code: str, browser: str, *, now: int) -> CounterOutcome:
    """Take a browser among those that see what is found, once for each code; both are digests.

    Raises:
        NotFound: another code, used before, or too old.
    """
    standing = standing_of(stage)
    if now >= standing.pairing_until or not hmac.compare_digest(standing.pairing, code):
        raise no_counter()
    return Change(
        replace(standing, browsers=(*standing.browsers, browser)[-MAX_BROWSERS:], pairing="", pairing_until=0),
        events=(Event("counter browser paired", standing.record.id),),
    )


def unpair(stage: CounterStage) -> CounterOutcome:
    """Let no browser see what is found, such as when one was stolen; a code that was not used is good no more either."""
    standing = standing_of(stage)
    return Change(
        replace(standing, browsers=(), pairing="", pairing_until=0),
        events=(Event("counter browsers unpaired", standing.record.id),),
    )


def standing_of(stage: CounterStage) -> Standing:
    """A counter that can be used.

    Raises:
        NotFound: it was removed.
    """
    if not isinstance(stage, Standing):
        raise no_counter()
    return stage


def is_paired(standing: Standing, browser: str) -> bool:
    """Whether a browser sees what is found at a counter; `browser` is a digest."""
    return any(hmac.compare_digest(known, browser) for known in standing.browsers)


def show(session: Session, counter: str, *, stay: int, now: int) -> Outcome:
    """Note that an answer is looked at: from now on its time runs out. Looking twice is the same as once.

    Raises:
        NotFound: of another counter, or not answered.
    """
    if not isinstance(session, Answered | Declined) or session.asked.counter != counter:
        raise no_request()
    if session.shown_at:
        return Change(session)
    until = now + stay
    if isinstance(session, Answered):
        return Change(replace(session, shown_at=now, keep_until=until), expires_at=until)
    return Change(replace(session, shown_at=now))


def clear(session: Session, counter: str, *, references: tuple[SessionKey, ...], now: int) -> Outcome:
    """Erase what was answered at a counter (T261); twice is the same as once.

    Raises:
        NotFound: of another counter.
    """
    if isinstance(session, Forgotten):
        return Change(session)
    if session.asked.counter != counter:
        raise no_request()
    return forgotten(session, references, now=now)


def shown_until(session: Answered | Declined, stay: int) -> int:
    """When an outcome leaves the counter's page, epoch seconds."""
    if isinstance(session, Answered):
        return session.keep_until
    return session.shown_at + stay if session.shown_at else session.declined_at + UNSEEN_SECONDS
