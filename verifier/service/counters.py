"""Counters: making them, asking whoever scans their code, and what their page shows to the browsers that were paired."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

from protocol.errors import InvalidRequest, NotFound, ProtocolError
from protocol.exchange import Exchange
from protocol.oid4vp.client_id import Prefix
from protocol.oid4vp.link import RequestByReference, RequestUriMethod
from protocol.x509 import Certificate
from runtime.conversation import SessionKey, advance, begin, load, slow
from runtime.rate_limit import RateLimit
from verifier.counter import (
    COUNTER,
    COUNTER_BROWSER,
    FOREVER,
    MAX_USE_CASES,
    PAIRING,
    PAIRING_SECONDS,
    REQUEST_SECONDS,
    UNSEEN_SECONDS,
    CounterOutcome,
    CounterRecord,
    CounterStage,
    Standing,
    clear,
    leave_places,
    no_counter,
    offer_pairing,
    pair,
    remove,
    set_up,
    standing_of,
    stays,
    take_place,
    unpair,
)
from verifier.service.context import VerifierContext
from verifier.service.requests import RequestOrder, Requests
from verifier.session import (
    REQUEST,
    no_request,
)

Step = Callable[[CounterStage], CounterOutcome]

MAX_NAME = 60  # characters
ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # 32 characters, none that look alike
CODE_LENGTH = 16  # 80 bits
AT_ONCE = 30  # requests that one process makes for one counter at once …
PER_MINUTE = 60  # … and then over time
MAX_REFERENCE = 64  # characters
_USE_CASE_ID = re.compile(r"[A-Za-z0-9._-]{1,100}", re.ASCII)  # can stand in an address


@dataclass(frozen=True, slots=True)
class PairingOffer:
    """By what one more browser may see what is found at a counter: to be shown once."""

    code: str  # in groups of four
    expires_at: int  # epoch seconds


@dataclass(frozen=True, slots=True)
class Counters:
    """Everything about the places in a shop where a printed code asks."""

    context: VerifierContext
    requests: Requests
    limit: RateLimit

    @classmethod
    def of(cls, context: VerifierContext, requests: Requests) -> Self:
        """The counters of a verifier."""
        return cls(context, requests, RateLimit(AT_ONCE, PER_MINUTE, context.now))

    def add(self, name: str, use_cases: Sequence[str], owner: str) -> Exchange[CounterRecord]:
        """Make a counter for one or more questions.

        Raises:
            InvalidRequest: a name that cannot be read, no question, too many, one twice, or one that is not there.
        """
        if not name.strip() or len(name) > MAX_NAME or not name.isprintable():
            raise InvalidRequest(f"name: must have 1 to {MAX_NAME} characters that can be printed")
        if not 1 <= len(use_cases) <= MAX_USE_CASES or len(set(use_cases)) != len(use_cases):
            raise InvalidRequest(f"use_cases: must be 1 to {MAX_USE_CASES}, each of them once")
        for use_case in use_cases:
            if use_case not in self.context.use_cases:
                raise InvalidRequest("use_cases: there is none of this name")
            if not _USE_CASE_ID.fullmatch(use_case):
                raise InvalidRequest("use_cases: the id of one has characters that cannot stand in an address")
        id_ = self.context.random_bytes(8).hex()
        record = CounterRecord(id_, name.strip(), tuple(use_cases), owner, self.context.now())
        yield from begin(set_up(record), FOREVER)
        return record

    def all(self, owner: str | None = None) -> Exchange[tuple[CounterRecord, ...]]:
        """Every counter, oldest first; of one owner, where that is said."""
        found = yield from slow(self.context.store.counters.all)
        return tuple(record for record in found if owner is None or record.owner == owner)

    def find(self, name: str, owner: str | None = None) -> Exchange[CounterRecord]:
        """The counter of an id, or the only one of a name.

        Raises:
            NotFound: there is none, or more than one of this name.
        """
        every = yield from self.all(owner)
        by_id = [record for record in every if record.id == name]
        found = by_id or [record for record in every if record.name == name]
        if len(found) != 1:
            raise NotFound(
                "there is no counter of this name" if not found else "several counters have this name; say the id"
            )
        return found[0]

    def remove(self, id_: str) -> Exchange[None]:
        """End a counter, with whatever stands at it.

        Raises:
            NotFound: there is none.
        """
        standing = yield from self.standing(id_)
        now = self.context.now()
        yield from advance(SessionKey.of(COUNTER, id_), lambda stage: remove(stage, now=now), no_counter())
        for place in standing.places:
            yield from self.clear(id_, place.request)

    def offer_pairing(self, id_: str) -> Exchange[PairingOffer]:
        """A code by which one more browser sees what is found; an earlier one is good no more.

        Raises:
            NotFound: there is no such counter.
        """
        code = "".join(ALPHABET[byte % len(ALPHABET)] for byte in self.context.random_bytes(CODE_LENGTH))
        now = self.context.now()
        yield from self.advance(id_, lambda stage: offer_pairing(stage, _pairing_digest(code), now=now))
        groups = "-".join(code[start : start + 4] for start in range(0, CODE_LENGTH, 4))
        return PairingOffer(groups, now + PAIRING_SECONDS)

    def pair(self, id_: str, code: str) -> Exchange[str]:
        """Trade a code, as a person typed it, for the secret by which a browser is known from now on.

        Raises:
            NotFound: another code, used before, or too old.
        """
        secret, now = self.context.new_secret(), self.context.now()
        typed, browser = _pairing_digest(code), browser_digest(secret)
        yield from self.advance(id_, lambda stage: pair(stage, typed, browser, now=now))
        return secret

    def unpair(self, id_: str) -> Exchange[None]:
        """Let no browser see what is found until one is paired anew.

        Raises:
            NotFound: there is no such counter.
        """
        yield from self.advance(id_, unpair)

    def link(self, record: CounterRecord, use_case: str) -> str:
        """What stands in the code of a question: it stays the same until the access certificate is another one."""
        reference = f"{record.id}-{record.use_cases.index(use_case)}"
        client_id = self.context.client_id(Prefix.X509_HASH, "")
        return RequestByReference(client_id, self.context.counter_code_uri(reference), RequestUriMethod.POST).to_link()

    def page(self, record: CounterRecord) -> str:
        """Where browsers that were paired see what is found."""
        return f"{self.context.identifier}/counters/{record.id}"

    def pairing_link(self, record: CounterRecord, code: str) -> str:
        """Where a browser is paired; the code stands behind the #, which browsers send to nobody."""
        return f"{self.page(record)}/pair#code={code}"

    @property
    def code_ends(self) -> int:
        """When the codes that are printed now ask nothing any more, epoch seconds: they name the access certificate."""
        return Certificate.from_x5c(self.context.signing.x5c[0]).not_after

    def code(self, id_: str, use_case: str) -> Exchange[CounterRecord]:
        """A counter that asks this question; everybody may know, because it stands in the code.

        Raises:
            NotFound: there is none.
        """
        record = (yield from self.standing(id_)).record
        if use_case not in record.use_cases or use_case not in self.context.use_cases:
            raise no_counter()
        return record

    def ask(self, reference: str, wallet_nonce: str | None) -> Exchange[str]:
        """A request object for whoever scanned: each has a nonce, a key, a state and a number of its own (T185, T191).

        Raises:
            NotFound: no such code, or the counter was removed.
            TooManyRequests, Unavailable: too many use it at the moment (T195).
        """
        now = self.context.now()
        record, use_case = yield from self._behind(reference)
        self.limit.spend(record.id)
        request_id = self.context.new_id()
        chance = int.from_bytes(self.context.random_bytes(8))
        # It is there as long as anything of the answer can be
        ends = now + REQUEST_SECONDS + UNSEEN_SECONDS + stays(self.context.use_cases[use_case].keep)
        stage = yield from self.advance(
            record.id, lambda found: take_place(found, request_id, chance=chance, now=now, expires_at=ends)
        )
        [number] = [place.number for place in stage.places if place.request == request_id]
        try:
            order = RequestOrder(use_case, None, owner="", counter=record.id, number=number)
            yield from self.requests.make(order, request_id)
            return (yield from self.requests.open(self.context.reference(request_id), wallet_nonce))
        except ProtocolError:
            yield from self.advance(record.id, lambda found: leave_places(found, (request_id,)))
            raise

    def clear(self, id_: str, request: str) -> Exchange[None]:
        """Erase what was answered by a request at a counter; what is gone already is no mistake."""
        key, references, now = SessionKey.of(REQUEST, request), self.requests.references, self.context.now()
        try:
            yield from advance(
                key, lambda session: clear(session, id_, references=references(session), now=now), no_request()
            )
        except NotFound:
            return  # the sweep was faster

    def _behind(self, reference: str) -> Exchange[tuple[CounterRecord, str]]:
        id_, _, place = reference[:MAX_REFERENCE].partition("-")
        try:
            record = (yield from self.standing(id_)).record
        except NotFound:
            raise no_request() from None
        use_case = {str(i): use_case for i, use_case in enumerate(record.use_cases)}.get(place)
        if use_case is None or use_case not in self.context.use_cases:
            raise no_request()
        return record, use_case

    def standing(self, id_: str) -> Exchange[Standing]:
        """A counter as it stands.

        Raises:
            NotFound: there is none.
        """
        return (yield from load(SessionKey.of(COUNTER, id_), no_counter(), Standing))

    def advance(self, id_: str, step: Step) -> Exchange[Standing]:
        """Take one step of a counter.

        Raises:
            NotFound: there is none.
        """
        return standing_of((yield from advance(SessionKey.of(COUNTER, id_), step, no_counter())))


def _pairing_digest(code: str) -> str:
    """What a pairing code is known by, as a person typed it: case, blanks and hyphens do not matter."""
    return SessionKey.of(PAIRING, "".join(code.upper().split()).replace("-", "")).digest


def browser_digest(secret: str) -> str:
    """What a browser that was paired is known by."""
    return SessionKey.of(COUNTER_BROWSER, secret).digest
