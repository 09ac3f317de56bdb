"""A once-only service from beginning to end: shown from the wallet, one new field, sent, decided, seen by the citizen."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import expect

from capabilities.accounts.service import new_clerk_code
from runtime import system
from tests.browser.served import ServedWallet, served_wallet
from tests.browser.town import BrowserTown
from tests.flows.parties import serving
from tests.support.browser import Window
from tests.support.ports import free_port
from verifier.app import open_store
from verifier.config import VerifierSettings

SERVICE = """
name = { de = "Kindergeld", en = "Child benefit" }
summary = { de = "Geld für jedes Kind, jeden Monat.", en = "Money for each child, every month." }
life_events = ["birth"]
purpose = { de = "Wir prüfen Ihren Antrag und zahlen aus.", en = "We check your application and pay." }
legal_basis = "GDPR Art. 6 (1) e"
privacy_policy = "https://family.example/privacy"
retention_days = 365
recipients = [{ name = "Bundeskasse", identifier = "NTRDE-HRB 1", purpose = { de = "Auszahlung", en = "Payment" } }]

[provider]
identifier = "NTRDE-HRB 4711"
country = "DE"
name = "Familienkasse Lindenau"

[[needs]]
id = "pid"
name = { de = "Personalausweis", en = "Identity card" }
vct = "urn:eudi:pid:1"
correct_at = "https://residents.example/correct"

[[fields]]
name = "family_name"
title = { de = "Familienname", en = "Family name" }
type = "string"
from = [{ document = "pid", path = ["family_name"] }]

[[fields]]
name = "birth_date"
title = { de = "Geburtsdatum", en = "Date of birth" }
type = "string"
format = "date"
from = [{ document = "pid", path = ["birthdate"] }]

[[fields]]
name = "iban"
title = { de = "IBAN", en = "IBAN" }
description = { de = "Wohin wir zahlen sollen.", en = "Where we shall pay to." }
type = "string"
minLength = 15
maxLength = 34

[outcome]
answer_days = 14
"""
HAND = """
name = { de = "Marktstand", en = "Market stall" }
summary = { de = "Einen Platz auf dem Wochenmarkt.", en = "A place on the weekly market." }
purpose = { de = "Wir vergeben die Plätze.", en = "We give out the places." }
legal_basis = "GDPR Art. 6 (1) e"
privacy_policy = "https://market.example/privacy"
retention_days = 30

[provider]
identifier = "NTRDE-HRB 4711"
country = "DE"
name = "Marktamt Lindenau"

[[fields]]
name = "goods"
title = { de = "Was verkaufen Sie?", en = "What do you sell?" }
type = "string"
maxLength = 1000

[[fields]]
name = "power"
title = { de = "Brauchen Sie Strom?", en = "Do you need power?" }
type = "boolean"

[[fields]]
name = "day"
title = { de = "Ab wann?", en = "From which day on?" }
type = "string"
format = "date"

[[fields]]
name = "metres"
title = { de = "Wie viele Meter?", en = "How many metres?" }
type = "integer"
minimum = 1
maximum = 10

[[fields]]
name = "place"
title = { de = "Wo am liebsten?", en = "Where would you like to stand?" }
type = "string"
optional = true
oneOf = [
  { const = "north", title = { de = "Im Norden", en = "In the north" } },
  { const = "south", title = { de = "Im Süden", en = "In the south" } },
]
"""
IBAN = "DE02120300000000202051"
EVIL = "<script>document.title='owned'</script>"


@dataclass(frozen=True, slots=True)
class Office:
    """The town, an agency's service, and the code of a clerk."""

    town: BrowserTown
    code: str

    @property
    def address(self) -> str:
        """Where the agency is."""
        return self.town.services.verifier.address

    @property
    def wallet(self) -> ServedWallet:
        """The citizen's wallet."""
        return self.town.wallet

    def sign_in(self, window: Window) -> None:
        """A clerk comes to the desk."""
        window.page.goto(f"{self.address}/desk")
        window.page.get_by_label("Your sign-in code").fill(self.code)
        window.page.get_by_role("button", name="Sign in").click()
        window.page.get_by_role("heading", name="Waiting cases").wait_for()


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setenv("HOHEIT_ENV", "test")
    folder = tmp_path / "verifier" / "services"
    folder.mkdir(parents=True)
    for name, text in (("child-benefit", SERVICE), ("market-stall", HAND)):
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    port = free_port()
    database = f"sqlite:///{tmp_path / 'hoheit.db'}"
    with serving(tmp_path, database, redirect_uris=(f"http://localhost:{port}/callback",)) as services:
        code, kept = new_clerk_code("Ada", now=system.now(), random_bytes=system.random_bytes)
        store = open_store(VerifierSettings.read(tmp_path / "verifier"))
        store.clerk_codes.put(kept)
        store.database.dispose()
        with served_wallet(tmp_path / "wallet", services.anchors, port=port) as wallet:
            yield Office(BrowserTown(services, wallet), code)


