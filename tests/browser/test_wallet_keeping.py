"""What is held: people look at it, reveal it, check it, delete it, read what happened, and walk away from the screen."""

import base64
import io

import pytest
from PIL import Image
from playwright.sync_api import expect

from protocol.encoding import encode_json
from protocol.oid4vci.metadata import ClaimDescription, CredentialConfiguration, Display
from protocol.oid4vci.offer import CredentialOffer
from runtime import system
from runtime.anchors import write_anchor
from tests.browser.served import PASSPHRASE, served_wallet
from tests.support.pki import make_pki
from tests.wallet.counterpart_agency import CLAIMS, DESCRIPTIONS, VCT
from tests.wallet.counterparts import QUICK, held
from wallet.app import create_wallet, open_wallet
from wallet.policy.showing import PartyShown
from wallet.records import LoggedCredential, PendingIssuance
from wallet.service.context import entry_of

DAY = 86_400
LIBRARY = PartyShown("City library", "library.example", "x509_hash:library", "The register")
AGENCY = PartyShown("City of Köln", "agency.example", "https://agency.example", "The ministry")
LOGO = "data:image/svg+xml;base64," + base64.b64encode(
    b"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 10 10'><path fill='#7a1f3d' d='M5 0 10 10H0z'/></svg>"
).decode("ascii")
LOCK_AFTER = 10  # seconds


def portrait():
    """A small photograph, as a claim has it."""
    data = io.BytesIO()
    Image.new("RGB", (60, 80), (120, 150, 190)).save(data, "JPEG")
    return "data:image/jpeg;base64," + base64.b64encode(data.getvalue()).decode("ascii")


def document(record_id, name, ground, *, logo=None, claims=CLAIMS, **changes):
    """A document in its office's colours."""
    display = (Display(name, "en", logo=logo, background_color=ground),)
    described = (*DESCRIPTIONS, ClaimDescription(("portrait",), (Display("Photograph", "en"),)))
    configuration = CredentialConfiguration("dc+sd-jwt", changes.get("type", VCT), display=display, claims=described)
    members = {
        "configuration": encode_json(configuration.to_dict()).decode(),
        "claims": encode_json(claims).decode(),
        "received_at": system.now() - 60 * DAY,
        "expires_at": system.now() + 400 * DAY,
    }
    return held(record_id, name=name, **{**members, **changes})


def fill(settings):
    """Put documents into a wallet, and what happened with them."""
    now = system.now()
    create_wallet(settings, PASSPHRASE, QUICK)
    with open_wallet(settings, PASSPHRASE) as opened:
        vault = opened.vault
        personal = {**CLAIMS, "portrait": portrait()}
        vault.write(
            put=[
                document("a1", "Personal ID", "#1b4f72", logo=LOGO, claims=personal, copies=3, used=1),
                document("a2", "Library card", "#f2c14e", type="library", expires_at=now + 5 * DAY),
                document("a3", "Student card", "#2e5339", type="student", expires_at=now - DAY),
                document("a4", "Parking permit", "#7a1f3d", type="parking", status="suspended", status_checked_at=now),
                document("a5", "Fishing licence", "#4a4e69", type="fishing", status="invalid", status_checked_at=now),
                document("a6", "Residence", "#3d4f60", type="residence", can_be_taken_back=True),
            ],
        )
        shown = (LoggedCredential("Personal ID", VCT, ('["given_name"]', '["birthdate"]')),)
        for action, party, outcome, credentials in (
            ("received", AGENCY, "done", shown),
            ("sharing", LIBRARY, "begun", shown),
            ("declined", LIBRARY, "refused", ()),
            ("failed", LIBRARY, "the request was signed by somebody else", ()),
        ):
            vault.write(note=entry_of(now - 3600, action, party, outcome, credentials))


@pytest.fixture
def wallet(tmp_path, monkeypatch):
    """A wallet with documents in it, closed."""
    monkeypatch.setenv("HOHEIT_ENV", "test")
    with served_wallet(tmp_path / "wallet", auto_lock_seconds=3600) as served:
        fill(served.settings)
        yield served


@pytest.fixture
def quick_to_lock(tmp_path, monkeypatch):
    """The same; it locks itself very soon."""
    monkeypatch.setenv("HOHEIT_ENV", "test")
    with served_wallet(tmp_path / "wallet", auto_lock_seconds=LOCK_AFTER) as served:
        fill(served.settings)
        yield served


def spoil(settings):
    """Leave something damaged and something unfinished in a wallet, and somebody to trust beside it."""
    authority = make_pki()
    write_anchor(settings.anchors_folder, "authority.pem", authority.root.pem, role=authority.role, name="The ministry")
    offer = CredentialOffer(AGENCY.identifier, ("pid",), pre_authorized_code="code")
    tokens = encode_json({"access_token": "token", "token_type": "DPoP"}).decode()
    begun = PendingIssuance("b1", encode_json(offer.to_dict()).decode(), tokens, "11" * 32, "", (), system.now() - DAY)
    with open_wallet(settings, PASSPHRASE) as opened:
        opened.vault.write(put=[begun])
        opened.vault._connection.execute("UPDATE records SET sealed = x'00' WHERE id = 'a4'")


