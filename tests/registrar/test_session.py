"""A party's way through the register: who may do what at which stage, and what moves with it."""

from dataclasses import replace
from typing import Any

import pytest

from capabilities.status_publisher.records import EntryState
from protocol.errors import Conflict, InvalidRequest
from registrar import session
from registrar.records import CertificateKind, GivenCertificate, PartyLine, PartyState, StateOfAll
from registrar.session import Applied, Refused, Registered, Removed, Suspended, document_of, proposal_id
from tests.support.pki import NOW
from tests.support.registrar import CINEMA, OPERATOR, cinema, use

DOCUMENT = document_of(cinema())
OTHER = document_of(cinema(trade_name="Kino Nova"))
APPLIED = Applied(CINEMA, DOCUMENT, NOW)
REFUSED = Refused(CINEMA, DOCUMENT, "who are you?")
REGISTERED = Registered(CINEMA, DOCUMENT, NOW)
CHANGING = replace(REGISTERED, proposed=OTHER)
SUSPENDED = Suspended(CINEMA, DOCUMENT, NOW, "asked too much")
REMOVED = Removed(CINEMA, DOCUMENT, "asked too much again")
WHO: dict[str, Any] = {"actor": OPERATOR, "now": NOW}


def moved(step):
    return [record for record in step.records if isinstance(record, StateOfAll)]


def test_an_application_waits_until_somebody_decides():
    begun = session.apply(cinema(), "key", now=NOW)
    assert begun.next == APPLIED
    [line] = begun.records
    assert (line.state, line.proposed, line.document) == (PartyState.APPLIED, DOCUMENT, "")
    assert session.approve(APPLIED, proposal_id(DOCUMENT), **WHO).next == REGISTERED
    assert session.refuse(APPLIED, proposal_id(DOCUMENT), " who  are you? ", **WHO).next == REFUSED


@pytest.mark.parametrize("stage", [REFUSED, REGISTERED, SUSPENDED, REMOVED], ids=lambda stage: type(stage).__name__)
def test_where_nothing_waits_nothing_is_decided(stage):
    for proposal in (proposal_id(DOCUMENT), ""):
        with pytest.raises(Conflict):
            session.approve(stage, proposal, **WHO)
        with pytest.raises(Conflict):
            session.refuse(stage, proposal, "no", **WHO)


@pytest.mark.parametrize(
    "stage", [APPLIED, CHANGING, replace(SUSPENDED, proposed=OTHER)], ids=["new", "change", "rest"]
)
def test_what_an_operator_did_not_read_is_not_decided(stage):
    with pytest.raises(Conflict, match="meanwhile"):
        session.approve(stage, proposal_id("another text"), **WHO)
    with pytest.raises(Conflict, match="meanwhile"):
        session.refuse(stage, proposal_id("another text"), "no", **WHO)


def test_who_was_refused_may_try_again():
    again = session.propose(REFUSED, cinema(trade_name="Kino Nova"), now=NOW)
    assert again.next == Applied(CINEMA, OTHER, NOW)


def test_a_change_waits_while_what_is_registered_holds():
    step = session.propose(REGISTERED, cinema(trade_name="Kino Nova"), now=NOW)
    assert step.next == CHANGING
    assert moved(step) == []
    refused = session.refuse(CHANGING, proposal_id(OTHER), "no", **WHO)
    assert refused.next == replace(REGISTERED, reason="no")
    assert moved(refused) == []


def test_a_change_of_the_name_ends_every_certificate_with_the_old_one():
    step = session.approve(CHANGING, proposal_id(OTHER), **WHO)
    assert step.next == Registered(CINEMA, OTHER, NOW)
    assert moved(step) == [
        StateOfAll(CINEMA, EntryState.REVOKED, CertificateKind.REGISTRATION),
        StateOfAll(CINEMA, EntryState.REVOKED, CertificateKind.ACCESS),
    ]


def test_a_change_of_one_use_ends_its_certificate_alone():
    """Less may be asked at once: what was registered before holds no more (T170)."""
    before = cinema(uses=[use(), use(id="age")])
    after = cinema(uses=[use(), use(id="age", retention_days=1)])
    stage = Registered(CINEMA, document_of(before), NOW, document_of(after))
    step = session.approve(stage, proposal_id(document_of(after)), **WHO)
    assert moved(step) == [StateOfAll(CINEMA, EntryState.REVOKED, CertificateKind.REGISTRATION, "age")]
    gone = cinema(uses=[use()])
    stage = replace(stage, proposed=document_of(gone))
    step = session.approve(stage, proposal_id(document_of(gone)), **WHO)
    assert moved(step) == [StateOfAll(CINEMA, EntryState.REVOKED, CertificateKind.REGISTRATION, "age")]


