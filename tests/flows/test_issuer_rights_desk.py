"""Requests about rights on the pages of the agency's desk, answered by a clerk's browser and read in the wallet."""

import re

import pytest

from issuer.policy import Deed
from protocol.sovereignty.rights import Right
from tests.flows.agency import DAY, SUBJECT, agency_town
from tests.flows.test_issuer_rights import Citizen
from tests.issuer.web.test_desk import filled, post, sign_in
from tests.support.issuer import CLERK

pytestmark = pytest.mark.flow


@pytest.fixture
def town(tmp_path):
    with agency_town(tmp_path) as everybody:
        yield everybody


@pytest.fixture
def citizen(town):
    return Citizen(town)


@pytest.fixture
def desk(town):
    http = town.office.client
    http.headers["accept-language"] = "en"
    assert sign_in(http, town.desk.clerk_code()).status_code == 303
    return http


def first(desk, words="en"):
    """The page of the first request that waits."""
    page = desk.get("/desk/rights", headers={"accept-language": words})
    found = re.search(r'href="(/desk/rights/[A-Za-z0-9_-]{22})"', page.text)
    assert found, "nothing waits"
    return desk.get(found[1], headers={"accept-language": words})


def say(desk, what, **fields):
    """Answer the first request."""
    page = first(desk)
    here = page.url.path
    return post(desk, f"{here}/{what}", filled(page, f"{here}/{what}", **fields))


def end(town):
    for document in town.desk.store.documents(limit=10, subject=SUBJECT):
        town.desk.run(town.desk.issuer.desk.change(document.id, Deed.REVOKE, "lost", CLERK))


def test_a_request_stands_in_the_list_with_its_date_and_on_its_page_with_its_words(desk, citizen):
    citizen.ask(Right.RECTIFICATION, "I have <5> points.")
    listed = desk.get("/desk/rights").text
    assert "Wants something corrected" in listed
    assert "answer by" in listed
    page = first(desk).text
    assert "I have &lt;5&gt; points." in page
    assert "First name" in page
    assert "the document is valid" in page
    assert "Vorname" in first(desk, "de").text
    assert "der Nachweis gilt" in first(desk, "de").text


def test_a_valid_document_is_a_reason_that_is_said_in_plain_words_in_both_languages(desk, citizen):
    citizen.ask(Right.ERASURE)
    page = first(desk).text
    assert "Nothing is erased while the document is valid or suspended." in page
    assert "/done" not in page
    assert say(desk, "refuse", reason="valid").status_code == 303
    assert citizen.follow() == "refused"
    german, english = citizen.status.why
    assert german.text.startswith("Ihr Dokument gilt noch.")
    assert english.text.startswith("Your document is still valid.")
    assert "Art. 17(3)(b)" in english.text


def test_a_law_is_named_inside_plain_words(desk, citizen):
    citizen.ask(Right.OBJECTION)
    assert say(desk, "refuse", reason="law", why="section 13 of the register act").status_code == 303
    citizen.follow()
    assert citizen.status.why[1].text.endswith("section 13 of the register act")
    assert citizen.status.why[1].text.startswith("A law makes us keep this data")


@pytest.mark.parametrize(
    ("right", "fields", "problem"),
    [
        (Right.ERASURE, {}, "Please choose a reason."),
        (Right.ERASURE, {"reason": "mood"}, "Please choose a reason."),
        (Right.ERASURE, {"reason": "law"}, "Please write in plain words why."),
        (Right.ERASURE, {"reason": "own", "why": " "}, "Please write in plain words why."),
        (Right.RECTIFICATION, {"why": ""}, "Please write in plain words why."),
    ],
    ids=["none", "unknown", "no-law", "no-words", "no-words-for-a-correction"],
)
def test_a_refusal_without_its_reason_changes_nothing(desk, citizen, right, fields, problem):
    citizen.ask(right)
    answer = say(desk, "refuse", **fields)
    assert answer.status_code == 400
    assert problem in answer.text
    assert "Nothing was changed." in answer.text
    assert citizen.follow() == "working"


def test_erasing_wants_the_law_by_which_the_register_keeps_its_entry(desk, town, citizen):
    citizen.ask(Right.ERASURE)
    end(town)
    answer = say(desk, "done")
    assert answer.status_code == 400
    assert "Please write which law keeps their entry there" in answer.text
    assert say(desk, "done", why="section 13 of the register act").status_code == 303
    assert citizen.follow() == "done"
    assert citizen.status.kept[0].why[1].text.endswith("section 13 of the register act")
    assert "Done" in desk.get("/desk/rights/ended").text
    assert "No request is waiting." in desk.get("/desk/rights").text


def test_data_are_handed_out_after_a_clerk_found_out_who_asks(desk, town, citizen):
    end(town)
    citizen.ask(Right.ACCESS)
    answer = say(desk, "answer", all="yes")
    assert (answer.status_code, "Please make sure first who asks." in answer.text) == (400, True)
    assert citizen.follow() == "working"
    assert say(desk, "answer", sure="yes", all="yes").status_code == 303
    assert citizen.follow() == "done"


def test_a_correction_is_done_and_an_answer_put_off(desk, citizen):
    citizen.ask(Right.RECTIFICATION, "It is wrong.")
    assert say(desk, "extend", until="soon", why="Many ask.").status_code == 400
    last = re.search(r'max="(\d{4}-\d{2}-\d{2})"', first(desk).text)[1]
    due = citizen.status.due
    assert say(desk, "extend", until=last, why="Many ask.").status_code == 303
    citizen.follow()
    assert citizen.status.due > due + 55 * DAY
    assert say(desk, "done").status_code == 303
    assert citizen.follow() == "done"


def test_an_unknown_request_is_none(desk):
    assert desk.get("/desk/rights/nothing").status_code == 404


def test_what_is_late_is_told_apart(desk, town, citizen):
    citizen.ask(Right.RECTIFICATION)
    assert 'class="bad"' not in desk.get("/desk/rights").text
    town.forward(40 * DAY)
    sign_in(desk, town.desk.clerk_code())
    assert 'class="bad"' in desk.get("/desk/rights").text
