"""A child is born, all by hand: from the suggestion to everything that comes with it, and then one partner erases what it has.

What the walk of the demo does with programs (hoheit/demo/stories/birth.py), here people do in front of their screens: Erika
with her phone, and a clerk at each desk.
"""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from playwright.sync_api import expect

from hoheit.demo.catalogue import town_catalogue
from hoheit.demo.databases import append_usage_early
from hoheit.demo.places import AGENCIES, CITIZEN, GYMNASTS
from hoheit.demo.stories.birth import STOPS, offered_types
from protocol.trust.localized import in_language
from tests.browser.demo import demo, keep, offered, paste, title, unlock
from tests.support.browser import DESKTOP

__all__ = ["demo"]

# What Erika ticks, and the steps that her plan has then
WANTED = (
    "Birth certificate",
    "Child benefit",
    "Parental allowance",
    "Day care place",
    "Family insurance",
    "Gym for little ones",
)
STEPS = 8
BY_ID = {stop.service: stop for stop in STOPS}


def by_name(demo):
    """What the town offers, by the names that people read."""
    return {in_language(service.name, "en"): service for service in town_catalogue(demo.below)}


def office_of(type_id):
    """The agency that gives this document."""
    return next(one for one in AGENCIES if type_id in one.types)


def fill_in(phone, stop):
    """Erika answers what no document answers: at most one thing."""
    page = phone.page
    page.get_by_role("heading", name="This is what we know now").wait_for()
    fields = page.locator("form.long :is(input:not([type=hidden]), select, textarea:not([name^=remark-]))")
    names = dict.fromkeys(field.get_attribute("name") for field in fields.all())
    assert list(names) == [name for name, _ in stop.answers]
    assert len(names) <= 1
    for name, answer in stop.answers:
        field = page.locator(f"[name={name}]")
        if field.first.get_attribute("type") == "radio":
            page.locator(f"[name={name}][value={answer}]").check()
        else:
            field.fill(answer)


def apply(phone, stop, *, look=False):
    """Erika goes one step of her plan; the number of the case that comes of it."""
    page = phone.page
    page.get_by_role("button", name="Begin this step").click()
    expect(page.get_by_role("heading", name="asks you for data")).to_be_visible()
    if look:
        phone.see("story-birth-consent")
    page.get_by_role("button", name="Share").click()
    page.get_by_role("link", name="Back to").first.click()
    fill_in(phone, stop)
    if look:
        phone.see("story-birth-form")
    page.get_by_role("button", name="Look through it").click()
    page.get_by_role("button", name="Send").click()
    page.get_by_role("heading", name="We have it").wait_for()
    if look:
        phone.see("story-birth-case")
    return page.locator(".code").inner_text()


def decide(desk, demo, stop, case, offer, *, look=False):
    """A clerk of the place grants it."""
    page = desk.page
    page.goto(f"{demo.address(stop.place)}/desk")
    if page.get_by_label("Your sign-in code").count():
        page.get_by_label("Your sign-in code").fill(demo.clerk_code(stop.place))
        page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name=case).click()
    page.get_by_label("Granted", exact=True).check()
    page.get_by_label("In plain words, for the citizen").fill(stop.says)
    if offer:
        page.get_by_label("Link to something for their wallet").fill(offer)
    if look:
        desk.see("story-birth-desk")
    page.get_by_role("button", name="Tell the citizen").click()
    page.get_by_role("heading", name="What we answered").wait_for()


def look_at(phone, demo, stop, who, *, look=False):
    """Erika opens the line of what she gave: receipt, uses and news are there."""
    page = phone.page
    page.goto(f"{demo.wallet_address}/activity")
    page.get_by_role("link", name=re.compile(f"^You showed .* to {re.escape(who)}")).first.click()
    expect(page.get_by_text(f"{who} confirmed what you gave, and your wallet checked it.")).to_be_visible()
    for sentence in (
        f"Your data arrived at {who}.",
        f"{who} looked at your data.",
        f"{who} decided something with your data.",
        f"{who} says: {stop.says}",
    ):
        expect(page.get_by_text(sentence).first).to_be_visible()
    expect(page.get_by_text("The receipt does not match")).to_have_count(0)
    if look:
        phone.see(f"story-birth-line-{look}")


