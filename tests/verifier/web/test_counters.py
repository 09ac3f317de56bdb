"""A counter's pages: who sees what was found, what each of them can do, and what is printed."""

import re

import pytest

from runtime.pages import qr_svg
from runtime.trust_lists.standing import ListsAge
from tests.support.pki import NOW, make_pki
from tests.support.shop import Shop
from tests.support.verifier import CLAIMS, IDENTIFIER, USE_CASE, issue_held, make_verifier
from tests.verifier.web.people import Browser
from verifier.counter import SHOWN_SECONDS

PORTRAIT = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"
    "AAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)


class Clerk(Browser):
    """The browser that stands at a counter."""

    def __init__(self, shop, language="en"):
        super().__init__(shop.counter, language)
        self.shop = shop
        self.home = f"/counters/{shop.id}"

    def use_link(self):
        """Open a pairing link, whose code the page's script takes from behind the #."""
        offer = self.counter.run(self.shop.counters.offer_pairing(self.shop.id))
        self.get(f"{self.home}/pair")
        return self.press(f"{self.home}/pair", code=offer.code)

    def look(self):
        return self.get(self.home)


@pytest.fixture
def shop(counter, held):
    return Shop(counter, held)


@pytest.fixture
def clerk(shop):
    clerk = Clerk(shop)
    clerk.use_link()
    return clerk


def test_the_clerk_opens_a_link_once_and_sees_what_people_answer(shop, clerk):
    assert "Ready" in clerk.page.text
    assert "Entrance" in clerk.page.text
    number, code = shop.answer()
    text = clerk.look().text
    assert 'class="large good"' in text
    for shown in ("What is your name?", f"Number {number}", "Mustermann", "Nothing of it is kept."):
        assert shown in text
    assert "Erika" not in text
    clerk.press(f"{clerk.home}/next", request=re.search(r'name="request" value="([0-9a-f]+)"', text)[1])
    assert "Ready" in clerk.page.text
    assert "Mustermann" not in clerk.page.text
    person = Browser(shop.counter)
    assert person.get(f"/number?response_code={code}").status_code == 404


def test_whoever_answered_sees_their_number_and_no_verdict(shop, clerk):
    number, code = shop.answer()
    person = Browser(shop.counter)
    page = person.get(f"/number?response_code={code}")
    assert f'class="your-number">{number}<' in page.text
    for secret in ("Mustermann", "good.svg", shop.id, code):
        assert secret not in page.text
    assert page.headers["referrer-policy"] == "no-referrer"
    assert person.get(f"/number?response_code={code}").status_code == 200
    assert person.get(f"/result?response_code={code}").status_code == 404


def test_of_two_who_wait_the_clerk_chooses_by_number(shop, clerk, agency):
    one, _ = shop.answer()
    other, _ = shop.answer(issue_held(agency, {**CLAIMS, "family_name": "Schmidt"}))
    text = clerk.look().text
    assert "Which number does the person have?" in text
    assert "Mustermann" not in text
    assert "Schmidt" not in text
    text = clerk.press(f"{clerk.home}/choose", number=str(other)).text
    assert "Schmidt" in text
    assert "Mustermann" not in text
    assert "Others wait: 1" in text
    assert f"Number {one}" not in text


def test_no_is_said_with_its_reason(shop, clerk):
    shop.answer(issue_held(make_pki(), CLAIMS))
    text = clerk.look().text
    assert 'class="large bad"' in text
    assert "We do not trust the office that issued it for this" in text
    assert "Mustermann" not in text


def test_a_portrait_is_large_and_stands_apart(tmp_path, agency):
    """A picture is shown as one, and only if it is one."""
    asks = USE_CASE.replace(
        'claims = [{ path = ["family_name"] }]', 'claims = [{ path = ["family_name"] }, { path = ["portrait"] }]'
    )
    counter = make_verifier(f"sqlite:///{tmp_path}/v.db", agency.anchors, use_cases=[asks])
    held = issue_held(agency, {**CLAIMS, "portrait": PORTRAIT}, disclosable=(("family_name",), ("portrait",)))
    shop = Shop(counter, held)
    clerk = Clerk(shop)
    clerk.use_link()
    shop.answer()
    text = clerk.look().text
    assert f'class="large-portrait" src="{PORTRAIT}"' in text
    assert text.count(PORTRAIT) == 1
    assert "Mustermann" in text
    counter.close()


def test_the_page_follows_what_happens(shop, clerk):
    """A live page: its state is another one whenever what stands there is."""
    states = []

    def note():
        states.append(re.search(r'data-state="([^"]*)"', clerk.look().text)[1])

    note()
    shop.scan()
    note()
    shop.answer()
    note()
    shop.clock.forward(SHOWN_SECONDS)
    note()
    assert len(set(states)) == 3
    assert states[3] == states[1]
    assert f'data-live="{clerk.home}/events"' in clerk.page.text


@pytest.mark.parametrize("path", ["", "/events"])
def test_no_other_browser_sees_a_counter(shop, clerk, path):
    """T183, T237: whoever holds the printed code knows the address of the page."""
    shop.answer()
    for other in (Browser(shop.counter), Clerk(Shop(shop.counter, shop.held))):
        page = other.get(f"{clerk.home}{path}")
        assert page.status_code == 404
        assert "Mustermann" not in page.text
    stolen = Browser(shop.counter)
    stolen.cookies = dict(clerk.cookies)
    assert stolen.get(clerk.home).status_code == 200
    shop.counter.run(shop.counters.unpair(shop.id))
    for browser in (stolen, clerk):
        assert browser.get(clerk.home).status_code == 404
        assert "This browser does not belong to the counter" in browser.page.text


