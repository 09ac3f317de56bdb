"""The register for everybody (EUDI TS5 1.3 §3.2)."""

import json
from dataclasses import replace
from typing import Any
from urllib.parse import quote, unquote, urlencode

import jsonschema
import pytest

from protocol.encoding import encode_json
from protocol.errors import NotAuthentic, NotFound, NotTrusted, NotValidNow
from protocol.exchange import HttpRequest, HttpResponse, run
from protocol.jws import sign_jws
from protocol.trust.dataset import RegisteredIdentifier, RegistrarDataset
from protocol.trust.list_signature import ExpectedList, verify_list
from protocol.trust.list_types import ListType
from protocol.trust.register_asking import ask_register, register_question, registers_of
from protocol.trust.registrar_api import TYP, verify_answer
from protocol.x509 import Certificate
from tests.support.pki import Template, make_pki
from tests.support.registrar import CINEMA, OPERATOR, URL, agency, authority_pem, cinema, use
from tests.support.vectors import vectors


def signers(office):
    return (Certificate.from_x5c(office.registrar.context.lists.x5c[0]),)


def ask(office, path, **parameters):
    answer = office.call("GET", path, query=urlencode(parameters))
    assert answer.status == 200, answer.body
    assert answer.headers["content-type"].startswith("application/jwt")
    claims = verify_answer(
        answer.body.decode(), signers=signers(office), issuer=f"{URL}/wrp", now=office.clock.now, max_age=60
    )
    return claims.members


def found(office, **parameters):
    return [party["tradeName"] for party in ask(office, "/wrp", **parameters)["data"]]


@pytest.fixture
def busy(office):
    office.register(cinema(intermediary={"identifier": "VATDE-1", "name": "Vermittlung"}))
    office.register(agency())
    office.register(cinema(identifier="VATDE-1", trade_name="Vermittlung", is_intermediary=True, uses=None))
    office.register(cinema(identifier="NTRDE-HRB 9", trade_name="Gone"))
    office.run(office.registrar.parties.suspend("NTRDE-HRB 9", "x", OPERATOR))
    office.run(office.registrar.parties.apply(cinema(identifier="NTRDE-HRB 10", trade_name="Not yet")))
    return office


def test_the_register_shows_who_is_registered_now(busy):
    assert sorted(found(busy)) == ["Bürgeramt", "Kino Capitol", "Vermittlung"]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"identifier": CINEMA}, ["Kino Capitol"]),
        ({"legalname": "stadt"}, ["Bürgeramt"]),
        ({"tradename": "CAPITOL"}, ["Kino Capitol"]),
        ({"policy": "https://kino.example/datenschutz"}, ["Kino Capitol"]),
        ({"entitlement": "https://uri.etsi.org/19475/Entitlement/PID_Provider"}, ["Bürgeramt"]),
        ({"providesattestation": "urn:eudi:pid:1"}, ["Bürgeramt"]),
        ({"usesintermediary": "VATDE-1"}, ["Kino Capitol"]),
        ({"usesintermediary": "Vermittlung"}, ["Kino Capitol"]),
        ({"usesintermediary": "VATDE-2"}, []),
        ({"isintermediary": "true"}, ["Vermittlung"]),
        ({"intendeduseidentifier": "over-18"}, ["Kino Capitol"]),
        ({"intendedUseCredentialFormat": "mso_mdoc"}, []),
        ({"claimpath": '["age_equal_or_over","18"]'}, ["Kino Capitol"]),
        ({"claimpath": "family_name"}, []),
        ({"credentialmeta": '{"vct_values":["urn:eudi:pid:1"]}', "credentialformat": "dc+sd-jwt"}, ["Kino Capitol"]),
        ({"credentialmeta": "urn:eudi:pid:2"}, []),
    ],
)
def test_everything_that_is_asked_narrows_the_answer(busy, parameters, expected):
    assert found(busy, **parameters) == expected


def test_a_name_is_looked_for_among_names_of_its_kind_alone(office):
    office.register(cinema(trade_name="Lichtspiele"))
    assert found(office, tradename="lichtspiele") == ["Lichtspiele"]
    assert found(office, legalname="lichtspiele") == []


def test_whoever_is_on_lists_alone_is_no_relying_party(office):
    """A wallet provider is registered here, and has no entitlement that a register of relying parties knows."""
    provider = cinema(entitlements=["Wallet_Provider"], uses=None, authorities=[authority_pem()])
    office.register(provider)
    assert found(office) == []
    assert office.call("GET", f"/wrp/{provider.identifier}").status == 404


def test_a_long_answer_has_pages(busy):
    first = ask(busy, "/wrp", limit="2")
    assert len(first["data"]) == 2
    assert first["pagination"]["has_next_page"]
    second = ask(busy, "/wrp", limit="2", cursor=first["pagination"]["next_cursor"])
    assert second["pagination"] == {"has_next_page": False}
    names = {party["tradeName"] for page in (first, second) for party in page["data"]}
    assert names == {"Bürgeramt", "Kino Capitol", "Vermittlung"}


def test_one_party_is_found_by_its_identifier_without_its_address(busy):
    entry = ask(busy, f"/wrp/{CINEMA}")["data"]
    assert entry["identifier"] == [{"identifier": CINEMA, "type": "http://data.europa.eu/eudi/id/EUID"}]
    assert "Lindenweg" not in json.dumps(entry)
    assert entry["usesIntermediary"][0]["tradeName"] == "Vermittlung"


