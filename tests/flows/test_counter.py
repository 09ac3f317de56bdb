"""A code on the wall of a cinema, scanned by real wallets: everybody gets a number, and the clerk sees whose answer it is."""

import re

import pytest
from typer.testing import CliRunner

from protocol.oid4vp.answer import Delivered
from protocol.oid4vp.request_uri import RequestOver
from tests.flows.browser import Browser
from tests.flows.parties import PASSPHRASE, with_new_wallet
from wallet.cli import app

pytestmark = pytest.mark.flow


@pytest.fixture
def counter(town):
    """A counter, as the cinema's program makes it."""
    return town.verifier.post("/api/counters", name="Box office", use_cases=["over-18"])


@pytest.fixture
def clerk(town, counter):
    """The browser that stands there."""
    offer = town.verifier.post(f"/api/counters/{counter['id']}/pairing")
    with Browser() as browser:
        page = browser.open(offer["url"].partition("#")[0])
        browser.submit(page, code=offer["code"])
        yield browser


def number_of(shared):
    """What a person sees who follows the wallet's last step."""
    assert isinstance(shared.delivery, Delivered)
    with Browser() as phone:
        page = phone.open(shared.redirect_uri)
    assert page.status == 200
    return re.search(r"Your number (\d\d) ", page.text)[1]


def go_on(clerk, page):
    """The clerk presses Next."""
    [button] = [button for form in page.forms for button in form.buttons if button[0] == "request"]
    return clerk.submit(page, button)


def code_of(counter):
    [code] = counter["codes"]
    return code["uri"]


def test_two_people_scan_at_the_same_time_and_the_clerk_tells_them_apart(town, services, counter, clerk, tmp_path):
    town.receive("pid")
    presenting, run = town.wallet.wallet.presenting, town.wallet.run
    mine = run(presenting.look(code_of(counter)))
    assert mine.consent.asker.title == "Cinema"
    with with_new_wallet(services, tmp_path / "other") as other:
        other.receive("pid")
        theirs = other.share(code_of(counter))
    shared = run(presenting.share(mine, mine.default_choice()))
    one, two = number_of(shared), number_of(theirs)
    assert one != two
    page = clerk.open(counter["page"])
    assert "Which number does the person have?" in page.text
    page = clerk.submit(page, ("number", one))
    assert f"Number {one}" in page.text
    assert "Status as of" in page.text
    page = go_on(clerk, page)
    assert f"Number {two}" in page.text
    page = go_on(clerk, page)
    assert "Ready" in page.text


def test_the_wallet_of_a_terminal_answers_and_tells_where_the_number_is(services, counter, clerk, tmp_path):
    with with_new_wallet(services, tmp_path / "terminal") as everybody:
        everybody.receive("pid")
    (tmp_path / "passphrase").write_text(f"{PASSPHRASE}\n")
    options = ["--data", str(tmp_path / "terminal" / "wallet"), "--passphrase-file", str(tmp_path / "passphrase")]
    environment = {"HOHEIT_ENV": "test", "HOHEIT_WALLET_ANCHORS": str(services.anchors)}
    said = CliRunner().invoke(app, [*options, "present", code_of(counter), "--yes", "--json"], env=environment)
    assert said.exit_code == 0, said.output
    # The services of this process log to the same place
    told = re.search(r'"redirect_uri": "([^"]+)"', said.stdout)[1]
    with Browser() as phone:
        number = re.search(r"Your number (\d\d) ", phone.open(told).text)[1]
    assert f"Number {number}" in clerk.open(counter["page"]).text


def test_who_says_no_is_told_apart_as_well(town, counter, clerk):
    town.receive("pid")
    presenting, run = town.wallet.wallet.presenting, town.wallet.run
    address = run(presenting.decline(run(presenting.look(code_of(counter)))))
    with Browser() as phone:
        number = re.search(r"Your number (\d\d) ", phone.open(address).text)[1]
    page = clerk.open(counter["page"])
    assert "Nothing was shared" in page.text
    assert f"Number {number}" in page.text


def test_a_code_on_the_wall_of_a_counter_that_is_gone_says_so(town, counter):
    """Nothing is given away, and the reason is one that people understand."""
    town.receive("pid")
    town.verifier.client.delete(f"{town.verifier.address}/api/counters/{counter['id']}").raise_for_status()
    with pytest.raises(RequestOver):
        town.wallet.run(town.wallet.wallet.presenting.look(code_of(counter)))
    assert [entry.action for entry in town.wallet.wallet.keeping.log()] == ["received", "failed"]


def test_a_program_does_not_get_what_was_shown_at_the_counter(town, counter, clerk):
    """T184"""
    town.receive("pid")
    town.share(code_of(counter))
    page = clerk.open(counter["page"])
    [request] = [value for form in page.forms for name, value in form.buttons if name == "request"]
    assert town.verifier.get(f"/api/requests/{request}").status_code == 404
