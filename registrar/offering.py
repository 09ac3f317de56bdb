"""The services of a party: steps of its conversation in which it hands them in, and an operator decides about each.

An entry is announced exactly as an operator read it, while its party is registered and the registration covers it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from protocol.errors import Conflict, NotFound
from protocol.sovereignty.service import Service
from registrar.announcing import MAX_OFFERINGS, service_document, service_of, uncovered_by
from registrar.records import Offering, ServiceState
from registrar.session import (
    APPLICANT,
    FOREVER,
    Registered,
    Stage,
    Step,
    Suspended,
    checked_reason,
    line_of_service,
    party_of,
    proposal_id,
)
from runtime.conversation import Change, Event, SessionKey, Spend

_NO_SERVICE = NotFound("there is no service of this id")
_TAKEN = Conflict("another party has a service of this id; choose another id")


def offerings_of(stage: Stage) -> tuple[Offering, ...]:
    """The services of a party, in the order in which it handed them in."""
    return stage.offerings if isinstance(stage, Registered | Suspended) else ()


def find_offering(stage: Stage, service: str) -> Offering:
    """A service of a party.

    Raises:
        NotFound: there is none of this id.
    """
    found = next((offering for offering in offerings_of(stage) if offering.id == service), None)
    if found is None:
        raise _NO_SERVICE.with_traceback(None)
    return found


def offer(stage: Stage, services: Iterable[Service], document: str, *, now: int) -> Step:
    """A party hands in services, which were checked against its registration `document`; each waits for an operator then.

    What is announced in exactly these words does not wait again. A new id belongs to the party from now on.

    Raises:
        Conflict: the party is not registered, its registration was changed meanwhile, it would have too many services, or an
            id is somebody else's.
    """
    if not isinstance(stage, Registered):
        raise Conflict("only who is registered can hand in services")
    if stage.document != document:
        raise Conflict("the registration was changed meanwhile; hand the services in again")
    known = {offering.id: offering for offering in stage.offerings}
    changed: dict[str, Offering] = {}
    taken: list[Spend] = []
    for service in services:
        text = service_document(service)
        before = known.get(service.id)
        if before is None:
            changed[service.id] = Offering(service.id, ServiceState.NEW, proposed=text)
            taken.append(Spend(SessionKey.of("service", service.id), FOREVER, _TAKEN))
        elif before.state is ServiceState.ANNOUNCED and before.document == text:
            changed[service.id] = replace(before, proposed="")
        else:
            changed[service.id] = replace(before, proposed=text)
    after = tuple((known | changed).values())
    if len(after) > MAX_OFFERINGS:
        raise Conflict(f"a party has at most {MAX_OFFERINGS} services")
    moved = [offering for offering in changed.values() if offering != known.get(offering.id)]
    return replace(_step(stage, after, moved, "service handed in", actor=APPLICANT, now=now), spend=tuple(taken))


def approve_service(stage: Stage, service: str, proposal: str, *, actor: str, now: int) -> Step:
    """An operator has a service announced, exactly as they read it; see `proposal_id`.

    Raises:
        NotFound: no such service.
        Conflict: nothing waits, it was changed meanwhile, or the registration does not hold or does not cover it any more.
    """
    before = _waiting(stage, service, proposal)
    if not isinstance(stage, Registered):
        raise Conflict("the registration of this party does not hold now")
    problem = next(iter(uncovered_by(service_of(before.proposed), party_of(stage.document))), None)
    if problem is not None:
        raise Conflict(f"the registration does not cover it any more: {problem.sentence}")
    after = Offering(service, ServiceState.ANNOUNCED, document=before.proposed)
    return _changed(stage, before, after, "service announced", actor=actor, now=now)


def refuse_service(stage: Stage, service: str, proposal: str, reason: str, *, actor: str, now: int) -> Step:
    """An operator says no to what was handed in; what is announced stays.

    Raises:
        NotFound: no such service.
        Conflict: nothing waits, or it was changed meanwhile.
        InvalidRequest: no reason.
    """
    why = checked_reason(reason)
    before = _waiting(stage, service, proposal)
    if before.state is ServiceState.ANNOUNCED:
        after = replace(before, proposed="", reason=why)
    else:
        # What was refused stays to be read and corrected
        kept = before.document or before.proposed
        after = replace(before, state=ServiceState.REFUSED, document=kept, proposed="", reason=why, problem="")
    return _changed(stage, before, after, "service refused", actor=actor, now=now, detail=why)


def withdraw_service(stage: Stage, service: str, *, now: int) -> Step:
    """A party takes its service back: out of the catalogue, and out of what waits.

    Raises:
        NotFound: no such service.
        Conflict: it was withdrawn before.
    """
    before = find_offering(stage, service)
    if before.state is ServiceState.WITHDRAWN and not before.proposed:
        raise Conflict("this service was withdrawn before")
    kept = before.document or before.proposed
    after = Offering(service, ServiceState.WITHDRAWN, document=kept)
    return _changed(stage, before, after, "service withdrawn", actor=APPLICANT, now=now)


def take_out_service(stage: Stage, service: str, reason: str, *, actor: str, now: int) -> Step:
    """An operator takes a service out of the catalogue; the party may hand it in again.

    Raises:
        NotFound: no such service.
        Conflict: it is not announced.
        InvalidRequest: no reason.
    """
    why = checked_reason(reason)
    before = find_offering(stage, service)
    if before.state is not ServiceState.ANNOUNCED:
        raise Conflict("this service is not in the catalogue")
    after = replace(before, state=ServiceState.OUT, reason=why, problem="")
    return _changed(stage, before, after, "service out", actor=actor, now=now, detail=why)


def _waiting(stage: Stage, service: str, proposal: str) -> Offering:
    found = find_offering(stage, service)
    if not found.proposed:
        raise Conflict("nothing waits for a decision here")
    if proposal_id(found.proposed) != proposal:
        raise Conflict("the service was changed meanwhile; look at it again")
    return found


def _changed(
    stage: Stage, before: Offering, after: Offering, action: str, *, actor: str, now: int, detail: str = ""
) -> Step:
    if not isinstance(stage, Registered | Suspended):
        raise _NO_SERVICE.with_traceback(None)
    offerings = tuple([after if offering == before else offering for offering in stage.offerings])
    return _step(stage, offerings, [after], action, actor=actor, now=now, detail=detail)


def _step(
    stage: Registered | Suspended,
    offerings: tuple[Offering, ...],
    moved: Iterable[Offering],
    action: str,
    *,
    actor: str,
    now: int,
    detail: str = "",
) -> Step:
    lines = tuple([line_of_service(stage.identifier, offering, now) for offering in moved])
    said = f": {detail}" if detail else ""
    events = tuple([Event(action, stage.identifier, actor, f"{line.offering.id}{said}") for line in lines])
    return Change(replace(stage, offerings=offerings), records=lines, events=events)
