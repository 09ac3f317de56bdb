"""The town as it is set up: every office is one party, however many addresses it has, and every file has its addresses."""

import csv
import secrets
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from capabilities.status_publisher.records import EntryState
from hoheit.demo import places
from hoheit.demo.catalogue import town_catalogue
from hoheit.demo.places import AGENCIES, COUNTERS, FAMILIES, FAMILY_OFFICE, PROVIDING, REGISTER, TOWN_HALL
from hoheit.demo.setting_up import set_up_town
from hoheit.registering import drive_apart, open_register
from issuer.app import open_store as open_issuer_store
from issuer.app import open_types
from issuer.config import IssuerSettings
from issuer.database.register import SqlRegister
from issuer.installation import ACCESS
from issuer.installation import REGISTRATIONS as ISSUER_REGISTRATIONS
from protocol.exchange import run
from protocol.sovereignty.catalogue import verify_catalogue
from protocol.sovereignty.service import check_hosts
from protocol.trust.anchors import Role, TrustAnchor, TrustAnchors
from protocol.x509 import Certificate
from registrar.config import RegistrarSettings
from registrar.records import CertificateKind
from registrar.service.parties import registered_party
from runtime import system
from runtime.http import NoSender
from runtime.installation import AUTHORITY, open_keys
from tests.hoheit.demo.citizens import PEOPLE
from verifier.app import open_use_cases
from verifier.config import VerifierSettings
from verifier.installation import REGISTRATIONS, SIGNING
from verifier.once_only.description import read_services

START = "http://localhost:8480"
TWO = [(agency, counter) for agency in AGENCIES for counter in COUNTERS if agency.identifier == counter.identifier]


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("HOHEIT_ENV", "demo")
        yield set_up_town(
            tmp_path_factory.mktemp("town") / "t", START, now=system.now, random_bytes=secrets.token_bytes
        )


@pytest.fixture
def office(town, monkeypatch):
    monkeypatch.setenv("HOHEIT_ENV", "demo")
    with open_register(RegistrarSettings.read(town.data(REGISTER))) as opened:
        yield opened


def party_in(office, identifier):
    return registered_party(office.registrar.context.store.party(identifier))


def leaf(data, name):
    return Certificate.from_x5c(open_keys(data, None).signer(name).x5c[0])


def shown(folder):
    return {file.stem: file.read_text(encoding="ascii") for file in folder.glob("*.jwt")}


def test_six_offices_issue_and_ask():
    assert len(TWO) == 6
    assert (FAMILY_OFFICE, FAMILIES) in TWO


@pytest.mark.parametrize(("agency", "counter"), TWO, ids=[counter.id for _, counter in TWO])
def test_who_issues_and_asks_is_one_party_with_two_addresses(town, office, agency, counter):
    party = party_in(office, agency.identifier)
    assert party.addresses == (town.address(agency), town.address(counter))
    assert "Service_Provider" in party.entitlements
    assert set(agency.entitlements) < set(party.entitlements)
    services = read_services(town.data(counter) / "services")
    assert {use.id for use in party.uses} == {id_ for id_, one in services.items() if one.use_case is not None}
    for use in party.uses:
        described = services[use.id]
        assert (use.legal_basis, use.retention_days) == (described.legal_basis, described.retention_days)
        assert use.privacy_policy == described.privacy_policy
    assert {one.meta.types for one in party.provides} == {
        (kind.type,) for kind in open_types(IssuerSettings.read(town.data(agency))).values()
    }


@pytest.mark.parametrize(("agency", "counter"), TWO, ids=[counter.id for _, counter in TWO])
def test_both_installations_speak_in_the_name_of_the_party_with_keys_of_their_own(town, office, agency, counter):
    issuing, asking = leaf(town.data(agency), ACCESS), leaf(town.data(counter), SIGNING)
    assert agency.identifier in issuing.identifiers
    assert issuing.identifiers == asking.identifiers
    assert issuing.public_key != asking.public_key
    hosts = {urlsplit(town.address(place)).hostname for place in (agency, counter)}
    assert set(issuing.dns_names) == set(asking.dns_names) == hosts


@pytest.mark.parametrize(("agency", "counter"), TWO, ids=[counter.id for _, counter in TWO])
def test_both_show_the_registration_certificates_that_hold(town, office, agency, counter):
    given = office.registrar.context.store.certificates_of(agency.identifier)
    valid = [one for one in given if one.kind is CertificateKind.REGISTRATION and one.state is EntryState.VALID]
    held = {one.use: one.content for one in valid}
    assert held == shown(town.data(agency) / ISSUER_REGISTRATIONS) == shown(town.data(counter) / REGISTRATIONS)
    assert len(valid) == len(held) == len(party_in(office, agency.identifier).uses)


