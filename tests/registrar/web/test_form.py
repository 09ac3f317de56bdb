"""What people type and the party it stands for: the same both ways, and every mistake said at its field."""

import pytest

from capabilities.registration.party import Party
from registrar.web.form import RegistrationForm, form_of
from tests.registrar.web.forms import TYPED
from tests.support.registrar import agency, authority_pem, cinema, use

TWO = {
    "uses": "2",
    "use2_id": "ticket",
    "use2_purpose_de": "Wir schreiben Ihre Karte auf Ihren Namen.",
    "use2_pid_family_name": "yes",
    "use2_residence_address.locality": "yes",
    "use2_pid_address": "yes",
    "use2_mdl_driving_privileges": "yes",
    "use2_law": "other",
    "use2_law_more": "§ 1 KinoG",
    "use2_retention_days": "30",
    "use2_privacy_policy": "https://kino.example/privacy",
}
PERSON = {"person": "natural", "given_name": "Anna", "family_name": "Arzt", "identifier_kind": "TIN", "identifier": "1"}
OTHERS = {"authority": "other", "authority_name": "CNIL", "authority_uri": "cnil.example", "country": "FR"}
OFFICE = {
    "public_body": "yes",
    "issues": "public",
    "provides_residence": "yes",
    "provides_mdl": "yes",
    "signing_certificate": authority_pem().strip(),
}


def test_the_form_says_the_party_in_plain_words():
    party = RegistrationForm(TYPED).party()
    assert party is not None
    assert (party.identifier, party.info_uri, party.support_uri) == (
        "NTRDE-HRB 4711",
        "https://kino.example",
        "hallo@kino.example",
    )
    [asked] = party.uses
    assert asked.legal_basis == "GDPR Art. 6 (1) b; § 11 JuSchG"
    # Both forms of the identity card
    assert [(one.meta.vct_values or one.meta.doctype_value, one.claims) for one in asked.credentials] == [
        (("urn:eudi:pid:1",), (("age_equal_or_over", "18"),)),
        ("eu.europa.ec.eudi.pid.1", (("eu.europa.ec.eudi.pid.1", "age_over_18"),)),
    ]


@pytest.mark.parametrize(
    "more",
    [{}, TWO, PERSON, OTHERS, OFFICE, {**OFFICE, "asks": ""}],
    ids=["one", "two", "person", "abroad", "office", "issues"],
)
def test_whoever_was_registered_by_form_changes_it_by_form(more):
    party = RegistrationForm({**TYPED, **more}).party()
    assert party is not None
    again = form_of(party)
    assert again is not None
    assert again.party() == party == Party.from_dict(party.to_dict())


@pytest.mark.parametrize(
    "party",
    [
        cinema(services=[{"de": "Kino"}, {"de": "Café"}]),
        cinema(services=[{"fr": "Cinéma"}]),
        cinema(addresses=None),
        cinema(uses=[use(credentials=[{"format": "dc+sd-jwt", "vct_values": ["urn:x"], "claims": [["a"]]}])]),
        cinema(uses=[use(), use(id="b"), use(id="c"), use(id="d"), use(id="e"), use(id="f")]),
        cinema(intermediary={"identifier": "NTRDE-1", "name": "Broker"}),
        agency(entitlements=["PID_Provider", "PUB_EAA_Provider"]),
    ],
    ids=["services", "language", "no address", "document", "uses", "intermediary", "two kinds"],
)
def test_whoever_says_more_than_the_form_has_room_for_changes_it_by_file(party):
    assert form_of(party) is None


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ({"legal_name": " "}, ("legal_name", "missing")),
        ({"person": "natural"}, ("given_name", "missing")),
        ({"trade_name": "x" * 201}, ("trade_name", "long")),
        ({"info_uri": "javascript:alert(1)"}, ("info_uri", "address")),
        ({"info_uri": "http://kino.example"}, ("info_uri", "address")),
        ({"email": "hallo"}, ("email", "email")),
        ({"email": "ha\u00e4llo@kino.example"}, ("email", "email")),
        ({"identifier_kind": "other", "identifier": "4711"}, ("identifier", "identifier")),
        ({"country": "XX"}, ("country", "choose")),
        ({"authority": ""}, ("authority", "choose")),
        ({"authority": "other", "authority_name": "A"}, ("authority_email", "missing")),
        ({"asks": ""}, ("asks", "choose")),
        ({"service_en": ""}, ("service_de", "missing")),
        ({"use1_purpose_en": ""}, ("use1_purpose_de", "missing")),
        ({"use1_pid_age_equal_or_over.18": ""}, ("use1_data", "data")),
        ({"use1_law": ""}, ("use1_law", "choose")),
        ({"use1_law": "other", "use1_law_more": ""}, ("use1_law_more", "missing")),
        ({"use1_retention_days": "soon"}, ("use1_retention_days", "number")),
        ({"use1_retention_days": "36501"}, ("use1_retention_days", "number")),
        ({"use1_id": "Über 18"}, ("use1_id", "short name")),
        ({**TWO, "use2_id": "use-1"}, ("use2_id", "twice")),
        ({**OFFICE, "provides_residence": "", "provides_mdl": ""}, ("provides", "data")),
        ({**OFFICE, "signing_certificate": "-----BEGIN PRIVATE KEY-----"}, ("signing_certificate", "certificate")),
    ],
    ids=lambda value: None,
)
def test_a_mistake_is_said_at_its_field(typed, problem):
    form = RegistrationForm({**TYPED, **typed})
    assert form.party() is None
    assert problem in form.problems.items()


