"""Services as citizens see them: suggestions, a life event that becomes a plan, and proof that is fetched on the way."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from protocol.encoding import JsonObject, encode_json
from protocol.jwe import ENCRYPTIONS
from protocol.keys import P256Key
from protocol.oid4vp.request import DIRECT_POST_JWT, ClientMetadata, EncryptionKey
from runtime.anchors import write_anchor
from runtime.serve import Listen, running
from tests.browser.stage import Stage
from tests.support.browser import Chromium, Window
from tests.support.pki import NOW, seeded
from tests.support.ports import free_port
from tests.wallet.counterpart_agency import CLAIMS, answer
from tests.wallet.counterparts import PARTNER, dcql, held
from tests.wallet.service_town import CHILD, REGISTRAR, ServiceWorld
from tests.wallet.web.services.people import NEEDS_BIRTH

KEY = EncryptionKey("key-1", P256Key.generate(seeded(77)).public_key)
IBAN = "DE02120300000000202051"


class TownStage(Stage):
    """A stage whose wallet follows a registrar with a small catalogue."""

    def __init__(self, folder: Path, url: str) -> None:
        self.people = ServiceWorld(None)
        super().__init__(folder, url, self.people, registrar_url=REGISTRAR)
        pki = self.people.publisher.pki
        folder_of_anchors = self.served.settings.anchors_folder
        write_anchor(folder_of_anchors, "registrar.pem", pki.root.pem, role=pki.role, name="The registrar")

    def fetch(self) -> None:
        """Have what the registrar publishes fetched."""
        published = self.served.wallet().wallet.context.published
        self.people.run(published.when_due())

    def hold_pid(self, window: Window) -> None:
        """Get an identity card."""
        self._receive(window, "pid")

    def hold_child(self, window: Window) -> None:
        """Get a birth certificate of a child."""
        self.people.speak_of_child()
        self._receive(window, "birth")

    def _receive(self, window: Window, configuration: str) -> None:
        self.paste(window, self.people.agency.offer(credential_configuration_ids=(configuration,)))
        window.page.get_by_role("button", name="Yes, I want it").click()
        window.page.get_by_role("button", name="Keep it", exact=True).click()
        window.page.get_by_role("heading", name="It is in your wallet now").wait_for()


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TownStage]:
    """A wallet that was made, and is closed."""
    monkeypatch.setenv("HOHEIT_ENV", "test")
    port = free_port()
    stage = TownStage(tmp_path / "wallet", f"http://localhost:{port}")
    stage.served.create()
    with running(stage.served.switch, Listen(port=port)):
        yield stage


@pytest.fixture
def citizen(chromium: Chromium, town: TownStage) -> Iterator[Window]:
    """The window of somebody who holds an identity card."""
    with chromium.window() as window:
        # Answers that say no are pages, too
        window.expected += [f"status of {code}" for code in (400, 404, 409, 410, 502)]
        town.open(window)
        town.hold_pid(window)
        yield window


def test_services_before_the_list_came_and_after(town: TownStage, citizen: Window) -> None:
    page = citizen.page
    page.get_by_role("link", name="Services", exact=True).click()
    page.get_by_text("The list of services has not come yet.").wait_for()
    citizen.see("wallet-services-none")
    town.fetch()
    page.reload()
    page.get_by_role("link", name="A child is born").wait_for()
    citizen.see("wallet-services")
    page.get_by_label("What do you need?").fill("Kindergeld")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("heading", name="What was found").wait_for()
    assert page.get_by_text("Money for your child").is_visible()
    citizen.see("wallet-services-found")
    page.get_by_role("link", name="More about it").click()
    page.get_by_role("heading", name="Child benefit").wait_for()
    citizen.see("wallet-service")


def test_a_refused_list_is_said(town: TownStage, citizen: Window) -> None:
    town.fetch()
    town.people.publisher.seq = 6
    town.people.now += 3600
    citizen.page.goto(town.url)
    town.open(citizen)
    town.fetch()
    citizen.page.get_by_role("link", name="Services", exact=True).click()
    citizen.page.get_by_text("is older than the one you had").wait_for()
    citizen.see("wallet-services-rolled-back")


def test_suggestions_are_switched_on_hidden_brought_back_and_marked(town: TownStage, citizen: Window) -> None:
    town.fetch()
    town.hold_child(citizen)
    page = citizen.page
    page.goto(f"{town.url}/services/suggestions")
    citizen.see("wallet-suggestions-off")
    page.get_by_role("button", name="Suggest services to me").click()
    page.get_by_text("Whom is this document about: Birth certificate?").wait_for()
    citizen.see("wallet-suggestions")
    page.get_by_role("button", name="Somebody I act for").click()
    page.get_by_text("About somebody you act for.").wait_for()
    citizen.see("wallet-services-about")
    page.get_by_role("link", name="Suggested for you").click()
    page.get_by_text("Your child is under 18").wait_for()
    page.get_by_role("button", name="Do not suggest Library card to me").click()
    page.get_by_text("What you do not want to see").click()
    citizen.see("wallet-suggestions-hidden")
    page.get_by_role("button", name="Bring back Library card").click()
    page.get_by_role("link", name="Library card").wait_for()
    page.get_by_role("button", name="Stop suggesting").click()
    page.get_by_role("button", name="Suggest services to me").wait_for()


def test_a_life_event_becomes_a_plan_that_is_gone_to_its_end(town: TownStage, citizen: Window) -> None:
    town.fetch()
    page = citizen.page
    page.goto(f"{town.url}/services")
    page.get_by_role("link", name="A child is born").click()
    citizen.see("wallet-services-event")
    page.get_by_role("checkbox", name="Child benefit").check()
    page.get_by_role("button", name="Show me the way there").click()
    page.get_by_text("2 steps lead there.").wait_for()
    citizen.see("wallet-plan-preview")
    page.get_by_role("button", name="Begin this plan").click()
    page.get_by_role("heading", name="1. Get a birth certificate").wait_for()
    citizen.see("wallet-plan")
    page.get_by_role("button", name="Begin this step").click()
    page.get_by_role("heading", name="This service has a page of its own").wait_for()
    citizen.see("wallet-service-page")
    page.get_by_role("link", name="Back to your plan").click()
    page.get_by_role("button", name="I have done this in another way").click()
    page.get_by_text("Still to come, from: Get a birth certificate").wait_for()
    town.hold_child(citizen)
    citizen.see("wallet-kept-plan")
    page.get_by_role("link", name="See what comes next").click()
    page.get_by_text("You have: Birth certificate").wait_for()
    page.get_by_text("What they will ask you, and what you answered before").click()
    page.get_by_label("Account number").fill("short")
    page.get_by_role("button", name="Keep these answers").click()
    page.get_by_text("This is not what they ask for.").wait_for()
    citizen.see("wallet-plan-wrong")
    page.get_by_label("Account number").fill("DE02120300000000202051")
    page.get_by_role("button", name="Keep these answers").click()
    town.people.partner.query = {
        "credentials": [dcql(("birthdate",), ("given_name",), query_id="birth", vct="urn:town:birth:1")]
    }
    town.people.partner.reply = answer({"redirect_uri": "https://library.example/form"})
    page.get_by_role("button", name="Begin this step").click()
    page.get_by_text("They ask for more than they announced: First names").wait_for()
    citizen.see("wallet-consent-beyond")
    page.get_by_role("button", name="Share").click()
    page.get_by_role("link", name="Back to your plan").wait_for()
    citizen.see("wallet-shared-plan")
    page.get_by_role("link", name="Back to your plan").click()
    page.get_by_text("Everything is done.").wait_for()
    citizen.see("wallet-plan-over")
    page.get_by_role("link", name="Forget this plan").click()
    citizen.see("wallet-plan-forget")
    page.get_by_role("button", name="Forget it").click()
    page.get_by_role("heading", name="Services").wait_for()
    assert not page.get_by_text("Your plans").is_visible()


def test_missing_proof_is_seen_fetched_and_the_request_goes_on(town: TownStage, citizen: Window) -> None:
    town.fetch()
    town.people.partner.query = NEEDS_BIRTH
    page = citizen.page
    town.paste(citizen, town.people.partner.link())
    page.get_by_text("City of Köln gives it to you: Get a birth certificate").wait_for()
    citizen.see("wallet-missing")
    page.get_by_role("button", name="See what it is: Get a birth certificate").click()
    page.get_by_role("heading", name="This is what is missing").wait_for()
    citizen.see("wallet-missing-preview")
    town.hold_child(citizen)
    page.get_by_text("City library still waits for your answer.").wait_for()
    citizen.see("wallet-kept-waiting")
    page.get_by_role("button", name="Go on there").click()
    page.get_by_role("heading", name="They would see this").wait_for()
    page.get_by_role("button", name="Share").click()
    page.get_by_text("City library has your answer.").wait_for()
    assert [request.url.rpartition("/")[2] for request in town.people.partner.seen] == ["request", "response"]


def test_a_service_behind_which_somebody_else_is_and_one_that_needs_itself(town: TownStage, citizen: Window) -> None:
    publisher = town.people.publisher
    card = publisher.services[0]
    strange: JsonObject = {**card, "provider": {"identifier": "X", "country": "DE", "name": "Real office"}}
    ring, other = _needing_each_other(card, 0), _needing_each_other(card, 1)
    publisher.services = (strange, ring, other)
    town.fetch()
    page = citizen.page
    page.goto(f"{town.url}/services")
    page.get_by_label("What do you need?").fill("real office")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Show me the way there").click()
    page.get_by_role("button", name="Begin this plan").click()
    page.get_by_role("button", name="Begin this step").click()
    page.get_by_role("heading", name="Somebody else answered").wait_for()
    citizen.see("wallet-service-stranger")
    page.goto(f"{town.url}/services")
    page.get_by_label("What do you need?").fill("Ring")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("checkbox").first.check()
    page.get_by_role("button", name="Show me the way there").click()
    page.get_by_role("heading", name="No way was found").wait_for()
    citizen.see("wallet-plan-none")


def test_a_request_that_ran_out_meanwhile_has_to_be_asked_again(town: TownStage, citizen: Window) -> None:
    town.people.publisher.services = town.people.publisher.services[:2]
    town.fetch()
    town.people.partner.query = NEEDS_BIRTH
    town.paste(citizen, town.people.partner.link())
    citizen.page.get_by_role("button", name="See what it is: Get a birth certificate").click()
    citizen.page.get_by_role("heading", name="This is what is missing").wait_for()
    town.people.now += 3601
    citizen.page.goto(town.url)
    town.open(citizen)
    citizen.page.goto(f"{town.url}/services")
    citizen.page.get_by_role("button", name="Go on there").click()
    citizen.page.get_by_role("heading", name="They have to ask again").wait_for()
    citizen.see("wallet-request-over")


def _needing_each_other(service: JsonObject, number: int) -> JsonObject:
    given: JsonObject = {"issuer": "https://a.example", "credential_configuration_id": "x", "vct": f"urn:r:{number}"}
    needs: JsonObject = {"credentials": [dcql(vct=f"urn:r:{1 - number}")]}
    return {**service, "id": f"ring-{number}", "name": {"en": f"Ring {number}"}, "needs": needs, "gives": [given]}


def test_what_a_plan_was_told_is_ticked_beside_the_certificate_of_one_of_two_children(
    town: TownStage, chromium: Chromium
) -> None:
    people = town.people
    with chromium.window() as window:
        page = window.page
        town.open(window)
        town.hold_pid(window)
        town.hold_child(window)
        people.agency.claims = {**CHILD, "given_name": "Ben", "birthdate": "2024-05-06"}
        town.paste(window, people.agency.offer(credential_configuration_ids=("birth",)))
        page.get_by_role("button", name="Yes, I want it").click()
        page.get_by_role("button", name="Keep it", exact=True).click()
        page.get_by_role("heading", name="It is in your wallet now").wait_for()
        town.fetch()
        people.partner.query = NEEDS_BIRTH
        people.partner.reply = answer({"redirect_uri": f"{PARTNER}/form"})
        people.partner.changes = {
            "response_mode": DIRECT_POST_JWT,
            "client_metadata": ClientMetadata((KEY,), tuple(ENCRYPTIONS), takes_answers=("iban", "email")),
        }
        services = town.served.wallet().wallet.services
        kept = people.run(services.journeys.begin(["child-benefit"]))
        people.run(services.journeys.note(kept.id, "child-benefit", {"iban": IBAN}))
        page.goto(f"{town.url}/plans/{kept.id}")
        page.get_by_text("For whom is this plan?").wait_for()
        window.see("wallet-plan-two-children")
        page.get_by_role("link", name="Say for whom it is").click()
        page.get_by_role("radio", name="For Ben").wait_for()
        assert not page.get_by_role("radio", name="For Mia").is_checked()
        window.see("wallet-plan-whom")
        page.get_by_role("radio", name="For Mia").check()
        page.get_by_role("button", name="Go on").click()
        page.get_by_text("This plan is for Mia.").wait_for()
        window.see("wallet-plan-for")
        page.get_by_role("button", name="Begin this step").click()
        box = page.get_by_role("checkbox", name="Account number")
        box.wait_for()
        assert not box.is_checked()
        window.see("wallet-noted")
        page.get_by_text("Deutsch", exact=True).click()
        page.get_by_text("Aus Ihrem Plan, für das Formular").wait_for()
        window.see("wallet-noted-de")
        page.get_by_text("English", exact=True).click()
        box.wait_for()
        box.check()
        page.get_by_text("Birth certificate (Mia)").wait_for()
        page.get_by_role("button", name="Share").click()
        page.get_by_text("Account number").wait_for()
        window.see("wallet-noted-shared")
        page.goto(f"{town.url}/activity")
        page.get_by_text("From your plan, for their form").wait_for()
        window.see("wallet-noted-activity")
        later = encode_json({**CLAIMS, "address": {"locality": "Bonn", "postal_code": "53111"}}).decode()
        proof = held("proof", name="Proof of residence", claims=later, received_at=NOW + 3600)
        opened = town.served.wallet()
        people.run(opened.wallet.context.save(put=[proof]))
        card = next(one for one in opened.wallet.keeping.documents() if "urn:eudi:pid:1" in one.types)
        page.goto(f"{town.url}/cards/{card.id}")
        page.get_by_text("This document still says what was so before: Address").wait_for()
        window.see("wallet-card-outdated")
        page.get_by_text("Deutsch", exact=True).click()
        page.get_by_text("Dieser Nachweis sagt noch, was vorher galt: Anschrift").wait_for()
        window.see("wallet-card-outdated-de")
        page.goto(f"{town.url}/activity")
        page.get_by_text("Sie haben Geburtsurkunde").first.wait_for()
        window.see("wallet-activity-de")
