"""The page on the desk that says what is held of citizens' data: by purpose, and what must go."""

from dataclasses import replace

from playwright.sync_api import expect

from capabilities.cockpit.records import IssuedReceipt
from capabilities.usage_log.records import Used
from protocol.sovereignty.durations import Duration, Retention
from protocol.sovereignty.usage import Action, Addressee, Use
from runtime import system
from tests.browser.test_services import office
from tests.protocol.sovereignty.disclosures import RECEIPT
from tests.support.partners import both
from tests.support.pki import DAY
from verifier.app import open_store
from verifier.config import VerifierSettings

__all__ = ["office"]

SERVICE = "checking service, automatically"
LATE, MONTH = Retention(Duration.from_text("P3D", "retention")), Retention(Duration.from_text("P1M", "retention"))
CARD = both("Wir stellen Ihnen einen Bibliotheksausweis aus", "We make you a library card")


def write(folder, number, ago, *uses, **changes):
    """A receipt of some days ago, and what was done since."""
    store = open_store(VerifierSettings.read(folder))
    at = system.now() - ago * DAY
    receipt = replace(RECEIPT, id=f"{number:022}", key=None, issued_at=at, log_until=at + 300 * DAY)
    issued = IssuedReceipt.of(replace(receipt, **changes), "")
    store.database.write(lambda connection: store.cockpit.write(connection, [issued]))
    for action, by, to in ((Action.RECEIVED, SERVICE, None), *uses):
        use = Use(at, action, RECEIPT.claims, by, both("Darum", "Because"), to)
        store.usage.record([Used(issued.id, issued.log_until, use)])
    store.database.dispose()


def test_a_clerk_sees_by_purpose_what_is_held_and_what_must_go(chromium, office, tmp_path):
    folder = tmp_path / "verifier"
    write(folder, 1, 5, (Action.USED, "accounting", None), retention=LATE)
    write(folder, 2, 1, (Action.USED, "accounting", None), retention=MONTH, purpose=CARD)
    write(folder, 3, 2, (Action.FORWARDED, "accounting", Addressee("Bank of Lindenau")), retention=MONTH, purpose=CARD)
    write(folder, 4, 3, (Action.ERASED, SERVICE, None), retention=MONTH, purpose=CARD)
    with chromium.window() as desk:
        office.sign_in(desk)
        desk.page.get_by_role("link", name="Data", exact=True).click()
        desk.page.get_by_role("heading", name="Data of citizens").wait_for()
        late, card = desk.page.get_by_role("region").all()
        expect(late).to_contain_text("The data of 1 answer should be gone already.")
        expect(card).to_contain_text("3 answers")
        expect(card).to_contain_text("In your other systems: 2 answers")
        expect(card).to_contain_text("Bank of Lindenau: 1 answer")
        expect(card).to_contain_text("1 month")
        desk.see("desk-data")
        desk.page.get_by_role("link", name="Deutsch").click()
        desk.page.get_by_role("heading", name="Daten von Bürgerinnen und Bürgern").wait_for()
        desk.see("desk-data-de")
