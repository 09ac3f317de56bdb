"""Acting for somebody else, as a citizen sees it in a browser."""

import re

import pytest

from protocol.sovereignty.representation import TYPE
from tests.wallet.acting import ASKED, BEN, BIRTH, MIA, PROOF, office, school, speak_of
from tests.wallet.counterparts import Partner, World
from tests.wallet.web.flows import paste, receive, say
from tests.wallet.web.visitor import Served, words_of


@pytest.fixture
def parent(tmp_path, monkeypatch):
    """A parent with the proof in their wallet."""
    monkeypatch.setenv("HOHEIT_ENV", "test")
    served = Served(tmp_path / "wallet", World(None, office(), school()))
    served.create()
    citizen = served.visitor()
    citizen.unlock()
    say(citizen, receive(served, citizen), "yes")
    yield served, citizen
    served.door.close()


def test_the_page_says_for_whom_before_the_yes(parent):
    served, citizen = parent
    page = words_of(citizen.get(paste(citizen, served.world.partner.link())))
    assert "You act for Mia. What you say or ask for counts as if they did." in page
    assert page.index("You act for Mia.") < page.index("They see nothing else")
    # In words, not in the word of the office
    assert "School" in page
    assert "school" not in page


def test_the_document_says_it_too(parent):
    served, citizen = parent
    [held] = served.vault.credentials()
    assert "With this document you act for Mia." in words_of(citizen.get(f"/cards/{held.id}"))


def test_the_activity_says_for_whom_and_is_searched_by_that(parent):
    served, citizen = parent
    say(citizen, paste(citizen, served.world.partner.link()), "yes")
    [held] = served.vault.credentials()
    page = words_of(citizen.get("/activity"))
    assert "For Mia" in page
    found = citizen.post("/activity/find", page="/activity", person=held.id)
    # T260: no name in an address
    assert "Mia" not in found.headers["location"]
    listed = words_of(citizen.get(found.headers["location"]))
    assert "1 line found" in listed
    assert "For Mia" in listed
    mine = citizen.post("/activity/find", page="/activity", person="me")
    assert "For Mia" not in re.sub(
        r"For whom.*?proof is no longer here", "", words_of(citizen.get(mine.headers["location"]))
    )
    [entry] = [one for one in served.vault.log() if one.action == "sharing"]
    assert "For Mia" in words_of(citizen.get(f"/activity/entry/{entry.number}"))


def test_somebody_unknown_finds_everything(parent):
    _, citizen = parent
    assert citizen.post("/activity/find", page="/activity", person="nobody").headers["location"] == "/activity"


def test_a_proof_and_the_document_that_it_speaks_for_are_chosen_together(tmp_path, monkeypatch):
    """T187: the page asks for whom, and then offers what belongs together; saying no is one press away all the time."""
    monkeypatch.setenv("HOHEIT_ENV", "test")
    served = Served(tmp_path / "wallet", World(None, partner=Partner(query=ASKED)))
    served.create()
    citizen = served.visitor()
    citizen.unlock()
    say(citizen, receive(served, citizen), "yes")
    for child in (MIA, BEN):
        for type_, claims in ((TYPE, {**PROOF, "represented": child}), (BIRTH, child)):
            speak_of(served.world, type_, claims)
            say(citizen, receive(served, citizen), "yes")
    page = paste(citizen, served.world.partner.link())
    asked = citizen.get(page)
    assert "For whom do you answer?" in words_of(asked)
    assert "checked" not in asked.text
    assert 'value="yes"' not in asked.text
    assert "No, thanks" in words_of(asked)
    unsaid = citizen.post(f"{page}/for", page=page)
    assert unsaid.status_code == 400
    assert "Please choose for whom. Nothing was shared yet." in words_of(unsaid)
    [ben] = re.findall(r'name="whom" value="([^"]*)"> <span>For Ben', asked.text)
    offered = citizen.get(citizen.post(f"{page}/for", page=page, whom=ben).headers["location"])
    words = words_of(offered)
    assert "You act for Ben." in words
    assert "You act for Mia." not in words
    assert "Several fit." not in words
    say(citizen, str(offered.url), "yes")
    assert len(served.world.partner.presented("birth")) == 1
    served.door.close()