def test_a_change_while_suspended_is_approved_but_nobody_goes_on_by_it():
    """T170: what it ends must not hold again when they go on."""
    stage = replace(SUSPENDED, proposed=OTHER)
    step = session.approve(stage, proposal_id(OTHER), **WHO)
    assert step.next == replace(SUSPENDED, document=OTHER)
    assert moved(step) == moved(session.approve(CHANGING, proposal_id(OTHER), **WHO)) != []


def test_a_change_while_suspended_is_refused_and_the_suspension_keeps_its_reason():
    step = session.refuse(replace(SUSPENDED, proposed=OTHER), proposal_id(OTHER), "no", **WHO)
    assert step.next == SUSPENDED
    assert moved(step) == []


def test_nobody_becomes_somebody_else():
    for stage in (APPLIED, REFUSED, REGISTERED, SUSPENDED):
        with pytest.raises(InvalidRequest):
            session.propose(stage, cinema(identifier="NTRDE-HRB 1"), now=NOW)


def test_certificates_rest_with_their_party_and_hold_again_with_it():
    rest = session.suspend(CHANGING, "asked too much", **WHO)
    assert rest.next == replace(SUSPENDED, proposed=OTHER)
    assert moved(rest) == [StateOfAll(CINEMA, EntryState.SUSPENDED)]
    again = session.resume(rest.next, **WHO)
    assert again.next == CHANGING
    assert moved(again) == [StateOfAll(CINEMA, EntryState.VALID)]


@pytest.mark.parametrize("stage", [REGISTERED, SUSPENDED], ids=["registered", "suspended"])
def test_removed_is_for_ever(stage):
    step = session.remove(stage, "asked too much again", **WHO)
    assert step.next == REMOVED
    assert moved(step) == [StateOfAll(CINEMA, EntryState.REVOKED)]
    for back in (
        lambda: session.propose(REMOVED, cinema(), now=NOW),
        lambda: session.resume(REMOVED, **WHO),
        lambda: session.suspend(REMOVED, "x", **WHO),
        lambda: session.remove(REMOVED, "x", **WHO),
        lambda: session.give(REMOVED, DOCUMENT, (), actor=OPERATOR),
    ):
        with pytest.raises(Conflict):
            back()


@pytest.mark.parametrize("stage", [APPLIED, REFUSED, SUSPENDED, REMOVED], ids=lambda stage: type(stage).__name__)
def test_only_the_registered_get_certificates(stage):
    with pytest.raises(Conflict):
        session.give(stage, DOCUMENT, (), actor=OPERATOR)


def test_a_certificate_of_what_is_registered_no_more_is_not_handed_out():
    with pytest.raises(Conflict, match="meanwhile"):
        session.give(REGISTERED, OTHER, (), actor=OPERATOR)


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501, "a\x00b"])
def test_a_no_has_a_reason(reason):
    for deed in (
        lambda: session.refuse(APPLIED, proposal_id(DOCUMENT), reason, **WHO),
        lambda: session.suspend(REGISTERED, reason, **WHO),
        lambda: session.remove(REGISTERED, reason, **WHO),
    ):
        with pytest.raises(InvalidRequest):
            deed()


def test_every_step_is_in_the_trail_and_in_the_register():
    steps = [
        session.apply(cinema(), "key", now=NOW),
        session.approve(APPLIED, proposal_id(DOCUMENT), **WHO),
        session.suspend(REGISTERED, "x", **WHO),
        session.resume(SUSPENDED, **WHO),
        session.remove(REGISTERED, "x", **WHO),
    ]
    assert [step.events[0].action for step in steps] == ["applied", "registered", "suspended", "resumed", "removed"]
    assert all(any(isinstance(record, PartyLine) for record in step.records) for step in steps)


def test_the_trail_says_which_certificate_was_given():
    given = [
        GivenCertificate("1", CINEMA, kind, use, serial, "content", "", NOW, NOW + 1, "", 0, NOW)
        for kind, use, serial in ((CertificateKind.ACCESS, "", "4f"), (CertificateKind.REGISTRATION, "age", ""))
    ]
    events = session.give(REGISTERED, DOCUMENT, tuple(given), actor=OPERATOR).events
    assert [event.detail for event in events] == ["4f", "age"]
