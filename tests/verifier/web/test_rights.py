"""Requests about rights on the desk: found, put off, refused and done by a clerk."""

import re

import pytest

from capabilities.usage_log.records import Used
from protocol.sovereignty.rights import Right
from protocol.sovereignty.rights_status import State
from protocol.sovereignty.usage import Action, Addressee, Use
from protocol.trust.anchors import TrustAnchors
from tests.support.partners import both
from tests.support.pki import DAY, NOW, seeded_key
from tests.verifier.service.given import Given, library, listed
from tests.verifier.web.people import Browser
from tests.verifier.web.test_services import clerk
from verifier.session import Forgotten


@pytest.fixture
def counter(database_url, agency):
    made = library(database_url, TrustAnchors([agency.anchor]))
    yield made
    made.close()


def once(browser):
    return re.search(r'name="once" value="([^"]+)"', browser.page.text)[1]


def test_a_clerk_sees_what_waits_and_says_that_it_is_done(counter, held):
    given = Given(counter, held)
    counter.result(given.made)
    status = given.asker.ask(Right.ERASURE, text="<b>planted</b> words")
    desk = clerk(counter)
    page = desk.get("/desk/rights")
    assert "Wants their data erased" in page.text
    assert f"/desk/rights/{status.id}" in page.text
    assert "planted" not in page.text
    page = desk.get(f"/desk/rights/{status.id}")
    assert "Family name" in page.text
    desk.headers = {"accept-language": "de"}
    assert "Nachname" in desk.get(f"/desk/rights/{status.id}").text
    desk.headers = {"accept-language": "en"}
    assert "&lt;b&gt;planted&lt;/b&gt; words" in page.text
    assert "Other systems of yours have this data" in page.text
    page = desk.press(f"/desk/rights/{status.id}/done", once=once(desk))
    assert (page.status_code, "Tell the citizen" in page.text) == (200, False)
    assert isinstance(counter.stage(given.made), Forgotten)
    assert given.asker.status(status).state is State.DONE
    assert "No request is waiting" in desk.get("/desk/rights").text
    assert f"/desk/rights/{status.id}" in desk.get("/desk/rights/ended").text


def test_who_got_the_data_stands_there_and_has_to_be_told(counter, held):
    given = Given(counter, held)
    use = Use(NOW, Action.FORWARDED, given.receipt.claims, "clerk", both("Weiter", "On"), Addressee("Bank & Co"))
    counter.store.usage.record([Used(given.receipt.id, given.receipt.log_until, use)])
    status = given.asker.ask(Right.ERASURE)
    desk = clerk(counter)
    page = desk.get(f"/desk/rights/{status.id}")
    assert "Bank &amp; Co" in page.text
    assert desk.press(f"/desk/rights/{status.id}/done", once=once(desk)).status_code == 409
    desk.get(f"/desk/rights/{status.id}")
    assert desk.press(f"/desk/rights/{status.id}/done", once=once(desk), told="yes").status_code == 200
    assert given.asker.status(status).state is State.DONE


def test_a_clerk_puts_off_and_refuses_in_their_own_language(counter, held):
    given = Given(counter, held)
    status = given.asker.ask(Right.HUMAN_REVIEW)
    desk, here = clerk(counter), f"/desk/rights/{status.id}"
    desk.headers = {"accept-language": "de"}
    page = desk.get(here)
    last = re.search(r'max="(\d{4}-\d{2}-\d{2})"', page.text)[1]
    for until, why in (("", "Viel los"), ("never", "Viel los"), (last, ""), (last, "<script>x</script>")):
        page = desk.press(f"{here}/extend", once=once(desk), until=until, why=why)
        assert page.status_code == 400
        assert 'role="alert"' in page.text
        assert "<script>x" not in page.text
    page = desk.press(f"{here}/extend", once=once(desk), until=last, why="Viel los")
    assert "Viel los" in page.text
    later = given.asker.status(status)
    assert (later.state, [(each.language, each.text) for each in later.why]) == (State.EXTENDED, [("de", "Viel los")])
    assert desk.press(f"{here}/refuse", once=once(desk), why="").status_code == 400
    assert desk.press(f"{here}/refuse", once=once(desk), why="Art. 22 DSGVO").status_code == 200
    assert given.asker.status(status).state is State.REFUSED


def test_what_is_overdue_is_marked(counter, held):
    given = Given(counter, held)
    given.asker.ask(Right.RECTIFICATION)
    desk = clerk(counter)
    assert 'class="bad"' not in desk.get("/desk/rights").text
    counter.clock.forward(32 * DAY)
    assert 'class="bad"' in clerk(counter).get("/desk/rights").text


def test_every_page_of_it_is_behind_the_door_and_every_form_counts_once(counter, held):
    """T230."""
    given = Given(counter, held)
    status = given.asker.ask(Right.RECTIFICATION)
    here = f"/desk/rights/{status.id}"
    for page in ("/desk/rights", "/desk/rights/ended", "/desk/rights/after/x", here):
        found = Browser(counter).go("GET", page)
        assert (found.status_code, found.headers["location"]) == (303, "/desk/login")
    for deed in ("extend", "refuse", "done"):
        found = Browser(counter).go("POST", f"{here}/{deed}", data={"why": "x"})
        assert (found.status_code, found.headers["location"]) == (303, "/desk/login")
    assert [case.id for case in listed(counter)] == [status.id]
    desk = clerk(counter)
    desk.get(here)
    used = once(desk)
    assert desk.press(f"{here}/done", once=used).status_code == 200
    desk.get(here)
    assert desk.get("/desk/rights/guess").status_code == 404


def test_data_is_never_handed_out_by_a_click(counter, held):
    given = Given(counter, held)
    status = given.asker.ask(Right.ACCESS, enc_key=seeded_key(71).public_key)
    page = clerk(counter).get(f"/desk/rights/{status.id}")
    assert f"/desk/rights/{status.id}/done" not in page.text
    assert f"/desk/rights/{status.id}/refuse" in page.text
