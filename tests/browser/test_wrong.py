"""What goes wrong in the demo town, reached by hand from its page about it, with the sentence that the citizen gets."""

import re
import subprocess
import sys
from urllib.parse import urlsplit

import httpx2
import pytest
from playwright.sync_api import expect

from hoheit.demo.places import (
    CAR_RENTAL,
    CITIZEN,
    CITY_OFFICE,
    FORM_SERVICE,
    PRIZE_DRAW,
    VIDEO_SHOP,
)
from hoheit.demo.setting_up import Town
from tests.browser.demo import demo, link_on, passphrase, paste, sign_in
from tests.support.browser import Chromium, Window

__all__ = ["demo"]

LANGUAGES = ("en", "de")
# partner → language → what the wallet says, whether anything is given away, and what can be pressed
ASKING = {
    VIDEO_SHOP: {
        "en": (
            "Videothek Neugier asks for more than they registered for: Date of birth, Nationalities.",
            "So your wallet passes on nothing.",
            ["Close without an answer"],
        ),
        "de": (
            "Videothek Neugier fragt nach mehr, als sie registriert haben: Geburtsdatum, Staatsangehörigkeiten.",
            "Deshalb gibt Ihre Wallet nichts weiter.",
            ["Ohne Antwort schließen"],
        ),
    },
    CAR_RENTAL: {
        "en": (
            "Somebody asks in the name of Autoverleih Flott.",
            "So your wallet passes on nothing.",
            ["Close without an answer"],
        ),
        "de": (
            "Jemand fragt im Namen von Autoverleih Flott.",
            "Deshalb gibt Ihre Wallet nichts weiter.",
            ["Ohne Antwort schließen"],
        ),
    },
    FORM_SERVICE: {
        "en": (
            "Formulardienst Flink asks on behalf of Sportverein Lindenau.",
            "Sportverein Lindenau is registered to ask for: First names, Last name.",
            ["Share", "No, thanks"],
        ),
        "de": (
            "Formulardienst Flink fragt im Auftrag von Sportverein Lindenau.",
            "Sportverein Lindenau ist registriert, um zu fragen nach: Vornamen, Nachname.",
            ["Teilen", "Nein, danke"],
        ),
    },
}


@pytest.fixture(scope="module")
def holder(chromium: Chromium, demo: Town) -> Town:
    """The town, in which Erika has an identity card."""
    with chromium.window() as window:
        enter(window, demo)
        paste(window, demo, invite(demo))
        window.page.get_by_role("button", name="Yes, I want it").click()
        window.page.get_by_role("button", name="Keep it", exact=True).click()
        window.page.get_by_role("heading", name="It is in your wallet now").wait_for()
    return demo


def invite(town: Town) -> str:
    """An invitation of the city office to an identity card."""
    body = {"credential_configuration_ids": ["pid"], "subject": CITIZEN, "tx_code": False}
    headers = {
        "authorization": f"Bearer {town.api_key(CITY_OFFICE)}",
        "host": urlsplit(town.address(CITY_OFFICE)).netloc,
    }
    url = f"http://127.0.0.1:{urlsplit(town.start).port}/api/offers"
    made = httpx2.post(url, json=body, headers=headers, trust_env=False)
    assert made.status_code == 201
    return str(made.json()["uri"])


def enter(window: Window, town: Town) -> None:
    """Erika opens her wallet, whatever language it speaks."""
    window.page.goto(town.wallet_address)
    window.page.locator("[name=passphrase]").fill(passphrase(town))
    window.page.locator("[name=passphrase]").press("Enter")
    window.page.wait_for_url(f"{town.wallet_address}/")


def follow(window: Window, town: Town, address: str) -> None:
    """From the page about what goes wrong to a partner there, and with their question back into the wallet."""
    window.page.goto(f"{town.start}/wrong")
    window.page.locator(f'main a[href="{address}/"]').click()
    window.page.locator("button.option").click()
    window.page.locator(".here button").click()
    window.page.locator(f'a[href^="{town.wallet_address}"]').click()
    go_on(window)


def go_on(window: Window) -> None:
    """Another page led here, so the wallet asks first whether Erika wanted that."""
    window.page.get_by_role("main").get_by_role("button").first.click()


def says(window: Window, *texts: str) -> None:
    """That each sentence stands on the page."""
    for text in texts:
        expect(window.page.get_by_role("main").get_by_text(text).first).to_be_visible()


