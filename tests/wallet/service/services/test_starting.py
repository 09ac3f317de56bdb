"""A service is begun when the citizen says so; who asks then has to be its provider, and may ask no more without a warning."""

from dataclasses import replace
from urllib.parse import parse_qsl

import pytest

from protocol.errors import InvalidRequest, Unreachable
from protocol.exchange import HttpResponse
from protocol.keys import P256Key
from protocol.oid4vp.client_id import Prefix
from protocol.oid4vp.request import DIRECT_POST_JWT, ClientMetadata, EncryptionKey
from tests.support.pki import Template, make_pki, seeded, seeded_key
from tests.wallet.counterparts import PARTNER, dcql
from tests.wallet.service_town import LIBRARY, OFFICE, ServiceWorld
from wallet.policy.services.noting import NotedShown
from wallet.service.services.starting import NotTheProvider


def start(town, service_id="library-card"):
    return town.run(town.wallet.services.starting.start(town.shown(service_id)))


def certified(town, **changes):
    members = {"common_name": "City library", "identifier": LIBRARY, "country": "DE", **changes}
    town.partner.pki = make_pki(
        Template(dns_names=("library.example",), **members), key=seeded_key(6), role=town.partner.pki.role
    )


def test_beginning_asks_at_the_address_with_a_fresh_nonce(there):
    there.receive_pid()
    asked = start(there)
    start(there)
    first, second = [dict(parse_qsl(request.body.decode())) for request in there.partner.begun]
    assert [request.url for request in there.partner.begun] == [f"{PARTNER}/start"] * 2
    assert first["wallet_nonce"] != second["wallet_nonce"]
    assert asked.consent.asker.name == "City library"
    assert asked.match.satisfied
    assert there.partner.answers == []


def test_the_request_is_answered_as_any_other(there):
    there.receive_pid()
    asked = start(there)
    there.run(there.wallet.presenting.share(asked, asked.default_choice()))
    assert len(there.partner.presented()) == 1


@pytest.mark.parametrize(
    "changes",
    [{"identifier": OFFICE}, {"country": "AT"}, {"identifier": None}, {"country": None}],
    ids=["identifier", "country", "no identifier", "no country"],
)
def test_whoever_is_not_the_provider_is_not_answered(there, changes):
    there.receive_pid()
    certified(there, **changes)
    with pytest.raises(NotTheProvider) as other:
        start(there)
    assert other.value.provider == "City library"
    assert there.partner.answers == []
    assert there.actions()[-1][0] == "failed"


def test_a_request_for_another_nonce_is_refused(there):
    there.partner.changes = {"wallet_nonce": "another-nonce-of-22-characters"}
    with pytest.raises(InvalidRequest, match="wallet_nonce"):
        start(there)


def test_only_clients_of_a_kind_that_the_wallet_takes_may_ask(vault, tmp_path):
    town = ServiceWorld(vault, tmp_path / "published", prefixes=frozenset((Prefix.X509_SAN_DNS,)))
    town.fetch()
    with pytest.raises(InvalidRequest, match="prefix is not accepted"):
        start(town)


def test_a_request_that_names_another_client_than_it_proves_is_refused(there):
    there.partner.changes = {"client_id": there.partner.client_id}
    certified(there, common_name="Somebody else")
    with pytest.raises(InvalidRequest):
        start(there)


@pytest.mark.parametrize(
    "reply", [HttpResponse(200, (("content-type", "text/html"),), b"<html>"), HttpResponse(404, (), b"")]
)
def test_an_address_that_makes_no_request_begins_nothing(there, reply):
    there.partner.respond = lambda _: reply
    with pytest.raises(InvalidRequest):
        start(there)
    there.partner.respond = lambda _: HttpResponse(503, (), b"")
    with pytest.raises(Unreachable):
        start(there)


def test_what_is_asked_beyond_the_announcement_is_warned_of(there):
    there.receive_pid()
    starting = there.wallet.services.starting
    service = there.shown("library-card")
    assert starting.begun(service, start(there)).beyond == ()
    there.partner.query = {"credentials": [dcql(("given_name",), ("birthdate",))]}
    begun = starting.begun(service, start(there), "plan")
    assert [one.label for one in begun.beyond] == ["Date of birth"]
    assert (begun.service.id, begun.journey) == ("library-card", "plan")
    # A service that announced nothing may ask nothing without a warning
    nothing = replace(service, needs=None)
    assert [one.document for one in starting.begun(nothing, start(there)).beyond] == ["Personal ID"]


def test_a_plan_goes_on_when_its_request_was_answered(there):
    there.receive_pid()
    services = there.wallet.services
    journey = there.run(services.journeys.begin(["library-card"])).id
    asked = start(there)
    begun = services.starting.begun(there.shown("library-card"), asked, journey)
    there.run(services.answered(asked.digest, begun))
    assert there.run(services.journeys.show(journey)).over


def test_what_a_plan_was_told_is_proposed_to_the_provider_alone(there):
    there.receive_pid()
    services, service = there.wallet.services, there.shown("library-card")
    journey = there.run(services.journeys.begin(["library-card"])).id
    there.run(services.journeys.note(journey, service.id, {"email": "a@b.example"}))
    key = EncryptionKey("key-1", P256Key.generate(seeded(77)).public_key)
    metadata = ClientMetadata((key,), takes_answers=("email",))
    there.partner.changes = {"response_mode": DIRECT_POST_JWT, "client_metadata": metadata}
    asked = start(there)
    begun = services.starting.begun(service, asked, journey)
    assert [(one.title, one.said) for one in services.noted(asked, begun)] == [("E-mail", "a@b.example")]
    certified(there, identifier=OFFICE)
    assert services.noted(there.run(there.wallet.presenting.look(there.partner.link())), begun) == ()


def test_what_is_not_encrypted_takes_no_answers(there):
    there.receive_pid()
    there.partner.changes = {"client_metadata": ClientMetadata(takes_answers=("email",))}
    services, service = there.wallet.services, there.shown("library-card")
    journey = there.run(services.journeys.begin(["library-card"])).id
    there.run(services.journeys.note(journey, service.id, {"email": "a@b.example"}))
    asked = start(there)
    assert services.noted(asked, services.starting.begun(service, asked, journey)) == ()
    noted = NotedShown("email", "E-mail", "a@b.example", "a@b.example")
    with pytest.raises(ValueError, match="and encrypted"):
        there.run(there.wallet.presenting.share(asked, asked.default_choice(), [noted]))
    assert there.partner.answers == []
