"""Applying, deciding, and the register as everybody may read it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from capabilities.registration.party import Party
from protocol.errors import Conflict, NotFound, Unauthorized, Unavailable
from protocol.exchange import Exchange
from registrar import session
from registrar.policy import MAX_WAITING
from registrar.records import AuditLine, GivenCertificate, PartyLine, PartyState
from registrar.service.context import RegistrarContext
from registrar.session import APPLICATION, FOREVER, PARTY, STAGES, Stage, document_of, party_of
from registrar.store import PartyFilter
from runtime.conversation import SessionKey, advance, begin, load, slow

PUBLIC = (PartyState.REGISTERED, PartyState.SUSPENDED, PartyState.REMOVED)
MAX_PAGE = 100  # parties in one answer

_NO_PARTY = NotFound("nobody is registered by this identifier")
_NO_APPLICATION = Unauthorized("this key belongs to no application")


@dataclass(frozen=True, slots=True)
class Standing:
    """How somebody stands, as the applicant may know it."""

    identifier: str
    state: PartyState
    waits: bool  # whether something waits for a decision
    reason: str  # why an operator said no, or let it rest


@dataclass(frozen=True, slots=True)
class PartyService:
    """Everything about who is registered."""

    context: RegistrarContext

    def apply(self, party: Party) -> Exchange[str]:
        """Take an application; the key that the applicant comes back with, shown this once.

        Raises:
            Conflict: somebody applied under this identifier before, who alone can change it, with their key.
            Unavailable: too many applications wait.
        """
        key = self.context.new_secret()
        yield from self._begin(party, key)
        return key

    def apply_once(self, party: Party, key: str) -> Exchange[None]:
        """Take an application from a form, however often it is sent; whoever corrects it and sends it again changes it.

        Raises:
            Conflict, Unavailable: see `apply`.
            Conflict: the party was removed meanwhile.
        """
        try:
            yield from self._begin(party, key)
        except Conflict:
            stage = yield from load(SessionKey.of(APPLICATION, key), session.identifier_taken(), STAGES)
            if isinstance(stage, session.Removed) or document_of(party) not in (stage.proposed, _document(stage)):
                yield from self.propose(key, party)

    def _begin(self, party: Party, key: str) -> Exchange[None]:
        context = self.context
        waiting = yield from slow(context.store.count_waiting)
        if waiting >= MAX_WAITING:
            raise Unavailable("too many applications wait for a decision; try again in some days")
        yield from begin(session.apply(party, key, now=context.now()), FOREVER)

    def propose(self, key: str, party: Party) -> Exchange[Standing]:
        """Put another text in the place of what waits, or propose a change of what is registered.

        Raises:
            Unauthorized: no such key.
            InvalidRequest, Conflict: see `registrar.session.propose`.
        """
        now = self.context.now()
        stage = yield from advance(
            SessionKey.of(APPLICATION, key), lambda stage: session.propose(stage, party, now=now), _NO_APPLICATION
        )
        return standing_of(stage)

    def standing(self, key: str) -> Exchange[Standing]:
        """How an application stands.

        Raises:
            Unauthorized: no such key.
        """
        return standing_of((yield from load(SessionKey.of(APPLICATION, key), _NO_APPLICATION, STAGES)))

    def registered(self, key: str) -> Exchange[Stage]:
        """The stage that an applicant's key belongs to, for what is given to them.

        Raises:
            Unauthorized: no such key.
        """
        return (yield from load(SessionKey.of(APPLICATION, key), _NO_APPLICATION, STAGES))

    def approve(self, identifier: str, proposal: str, actor: str) -> Exchange[Stage]:
        """Register what an operator saw; see `registrar.session.approve`."""
        return (
            yield from self._decide(
                identifier, lambda stage, now: session.approve(stage, proposal, actor=actor, now=now)
            )
        )

    def refuse(self, identifier: str, proposal: str, reason: str, actor: str) -> Exchange[Stage]:
        """Say no; see `registrar.session.refuse`."""
        return (
            yield from self._decide(
                identifier, lambda stage, now: session.refuse(stage, proposal, reason, actor=actor, now=now)
            )
        )

    def suspend(self, identifier: str, reason: str, actor: str) -> Exchange[Stage]:
        """Let a registration rest; see `registrar.session.suspend`."""
        return (
            yield from self._decide(identifier, lambda stage, now: session.suspend(stage, reason, actor=actor, now=now))
        )

    def resume(self, identifier: str, actor: str) -> Exchange[Stage]:
        """Let it hold again; see `registrar.session.resume`."""
        return (yield from self._decide(identifier, lambda stage, now: session.resume(stage, actor=actor, now=now)))

    def remove(self, identifier: str, reason: str, actor: str) -> Exchange[Stage]:
        """End it for ever; see `registrar.session.remove`."""
        return (
            yield from self._decide(identifier, lambda stage, now: session.remove(stage, reason, actor=actor, now=now))
        )

    def line(self, identifier: str) -> Exchange[PartyLine]:
        """One party, for operators.

        Raises:
            NotFound: nobody.
        """
        found = yield from slow(lambda: self.context.store.party(identifier))
        if found is None:
            raise _NO_PARTY.with_traceback(None)
        return found

    def stage(self, identifier: str) -> Exchange[Stage]:
        """Where a party stands, with everything that its line does not say.

        Raises:
            NotFound: nobody.
        """
        return (yield from load(SessionKey.of(PARTY, identifier), _NO_PARTY, STAGES))

    def search(self, wanted: PartyFilter, *, limit: int = MAX_PAGE, after: str = "") -> Exchange[tuple[PartyLine, ...]]:
        """Parties, for operators and for everybody; what everybody may see, the filter says."""
        capped = min(limit, MAX_PAGE)
        return (yield from slow(lambda: self.context.store.parties(wanted, limit=capped, after=after)))

    def waiting(self) -> Exchange[tuple[PartyLine, ...]]:
        """What waits for operators, the oldest first, a page at most; the rest comes when these are decided."""
        return (yield from slow(lambda: self.context.store.waiting(limit=MAX_PAGE)))

    def version(self) -> Exchange[int]:
        """A number that grows with everything that happens."""
        return (yield from slow(self.context.store.version))

    def audit(
        self, *, limit: int, subject: str | None = None, before: int | None = None
    ) -> Exchange[tuple[AuditLine, ...]]:
        """What was done, newest first, about one party or about all; `before`: older than the line of this id."""
        store = self.context.store
        return (yield from slow(lambda: store.audit(limit=limit, subject=subject, before=before)))

    def certificates_of(self, identifier: str) -> Exchange[tuple[GivenCertificate, ...]]:
        """What a party was given."""
        return (yield from slow(lambda: self.context.store.certificates_of(identifier)))

    def _decide(self, identifier: str, step: Callable[[Stage, int], session.Step]) -> Exchange[Stage]:
        now = self.context.now()
        return (yield from advance(SessionKey.of(PARTY, identifier), lambda stage: step(stage, now), _NO_PARTY))


def _document(stage: Stage) -> str:
    """What is registered; empty: nothing yet."""
    return "" if isinstance(stage, session.Applied | session.Refused) else stage.document


def standing_of(stage: Stage) -> Standing:
    """How somebody stands."""
    waits = not isinstance(stage, session.Refused | session.Removed) and bool(stage.proposed)
    reason = "" if isinstance(stage, session.Applied) else stage.reason
    return Standing(stage.identifier, session.STATES[type(stage)], waits, reason)


def registered_party(line: PartyLine) -> Party:
    """The party of a line that has a registration."""
    return party_of(line.document)
