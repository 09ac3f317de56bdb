"""The town's catalogue is whole: everything that it names is there, and everything that it says is said in both languages."""

import pytest

from capabilities.registration.uses import Use
from hoheit.demo.catalogue import FILES, descriptions, service_files, town_catalogue
from hoheit.demo.places import AGENCIES, COUNTERS, COURT, PROVIDING, PUBLIC, REGISTER, UNIVERSITY, Agency
from protocol.dcql.query import CredentialMeta
from protocol.fields import Fields
from protocol.sovereignty.catalogue import ServiceCatalogue, sign_catalogue, verify_catalogue
from protocol.sovereignty.rules import Combination, Condition, CredentialType
from protocol.sovereignty.service import LifeEvent, Service, check_hosts
from protocol.trust.anchors import Role
from tests.hoheit.demo.citizens import BY_ID, CATALOGUE, PEOPLE, TYPES
from tests.support.pki import NOW, make_pki

PLACES = {place.id: place for place in PROVIDING}
ISSUED = {CredentialType(kind.format, kind.type): kind for kind in TYPES.values()}
CLAIMS = {named: {claim.path for claim in kind.claims} for named, kind in ISSUED.items()}
BIRTH = ("birth-certificate", "child-benefit", "parental-allowance", "day-care", "family-insurance")


def forms(types):
    """Ids of configurations of an agency's types."""
    return {kind.id: CredentialType(kind.format, kind.type) for kind in TYPES.values() if kind.family in types}


GIVEN = {f"https://{agency.id}.town.example": forms(agency.types) for agency in AGENCIES}


def conditions(rule):
    if isinstance(rule, Condition):
        return [rule]
    return [one for below in rule.rules for one in conditions(below)] if isinstance(rule, Combination) else []


def words(service: Service):
    """Everything that people read of a service, with the place where it stands."""
    yield "name", service.name
    yield "summary", service.summary
    for field in service.asks.fields if service.asks else ():
        yield field.name, field.title
        if field.description:
            yield f"{field.name} description", field.description
        for choice in field.choices:
            yield f"{field.name} {choice.value}", choice.title
    for condition in conditions(service.eligible):
        yield "because", condition.because


def test_the_catalogue_has_services_for_every_event_and_a_third_are_of_third_parties():
    events = [event for service in CATALOGUE for event in service.life_events]
    assert set(events) == set(LifeEvent)
    offices = {place.identifier for place in PUBLIC}
    third = [service for service in CATALOGUE if service.provider.identifier not in offices]
    assert len(CATALOGUE) >= 20
    assert 3 * len(third) >= len(CATALOGUE)
    assert len({service.provider for service in third}) == 7
    assert len(BY_ID) == len(CATALOGUE)


def test_every_place_that_provides_has_files_and_every_file_has_a_place():
    assert {folder.name for folder in FILES.iterdir()} == set(PLACES)
    assert set(COUNTERS) <= set(PROVIDING)
    assert len(CATALOGUE) == len(list(FILES.rglob("*.toml")))
    assert service_files("nowhere", str) == {}


@pytest.mark.parametrize("service", CATALOGUE, ids=BY_ID)
def test_a_service_is_provided_by_somebody_of_the_town_at_their_own_address(service):
    place = next(place for place in PROVIDING if service.start.startswith(f"https://{place.id}.town.example/"))
    assert service.provider == (place.identifier, "DE", dict(place.name)["de"])
    assert service.start == f"https://{place.id}.town.example/services/{service.id}/start"
    # The catalogue that a wallet follows is that of the town's register
    assert place.register is REGISTER
    check_hosts(service, {f"{place.id}.town.example"})


@pytest.mark.parametrize("service", CATALOGUE, ids=BY_ID)
def test_everything_is_said_in_both_languages(service):
    for at, wording in words(service):
        texts = {one.language: one.text for one in wording}
        assert list(texts) == ["de", "en"], at
        assert all(text == text.strip() and len(text) <= 120 for text in texts.values()), at


@pytest.mark.parametrize("place", PROVIDING, ids=PLACES)
def test_what_people_read_at_the_service_is_in_both_languages_and_nothing_of_the_examples_is_left(place):
    for found in descriptions(place.id, lambda id_: f"https://{id_}.town.example"):
        for wording in (found.purpose, *[document.name for document in found.documents]):
            assert [one.language for one in wording] == ["de", "en"]
        for field in found.fields:
            assert [one.language for one in field.question.title] == ["de", "en"], field.name
        assert found.privacy_policy == f"https://{place.id}.town.example/privacy"
    assert "lindenau.example" not in "".join(service_files(place.id, lambda id_: f"https://{id_}.x").values())


@pytest.mark.parametrize("service", CATALOGUE, ids=BY_ID)
def test_what_a_service_needs_is_issued_in_the_town_and_has_the_claims_that_are_asked(service):
    for asked in service.needs.credentials if service.needs else ():
        (name,) = asked.meta.types
        named = CredentialType(asked.format, name)
        assert any(named in given.values() for given in GIVEN.values()), named
        assert asked.claims
        assert {claim.path for claim in asked.claims} <= CLAIMS[named], asked.id


