"""A verifier sends what it registered for, and knows before any wallet does what it may not ask."""

import json
from dataclasses import replace

import pytest

from protocol.dcql.query import CredentialMeta, DcqlQuery
from protocol.errors import InvalidRequest
from protocol.fields import Fields
from protocol.oid4vp.client_id import Prefix
from protocol.trust.carried import Carried, carried_registration
from protocol.trust.dataset import REGISTRAR_DATASET, RegisteredIdentifier, RegistrarDataset
from protocol.trust.localized import Localized
from protocol.trust.registration import RegisteredCredential, is_inside_time, sign_registration
from runtime.registrations import OwnRegistration
from tests.protocol.trust.test_registration import LEAST, PROVIDER
from tests.support.pki import NOW
from tests.support.verifier import PID, QUERY, USE_CASE, Counter, asked_on_page, make_verifier, request_of
from verifier.registration import Shown, outside_registration, registration_for, verifier_info
from verifier.use_case import UseCase

NAME = UseCase.from_toml(USE_CASE, "use case")
BIRTHDATE = DcqlQuery.from_dict(
    {
        "credentials": [
            {"id": "pid", "format": "dc+sd-jwt", "meta": {"vct_values": [PID]}, "claims": [{"path": ["birthdate"]}]}
        ]
    }
)


def registration(*paths, file="own.jwt", **changes):
    """A registration for some claims of the identity card."""
    credential = RegisteredCredential("dc+sd-jwt", CredentialMeta((PID,)), tuple((path,) for path in paths))
    says = replace(LEAST, credentials=(credential,), expires_at=NOW + 1000, **changes)
    return OwnRegistration(file, sign_registration(says, PROVIDER.signer, PROVIDER.x5c), says)


ALL = registration("family_name", file="all.jwt")
OWN = registration("family_name", intended_use="family-name", file="own.jwt")
OTHER = registration("family_name", intended_use="other", file="other.jwt")


@pytest.fixture
def asking(tmp_path, agency):
    """Makes verifiers with registrations."""
    made: list[Counter] = []

    def make(*registrations, **changes):
        url = f"sqlite:///{tmp_path}/verifier-{len(made)}.db"
        counter = make_verifier(url, agency.anchors, registrations=lambda: registrations, **changes)
        made.append(counter)
        return counter

    yield make
    for counter in made:
        counter.close()


def carried(request):
    """The registration certificate in a request."""
    return carried_registration([Carried(info.format, info.data) for info in request.verifier_info], "at")


# Which one


def chosen(*registrations, use_case=NAME, query=NAME.query, now=NOW):
    found = registration_for(use_case, query, registrations, now=now)
    return None if found is None else found.file


def test_the_one_for_the_intended_use_is_chosen_else_the_one_for_all():
    assert chosen(ALL, OTHER, OWN) == "own.jwt"
    assert chosen(OTHER, ALL) == "all.jwt"
    assert chosen(OTHER) is None
    assert chosen() is None


def test_a_use_case_can_name_its_intended_use():
    named = UseCase.from_toml('intended_use_id = "other"\n' + USE_CASE, "use case")
    assert (NAME.registered_use, named.registered_use) == ("family-name", "other")
    assert chosen(ALL, OWN, OTHER, use_case=named) == "other.jwt"


def test_of_several_for_one_use_the_one_that_covers_is_chosen():
    narrow = registration("given_name", intended_use="family-name", file="narrow.jwt")
    assert chosen(narrow, OWN) == "own.jwt"
    assert chosen(narrow) == "narrow.jwt"


def test_one_outside_its_time_is_never_sent():
    assert chosen(OWN, now=NOW + 1000) is None
    assert chosen(OWN, now=NOW - 1) is None
    assert is_inside_time(replace(LEAST, expires_at=None), NOW + 365 * 86_400)
    assert not is_inside_time(replace(LEAST, expires_at=None), NOW + 367 * 86_400)


def test_a_programs_own_query_is_asked_under_whichever_covers_it():
    born = registration("birthdate", intended_use="age", file="born.jwt")
    assert chosen(OWN, born, use_case=None, query=BIRTHDATE) == "born.jwt"
    assert chosen(OWN, use_case=None, query=BIRTHDATE) is None


# What is sent


def test_a_request_carries_one_registration_and_the_dataset_beside_it(asking):
    counter = asking(OTHER, OWN)
    request = request_of(counter, counter.ask())
    assert carried(request) == OWN.certificate
    [certificate, dataset] = request.verifier_info
    assert certificate.to_dict().keys() == {"format", "data"}
    assert "." not in certificate.data  # base64url of the token, and not the token
    assert dataset.format == REGISTRAR_DATASET
    read = RegistrarDataset.from_verifier_info(Fields(dataset.data, "dataset"))
    read.check_identifier(LEAST.identifier, "dataset")
    assert (read.intended_use, read.privacy_policy) == ("family-name", LEAST.privacy_policy)
    assert {text.text for text in read.purpose} == {text for _, text in NAME.purpose}


def test_a_registrations_own_purpose_comes_first():
    own = registration("family_name", purpose=(Localized("en", "As registered."),))
    [_, dataset] = verifier_info(own, NAME, Shown.CERTIFICATE)
    assert dataset.data["purpose"] == [{"lang": "en", "content": "As registered."}]