def open_at(window, wallet, path=""):
    """Unlock the wallet by hand, on the way to a page."""
    window.page.goto(wallet.url + path)
    wallet.unlock(window)
    window.page.wait_for_url(wallet.url + (path or "/"))
    return window.page


def test_cards_are_seen_in_colour_and_their_state_in_words(chromium, wallet):
    with chromium.window() as window:
        page = open_at(window, wallet)
        assert page.locator(".pass-state").all_inner_texts() == [
            "Valid", "Expires soon", "Expired", "Suspended", "Taken back", "Not checked lately",
        ]  # fmt: skip
        first = page.locator(".pass").first
        assert first.evaluate("node => getComputedStyle(node).backgroundColor") == "rgb(27, 79, 114)"
        assert page.locator(".pass-logo").first.evaluate("image => image.naturalWidth") > 0
        window.see("wallet-cards")
        page.get_by_role("button", name="Check now").click()
        page.get_by_text("This could not be checked now.").wait_for()
        window.see("wallet-checked")


def test_what_is_damaged_or_unfinished_can_be_cleared_away(chromium, wallet):
    spoil(wallet.settings)
    with chromium.window() as window:
        page = open_at(window, wallet)
        assert page.locator(".pass").count() == 5
        page.get_by_role("heading", name="Begun and not finished").wait_for()
        window.see("wallet-cards-unfinished")
        page.get_by_role("link", name="Delete what is left of it").click()
        page.get_by_role("button", name="Delete for ever").click()
        page.get_by_role("heading", name="It is deleted").wait_for()
        page.get_by_role("link", name="To my documents").click()
        page.get_by_role("link", name="Forget it").click()
        window.see("wallet-pending-forget")
        page.get_by_role("button", name="Forget it").click()
        page.get_by_role("link", name="To my documents").click()
        page.wait_for_url(f"{wallet.url}/")
        assert page.get_by_role("heading", name="Damaged").count() == 0
        assert page.get_by_text("is still to come").count() == 0
        page.get_by_role("link", name="Settings").click()
        page.get_by_text("The ministry").wait_for()
        window.see("wallet-settings-trust")


def test_data_is_revealed_by_the_keyboard_line_by_line_or_all_at_once(chromium, wallet):
    with chromium.window() as window:
        page = open_at(window, wallet)
        page.get_by_role("link", name="Personal ID").focus()
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="Personal ID", level=1).wait_for()
        assert not page.get_by_text("Mustermann").is_visible()
        window.see("wallet-card")
        page.locator("summary", has_text="Family name").focus()
        page.keyboard.press("Enter")
        assert page.get_by_text("Mustermann").is_visible()
        assert not page.get_by_text("Erika").is_visible()
        page.keyboard.press("Enter")
        assert not page.get_by_text("Mustermann").is_visible()
        page.get_by_role("button", name="Show everything").click()
        assert page.get_by_text("Erika").is_visible()
        assert page.get_by_role("img", name="Picture").is_visible()
        window.see("wallet-card-open")


def test_data_is_revealed_without_scripts_too(chromium, wallet):
    with chromium.window(scripts=False) as window:
        page = open_at(window, wallet, "/cards/a1")
        assert not page.get_by_text("Mustermann").is_visible()
        page.get_by_text("Family name").click()
        assert page.get_by_text("Mustermann").is_visible()


def test_a_document_is_deleted_after_a_question(chromium, wallet):
    """T228"""
    with chromium.window() as window:
        window.expected.append("404")
        page = open_at(window, wallet, "/cards/a2")
        page.get_by_role("link", name="Delete this document").click()
        page.get_by_role("heading", name="Delete Library card?").wait_for()
        window.see("wallet-card-delete")
        page.get_by_role("link", name="Keep it").click()
        page.get_by_role("link", name="Delete this document").click()
        page.get_by_role("button", name="Delete for ever").click()
        page.get_by_role("heading", name="Library card is deleted.").wait_for()
        window.see("wallet-told")
        page.go_back()
        page.get_by_text("This is not here").wait_for()
        page.goto(wallet.url)
        assert page.get_by_role("link", name="Library card").count() == 0
        assert page.locator(".pass").count() == 5


def test_what_happened_is_read_by_party_and_deleted(chromium, wallet):
    """T263"""
    with chromium.window() as window:
        page = open_at(window, wallet, "/activity")
        page.get_by_text("You showed Personal ID to City library.").wait_for()
        assert page.get_by_text("Given name, Date of birth").count() == 2
        window.see("wallet-activity")
        page.get_by_text("Search and choose").click()
        page.get_by_label("Office or partner").select_option(label="City of Köln (1)")
        page.get_by_role("button", name="Show", exact=True).click()
        page.get_by_text("1 line found").wait_for()
        assert page.locator("main ol > li").count() == 1
        window.see("wallet-activity-found")
        page.get_by_role("link", name="See everything").click()
        page.get_by_role("link", name="Delete the list").click()
        window.see("wallet-activity-delete")
        page.get_by_role("button", name="Delete the list").click()
        page.get_by_role("heading", name="Your activity is deleted").wait_for()
        page.get_by_role("link", name="Activity").click()
        expect(page.locator("main ol > li")).to_have_count(1)


