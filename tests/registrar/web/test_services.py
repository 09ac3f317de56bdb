"""Pages of services and usage logs: for everybody, for parties, and behind the door of operators."""

import pytest

from protocol.encoding import encode_json
from registrar.records import ServiceState
from tests.registrar.web.forms import filled, post, upload
from tests.support.announced import COCKPIT, ISSUING, announce, both_of, entry, hand_in, partner_of
from tests.support.registrar import CINEMA, OPERATOR, cinema

HOME = "/application/services"


@pytest.fixture
def http(office):
    with office.browser() as client:
        client.headers["accept-language"] = "en"
        yield client


@pytest.fixture
def key(office):
    return office.register(cinema())


@pytest.fixture
def party(http, key):
    """A registered party's browser."""
    post(http, "/application", filled(http.get("/application"), "/application", key=key))
    return http


@pytest.fixture
def operator(office):
    """An operator's browser."""
    with office.browser() as client:
        client.headers["accept-language"] = "en"
        page = client.get("/operator/login")
        post(client, "/operator/login", filled(page, "/login", code=office.operator_code()))
        yield client


def send(party, content, **changed):
    return upload(party, HOME, {**filled(party.get(HOME), HOME), **changed}, content)


def offering(office):
    return office.store.services.find("film-club").offering


def test_a_party_hands_in_a_file_and_takes_it_back(office, party):
    assert send(party, encode_json(entry())).headers["location"] == HOME
    assert "waits for a decision" in party.get(HOME).text
    assert party.get(f"{HOME}.json").json() == {"services": [entry()]}
    form = filled(party.get(HOME), f"{HOME}/withdraw", service="film-club")
    assert post(party, f"{HOME}/withdraw", form).headers["location"] == HOME
    assert offering(office).state is ServiceState.WITHDRAWN


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is missing"),
        (b"{", "This cannot be read"),
        (b"\xff", "This cannot be read"),
        (encode_json(entry(start="https://evil.example")), "which is not a registered address"),
        (
            encode_json(entry(provider={"identifier": "X", "country": "DE", "name": "Y"})),
            "registered as “Kino Capitol”",
        ),
    ],
)
def test_a_file_with_a_mistake_is_told_and_nothing_taken(office, party, content, told):
    answer = send(party, content)
    assert answer.status_code == 400
    assert told in answer.text
    assert office.store.services.find("film-club") is None


def test_what_was_pasted_is_still_there(party):
    answer = upload(party, HOME, {**filled(party.get(HOME), HOME), "text": '{"id": "half'})
    assert answer.status_code == 400
    assert "{&#34;id&#34;: &#34;half</textarea>" in answer.text


def test_no_other_site_hands_in_or_takes_back(office, party):
    """T233"""
    assert send(party, encode_json(entry()), form_token="x").status_code == 403
    send(party, encode_json(entry()))
    assert post(party, f"{HOME}/withdraw", {"service": "film-club", "form_token": ""}).status_code == 403
    assert offering(office).state is ServiceState.NEW


def test_who_rests_sees_their_services_and_hands_in_none(office, key, party):
    announce(office, key, entry())
    form = filled(party.get(HOME), HOME)
    office.run(office.registrar.parties.suspend(CINEMA, "x", OPERATOR))
    assert "Your registration does not hold now" in party.get(HOME).text
    assert upload(party, HOME, form, encode_json(entry(id="snacks"))).status_code == 409


def decide(operator, deed, page=None, **fields):
    page = page or operator.get("/operator/service/film-club")
    return post(operator, f"/operator/{deed}/film-club", filled(page, f"/{deed}/film-club", **fields))


def test_an_operator_decides_about_what_they_read(office, key, operator):
    hand_in(office, key, entry())
    assert "Film club" in operator.get("/operator").text
    page = operator.get("/operator/service/film-club")
    hand_in(office, key, entry(summary={"de": "Neu", "en": "Brand new"}))
    stale = decide(operator, "approve-service", page)
    assert stale.status_code == 409
    assert "Brand new" in stale.text
    assert offering(office).state is ServiceState.NEW
    assert decide(operator, "approve-service").status_code == 303
    assert offering(office).state is ServiceState.ANNOUNCED
    assert "Film club" not in operator.get("/operator").text
    assert "Film club" in operator.get("/operator/services").text
    assert operator.get("/operator/services/after/film-club").status_code == 200


def test_a_refusal_and_taking_out_need_a_reason(office, key, operator):
    hand_in(office, key, entry())
    assert decide(operator, "refuse-service", reason=" ").status_code == 400
    assert decide(operator, "refuse-service", reason="Too vague.").headers["location"] == "/operator"
    assert offering(office).reason == "Too vague."
    announce(office, key, entry())
    address = "/operator/take-out-service/film-club"
    page = operator.get(address)
    assert post(operator, address, filled(page, address, reason="")).status_code == 400
    page = operator.get(address)
    assert post(operator, address, filled(page, address, reason="Closed.")).status_code == 303
    assert (offering(office).state, offering(office).reason) == (ServiceState.OUT, "Closed.")
    assert operator.get(address).status_code == 409
    assert office.store.audit(limit=1)[0].actor == OPERATOR