def test_without_an_intended_use_or_a_purpose_there_is_no_dataset():
    """Its identifier is required, and so is what for; none is made up."""
    assert [info.format for info in verifier_info(ALL, None, Shown.CERTIFICATE)] == ["registration_cert"]
    assert [info.format for info in verifier_info(OWN, None, Shown.CERTIFICATE)] == ["registration_cert"]


def test_without_registrations_only_the_purpose_is_said(asking):
    counter = asking()
    request = request_of(counter, counter.ask())
    assert carried(request) is None
    assert [info.format for info in request.verifier_info] == [REGISTRAR_DATASET]


def test_a_link_that_holds_the_whole_request_carries_none(asking):
    counter = asking(OWN)
    assert request_of(counter, counter.ask(prefix=Prefix.REDIRECT_URI)).verifier_info == ()


def test_what_is_registered_meanwhile_is_sent_with_the_next_fetch(tmp_path, agency):
    found: list[OwnRegistration] = []
    counter = make_verifier(f"sqlite:///{tmp_path}/verifier.db", agency.anchors, registrations=lambda: tuple(found))
    made = counter.ask()
    assert carried(request_of(counter, made)) is None
    found.append(OWN)
    assert carried(request_of(counter, made)) == OWN.certificate
    counter.close()


# The dataset alone


def dataset_of(request):
    """What a request says of its sender's registration, where it says nothing else."""
    [info] = request.verifier_info
    assert info.format == REGISTRAR_DATASET
    return RegistrarDataset.from_verifier_info(Fields(info.data, "dataset"))


def test_a_verifier_can_say_where_it_is_registered_and_show_no_certificate(asking):
    own = registration("family_name", intended_use="family-name", purpose=(Localized("en", "As registered."),))
    counter = asking(OTHER, own, shown=Shown.DATASET)
    request = request_of(counter, counter.ask())
    assert carried(request) is None
    assert dataset_of(request) == RegistrarDataset(
        identifiers=(RegisteredIdentifier(LEAST.identifier),),
        services=((Localized("en", LEAST.name),),),
        registry_uri=LEAST.registry_uri,
        intended_use="family-name",
        purpose=(Localized("en", "As registered."),),
        privacy_policy=LEAST.privacy_policy,
        credentials=own.says.credentials,
    )


def test_a_page_says_it_too(asking):
    counter = asking(OWN, shown=Shown.DATASET)
    made = counter.ask(owner="", browser="cookie")
    found = [
        asked_on_page(counter, one).request
        for one in counter.run(counter.verifier.page_requests.ask(made.id, "cookie"))
    ]
    assert {dataset_of(request).intended_use for request in found} == {"family-name"}
    assert len(found) == 3


def test_one_for_every_use_is_asked_about_by_the_use_cases_own_name(asking):
    counter = asking(ALL, shown=Shown.DATASET)
    assert dataset_of(request_of(counter, counter.ask())).intended_use == "family-name"


@pytest.mark.parametrize("refuses", [True, False])
def test_a_programs_own_query_needs_a_named_use_where_the_dataset_alone_is_shown(asking, refuses):
    """Without its name no register can be asked, and without a purpose no wallet can read it."""
    order = {"use_case": None, "query": NAME.query}
    own = registration("family_name", intended_use="family-name", purpose=(Localized("en", "As registered."),))
    named = asking(ALL, OWN, own, shown=Shown.DATASET, refuse_unregistered=refuses)
    assert dataset_of(request_of(named, named.ask(**order))).intended_use == "family-name"
    unnamed = asking(ALL, OWN, shown=Shown.DATASET, refuse_unregistered=refuses)
    if refuses:
        with pytest.raises(InvalidRequest, match="beyond the registration"):
            unnamed.ask(**order)
    else:
        assert request_of(unnamed, unnamed.ask(**order)).verifier_info == ()
    certified = asking(ALL, refuse_unregistered=refuses)
    assert carried(request_of(certified, certified.ask(**order))) == ALL.certificate


# What may not be asked


def test_what_is_asked_beyond_is_named():
    wide = replace(NAME, query=BIRTHDATE)
    found = outside_registration(wide, wide.query, [OWN], now=NOW)
    assert str(found) == 'use case family-name: own.jwt does not cover pid ["birthdate"]'
    other = DcqlQuery.from_dict({"credentials": [{**QUERY["credentials"][0], "meta": {"vct_values": ["urn:other"]}}]})
    assert "does not cover pid" in str(outside_registration(replace(NAME, query=other), other, [OWN], now=NOW))
    assert "no registration certificate" in str(outside_registration(NAME, NAME.query, [OTHER], now=NOW))
    assert outside_registration(NAME, NAME.query, [OWN], now=NOW) is None
    assert outside_registration(NAME, NAME.query, [], now=NOW) is None


@pytest.mark.parametrize("refuses", [True, False])
def test_a_program_that_asks_beyond_the_registration_is_refused_in_production(asking, refuses):
    """T170"""
    counter = asking(OWN, refuse_unregistered=refuses)
    order = {"use_case": None, "query": BIRTHDATE}
    if not refuses:
        assert carried(request_of(counter, counter.ask(**order))) is None
        return
    with pytest.raises(InvalidRequest, match="beyond the registration"):
        counter.ask(**order)
    body = json.dumps({"dcql_query": BIRTHDATE.to_dict()})
    answer = counter.http(
        "POST",
        "/api/requests",
        content=body,
        headers={"authorization": f"Bearer {counter.api_key}", "content-type": "application/json"},
    )
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert counter.ask().uri
