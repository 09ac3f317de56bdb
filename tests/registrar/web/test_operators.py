"""Operators' pages: nobody else gets in, a decision is about what was read, and everything is written down."""

import html
import re

import pytest

from capabilities.status_publisher.records import EntryState
from registrar.records import PartyState
from tests.registrar.web.forms import filled, post
from tests.support.pki import seeded_key
from tests.support.registrar import CINEMA, OPERATOR, agency, cinema, request_of, use
from tests.support.web import routes

ADDRESS = "NTRDE-HRB%204711"
OPEN_TO_ALL = {("GET", "/operator/login"), ("POST", "/operator/login"), ("GET", "/operator/login/bye")}


@pytest.fixture
def http(office):
    with office.browser() as client:
        client.headers["accept-language"] = "en"
        yield client


@pytest.fixture
def signed_in(http, office):
    """An operator's browser."""
    page = http.get("/operator/login")
    answer = post(http, "/operator/login", filled(page, "/login", code=office.operator_code()))
    assert (answer.status_code, answer.headers["location"]) == (303, "/operator")
    return http


@pytest.fixture
def applied(office):
    """Somebody who applied; their key."""
    return office.run(office.registrar.parties.apply(cinema()))


def decide(http, deed, page=None, **fields):
    page = page or http.get(f"/operator/applications/{ADDRESS}")
    return post(http, f"/operator/{deed}/{ADDRESS}", filled(page, f"/{deed}/{ADDRESS}", **fields))


def do(http, deed, **fields):
    return post(
        http,
        f"/operator/{deed}/{ADDRESS}",
        filled(http.get(f"/operator/{deed}/{ADDRESS}"), deed + "/" + ADDRESS, **fields),
    )


def test_every_page_leads_to_the_login(office, http, applied):
    """T230: without a session, with an invented one, with an API key and with an applicant's key."""
    found = routes(office.application, "/operator")
    assert len(found) > 18
    name = http.get("/operator/login").headers["set-cookie"].split("=")[0]
    for method, path in sorted(found - OPEN_TO_ALL):
        address = re.sub(r"\{[^}]+\}", lambda part: ADDRESS if "identifier" in part[0] else "1", path)
        for secret in ("", "invented", office.api_key, applied):
            headers = {"cookie": f"{name}_in={secret}", "authorization": f"Bearer {office.api_key}"}
            answer = http.get(address, headers=headers) if method == "GET" else post(http, address, {}, **headers)
            if path.endswith("/events"):
                assert answer.status_code == 403
            else:
                assert (answer.status_code, answer.headers["location"]) == (303, "/operator/login"), (method, path)
    assert office.store.party(CINEMA).state is PartyState.APPLIED


def test_what_waits_is_listed_with_the_oldest_first(office, signed_in):
    assert "Nothing waits" in signed_in.get("/operator").text
    for identifier in ("VATDE-2", "VATDE-1"):
        office.run(office.registrar.parties.apply(cinema(identifier=identifier, trade_name=f"Kino {identifier}")))
        office.clock.move(60)
    page = signed_in.get("/operator").text
    assert page.index("Kino VATDE-2") < page.index("Kino VATDE-1")


def test_an_application_is_approved_as_it_was_read(office, signed_in, applied):
    page = signed_in.get(f"/operator/applications/{ADDRESS}")
    for told in ("Kino Capitol GmbH", "At least 18 years old", "We check your age.", "needed for a contract"):
        assert told in page.text
    office.run(office.registrar.parties.propose(applied, cinema(trade_name="Kino Nova")))
    stale = decide(signed_in, "approve", page)
    assert stale.status_code == 409
    assert "Kino Nova" in stale.text
    assert office.store.party(CINEMA).state is PartyState.APPLIED
    assert decide(signed_in, "approve").headers["location"] == f"/operator/parties/{ADDRESS}"
    assert office.store.party(CINEMA).trade_name == "Kino Nova"
    assert office.store.audit(limit=1)[0].actor == OPERATOR
    assert signed_in.get(f"/operator/applications/{ADDRESS}").status_code == 404


def test_a_decision_counts_once(office, signed_in, applied):
    """T119"""
    page = signed_in.get(f"/operator/applications/{ADDRESS}")
    assert decide(signed_in, "approve", page).status_code == 303
    assert decide(signed_in, "approve", page).status_code == 409
    assert [line.action for line in office.store.audit(limit=9, subject=CINEMA)] == ["registered", "applied"]


@pytest.mark.parametrize("change", [{"form_token": ""}, {"form_token": "x"}])
def test_no_other_site_decides(office, signed_in, applied, change):
    """T233"""
    assert decide(signed_in, "approve", **change).status_code == 403
    page = signed_in.get(f"/operator/applications/{ADDRESS}")
    form = filled(page, f"/approve/{ADDRESS}")
    assert post(signed_in, f"/operator/approve/{ADDRESS}", form, origin="https://evil.example").status_code == 403
    assert office.store.party(CINEMA).state is PartyState.APPLIED


def test_a_refusal_needs_a_reason_that_the_applicant_reads(office, signed_in, applied):
    empty = decide(signed_in, "refuse", reason=" ")
    assert empty.status_code == 400
    assert office.store.party(CINEMA).state is PartyState.APPLIED
    assert decide(signed_in, "refuse", reason="Who are you?").headers["location"] == "/operator"
    assert office.run(office.registrar.parties.standing(applied)).reason == "Who are you?"
    assert "Kino Capitol" not in signed_in.get("/operator").text


