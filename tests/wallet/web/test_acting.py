"""Acting for somebody else, as a citizen sees it in a browser."""

import pytest

from tests.wallet.acting import office, school
from tests.wallet.counterparts import World
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


def test_the_document_says_it_too(parent):
    served, citizen = parent
    [held] = served.vault.credentials()
    assert "With this document you act for Mia." in words_of(citizen.get(f"/cards/{held.id}"))
