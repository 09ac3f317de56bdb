"""The page on the desk that says what is held of citizens' data, and the command that says the same."""

import pytest

from capabilities.usage_log.records import Used
from protocol.sovereignty.rights import Right
from protocol.sovereignty.usage import Action, Addressee, Use
from protocol.trust.anchors import TrustAnchors
from tests.support.partners import both
from tests.support.pki import DAY, NOW
from tests.verifier.service.given import Given, library
from tests.verifier.web.people import Browser
from tests.verifier.web.test_services import clerk


@pytest.fixture
def counter(database_url, agency):
    made = library(database_url, TrustAnchors([agency.anchor]))
    yield made
    made.close()


def test_a_clerk_sees_what_is_held_for_what_and_nobodys_name(counter, held):
    given = Given(counter, held)
    use = Use(NOW, Action.FORWARDED, given.receipt.claims, "till", both("Weiter", "On"), Addressee("Bank & Co"))
    counter.store.usage.record([Used(given.receipt.id, given.receipt.log_until, use)])
    desk = clerk(counter)
    page = desk.get("/desk/data").text
    assert dict(given.receipt.purpose)["en"] in page
    assert "Bank &amp; Co: 1 answer" in page
    assert "In your other systems:" in page
    assert "Family name" in page
    desk.headers = {"accept-language": "de"}
    assert "Nachname" in desk.get("/desk/data").text
    assert "They agreed to it." in page
    assert "Mustermann" not in page
    assert given.receipt.id not in page
    assert "should be gone already" not in page


def test_what_should_be_gone_is_said_loudly(counter, held):
    given = Given(counter, held)
    use = Use(NOW, Action.USED, given.receipt.claims, "till", both("Weiter", "On"))
    counter.store.usage.record([Used(given.receipt.id, given.receipt.log_until, use)])
    counter.clock.forward(60 * DAY)
    page = clerk(counter).get("/desk/data").text
    assert "The data of 1 answer should be gone already. Erase it in your other systems" in page
    assert "Now: 1 answer" in page


def test_a_request_that_waits_is_on_the_page(counter, held):
    given = Given(counter, held)
    desk = clerk(counter)
    assert "Citizens wait for an answer" not in desk.get("/desk/data").text
    given.asker.ask(Right.RECTIFICATION)
    assert "Citizens wait for an answer" in desk.get("/desk/data").text


def test_before_anybody_came_it_says_so_in_the_clerks_language(counter):
    desk = clerk(counter)
    assert "Nobody has shown you anything so far." in desk.get("/desk/data").text
    desk.headers = {"accept-language": "de"}
    assert "Bisher hat Ihnen niemand etwas gezeigt." in desk.get("/desk/data").text


def test_nobody_else_sees_it(counter):
    page = Browser(counter).get("/desk/data").text
    assert "Your sign-in code" in page
    assert "Nobody has shown you anything" not in page