def test_the_cookie_of_a_counter_is_for_this_host_alone(shop):
    """T236: made at that moment, so that nobody can have put it there before; no script reads it."""
    clerk = Clerk(shop)
    clerk.get(f"{clerk.home}/pair")
    offer = shop.counter.run(shop.counters.offer_pairing(shop.id))
    token = re.search(r'name="form_token" value="([^"]+)"', clerk.page.text)[1]
    page = clerk.go("POST", f"{clerk.home}/pair", data={"form_token": token, "code": offer.code})
    [cookie] = [text for text in page.headers.get_list("set-cookie") if "_at_" in text]
    assert cookie.startswith("__Host-hoheit_")
    for part in ("HttpOnly", "Secure", "SameSite=strict", "Path=/", "Max-Age=2592000"):
        assert part in cookie


def test_a_wrong_code_pairs_nothing(shop):
    clerk = Clerk(shop)
    clerk.get(f"{clerk.home}/pair")
    page = clerk.press(f"{clerk.home}/pair", code="AAAA-AAAA-AAAA-AAAA")
    assert page.status_code == 400
    assert "This code is not right" in page.text
    assert clerk.press(f"{clerk.home}/pair").status_code == 400
    assert clerk.look().status_code == 404


@pytest.mark.parametrize("deed", ["next", "choose", "pair"])
def test_no_other_site_can_send_its_forms(shop, clerk, deed):
    """T233."""
    shop.answer()
    clerk.look()
    offer = shop.counter.run(shop.counters.offer_pairing(shop.id))
    token = re.search(r'name="form_token" value="([^"]+)"', clerk.page.text)[1]
    form = {"request": shop.board().shown.request, "number": "12", "code": offer.code}
    for fields, headers in (
        ({}, {}),
        ({"form_token": "0" * 64}, {}),
        ({"form_token": token}, {"origin": "https://evil.example"}),
        ({"form_token": token}, {"sec-fetch-site": "cross-site"}),
    ):
        page = clerk.go("POST", f"{clerk.home}/{deed}", data={**form, **fields}, headers=headers)
        assert page.status_code == 403
    assert shop.board().shown is not None
    assert shop.counter.run(shop.counters.pair(shop.id, offer.code))


@pytest.mark.parametrize("number", ["", "x", "-1", "٠٠", "123"])
def test_what_is_no_number_chooses_nobody(shop, clerk, number):
    shop.answer()
    shop.answer()
    clerk.look()
    assert clerk.press(f"{clerk.home}/choose", number=number).status_code == 400


def test_the_code_is_printed_with_what_it_asks_in_both_languages(shop):
    for language, first in (("de", "Wie heißen Sie?"), ("en", "What is your name?")):
        page = Browser(shop.counter, language).get(f"/counters/{shop.id}/code/family-name")
        assert page.status_code == 200
        assert f"<h1>{first}</h1>" in page.text
        for text in (
            "Wie heißen Sie?", "What is your name?", "Wir schreiben ihn auf Ihre Karte.", "We write it on your card.",
            "Stadtbücherei", "City library", "Nachname", "Family name", "data-print",
        ):  # fmt: skip
            assert text in page.text
        assert 'lang="de"' in page.text
        assert 'lang="en"' in page.text


def test_the_printed_code_is_the_link_of_the_counter(shop):
    page = Browser(shop.counter).get(f"/counters/{shop.id}/code/family-name")
    picture = re.search(r'src="([^"]+\.svg)"', page.text)[1]
    svg = Browser(shop.counter).get(picture)
    assert svg.headers["content-type"] == "image/svg+xml"
    assert svg.text == qr_svg(shop.link)


@pytest.mark.parametrize("path", ["code/other", "code/other/qr.svg", "code/", "code/family-name/x"])
def test_there_is_no_other_code(shop, path):
    assert Browser(shop.counter).get(f"/counters/{shop.id}/{path}").status_code == 404


def test_no_page_of_a_counter_is_kept_by_the_browser(shop, clerk):
    """T260."""
    shop.answer()
    assert clerk.look().headers["cache-control"] == "no-store"
    targets = re.findall(r'(?:href|src|action)="([^"]+)"', clerk.page.text)
    for target in targets:
        for secret in (*clerk.cookies.values(), "Mustermann"):
            assert secret not in target
    assert IDENTIFIER not in clerk.page.text


@pytest.mark.parametrize(
    ("age", "said", "unsaid"),
    [
        (None, (), ("lists of the offices", "too old")),
        (ListsAge(NOW - 3600, NOW + 3600, 0), ("lists of the offices", "2027-01-15 07:00 UTC"), ("too old",)),
        (ListsAge(0, 0, 1), ("is too old, or could not be fetched",), ("lists of the offices that we trust:",)),
    ],
)
def test_the_clerk_sees_how_old_the_lists_of_whom_we_trust_are(tmp_path, agency, age, said, unsaid):
    counter = make_verifier(f"sqlite:///{tmp_path}/v.db", agency.anchors, lists_age=lambda: age)
    clerk = Clerk(Shop(counter, issue_held(agency)))
    text = clerk.use_link().text
    assert all(part in text for part in said)
    assert not any(part in text for part in unsaid)
    counter.close()
