"""What people write down of themselves is read strictly, and written as it was."""

import json
import tomllib

import pytest
from hypothesis import given

from capabilities.registration.party import MAX_COCKPITS, Party
from protocol.errors import Malformed
from tests.support.registrar import agency, authority_pem, cinema, use
from tests.support.strategies import json_values

SECTOR = {
    "entitlements": ["Sector_Platform"],
    "uses": None,
    "authorities": [authority_pem()],
    "lists": [
        {"type": "http://uri.etsi.org/19602/LoTEType/EUWRPACProvidersList", "url": "https://edu.example/lists/1"}
    ],
}

LANGUAGES = {f"a{letter}{other}": "x" for letter in "abcdef" for other in "abcdef"}  # more than a text can have


@pytest.mark.parametrize(
    "party",
    [
        cinema(),
        agency(),
        cinema(legal_name=None, given_name="Erika", family_name="Mustermann"),
        cinema(is_intermediary=True, uses=None),
        cinema(intermediary={"identifier": "LEIXG-529900T8BM49AURSDO55", "name": "Vermittlung"}),
        cinema(**SECTOR),
        cinema(entitlements=["Wallet_Provider"], uses=None, authorities=[authority_pem()]),
        cinema(uses=[use(credentials=[{"format": "mso_mdoc", "doctype_value": "a", "claims": [["ns", "x"]]}])]),
        cinema(uses=[use(credentials=[{"format": "dc+sd-jwt", "vct_values": ["a"], "claims": [["a", "*", 0]]}])]),
    ],
    ids=["partner", "agency", "person", "intermediary", "through one", "sector", "wallets", "mdoc", "array"],
)
def test_a_party_is_written_as_it_was_read(party):
    assert Party.from_dict(json.loads(json.dumps(party.to_dict()))) == party


