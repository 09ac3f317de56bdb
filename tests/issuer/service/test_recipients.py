"""Who takes what is forwarded: found in the registrar's list, and checked as a wallet would before anything leaves."""

from dataclasses import replace

import pytest

from issuer.service.recipients import FRESH
from protocol.errors import InvalidRequest, Malformed, NotAuthentic, NotTrusted, Unreachable
from protocol.exchange import HttpResponse
from protocol.sovereignty.forwarding import Recipient
from tests.issuer.service.forwarding import SERVICE, Office
from tests.support.partners import AGENCY, BANK, TOWN
from tests.support.pki import DAY

THERE = Recipient(BANK, SERVICE)


@pytest.fixture
def office():
    return Office()


def ask(office, recipient=THERE):
    return office.desk.run(office.desk.issuer.mandates.recipients.ask(recipient))


def test_a_recipient_that_is_listed_and_registered_is_asked_what_it_wants(office):
    found = ask(office)
    assert found.registration == office.bank.registration
    assert found.paths(office.mandate()) == (("given_name",),)


@pytest.mark.parametrize(
    "recipient", [Recipient(BANK, "another"), Recipient(AGENCY, SERVICE)], ids=["service", "organisation"]
)
def test_whoever_is_not_listed_is_not_asked(office, recipient):
    with pytest.raises(NotTrusted, match="offers no service"):
        ask(office, recipient)
    assert office.bank.asked == 0


def test_a_service_that_takes_nothing_forwarded_is_no_recipient(office):
    entry = {name: value for name, value in office.bank.entry.items() if name != "forward"}
    office.publisher.services = (entry,)
    with pytest.raises(NotTrusted, match="offers no service"):
        ask(office)
    assert office.bank.asked == 0


def test_a_recipient_without_a_registration_gets_nothing(office):
    office.bank.registration = None
    with pytest.raises(NotTrusted, match="shows no registration"):
        ask(office)


@pytest.mark.parametrize("status", [1, 2])
def test_a_registration_that_was_ended_or_stopped_holds_no_more(office, status):
    office.registrar.status = status
    with pytest.raises(NotTrusted, match="does not hold any more"):
        ask(office)


def test_where_nobody_says_whether_a_registration_holds_it_is_asked_again_later(office):
    ask(office)
    office.registrar.away = True
    with pytest.raises(Unreachable, match="could not be looked up"):
        ask(office)


def test_the_list_of_services_is_fetched_once_an_hour(office):
    for _ in range(2):
        ask(office)
    office.desk.clock.move(FRESH - 1)
    ask(office)
    assert len(office.publisher.seen) == 1
    office.desk.clock.move(1)
    ask(office)
    assert len(office.publisher.seen) == 2


def test_a_list_that_has_expired_is_not_taken_from_memory(office):
    office.publisher.expires_at = office.desk.clock.now + 60
    ask(office)
    office.desk.clock.move(60)
    office.publisher.expires_at += DAY
    office.publisher.seq += 1
    ask(office)
    assert len(office.publisher.seen) == 2


def test_a_list_whose_publisher_is_trusted_no_more_leads_to_nobody(office):
    ask(office)
    office.trusts_registrar = False
    with pytest.raises(NotTrusted):
        ask(office)
    assert office.bank.asked == 1


@pytest.mark.parametrize(
    ("answer", "flaw"),
    [
        (HttpResponse(503, (("content-type", "application/jwt"),), b""), Unreachable),
        (HttpResponse(200, (("content-type", "text/html"),), b"<html>"), Malformed),
        (HttpResponse(200, (("content-type", "application/jwt"),), "ä".encode()), NotAuthentic),
    ],
    ids=["away", "another type", "no token"],
)
def test_what_is_no_list_is_refused_as_what_it_is(office, answer, flaw):
    office.publisher.answer = answer
    with pytest.raises(flaw):
        ask(office)


def test_a_list_is_a_list_by_its_media_type(office):
    office.publisher.answer = HttpResponse(200, (("content-type", "text/html"),), office.publisher.catalogue().encode())
    with pytest.raises(Malformed, match="must be served as application/jwt"):
        ask(office)


def test_a_recipient_is_who_its_certificate_says(office):
    office.bank.registration = replace(office.bank.registration, identifier=TOWN.identifier, country=TOWN.country)
    found = ask(office)
    with pytest.raises(NotAuthentic):
        found.paths(office.mandate())


def test_a_recipient_that_would_have_it_in_clear_gets_nothing(office):
    office.bank.changes["response_mode"] = "direct_post"
    with pytest.raises(InvalidRequest):
        ask(office)
