"""What seldom happens to a wallet, as people see it: nobody there, cut off, damaged, locked, too late."""

import time

import pytest

from protocol.errors import Unreachable
from tests.browser.stage import stage
from tests.wallet.counterpart_agency import AGENCY, answer
from tests.wallet.counterparts import dcql
from wallet.web.shelf import AtWork

__all__ = ["stage"]

LOGIN = {"pre_authorized_code": None, "authorization_code": True}


def heading(window, name):
    """Wait for a page."""
    window.page.get_by_role("heading", name=name, level=1).wait_for()


def go_on(window, name):
    window.page.get_by_role("button", name=name).click()


def spoil_list(stage):
    """What another program can do to the list of what happened."""
    stage.served.vault._connection.execute("DELETE FROM records WHERE kind = 'log' AND id = '1'")


def log_in(stage, window):
    """Go to the page of the office; where the wallet waits, and the state with which one comes back."""
    place = stage.paste(window, stage.world.agency.offer(**LOGIN))
    go_on(window, "Yes, I want it")
    window.page.wait_for_url(f"{stage.login}?*")
    return place, stage.thing(place).begun.state


def test_a_login_that_waits_and_one_that_brings_nothing(chromium, stage):
    with chromium.window() as window:
        window.expected.append("404")
        stage.open(window)
        place, state = log_in(stage, window)
        window.page.goto(place)
        heading(window, "The page of the office is open")
        window.see("wallet-login-waiting")
        window.page.goto(f"{stage.url}/callback?error=server_error&state={state}&iss={AGENCY}")
        heading(window, "The office did not let you in")
        window.see("wallet-login-failed")
        go_on(window, "Begin again")
        stage.world.agency.refuse["/token"] = Unreachable("away")
        place, state = log_in(stage, window)
        window.page.goto(f"{stage.url}/callback?code=code-2&state={state}&iss={AGENCY}")
        heading(window, "The office cannot be reached")
        window.see("wallet-login-away")


@pytest.mark.parametrize(
    ("name", "reply", "said"),
    [
        ("away", Unreachable("away"), "The office cannot be reached"),
        ("spent", answer({"error": "invalid_grant"}, 400), "This invitation cannot be used any more"),
        ("no", answer({"error": "invalid_client"}, 400), "The office did not give the document"),
    ],
)
def test_an_office_that_does_not_give_the_document(chromium, stage, name, reply, said):
    with chromium.window() as window:
        window.expected += ["400", "401", "502"]
        stage.open(window)
        stage.world.agency.refuse["/token"] = reply
        stage.take(window)
        heading(window, said)
        window.see(f"wallet-refused-{name}")


def test_what_was_cut_off_is_there_and_goes_on(chromium, stage):
    """T158"""
    with chromium.window() as window:
        stage.open(window)
        stage.world.agency.refuse["/credential"] = Unreachable("away")
        stage.take(window)
        heading(window, "Begun and not finished")
        window.page.get_by_text("The connection to the office broke.").wait_for()
        window.see("wallet-pending-cut")
        window.page.get_by_role("link", name="Forget it").click()
        heading(window, "Forget what was begun?")
        window.see("wallet-pending-forget-one")
        window.page.get_by_role("button", name="Forget it").click()
        heading(window, "It is forgotten")
        window.see("wallet-told-forgotten")


def test_what_is_at_work_says_so_and_goes_on_by_itself(chromium, stage):
    with chromium.window() as window:
        stage.open(window)
        place = stage.paste(window, stage.world.agency.offer())
        stage.world.gate.clear()
        # A click of playwright waits for the next page, which does not come yet
        window.page.get_by_role("button", name="Yes, I want it").evaluate("one => { setTimeout(() => one.click()); }")
        while not isinstance(stage.thing(place), AtWork):
            time.sleep(0.02)
        other = window.context.new_page()
        other.goto(place)
        first, window.page = window.page, other
        heading(window, "One moment, please")
        window.see("wallet-at-work")
        stage.world.gate.set()
        heading(window, "Is everything right?")
        first.get_by_role("heading", name="Is everything right?").wait_for()


def test_what_came_and_is_not_good_was_thrown_away(chromium, stage):
    with chromium.window() as window:
        stage.open(window)
        stage.world.agency.issued_changes["type"] = "urn:other"
        stage.take(window)
        heading(window, "Nothing came that you could keep")
        window.see("wallet-arrived-nothing")


def test_a_damaged_list_is_told_and_stops_sharing_until_there_is_a_new_one(chromium, stage):
    """T215"""
    with chromium.window() as window:
        page = window.page
        stage.open(window)
        stage.receive(window)
        spoil_list(stage)
        page.goto(f"{stage.url}/activity")
        heading(window, "Your activity is damaged")
        window.see("wallet-activity-damaged")
        stage.paste(window, stage.world.partner.link())
        page.get_by_text("You cannot share anything right now").wait_for()
        assert page.get_by_role("button", name="Share").count() == 0
        window.see("wallet-consent-damaged-list")
        go_on(window, "Begin a new list")
        go_on(window, "Share")
        heading(window, "Shared")


def test_an_answer_that_perhaps_did_not_arrive(chromium, stage):
    with chromium.window() as window:
        stage.open(window)
        stage.receive(window)
        stage.world.partner.reply = Unreachable("away")
        stage.paste(window, stage.world.partner.link())
        go_on(window, "Share")
        heading(window, "Sent, but perhaps not arrived")
        window.see("wallet-shared-perhaps")


