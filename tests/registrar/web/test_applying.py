"""Applying in a browser: by form or by file, once however often it is sent, and what the key opens afterwards."""

import re

import pytest

from registrar.session import document_of
from runtime.toml import write_toml
from tests.registrar.web.forms import TYPED, apply, filled, key_of, post, upload
from tests.support.pki import seeded_key
from tests.support.registrar import CINEMA, agency, cinema, request_of
from tests.support.web import routes


@pytest.fixture
def http(office):
    with office.browser() as client:
        yield client


@pytest.fixture
def registered(office, http):
    """An applicant's browser whose application was approved."""
    apply(http)
    office.approve(CINEMA)
    return http


def test_an_application_by_form_waits_and_its_key_is_shown_until_it_was_kept(office, http):
    """T260: the key stands in no address."""
    answer = apply(http)
    assert (answer.status_code, answer.headers["location"]) == (303, "/application/key")
    assert office.store.party(CINEMA).trade_name == "Kino Capitol"
    key = key_of(http)
    assert office.call("GET", "/api/application", key=key).json()["state"] == "applied"
    post(http, "/application/key", filled(http.get("/application/key"), "/application/key"))
    assert http.get("/application/key").headers["location"] == "/application"
    assert key not in http.get("/application").text


def test_a_form_that_is_sent_twice_is_one_application_with_one_key(office, http):
    """T119"""
    form = filled(http.get("/apply"), "/apply", **TYPED)
    post(http, "/apply", form)
    key = key_of(http)
    assert post(http, "/apply", form).headers["location"] == "/application/key"
    assert key_of(http) == key
    assert [line.action for line in office.store.audit(limit=9)] == ["applied"]
    post(http, "/apply", {**form, "trade_name": "Kino Nova"})
    assert key_of(http) == key
    assert office.store.party(CINEMA).trade_name == "Kino Nova"


def test_the_same_form_of_another_browser_opens_nothing(office, http):
    form = filled(http.get("/apply"), "/apply", **TYPED)
    post(http, "/apply", form)
    with office.browser() as stranger:
        mine = filled(stranger.get("/apply"), "/apply", **TYPED)
        answer = post(stranger, "/apply", {**mine, "draft": form["draft"], "trade_name": "Impostor"})
        assert answer.status_code == 409
        assert 'value="Impostor"' in answer.text
        assert 'id="identifier-wrong"' in answer.text
    assert office.store.party(CINEMA).trade_name == "Kino Capitol"


def test_what_was_typed_is_never_lost(office, http):
    wrong = apply(http, email="hallo", use1_law="")
    assert wrong.status_code == 400
    for kept in ('value="hallo"', 'value="Kino Capitol GmbH"', "We check whether you may see the film.", "§ 11 JuSchG"):
        assert kept in wrong.text
    assert re.search(r'name="use1_pid_age_equal_or_over.18" value="yes" checked', wrong.text)
    assert 'id="email-wrong"' in wrong.text
    assert 'id="use1_law-wrong"' in wrong.text
    more = apply(http, do="more")
    assert 'value="Kino Capitol GmbH"' in more.text
    assert 'name="use2_purpose_de"' in more.text
    stale = post(http, "/apply", {**TYPED, "form_token": "old"})
    assert stale.status_code == 403
    assert 'value="Kino Capitol GmbH"' in stale.text
    assert office.store.party(CINEMA) is None