@pytest.mark.parametrize("service", CATALOGUE, ids=BY_ID)
def test_what_a_rule_looks_at_is_a_claim_that_its_type_has(service):
    found = conditions(service.eligible)
    assert found or service.id == "identity-card"  # the one that is for everybody
    for condition in found:
        for source in condition.claim.any:
            assert source.path in CLAIMS[source.type], source


@pytest.mark.parametrize("service", CATALOGUE, ids=BY_ID)
def test_what_a_service_gives_is_a_configuration_of_an_issuer_of_the_town(service):
    for given in service.gives:
        assert GIVEN[given.issuer][given.configuration_id] == given.type


@pytest.mark.parametrize("agency", AGENCIES, ids=lambda agency: agency.id)
def test_every_document_of_the_town_can_be_issued_to_somebody_in_its_register(agency: Agency):
    for kind in forms(agency.types):
        assert any(not TYPES[kind].missing_for(record, now=NOW) for record in PEOPLE.values()), kind


def test_who_asks_for_a_document_finds_a_service_that_gives_it():
    given = {one.type for service in CATALOGUE for one in service.gives}
    for service in CATALOGUE:
        for asked in service.needs.credentials if service.needs else ():
            for name in asked.meta.types:
                assert CredentialType(asked.format, name) in given, (service.id, name)


@pytest.mark.parametrize("service", CATALOGUE, ids=BY_ID)
def test_whoever_takes_what_is_forwarded_takes_it_at_their_own_address(service):
    place = next(place for place in PROVIDING if service.start.startswith(f"https://{place.id}.town.example/"))
    takes = service.id.startswith("new-address-")
    assert service.forward == (f"https://{place.id}.town.example/services/{service.id}/forward" if takes else None)


@pytest.mark.parametrize("service", CATALOGUE, ids=BY_ID)
def test_at_most_one_question_is_left_to_the_citizen(service):
    assert service.asks is None or len(service.asks.fields) == 1


def test_the_steps_of_the_journey_of_a_birth_belong_to_that_event():
    assert [LifeEvent.BIRTH in BY_ID[id_].life_events for id_ in BIRTH] == [True] * 5


def test_no_service_asks_for_more_of_a_document_than_a_form_needs():
    for place in PROVIDING:
        for found in descriptions(place.id, lambda id_: f"https://{id_}.town.example"):
            asked = {path for one in (found.announced.needs.credentials if found.announced.needs else ())
                     for path in [(one.id, claim.path) for claim in one.claims]}  # fmt: skip
            form = {(one.document, one.path) for field in found.fields for one in field.documents}
            # Who acts for another shows what is held against each other, and no more
            acting = found.acting
            kinds = {one.id: one.type for one in found.documents}
            held = (
                {(id_, path) for id_ in acting.rule.queries for path in acting.asked_of(id_, kinds[id_])}
                if acting
                else set()
            )
            assert asked == form | held


def test_the_catalogue_can_be_published_and_read_back_as_it_is():
    pki = make_pki(role=Role.REGISTRATION_PROVIDER)
    catalogue = ServiceCatalogue(1, NOW, NOW + 86_400, CATALOGUE)
    token = sign_catalogue(catalogue, pki.signer, pki.x5c)
    verified = verify_catalogue(token, anchors=pki.anchors, now=NOW, known_seq=None)
    assert verified.says == catalogue
    assert verified.says.unreadable == ()
    assert len(token) < 256 * 1024  # a phone fetches it


@pytest.mark.parametrize("place", PROVIDING, ids=PLACES)
def test_every_service_can_be_registered_as_it_asks(place):
    for found in descriptions(place.id, lambda id_: f"https://{id_}.town.example"):
        if found.use_case is None:
            continue
        use = Use.from_fields(
            Fields(
                {
                    "id": found.id,
                    "purpose": {one.language: one.text for one in found.purpose},
                    "privacy_policy": found.privacy_policy,
                    "legal_basis": found.legal_basis,
                    "retention_days": found.retention_days,
                    "credentials": [
                        {
                            "format": one.format,
                            **_meta(one.meta),
                            "claims": [[*claim.path] for claim in one.claims],
                        }
                        for one in found.use_case.query.credentials
                    ],
                },
                found.id,
            )
        )
        assert use.id == found.id


def _meta(meta: CredentialMeta):
    return {"doctype_value": meta.doctype_value} if meta.doctype_value else {"vct_values": [*meta.vct_values]}


def test_addresses_are_those_of_the_town_wherever_it_is():
    moved = town_catalogue(lambda place: f"http://{place}.localhost:8480")
    assert moved[0].start.startswith("http://rathaus.localhost:8480/services/")
    assert {given.issuer for service in moved for given in service.gives} == {
        f"http://{agency.id}.localhost:8480" for agency in AGENCIES if agency not in (UNIVERSITY, COURT)
    }
