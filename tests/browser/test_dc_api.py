"""Documents through the browser (Digital Credentials API): Chromium's virtual wallet says what our wallet's code answers."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import expect

from protocol.encoding import JsonObject
from tests.browser.library import CLAIMS, DISCLOSABLE, Library, opened
from tests.browser.page_wallet import PageWallet, page_wallet
from tests.browser.test_counter import agency, choose, heading, library, never_reloaded, scan
from tests.support.browser import DESKTOP, PHONE, Window
from tests.support.pki import NOW
from tests.support.verifier import issue_held

__all__ = ["agency", "library"]

UNSIGNED, SIGNED, MULTISIGNED = "openid4vp-v1-unsigned", "openid4vp-v1-signed", "openid4vp-v1-multisigned"
FIND = "Let my browser find it"


@contextmanager
def in_front(chromium, library: Library, folder, *held, **settings) -> Iterator[tuple[Window, PageWallet]]:
    """Somebody in front of the counter whose browser has our wallet behind it."""
    size = settings.pop("size", PHONE)
    with (
        chromium.window(size=size, language=settings.pop("language", "en")) as window,
        page_wallet(window, library, folder, *held, **settings) as wallet,
    ):
        yield window, wallet


def asked(window: Window, library: Library, press=choose) -> dict[str, JsonObject]:
    """Choose a question; what the page may ask through the browser, by protocol."""
    with window.page.expect_response("**/page-request") as response:
        press(window, library)
    found = {one["protocol"]: one for one in response.value.json()["requests"]}
    window.page.get_by_role("button", name=FIND).wait_for()
    return found


def click(window: Window, name: str = FIND) -> None:
    window.page.get_by_role("button", name=name).click()


@pytest.mark.parametrize("protocol", [SIGNED, MULTISIGNED, UNSIGNED])
def test_what_the_browser_s_wallet_shares_is_accepted(chromium, library, tmp_path, protocol):
    with in_front(chromium, library, tmp_path, size=DESKTOP) as (window, wallet):
        requests = asked(window, library)
        assert list(requests) == [SIGNED, MULTISIGNED, UNSIGNED]
        window.see("dc-api-code")
        wallet.will_share(requests[protocol])
        click(window)
        heading(window, "Accepted")
        assert wallet.handed_over() == {"digital": {"requests": list(requests.values())}, "mediation": "required"}
        shown = window.page.locator("#main").inner_text()
        for text in (
            "Mustermann",
            "12 August 1964",
            "The document is genuine",
            "It was shown for this question, just now",
        ):
            assert text in shown
        assert never_reloaded(window)
        [entry] = [one for one in wallet.vault.log() if one.action == "sharing"]
        assert entry.party == ("" if protocol == UNSIGNED else "City library")


def test_under_haip_the_page_asks_signed_and_a_strict_wallet_answers(chromium, agency, tmp_path):
    with (
        opened(tmp_path, agency, haip=True) as library,
        in_front(chromium, library, tmp_path / "w", haip=True) as (window, wallet),
    ):
        requests = asked(window, library)
        assert list(requests) == [SIGNED]
        wallet.will_share(requests[SIGNED])
        click(window)
        heading(window, "Accepted")


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_no_leaves_the_code_and_a_plain_sentence(chromium, library, tmp_path, language):
    with in_front(chromium, library, tmp_path, language=language) as (window, wallet):
        title, find, said = {
            "en": (
                "Join the film club",
                FIND,
                "Nothing was shared. You can try it again, or take one of the other ways.",
            ),
            "de": (
                "Dem Filmclub beitreten",
                "Vom Browser finden lassen",
                "Es wurde nichts geteilt. Sie können es noch einmal versuchen oder einen der anderen Wege nehmen.",
            ),
        }[language]
        with window.page.expect_response("**/page-request") as response:
            choose(window, library, title)
        requests = {one["protocol"]: one for one in response.value.json()["requests"]}
        wallet.will_decline()
        click(window, find)
        expect(window.page.locator("[data-page-request] [role=status]")).to_have_text(said)
        window.see(f"dc-api-declined-{language}")
        # The same question can be asked again …
        wallet.will_share(requests[SIGNED])
        link = scan(window)
        if language == "en":
            click(window, find)
            heading(window, "Accepted")
            return
        # … and the code is as good as before
        library.share(library.open(link))
        heading(window, "Angenommen")


def test_on_the_same_device_the_link_stays_beside_it(chromium, library, tmp_path):
    with in_front(chromium, library, tmp_path) as (window, wallet):
        asked(window, library)
        with window.page.expect_response("**/page-request") as response:
            click(window, "My wallet is on this device")
        window.page.get_by_role("link", name="Open my wallet").wait_for()
        window.page.get_by_role("button", name=FIND).wait_for()
        window.see("dc-api-same-device")
        wallet.will_share(response.value.json()["requests"][0])
        click(window)
        heading(window, "Accepted")


def test_a_browser_that_cannot_shows_code_and_link_alone(chromium, library):
    with chromium.window() as window:
        window.context.add_init_script("delete window.DigitalCredential")
        choose(window, library)
        window.page.wait_for_load_state("networkidle")
        assert window.page.get_by_role("button", name=FIND).count() == 0
        window.see("dc-api-without")
        library.share(library.open(scan(window)))
        heading(window, "Accepted")


def test_a_browser_that_allows_no_protocol_of_ours_shows_code_and_link_alone(chromium, library):
    with chromium.window() as window:
        window.context.add_init_script("DigitalCredential.userAgentAllowsProtocol = (one) => one === 'org-iso-mdoc'")
        with window.page.expect_response("**/page-request"):
            choose(window, library)
        window.page.wait_for_load_state("networkidle")
        assert window.page.get_by_role("button", name=FIND).count() == 0


def test_a_page_without_scripts_shows_the_code_alone(chromium, library):
    with chromium.window(scripts=False) as window:
        window.page.goto(library.url)
        window.page.get_by_role("button", name="Are you over 18?").click()
        window.page.locator("img.qr").wait_for()
        assert not window.page.locator("[data-page-request]").is_visible()


def test_whoever_answers_by_code_first_ends_the_browser_s_question(chromium, library, tmp_path):
    """T179"""
    with in_front(chromium, library, tmp_path) as (window, wallet):
        asked(window, library)
        link = scan(window)
        wallet.will_wait()
        click(window)
        window.page.wait_for_function("() => window.handedOver")
        library.share(library.open(link))
        heading(window, "Accepted")
        assert never_reloaded(window)


def test_the_browser_s_answer_counts_while_a_wallet_has_the_code_open(chromium, library, tmp_path):
    """T179"""
    with in_front(chromium, library, tmp_path) as (window, wallet):
        requests = asked(window, library)
        wallet.will_share(requests[SIGNED])
        link = scan(window)
        click(window)
        heading(window, "Accepted")
        with pytest.raises(Exception, match="404"):
            library.open(link)


def test_a_document_that_ran_out_on_the_way_is_refused_with_the_reason(chromium, library, tmp_path):
    short = issue_held(library.agency, CLAIMS, disclosable=DISCLOSABLE, status_index=3, expires_at=NOW + 30)
    with in_front(chromium, library, tmp_path, short) as (window, wallet):
        requests = asked(window, library)
        wallet.will_share(requests[SIGNED])
        library.counter.clock.forward(91)
        click(window)
        heading(window, "Not accepted")
        shown = window.page.locator("#main").inner_text()
        assert "It is not valid today" in shown
        assert "Mustermann" not in shown


def test_a_wallet_that_says_no_itself_ends_the_question(chromium, library, tmp_path):
    with in_front(chromium, library, tmp_path) as (window, wallet):
        asked(window, library)
        wallet.will_say(SIGNED, {"error": "access_denied"})
        click(window)
        heading(window, "Nothing was shared")


def test_what_is_no_answer_is_said_and_a_fresh_question_is_asked(chromium, library, tmp_path):
    with in_front(chromium, library, tmp_path) as (window, wallet):
        window.expected.append("400 (Bad Request)")
        asked(window, library)
        wallet.will_say(SIGNED, {"response": "e.e.e.e.e"})
        with window.page.expect_response("**/page-request") as response:
            click(window)
        said = "That did not work. You can try it again, or take one of the other ways."
        expect(window.page.locator("[data-page-request] [role=status]")).to_have_text(said)
        window.see("dc-api-failed")
        wallet.will_share(response.value.json()["requests"][0])
        click(window)
        heading(window, "Accepted")


def test_an_answer_for_another_page_is_not_accepted(chromium, library, tmp_path):
    """T167: our wallet was told another origin, as behind a page that passes our unsigned question on."""
    with in_front(chromium, library, tmp_path) as (window, wallet):
        requests = asked(window, library)
        wallet.will_say(UNSIGNED, wallet.answers(requests[UNSIGNED], "https://evil.example"))
        click(window)
        heading(window, "Not accepted")
        window.see("dc-api-refused")
        assert "It was shown for another question" in window.page.locator("#main").inner_text()


def test_the_latest_of_two_tabs_asks_and_the_other_one_says_so(chromium, library, tmp_path):
    """T191"""
    with in_front(chromium, library, tmp_path) as (window, wallet):
        window.expected.append("400 (Bad Request)")
        requests = asked(window, library)
        second = window.context.new_page()
        with second.expect_response("**/page-request"):
            second.goto(window.page.url)
        wallet.will_share(requests[SIGNED])
        with window.page.expect_response("**/page-request") as response:
            click(window)
        expect(window.page.locator("[data-page-request] [role=status]")).to_contain_text("That did not work.")
        wallet.will_share(response.value.json()["requests"][0])
        click(window)
        heading(window, "Accepted")


def test_it_can_be_used_by_keyboard_and_the_focus_stays(chromium, library, tmp_path):
    with in_front(chromium, library, tmp_path) as (window, wallet):
        asked(window, library)
        wallet.will_decline()
        window.page.get_by_role("button", name=FIND).focus()
        window.page.keyboard.press("Enter")
        expect(window.page.locator("[data-page-request] [role=status]")).to_contain_text("Nothing was shared.")
        assert window.page.evaluate("document.activeElement.textContent") == FIND