def test_who_only_takes_applications_asks_nothing_else(town):
    for counter in COUNTERS:
        assert open_use_cases(VerifierSettings.read(town.data(counter))) == {}


def test_every_service_is_there_with_the_addresses_of_the_town_and_of_its_provider(town, office):
    catalogue = {service.id: service for service in town_catalogue(town.below)}
    found = {}
    for place in PROVIDING:
        party = party_in(office, place.identifier)
        for id_, described in read_services(town.data(place) / "services").items():
            found[id_] = described
            service = catalogue[id_]
            check_hosts(service, {urlsplit(address).hostname for address in party.addresses})
            assert service.provider[:2] == (party.identifier, party.country)
            assert service.provider.name == party.trade_name
            assert service.registration in ({use.id for use in party.uses} | {party.identifier})
    assert found.keys() == catalogue.keys()


def test_whoever_gives_a_document_stands_in_the_register_whose_catalogue_says_so(town, office):
    """A registrar announces only what is issued by somebody whom it knows, for types that they registered."""
    known = {}
    for agency in AGENCIES:
        if agency.register is REGISTER:
            party = party_in(office, agency.identifier)
            known[town.address(agency)] = {(one.format, one.meta.types) for one in party.provides}
    for service in town_catalogue(town.below):
        for given in service.gives:
            assert (given.type.format, (given.type.name,)) in known[given.issuer], service.id


def test_every_register_of_an_office_knows_the_people_of_the_town(town):
    for agency in AGENCIES:
        store = open_issuer_store(IssuerSettings.read(town.data(agency)))
        register = SqlRegister(store.database)
        for subject, record in PEOPLE.items():
            fetched = run(register.fetch(subject), lambda effect: effect())
            assert dict(fetched) == record
        store.database.dispose()


def published(office):
    """The catalogue as a wallet fetches and checks it that trusts the town's register."""
    registrar = office.registrar
    answer = drive_apart(registrar.documents.catalogue(), NoSender(), registrar.context.store)
    authority = Certificate.from_der(open_keys(office.settings.data, None).authority(AUTHORITY).to_der(), "authority")
    anchor = TrustAnchor(authority, Role.REGISTRATION_PROVIDER, "register")
    return verify_catalogue(
        answer.token.decode("ascii"), anchors=TrustAnchors((anchor,)), now=system.now(), known_seq=None
    )


def test_the_register_publishes_everything_that_the_town_offers(town, office):
    catalogue = published(office)
    assert catalogue.says.services == town_catalogue(town.below)
    assert catalogue.says.unreadable == ()


def test_what_an_operator_took_out_stays_out_when_the_town_starts_again(town, office, monkeypatch):
    monkeypatch.setenv("HOHEIT_ENV", "demo")
    offerings, store = office.registrar.offerings, office.registrar.context.store
    drive_apart(offerings.take_out("toddler-gym", "The hall is being repaired.", "Herr Amt"), NoSender(), store)
    set_up_town(town.folder, START, now=system.now, random_bytes=secrets.token_bytes)
    assert {service.id for service in town_catalogue(town.below)} - {
        service.id for service in published(office).says.services
    } == {"toddler-gym"}


def test_a_service_that_may_not_stand_in_the_catalogue_is_said_by_name(town, office):
    """Nothing of what was handed in is taken."""
    service = replace(town_catalogue(town.below)[0], id="another", start="http://elsewhere.localhost:8480/start")
    with pytest.raises(ValueError, match=r"^another: begins on a host that you did not register: elsewhere\.localhost"):
        office.announce(VerifierSettings.read(town.data(TOWN_HALL)), [service])
    assert office.registrar.context.store.services.find("another") is None


def test_setting_up_once_more_changes_nothing(town, office, monkeypatch):
    monkeypatch.setenv("HOHEIT_ENV", "demo")
    before = office.registrar.context.store.certificates_of(FAMILY_OFFICE.identifier)
    set_up_town(town.folder, START, now=system.now, random_bytes=secrets.token_bytes)
    assert office.registrar.context.store.certificates_of(FAMILY_OFFICE.identifier) == before


def test_the_table_of_people_has_a_value_in_every_column():
    with places.PEOPLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [column for column in rows[0] if not any(row[column] for row in rows)] == []
