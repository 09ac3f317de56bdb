"""A party's conversation with the registrar: stages, and the steps from one to the next.

Somebody applies; an operator approves or refuses; the registered may propose changes, which wait for an operator again; an
operator suspends, lets go on, and removes. What was given out moves with it, in the same transaction.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from capabilities.registration.party import Party
from capabilities.status_publisher.records import EntryState
from protocol.encoding import encode_json, read_json_object, sha256
from protocol.errors import Conflict, InvalidRequest
from registrar.announcing import service_of, uncovered_by
from registrar.records import (
    CertificateKind,
    Cockpits,
    GivenCertificate,
    Offering,
    PartyLine,
    PartyState,
    Record,
    ServiceLine,
    ServiceState,
    StateOfAll,
)
from runtime.conversation import Change, Event, SessionKey, Spend

PARTY = "party"  # key of a conversation: the party's identifier
IDENTIFIER = "identifier"  # spent by the first application
APPLICATION = "application key"  # … and the secret that the applicant was given
FOREVER = 253_402_300_799  # epoch seconds; a register forgets nobody
MAX_REASON = 500  # characters
APPLICANT = "applicant"  # in the audit trail


@dataclass(frozen=True, slots=True)
class Applied:
    """Somebody wants to be registered."""

    identifier: str
    proposed: str  # the party as JSON
    applied_at: int  # epoch seconds


@dataclass(frozen=True, slots=True)
class Refused:
    """Somebody may not be registered so; they may apply again with the same key."""

    identifier: str
    proposed: str
    reason: str


@dataclass(frozen=True, slots=True)
class Registered:
    """Somebody is registered, and perhaps wants something changed."""

    identifier: str
    document: str
    since: int  # epoch seconds
    proposed: str = ""
    reason: str = ""  # why the last proposal was refused
    offerings: tuple[Offering, ...] = ()  # services, each id once


@dataclass(frozen=True, slots=True)
class Suspended:
    """Somebody was registered and may be again."""

    identifier: str
    document: str
    since: int  # epoch seconds, of the registration
    reason: str
    proposed: str = ""
    offerings: tuple[Offering, ...] = ()


@dataclass(frozen=True, slots=True)
class Removed:
    """Somebody was registered and is no more, for ever."""

    identifier: str
    document: str
    reason: str


Stage = Applied | Refused | Registered | Suspended | Removed
STAGES: tuple[type[Stage], ...] = (Applied, Refused, Registered, Suspended, Removed)
Step = Change[Stage, Record]

STATES: dict[type[Stage], PartyState] = {
    Applied: PartyState.APPLIED,
    Refused: PartyState.REFUSED,
    Registered: PartyState.REGISTERED,
    Suspended: PartyState.SUSPENDED,
    Removed: PartyState.REMOVED,
}


def party_of(document: str) -> Party:
    """The party that a stage holds as JSON."""
    return Party.from_dict(read_json_object(document.encode("utf-8"), "party"))


def document_of(party: Party) -> str:
    """A party as a stage holds it."""
    return encode_json(party.to_dict()).decode("utf-8")


def proposal_id(proposed: str) -> str:
    """By what an operator says which text they read: SHA-256 in hex; empty if nothing waits."""
    return sha256(proposed.encode("utf-8")).hex() if proposed else ""


def line_of(stage: Stage, now: int) -> PartyLine:
    """The line by which a party is found."""
    registered = "" if isinstance(stage, Applied | Refused) else stage.document
    proposed = "" if isinstance(stage, Removed) else stage.proposed
    party = party_of(registered or proposed)
    return PartyLine(
        identifier=stage.identifier,
        state=STATES[type(stage)],
        name=party.name,
        trade_name=party.trade_name,
        entitlements=party.entitlements,
        document=registered,
        proposed=proposed,
        changed_at=now,
    )


def cockpits_of(stage: Stage) -> tuple[Cockpits, ...]:
    """The cockpits of a party that is or was registered."""
    if isinstance(stage, Applied | Refused):
        return ()
    party, active = party_of(stage.document), isinstance(stage, Registered)
    return (Cockpits(stage.identifier, party.country, party.cockpit_endpoints, active),)


def apply(party: Party, key: str, *, now: int) -> Step:
    """Begin: somebody applies, and may come back with a key."""
    stage = Applied(party.identifier, document_of(party), now)
    keys = (SessionKey.of(PARTY, party.identifier), SessionKey.of(APPLICATION, key))
    # An identifier is taken for ever: of two who apply at the same time, one was first
    taken = Spend(SessionKey.of(IDENTIFIER, party.identifier), FOREVER, identifier_taken())
    return replace(_step(stage, now, "applied", actor=APPLICANT), keys=keys, spend=(taken,))


def identifier_taken() -> Conflict:
    """Somebody else applied first."""
    return Conflict("somebody applied under this identifier before; use the key of that application")


def propose(stage: Stage, party: Party, *, now: int) -> Step:
    """The applicant wants something else registered than before.

    Raises:
        InvalidRequest: it is about somebody else.
        Conflict: they were removed.
    """
    if party.identifier != stage.identifier:
        raise InvalidRequest("the identifier of a party never changes; apply for the other one anew")
    if isinstance(stage, Removed):
        raise Conflict("this party was removed from the register")
    if isinstance(stage, Applied | Refused):
        return _step(Applied(stage.identifier, document_of(party), now), now, "applied again", actor=APPLICANT)
    changed = replace(stage, proposed=document_of(party))
    return _step(changed, now, "change proposed", actor=APPLICANT)


def approve(stage: Stage, proposal: str, *, actor: str, now: int) -> Step:
    """An operator registers what was proposed, exactly as they read it; see `proposal_id`.

    Certificates of uses that are no more, or are about something else now, end; the others stay as they are until they are
    asked for anew.

    Raises:
        Conflict: nothing waits, or it was changed meanwhile.
    """
    waiting = "" if isinstance(stage, Removed) else stage.proposed
    if isinstance(stage, Removed | Refused) or not waiting:
        raise Conflict("nothing waits for a decision here")
    if proposal_id(waiting) != proposal:
        raise Conflict("the application was changed meanwhile; look at it again")
    if isinstance(stage, Applied):
        return _step(Registered(stage.identifier, waiting, now), now, "registered", actor=actor)
    # Who is suspended stays so; what changed ends now, or it would hold again when they go on
    after_change = party_of(waiting)
    ended = _ended(party_of(stage.document), after_change)
    offerings, out = _without_uncovered(stage.offerings, after_change, now)
    after: Stage = (
        replace(stage, document=waiting, proposed="", offerings=offerings)
        if isinstance(stage, Suspended)
        else Registered(stage.identifier, waiting, stage.since, offerings=offerings)
    )
    step = _step(after, now, "change approved", actor=actor, records=(*ended, *out))
    told = [Event("service out", stage.identifier, actor, line.offering.id) for line in out]
    return replace(step, events=(*step.events, *told))


def refuse(stage: Stage, proposal: str, reason: str, *, actor: str, now: int) -> Step:
    """An operator says no, and why.

    Raises:
        Conflict: nothing waits, or it was changed meanwhile.
        InvalidRequest: no reason.
    """
    why = checked_reason(reason)
    waiting = "" if isinstance(stage, Removed | Refused) else stage.proposed
    if not waiting:
        raise Conflict("nothing waits for a decision here")
    if proposal_id(waiting) != proposal:
        raise Conflict("the application was changed meanwhile; look at it again")
    if isinstance(stage, Applied):
        return _step(Refused(stage.identifier, waiting, why), now, "refused", actor=actor, detail=why)
    refused: Stage = replace(stage, proposed="", reason=why) if isinstance(stage, Registered) else stage
    if isinstance(refused, Suspended):
        refused = replace(refused, proposed="")
    return _step(refused, now, "change refused", actor=actor, detail=why)


def suspend(stage: Stage, reason: str, *, actor: str, now: int) -> Step:
    """An operator lets a registration rest, with every certificate.

    Raises:
        Conflict: it is not registered.
        InvalidRequest: no reason.
    """
    why = checked_reason(reason)
    if not isinstance(stage, Registered):
        raise Conflict("only who is registered can be suspended")
    after = Suspended(stage.identifier, stage.document, stage.since, why, stage.proposed, stage.offerings)
    rest = (StateOfAll(stage.identifier, EntryState.SUSPENDED),)
    return _step(after, now, "suspended", actor=actor, detail=why, records=rest)


def resume(stage: Stage, *, actor: str, now: int) -> Step:
    """An operator lets a registration hold again, with every certificate.

    Raises:
        Conflict: it is not suspended.
    """
    if not isinstance(stage, Suspended):
        raise Conflict("only who is suspended can go on")
    after = Registered(stage.identifier, stage.document, stage.since, stage.proposed, offerings=stage.offerings)
    return _step(after, now, "resumed", actor=actor, records=(StateOfAll(stage.identifier, EntryState.VALID),))


def remove(stage: Stage, reason: str, *, actor: str, now: int) -> Step:
    """An operator ends a registration for ever, and every certificate with it.

    Raises:
        Conflict: it is not registered, or removed before.
        InvalidRequest: no reason.
    """
    why = checked_reason(reason)
    if not isinstance(stage, Registered | Suspended):
        raise Conflict("only who is registered can be removed")
    gone: list[Record] = [
        line_of_service(stage.identifier, replace(offering, state=ServiceState.OUT, proposed=""), now)
        for offering in stage.offerings
    ]
    end: tuple[Record, ...] = (StateOfAll(stage.identifier, EntryState.REVOKED), *gone)
    return _step(Removed(stage.identifier, stage.document, why), now, "removed", actor=actor, detail=why, records=end)


def give(stage: Stage, document: str, given: tuple[GivenCertificate, ...], *, actor: str, form: str = "") -> Step:
    """Hand out certificates that were made for a registration as it was read before; they take the place of earlier ones.

    `form`: of a page, which counts once (T119); empty: asked for by a program.

    Raises:
        Conflict: it is not registered, or was changed meanwhile.
    """
    if not isinstance(stage, Registered):
        raise Conflict("only who is registered gets certificates")
    if stage.document != document:
        raise Conflict("the registration was changed meanwhile; ask again")
    replaced = {
        (certificate.kind, certificate.use) for certificate in given if certificate.kind is CertificateKind.REGISTRATION
    }
    ended = [StateOfAll(stage.identifier, EntryState.REVOKED, kind, use) for kind, use in sorted(replaced)]
    events = tuple(
        Event(f"{certificate.kind} certificate given", stage.identifier, actor, certificate.use or certificate.serial)
        for certificate in given
    )
    once = SessionKey.of("applicant form", f"{stage.identifier} {form}")
    spend = (Spend(once, FOREVER, Conflict("this form was sent before")),) if form else ()
    return Change(stage, records=(*ended, *given), events=events, spend=spend)


def _ended(before: Party, after: Party) -> tuple[StateOfAll, ...]:
    """What must not be shown any more: certificates of uses that changed, and access certificates under another name."""
    kept = {use.id: use for use in after.uses}
    ended = [
        StateOfAll(before.identifier, EntryState.REVOKED, CertificateKind.REGISTRATION, use.id)
        for use in before.uses
        if kept.get(use.id) != use
    ]
    if replace(before, uses=(), cockpit_endpoints=()) != replace(after, uses=(), cockpit_endpoints=()):
        # Names, entitlements, contacts stand in every one of them
        ended = [StateOfAll(before.identifier, EntryState.REVOKED, CertificateKind.REGISTRATION)]
    if _in_access_certificate(before) != _in_access_certificate(after):
        ended.append(StateOfAll(before.identifier, EntryState.REVOKED, CertificateKind.ACCESS))
    return tuple(ended)


def line_of_service(party: str, offering: Offering, now: int) -> ServiceLine:
    """The line by which a service is found."""
    shown = service_of(offering.document or offering.proposed)
    announced = offering.state is ServiceState.ANNOUNCED
    return ServiceLine(
        party=party,
        offering=offering,
        name="\n".join(text.text for text in shown.name),
        life_events=tuple([event.value for event in shown.life_events]) if announced else (),
        changed_at=now,
    )


def _without_uncovered(
    offerings: tuple[Offering, ...], party: Party, now: int
) -> tuple[tuple[Offering, ...], tuple[ServiceLine, ...]]:
    """Services after a change of the registration: those that it does not cover any more are out, and say why."""
    after: list[Offering] = []
    out: list[ServiceLine] = []
    for offering in offerings:
        kept = offering
        if offering.state is ServiceState.ANNOUNCED:
            problem = next(iter(uncovered_by(service_of(offering.document), party)), None)
            if problem is not None:
                kept = replace(offering, state=ServiceState.OUT, reason=problem.detail, problem=problem.kind.value)
                out.append(line_of_service(party.identifier, kept, now))
        after.append(kept)
    return tuple(after), tuple(out)


def _in_access_certificate(party: Party) -> tuple[object, ...]:
    return (
        party.name, party.given_name, party.trade_name, party.country, party.info_uri, party.email, party.phone,
        party.addresses,
    )  # fmt: skip


def checked_reason(reason: str) -> str:
    """What an operator writes down for the party and the trail.

    Raises:
        InvalidRequest: nothing, too much, or what cannot be printed.
    """
    words = " ".join(reason.split())
    if not words or len(words) > MAX_REASON or not words.isprintable():
        raise InvalidRequest(f"a reason is needed, of at most {MAX_REASON} characters that can be printed")
    return words


def _step(
    stage: Stage,
    now: int,
    action: str,
    *,
    actor: str,
    detail: str = "",
    records: tuple[Record, ...] = (),
) -> Step:
    event = Event(action, stage.identifier, actor, detail)
    return Change(stage, records=(line_of(stage, now), *cockpits_of(stage), *records), events=(event,))
