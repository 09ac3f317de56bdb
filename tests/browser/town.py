"""A citizen's wallet in a browser, an office and a partner: real services that know each other."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from protocol.encoding import JsonObject, JsonValue
from protocol.fields import Fields
from tests.browser.served import ServedWallet, served_wallet
from tests.flows.parties import CITIZEN, Services, serving
from tests.support.browser import Chromium, Window, film, photo_of
from tests.support.ports import free_port

CLUB = """\
id = "club"

[title]
en = "Join the film club"
de = "Dem Filmclub beitreten"

[purpose]
en = "We write down your name, and show some films to adults only."
de = "Wir schreiben Ihren Namen auf, und manche Filme zeigen wir nur Erwachsenen."

[query]
credentials = [
  { id = "name", format = "dc+sd-jwt", meta = { vct_values = ["urn:eudi:pid:1"] }, claims = [{ path = ["family_name"] }] },
  { id = "city", format = "dc+sd-jwt", meta = { vct_values = ["urn:eudi:pid:1"] }, claims = [
    { path = ["address", "locality"] },
  ] },
  { id = "adult", format = "dc+sd-jwt", meta = { vct_values = ["urn:eudi:pid:1"] }, claims = [
    { path = ["age_equal_or_over", "18"] },
  ] },
]
credential_sets = [
  { options = [["name"]] },
  { options = [["city"]], required = false },
  { options = [["adult"]], required = false },
]
"""

# Two documents in two formats, of which people know nothing
ENROL = """\
id = "enrol"

[title]
en = "Enrol for a course"
de = "Zu einem Kurs anmelden"

[purpose]
en = "We make a student card with your picture, and need to know your degree."
de = "Wir machen einen Ausweis mit Ihrem Bild und müssen Ihren Abschluss kennen."

[query]
credentials = [
  { id = "who", format = "mso_mdoc", meta = { doctype_value = "eu.europa.ec.eudi.pid.1" }, claims = [
    { path = ["eu.europa.ec.eudi.pid.1", "family_name"] }, { path = ["eu.europa.ec.eudi.pid.1", "portrait"] },
    { path = ["eu.europa.ec.eudi.pid.1", "nationality"] },
  ] },
  { id = "degree", format = "dc+sd-jwt", meta = { vct_values = ["urn:hoheit:diploma:1"] }, claims = [
    { path = ["degree", "title"] },
  ] },
]
"""


@dataclass(frozen=True, slots=True)
class BrowserTown:
    """Everybody, and where they are."""

    services: Services
    wallet: ServedWallet

    def offer(self, *types: str, grant: str = "pre-authorized_code", tx_code: bool = True) -> JsonObject:
        """An offer of the office for the citizen."""
        return self.services.issuer.post(
            "/api/offers",
            credential_configuration_ids=[*(types or ("pid",))],
            subject=CITIZEN,
            grant=grant,
            tx_code=tx_code,
            by_reference=True,
        )

    def withdraw(self, offer: JsonObject) -> None:
        """The office takes it back."""
        office = self.services.issuer
        office.client.delete(f"{office.address}/api/offers/{offer['id']}").raise_for_status()

    def ask(self, use_case: str = "club", **more: JsonValue) -> JsonObject:
        """A question of the partner."""
        return self.services.verifier.post("/api/requests", use_case=use_case, **more)

    def verdict(self, request: JsonObject, response_code: str = "") -> Fields:
        """What the partner's program is told about it."""
        answer = self.services.verifier.get(f"/api/requests/{request['id']}", response_code=response_code)
        return Fields(answer.json(), "verdict")

    def paste(self, window: Window, link: object) -> None:
        """The citizen pastes a link."""
        window.page.goto(f"{self.wallet.url}/add")
        window.page.get_by_label("Or paste a link").fill(str(link))
        window.page.get_by_role("button", name="Go on with the link").click()

    def receive(self, window: Window, *types: str) -> None:
        """The citizen gets a document by a link with a code, and keeps it."""
        page, offer = window.page, self.offer(*types)
        self.paste(window, offer["uri"])
        page.get_by_role("button", name="Yes, I want it").click()
        page.get_by_label("Code").fill(str(offer["tx_code"]))
        page.get_by_role("button", name="Get the document").click()
        page.get_by_role("button", name="Keep it", exact=True).click()
        page.get_by_role("heading", name="It is in your wallet now").wait_for()


@contextmanager
def services_around(folder: Path, port: int) -> Iterator[Services]:
    """An office and a partner for a wallet at this port, while the block lasts; HOHEIT_ENV must be test."""
    callback = (f"http://localhost:{port}/callback",)
    database = f"sqlite:///{folder / 'hoheit.db'}"
    with serving(
        folder, database, redirect_uris=callback, use_cases={"club.toml": CLUB, "enrol.toml": ENROL}
    ) as services:
        yield services


@pytest.fixture(scope="module")
def neighbours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Services, int]]:
    """An office and a partner that the tests of a module share, and the port of the wallets that they know."""
    port = free_port()
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("HOHEIT_ENV", "test")
        with services_around(tmp_path_factory.mktemp("neighbours"), port) as services:
            yield services, port


@pytest.fixture
def town(neighbours: tuple[Services, int], tmp_path: Path) -> Iterator[BrowserTown]:
    """Everybody, with a wallet that nobody has made yet."""
    services, port = neighbours
    with served_wallet(tmp_path / "wallet", services.anchors, port=port) as wallet:
        yield BrowserTown(services, wallet)


def film_of(chromium: Chromium, path: Path, address: object, selector: str) -> Path:
    """What a camera sees in front of a screen that shows a QR code of ours."""
    with chromium.window(size=(900, 900)) as screen:
        screen.expected.append("404")  # a picture alone has no icon
        screen.page.goto(str(address))
        picture = photo_of(screen.page.locator(selector))
    return film(path, [picture])
