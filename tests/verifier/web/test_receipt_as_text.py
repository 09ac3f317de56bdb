"""A counter's page tells in words what a receipt says, all but the key by which a wallet asks for the data later."""

import re
from types import SimpleNamespace

import pytest

from protocol.encoding import encode_base64url
from tests.protocol.device_retrieval.samples import ISSUER
from tests.support.pki import make_pki
from tests.support.shop import Shop
from tests.support.verifier import CLAIMS, IDENTIFIER, USE_CASE, issue_held, make_verifier
from tests.verifier.citizen import ACCESS, SAYS, Citizen, with_more
from tests.verifier.service.test_meetings import USE_CASE as LICENCE
from tests.verifier.web.people import Browser
from tests.verifier.web.test_counters import Clerk
from tests.verifier.web.test_in_person import Phone, begun, moving, scan

RECIPIENTS = """
[[recipients]]
name = "State library"
identifier = "LEIXG-529900T8BM49AURSDO55"
[recipients.purpose]
en = "They count readers."
"""
NAMES = {"en": "What becomes of the data", "de": "Was mit den Daten geschieht"}


def of(use_case):
    return with_more(use_case, SAYS) + RECIPIENTS


@pytest.fixture
def make(tmp_path):
    made = []

    def library(anchors, use_case, **changes):
        url = f"sqlite:///{tmp_path}/library.db"
        settings = {"access": ACCESS, "privacy_policy": f"{IDENTIFIER}/privacy", **changes}
        made.append(make_verifier(url, anchors, use_cases=(use_case,), **settings))
        return made[-1]

    yield library
    for each in made:
        each.close()


def told(page, language="en"):
    """The words of the part that tells it; None: there is none."""
    found = re.search(rf"<summary>{NAMES[language]}</summary>(.*?)</details>", page.text, re.DOTALL)
    return found and " ".join(re.sub(r"<[^>]+>", " ", found[1]).split())


def begin(counter, language="en"):
    """Somebody asks on our page; the browser, and the request as a wallet finds it."""
    browser = Browser(counter, language)
    browser.get("/")
    browser.press(use_case="family-name")
    qr_svg = re.search(r'src="([^"]+qr\.svg)"', browser.page.text)[1]
    return browser, SimpleNamespace(uri=browser.asked(), qr_svg=qr_svg)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("We write it on your card.", "State library", "GDPR Art. 6 (1) b", "Who answers for it", "2027-02-14")),
        ("de", ("Wofür", "State library", "DSGVO Art. 6 Abs. 1 Buchst. b", "Wer es noch bekommt", "2027-02-14")),
    ],
)
def test_the_page_tells_all_that_the_receipt_does_but_its_key(make, agency, held, language, words):
    counter = make(agency.anchors, of(USE_CASE))
    browser, asked = begin(counter, language)
    address = browser.address()
    citizen = Citizen(counter, asked, held)
    answered = citizen.answer()
    receipt = citizen.judge(answered["receipt"]).receipt
    page = browser.get(address)
    found = told(page, language)
    for word in (*words, receipt.id):
        assert word in found
    for secret in (receipt.key, answered["receipt"]):
        assert secret not in page.text


def test_of_what_failed_a_check_it_tells_that_nothing_is_kept(make, agency):
    counter = make(agency.anchors, of(USE_CASE))
    browser, asked = begin(counter)
    address = browser.address()
    Citizen(counter, asked, issue_held(make_pki(), CLAIMS)).answer()
    found = told(browser.get(address))
    assert "How long we keep it Nothing of it is kept." in found
    assert "Who else gets it Nobody" in found


def test_where_no_receipt_is_given_none_is_told(make, agency, held):
    counter = make(agency.anchors, of(USE_CASE), privacy_policy="")
    browser, asked = begin(counter)
    address = browser.address()
    Citizen(counter, asked, held).answer(cockpit=False)
    page = browser.get(address)
    assert "Mustermann" in page.text
    assert told(page) is None


def test_it_goes_with_the_answer(make, agency, held):
    counter = make(agency.anchors, of(USE_CASE))
    browser, asked = begin(counter)
    address = browser.address()
    Citizen(counter, asked, held).answer()
    browser.get(address)
    assert told(browser.press(f"{address}/forget")) is None


def test_a_clerk_reads_it_under_the_verdict_in_person(make):
    counter = make(ISSUER.anchors, of(LICENCE))
    browser = Browser(counter)
    browser.get("/")
    request_id = begun(browser)
    phone = Phone(counter)
    scan(browser, request_id, phone)
    assert told(browser.page) is None
    message = encode_base64url(phone.answer(moving(browser, request_id)))
    page = browser.press(f"/in-person/{request_id}/answer", message=message)
    assert 'class="large good"' in page.text
    assert "What for We lend cars." in told(page)


def test_a_clerk_reads_it_at_the_counter_of_a_printed_code(make, agency, held):
    shop = Shop(make(agency.anchors, of(USE_CASE)), held)
    clerk = Clerk(shop)
    clerk.use_link()
    shop.answer()
    assert "What for We write it on your card." in told(clerk.look())