def test_a_change_is_shown_beside_what_is_registered(office, signed_in):
    key = office.register(cinema())
    more = use(credentials=[{"format": "dc+sd-jwt", "vct_values": ["urn:eudi:pid:1"], "claims": [["family_name"]]}])
    office.run(office.registrar.parties.propose(key, cinema(trade_name="Kino Nova", uses=[more])))
    page = signed_in.get(f"/operator/applications/{ADDRESS}").text
    for told in (
        "<del>Kino Capitol</del>",
        "<ins>Kino Nova</ins>",
        "<del>At least 18 years old</del>",
        "<ins>Last name</ins>",
    ):
        assert told in page
    assert "<del>Kino Capitol GmbH" not in page
    assert decide(signed_in, "refuse", reason="Not needed").status_code == 303
    assert office.store.party(CINEMA).trade_name == "Kino Capitol"


def test_operators_are_warned_of_what_asks_for_much(office, signed_in, applied):
    claims = [[name] for name in ("picture", "personal_administrative_number", "address", "sex", "email")]
    much = use(id="much", retention_days=400, credentials=[
        {"format": "dc+sd-jwt", "vct_values": ["urn:eudi:pid:1"], "claims": claims},
        {"format": "dc+sd-jwt", "vct_values": ["urn:x"], "claims": [["a"]]},
    ])  # fmt: skip
    again = use(id="again", credentials=[
        {"format": "dc+sd-jwt", "vct_values": ["urn:eudi:pid:1"], "claims": [["address", "locality"]]},
    ])  # fmt: skip
    office.run(office.registrar.parties.propose(applied, cinema(uses=[much, again])))
    page = html.unescape(signed_in.get(f"/operator/applications/{ADDRESS}").text)
    for told in (
        "asks for 11 pieces of data",
        "asks for a picture of the person (Photo)",
        "known again everywhere (Personal number at public offices)",
        "keeps the data for 400 days",
        "a document that we have no words for",
        "asks for what “much” asks for, too (Town or village)",
    ):
        assert told in page
    office.run(office.registrar.parties.propose(applied, cinema()))
    assert "Look at this twice" not in signed_in.get(f"/operator/applications/{ADDRESS}").text


def test_registrations_rest_go_on_and_are_removed_with_reasons(office, signed_in):
    office.register(cinema())
    assert do(signed_in, "suspend", reason="").status_code == 400
    for deed, fields, state in (
        ("suspend", {"reason": "asked too much"}, PartyState.SUSPENDED),
        ("resume", {}, PartyState.REGISTERED),
        ("remove", {"reason": "again"}, PartyState.REMOVED),
    ):
        assert do(signed_in, deed, **fields).headers["location"] == f"/operator/parties/{ADDRESS}"
        assert office.store.party(CINEMA).state is state
    for deed in ("suspend", "resume", "remove"):
        assert signed_in.get(f"/operator/{deed}/{ADDRESS}").status_code == 409
    page = signed_in.get(f"/operator/parties/{ADDRESS}").text
    assert "asked too much" in page
    assert "Removed from the register" in page


def test_one_certificate_is_revoked(office, signed_in):
    office.register(cinema())
    stage = office.run(office.registrar.parties.stage(CINEMA))
    given = office.run(office.registrar.certificates.access(stage, request_of(seeded_key(5)).encode(), "test"))
    address = f"/operator/certificates/{given.id}/revoke"
    assert address in signed_in.get(f"/operator/parties/{ADDRESS}").text
    post(signed_in, address, filled(signed_in.get(address), "/revoke"))
    assert office.store.find_certificate(given.id).state is EntryState.REVOKED
    assert address not in signed_in.get(f"/operator/parties/{ADDRESS}").text
    assert signed_in.get("/operator/certificates/x/revoke").status_code == 404


def test_parties_are_found_by_name_in_no_address(office, signed_in):
    """T260"""
    office.register(cinema())
    office.run(office.registrar.parties.apply(agency()))
    page = signed_in.get("/operator/parties")
    assert "Kino Capitol" in page.text
    found = post(signed_in, "/operator/parties", filled(page, "/parties", words="stadt LIN"))
    assert "Bürgeramt" in found.text
    assert "Kino Capitol" not in found.text


def test_the_history_tells_who_did_what_page_by_page(office, signed_in, monkeypatch):
    """T243"""
    monkeypatch.setattr("registrar.web.operator.history.PAGE", 2)
    office.register(cinema())
    page = signed_in.get("/operator/history").text
    assert OPERATOR in page
    [older] = re.findall(r'href="(/operator/history/before/\d+)"', page)
    assert "Signed in" in signed_in.get(older).text
    of_one = signed_in.get(f"/operator/history/of/newest/{ADDRESS}").text
    assert "Applied" in of_one
    assert "Signed in" not in of_one
    assert signed_in.get("/operator/history/before/x").status_code == 404


def test_a_revoked_operator_is_out_at_once(office, signed_in):
    office.store.operator_codes.revoke(OPERATOR)
    assert signed_in.get("/operator").headers["location"] == "/operator/login"


def test_what_strangers_write_is_text(office, signed_in, applied):
    """T235"""
    evil = "<script>alert(1)</script>"
    office.run(office.registrar.parties.propose(applied, cinema(trade_name=evil, support_uri="javascript:alert(1)")))
    for address in (f"/operator/applications/{ADDRESS}", "/operator", f"/operator/parties/{ADDRESS}"):
        page = signed_in.get(address).text
        assert evil not in page
        assert "&lt;script&gt;" in page
        assert 'href="javascript' not in page
