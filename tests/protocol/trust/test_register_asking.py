"""A register is asked about who shows no certificate of it, and nothing but its own word of now about them counts (T170)."""

import json
from dataclasses import replace

import pytest

from protocol.dcql.query import CredentialMeta
from protocol.encoding import encode_json
from protocol.errors import Flaw, Malformed, NotAuthentic, NotFound, NotTrusted, NotValidNow, TooLarge, Unreachable
from protocol.exchange import HttpRequest, HttpResponse, run
from protocol.jws import sign_jws
from protocol.trust.dataset import RegisteredIdentifier, RegistrarDataset
from protocol.trust.list_types import ListType
from protocol.trust.localized import Localized
from protocol.trust.register_asking import (
    MAX_AGE,
    MAX_BYTES,
    MAX_SECONDS,
    Register,
    ask_register,
    register_question,
    registers_of,
)
from protocol.trust.registrar_api import (
    IntendedUse,
    SupervisoryAuthority,
    UsedIntermediary,
    WalletRelyingParty,
    sign_answer,
)
from protocol.trust.registration import SERVICE_PROVIDER, Contact, RegisteredCredential
from tests.protocol.trust.lists import a_list, entity, service
from tests.support.pki import DAY, NOW, Template, make_pki, seeded_key

URL = "https://register.example/wrp"
LIBRARY, OTHER = "VATDE-111", "VATDE-222"
REGISTER = make_pki(Template(common_name="Register"), key=seeded_key(3))
STRANGER = make_pki(Template(common_name="Register"), key=seeded_key(4))
ACCESS = make_pki(Template(common_name="Library", identifier=LIBRARY)).certificates[0]
AGENT = make_pki(Template(common_name="Agent", identifier=OTHER)).certificates[0]
LISTED = Register(URL, (REGISTER.certificates[0],), "The register")
CREDENTIALS = (RegisteredCredential("dc+sd-jwt", CredentialMeta(("urn:eudi:pid:1",)), (("nationalities", None),)),)
USE = IntendedUse(
    "card", (Localized("en", "A library card"),), "https://library.example/privacy", NOW - DAY, CREDENTIALS
)
ENTRY = WalletRelyingParty(
    identifier=LIBRARY,
    country="DE",
    trade_name="City library",
    entitlements=(SERVICE_PROVIDER,),
    info_uri="https://library.example",
    support_uri="https://library.example/help",
    email="post@library.example",
    phone="+49 1",
    services=((Localized("en", "Library"),),),
    uses=(USE, replace(USE, identifier="other")),
    provides=(),
    supervisory_authority=SupervisoryAuthority("Authority", "DE", "watch@data.example", None, None),
    registry_uri=URL,
    public_body=True,
    is_intermediary=False,
    intermediaries=(),
    legal_name="City",
    given_name=None,
    family_name=None,
)
DATASET = RegistrarDataset(
    identifiers=(RegisteredIdentifier(LIBRARY),),
    services=((Localized("en", "Library"),),),
    registry_uri=URL,
    intended_use="card",
)


def question(dataset=DATASET, leaf=ACCESS, registers=(LISTED,)):
    return register_question(dataset, leaf, registers)


def answer(data=None, pki=REGISTER, status=200, media_type="application/jwt", **claims):
    said = {"iss": URL, "iat": NOW, "data": ENTRY.to_dict() if data is None else data, **claims}
    body = sign_answer(said, pki.signer, pki.x5c).encode()
    return HttpResponse(status, (("content-type", media_type),), body)


def ask(response, asked=None, *, now=NOW):
    """Ask; what was sent goes to `SENT`."""

    def perform(effect):
        SENT.append(effect)
        return response

    SENT.clear()
    return run(ask_register(asked or question(), now=now), perform)


SENT: list[object] = []


def test_the_register_says_what_they_may_ask_for_and_why():
    found = ask(answer())
    assert (found.name, found.purpose, found.privacy_policy) == ("City library", USE.purpose, USE.privacy_policy)
    assert found.credentials == CREDENTIALS
    assert found.supervisory_authority == Contact("watch@data.example")
    assert (found.registered_by, found.through_intermediary) == ("The register", False)


def test_one_question_goes_out_with_the_identifier_alone_and_caps():
    ask(answer())
    [sent] = SENT
    assert isinstance(sent, HttpRequest)
    assert (sent.method, sent.url, sent.body) == ("GET", f"{URL}/{LIBRARY}", b"")
    assert (sent.max_bytes, sent.max_seconds) == (MAX_BYTES, MAX_SECONDS)


