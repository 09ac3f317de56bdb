"""Services that parties hand in, decisions about them, and where they are found."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from capabilities.registration.party import ISSUERS, Party
from protocol.encoding import JsonValue
from protocol.errors import Conflict, NotFound, Unavailable
from protocol.exchange import Exchange
from protocol.sovereignty.service import LifeEvent, Service
from registrar import offering
from registrar.announcing import Problem, check_entry, read_entries, service_of
from registrar.policy import MAX_ANNOUNCED, MAX_ANNOUNCED_BYTES, MAX_WAITING
from registrar.records import Offering, PartyState, ServiceLine
from registrar.service.context import RegistrarContext
from registrar.session import APPLICATION, PARTY, Registered, Stage, Step, party_of
from registrar.store import PartyFilter, ServiceFilter
from runtime.conversation import SessionKey, advance, slow

MAX_PAGE = 100  # services in one answer
MAX_ISSUERS = 20_000
PAGE = 1000

_NO_SERVICE = NotFound("there is no service of this id")


@dataclass(frozen=True, slots=True)
class HandedIn:
    """What became of a file: every service of it, or what is wrong, and then nothing was taken."""

    offerings: tuple[Offering, ...]
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class OfferingService:
    """Everything about services of parties."""

    context: RegistrarContext

    def hand_in(self, key: str, stage: Stage, entries: Iterable[JsonValue]) -> Exchange[HandedIn]:
        """Take the services of a file, all or none of them, for whoever holds an application's key.

        Raises:
            Conflict: see `registrar.offering.offer`.
            Unavailable: too many services wait for a decision.
        """
        if not isinstance(stage, Registered):
            raise Conflict("only who is registered can hand in services")
        services, problems = yield from slow(lambda: self._read(stage.document, entries))
        if problems:
            return HandedIn((), problems)
        waiting = yield from slow(self.context.store.services.count_waiting)
        if waiting + len(services) > MAX_WAITING:
            raise Unavailable("too many services wait for a decision; try again in some days")
        now = self.context.now()
        after = yield from advance(
            SessionKey.of(APPLICATION, key),
            lambda current: offering.offer(current, services, stage.document, now=now),
            NotFound("this key belongs to no application"),
        )
        return HandedIn(tuple([offering.find_offering(after, service.id) for service in services]))

    def check(self, document: str, entries: Iterable[JsonValue]) -> Exchange[tuple[Problem, ...]]:
        """What is wrong with the services of a file, for whoever is registered by a document."""
        return (yield from slow(lambda: self._read(document, entries)))[1]

    def _read(self, document: str, entries: Iterable[JsonValue]) -> tuple[tuple[Service, ...], tuple[Problem, ...]]:
        services, problems = read_entries(entries)
        party = party_of(document)
        issuers = self._issuers() if any(service.gives for service in services) else ()
        found = [problem for service in services for problem in check_entry(service, party, lambda: issuers)]
        return services, (*problems, *found)

    def withdraw(self, key: str, service: str) -> Exchange[Offering]:
        """Take a service back, for whoever holds an application's key.

        Raises:
            NotFound, Conflict: see `registrar.offering.withdraw_service`.
        """
        now = self.context.now()
        after = yield from advance(
            SessionKey.of(APPLICATION, key),
            lambda stage: offering.withdraw_service(stage, service, now=now),
            NotFound("this key belongs to no application"),
        )
        return offering.find_offering(after, service)

    def line(self, service: str) -> Exchange[ServiceLine]:
        """One service, for operators.

        Raises:
            NotFound: there is none.
        """
        found = yield from slow(lambda: self.context.store.services.find(service))
        if found is None:
            raise _NO_SERVICE.with_traceback(None)
        return found

    def search(
        self, wanted: ServiceFilter, *, limit: int = MAX_PAGE, after: str = ""
    ) -> Exchange[tuple[ServiceLine, ...]]:
        """Services in the order of their ids, a page at most."""
        capped = min(limit, MAX_PAGE)
        return (yield from slow(lambda: self.context.store.services.services(wanted, limit=capped, after=after)))

    def waiting(self) -> Exchange[tuple[ServiceLine, ...]]:
        """What waits for operators, the oldest first, a page at most; the rest comes when these are decided."""
        return (yield from slow(lambda: self.context.store.services.waiting(limit=MAX_PAGE)))

    def counts(self) -> Exchange[dict[str, int]]:
        """How many services are announced for each life event; `""`: in all."""
        events = tuple([event.value for event in LifeEvent])
        return (yield from slow(lambda: self.context.store.services.count_by_life_event(events)))

    def problems(self, line: ServiceLine) -> Exchange[tuple[Problem, ...]]:
        """What the checks say now of a service that waits: a registration or an issuer may have changed since."""
        found = yield from slow(lambda: self.context.store.party(line.party))
        # Who has a service was registered, and stays on the books
        if found is None or not line.offering.proposed:
            return ()
        party, entry = party_of(found.document), service_of(line.offering.proposed)
        return (yield from slow(lambda: check_entry(entry, party, self._issuers)))

    def approve(self, service: str, proposal: str, actor: str) -> Exchange[Stage]:
        """Have a service announced.

        Raises:
            NotFound, Conflict: see `registrar.offering.approve_service`; or a check that it passed does not hold any more.
            Unavailable: the catalogue is full.
        """
        line = yield from self.line(service)
        problem = next(iter((yield from self.problems(line))), None)
        if problem is not None:
            raise Conflict(f"this cannot be announced any more: {problem.sentence}")
        count, size = yield from slow(self.context.store.services.measure)
        if count >= MAX_ANNOUNCED or size + len(line.offering.proposed.encode("utf-8")) > MAX_ANNOUNCED_BYTES:
            raise Unavailable("the catalogue is full")
        return (
            yield from self._decide(
                line, lambda stage, now: offering.approve_service(stage, service, proposal, actor=actor, now=now)
            )
        )

    def refuse(self, service: str, proposal: str, reason: str, actor: str) -> Exchange[Stage]:
        """Say no; see `registrar.offering.refuse_service`."""
        line = yield from self.line(service)
        return (
            yield from self._decide(
                line, lambda stage, now: offering.refuse_service(stage, service, proposal, reason, actor=actor, now=now)
            )
        )

    def take_out(self, service: str, reason: str, actor: str) -> Exchange[Stage]:
        """Take it out of the catalogue; see `registrar.offering.take_out_service`."""
        line = yield from self.line(service)
        return (
            yield from self._decide(
                line, lambda stage, now: offering.take_out_service(stage, service, reason, actor=actor, now=now)
            )
        )

    def _decide(self, line: ServiceLine, step: Callable[[Stage, int], Step]) -> Exchange[Stage]:
        now = self.context.now()
        return (yield from advance(SessionKey.of(PARTY, line.party), lambda stage: step(stage, now), _NO_SERVICE))

    def _issuers(self) -> tuple[Party, ...]:
        return issuers_of(self.context)


def issuers_of(context: RegistrarContext) -> tuple[Party, ...]:
    """Everybody who is registered as issuing, now."""
    found: dict[str, Party] = {}
    for entitlement in ISSUERS:
        wanted = PartyFilter(states=(PartyState.REGISTERED,), entitlement=entitlement)
        after = ""
        while len(found) < MAX_ISSUERS:
            page = context.store.parties(wanted, limit=PAGE, after=after)
            found |= {line.identifier: party_of(line.document) for line in page}
            if len(page) < PAGE:
                break
            after = page[-1].identifier
    return tuple(found.values())
