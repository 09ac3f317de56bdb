"""Who vouches for a wallet, as people see it: nobody, somebody, blocked; and an office that insists."""

import pytest

from runtime.serve import Listen, running
from tests.browser.stage import PatientWorld, Stage
from tests.support.ports import free_port
from tests.support.provider import PROVIDER, make_provider
from tests.wallet.vetting import VettingAgency
from tests.wallet.web.visitor import Served


def heading(window, name):
    """Wait for a page."""
    window.page.get_by_role("heading", name=name, level=1).wait_for()


@pytest.fixture
def office(tmp_path):
    """A provider that wants a code."""
    made = make_provider(f"sqlite:///{tmp_path}/provider.db")
    yield made
    made.close()


class StrictStage(Stage):
    """An agency that insists on an attested wallet, and a provider."""

    def __init__(self, folder, url, office, provider_url):
        self.url = url
        agency = VettingAgency(providers=office.pki.anchors)
        self.world = PatientWorld(None, agency, more={PROVIDER: office})
        self.served = Served(folder, self.world, url, provider_url=provider_url)
        self.served.create()


@pytest.fixture
def open_stage(tmp_path, monkeypatch, office):
    """A stage with a provider, or with none."""
    monkeypatch.setenv("HOHEIT_ENV", "test")
    servers = []

    def opened(provider_url=PROVIDER):
        port = free_port()
        stage = StrictStage(tmp_path / "wallet", f"http://localhost:{port}", office, provider_url)
        server = running(stage.served.switch, Listen(port=port))
        server.__enter__()
        servers.append(server)
        return stage

    yield opened
    for server in servers:
        server.__exit__(None, None, None)


def test_a_wallet_that_nobody_vouches_for(chromium, open_stage):
    stage = open_stage("")
    with chromium.window() as window:
        window.expected.append("400")
        stage.open(window)
        window.page.goto(f"{stage.url}/settings/vouching")
        heading(window, "Who vouches for this wallet")
        window.see("wallet-vouching-nobody")
        stage.paste(window, stage.world.agency.offer())
        heading(window, "Nobody vouches for this wallet")
        window.see("wallet-vouching-needed")


def test_from_a_code_to_a_wallet_that_is_blocked(chromium, open_stage, office):
    stage = open_stage()
    code = office.run(office.provider.invite("order 4711"))
    with chromium.window() as window:
        window.expected.append("400")
        stage.open(window)
        stage.take(window)
        heading(window, "Nobody vouches for this wallet")
        window.see("wallet-vouching-code-needed")
        window.page.get_by_role("link", name="Who vouches for this wallet").click()
        heading(window, "Who vouches for this wallet")
        window.page.get_by_label("Code, if you got one").fill("ABCDE-12345")
        window.page.get_by_role("button", name="Have it confirmed").click()
        window.page.get_by_role("alert").wait_for()
        window.see("wallet-vouching-code")
        window.page.get_by_label("Code, if you got one").fill(code)
        window.page.get_by_role("button", name="Have it confirmed").click()
        heading(window, "Your wallet is confirmed")
        stage.receive(window)
        window.page.goto(f"{stage.url}/settings")
        window.page.get_by_text("Your wallet is confirmed by Wallets Ltd").wait_for()
        window.see("wallet-settings-vouched")
        window.page.get_by_role("link", name="More about it").click()
        heading(window, "Who vouches for this wallet")
        window.see("wallet-vouching")
        window.page.get_by_role("link", name="Have this wallet blocked").click()
        heading(window, "Have this wallet blocked?")
        window.see("wallet-lost")
        window.page.get_by_role("button", name="Block it for ever").click()
        heading(window, "This wallet is blocked")
        window.see("wallet-lost-done")
        window.page.goto(f"{stage.url}/settings/vouching")
        window.page.get_by_text("What this means").wait_for()
        window.see("wallet-vouching-blocked")
        stage.paste(window, stage.world.agency.offer())
        heading(window, "This wallet is blocked")
