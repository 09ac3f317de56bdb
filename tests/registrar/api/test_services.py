"""Programs hand in services, and operators' programs decide about them: whole files, owners, keys and reasons."""

import pytest

from protocol.sovereignty.service import MAX_ID
from tests.support.announced import announce, entry, hand_in, partner_of
from tests.support.registrar import CINEMA, cinema

MINE = "/api/application/services"
OTHER = "NTRDE-HRB 5"


@pytest.fixture
def key(stored_office):
    return stored_office.register(cinema())


def decide(office, deed, **body):
    return office.call("POST", f"/api/services/{deed}", body, key=office.api_key, query="service=film-club")


def listed(office, query=""):
    return office.call("GET", "/api/services", key=office.api_key, query=query).json()


def test_a_service_is_handed_in_decided_and_taken_back_by_programs(stored_office, key):
    answer = hand_in(stored_office, key, entry())
    assert [(one["id"], one["state"], one["waits"]) for one in answer.json()] == [("film-club", "new", True)]
    [waiting] = listed(stored_office, "waiting=true")
    assert (waiting["party"], waiting["proposed"], waiting["problems"]) == (CINEMA, entry(), [])
    assert decide(stored_office, "approve", proposal="x").status == 409
    announced = decide(stored_office, "approve", proposal=waiting["proposal"]).json()
    assert (announced["state"], announced["announced"], announced["waits"]) == ("announced", entry(), False)
    assert listed(stored_office, "waiting=true") == []
    out = decide(stored_office, "take-out", reason="closed").json()
    assert (out["state"], out["reason"]) == ("out", "closed")
    assert stored_office.call("GET", MINE, key=key).json()[0]["reason"] == "closed"
    hand_in(stored_office, key, entry())
    [waiting] = listed(stored_office)
    assert decide(stored_office, "refuse", proposal=waiting["proposal"], reason="no").json()["state"] == "refused"
    assert stored_office.call("DELETE", f"{MINE}/film-club", key=key).json()["state"] == "withdrawn"
    assert stored_office.call("DELETE", f"{MINE}/film-club", key=key).status == 409
    assert stored_office.call("DELETE", f"{MINE}/nothing", key=key).status == 404


def test_of_a_file_with_a_mistake_nothing_is_taken(stored_office, key):
    bad = entry(id="bad", start="https://evil.example", registration="nope")
    answer = hand_in(stored_office, key, entry(), bad)
    assert answer.status == 400
    told = answer.json()
    assert (told["error"], [one["problem"] for one in told["problems"]]) == (
        "invalid_request",
        ["host", "registration"],
    )
    assert told["error_description"].startswith("bad: begins on a host that you did not register: evil.example")
    assert listed(stored_office) == []
    assert stored_office.call("GET", MINE, key=key).json() == []


@pytest.mark.parametrize(
    "body", [[], {"services": []}, {"services": 1}, 1, [entry()] * 101], ids=["none", "empty", "number", "no", "many"]
)
def test_a_file_without_services_or_with_too_many_is_refused(office, body):
    """T244"""
    key = office.register(cinema())
    assert office.call("PUT", MINE, body, key=key).status in (400, 413)


def test_a_file_that_is_too_large_is_refused_before_it_is_read(office):
    """T244"""
    key = office.register(cinema())
    assert office.call("PUT", MINE, ["x" * (2 * 1024 * 1024)], key=key).status == 413


@pytest.mark.parametrize("body", [entry(), [entry()], {"services": [entry()]}], ids=["one", "array", "object"])
def test_a_file_has_one_service_or_several(office, body):
    key = office.register(cinema())
    assert office.call("PUT", MINE, body, key=key).status == 200


def test_an_id_belongs_to_whoever_had_it_first(stored_office, key):
    stranger = stored_office.register(cinema(identifier=OTHER))
    theirs = entry(provider={"identifier": OTHER, "country": "DE", "name": "Kino Capitol"})
    announce(stored_office, key, entry())
    stored_office.call("DELETE", f"{MINE}/film-club", key=key)
    answer = hand_in(stored_office, stranger, theirs)
    assert (answer.status, answer.json()["error"]) == (409, "conflict")
    assert stored_office.call("GET", MINE, key=stranger).json() == []
    # Nobody touches a stranger's service, nor learns more of it than that it is not theirs
    assert stored_office.call("DELETE", f"{MINE}/film-club", key=stranger).status == 404


def test_who_only_applied_hands_nothing_in(office):
    key = office.run(office.registrar.parties.apply(cinema()))
    assert hand_in(office, key, entry()).status == 409


def test_too_many_waiting_services_wait_their_turn(office, monkeypatch):
    """T244"""
    key = office.register(cinema())
    monkeypatch.setattr("registrar.service.offerings.MAX_WAITING", 1)
    assert hand_in(office, key, entry(), entry(id="snacks")).status == 503
    assert hand_in(office, key, entry()).status == 200


def test_services_are_listed_page_by_page(stored_office, key):
    ids = [f"s{number}" for number in range(5)]
    announce(stored_office, key, *[entry(id=one) for one in ids])
    assert [one["id"] for one in listed(stored_office)] == ids
    assert [one["id"] for one in listed(stored_office, "after=s2")] == ids[3:]
    assert [one["id"] for one in listed(stored_office, f"party={OTHER}".replace(" ", "%20"))] == []
    assert (
        stored_office.call(
            "GET", "/api/services", key=stored_office.api_key, query="after=" + "x" * (MAX_ID + 1)
        ).status
        == 400
    )


def test_partners_are_told_with_what_was_seen(office):
    partner_of(office)
    [partner] = office.call("GET", "/api/partners", key=office.api_key).json()
    assert (partner["identifier"], partner["active"], partner["heads"], partner["looked_at"]) == (CINEMA, True, [], 0)


def test_what_is_handed_in_leaves_the_others_as_they_are(stored_office, key):
    announce(stored_office, key, entry())
    assert hand_in(stored_office, key, entry(id="snacks")).status == 200
    told = stored_office.call("GET", MINE, key=key).json()
    assert [(one["id"], one["state"]) for one in told] == [("film-club", "announced"), ("snacks", "new")]