@pytest.fixture
def phone(chromium, demo):
    with chromium.window() as window:
        window.expected += ["status of 404"]
        unlock(window, demo)
        paste(window, demo, offered(demo, office_of("pid"), ("pid",), CITIZEN))
        keep(window)
        yield window


def test_a_birth_from_the_suggestion_to_the_outcome_and_one_partner_erases(chromium, demo, phone):
    page = phone.page
    page.get_by_role("link", name="Services", exact=True).click()
    page.get_by_role("link", name="How this works").click()
    page.get_by_role("button", name="Suggest services to me").click()
    expect(page.get_by_role("link", name="Birth certificate", exact=True)).to_be_visible()
    phone.see("story-birth-suggested")

    page.get_by_role("link", name="All services").click()
    page.get_by_role("link", name="A child is born").click()
    for name in WANTED:
        page.get_by_role("checkbox", name=name).check()
    phone.see("story-birth-wanted")
    page.get_by_role("button", name="Show me the way there").click()
    expect(page.get_by_text(f"{STEPS} steps lead there.")).to_be_visible()
    phone.see("story-birth-way")
    page.get_by_role("button", name="Begin this plan").click()
    plan = page.url
    phone.see("story-birth-plan")

    services = by_name(demo)
    gone: list[str] = []
    with chromium.window(size=DESKTOP) as desk:
        desk.expected += ["status of 404"]
        while True:
            page.goto(plan)
            page.get_by_role("heading", level=1, name="A child is born").wait_for()
            if page.get_by_role("button", name="Begin this step").count() == 0:
                break
            service = services[page.locator("#step-1").inner_text().partition(". ")[2]]
            stop, types = BY_ID[service.id], offered_types(service)
            first = not gone
            who = page.locator("section[aria-labelledby=step-1] p").first.inner_text()
            case = apply(phone, stop, look=service.id == "child-benefit")
            if first:
                page.goto(plan)
                phone.see("story-birth-plan-waits")
            offer = offered(demo, office_of(types[0]), types, stop.about) if types else ""
            decide(desk, demo, stop, case, offer, look=first)
            look_at(phone, demo, stop, who, look="first" if first else "")
            if types:
                page.get_by_role("button", name="Look at what they offer").click()
                expect(page.get_by_role("heading", name="offers you")).to_be_visible()
                keep(phone)
            gone.append(service.id)
        assert len(gone) == STEPS
        assert set(gone) == BY_ID.keys()
        expect(page.get_by_text("Everything is done.")).to_be_visible()
        phone.see("story-birth-over")

        # The gymnastics club has what it needs no longer
        assert gone[-1] == "toddler-gym"
        look_at(phone, demo, stop, who)
        page.get_by_role("link", name="See what you can ask").click()
        page.get_by_role("link", name="Have your data erased").click()
        page.get_by_role("button", name="Send it to").click()
        expect(page.get_by_text(f"{who} did what you asked.").first).to_be_visible()
        phone.see("story-birth-asked")
        with ThreadPoolExecutor(1) as thread:
            thread.submit(append_usage_early, demo, GYMNASTS).result()
        page.get_by_role("link", name="What happened with these data").click()
        expect(page.get_by_text(f"{who} erased your data.")).to_be_visible()
        proven = page.get_by_text("Your wallet checked that this stands in their record.")
        expect(proven).to_have_count(5)
        phone.see("story-birth-erased")
        page.get_by_role("link", name="Deutsch").click()
        expect(page.get_by_text("Ihre Wallet hat geprüft: Das steht fest in den Aufzeichnungen.")).to_have_count(5)
        phone.shoot("story-birth-erased-german")

        desk.page.goto(f"{demo.address(GYMNASTS)}/desk/cases/{case}")
        expect(desk.page.get_by_role("heading", level=1)).not_to_contain_text(case)
        desk.page.goto(f"{demo.address(GYMNASTS)}/desk/decided")
        expect(desk.page.get_by_text(case)).to_have_count(0)
    assert title(page)