@pytest.mark.parametrize(
    ("changed", "at"),
    [
        ({"identifier": "HRB 4711"}, "party.identifier"),
        ({"identifier": "NTRDE-"}, "party.identifier"),
        ({"identifier": "NTRDE-4711\n"}, "party.identifier"),
        ({"country": "Germany"}, "party.country"),
        ({"legal_name": None}, "party"),
        ({"given_name": "Erika", "family_name": "Mustermann"}, "party"),
        ({"legal_name": None, "given_name": "Erika"}, "party"),
        ({"legal_name": None, "family_name": "Mustermann"}, "party"),
        ({"entitlements": ["Service_Provider", "Everything"]}, "party.entitlements"),
        ({"info_uri": "http://kino.example"}, "party.info_uri"),
        ({"email": "hallo at kino"}, "party.email"),
        ({"services": ["Kino"]}, "party.services.service"),
        ({"services": [{"deutsch": "Kino"}]}, "party.services.service"),
        ({"addresses": ["http://kino.example"]}, "party.addresses.address"),
        ({"supervisory_authority": {"name": "x", "country": "DE"}}, "party.supervisory_authority"),
        ({"uses": None}, "party.uses"),
        ({"uses": [use(), use()]}, "party.uses"),
        ({"uses": [use(id="Über 18")]}, "party.uses[0].id"),
        ({"uses": [use(purpose={})]}, "party.uses[0].purpose"),
        ({"uses": [use(purpose=LANGUAGES)]}, "party.uses[0].purpose"),
        ({"uses": [use(retention_days=-1)]}, "party.uses[0].retention_days"),
        (
            {"uses": [use(credentials=[{"format": "dc+sd-jwt", "vct_values": ["x"]}])]},
            "party.uses[0].credentials[0].claims",
        ),
        ({"uses": [use(credentials=[{"format": "dc+sd-jwt", "claims": [["a"]]}])]}, "party.uses[0].credentials[0]"),
        (
            {"uses": [use(credentials=[{"format": "dc+sd-jwt", "vct_values": ["x"], "claims": [["a"]], "more": 1}])]},
            "party.uses[0].credentials[0]",
        ),
        ({"provides": [{"format": "dc+sd-jwt", "vct_values": ["x"]}]}, "party.provides"),
        ({"entitlements": ["PID_Provider"], "uses": None}, "party.provides"),
        ({"entitlements": ["PID_Provider"]}, "party.entitlements"),
        ({"entitlements": ["Wallet_Provider"], "uses": None}, "party.authorities"),
        ({**SECTOR, "authorities": None}, "party.authorities"),
        ({"authorities": ["nothing"]}, "party.authorities[0]"),
        ({**SECTOR, "lists": None}, "party.lists"),
        ({"lists": SECTOR["lists"]}, "party.lists"),
        ({"is_intermediary": True, "intermediary": {"identifier": "VATDE-1", "name": "x"}}, "party.intermediary"),
        ({"unknown": 1}, "party"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(changed, at):
    with pytest.raises(Malformed) as refusal:
        cinema(**changed)
    assert refusal.value.at == at


def test_who_issues_names_the_certificate_that_documents_are_signed_under():
    with pytest.raises(Malformed) as refusal:
        agency(authorities=None)
    assert refusal.value.at == "party.authorities"


@pytest.mark.parametrize(
    "way", [{"phone": "+49 1"}, {"uri": "https://watch.example"}, {"email": "watch@watch.example"}]
)
def test_one_way_to_reach_who_watches_over_them_is_enough(way):
    authority = {"name": "Watch", "country": "DE", **way}
    assert cinema(supervisory_authority=authority).to_dict()["supervisory_authority"] == authority


def test_the_law_knows_a_company_by_its_name_and_a_person_by_theirs():
    assert cinema(legal_name="Kino GmbH").name == "Kino GmbH"
    assert cinema(legal_name=None, given_name="Erika", family_name="Mustermann").name == "Erika Mustermann"


def test_what_nobody_said_is_not_written():
    written = cinema(addresses=None).to_dict()
    assert written.keys().isdisjoint({"public_body", "is_intermediary", "addresses", "provides", "lists", "given_name"})


def test_a_file_is_toml():
    text = """
identifier = "NTRDE-HRB 4711"
country = "DE"
"""
    with pytest.raises(Malformed, match=r"party\.toml"):
        Party.from_toml(text, "party.toml")
    with pytest.raises(Malformed, match="is not TOML"):
        Party.from_toml("identifier =", "party.toml")
    with pytest.raises(Malformed, match="larger"):
        Party.from_toml("#" * 300_000, "party.toml")
    assert tomllib.loads(text)


@given(json_values)
def test_no_input_escapes_the_error_family(value):
    with pytest.raises(Malformed):
        Party.from_dict(value)


def test_a_cockpit_is_optional_and_kept():
    assert "cockpit_endpoint" not in cinema().to_dict()
    party = cinema(cockpit_endpoint="https://kino.example/cockpit")
    assert Party.from_dict(party.to_dict()) == party
    assert party.hosts == ("kino.example",)
    assert party.cockpit_endpoints == ("https://kino.example/cockpit",)


def test_who_has_several_cockpits_registers_each_and_one_alone_is_written_as_before():
    endpoints = ["https://kino.example/cockpit", "https://kino.example/issuing/cockpit"]
    party = cinema(cockpit_endpoints=endpoints)
    assert (party.cockpit_endpoints, party.to_dict()["cockpit_endpoints"]) == (tuple(endpoints), endpoints)
    assert Party.from_dict(party.to_dict()) == party
    one = cinema(cockpit_endpoints=endpoints[:1])
    assert one.to_dict() == cinema(cockpit_endpoint=endpoints[0]).to_dict()
    assert one.to_dict()["cockpit_endpoint"] == endpoints[0]


@pytest.mark.parametrize(
    ("endpoints", "at"),
    [
        (["https://kino.example/a", "https://else.example/a"], "cockpit_endpoints"),
        (["https://kino.example/a", "https://kino.example/a"], "cockpit_endpoints"),
        (["https://kino.example/a", "https://kino.example/b/"], "cockpit_endpoints[1]"),
        ([f"https://kino.example/{number}" for number in range(MAX_COCKPITS + 1)], "cockpit_endpoints"),
        ([], "cockpit_endpoints"),
        ("https://kino.example/a", "cockpit_endpoints"),
    ],
    ids=["another host", "twice", "slash", "too many", "none", "no list"],
)
def test_several_cockpits_have_their_form_and_are_on_registered_hosts(endpoints, at):
    with pytest.raises(Malformed) as refusal:
        cinema(cockpit_endpoints=endpoints)
    assert refusal.value.at == f"party.{at}"


def test_one_cockpit_and_several_are_not_said_side_by_side():
    with pytest.raises(Malformed) as refusal:
        cinema(cockpit_endpoint="https://kino.example/a", cockpit_endpoints=["https://kino.example/b"])
    assert refusal.value.at == "party.cockpit_endpoints"


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://kino.example/cockpit",
        "https://else.example/cockpit",
        "https://kino.example/cockpit/",
        "https://kino.example/cockpit?a=1",
        "https://kino.example/" + "x" * 2000,
        1,
    ],
    ids=["http", "another host", "slash", "query", "long", "number"],
)
def test_a_cockpit_has_its_form_and_is_on_a_registered_host(endpoint):
    with pytest.raises(Malformed) as refusal:
        cinema(cockpit_endpoint=endpoint)
    assert refusal.value.at == "party.cockpit_endpoint"
