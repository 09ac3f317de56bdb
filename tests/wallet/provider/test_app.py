"""What an operator sets is what a provider says, and where it keeps what it has to remember."""

from dataclasses import astuple

import pytest

from runtime import system
from runtime.conversation import begin
from runtime.driver import drive
from runtime.http import NoSender
from tests.support.pki import DAY, NOW, seeded
from wallet.provider.app import KEYS_STATEMENT, WALLET_STATEMENT, open_provider, open_store
from wallet.provider.config import ProviderSettings
from wallet.provider.installation import ENDED, NewProvider, set_up_provider
from wallet.provider.session import block_unknown

URL = "https://wallets.example"
NAMES = (("de", "Brieftaschen"), ("en", "Wallets"))


@pytest.fixture
def data(tmp_path, monkeypatch):
    """A provider that was set up."""
    monkeypatch.setenv("HOHEIT_ENV", "test")
    folder = tmp_path / "provider"
    set_up_provider(NewProvider(folder, URL, NAMES), now=system.now(), random_bytes=seeded(NOW))
    return folder


def solution(data):
    settings = ProviderSettings.read(data)
    store = open_store(settings)
    try:
        return astuple(open_provider(settings, store).context.solution)
    finally:
        store.database.dispose()


def test_without_settings_a_provider_names_its_own_address_and_its_own_honest_pages(data):
    assert solution(data)[:4] == ("Hoheit", URL, f"{URL}/{WALLET_STATEMENT}", f"{URL}/{KEYS_STATEMENT}")


def test_what_is_set_about_the_wallets_is_what_is_said_of_them(data, monkeypatch):
    said = {
        "WALLET_NAME": "Brieftasche",
        "CLIENT_ID": "https://wallet.example",
        "WALLET_CERTIFICATION": "https://certifier.example/wallet",
        "KEY_CERTIFICATION": "https://certifier.example/keys",
        "KEY_STORAGE": "iso_18045_high",
        "USER_AUTHENTICATION": "iso_18045_moderate",
    }
    for name, value in said.items():
        monkeypatch.setenv(f"HOHEIT_PROVIDER_{name}", value)
    assert solution(data) == tuple(said.values())


@pytest.mark.parametrize("elsewhere", [False, True], ids=["in the data folder", "where it is set"])
def test_the_list_of_what_was_blocked_stands_where_it_shall(data, tmp_path, monkeypatch, elsewhere):
    """Elsewhere, it outlives the disk of the database."""
    own, other = data / ENDED, tmp_path / "elsewhere"
    if elsewhere:
        monkeypatch.setenv("HOHEIT_PROVIDER_ENDED", str(other))
    store = open_store(ProviderSettings.read(data))
    drive(begin(block_unknown("unit", "clerk", system.now()), system.now() + DAY), store, NoSender())
    store.database.dispose()
    assert (own.exists(), other.exists()) == (not elsewhere, elsewhere)
