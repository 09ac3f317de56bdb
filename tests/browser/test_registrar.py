"""A register in a browser: a cinema applies by form, an operator decides, and everybody sees it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import pytest
from playwright.sync_api import expect

from runtime.serve import Listen, running
from tests.support.browser import DESKTOP, PHONE
from tests.support.pki import seeded_key
from tests.support.ports import free_port
from tests.support.registrar import CINEMA, agency, cinema, make_office, request_of, use


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


@pytest.fixture
def window(chromium):
    with chromium.window(size=DESKTOP) as window:
        yield window


@pytest.fixture
def operator(chromium, office, url):
    """An operator's window, at what waits."""
    with chromium.window(size=DESKTOP) as window:
        window.page.goto(f"{url}/operator")
        window.see("operator-login")
        window.page.get_by_label("Your sign-in code").fill(office.operator_code())
        window.page.get_by_role("button", name="Sign in").click()
        expect(window.page.get_by_role("heading", level=1)).to_have_text("What waits for a decision")
        yield window


T = TypeVar("T")


def meanwhile(work: Callable[[], T]) -> T:
    """Do something at the office while people sit in front of their browsers, whose loop runs in this thread."""
    with ThreadPoolExecutor(1) as elsewhere:
        return elsewhere.submit(work).result()


def fill(page):
    """What somebody types who never read a specification."""
    page.get_by_role("textbox", name="Name by law", exact=True).fill("Kino Capitol GmbH")
    page.get_by_role("textbox", name="Name that people know you by", exact=True).fill("Kino Capitol")
    page.get_by_role("textbox", name="The number", exact=True).fill("HRB 4711")
    page.get_by_role("textbox", name="What you offer", exact=True).fill("Cinema")
    page.get_by_role("textbox", name="Website", exact=True).fill("kino.example")
    page.get_by_role("textbox", name="E-mail", exact=True).fill("hallo@kino.example")
    page.get_by_role("textbox", name="Phone", exact=True).fill("+49 30 1234")
    page.get_by_role("textbox", name="Street and house number", exact=True).fill("Lindenweg 1")
    page.get_by_role("textbox", name="Postal code", exact=True).fill("01234")
    page.get_by_role("textbox", name="Town", exact=True).fill("Lindenau")
    page.get_by_label("Data protection authority").select_option("be")
    page.get_by_label("Why do you ask?").fill("We check whether you may see the film.")
    adult = page.get_by_label("At least 18 years old").first
    if not adult.is_visible():
        page.get_by_role("group", name="What do you need to know?").get_by_text("Identity card").click()
    adult.check()
    page.get_by_label("Which law lets you ask?").select_option("b")
    page.get_by_label("For how many days").fill("0")
    page.get_by_role("textbox", name="Address of your privacy page", exact=True).fill("kino.example/privacy")


def test_a_cinema_applies_is_approved_and_gets_its_certificates(window, operator, office, url):
    page = window.page
    window.expected.append("400 (Bad Request)")
    page.goto(f"{url}/apply")
    window.see("apply")
    page.get_by_role("button", name="Send the application").click()
    expect(page.get_by_role("alert")).to_contain_text("everything that you typed is still here")
    window.see("apply-wrong")
    fill(page)
    page.get_by_role("button", name="Add another purpose").click()
    expect(page.get_by_role("heading", name="Purpose 2")).to_be_visible()
    window.see("apply-two")
    expect(page.get_by_role("textbox", name="Name by law")).to_have_value("Kino Capitol GmbH")
    page.goto(f"{url}/apply")
    fill(page)
    page.get_by_role("button", name="Send the application").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your application was sent")
    key = page.locator("[data-key]").inner_text()
    assert key not in page.url
    window.see("key")
    page.get_by_role("button", name="I have kept the key").click()
    expect(page.get_by_role("status")).to_contain_text("waits for a decision")
    window.see("application-waits")

    desk = operator.page
    desk.get_by_role("link", name="Kino Capitol").click()
    operator.see("operator-application")
    desk.get_by_role("button", name="Approve").click()
    expect(desk.get_by_role("status")).to_have_text("registered")
    operator.see("operator-party")

    # The applicant's page goes on by itself
    expect(page.get_by_role("status")).to_contain_text("You are registered.")
    window.see("application-registered")
    page.get_by_role("link", name="Get a certificate that says who you are").click()
    page.get_by_label("Or paste it here").fill(request_of(seeded_key(5)))
    window.see("request")
    page.get_by_role("button", name="Get the certificate").click()
    page.get_by_role("button", name="Get certificates that say what you may ask for").click()
    expect(page.get_by_role("link", name="Download", exact=True)).to_have_count(2)
    window.see("application-certificates")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download", exact=True).first.click()
    assert waiting.value.suggested_filename in ("access-certificate.pem", "use-1.jwt")
    page.get_by_role("link", name="Propose a change").click()
    expect(page.get_by_label("Name by law")).to_have_value("Kino Capitol GmbH")
    window.see("change")

    # With the key, from another browser
    page.goto(f"{url}/application")
    page.get_by_role("button", name="Forget the key").click()
    window.see("enter")
    page.get_by_label("Key of the application").fill(key)
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Kino Capitol")


