"""What is forwarded again, as citizens see it: prepared by the wallet with a yes each time, or sent by the office itself."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from protocol.encoding import encode_json
from runtime.anchors import write_anchor
from runtime.serve import Listen, running
from tests.browser.stage import Stage
from tests.flows.mandate_town import MandateTown, mandate_people
from tests.support.browser import Chromium, Window
from tests.support.ports import free_port
from tests.wallet.registrar import REGISTRAR


class MandateStage(Stage):
    """A stage whose wallet meets a real agency and a real bank."""

    def __init__(self, folder: Path, url: str, town: MandateTown) -> None:
        self.town = town
        super().__init__(folder, url, town, registrar_url=REGISTRAR)
        anchors = self.served.settings.anchors_folder
        everybody = {
            "agency": town.office.pki, "access": town.office.access, "registrar": town.registrar.pki,
            "bank": town.bank.access,
        }  # fmt: skip
        for name, pki in everybody.items():
            write_anchor(anchors, f"town-{name}.pem", pki.root.pem, role=pki.role, name="The register")

    def hold_card(self, window: Window) -> None:
        """Get the card."""
        published = self.served.wallet().wallet.context.published
        self.town.run(published.when_due())
        self.paste(window, self.town.office.offer("card"))
        window.page.get_by_role("button", name="Yes, I want it").click()
        window.page.get_by_role("button", name="Keep it", exact=True).click()
        window.page.get_by_role("heading", name="It is in your wallet now").wait_for()

    def forward(self, window: Window) -> None:
        """Forward the card to the bank."""
        page = window.page
        [document] = self.served.wallet().wallet.keeping.documents()
        page.goto(f"{self.url}/cards/{document.id}/forward")
        page.get_by_role("checkbox").check()
        page.get_by_role("button", name="Ask them").click()
        page.get_by_role("heading", name="What each of them would get").wait_for()
        page.get_by_role("button", name="Send to those I ticked").click()
        page.get_by_role("heading", name="Everybody has it").wait_for()

    def renew(self) -> None:
        """The card is fetched anew, and says something else."""
        opened = self.served.wallet()
        context = opened.wallet.context
        [held] = context.store.credentials()
        copies = tuple([replace(copy, used_at=0) for copy in held.copies])
        says = encode_json({**held.read_claims(), "given_name": "Anna"}).decode()
        self.town.run(context.save(put=[replace(held, issuance=context.new_id(), claims=says, copies=copies)]))


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MandateStage]:
    """A wallet that was made, and is closed."""
    monkeypatch.setenv("HOHEIT_ENV", "test")
    port = free_port()
    with ExitStack() as stack:
        town = stack.enter_context(mandate_people(tmp_path))
        made = MandateStage(tmp_path / "wallet", f"http://localhost:{port}", town)
        made.served.create()
        stack.enter_context(running(made.served.switch, Listen(port=port)))
        yield made


def test_an_office_forwards_by_itself_until_the_citizen_stops_it(chromium: Chromium, stage: MandateStage) -> None:
    with chromium.window() as window:
        page = window.page
        stage.open(window)
        stage.hold_card(window)
        stage.forward(window)
        page.get_by_role("heading", name="Or without you?").wait_for()
        window.see("mandate-done")
        page.get_by_role("group", name="For whom?").last.get_by_role("checkbox").check()
        window.expected.append("400")
        page.get_by_role("button", name="Tell them to").click()
        page.get_by_role("alert").get_by_text("Say how often, too.").wait_for()
        window.see("mandate-unfinished")
        page.get_by_role("radio", name="Each time, for a year at most").check()
        page.get_by_role("button", name="Tell them to").click()
        page.get_by_role("heading", name="What others send for you").wait_for()
        assert page.get_by_text("Nothing was sent by it so far.").is_visible()
        window.see("mandate-going")
        stage.town.move("Neustadt")
        assert stage.town.deliver() == 1
        page.get_by_role("button", name="Look how it stands: Town bank").click()
        page.get_by_text("It was sent 1 time so far.").wait_for()
        window.see("mandate-sent")
        page.get_by_role("link", name="Their receipt, and what they did with it").click()
        page.get_by_text("You told an office to forward Card to Town bank when it changes.").first.wait_for()
        window.see("mandate-entry")
        page.goto(f"{stage.url}/orders")
        stage.town.bank.down = True  # stopping does not hang on the recipient
        page.get_by_role("button", name="Stop it: Town bank").click()
        page.get_by_text("You stopped it.").wait_for()
        window.see("mandate-stopped")
        stage.town.bank.down = False
        posted = len(stage.town.bank.posted)
        stage.town.move("Oberstadt")
        assert stage.town.deliver() == 0
        assert len(stage.town.bank.posted) == posted
        page.get_by_role("button", name="Delete it: Town bank").click()
        page.get_by_text("Nothing is arranged yet.").wait_for()


def test_an_office_that_is_away_is_not_said_to_be_stopped(chromium: Chromium, stage: MandateStage) -> None:
    with chromium.window() as window:
        page = window.page
        stage.open(window)
        stage.hold_card(window)
        stage.forward(window)
        page.get_by_role("group", name="For whom?").last.get_by_role("checkbox").check()
        page.get_by_role("radio", name="Only the next time").last.check()
        page.get_by_role("button", name="Tell them to").click()
        page.get_by_role("heading", name="What others send for you").wait_for()
        window.expected.append("503")
        office = stage.town.office
        office.spoil = lambda _, found: replace(found, status=503)
        page.get_by_role("button", name="Stop it: Town bank").click()
        page.get_by_role("alert").get_by_text("It is not stopped").wait_for()
        window.see("mandate-not-stopped")
        office.spoil = lambda _, found: found
        page.get_by_role("button", name="Stop it: Town bank").click()
        page.get_by_text("You stopped it.").wait_for()


def test_a_standing_order_is_prepared_and_goes_by_one_yes(chromium: Chromium, stage: MandateStage) -> None:
    with chromium.window() as window:
        page = window.page
        stage.open(window)
        stage.hold_card(window)
        page.goto(f"{stage.url}/orders")
        page.get_by_text("Nothing is arranged yet.").wait_for()
        window.see("orders-empty")
        stage.forward(window)
        page.get_by_role("group", name="For whom?").first.get_by_role("checkbox").check()
        page.get_by_role("radio", name="For a year", exact=True).check()
        page.get_by_role("button", name="Arrange it").click()
        page.get_by_role("heading", name="What you arranged").wait_for()
        assert page.get_by_text("They have what you have.").is_visible()
        window.see("orders-going")
        stage.renew()
        page.goto(f"{stage.url}/orders")
        page.get_by_role("heading", name="Card is new").wait_for()
        window.see("orders-due")
        page.get_by_role("button", name="Look at it").click()
        page.get_by_role("heading", name="What each of them would get").wait_for()
        window.see("orders-consent")
        page.get_by_role("button", name="Send to those I ticked").click()
        page.get_by_role("heading", name="Everybody has it").wait_for()
        page.goto(f"{stage.url}/orders")
        page.get_by_role("button", name="Stop it: Town bank").click()
        page.get_by_role("heading", name="Ended").wait_for()
        window.see("orders-ended")
        page.goto(f"{stage.url}/activity")
        page.get_by_text("You ended it: your wallet no longer prepares Card for Town bank.").wait_for()
        assert page.get_by_role("link", name="Town bank", exact=True).count() == 1, (
            "one partner is one, whatever was done"
        )
        window.see("orders-activity")
