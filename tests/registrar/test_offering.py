"""A service's way into the catalogue and out of it: who may do what, at which stage."""

from dataclasses import replace
from typing import Any

import pytest

from protocol.errors import Conflict, InvalidRequest, NotFound
from registrar import offering, session
from registrar.announcing import read_entries, service_document
from registrar.records import Offering, ServiceLine, ServiceState
from registrar.session import Applied, Registered, Removed, Suspended, document_of, proposal_id
from tests.support.announced import entry
from tests.support.pki import NOW
from tests.support.registrar import CINEMA, OPERATOR, cinema, use

DOCUMENT = document_of(cinema())
REGISTERED = Registered(CINEMA, DOCUMENT, NOW)
[FILM], _ = read_entries([entry()])
[LATER], _ = read_entries([entry(summary={"de": "Neu", "en": "New"})])
[SNACKS], _ = read_entries([entry(id="snacks", needs=None)])
TEXT = service_document(FILM)
WHO: dict[str, Any] = {"actor": OPERATOR, "now": NOW}


def offered(stage, *services):
    return offering.offer(stage, services, stage.document, now=NOW)


def with_offering(**members):
    return replace(REGISTERED, offerings=(Offering("film-club", **members),))


WAITING = with_offering(state=ServiceState.NEW, proposed=TEXT)
ANNOUNCED = with_offering(state=ServiceState.ANNOUNCED, document=TEXT)
CHANGING = with_offering(state=ServiceState.ANNOUNCED, document=TEXT, proposed=service_document(LATER))


def only(step):
    [found] = step.next.offerings
    return found


def test_what_is_handed_in_waits_and_its_id_is_taken():
    step = offered(REGISTERED, FILM, SNACKS)
    assert [(one.id, one.state, one.document) for one in step.next.offerings] == [
        ("film-club", ServiceState.NEW, ""),
        ("snacks", ServiceState.NEW, ""),
    ]
    assert len(step.spend) == 2
    assert [line.offering for line in step.records] == list(step.next.offerings)
    again = offered(step.next, LATER)
    assert again.spend == ()
    assert [one.proposed for one in again.next.offerings] == [service_document(LATER), service_document(SNACKS)]


def test_what_is_announced_in_these_words_does_not_wait_again():
    step = offered(CHANGING, FILM)
    assert only(step) == Offering("film-club", ServiceState.ANNOUNCED, TEXT)
    assert offered(ANNOUNCED, FILM).records == ()


@pytest.mark.parametrize(
    "stage",
    [
        Applied(CINEMA, DOCUMENT, NOW),
        session.Refused(CINEMA, DOCUMENT, "x"),
        Suspended(CINEMA, DOCUMENT, NOW, "x"),
        Removed(CINEMA, DOCUMENT, "x"),
    ],
    ids=lambda stage: type(stage).__name__,
)
def test_only_who_is_registered_hands_in_and_is_announced(stage):
    with pytest.raises(Conflict):
        offering.offer(stage, [FILM], DOCUMENT, now=NOW)
    if isinstance(stage, Suspended):
        resting = replace(stage, offerings=WAITING.offerings)
        with pytest.raises(Conflict, match="does not hold"):
            offering.approve_service(resting, "film-club", proposal_id(TEXT), **WHO)
    else:
        with pytest.raises(NotFound):
            offering.approve_service(stage, "film-club", proposal_id(TEXT), **WHO)


def test_what_was_checked_against_another_registration_is_not_taken():
    with pytest.raises(Conflict, match="meanwhile"):
        offering.offer(REGISTERED, [FILM], document_of(cinema(trade_name="Kino Nova")), now=NOW)


def test_a_party_has_no_more_services_than_fit(monkeypatch):
    """T244"""
    monkeypatch.setattr("registrar.offering.MAX_OFFERINGS", 1)
    with pytest.raises(Conflict, match="at most 1"):
        offered(REGISTERED, FILM, SNACKS)
    assert offered(WAITING, LATER)
    monkeypatch.setattr("registrar.offering.MAX_OFFERED", len(TEXT) + len(service_document(LATER)) - 1)
    with pytest.raises(Conflict, match="bytes"):
        offered(ANNOUNCED, LATER)


