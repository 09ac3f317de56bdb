"""Services are looked for and suggested on pages whose addresses tell nothing."""

import re

import pytest

from protocol.sovereignty.rules import MAX_DEPTH, MAX_NODES
from protocol.sovereignty.service import LifeEvent
from tests.wallet.service_town import CHILD_BENEFIT, EMAIL, LIBRARY_CARD, SERVICES
from tests.wallet.web.flows import follow
from tests.wallet.web.services.people import hold_child, hold_pid, link, submit
from tests.wallet.web.visitor import words_of


def look(citizen, path):
    return words_of(citizen.get(path))


def test_without_a_list_the_page_says_so_and_offers_nothing(citizen):
    words = look(citizen, "/services")
    assert "The list of services has not come yet." in words
    assert "What happens in your life?" not in words
    citizen.post("/services/suggestions", page="/services", suggest="on")
    assert "has not come yet" in look(citizen, "/services/suggestions")


@pytest.mark.parametrize(
    ("seq", "signing", "words"),
    [(6, None, "older than the one you had"), (8, "library", "signed by nobody whom you trust with it")],
    ids=["rolled back", "stranger"],
)
def test_a_list_that_is_refused_is_said_and_the_one_before_stays(served, there, seq, signing, words):
    served.world.publisher.seq = seq
    served.world.publisher.signing = served.world.partner.pki if signing else None
    served.world.now += 3600
    there.unlock()
    served.fetch()
    page = look(there, "/services")
    assert words in page
    assert "What you see here is the list that you had before." in page
    assert "Nothing is lost: your wallet keeps what it had, and asks again by itself." in page
    assert "If this stays so for a day, ask the office that keeps the list." in page
    assert "A child is born" in page


RULE = CHILD_BENEFIT["eligible"]
PROVIDER = LIBRARY_CARD["provider"]
SCRIPT = "<script>alert(1)</script>"
FORM = {"type": "object", "properties": {"email": EMAIL}}


def deep(levels):
    rule = RULE
    for _ in range(levels):
        rule = {"not": rule}
    return rule


@pytest.mark.parametrize(
    "members",
    [
        {"eligible": {"all": [RULE] * MAX_NODES}},
        {"eligible": deep(MAX_DEPTH)},
        {"asks": {**FORM, "$ref": "#"}},
        {"asks": {**FORM, "properties": {"email": {**EMAIL, "pattern": "(a+)+$"}}}},
        {"asks": {**FORM, "properties": {"email": {**EMAIL, "onfocus": "alert(1)"}}}},
        {"asks": {**FORM, "properties": {"<script>": EMAIL}}},
        {"asks": {**FORM, "properties": {"email": {**EMAIL, "title": {"en": SCRIPT}}}}},
        {"asks": {**FORM, "properties": {"email": {"type": "string", "title": {"en": "E"}, "enum": [SCRIPT]}}}},
        {"summary": {"en": SCRIPT}},
        {"provider": {**PROVIDER, "name": SCRIPT}},
        {"start": "javascript:alert(1)"},
        {"start": "http://library.example/start"},
    ],
    ids=[
        "wide rule", "deep rule", "form in itself", "pattern", "script in a field", "script as a name", "script as a title",
        "script as a choice", "script as a summary", "script as a provider", "script as address", "clear address",
    ],
)  # fmt: skip
def test_a_service_that_is_a_bomb_or_brings_a_script_is_left_out_and_the_citizen_is_told(served, there, members):
    served.world.publisher.unread = ({**LIBRARY_CARD, "id": "bad", "name": {"en": "Bad one"}, **members},)
    served.world.publisher.seq = 8
    served.world.now += 3600
    there.unlock()
    served.fetch()
    words = look(there, "/services")
    assert "1 service in the list cannot be read, or would keep your wallet busy for too long." in words
    assert "It was left out; all others are here. If you miss one, ask whoever offers it." in words
    assert "Bad one" not in words_of(follow(there, there.post("/services/find", page="/services", typed="Bad")))
    assert [one.id for one in served.services().catalogue.services()] == [one["id"] for one in SERVICES]
    assert served.services().catalogue.problem() is None
    german = served.visitor("de")
    german.unlock()
    assert "1 Dienst in der Liste ist nicht lesbar" in look(german, "/services")


def test_a_list_that_can_be_read_whole_leaves_nothing_out(there):
    assert "left out" not in look(there, "/services")


def test_a_service_is_found_by_a_word_and_the_word_is_in_no_address(there):
    answer = there.post("/services/find", page="/services", typed="Kindergeld")
    assert re.fullmatch(r"/services/found/[0-9a-f]{32}", answer.headers["location"])
    found = there.get(answer.headers["location"])
    assert "Child benefit" in words_of(found)
    assert "Library card" not in words_of(found)
    page = follow(there, there.post("/services/find", page="/services", typed="something else"))
    assert "Nothing was found." in words_of(page)
    assert there.post("/services/find", page="/services", typed=" ").headers["location"] == "/services"
    assert there.get("/services/found/0123456789abcdef0123456789abcdef").headers["location"] == "/services"


