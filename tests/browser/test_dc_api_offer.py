"""An office hands its invitation to the browser (Digital Credentials API), in Chromium with its virtual wallet."""

from dataclasses import replace

import pytest
from playwright.sync_api import expect

from protocol.oid4vci.notification import ACCEPTED
from protocol.oid4vci.offer import CredentialOffer
from runtime.serve import Listen, running
from tests.browser.page_wallet import VirtualWallet
from tests.support.issuer import TestWallet, make_issuer
from tests.support.ports import free_port

FIND = "Let my browser find it"


@pytest.fixture
def agency(tmp_path):
    """An office that is open."""
    port = free_port()
    desk = make_issuer(f"sqlite:///{tmp_path}/issuer.sqlite", identifier=f"http://agency.localhost:{port}")
    with running(desk.app(), Listen(port=port)):
        yield desk


def ready(window, made):
    """The page of an invitation, once its button is there."""
    window.page.goto(made.page)
    window.page.get_by_role("button", name=FIND).wait_for()


def test_the_browser_s_wallet_gets_the_invitation_and_the_page_follows_what_it_does(chromium, agency):
    made = agency.offer()
    with chromium.window() as window:
        virtual = VirtualWallet(window)
        ready(window, made)
        window.see("dc-api-offer")
        virtual.will_say("openid4vci-v1", {})
        window.page.get_by_role("button", name=FIND).click()
        window.page.wait_for_function("() => window.handedOver")
        [request] = virtual.handed_over()["digital"]["requests"]
        assert request["protocol"] == "openid4vci-v1"
        offer = CredentialOffer.from_dict(request["data"])
        assert offer == made.offer
        wallet = TestWallet(agency)
        tokens = wallet.redeem(replace(made, offer=offer))
        expect(window.page.get_by_role("heading", level=1)).to_have_text("Your wallet is getting the document")
        issued = wallet.issue(tokens, made.offer.credential_configuration_ids[0])
        wallet.notify(tokens, issued.notification_id or "", ACCEPTED)
        expect(window.page.get_by_role("heading", level=1)).to_have_text("Done: the document is in your wallet")


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_no_leaves_code_and_link_and_a_plain_sentence(chromium, agency, language):
    find, said = {
        "en": (FIND, "Your wallet did not take it. You can try it again, or take one of the other ways."),
        "de": (
            "Vom Browser finden lassen",
            "Ihre Wallet hat ihn nicht genommen. Sie können es noch einmal versuchen oder einen der anderen Wege nehmen.",
        ),
    }[language]
    with chromium.window(language=language) as window:
        virtual = VirtualWallet(window)
        window.page.goto(agency.offer().page)
        virtual.will_decline()
        window.page.get_by_role("button", name=find).click()
        expect(window.page.locator("[data-offer] [role=status]")).to_have_text(said)
        window.see(f"dc-api-offer-declined-{language}")
        assert window.page.locator("img.qr").is_visible()
        assert window.page.locator("a[href^='openid-credential-offer:']").is_visible()


def test_a_browser_that_cannot_shows_code_and_link_alone(chromium, agency):
    with chromium.window() as window:
        window.context.add_init_script("delete window.DigitalCredential")
        window.page.goto(agency.offer().page)
        window.page.locator("img.qr").wait_for()
        # The page holds a stream open, so that the network is never idle: the script has run once its module was loaded
        window.page.wait_for_function("() => performance.getEntriesByName(`${origin}/static/wallets.js`).length")
        assert not window.page.get_by_role("button", name=FIND).is_visible()
        assert window.page.locator("a[href^='openid-credential-offer:']").is_visible()