def test_an_identifier_is_one_segment_of_the_address():
    """T170: who asks must not choose another address at the register."""
    leaf = make_pki(Template(common_name="X", identifier="NTRDE-../a?b#c/d")).certificates[0]
    asked = question(replace(DATASET, identifiers=(RegisteredIdentifier("NTRDE-../a?b#c/d"),)), leaf)
    assert asked.url == f"{URL}/NTRDE-..%2Fa%3Fb%23c%2Fd"


@pytest.mark.parametrize(
    "uri", ["https://elsewhere.example/wrp", "https://register.example", f"{URL}/x", "http://localhost:9/wrp"]
)
def test_an_address_that_no_list_has_is_not_called(uri):
    """T170: or whoever asks could have every wallet call them, or a machine in its own network."""
    with pytest.raises(NotTrusted):
        question(replace(DATASET, registry_uri=uri))


def test_a_dataset_without_an_intended_use_asks_nothing():
    with pytest.raises(Malformed):
        question(replace(DATASET, intended_use=None))


def without(name):
    return {key: value for key, value in ENTRY.to_dict().items() if key != name}


LIES = {
    "about another party": (answer(replace(ENTRY, identifier=OTHER).to_dict()), NotAuthentic),
    "signed by a stranger of the same name": (answer(pki=STRANGER), NotTrusted),
    "of another register": (answer(iss="https://other.example/wrp"), NotAuthentic),
    "old": (answer(iat=NOW - MAX_AGE - 1), NotValidNow),
    "from the future": (answer(iat=NOW + DAY), NotValidNow),
    "not registered for this use": (answer(replace(ENTRY, uses=(replace(USE, identifier="x"),)).to_dict()), NotFound),
    "no uses at all": (answer(without("intendedUse")), NotFound),
    "nobody": (answer(status=404), NotFound),
    "a redirect into a private network": (
        HttpResponse(302, (("location", "http://192.168.0.1/"), ("content-type", "application/jwt")), b""),
        Unreachable,
    ),
    "another media type": (answer(media_type="text/html"), Unreachable),
    "away": (answer(status=503), Unreachable),
    "not ASCII": (HttpResponse(200, (("content-type", "application/jwt"),), "ä".encode()), Malformed),
    "a list where one was asked for": (answer([ENTRY.to_dict()]), Malformed),
}


@pytest.mark.parametrize("name", list(LIES))
def test_an_answer_that_lies_is_refused(name):
    """T170"""
    response, error = LIES[name]
    with pytest.raises(error):
        ask(response)


def test_an_answer_without_a_certificate_is_signed_by_nobody():
    body = sign_jws({"typ": "JWT"}, encode_json({"iss": URL, "iat": NOW, "data": ENTRY.to_dict()}), REGISTER.signer)
    with pytest.raises(NotTrusted):
        ask(HttpResponse(200, (("content-type", "application/jwt"),), body.encode()))


@pytest.mark.parametrize(("after", "good"), [(0, True), (DAY - 1, True), (DAY, False), (-DAY - 1, False)])
def test_a_register_signs_inside_the_time_of_its_certificate(after, good):
    short = make_pki(Template(common_name="Register", not_before=NOW - DAY, not_after=NOW + DAY), key=seeded_key(3))
    asked = question(registers=(LISTED._replace(signers=(short.certificates[0],)),))
    now = NOW + after
    told = answer(pki=short, iat=now)
    if good:
        assert ask(told, asked, now=now).name == "City library"
    else:
        with pytest.raises(NotValidNow, match="certificate"):
            ask(told, asked, now=now)


def test_an_entry_has_what_there_is_and_no_empty_lists():
    assert ENTRY.to_dict().keys().isdisjoint({"providesAttestations", "usesIntermediary"})
    assert "intendedUse" not in replace(ENTRY, uses=()).to_dict()
    provided = replace(ENTRY, provides=CREDENTIALS).to_dict()["providesAttestations"]
    assert provided == [{"format": "dc+sd-jwt", "meta": '{"vct_values":["urn:eudi:pid:1"]}'}]


def test_an_answer_just_young_enough_counts():
    assert ask(answer(iat=NOW - MAX_AGE)).name == "City library"


@pytest.mark.parametrize(("revoked_at", "good"), [("2000-01-01", False), ("2999-12-31", True)])
def test_a_use_that_was_taken_back_counts_no_more(revoked_at, good):
    data = ENTRY.to_dict()
    data["intendedUse"] = [{**USE.to_dict(), "revokedAt": revoked_at}]
    if good:
        assert ask(answer(data)).name == "City library"
    else:
        with pytest.raises(NotFound):
            ask(answer(data))