def test_a_question_that_was_answered_before_says_so(chromium, stage):
    """T175"""
    with chromium.window() as window:
        window.expected.append("404")
        stage.open(window)
        stage.receive(window)
        place = stage.paste(window, stage.world.partner.link())
        go_on(window, "Share")
        heading(window, "Shared")
        stage.paste(window, stage.world.partner.link())
        window.page.get_by_text("You answered this very request before.").wait_for()
        window.see("wallet-consent-repeated")
        window.page.goto(f"{place}x")
        heading(window, "This page is not good any more")
        window.see("wallet-gone")


def test_among_several_documents_people_choose_for_themselves(chromium, stage):
    with chromium.window() as window:
        window.expected.append("400")
        stage.open(window)
        stage.receive(window)
        stage.receive(window)
        stage.world.partner.query = {"credentials": [dcql(("nationalities", None), ("birthdate",))]}
        stage.paste(window, stage.world.partner.link())
        window.page.get_by_role("button", name="Share").wait_for()
        assert window.page.locator("input:checked").count() == 0
        window.see("wallet-consent-several")
        window.page.get_by_role("link", name="Deutsch").click()
        window.page.get_by_role("button", name="Teilen").wait_for()
        assert "Deutschland (DE)" in window.page.locator("#main").inner_text()
        assert "7. März 1990" in window.page.locator("#main").inner_text()
        window.shoot("wallet-consent-several-german")
        window.page.get_by_role("link", name="English").click()
        go_on(window, "Share")
        window.page.get_by_text("Something is still open").wait_for()
        window.see("wallet-consent-open")


def test_nobody_there_can_be_tried_again(chromium, stage):
    with chromium.window() as window:
        window.expected.append("502")
        stage.open(window)
        stage.world.agency.refuse["/.well-known/openid-credential-issuer"] = Unreachable("away")
        stage.paste(window, stage.world.agency.offer())
        heading(window, "No connection")
        window.see("wallet-add-away")


def test_a_wallet_that_is_damaged_stays_closed(chromium, stage):
    with chromium.window() as window:
        window.expected.append("500")
        stage.served.settings.vault.with_suffix(".seen").unlink()
        window.page.goto(stage.url)
        window.page.get_by_label("Passphrase").fill("correct horse battery")
        go_on(window, "Open")
        heading(window, "The wallet is damaged")
        window.see("wallet-damaged")


def test_a_wallet_that_another_program_has_open_says_so(chromium, stage):
    with chromium.window() as window:
        window.expected += ["409", "404"]
        opened = stage.served.door.opener.open("correct horse battery")
        window.page.goto(stage.url)
        window.page.get_by_label("Passphrase").fill("correct horse battery")
        go_on(window, "Open")
        heading(window, "This did not work")
        window.see("wallet-wrong")
        opened.close()
        stage.open(window)
        window.page.goto(f"{stage.url}/cards/none")
        heading(window, "This is not here")
        window.see("wallet-not-there")


def test_a_page_that_calls_a_wallet_that_is_not_there(chromium, stage):
    with chromium.window() as window:
        stage.served.settings.vault.unlink()
        window.page.goto(f"{stage.url}/credential-offer?credential_offer_uri=https%3A%2F%2Foffice.example%2Foffer")
        window.page.get_by_text("You have no wallet here yet.").wait_for()
        window.see("wallet-from-page-new")
        window.expected.append("400")
        window.page.get_by_role("link", name="Make your wallet").click()
        window.page.get_by_label("Passphrase").fill("qwertzuiop")
        window.page.get_by_label("The same again").fill("qwertzuiop")
        go_on(window, "Make my wallet")
        window.page.get_by_role("alert").wait_for()
        window.see("wallet-create-weak")


@pytest.mark.parametrize(
    ("name", "path", "said"),
    [
        ("scan", "/.well-known/openid-credential-issuer", "scan the code again"),
        ("spent", "/token", "ask for a new one"),
        ("waits", "/credential", "But nothing is lost"),
        ("kept", "/notification", "The document is in your wallet."),
        ("shared", "/response", "Your data was sent before that."),
    ],
)
def test_a_wallet_that_is_locked_meanwhile_says_what_became_of_it(chromium, stage, name, path, said):
    with chromium.window() as window:
        page = window.page
        window.expected.append("401")
        stage.open(window)
        if name == "shared":
            stage.receive(window)
            stage.paste(window, stage.world.partner.link())
            stage.lock_during(stage.world.partner, path)
            go_on(window, "Share")
        else:
            stage.lock_during(stage.world.agency, path)
            stage.paste(window, stage.world.agency.offer())
            if name != "scan":
                go_on(window, "Yes, I want it")
            if name == "kept":
                page.get_by_role("button", name="Keep it", exact=True).click()
        heading(window, "Your wallet was locked meanwhile")
        assert said in page.locator("#main").inner_text()
        window.see(f"wallet-locked-{name}")
        page.get_by_role("link", name="Open your wallet").click()
        heading(window, "Open your wallet")


def test_a_form_that_was_on_the_screen_before_the_lock_does_nothing(chromium, stage):
    with chromium.window() as window:
        page = window.page
        window.expected.append("401")
        stage.open(window)
        stage.receive(window)
        page.locator(".pass a").click()
        page.get_by_role("link", name="Delete this document").click()
        stage.served.door.close()
        page.get_by_role("button", name="Delete for ever").click()
        heading(window, "Your wallet was locked meanwhile")
        window.see("wallet-locked-not-done")