def test_the_text_in_the_reader_s_language_is_the_one_that_is_missed():
    form = RegistrationForm({**TYPED, "service_en": "", "use1_purpose_en": " "}, "en")
    assert form.party() is None
    assert list(form.problems) == ["service_en", "use1_purpose_en"]
    assert form.first_problem == "service_en"


def test_every_mistake_is_said_at_once():
    form = RegistrationForm({"person": "legal", "asks": "yes"})
    assert form.party() is None
    assert len(form.problems) > 10


@pytest.mark.parametrize("uses", ["0", "6", "x", "-1", "99999999"])
def test_a_form_has_room_for_one_to_five_purposes(uses):
    assert 1 <= RegistrationForm({"uses": uses}).count <= 5
    assert 2 <= RegistrationForm({"uses": uses}).with_another_use().count <= 5


def test_a_cockpit_is_typed_and_read_back():
    form = RegistrationForm({**TYPED, "cockpit_endpoint": "kino.example/cockpit"})
    party = form.party()
    assert party is not None
    assert party.cockpit_endpoints == ("https://kino.example/cockpit",)
    assert form_of(party).values["cockpit_endpoint"] == "https://kino.example/cockpit"


@pytest.mark.parametrize(
    ("typed", "word"),
    [("https://else.example/cockpit", "cockpit"), ("https://kino.example/", "cockpit"), ("no address", "address")],
)
def test_a_cockpit_is_on_a_registered_host_and_has_its_form(typed, word):
    form = RegistrationForm({**TYPED, "cockpit_endpoint": typed})
    assert form.party() is None
    assert form.problems == {"cockpit_endpoint": word}


def test_several_programs_are_typed_in_a_line_each_and_read_back():
    typed = {
        "service_address": "kino.example\r\nhttps://karten.kino.example\r\n",
        "cockpit_endpoint": " kino.example/cockpit \r\n\r\nhttps://karten.kino.example/cockpit",
    }
    party = RegistrationForm({**TYPED, **typed}).party()
    assert party is not None
    assert party.addresses == ("https://kino.example", "https://karten.kino.example")
    assert party.cockpit_endpoints == ("https://kino.example/cockpit", "https://karten.kino.example/cockpit")
    again = form_of(party)
    assert again is not None
    assert again.values["cockpit_endpoint"].splitlines() == [*party.cockpit_endpoints]
    assert again.party() == party


@pytest.mark.parametrize(
    ("second", "word"),
    [
        ("https://else.example/cockpit", "cockpit"),
        ("no address", "address"),
        ("kino.example/" + "x" * 8000, "long"),
    ],
    ids=["another host", "no address", "long"],
)
def test_each_of_several_cockpits_is_looked_at(second, word):
    form = RegistrationForm({**TYPED, "cockpit_endpoint": f"kino.example/cockpit\n{second}"})
    assert form.party() is None
    assert form.problems == {"cockpit_endpoint": word}