def test_a_service_goes_from_the_wallet_to_the_clerk_and_back_with_one_new_field(chromium, office):
    with chromium.window() as window, chromium.window() as desk:
        page = window.page
        office.wallet.make(window)
        office.town.receive(window)
        page.goto(office.address)
        window.see("services-first-page")
        page.get_by_role("link", name="Child benefit").click()
        page.get_by_role("heading", name="Child benefit", exact=True).wait_for()
        page.get_by_text("What becomes of your data").click()
        expect(page.get_by_text("365 days, then it is erased")).to_be_visible()
        window.see("services-start")
        page.get_by_role("button", name="Begin with my wallet on another device").click()
        page.get_by_role("img", name="QR code for your wallet").wait_for()
        window.see("services-wallet")
        page.get_by_role("button", name="My wallet is on this device").click()
        link = page.get_by_role("link", name="Open my wallet").get_attribute("href") or ""
        page.goto(f"{office.wallet.url}/authorize?{link.partition('?')[2]}")
        page.get_by_role("button", name="Go on").click()
        page.get_by_role("button", name="Share").click()
        page.get_by_role("link", name="Back to localhost").click()
        page.get_by_role("heading", name="This is what we know now").wait_for()
        main = page.locator("#main")
        expect(main).to_contain_text("Mustermann")
        expect(main).to_contain_text("Identity card")
        expect(main).to_contain_text("1 more question")
        assert page.locator("input:visible, select:visible, textarea:visible").count() == 1
        page.get_by_text("This is wrong").first.click()
        page.get_by_label("What is wrong with it?").first.fill("It is spelled differently.")
        page.get_by_label("IBAN").fill("short")
        page.get_by_role("button", name="Look through it").click()
        page.get_by_role("alert").wait_for()
        window.expected.append("400")
        window.see("services-form-wrong")
        page.get_by_label("IBAN").fill(IBAN)
        page.get_by_role("button", name="Keep it and go on later").click()
        page.get_by_text("You have begun already.").wait_for()
        window.see("services-left")
        page.get_by_role("link", name="Go on where I was").click()
        expect(page.get_by_label("IBAN")).to_have_value(IBAN)
        window.see("services-form")
        page.get_by_role("button", name="Look through it").click()
        page.get_by_role("heading", name="Is everything right?").wait_for()
        expect(page.locator("#main")).to_contain_text("It is spelled differently.")
        window.see("services-review")
        page.get_by_role("button", name="Send").click()
        page.get_by_role("heading", name="We have it").wait_for()
        window.see("services-sent")
        case = page.locator(".code").inner_text()
        address = page.url

        office.sign_in(desk)
        desk.see("services-desk")
        desk.page.get_by_role("link", name=case).click()
        expect(desk.page.locator("#main")).to_contain_text("Mustermann")
        expect(desk.page.locator("#main")).to_contain_text(IBAN)
        desk.see("services-desk-case")
        desk.page.get_by_label("Granted", exact=True).check()
        desk.page.get_by_label("In plain words, for the citizen").fill("You get it from May on.")
        desk.page.get_by_label("Link to something for their wallet").fill(
            "openid-credential-offer://?credential_offer=x"
        )
        desk.page.get_by_role("button", name="Tell the citizen").click()
        desk.page.get_by_role("heading", name="What we answered").wait_for()
        desk.see("services-desk-decided")
        desk.page.get_by_role("link", name="Decided", exact=True).click()
        expect(desk.page.get_by_role("link", name=case)).to_be_visible()

        page.goto(address)
        expect(page.locator("#main")).to_contain_text("You get it from May on.")
        expect(page.get_by_role("link", name="Put it into my wallet")).to_have_attribute(
            "href", "openid-credential-offer://?credential_offer=x"
        )
        page.get_by_role("link", name="Deutsch").click()
        page.get_by_role("heading", name="Bewilligt").wait_for()
        window.see("services-granted-german")
        window.check()
        desk.check()


def test_by_hand_with_the_keyboard_and_a_script_that_does_nothing(chromium, office):
    with chromium.window() as window, chromium.window() as desk:
        page = window.page
        page.goto(f"{office.address}/services/market-stall")
        page.get_by_role("button", name="Begin").focus()
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="Please fill in").wait_for()
        page.get_by_role("button", name="Look through it").click()
        expect(page.get_by_role("alert")).to_contain_text("4 fields are not right yet")
        window.expected.append("400")
        window.see("services-hand-missing")
        page.get_by_label("What do you sell?").fill(EVIL)
        page.get_by_role("group", name="Do you need power?").get_by_label("Yes").check()
        page.get_by_label("From which day on?").fill("2027-01-31")
        page.get_by_label("How many metres?").fill("3")
        page.get_by_role("group", name="Where would you like to stand?").get_by_label("In the south").check()
        window.see("services-hand")
        page.get_by_label("How many metres?").press("Enter")
        page.get_by_role("heading", name="Is everything right?").wait_for()
        expect(page.locator("#main")).to_contain_text(EVIL)
        window.see("services-hand-review")
        page.get_by_role("button", name="Send").click()
        page.get_by_role("heading", name="We have it").wait_for()
        case = page.locator(".code").inner_text()
        office.sign_in(desk)
        desk.page.get_by_label("Number of a case").fill(case.lower())
        desk.page.get_by_role("button", name="Show").click()
        expect(desk.page.locator("#main")).to_contain_text(EVIL)
        expect(desk.page.locator("#main")).to_contain_text("This was filled in by hand")
        assert "owned" not in {page.title(), desk.page.title()}
        desk.page.get_by_label("Not granted").check()
        desk.page.get_by_role("button", name="Tell the citizen").click()
        desk.expected.append("400")
        desk.page.get_by_role("alert").wait_for()
        desk.see("services-desk-missing-words")
        window.check()
        desk.check()
