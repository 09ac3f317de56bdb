"""`receive`: who offers what is shown, and nothing is kept without a yes."""

import json

import pytest
import qrcode

from protocol.errors import Unreachable
from tests.wallet.counterpart_agency import Agency


def test_receiving_shows_who_and_what_and_asks_twice(machine):
    """T156, T157"""
    result = machine.run("receive", machine.world.agency.offer(), keys="yk")
    shown = result.stdout
    assert "City of Köln offers you something" in shown
    assert "Checked: The ministry vouches for them." in shown
    assert "Address: agency.example" in shown
    assert shown.index("Do you want this?") < shown.index("Given name: Erika") < shown.index("do you want to keep it?")
    assert "You get 3 copies" in shown
    assert "It is in your wallet now: Personal ID" in shown
    assert len(machine.json("list")["credentials"]) == 1


@pytest.mark.parametrize("keys", ["n", "yn"])
def test_saying_no_takes_one_key_and_keeps_nothing(machine, keys):
    """T156"""
    result = machine.run("receive", machine.world.agency.offer(), keys=keys, status=3)
    assert "You said no." in result.stdout
    assert machine.json("list") == {"credentials": [], "damaged": [], "pending": []}
    assert [entry["action"] for entry in machine.json("log")["log"]] == ["declined"]


def test_enter_and_other_keys_decide_nothing(machine):
    """Nothing is preselected."""
    result = machine.run("receive", machine.world.agency.offer(), keys="\r\n x?n", status=3)
    assert result.stdout.count("[y] Yes, get it   [n] No") == 5


def test_a_script_receives_with_yes(machine):
    received = machine.json("receive", machine.world.agency.offer(), "--yes")
    assert received["failed"] == []
    [item] = received["received"]
    assert (item["name"], item["issuer"], item["copies"]) == ("Personal ID", "City of Köln", 3)


def test_the_code_is_asked_for_with_the_host_beside_it(machine):
    """T157"""
    machine.world.agency.tx_code = "1234"
    result = machine.run("receive", machine.world.agency.offer(), keys="y1234\nk")
    assert "It goes to: agency.example" in result.stdout
    assert len(machine.json("list")["credentials"]) == 1
    machine.run("receive", machine.world.agency.offer(), "--tx-code", "1234", "--yes")


def test_a_wrong_code_is_one_line(machine):
    machine.world.agency.tx_code = "1234"
    result = machine.run("receive", machine.world.agency.offer(), "--tx-code", "9999", "--yes", status=1)
    assert result.stderr == "error: This did not work. Nothing was given away. (the issuer refused: invalid_grant)\n"


def test_an_issuer_whom_nobody_vouches_for_is_a_warning_and_nothing_for_scripts(machine):
    """T157: the host stands large, and --yes is not enough."""
    machine.world.agency.signed = False
    result = machine.run("receive", machine.world.agency.offer(), keys="n", status=3)
    assert "WARNING: nobody whom you trust vouches for them" in result.stdout.replace("\n", " ")
    assert "They call themselves: The very best agency (not checked)" in result.stdout
    refused = machine.run("receive", machine.world.agency.offer(), "--yes", status=1)
    assert "leave out --yes" in refused.stderr
    assert all(not request.url.endswith("/token") for request in machine.world.agency.seen)


def test_an_agency_cannot_write_on_the_screen_as_if_it_were_us(machine):
    """T152: markup and control characters are text."""
    nasty = "[bold red]Checked[/] \x1b[2J\x9b31m \u202eevil"
    machine.world.agency.claims = {**machine.world.agency.claims, "given_name": nasty}
    shown = machine.run("receive", machine.world.agency.offer(), keys="yk").stdout
    assert "Given name: [bold red]Checked[/] [2J 31m evil" in shown
    assert not set(shown) & set("\x1b\x9b\u202e")


def test_an_agency_with_two_documents_gives_both(machine):
    machine.world.agency = Agency(
        pki=machine.world.agency.pki,
        configurations={"a": machine.world.agency.configurations["pid"]}
        | {"b": machine.world.agency.configurations["pid"]},
    )
    assert len(machine.json("receive", machine.world.agency.offer(), "--yes")["received"]) == 2


def test_what_is_not_good_is_said_and_status_one(machine):
    """T150"""
    machine.world.agency.type = "urn:other"
    result = machine.run("receive", machine.world.agency.offer(), "--yes", "--json", status=1)
    answered = json.loads(result.stdout)
    assert answered["received"] == []
    assert answered["failed"][0]["name"] == "Personal ID"


def test_what_was_cut_off_goes_on_without_a_link(machine):
    """T158"""
    machine.world.agency.refuse = {"/credential": Unreachable("no answer in time")}
    cut = machine.run("receive", machine.world.agency.offer(), "--yes", status=1)
    assert cut.stderr == "error: No connection. Nothing was lost. Please try again later. (no answer in time)\n"
    assert "Go on with: hoheit wallet receive" in machine.run("list").stdout
    machine.world.agency.refuse = {}
    machine.run("receive", keys="k")
    assert len(machine.json("list")["credentials"]) == 1
    assert "nothing was begun" in machine.run("receive", status=1).stderr


def test_what_was_begun_can_be_forgotten(machine):
    machine.world.agency.refuse = {"/credential": Unreachable("away")}
    machine.run("receive", machine.world.agency.offer(), "--yes", status=1)
    [pending] = machine.json("list")["pending"]
    machine.run("forget", pending)
    assert machine.json("list")["pending"] == []


def test_a_picture_of_a_qr_code_is_as_good_as_a_link(machine, tmp_path):
    qrcode.make(machine.world.agency.offer()).save(tmp_path / "offer.png")
    machine.run("receive", str(tmp_path / "offer.png"), "--yes")
    assert len(machine.json("list")["credentials"]) == 1
