"""From one wallet to the next at a real agency: the activity goes along, and each document is given again, for other keys."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.flows.browser import Browser
from tests.flows.parties import CITIZEN, with_new_wallet
from wallet.cli.browser import LoginListener
from wallet.words import Words

pytestmark = pytest.mark.flow

FILE_WORDS = "four words that fit well"


@pytest.fixture
def after(services, tmp_path):
    """The next wallet of the same person, empty."""
    with with_new_wallet(services, tmp_path / "next") as parties:
        yield parties


def give_again(town, link):
    """What an earlier wallet had is got again: by login, since no code travels in a file."""
    wallet, run = town.wallet.wallet, town.wallet.run
    seen = run(wallet.receiving.look(link))
    assert seen.consent.needs_login
    letter = town.issuer.post("/api/letters", subject=CITIZEN)["letter_code"]
    with (
        LoginListener(language="en", title="Back in the wallet", text="") as listener,
        Browser() as browser,
        ThreadPoolExecutor(1) as waiting,
    ):
        begun = run(wallet.login.begin(seen, listener.redirect_uri))
        heard = waiting.submit(listener.wait, 10)
        browser.submit(browser.open(begun.url), letter_code=letter)
        returned = heard.result()
    arrived = run(wallet.receiving.fetch(run(wallet.login.finish(seen, begun, returned)), seen.contact))
    return run(wallet.receiving.keep(arrived))


def told(town):
    """What happened, as the citizen reads it."""
    say = Words("en").entry
    return [say(one, one.outcome) for one in town.wallet.vault.log()]


def test_a_fresh_wallet_has_the_activity_and_gets_every_document_again(town, after):
    town.receive("pid")
    town.receive("residence")
    before = town.verifier.post("/api/requests", use_case="over-18")
    town.share(before["uri"])
    exported = town.wallet.run(town.wallet.wallet.moving.export(FILE_WORDS, Words("en").entry))

    moving, run = after.wallet.wallet.moving, after.wallet.run
    taken = run(moving.take(run(moving.look(exported.file.encode(), FILE_WORDS))))
    assert (taken.lines, taken.wishes) == (3, 2)
    assert "In your earlier wallet: You showed Identity card to Cinema." in told(after)
    # Nothing was asked of anybody, and nothing can be shown yet
    assert after.tap.seen == []
    assert after.wallet.wallet.keeping.documents() == ()

    for awaited in moving.awaited():
        give_again(after, awaited.link)
    assert moving.awaited() == ()
    assert {one.type for one in after.wallet.vault.credentials()} == {
        one.type for one in town.wallet.vault.credentials()
    }
    keys = [
        {copy.key for held in parties.wallet.vault.credentials() for copy in held.copies} for parties in (town, after)
    ]
    assert keys[0].isdisjoint(keys[1])
    asked = after.verifier.post("/api/requests", use_case="over-18")
    after.share(asked["uri"])
    assert after.verdict(asked)["state"] == "accepted"


def test_a_file_gives_nobody_a_document_who_is_not_the_citizen(town, after):
    """Whoever has the file and its passphrase has an address to begin at, and no letter."""
    town.receive("pid")
    exported = town.wallet.run(town.wallet.wallet.moving.export(FILE_WORDS, Words("en").entry))
    moving, run = after.wallet.wallet.moving, after.wallet.run
    run(moving.take(run(moving.look(exported.file.encode(), FILE_WORDS))))
    [awaited] = moving.awaited()
    seen = run(after.wallet.wallet.receiving.look(awaited.link))
    with Browser() as browser, LoginListener(language="en", title="Back", text="") as listener:
        begun = run(after.wallet.wallet.login.begin(seen, listener.redirect_uri))
        page = browser.submit(browser.open(begun.url), letter_code="AAAA-AAAA-AAAA-AAAA")
    assert page.status == 400
    assert after.wallet.vault.credentials() == ()
    assert len(moving.awaited()) == 1