@pytest.mark.parametrize("headers", [{"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}])
def test_no_other_site_applies_in_somebody_s_name(office, http, headers):
    """T233"""
    form = filled(http.get("/apply"), "/apply", **TYPED)
    answer = post(http, "/apply", form, **headers)
    assert (answer.status_code, "Kino Capitol" in answer.text) == (403, False)
    assert office.store.party(CINEMA) is None


def test_a_file_is_the_second_way(office, http):
    form = filled(http.get("/apply/file"), "/apply/file")
    broken = upload(http, "/apply/file", {**form, "text": "<b>x"}, b"")
    assert broken.status_code == 400
    assert "&lt;b&gt;x" in broken.text
    for party, text in ((cinema(), write_toml(cinema().to_dict())), (agency(), document_of(agency()))):
        assert upload(http, "/apply/file", form, text.encode()).headers["location"] == "/application/key"
        assert office.store.party(party.identifier).proposed == document_of(party)
    assert upload(http, "/apply/file", form, b"\xff\xfe").status_code == 400
    assert upload(http, "/apply/file", form).status_code == 400
    with office.browser() as stranger:
        theirs = filled(stranger.get("/apply/file"), "/apply/file")
        assert upload(stranger, "/apply/file", theirs, document_of(cinema()).encode()).status_code == 409


def test_a_key_opens_its_application_and_a_wrong_one_nothing(office, http):
    apply(http)
    key = key_of(http)
    with office.browser() as other:
        page = other.get("/application")
        assert post(other, "/application", filled(page, "/application", key="invented")).status_code == 400
        answer = post(other, "/application", filled(page, "/application", key=f" {key} "))
        assert (answer.status_code, answer.headers["location"]) == (303, "/application")
        cookie = answer.headers["set-cookie"]
        assert {"HttpOnly", "Secure", "SameSite=strict", "Path=/"} <= set(cookie.split("; ")[1:])
        assert cookie.startswith("__Host-")
        assert "Kino Capitol" in other.get("/application").text
        assert other.get("/application/key").headers["location"] == "/application"
        post(other, "/application/leave", filled(other.get("/application"), "/leave"))
        assert "Kino Capitol" not in other.get("/application").text


def test_nothing_of_an_application_is_shown_without_its_key(office, registered):
    """T230"""
    paths = routes(office.application, "/application")
    assert len(paths) > 12
    with office.browser() as http:
        for method, path in sorted(paths - {("POST", "/application")}):
            address = path.replace("{certificate}", "x")
            answer = http.get(address) if method == "GET" else post(http, address, {})
            assert (answer.status_code, "Kino Capitol" in answer.text) == (200, False), (method, path)


def test_whoever_is_registered_gets_both_kinds_of_certificates(office, registered):
    form = filled(registered.get("/application/access-certificate"), "/access-certificate")
    assert upload(registered, "/application/access-certificate", form, b"nonsense").status_code == 400
    sent = upload(registered, "/application/access-certificate", form, request_of(seeded_key(5)).encode())
    assert (sent.status_code, sent.headers["location"]) == (303, "/application")
    again = upload(registered, "/application/access-certificate", form, request_of(seeded_key(5)).encode())
    assert again.status_code == 409
    form = filled(registered.get("/application"), "/registration-certificates")
    without = {name: value for name, value in form.items() if name != "once"}
    assert post(registered, "/application/registration-certificates", without).status_code == 409
    assert post(registered, "/application/registration-certificates", form).status_code == 303
    assert post(registered, "/application/registration-certificates", form).status_code == 409
    given = office.store.certificates_of(CINEMA)
    assert sorted(str(one.kind) for one in given) == ["access", "registration"]
    page = registered.get("/application").text
    for one in given:
        assert f"/application/certificates/{one.id}" in page
        file = registered.get(f"/application/certificates/{one.id}")
        assert file.text == one.content
        assert file.headers["content-disposition"].startswith("attachment")


def test_certificates_of_others_are_not_there(office, registered):
    """T237"""
    office.register(agency())
    stage = office.run(office.registrar.parties.stage("NTRDE-HRA 1"))
    [theirs] = office.run(office.registrar.certificates.registrations(stage, "test"))
    assert registered.get(f"/application/certificates/{theirs.id}").status_code == 404
    assert registered.get("/application/certificates/x").status_code == 404


def test_who_only_applied_gets_no_certificate(http):
    apply(http)
    assert http.get("/application/access-certificate").status_code == 409
    form = filled(http.get("/application"), "/leave", once="x")
    assert post(http, "/application/registration-certificates", form).status_code == 409


def test_a_change_is_proposed_by_form_with_what_is_registered_in_it(office, registered):
    page = registered.get("/application/change")
    assert 'value="Kino Capitol GmbH"' in page.text
    form = filled(page, "/application/change", **{**TYPED, "use1_id": "use-1"})
    assert post(registered, "/application/change", {**form, "identifier": "HRB 1"}).status_code == 400
    assert post(registered, "/application/change", {**form, "trade_name": "Kino Nova"}).status_code == 303
    line = office.store.party(CINEMA)
    assert "Kino Nova" in line.proposed
    assert line.trade_name == "Kino Capitol"
    toml = registered.get("/application/registration.toml").text
    assert 'trade_name = "Kino Nova"' in toml
    form = filled(registered.get("/application/change/file"), "/change/file")
    sent = upload(registered, "/application/change/file", form, toml.replace("Nova", "Zwei").encode())
    assert sent.status_code == 303
    assert "Kino Zwei" in office.store.party(CINEMA).proposed
    other = toml.replace(CINEMA, "NTRDE-HRB 1").encode()
    assert upload(registered, "/application/change/file", form, other).status_code == 400


def test_a_party_that_the_form_has_no_room_for_is_changed_by_file(office, http):
    form = filled(http.get("/apply/file"), "/apply/file")
    party = cinema(services=[{"de": "Kino"}, {"de": "Café"}])
    upload(http, "/apply/file", form, document_of(party).encode())
    assert http.get("/application/change").headers["location"] == "/application/change/file"


def test_every_form_of_an_applicant_wants_its_token(office, registered):
    """T233"""
    address = "/application/key"
    assert post(registered, address, {"form_token": "x"}).status_code == 403
    assert post(registered, "/application/leave", {"form_token": "x"}).status_code == 403
    assert post(registered, "/application", {"key": key_of(registered)}).status_code == 403
    assert post(registered, "/application/registration-certificates", {"once": "x"}).status_code == 403
    assert post(registered, "/application/change", {**TYPED, "trade_name": "Impostor"}).status_code == 403
    text = document_of(cinema(trade_name="Impostor")).encode()
    csr = request_of(seeded_key(5)).encode()
    assert upload(registered, "/application/change/file", {"form_token": "x"}, text).status_code == 403
    assert upload(registered, "/application/access-certificate", {"once": "x"}, csr).status_code == 403
    with office.browser() as stranger:
        assert upload(stranger, "/apply/file", {"form_token": "x"}, document_of(agency()).encode()).status_code == 403
    assert office.store.certificates_of(CINEMA) == ()
    assert office.store.party(CINEMA).proposed == ""
    assert office.store.party("NTRDE-HRA 1") is None
    assert "Kino Capitol" in registered.get("/application").text
