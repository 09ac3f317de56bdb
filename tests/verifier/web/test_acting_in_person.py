"""Who acts for whom at a counter: the clerk says whether they do, and reads it large (decision 0068)."""

import re

import pytest

from protocol.encoding import JsonObject, encode_base64url
from protocol.sovereignty.representation import DOCTYPE
from tests.protocol.device_retrieval.samples import ISSUER
from tests.support.acting import HELGA
from tests.support.verifier import QUERY, make_verifier
from tests.verifier.service.acting_in_person import EITHER, USE_CASE, papers
from tests.verifier.web.people import Browser
from tests.verifier.web.test_in_person import Phone, moving, scan

ANOTHER = "Scan their code: they act for somebody"


@pytest.fixture
def counter(tmp_path):
    made = make_verifier(f"sqlite:///{tmp_path}/verifier.db", ISSUER.anchors, use_cases=(USE_CASE, EITHER))
    yield made
    made.close()


@pytest.fixture
def browser(counter):
    made = Browser(counter)
    made.get("/")
    return made


def said(page):
    """The words of a page, without their marks."""
    return " ".join(re.sub(r"<[^>]+>", " ", page.text).split())


def meeting(counter, browser, held, **button):
    """A clerk presses a button, and somebody answers; the page that waits, and the one with the verdict."""
    browser.press("/in-person", **button)
    request_id = re.search(r"/in-person/([0-9a-f]{32})", browser.address())[1]
    phone = Phone(counter, held=tuple(held.values()))
    waiting = said(scan(browser, request_id, phone))
    answer = phone.answer(moving(browser, request_id))
    return waiting, browser.press(f"/in-person/{request_id}/answer", message=encode_base64url(answer))


def test_the_clerk_says_whether_somebody_acts_for_another(counter, browser):
    start = browser.get("/")
    # Where the proof is always needed there is nothing to choose
    assert start.text.count(ANOTHER) == 1
    assert 'name="for_another" value="join"' in start.text
    waiting, page = meeting(counter, browser, papers(), use_case="join")
    assert "What you may act for" not in waiting
    assert 'class="large good"' in page.text
    assert "large-acting" not in page.text
    assert "Name on the card Mustermann" in said(page)
    assert 'name="for_another" value="join"' in page.text
    waiting, page = meeting(counter, browser, papers(), for_another="join")
    assert "What you may act for" in waiting
    assert 'class="large-acting">Erika Mustermann acts for Mia Mustermann<' in page.text
    words = said(page)
    assert "born 3 May 2018" in words
    assert "Why Mother or father" in words
    # All that the proof says stands in that, and is not told once more
    assert "Whether your signature alone is enough" not in words
    assert words.count("Mia") == 2


def test_the_page_says_what_whoever_stands_there_is_asked_for(counter, browser):
    page = browser.press("/in-person", for_another="join")
    assert "They are asked to show that they may act for somebody" in said(page)
    browser.get("/")
    assert "They are asked to show" not in said(browser.press("/in-person", use_case="join"))
    browser.get("/")
    assert "They are asked to show that they may act" in said(browser.press("/in-person", use_case="for-a-child"))


def test_who_has_no_proof_acts_for_nobody(counter, browser):
    _, page = meeting(
        counter, browser, {one: raw for one, raw in papers().items() if one != DOCTYPE}, for_another="join"
    )
    assert 'class="large bad"' in page.text
    assert "large-acting" not in page.text


@pytest.mark.parametrize(
    ("proof", "reason"),
    [
        ({"represented": HELGA}, "The documents are about somebody else than the one whom this person may act for"),
        ({"given_name": "Max"}, "is not the proof of the person who showed it"),
        ({"areas": ["health"]}, "is not meant for this purpose"),
        ({"until": "2024-01-01"}, "The time in which this person may act for another is over"),
    ],
)
def test_why_nobody_may_stands_on_the_large_page_and_no_name(counter, browser, proof: JsonObject, reason):
    """T187"""
    _, page = meeting(counter, browser, papers(proof), use_case="for-a-child")
    assert 'class="large bad"' in page.text
    assert reason in said(page)
    assert not any(name in page.text for name in ("Mustermann", "Mia", "Erika", "Helga"))


def test_in_german_it_says_the_same(counter):
    browser = Browser(counter, "de")
    assert "Code auf dem Handy scannen: Die Person handelt für jemanden" in said(browser.get("/"))
    _, page = meeting(counter, browser, papers(), for_another="join")
    assert "Erika Mustermann handelt für Mia Mustermann" in said(page)
    assert "Nächste Person, die für jemanden handelt" in said(page)


def test_nobody_can_be_asked_to_act_where_nobody_does(counter, browser):
    assert browser.press("/in-person", for_another="in-your-name").status_code == 400
    browser.get("/")
    assert browser.press("/in-person", for_another="nothing").status_code == 400


def test_a_program_says_so_too(counter):
    def ask(**body):
        return counter.api("POST", "/api/requests", json=body)

    for body in ({"use_case": "in-your-name", "for_another": True}, {"for_another": True, "dcql_query": QUERY}):
        assert ask(**body).status_code == 400
    for another, asked in ((False, ["pid-mdoc"]), (True, ["pid-mdoc", "proof-mdoc"])):
        made = ask(use_case="join", for_another=another).json()
        assert sorted(counter.run(counter.verifier.meetings.asked(made["id"]))) == asked
    assert counter.run(counter.verifier.meetings.asked("unknown")) == frozenset()