def test_what_the_checks_say_now_keeps_an_operator_from_approving(office, key, operator):
    hand_in(office, key, entry())
    office.run(office.registrar.parties.propose(key, cinema(addresses=["https://else.example"])))
    page = operator.get("/operator/service/film-club")
    office.approve(CINEMA)
    assert decide(operator, "approve-service", page).status_code == 409
    shown = operator.get("/operator/service/film-club").text
    assert "which is not a registered address" in shown
    assert "approve-service" not in shown


def test_a_full_catalogue_is_said(office, key, operator, monkeypatch):
    hand_in(office, key, entry())
    monkeypatch.setattr("registrar.service.offerings.MAX_ANNOUNCED", 0)
    answer = decide(operator, "approve-service")
    assert (answer.status_code, "no room for more" in answer.text) == (503, True)


def test_everybody_sees_what_is_announced_and_nothing_else(office, key, http):
    announce(office, key, entry())
    hand_in(office, key, entry(id="snacks", name={"de": "Imbiss", "en": "Snacks"}))
    assert "Retiring" in http.get("/services").text
    assert "Driving" not in http.get("/services").text
    for address in ("/services/retiring", "/services/all", "/register/NTRDE-HRB%204711"):
        page = http.get(address).text
        assert "Film club" in page
        assert "Snacks" not in page
        assert "https://kino.example/start" not in page
    office.run(office.registrar.parties.suspend(CINEMA, "x", OPERATOR))
    for address in ("/services/retiring", "/services/all", "/register/NTRDE-HRB%204711"):
        assert "Film club" not in http.get(address).text
    assert "Nobody offers anything here yet" in http.get("/services").text


def test_many_services_come_page_by_page(office, key, http, monkeypatch):
    monkeypatch.setattr("registrar.web.services.PAGE", 2)
    announce(office, key, *[entry(id=f"s{number}", name={"de": "x", "en": f"Film {number}"}) for number in range(3)])
    first = http.get("/services/all").text
    assert ("Film 1" in first, "Film 2" in first) == (True, False)
    assert '"/services/all/after/s1"' in first
    assert "Film 2" in http.get("/services/all/after/s1").text
    assert "There are no more." in http.get("/services/all/after/s2").text


@pytest.mark.parametrize("event", ["winning", "all%2F", "ALL"])
def test_a_life_event_that_nobody_knows_has_no_page(http, event):
    assert http.get(f"/services/{event}").status_code == 404


def test_texts_of_others_are_nothing_but_text(office, key, http):
    """T235"""
    text = {"de": 'x" onclick="alert(1)', "en": 'A "quote" & <3'}
    announce(office, key, entry(name=text, summary=text))
    page = http.get("/services/all").text
    assert "A &#34;quote&#34; &amp; &lt;3" in page


def test_usage_logs_are_there_for_everybody_and_with_evidence_for_operators(office, http, operator):
    assert "Nobody keeps such a log here yet." in http.get("/witness").text
    partner_of(office)
    assert "not looked at yet" in http.get("/witness").text
    assert "not looked at yet" in http.get("/register/NTRDE-HRB%204711").text
    assert "There are no" not in http.get("/witness/after/NTRDE-HRB%204711").text
    assert "https://kino.example/cockpit" in operator.get("/operator/witness/of/NTRDE-HRB%204711").text
    assert operator.get("/operator/witness/of/nobody").status_code == 404
    assert operator.get("/operator/witness/after/NTRDE-HRB%204711").status_code == 200


def test_both_usage_logs_of_who_issues_and_asks_stand_on_every_page_with_their_address(office, http, operator):
    both_of(office)
    [one, other] = office.store.witness.partner("NTRDE-HRB 4711")
    office.run(office.registrar.witness.note_slow(other))
    for page in (http.get("/witness"), http.get("/register/NTRDE-HRB%204711"), operator.get("/operator/witness")):
        assert COCKPIT in page.text
        assert ISSUING in page.text
        assert page.text.count("not looked at yet") == 1
    seen = operator.get("/operator/witness/of/NTRDE-HRB%204711").text
    # They stay in their order, whichever was looked at last
    assert seen.index(one.cockpit_endpoint) < seen.index(other.cockpit_endpoint)
    assert operator.get("/operator/parties/NTRDE-HRB%204711").text.count("not looked at yet") == 1
    assert COCKPIT in operator.get("/operator/parties/NTRDE-HRB%204711").text
