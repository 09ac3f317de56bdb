"""The same on the wallet's pages: one line under "Who has my data?", and one page with what was given and what was got."""

import re

import pytest

from protocol.sovereignty.partner_directory import Witnessed, WitnessedPartner
from runtime.anchors import write_anchor
from tests.flows.agency import COCKPIT
from tests.flows.office_town import ASKING_COCKPIT, office_town
from tests.support.partners import TOWN
from tests.support.pki import NOW
from tests.wallet.web.flows import follow, paste, say
from tests.wallet.web.visitor import Served, words_of
from wallet.service.cockpit.collecting import Collecting

pytestmark = pytest.mark.flow


@pytest.fixture
def served(tmp_path, monkeypatch):
    monkeypatch.setenv("HOHEIT_ENV", "test")
    with office_town(None) as town:
        served = Served(tmp_path / "wallet", town)
        trusted = ((town.office.pki, "office"), (town.office.access, "register"), (town.asking.access, "access"))
        for pki, name in trusted:
            write_anchor(served.settings.anchors_folder, f"{name}.pem", pki.root.pem, role=pki.role, name=f"The {name}")
        served.create()
        yield served
        served.door.close()


@pytest.fixture
def citizen(served):
    """Somebody who has a card of the office, and showed it to the office."""
    visitor = served.visitor()
    visitor.unlock()
    town = served.world
    arrived = say(visitor, paste(visitor, town.office.offer("card")), "yes").headers["location"]
    say(visitor, arrived, "yes")
    follow(visitor, say(visitor, paste(visitor, town.asking.ask().uri), "yes"))
    assert len(served.vault.disclosures()) == 2
    return visitor


def page_of_the_office(served, citizen):
    """The page that the one line leads to."""
    listed = citizen.get("/activity").text.partition("Who has my data?")[2].partition("</ul>")[0]
    [place] = re.findall(r'href="(/activity/with/\d+)"', listed)
    return citizen.get(place)


def test_the_office_stands_once_and_its_page_has_both(served, citizen):
    card, given = served.vault.disclosures()
    page = page_of_the_office(served, citizen)
    text = words_of(page)
    assert "What they have of you now Card : First name" in text
    assert "What they gave you Card" in text
    assert "You gave them nothing that is known here." not in text
    assert text.count("without a witness") == 2
    # Each right begins where the data are
    asked = re.findall(r'href="/activity/entry/(\d+)/rights">([^<]*)<', page.text)
    assert (str(given.log_number), "Ask about what you gave them") in asked
    assert (str(card.log_number), "Ask about what their register says") in asked
    for number, _ in asked:
        assert citizen.get(f"/activity/entry/{number}/rights").status_code == 200
    [complaint] = set(re.findall(r"/activity/entry/\d+/complaint", page.text))
    assert citizen.get(complaint).status_code == 200


def test_each_log_says_whether_it_is_watched_and_a_third_one_that_broke_is_told(served, citizen, monkeypatch):
    cockpits = (Witnessed(COCKPIT), Witnessed("https://agency.example/old/cockpit", (), NOW), Witnessed(ASKING_COCKPIT))
    monkeypatch.setattr(Collecting, "partner", lambda *_: WitnessedPartner(TOWN, cockpits))
    text = words_of(page_of_the_office(served, citizen))
    assert "without a witness" not in text
    assert text.count("The register watches that they do not change what they wrote.") == 2
    assert "Another log of this partner was changed afterwards." in text
    assert "https://agency.example/old/cockpit" in text
    monkeypatch.setattr(Collecting, "partner", lambda *_: WitnessedPartner(TOWN, cockpits[2:]))
    text = words_of(page_of_the_office(served, citizen))
    assert (text.count("without a witness"), text.count("The register watches")) == (1, 1)
    assert "Another log of this partner" not in text
