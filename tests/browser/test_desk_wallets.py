"""A clerk looks at a document that ended because its wallet was blocked."""

import re
from dataclasses import replace

import pytest
from playwright.sync_api import expect

from issuer.app import SHIPPED_TYPES
from issuer.credential_types import read_types
from issuer.people import read_people
from issuer.policy import CHECK_SECONDS
from protocol.oid4vci.key_attestation import KeyRequirements
from runtime.serve import Listen, running
from tests.support.browser import DESKTOP
from tests.support.issuer import Clock, make_issuer
from tests.support.ports import free_port
from tests.support.tree import ROOT
from tests.support.wallet_provider import WALLET_PLACE, AttestedWallet, WalletProvider

TOWN = ROOT / "hoheit/demo/town/people.csv"


@pytest.fixture
def agency(tmp_path):
    """An office that is open, where Erika's proof of residence is in a wallet that its provider blocked."""
    port = free_port()
    provider = WalletProvider(Clock())
    shipped = read_types(SHIPPED_TYPES)
    attested = replace(shipped["residence"], key_requirements=KeyRequirements(), is_watched=True)
    desk = make_issuer(
        f"sqlite:///{tmp_path / 'issuer.sqlite'}",
        types={"residence": attested},
        identifier=f"http://agency.localhost:{port}",
        clock=provider.clock,
        outside=provider,
        anchors=provider.anchors,
    )
    desk.register.put(read_people(TOWN.read_bytes(), shipped.values()))
    wallet = AttestedWallet(desk, provider=provider)
    wallet.issue_attested(wallet.redeem(desk.offer("residence", subject="erika")), configuration_id="residence")
    provider.entries[WALLET_PLACE] = 1
    desk.clock.move(CHECK_SECONDS)
    assert desk.run(desk.issuer.watch.look()) == 1
    with running(desk.app(), Listen(port=port)):
        yield desk


@pytest.mark.parametrize(
    ("language", "label", "button", "documents", "title", "why", "who"),
    [
        (
            "en",
            "Your sign-in code",
            "Sign in",
            "Documents",
            "Proof of residence",
            "The wallet that holds it was blocked by its provider",
            "Daily check of wallets",
        ),
        (
            "de",
            "Ihr Anmeldecode",
            "Anmelden",
            "Nachweise",
            "Meldebestätigung",
            "Die Wallet, in der er liegt, wurde von ihrem Anbieter gesperrt",
            "Tägliche Prüfung der Wallets",
        ),
    ],
)
def test_a_clerk_sees_why_a_document_ended(chromium, agency, *, language, label, button, documents, title, why, who):
    with chromium.window(size=DESKTOP, language=language) as window:
        page = window.page
        page.goto(f"{agency.issuer.context.identifier}/desk")
        page.get_by_label(label).fill(agency.clerk_code())
        page.get_by_role("button", name=button).click()
        page.get_by_role("link", name=documents, exact=True).click()
        page.get_by_role("main").get_by_role("link", name=title).first.click()
        expect(page.get_by_role("status")).to_have_text(re.compile("revoked|widerrufen"))
        expect(page.get_by_text(why)).to_be_visible()
        expect(page.get_by_text(who)).to_be_visible()
        window.see(f"desk-wallet-{language}")
