"""Missing proof on pages: seen, fetched, and back to the request that waits; its verifier hears nothing meanwhile."""

from urllib.parse import urlsplit

from tests.wallet.web.flows import follow, say
from tests.wallet.web.services.people import asked_for_birth, hold_child, hold_pid, submit
from tests.wallet.web.visitor import words_of


def missing(served, citizen):
    """The page of a request whose proof is missing."""
    hold_pid(served, citizen)
    return citizen.get(asked_for_birth(served, citizen))


def test_the_consent_says_who_gives_what_is_missing_and_tells_nobody(served, there):
    page = missing(served, there)
    words = words_of(page)
    assert "City of Köln gives it to you: Get a birth certificate" in words
    assert "City library hears nothing meanwhile." in words
    assert [urlsplit(one.url).path for one in served.world.partner.seen] == ["/request"]


def test_a_preview_shows_the_document_its_looks_and_what_is_in_it(served, there):
    page = missing(served, there)
    served.world.agency.seen.clear()
    preview = submit(there, page, "See what it is")
    shown = there.get(preview.headers["location"])
    words = words_of(shown)
    assert "This is what is missing City of Köln Birth certificate" in words
    assert "What is in it First names Date of birth" in words
    looks = there.get(preview.headers["location"].rpartition("/")[0] + "/looks.css")
    assert ".look-preview { background-color: #7A3B10; color: #ffffff; }" in looks.text
    assert all("/.well-known/" in one.url for one in served.world.agency.seen)
    assert [urlsplit(one.url).path for one in served.world.partner.seen] == ["/request"]


def test_the_proof_is_fetched_by_login_and_the_same_request_goes_on(served, there):
    page = missing(served, there)
    shown = there.get(submit(there, page, "See what it is").headers["location"])
    served.world.speak_of_child()
    login = submit(there, shown, "Yes, I want it", answer="yes")
    assert login.headers["location"].startswith("https://agency.example/authorize?")
    state = served.door._visit.shelf
    number = next(iter(n for n, (_, thing) in state._things.items() if type(thing).__name__ == "LoginWaiting"))
    begun = state._things[number][1].begun
    arrived = there.get(f"/callback?code=c&state={begun.state}&iss=https%3A%2F%2Fagency.example")
    kept = follow(there, say(there, arrived.headers["location"], "yes"))
    assert "City library still waits for your answer." in words_of(kept)
    on = submit(there, kept, "Go on there")
    consent = there.get(on.headers["location"])
    assert "They would see this" in words_of(consent)
    assert "Date of birth" in words_of(consent)
    # Until now the library has heard nothing
    assert [urlsplit(one.url).path for one in served.world.partner.seen] == ["/request"]
    done = follow(there, say(there, on.headers["location"], "yes"))
    assert "City library has your answer." in words_of(done)
    assert len(served.world.partner.presented("birth")) == 1
    assert served.services().errands.waiting() == ()


def test_the_request_goes_on_after_the_wallet_was_locked(served, there):
    page = missing(served, there)
    submit(there, page, "See what it is")
    served.door.close()
    there.unlock()
    kept = hold_child(served, there)
    on = submit(there, kept, "Go on there")
    assert "They would see this" in words_of(there.get(on.headers["location"]))
    assert [urlsplit(one.url).path for one in served.world.partner.seen] == ["/request"]


def test_a_request_that_ran_out_is_begun_anew_by_its_service(served, there):
    page = missing(served, there)
    submit(there, page, "See what it is")
    served.world.now += 301
    served.world.partner.signed_at = served.world.now
    there.unlock()
    kept = hold_child(served, there)
    on = submit(there, kept, "Go on there")
    words = words_of(there.get(on.headers["location"]))
    assert "You began this yourself: Child benefit" in words
    assert [urlsplit(one.url).path for one in served.world.partner.begun] == ["/start"]


def test_a_request_that_ran_out_and_has_no_service_has_to_be_asked_again(served, there):
    publisher = served.world.publisher
    page = missing(served, there)
    submit(there, page, "See what it is")
    publisher.services, publisher.seq = publisher.services[:2], 8
    served.world.now += 3601
    there.unlock()
    served.fetch()
    waiting = there.get("/services")
    assert "City library still waits for your answer." in words_of(waiting)
    over = submit(there, waiting, "Go on there")
    assert over.status_code == 410
    assert "The question of City library is too old by now." in words_of(over)
    assert "still waits" not in words_of(there.get("/services"))


def test_saying_no_ends_the_waiting(served, there):
    place = asked_for_birth(served, there)
    submit(there, there.get(place), "See what it is")
    assert len(served.services().errands.waiting()) == 1
    say(there, place, "no")
    assert served.services().errands.waiting() == ()


def test_what_waits_can_be_forgotten(served, there):
    page = missing(served, there)
    submit(there, page, "See what it is")
    submit(there, there.get("/services"), "Forget it")
    assert "still waits" not in words_of(there.get("/services"))
    assert there.post("/waiting/nothing", page="/services").status_code == 404


def test_who_gives_only_after_a_question_is_begun_with(served, citizen):
    publisher = served.world.publisher
    asks = {"type": "object", "properties": {"x": {"type": "boolean", "title": {"en": "Yes?"}}}}
    publisher.services = tuple(
        [{**one, "asks": asks} if one["id"] == "birth-certificate" else one for one in publisher.services]
    )
    served.fetch()
    page = missing(served, citizen)
    shown = citizen.get(submit(citizen, page, "See what it is").headers["location"])
    assert "To get it, you begin with City of Köln." in words_of(shown)
    assert "Yes, I want it" not in words_of(shown)


def test_a_form_names_nothing_that_is_not_missing(served, there):
    place = asked_for_birth(served, there)
    page = there.get(place)
    action = page.text.partition("/missing/0/")[2].partition('"')[0]
    for wrong, status in ((f"1/{action}", 404), (f"0/{'0' * 32}", 404)):
        assert there.post(f"{place}/missing/{wrong}", page=place).status_code == status


def test_an_issuer_that_gives_nothing_to_who_just_asks_is_reached_by_its_service(served, there):
    page = missing(served, there)
    served.world.agency.signed = False
    served.world.agency.metadata_changes = {"credential_configurations_supported": {}}
    answered = submit(there, page, "See what it is")
    # Its service needs no document, so it begins on a page of its own
    assert "City of Köln does not ask the way it should." in words_of(answered) or "a page of its own" in words_of(
        answered
    )
    assert [urlsplit(one.url).path for one in served.world.agency.seen][-1] == "/start"
