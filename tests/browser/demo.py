"""The demo town with people in it: a clerk at the city office's desk, Erika with her wallet, the library's counter."""

import time
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

import httpx2
import pytest
from playwright.sync_api import Page, expect

from hoheit.demo.places import CITY_OFFICE, LIBRARY, Agency
from hoheit.demo.running import PASSPHRASE_FILE, open_town
from hoheit.demo.setting_up import Town
from tests.support.browser import Window, read_code
from tests.support.ports import free_port
from wallet.service.published import CATALOGUE, PARTNERS

LISTS_SECONDS = 60.0


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """The town, up, before anybody has walked through it."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("HOHEIT_ENV", "demo")
        with open_town(tmp_path_factory.mktemp("town"), free_port(), as_json=True) as running:
            _wait_for_lists(running.town)
            yield running.town


def _wait_for_lists(town: Town) -> None:
    """Until the wallet has what its registrar publishes: it fetches that by itself, and its pages say so until then."""
    ends = time.monotonic() + LISTS_SECONDS
    lists = [town.wallet / "published" / f"{name}.jwt" for name in (CATALOGUE, PARTNERS)]
    while not all(one.exists() for one in lists):
        assert time.monotonic() < ends, "the wallet did not fetch the lists"
        time.sleep(0.1)


def passphrase(town: Town) -> str:
    """Opens Erika's wallet."""
    return (town.wallet / PASSPHRASE_FILE).read_text()


def sign_in(desk: Window, town: Town) -> None:
    """The clerk comes to work."""
    desk.page.goto(f"{town.address(CITY_OFFICE)}/desk")
    desk.page.get_by_label("Your sign-in code").fill(town.clerk_code(CITY_OFFICE))
    desk.page.get_by_role("button", name="Sign in").click()
    expect(desk.page.get_by_role("heading", level=1)).to_have_text("Find a person")


def find(desk: Window) -> None:
    """The clerk looks Erika up."""
    desk.page.get_by_role("link", name="People").click()
    desk.page.get_by_label("Name or id").fill("erika")
    desk.page.get_by_role("button", name="Search").click()
    desk.page.get_by_role("link", name="Erika Maria Mustermann").click()


def invite(desk: Window) -> tuple[str, str]:
    """The clerk makes the invitation that is previewed; its link and the number that they tell."""
    desk.page.get_by_role("button", name="Invite now, with a code").click()
    desk.page.get_by_text("Show the number for the wallet").click()
    return link_on(desk), desk.page.locator(".code").inner_text().replace(" ", "")


def link_on(window: Window) -> str:
    """What a wallet reads from the code on a screen."""
    return read_code(window.page.locator("img.qr"))


def unlock(phone: Window, town: Town) -> None:
    """Erika opens her wallet."""
    phone.page.goto(town.wallet_address)
    phone.page.get_by_label("Passphrase").fill(passphrase(town))
    phone.page.get_by_role("button", name="Open", exact=True).click()
    expect(phone.page.get_by_role("heading", level=1)).to_have_text("Documents")


def paste(phone: Window, town: Town, link: str) -> None:
    """Erika pastes a link."""
    phone.page.goto(f"{town.wallet_address}/add")
    phone.page.get_by_label("Or paste a link").fill(link)
    phone.page.get_by_role("button", name="Go on with the link").click()


def receive(phone: Window, town: Town, link: str, number: str) -> None:
    """Erika takes what a link offers her, and keeps it."""
    paste(phone, town, link)
    phone.page.get_by_role("button", name="Yes, I want it").click()
    phone.page.get_by_label("Code").fill(number)
    phone.page.get_by_role("button", name="Get the document").click()
    phone.page.get_by_role("button", name="Keep it", exact=True).click()
    expect(phone.page.get_by_role("heading", level=1)).to_have_text("It is in your wallet now")


def ask(counter: Window, town: Town, question: str) -> str:
    """Somebody comes to the library's counter and chooses a question; the link that it shows."""
    counter.page.goto(town.address(LIBRARY))
    counter.page.get_by_role("button", name=question).click()
    return link_on(counter)


def title(page: Page) -> str:
    """The heading of a page."""
    return page.get_by_role("heading", level=1).inner_text()


def offered(town: Town, place: Agency, types: Sequence[str], about: str) -> str:
    """What an agency offers, as a link that its clerk copies."""
    body = {"credential_configuration_ids": [*types], "subject": about, "tx_code": False, "by_reference": True}
    headers = {"authorization": f"Bearer {town.api_key(place)}", "host": urlsplit(town.address(place)).netloc}
    url = f"http://127.0.0.1:{urlsplit(town.start).port}/api/offers"
    made = httpx2.post(url, json=body, headers=headers, trust_env=False)
    assert made.status_code == 201
    link: str = made.json()["uri"]
    return link


def keep(phone: Window) -> None:
    """Erika takes what stands on the page, and keeps it."""
    phone.page.get_by_role("button", name="Yes, I want it").click()
    phone.page.get_by_role("button", name="Keep it", exact=True).click()
    phone.page.get_by_role("heading", name="It is in your wallet now").wait_for()
