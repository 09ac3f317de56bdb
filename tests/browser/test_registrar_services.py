"""The catalogue and the usage logs in a browser: handed in, decided, read by everybody, in both languages."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import pytest
from playwright.sync_api import expect

from runtime.driver import drive
from runtime.serve import Listen, running
from tests.protocol.sovereignty.logs import Log
from tests.support.announced import Cockpits, announce, entry, partner_of
from tests.support.browser import DESKTOP, PHONE
from tests.support.ports import free_port
from tests.support.registrar import CINEMA, agency, cinema, make_office

T = TypeVar("T")

FORM = {
    "type": "object",
    "properties": {"seat": {"type": "string", "title": {"de": "Lieblingsplatz", "en": "Favourite seat"}}},
}
ELIGIBLE = {
    "claim": {"any": [{"vct": "urn:eudi:pid:1", "path": ["birthdate"]}]},
    "is": "age_at_least",
    "value": 18,
    "because": {"de": "Sie sind volljährig", "en": "You are of age"},
}
GIVES = [{"issuer": "https://buergeramt.example", "credential_configuration_id": "id", "vct": "urn:eudi:pid:1"}]
WHOLE = entry(asks=FORM, eligible=ELIGIBLE, gives=GIVES)


@pytest.fixture
def office(tmp_path):
    """A registrar that is open."""
    port = free_port()
    office = make_office(f"sqlite:///{tmp_path / 'registrar.db'}", f"http://register.localhost:{port}")
    with running(office.application, Listen(port=port)):
        yield office
    office.close()


@pytest.fixture
def url(office):
    return office.registrar.context.url


def meanwhile(work: Callable[[], T]) -> T:
    """Do something at the office while people sit in front of their browsers, whose loop runs in this thread."""
    with ThreadPoolExecutor(1) as elsewhere:
        return elsewhere.submit(work).result()


def look(partner, log=None):
    """The hour's look at a partner; `log`: what it shows from now on."""
    if log is not None:
        partner.logs["2026"] = log
    witness, cockpits = partner.office.registrar.witness, Cockpits({"kino.example": partner})
    [found] = partner.office.store.witness.partner(CINEMA)
    return drive(witness.look(found), partner.office.store, cockpits)


def sign_in(window, office, url):
    window.page.goto(f"{url}/operator/login")
    window.page.locator("input[name=code]").fill(office.operator_code())
    window.page.locator("main button[type=submit]").click()
    expect(window.page.get_by_role("navigation").first).to_be_visible()


def test_a_service_is_handed_in_decided_and_read_by_everybody(chromium, office, url):
    meanwhile(lambda: office.register(agency()))
    key = meanwhile(lambda: office.register(cinema()))
    with chromium.window(size=DESKTOP) as party, chromium.window(size=DESKTOP) as operator:
        page = party.page
        party.expected.append("400 (Bad Request)")
        page.goto(f"{url}/application")
        page.get_by_label("Key of the application").fill(key)
        page.get_by_role("button", name="Go on").click()
        page.get_by_role("link", name="Services in the catalogue").click()
        party.see("services-mine-none")
        broken = entry(start="https://evil.example/start", registration="else", summary={"en": "x"})
        page.get_by_label("Or paste it here").fill(json.dumps({"services": [broken]}))
        page.get_by_role("button", name="Hand in").click()
        expect(page.get_by_role("alert")).to_contain_text("“evil.example”, which is not a registered address")
        expect(page.get_by_label("Or paste it here")).to_have_value(json.dumps({"services": [broken]}))
        party.see("services-mine-wrong")
        page.get_by_label("Or paste it here").fill(json.dumps({"services": [WHOLE]}))
        page.get_by_role("button", name="Hand in").click()
        expect(page.get_by_text("waits for a decision")).to_be_visible()
        party.see("services-mine-waits")

        sign_in(operator, office, url)
        desk = operator.page
        operator.see("services-desk-waiting")
        desk.get_by_role("link", name="Film club").click()
        expect(desk.get_by_text("en: You are of age")).to_be_visible()
        operator.see("services-desk-one")
        desk.get_by_role("button", name="Put it into the catalogue").click()
        expect(desk.get_by_role("status")).to_contain_text("in the catalogue")

        # A change stands beside what it changes
        changed = {**WHOLE, "summary": {"de": "Zwei Filme im Monat.", "en": "Two films a month."}}
        page.get_by_label("Or paste it here").fill(json.dumps(changed))
        page.get_by_role("button", name="Hand in").click()
        expect(page.get_by_text("waits for a decision")).to_be_visible()
        desk.reload()
        expect(desk.locator("ins").first).to_contain_text("Zwei Filme")
        operator.see("services-desk-change")
        desk.get_by_label("Why? They read this.").fill("One film is enough.")
        desk.get_by_role("button", name="Refuse").click()
        page.reload()
        expect(page.get_by_text("One film is enough.")).to_be_visible()
        desk.get_by_role("link", name="Services", exact=True).click()
        operator.see("services-desk-all")
        desk.get_by_role("link", name="Film club").click()
        desk.get_by_role("link", name="Take it out of the catalogue").click()
        operator.see("services-desk-take-out")
        desk.get_by_label("Why? They read this.").fill("The cinema is closed.")
        desk.get_by_role("button", name="Take it out").click()
        expect(desk.get_by_role("status")).to_contain_text("taken out")
        page.reload()
        party.see("services-mine-out")
        page.get_by_role("button", name="Withdraw Film club").click()
        expect(page.get_by_text("withdrawn")).to_be_visible()


