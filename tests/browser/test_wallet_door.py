"""A wallet is made, opened and closed in a browser."""

import pytest
from playwright.sync_api import expect

from tests.browser.served import PASSPHRASE, served_wallet


@pytest.fixture
def wallet(tmp_path, monkeypatch):
    monkeypatch.setenv("HOHEIT_ENV", "test")
    with served_wallet(tmp_path / "wallet") as served:
        yield served


def test_a_new_user_makes_a_wallet_and_finds_it_closed_the_next_day(chromium, wallet):
    with chromium.window() as window:
        window.page.goto(wallet.url)
        window.see("wallet-create")
        wallet.make(window)
        window.see("wallet-empty")
        window.page.get_by_role("button", name="Lock").click()
        window.see("wallet-unlock")
        wallet.unlock(window)
        expect(window.page.get_by_role("heading", level=1)).to_have_text("Documents")


def test_a_wrong_passphrase_opens_nothing_and_soon_takes_time(chromium, wallet):
    """T217"""
    with chromium.window() as window:
        window.expected.append("401")
        wallet.make(window)
        window.page.get_by_role("button", name="Lock").click()
        alert, said = window.page.get_by_role("alert"), [""]
        # After the third the wallet waits, and each doubles it: soon it is longer than the way from one try to the next
        while "Please try again in" not in said[-1]:
            assert len(said) < 9
            window.page.get_by_label("Passphrase").fill(PASSPHRASE + "!")
            window.page.get_by_role("button", name="Open", exact=True).click()
            expect(alert).to_contain_text("Please try again")
            said.append(alert.inner_text())
        assert len(said) > 4
        window.see("wallet-unlock-wait")
        window.page.goto(wallet.url)
        assert "/unlock" in window.page.url


def test_another_browser_sees_nothing(chromium, wallet):
    """T236"""
    with chromium.window() as window, chromium.window() as other:
        wallet.make(window)
        other.page.goto(wallet.url)
        assert "/unlock" in other.page.url
        wallet.unlock(other)
        window.page.reload()
        assert "/unlock" in window.page.url