def test_what_is_typed_is_no_markup(there):
    page = follow(there, there.post("/services/find", page="/services", typed='"><script>alert(1)</script>'))
    assert "<script>alert" not in page.text


def test_a_life_event_has_its_services(there):
    page = there.get(link(there.get("/services"), "A child is born"))
    words = words_of(page)
    assert ("Get a birth certificate" in words, "Child benefit" in words, "Pension" in words) == (True, True, False)


def test_only_events_that_have_services_are_offered(there):
    words = look(there, "/services")
    assert ("Retiring" in words, "Driving" in words) == (True, False)


def test_no_address_says_what_somebody_looks_at(there):
    pages = ["/services", link(there.get("/services"), "A child is born")]
    for path in pages:
        for href in re.findall(r'(?:href|action)="([^"]*)"', there.get(path).text):
            assert not re.search("|".join([*LifeEvent, "benefit", "certificate", "library"]), href)
    assert there.get("/services/event/birth").status_code == 404
    assert there.get("/services/one/child-benefit").status_code == 404
    assert there.get("/services/one/%C3%A4").status_code == 404


def test_a_service_says_who_offers_it_and_that_nobody_hears_of_it(there):
    found = follow(there, there.post("/services/find", page="/services", typed="Kindergeld"))
    words = look(there, link(found, "More about it"))
    assert "Money for your child" in words
    assert "Nobody hears of it before you begin. City library decides, not your wallet." in words
    # As long as suggestions are off, nothing is weighed
    assert "Your child is under 18" not in words


def test_suggestions_are_explained_and_off_until_switched_on(served, there):
    hold_pid(served, there)
    page = there.get("/services/suggestions")
    assert "Nothing leaves your wallet for it." in words_of(page)
    assert "Library card" not in words_of(page)
    on = follow(there, submit(there, page, "Suggest services to me", suggest="on"))
    words = words_of(on)
    assert "You have everything for it Get a birth certificate" in words
    assert "One proof is missing Child benefit" in words
    assert "Not known yet: Your child is under 18" in words
    assert "Missing: The proof that you get with: Get a birth certificate" in words
    assert "Pension" not in words
    off = follow(there, submit(there, on, "Stop suggesting", suggest="off"))
    assert "Library card" not in words_of(off)
    assert there.post("/services/suggestions", page="/services", suggest="perhaps").status_code == 400


def test_a_suggestion_is_hidden_and_brought_back(served, there):
    hold_pid(served, there)
    on = follow(there, there.post("/services/suggestions", page="/services", suggest="on"))
    hidden = follow(there, submit(there, on, "Do not suggest Library card to me"))
    before, _, after = words_of(hidden).partition("What you do not want to see")
    assert ("Library card" in before, "Library card" in after) == (False, True)
    back = follow(there, submit(there, hidden, "Bring back Library card"))
    assert "What you do not want to see" not in words_of(back)
    assert "Library card" in words_of(back)


def test_whom_a_document_is_about_is_asked_and_can_be_said_otherwise(served, there):
    hold_pid(served, there)
    hold_child(served, there)
    on = follow(there, there.post("/services/suggestions", page="/services", suggest="on"))
    assert "Whom is this document about: Birth certificate?" in words_of(on)
    answer = submit(there, on, "Somebody I act for", about="represented")
    assert "Birth certificate from City of Köln About somebody you act for." in words_of(follow(there, answer))
    words = look(there, "/services/suggestions")
    assert "Whom is this document about" not in words
    assert "✓ Your child is under 18" in words
    about = there.get("/services/about")
    again = follow(there, submit(there, about, "Me", about="self"))
    assert "About you." in words_of(again)
    assert there.post("/services/about", page="/services/about", document="x", about="nobody").status_code == 400
    assert there.post("/services/about", page="/services/about", document="x", about="self").status_code == 404


def test_a_closed_wallet_shows_no_services(served, there):
    served.door.close()
    for path in ("/services", "/services/suggestions", "/services/about", "/plans/x"):
        assert there.get(path).headers["location"].startswith("/unlock")


def test_the_pages_speak_german(served, there):
    visitor = served.visitor("de")
    visitor.unlock()
    words = look(visitor, "/services")
    assert "Ein Kind wird geboren" in words
    assert "Was brauchen Sie?" in words
    found = follow(visitor, visitor.post("/services/find", page="/services", typed="child benefit"))
    assert "Kindergeld" in words_of(found)