FOUND = {
    "en": ("What is happening in your life?", "Retiring", "Film club", "You are of age"),
    "de": ("Was geschieht in Ihrem Leben?", "In Rente gehen", "Filmclub", "Sie sind volljährig"),
}
SEEN = {"en": ("only grew", "has changed its past"), "de": ("ist nur gewachsen", "hat die Vergangenheit geändert")}


@pytest.mark.parametrize("language", FOUND)
def test_everybody_finds_services_by_what_happens_in_a_life(chromium, office, url, language):
    asked, event, name, whom = FOUND[language]
    meanwhile(lambda: office.register(agency()))
    key = meanwhile(lambda: office.register(cinema()))
    meanwhile(
        lambda: announce(office, key, WHOLE, entry(id="snacks", name={"de": "Imbiss", "en": "Snacks"}, needs=None))
    )
    with chromium.window(size=PHONE, language=language) as window:
        page = window.page
        page.goto(f"{url}/services")
        expect(page.get_by_role("heading", level=1)).to_have_text(asked)
        window.see(f"services-{language}")
        page.get_by_role("link", name=event).click()
        expect(page.get_by_role("heading", name=name)).to_be_visible()
        expect(page.get_by_text(whom)).to_be_visible()
        window.see(f"services-of-{language}")
        page.get_by_role("link", name="Kino Capitol").first.click()
        expect(page.get_by_role("heading", name=name)).to_be_visible()
        window.see(f"services-party-{language}")


@pytest.mark.parametrize("language", SEEN)
def test_everybody_sees_whose_log_only_grew_and_whose_did_not(chromium, office, url, language):
    good, bad = SEEN[language]
    with (
        chromium.window(size=PHONE, language=language) as window,
        chromium.window(size=DESKTOP, language=language) as desk,
    ):
        page = window.page
        page.goto(f"{url}/witness")
        window.see(f"witness-none-{language}")
        partner = meanwhile(lambda: partner_of(office))
        meanwhile(lambda: look(partner))
        page.reload()
        expect(page.get_by_role("listitem").filter(has_text="Kino Capitol")).to_contain_text(good)
        window.see(f"witness-good-{language}")
        office.clock.move(3600)
        meanwhile(lambda: look(partner, Log(seed=3).hour()))
        page.reload()
        expect(page.get_by_role("listitem").filter(has_text="Kino Capitol")).to_contain_text(bad)
        window.see(f"witness-broken-{language}")
        page.get_by_role("link", name="Kino Capitol").click()
        expect(page.get_by_text(bad)).to_be_visible()
        window.see(f"witness-party-{language}")

        sign_in(desk, office, url)
        desk.page.goto(f"{url}/operator/witness")
        desk.see(f"witness-desk-{language}")
        desk.page.get_by_role("link", name="Kino Capitol").click()
        expect(desk.page.locator("textarea")).to_have_count(2)
        desk.see(f"witness-desk-one-{language}")
