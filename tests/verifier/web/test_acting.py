"""Who acted for whom, as people at a partner read it: on our page, at a counter, in a form and at the desk."""

import contextlib
import re

import pytest

from capabilities.accounts.service import new_clerk_code
from protocol.encoding import read_json_object
from protocol.errors import ProtocolError
from protocol.exchange import HttpResponse
from runtime.api_keys import new_api_key
from tests.support.acting import FIRM, FOR_A_FIRM, MIA, OFFICE, SERVICE, USE_CASE, answer, document, wallet
from tests.support.shop import Shop
from tests.support.verifier import HOST, IDENTIFIER, PID, make_verifier, wallet_drive
from tests.verifier.citizen import ACCESS
from tests.verifier.web.people import Browser
from tests.verifier.web.test_counters import Clerk
from verifier.once_only.description import ServiceDescription

CLUB = "/services/join-club"


@pytest.fixture
def partner(tmp_path):
    services = {"join-club": ServiceDescription.from_toml("join-club", SERVICE, "join-club.toml")}
    made = make_verifier(
        f"sqlite:///{tmp_path}/verifier.db",
        OFFICE.anchors,
        use_cases=(USE_CASE, FOR_A_FIRM),
        services=services,
        access=ACCESS,
        privacy_policy=f"{IDENTIFIER}/privacy",
    )
    yield made
    made.close()


@pytest.fixture
def browser(partner):
    found = Browser(partner)
    found.get("/")
    return found


def said(page):
    """The words of a page, without their marks."""
    return " ".join(re.sub(r"<[^>]+>", " ", page.text).split())


def answered(partner, browser, held):
    """Answer the code on this page; that it was refused, the page says."""
    with contextlib.suppress(ProtocolError):
        wallet_drive(
            answer(browser.asked(), held, anchors=partner.wallet_anchors, now=partner.clock.now), {HOST: partner.app}
        )


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en",
            ("Erika Mustermann acts for Mia Mustermann", "born 3 May 2018", "Why Mother or father", "What for School",
             "Until 2 May 2036", "Who confirms it Registry office"),
        ),
        (
            "de",
            ("Erika Mustermann handelt für Mia Mustermann", "geboren am 3. Mai 2018", "Warum Mutter oder Vater",
             "Wofür Schule", "Bis 2. Mai 2036", "Wer das bestätigt Registry office"),
        ),
    ],
)  # fmt: skip
def test_our_page_says_who_acted_for_whom(partner, language, words):
    browser = Browser(partner, language)
    browser.get("/")
    browser.press(use_case="for-a-child")
    address = browser.address()
    answered(partner, browser, wallet())
    page = said(browser.get(address))
    for text in words:
        assert text in page


def test_a_company_is_told_from_others_by_its_number(partner, browser):
    browser.press(use_case="for-a-company")
    address = browser.address()
    answered(partner, browser, wallet({"relation": "employee", "represented": FIRM, "areas": ["vehicles"]}))
    page = said(browser.get(address))
    assert "Erika Mustermann acts for Muster GmbH" in page
    assert "For whom Muster GmbH, HRB 1" in page
    assert "What for vehicles" in page


@pytest.mark.parametrize(
    ("proof", "others", "words"),
    [
        ({"areas": ["health"]}, {}, "is not meant for this purpose"),
        ({"until": "2024-01-01"}, {}, "The time in which this person may act for another is over"),
        ({"alone": False}, {}, "only together with somebody else"),
        ({"given_name": "Max"}, {}, "is not the proof of the person who showed it"),
        ({}, {"school": {"family_name": "X", "given_name": "Y", "birthdate": "2018-05-03"}}, "are about somebody else"),
        ({"relation": "employee", "represented": FIRM}, {}, "With this kind of proof nobody can act"),
        ({"represented": "Mia"}, {}, "There is no proof that this person may act for another"),
    ],
)
def test_a_refusal_says_why_in_a_sentence(partner, browser, proof, others, words):
    browser.press(use_case="for-a-child")
    address = browser.address()
    answered(partner, browser, wallet(proof, **others))
    page = said(browser.get(address))
    assert words in page
    assert "acts for Mia" not in page


def test_the_counter_says_it_in_large(partner):
    held = wallet()
    shop = Shop(partner, held["pid"], "for-a-child")
    clerk = Clerk(shop)
    clerk.use_link()
    wallet_drive(answer(shop.link, held, anchors=partner.wallet_anchors, now=partner.clock.now), {HOST: partner.app})
    page = said(clerk.look())
    assert "OK" in page
    assert "Erika Mustermann acts for Mia Mustermann" in page