def test_everybody_looks_up_who_may_ask_for_what(window, office, url):
    meanwhile(lambda: office.register(cinema()))
    meanwhile(lambda: office.register(agency()))
    page = window.page
    page.goto(url)
    window.see("register-start")
    page.get_by_label("Name or number").fill("kino")
    page.get_by_role("button", name="Search").click()
    window.see("register-found")
    page.get_by_role("link", name="Kino Capitol").click()
    expect(page.get_by_role("heading", name="What they may ask you for, and why")).to_be_visible()
    window.see("register-party")
    page.get_by_role("link", name="Deutsch").click()
    expect(page.get_by_role("heading", name="Wonach sie Sie fragen dürfen, und warum")).to_be_visible()
    window.see("register-party-de")
    page.goto(f"{url}/practices")
    window.see("practices-de")
    page.goto(f"{url}/apply")
    window.see("apply-de")
    meanwhile(lambda: office.run(office.registrar.parties.suspend(CINEMA, "checking", "Herr Amt")))
    page.goto(f"{url}/register/{CINEMA}")
    window.see("register-rests-de")
    meanwhile(lambda: office.run(office.registrar.parties.remove(CINEMA, "again", "Herr Amt")))
    page.reload()
    window.see("register-removed-de")


def test_an_operator_sees_what_changed_and_decides(operator, office, url):
    desk = operator.page
    expect(desk.get_by_role("status")).to_contain_text("Nothing waits")
    operator.see("operator-nothing")
    key = meanwhile(lambda: office.register(cinema()))
    claims = [["picture"], ["family_name"], ["address"], ["birthdate"], ["sex"]]
    much = use(
        id="member",
        purpose={"en": "We make you a member."},
        retention_days=400,
        credentials=[{"format": "dc+sd-jwt", "vct_values": ["urn:eudi:pid:1"], "claims": claims}],
    )
    changed = cinema(trade_name="Kino Nova", phone="+49 30 5", uses=[use(), much])
    meanwhile(lambda: office.run(office.registrar.parties.propose(key, changed)))
    # The list looks by itself
    expect(desk.get_by_role("link", name="Kino Capitol")).to_be_visible()
    operator.see("operator-waiting")
    desk.get_by_role("link", name="Kino Capitol").click()
    expect(desk.get_by_text("Look at this twice")).to_be_visible()
    operator.see("operator-change")
    desk.get_by_label("Why? The applicant reads this.").fill("A picture is not needed.")
    desk.get_by_role("button", name="Refuse").click()
    expect(desk.get_by_role("status")).to_contain_text("Nothing waits")
    desk.get_by_role("link", name="Register", exact=True).click()
    operator.see("operator-parties")
    desk.get_by_role("link", name="Kino Capitol").click()
    desk.get_by_role("link", name="Remove").click()
    operator.see("operator-remove")
    desk.get_by_role("link", name="Let it rest instead").click()
    desk.get_by_label("Why? They read this.").fill("We check something.")
    desk.get_by_role("button", name="Let it rest").click()
    expect(desk.get_by_role("status")).to_have_text("rests")
    operator.see("operator-rests")
    desk.get_by_role("link", name="History").click()
    operator.see("operator-history")
    desk.get_by_role("button", name="Sign out").click()
    expect(desk.get_by_role("status")).to_have_text("You are signed out.")


def test_the_way_goes_by_keyboard_and_without_scripts(chromium, office, url):
    with chromium.window(size=PHONE, scripts=False) as window:
        page = window.page
        page.goto(f"{url}/apply")
        fill(page)
        page.get_by_label("Address of your privacy page").press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Your application was sent")
    meanwhile(lambda: office.approve(CINEMA))
    with chromium.window(size=DESKTOP) as window:
        page = window.page
        page.goto(f"{url}/operator/login")
        expect(page.locator("[autofocus]")).to_be_focused()
        page.keyboard.type(office.operator_code().lower().replace("-", " "))
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("What waits for a decision")