def test_the_passphrase_is_changed(chromium, wallet):
    new = "other words for this one"
    with chromium.window() as window:
        window.expected += ["400", "401"]
        page = open_at(window, wallet, "/settings")
        window.see("wallet-settings")
        for typed, problem in (("qwertzuiopasdfgh", "easy to guess"), (new, "")):
            page.get_by_label("Old passphrase").fill(PASSPHRASE)
            page.get_by_label("New passphrase").fill(typed)
            page.get_by_label("The new one again").fill(typed)
            page.get_by_role("button", name="Change the passphrase").click()
            if problem:
                page.get_by_role("alert").filter(has_text=problem).wait_for()
                window.see("wallet-settings-weak")
        page.get_by_role("heading", name="Your passphrase is changed").wait_for()
        page.get_by_role("button", name="Lock", exact=True).click()
        page.get_by_label("Passphrase").fill(PASSPHRASE)
        page.get_by_role("button", name="Open", exact=True).click()
        page.get_by_text("This passphrase does not open the wallet.").wait_for()
        page.get_by_label("Passphrase").fill(new)
        page.get_by_role("button", name="Open", exact=True).click()
        page.get_by_role("heading", name="Documents").wait_for()


def test_a_page_that_nobody_touches_leaves_the_screen_and_comes_back_after_unlocking(chromium, quick_to_lock):
    with chromium.window() as window:
        page = open_at(window, quick_to_lock, "/cards/a1")
        page.get_by_text("Family name").click()
        page.wait_for_url("**/unlock?to=/cards/a1", timeout=3000 * LOCK_AFTER)
        assert page.get_by_text("Mustermann").count() == 0
        quick_to_lock.unlock(window)
        page.get_by_role("heading", name="Personal ID", level=1).wait_for()


def test_a_wallet_that_cannot_be_reached_hides_what_it_showed_until_it_can(chromium, wallet):
    with chromium.window() as window:
        window.expected += ["net::ERR_INTERNET_DISCONNECTED"]
        page = open_at(window, wallet, "/cards/a1")
        heading, note = page.locator("#main h1"), page.get_by_text("cannot be reached right now")
        window.context.set_offline(True)
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        note.wait_for()
        assert not heading.is_visible()
        window.axe()
        window.shoot("wallet-away-phone-light")
        window.context.set_offline(False)
        heading.wait_for()
        assert not note.is_visible()


def test_a_page_leaves_the_screen_without_scripts_too(chromium, quick_to_lock):
    with chromium.window(scripts=False) as window:
        page = open_at(window, quick_to_lock, "/cards/a1")
        page.wait_for_url("**/unlock", timeout=3000 * LOCK_AFTER)
        assert page.get_by_text("Mustermann").count() == 0


def test_another_window_keeps_the_wallet_open_and_locks_it_for_both(chromium, quick_to_lock):
    with chromium.window() as window:
        page = open_at(window, quick_to_lock, "/cards/a1")
        other = window.context.new_page()
        for _ in range(3):
            other.goto(quick_to_lock.url)
            other.wait_for_timeout(1000 * LOCK_AFTER / 2)
        assert page.get_by_role("heading", name="Personal ID", level=1).is_visible()
        other.get_by_role("button", name="Lock", exact=True).click()
        page.wait_for_url("**/unlock?to=/cards/a1", timeout=2000 * LOCK_AFTER)


def test_the_back_button_shows_nothing_after_locking(chromium, wallet):
    with chromium.window() as window:
        page = open_at(window, wallet)
        page.get_by_role("link", name="Personal ID").click()
        page.get_by_role("button", name="Show everything").click()
        page.get_by_role("button", name="Lock", exact=True).click()
        page.get_by_role("heading", name="Open your wallet").wait_for()
        page.go_back()
        page.get_by_role("heading", name="Open your wallet").wait_for()
        assert page.get_by_text("Mustermann").count() == 0


def test_it_speaks_german(chromium, wallet):
    with chromium.window(language="de") as window:
        page = window.page
        page.goto(wallet.url)
        page.get_by_label("Passwort").fill(PASSPHRASE)
        page.get_by_role("button", name="Öffnen").click()
        page.get_by_role("heading", name="Nachweise", level=1).wait_for()
        window.shoot("wallet-cards-german")
        page.get_by_role("link", name="Personal ID").click()
        page.get_by_role("button", name="Alles anzeigen").wait_for()
        window.shoot("wallet-card-german")
        page.get_by_role("link", name="Einstellungen").click()
        window.axe()
        window.shoot("wallet-settings-german")