class System:
    """The club's own system, which hears everything."""

    def __init__(self):
        self.posted = []

    async def send(self, request):
        self.posted.append(read_json_object(request.body, "notice"))
        return HttpResponse(200, (), b"")


def sent(partner, browser, held):
    """A form of the club that was filled by a wallet, and sent; what its pages said."""
    browser.get(CLUB)
    browser.press(f"{CLUB}/begin", way="there")
    answered(partner, browser, held)
    form = browser.get(f"{CLUB}/wallet").text
    review = browser.press(f"{CLUB}/form", version=re.search(r'name="version" value="(\d+)"', form)[1]).text
    browser.press(f"{CLUB}/send", version=re.search(r'name="version" value="(\d+)"', review)[1])
    return form, review, browser.page


def desk(partner):
    code, kept = new_clerk_code("Ada", now=partner.clock.now, random_bytes=partner.verifier.context.random_bytes)
    partner.store.clerk_codes.put(kept)
    found = Browser(partner)
    found.get("/desk/login")
    found.press("/desk/login", code=code)
    return found


def case_of(page):
    return re.search(r'class="code">([A-Z0-9-]+)<', page.text)[1]


def test_a_case_names_both_and_its_own_page_nobody(partner, browser):
    form, review, page = sent(partner, browser, wallet({"areas": ["sport"]}))
    line = "Erika Mustermann acts for Mia Mustermann"
    assert line in form
    assert line in review
    assert "Mustermann" not in page.text
    case = case_of(page)
    seen = said(desk(partner).get(f"/desk/cases/{case}"))
    assert line in seen
    assert "First names of the child Mia" in seen


def test_a_program_reads_both_and_its_notice_only_that_somebody_acts(partner, browser):
    *_, page = sent(partner, browser, wallet({"areas": ["sport"]}))
    partner.network = System()
    assert partner.run(partner.verifier.notices.deliver()) == 1
    [posted] = partner.network.posted
    assert (posted["event"], posted["acting"]) == ("case_sent", True)
    assert "Mustermann" not in str(posted)
    key, kept = new_api_key("system", now=partner.clock.now, random_bytes=partner.verifier.context.random_bytes)
    partner.store.case_keys.put(kept)
    read = partner.http("GET", f"/api/cases/{case_of(page)}", headers={"authorization": f"Bearer {key}"}).json()
    assert (read["acting"]["who"]["given_name"], read["acting"]["whom"]["given_name"]) == ("Erika", "Mia")


def test_who_signs_up_themselves_acts_for_nobody(partner, browser):
    held = wallet()
    form, _, page = sent(partner, browser, {"pid": held["pid"]})
    assert "acts for" not in form
    assert "acts for" not in said(desk(partner).get(f"/desk/cases/{case_of(page)}"))


def test_a_proof_for_another_purpose_fills_no_form(partner, browser):
    browser.get(CLUB)
    browser.press(f"{CLUB}/begin", way="there")
    answered(partner, browser, wallet({"areas": ["school"]}))
    assert "Mustermann" not in browser.get(f"{CLUB}/wallet").text


def shown_in_own_name(partner, browser, **changes):
    """Somebody asks on the cockpit's page what was done for them, and shows who they are."""
    page = browser.get("/cockpit")
    assert "Did somebody act for you?" in page.text
    browser.press(use_case="in-your-name")
    address = browser.address()
    answered(partner, browser, {"you": document({**MIA, **changes}, PID)})
    return said(browser.get(address))


def test_the_represented_person_sees_on_the_cockpits_page_what_was_done_for_them(partner, browser):
    browser.press(use_case="for-a-child")
    answered(partner, browser, wallet())
    own = Browser(partner)
    page = shown_in_own_name(partner, own)
    assert "What was done for you" in page
    assert "We write down who says yes for the child." in page
    assert "Who acted Mother or father" in page
    # Whose wallet it was is on no page but that of the partner itself
    assert "Erika" not in page


def test_who_was_not_represented_reads_that(partner, browser):
    browser.press(use_case="for-a-child")
    answered(partner, browser, wallet())
    page = shown_in_own_name(partner, Browser(partner), given_name="Ben")
    assert "Nobody has acted for you here" in page


def test_the_first_page_leads_there_and_does_not_ask_it_beside_the_rest(partner, browser):
    assert 'href="/cockpit"' in browser.page.text
    assert "in-your-name" not in browser.page.text