def test_the_page_about_it_is_for_everybody(chromium, demo):
    for language in LANGUAGES:
        with chromium.window(language=language) as window:
            window.page.goto(demo.start)
            window.page.locator('main a[href="/wrong"]').click()
            window.see(f"wrong-{language}")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("partner", ASKING, ids=lambda partner: partner.id)
def test_who_asks_oddly_is_said_to_do_so(chromium, holder, *, partner, language):
    """T170"""
    sentence, consequence, deeds = ASKING[partner][language]
    with chromium.window(language=language) as window:
        enter(window, holder)
        follow(window, holder, holder.address(partner))
        says(window, sentence, consequence)
        assert window.page.locator(".deeds button").all_inner_texts() == deeds
        window.see(f"wrong-{partner.id}-{language}")


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "Nobody whom you trust vouches for this. Nothing was given away."),
        ("de", "Niemand, dem Sie vertrauen, bürgt dafür. Es wurde nichts weitergegeben."),
    ],
)
def test_who_stands_in_no_register_gets_nothing(chromium, holder, *, language, sentence):
    with chromium.window(language=language) as window:
        window.expected.append("400")
        enter(window, holder)
        follow(window, holder, holder.address(PRIZE_DRAW))
        says(window, sentence)
        window.see(f"wrong-{PRIZE_DRAW.id}-{language}")


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        (
            "en",
            (
                "Fernschule Blitz is not registered to give you: University diploma.",
                "So nothing was asked for, and nothing was given away.",
            ),
        ),
        (
            "de",
            (
                "Fernschule Blitz ist nicht registriert, um Ihnen das zu geben: Hochschulabschluss.",
                "Deshalb wurde nichts angefragt und nichts weitergegeben.",
            ),
        ),
    ],
)
def test_who_may_not_give_it_gives_nothing(chromium, holder, *, language, sentences):
    """T186"""
    with chromium.window(language=language) as window:
        window.expected.append("400")
        enter(window, holder)
        window.page.goto(f"{holder.start}/wrong")
        link = link_on(window)
        window.page.locator(f'a.deed[href^="{holder.wallet_address}"]').click()
        go_on(window)
        says(window, *sentences)
        window.see(f"wrong-college-{language}")
        paste_anyhow(window, holder, link)
        says(window, sentences[0])


def paste_anyhow(window: Window, town: Town, link: str) -> None:
    """Erika pastes what the code on the page says."""
    window.page.goto(f"{town.wallet_address}/add")
    window.page.locator('[name="link"]').fill(link)
    window.page.get_by_role("button", name=re.compile("^(Go on with the link|Weiter mit dem Link)$")).click()


# The last of this town: it is for ever
def test_a_wallet_that_was_blocked_gets_nothing_new(chromium, holder):
    with chromium.window() as window:
        enter(window, holder)
        window.page.goto(f"{holder.start}/wrong")
        window.page.locator(f'a[href="{holder.wallet_address}/settings/vouching"]').click()
        window.page.get_by_role("link", name="Have this wallet blocked").click()
        window.page.get_by_role("button", name="Block it for ever").click()
        says(window, "Nobody vouches for it any more, on no device. You can still see your documents.")
    for language, title, sentence, deed in (
        (
            "en",
            "This wallet is blocked",
            "It was blocked, and offices that ask who vouches for it give it nothing.",
            "Who vouches for this wallet",
        ),
        (
            "de",
            "Diese Wallet ist gesperrt",
            "Sie wurde gesperrt. Behörden, die nach einer Bestätigung fragen, geben ihr nichts mehr.",
            "Wer diese Wallet bestätigt",
        ),
    ):
        with chromium.window(language=language) as window:
            window.expected.append("400")
            enter(window, holder)
            paste_anyhow(window, holder, invite(holder))
            says(window, title)
            window.see(f"wrong-blocked-{language}")
            expect(window.page.get_by_role("alert")).to_contain_text(sentence)
            window.page.get_by_role("link", name=deed).click()
            window.page.wait_for_url(f"{holder.wallet_address}/settings/vouching")
    # What the terminal of the town says
    command = [sys.executable, "-m", "hoheit", "issuer", "check-wallets", "--data", str(holder.data(CITY_OFFICE))]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    assert done.stdout.endswith("Documents that ended with their wallet: 1\n"), done.stderr
    with chromium.window() as window:
        sign_in(window, holder)
        window.page.get_by_role("link", name="Documents", exact=True).click()
        window.page.get_by_role("main").get_by_role("link", name="Identity card").first.click()
        expect(window.page.get_by_role("status")).to_have_text(re.compile("revoked"))
        says(window, "The wallet that holds it was blocked by its provider")
        window.see("wrong-blocked-desk")