@pytest.mark.parametrize(
    "identifier", ["NTRDE-HRB 9", "NTRDE-HRB 10", "NTRDE-HRB 11"], ids=["rests", "waits", "nobody"]
)
def test_who_is_not_registered_now_is_not_found(busy, identifier):
    for path in (f"/wrp/{identifier}", "/wrp/check-intended-use"):
        query = urlencode({"rpidentifier": identifier}) if path.endswith("use") else ""
        assert busy.call("GET", path, query=query).status == 404


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, True),
        ({"intendeduseidentifier": "over-18"}, True),
        ({"intendeduseidentifier": "over-21"}, False),
        ({"credentialformat": "dc+sd-jwt", "claimpath": '["age_equal_or_over","18"]'}, True),
        ({"credentialformat": "dc+sd-jwt", "claimpath": "portrait"}, False),
        ({"policyurl": "https://kino.example/datenschutz"}, True),
        ({"policyurl": "https://elsewhere.example"}, False),
    ],
)
def test_whether_a_use_is_registered_is_one_word(busy, parameters, expected):
    answer = ask(busy, "/wrp/check-intended-use", rpidentifier=CINEMA, **parameters)
    assert answer["data"] == {"isRegistered": expected}


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/wrp", "unknown=1"),
        ("/wrp", "identifier=a&identifier=b"),
        ("/wrp", "identifier="),
        ("/wrp", "limit=0"),
        ("/wrp", "limit=many"),
        ("/wrp", "isintermediary=perhaps"),
        ("/wrp", "claimpath=[1"),
        ("/wrp", "claimpath=[-1]"),
        ("/wrp", "credentialmeta={}"),
        ("/wrp", f"legalname={'x' * 3000}"),
        ("/wrp/check-intended-use", ""),
    ],
)
def test_a_question_that_cannot_be_read_is_refused(office, path, query):
    assert office.call("GET", path, query=quote(query, safe="=&")).status == 400


def test_an_answer_is_of_this_register_and_of_now(office):
    text = office.call("GET", "/wrp").body.decode()
    expected: dict[str, Any] = {
        "signers": signers(office),
        "issuer": f"{URL}/wrp",
        "now": office.clock.now,
        "max_age": 60,
    }
    assert verify_answer(text, **expected).text("iss") == f"{URL}/wrp"
    for changed, error in (
        ({"issuer": "https://other.example/wrp"}, NotAuthentic),
        ({"now": office.clock.now + 61}, NotValidNow),
        ({"now": office.clock.now - 61}, NotValidNow),
        ({"signers": (office.registrar.context.authority,)}, NotTrusted),
    ):
        with pytest.raises(error):
            verify_answer(text, **{**expected, **changed})


def test_entries_keep_the_published_schema(busy):
    """Annex A.1; its `legalPerson` refers to the wrong class, which is put right here."""
    text = vectors("eudi-technical-specifications/api/ts5-json-common-rp-data-model.json").read_bytes()
    schema = json.loads(text.decode("utf-16"))
    schema["definitions"]["LegalEntity"]["properties"]["legalPerson"] = {"$ref": "#/definitions/LegalPerson"}
    entries = ask(busy, "/wrp")["data"]
    assert len(entries) == 3
    for entry in entries:
        jsonschema.validate(entry, schema)


def test_somebody_with_two_uses_is_one_entry(office):
    office.register(cinema(uses=[use(), use(id="name")]))
    [entry] = ask(office, "/wrp")["data"]
    assert [one["intendedUseIdentifier"] for one in entry["intendedUse"]] == ["over-18", "name"]


def test_a_wallet_can_ask_for_the_use_of_who_shows_only_where_they_are_registered(office):
    """From our list of registrars to the answer about one use, with nothing between them but what is published."""
    office.register(cinema())
    trusted = verify_list(
        office.call("GET", "/lists/registrars").body.decode(),
        ExpectedList(str(ListType.REGISTRARS), signers(office)),
        now=office.clock.now,
    ).says
    dataset = RegistrarDataset((RegisteredIdentifier(CINEMA),), (), f"{URL}/wrp", intended_use="over-18")
    leaf = make_pki(Template(common_name="Kino", identifier=CINEMA)).certificates[0]

    def perform(effect):
        assert isinstance(effect, HttpRequest)
        assert effect.url.startswith(URL)
        found = office.call("GET", unquote(effect.url.removeprefix(URL)))  # as a server hands it on
        return HttpResponse(found.status, (("content-type", found.headers["content-type"]),), found.body)

    def ask(about):
        asked = register_question(about, leaf, registers_of(trusted))
        return run(ask_register(asked, now=office.clock.now), perform)

    found = ask(dataset)
    assert (found.name, found.credentials) == ("Kino Capitol", cinema().uses[0].credentials)
    with pytest.raises(NotFound):
        ask(replace(dataset, intended_use="under-18"))
    office.run(office.registrar.parties.suspend(CINEMA, "x", OPERATOR))
    with pytest.raises(NotFound):
        ask(dataset)


def test_an_answer_is_believed_only_with_a_certificate_that_holds_now(office):
    text = office.call("GET", "/wrp").body.decode()
    [signer] = signers(office)
    age = signer.not_after - office.clock.now + 60
    with pytest.raises(NotValidNow, match="certificate is outside its time"):
        verify_answer(text, signers=(signer,), issuer=f"{URL}/wrp", now=signer.not_after, max_age=age)
    with pytest.raises(NotValidNow, match="certificate is outside its time"):
        verify_answer(text, signers=(signer,), issuer=f"{URL}/wrp", now=signer.not_before - 1, max_age=age)


def test_an_answer_that_names_no_certificate_is_refused(office):
    context = office.registrar.context
    text = sign_jws({"typ": TYP}, encode_json({"iss": f"{URL}/wrp", "iat": office.clock.now}), context.lists.signer)
    with pytest.raises(NotTrusted, match="by no certificate"):
        verify_answer(text, signers=signers(office), issuer=f"{URL}/wrp", now=office.clock.now, max_age=60)
