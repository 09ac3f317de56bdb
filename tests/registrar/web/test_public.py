"""What everybody sees: who is registered, who is not any more, and nothing about who only applied."""

import pytest

from protocol.x509 import Certificate
from runtime.fingerprints import fingerprint_lines, fingerprint_of
from tests.registrar.web.forms import post
from tests.support.registrar import CINEMA, OPERATOR, agency, cinema

PAGE = "/register/NTRDE-HRB%204711"


@pytest.fixture
def http(office):
    with office.browser() as client:
        client.headers["accept-language"] = "en"
        yield client


def test_the_page_of_a_party_says_what_they_may_ask_and_why(office, http):
    office.register(cinema())
    page = http.get(PAGE).text
    for told in (
        "We check your age.",
        "At least 18 years old",
        "needed for a contract with you",
        "looked at and not kept",
        "https://kino.example/datenschutz",
        "post@aufsicht.example",
        "hallo@kino.example",
        "In this register since",
    ):
        assert told in page
    # TS5 §3.2: the seat stands in no answer of the register
    assert "Lindenweg 1" not in page


def test_the_page_of_an_office_says_what_it_issues_and_who_speaks_for_it(office, http):
    office.register(agency(intermediary={"identifier": "NTRDE-1", "name": "Broker AG"}))
    page = http.get("/register/NTRDE-HRA%201").text
    for told in ("What they issue", "Identity card", "Broker AG (NTRDE-1) asks on their behalf", "a public office"):
        assert told in page


def test_a_registration_that_rests_or_was_removed_is_said_so(office, http):
    office.register(cinema())
    office.run(office.registrar.parties.suspend(CINEMA, "checking", OPERATOR))
    assert "This registration rests" in http.get(PAGE).text
    office.run(office.registrar.parties.remove(CINEMA, "bad", OPERATOR))
    page = http.get(PAGE).text
    assert "Not registered any more" in page
    assert "What they may ask you for" not in page
    assert "Kino" not in http.get("/register").text
    assert "removed" in post(http, "/search", {"words": "kino"}).text


def test_who_only_applied_is_nobody_s_business(office, http):
    """T237"""
    office.run(office.registrar.parties.apply(cinema()))
    unknown = http.get("/register/VATDE-1")
    applied = http.get(PAGE)
    assert (applied.status_code, applied.text) == (404, unknown.text.replace("VATDE-1", "NTRDE-HRB%204711"))
    assert "Kino" not in post(http, "/search", {"words": "kino"}).text
    assert "Kino" not in http.get("/register").text


def test_people_search_by_any_part_of_the_name(office, http):
    office.register(cinema())
    for words in ("kino", " CAPITOL ", "4711"):
        assert "Kino Capitol" in post(http, "/search", {"words": words}).text
    assert "Nobody found" in post(http, "/search", {"words": "%"}).text
    assert "Who may ask you" in post(http, "/search", {"words": " "}).text


def test_the_list_goes_on_behind_the_last_one(office, http, monkeypatch):
    monkeypatch.setattr("registrar.web.public.MAX_PAGE", 1)
    monkeypatch.setattr("registrar.service.parties.MAX_PAGE", 1)
    monkeypatch.setattr("registrar.service.parties.PartyService.search.__kwdefaults__", {"limit": 1, "after": ""})
    office.register(agency())
    office.register(cinema())
    assert 'href="/register/after/NTRDE-HRA%201"' in http.get("/register").text
    assert "Kino Capitol" in http.get("/register/after/NTRDE-HRA%201").text


def test_a_party_of_another_language_is_led_back_to(office, http):
    office.register(cinema())
    assert f'href="/language/de{PAGE}"' in http.get(PAGE).text
    assert http.get(f"/language/de{PAGE}").headers["location"] == PAGE


def test_how_the_registrar_works_names_its_lists_and_its_certificate(office, http):
    page = http.get("/practices").text
    certificate = Certificate.from_x5c(office.registrar.context.lists.x5c[0])
    for line in fingerprint_lines(fingerprint_of(certificate)):
        assert line in page
    for address in ("/lists/registrars", "/lists/pid-providers", "/access.crl", "/access.cer", "/wrp"):
        assert f"https://register.example{address}" in page
        assert http.get(address).status_code == 200
    assert http.get("/practices/lists.pem").text.startswith("-----BEGIN CERTIFICATE")


def test_people_get_a_page_and_programs_an_object_when_there_is_nothing(http):
    assert "<html" in http.get("/nothing", headers={"accept": "text/html"}).text
    assert http.get("/api/nothing").json()["error"] == "not_found"


def test_what_strangers_write_is_text_and_no_address_of_theirs_runs(office, http):
    """T235"""
    evil = '"><script>alert(1)</script>'
    office.register(cinema(trade_name=evil, support_uri="javascript:alert(1)"))
    for page in (http.get(PAGE).text, http.get("/register").text):
        assert "<script>alert" not in page
        assert 'href="javascript' not in page