def test_it_is_announced_as_it_was_read():
    with pytest.raises(Conflict, match="meanwhile"):
        offering.approve_service(WAITING, "film-club", proposal_id("another"), **WHO)
    step = offering.approve_service(WAITING, "film-club", proposal_id(TEXT), **WHO)
    assert only(step) == Offering("film-club", ServiceState.ANNOUNCED, TEXT)
    [line] = step.records
    assert isinstance(line, ServiceLine)
    assert line.life_events == ("moving", "retiring")
    with pytest.raises(Conflict, match="nothing waits"):
        offering.approve_service(step.next, "film-club", "", **WHO)


def test_a_registration_that_changed_meanwhile_announces_nothing():
    narrowed = document_of(cinema(uses=[use(id="other")]))
    with pytest.raises(Conflict, match="does not cover"):
        offering.approve_service(replace(WAITING, document=narrowed), "film-club", proposal_id(TEXT), **WHO)


def test_a_refusal_needs_a_reason_and_leaves_what_is_announced():
    for stage, text in ((WAITING, TEXT), (CHANGING, service_document(LATER))):
        with pytest.raises(InvalidRequest):
            offering.refuse_service(stage, "film-club", proposal_id(text), " ", **WHO)
        with pytest.raises(Conflict):
            offering.refuse_service(stage, "film-club", proposal_id("else"), "x", **WHO)
    refused = only(offering.refuse_service(WAITING, "film-club", proposal_id(TEXT), "too vague", **WHO))
    assert (refused.state, refused.proposed, refused.reason) == (ServiceState.REFUSED, "", "too vague")
    kept = only(
        offering.refuse_service(CHANGING, "film-club", proposal_id(service_document(LATER)), "too vague", **WHO)
    )
    assert (kept.state, kept.document, kept.proposed) == (ServiceState.ANNOUNCED, TEXT, "")


def test_a_party_withdraws_what_waits_and_what_is_announced_once():
    for stage in (WAITING, CHANGING, replace(Suspended(CINEMA, DOCUMENT, NOW, "x"), offerings=ANNOUNCED.offerings)):
        step = offering.withdraw_service(stage, "film-club", now=NOW)
        assert (only(step).state, only(step).proposed) == (ServiceState.WITHDRAWN, "")
        with pytest.raises(Conflict):
            offering.withdraw_service(step.next, "film-club", now=NOW)
    with pytest.raises(NotFound):
        offering.withdraw_service(REGISTERED, "film-club", now=NOW)


def test_an_operator_takes_out_what_is_announced_and_says_why():
    with pytest.raises(InvalidRequest):
        offering.take_out_service(ANNOUNCED, "film-club", "", **WHO)
    with pytest.raises(Conflict):
        offering.take_out_service(WAITING, "film-club", "x", **WHO)
    step = offering.take_out_service(CHANGING, "film-club", "closed", **WHO)
    assert (only(step).state, only(step).reason) == (ServiceState.OUT, "closed")
    # What waits is decided on its own
    assert only(step).proposed == CHANGING.offerings[0].proposed


def test_services_go_with_their_party_through_rest_and_end():
    resting = session.suspend(ANNOUNCED, "x", **WHO).next
    assert resting.offerings == ANNOUNCED.offerings
    assert session.resume(resting, **WHO).next.offerings == ANNOUNCED.offerings
    ended = session.remove(CHANGING, "x", **WHO)
    [line] = [record for record in ended.records if isinstance(record, ServiceLine)]
    assert (line.offering.state, line.offering.proposed, line.life_events) == (ServiceState.OUT, "", ())


@pytest.mark.parametrize("rests", [False, True])
def test_a_change_of_the_registration_takes_out_only_what_it_does_not_cover(rests):
    snacks = Offering("snacks", ServiceState.ANNOUNCED, service_document(SNACKS))
    both = replace(REGISTERED, offerings=(*ANNOUNCED.offerings, snacks))
    other = [{"format": "dc+sd-jwt", "vct_values": ["urn:eudi:pid:1"], "claims": [["family_name"]]}]
    waiting = document_of(cinema(uses=[use(credentials=other)]))
    stage: Registered | Suspended = replace(both, proposed=waiting)
    if rests:
        stage = replace(Suspended(CINEMA, DOCUMENT, NOW, "x", waiting), offerings=both.offerings)
    step = session.approve(stage, proposal_id(waiting), **WHO)
    assert [(one.id, one.state) for one in step.next.offerings] == [
        ("film-club", ServiceState.OUT),
        ("snacks", ServiceState.ANNOUNCED),
    ]
    assert [event.action for event in step.events] == ["change approved", "service out"]
