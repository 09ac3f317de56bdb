"""A person scans a code on the wall with the wallet in their browser, and the clerk at the counter sees whose answer it is."""

from tests.browser.town import film_of, neighbours, town

__all__ = ["neighbours", "town"]


def counter_of(town):
    """A counter of the cinema."""
    return town.services.verifier.post("/api/counters", name="Box office", use_cases=["over-18"])


def test_a_code_on_the_wall_is_scanned_and_the_number_is_told(chromium, town, tmp_path):
    counter = counter_of(town)
    offer = town.services.verifier.post(f"/api/counters/{counter['id']}/pairing")
    seen = film_of(chromium, tmp_path / "wall.mjpeg", counter["codes"][0]["page"], "img.qr")
    with chromium.window(camera=seen) as person, chromium.window(size=(1024, 768)) as clerk:
        clerk.page.goto(offer["url"])
        clerk.page.get_by_role("button", name="Use this browser").click()
        clerk.page.get_by_role("heading", name="Ready").wait_for()
        page = person.page
        town.wallet.make(person)
        town.receive(person)
        page.get_by_role("link", name="Scan", exact=True).click()
        page.get_by_role("button", name="Start the camera").click()
        page.get_by_role("heading", name="Cinema asks you for data").wait_for()
        clerk.page.get_by_text("Somebody has scanned the code and is deciding.").wait_for()
        page.get_by_role("button", name="Share").click()
        page.get_by_role("heading", name="Shared", exact=True).wait_for()
        clerk.page.get_by_role("heading", name="OK", exact=True).wait_for()
        person.see("wallet-shared-at-counter")
        page.get_by_role("link", name="Go on at localhost").click()
        page.get_by_role("heading", name="Your number").wait_for()
        number = page.locator(".your-number").inner_text()
        assert clerk.page.locator(".large-number").inner_text() == f"Number {number}"


def test_a_code_of_a_counter_that_is_gone_is_refused_kindly(chromium, town):
    counter = counter_of(town)
    verifier = town.services.verifier
    verifier.client.delete(f"{verifier.address}/api/counters/{counter['id']}").raise_for_status()
    with chromium.window() as person:
        person.expected.append("400")
        town.wallet.make(person)
        town.paste(person, counter["codes"][0]["uri"])
        person.page.get_by_role("heading", name="This code is not good any more").wait_for()
        assert "Nothing was given away." in person.page.get_by_role("alert").inner_text()
        person.see("wallet-counter-gone")