def use_with(**changes):
    return {**ENTRY.to_dict(), "intendedUse": [{**USE.to_dict(), **changes}]}


@pytest.mark.parametrize(
    "data",
    [
        use_with(revokedAt="yesterday"),
        use_with(credentials=[]),
        use_with(credentials=[{"format": "dc+sd-jwt", "meta": "no JSON", "claims": []}]),
        use_with(credentials=[{"format": "dc+sd-jwt", "meta": '{"vct_values":["a"]}', "claims": [{"path": "[true]"}]}]),
        without("supervisoryAuthority"),
        without("tradeName"),
        without("identifier"),
    ],
    ids=["day", "nothing", "meta", "path", "authority", "name", "identifier"],
)
def test_what_cannot_be_read_is_refused(data):
    with pytest.raises(Flaw):
        ask(answer(data))


def test_json_inside_a_text_is_not_read_beyond_a_size():
    meta = json.dumps({"vct_values": ["a" * 20_000]})
    with pytest.raises((TooLarge, Malformed)):
        ask(answer(use_with(credentials=[{"format": "dc+sd-jwt", "meta": meta, "claims": []}])))


def test_who_asks_in_anothers_stead_has_to_be_named_by_the_register():
    """ARF 3.0 RPI_07a"""
    asked = question(leaf=AGENT)
    assert asked.identifier == LIBRARY
    with pytest.raises(NotAuthentic):
        ask(answer(), asked)
    with pytest.raises(NotAuthentic):
        ask(answer(replace(ENTRY, intermediaries=(UsedIntermediary("VATDE-333", "C", None),)).to_dict()), asked)
    named = replace(ENTRY, intermediaries=(UsedIntermediary(OTHER, "Agent", None),))
    assert ask(answer(named.to_dict()), asked).through_intermediary


def test_an_answer_about_somebody_else_for_whom_they_speak_too_is_refused():
    """T170: whoever asks in the stead of many must not show the registration of one for another."""
    neighbour = replace(ENTRY, identifier="VATDE-333", intermediaries=(UsedIntermediary(OTHER, "Agent", None),))
    with pytest.raises(NotAuthentic, match="another party"):
        ask(answer(neighbour.to_dict()), question(leaf=AGENT))


VATIN = "http://data.europa.eu/eudi/id/VATIN"
AS_VATIN = {**ENTRY.to_dict(), "identifier": [{"type": VATIN, "identifier": "DE111"}]}


def test_a_register_may_write_an_identifier_as_its_kind_is_written():
    """The certificate says VATDE-111, the register DE111: they are the same party, however they were asked for."""
    assert ask(answer(AS_VATIN)).identifier == LIBRARY
    asked = question(replace(DATASET, identifiers=(RegisteredIdentifier("DE111", VATIN),)), AGENT)
    assert asked.identifier == "DE111"
    named = [{"identifier": [{"type": VATIN, "identifier": "DE222"}], "tradeName": "Agent"}]
    assert ask(answer({**AS_VATIN, "usesIntermediary": named}), asked).through_intermediary


def test_an_identifier_without_its_scheme_is_asked_as_the_certificate_has_it():
    plain = RegisteredIdentifier("DE111", VATIN)
    assert question(replace(DATASET, identifiers=(plain,))).identifier == LIBRARY


def registers(*signers, **changes):
    told = {"supply_points": (f"{URL}/",), **changes}
    return a_list(ListType.REGISTRARS, entity(service(ListType.REGISTRARS, *signers, **told)))


SIGNER = REGISTER.certificates[0]


def test_a_list_of_registrars_says_where_to_ask_and_who_signs():
    [found] = registers_of(registers(SIGNER))
    assert (found.url, found.signers, found.name) == (URL, LISTED.signers, "Town")
    assert ask(answer(), question(registers=[found])).registered_by == "Town"


@pytest.mark.parametrize(
    "trusted",
    [
        registers(SIGNER, supply_points=()),
        registers(SIGNER, type="http://uri.etsi.org/19602/SvcType/PID/Issuance"),
        registers(SIGNER, status="http://uri.etsi.org/19602/withdrawn"),
        registers(),
        replace(registers(SIGNER), type=str(ListType.PID_PROVIDERS)),
    ],
    ids=["no address", "another service", "a status where there is none", "nobody signs", "another list"],
)
def test_what_is_no_register_in_force_is_never_asked(trusted):
    """T089"""
    assert registers_of(trusted) == ()
