"""`rights`: what partners are asked for by law, at a terminal."""

import json

import pytest

from protocol.sovereignty.complaint import read_complaint
from protocol.sovereignty.due_dates import first_due
from protocol.sovereignty.rights_status import State
from runtime.anchors import write_anchor
from tests.support.pki import NOW
from tests.wallet.cli.machine import Machine
from tests.wallet.cockpit import CockpitWorld
from tests.wallet.counterparts import PASSPHRASE, QUICK, dcql
from tests.wallet.rights import LETTER
from wallet.vault.vault import Vault


class Holder(Machine):
    """Somebody who showed their card to the library."""

    receipt = ""


@pytest.fixture
def holder(tmp_path):
    """The same, with the id of the receipt."""
    world = CockpitWorld(None)
    machine = Holder(tmp_path, world, {"HOHEIT_ENV": "production"})
    registrar = world.registrar.pki
    write_anchor(tmp_path / "data" / "anchors", "r.pem", registrar.root.pem, role=registrar.role, name="The town")
    Vault.create(machine.vault, PASSPHRASE, QUICK).close()
    machine.run("receive", world.agency.offer(), "--yes")
    machine.run("present", world.partner.link(), "--yes")
    [machine.receipt] = [one["id"] for one in machine.json("receipts")["receipts"]]
    return machine


def test_it_is_asked_followed_and_listed(holder):
    assert "You asked nobody for anything yet." in holder.run("rights", "list").stdout
    asked = holder.json("rights", "ask", holder.receipt[:6], "erasure", "--text", "Please")
    assert (asked["state"], asked["due"], asked["overdue"]) == ("received", first_due(NOW), False)
    holder.world.now += 60
    holder.world.partner.desk.go(State.WORKING)
    text = holder.run("rights", "show", asked["id"][:6]).stdout
    assert "You asked City library to erase your data. City library is working on what you asked." in text
    assert "They have to answer by: " in text
    calls = len(holder.world.partner.calls)
    [listed] = holder.json("rights", "list")["rights"]
    assert listed["states"] == ["received", "working"]
    assert "City library is working" in holder.run("rights", "list").stdout
    assert len(holder.world.partner.calls) == calls


def test_what_is_not_there_is_said(holder):
    assert "there is no such right" in holder.run("rights", "ask", holder.receipt, "everything", status=1).stderr
    refused = holder.run("rights", "ask", holder.receipt, "erasure", "--only", '["birthdate"]', status=1)
    assert 'it names: ["given_name"]' in refused.stderr
    holder.run("rights", "show", "zz", status=1)
    assert holder.world.partner.calls == []


def test_only_some_of_the_data_can_be_meant(holder):
    holder.json("rights", "ask", holder.receipt, "erasure", "--only", '["given_name"]')
    assert holder.world.partner.desk.case.request.says.claims == {"pid": (("given_name",),)}


def test_an_answer_is_written_into_a_new_folder(holder, tmp_path):
    asked = holder.json("rights", "ask", holder.receipt, "access")
    holder.world.partner.desk.present_again()
    holder.world.now += 60
    holder.run("rights", "show", asked["id"])
    answers = len(holder.world.partner.answers)
    holder.world.partner.changes = {**holder.world.partner.changes, "nonce": "another-nonce-of-22-characters"}
    holder.run("rights", "present", asked["id"], "--yes")
    assert len(holder.world.partner.answers) == answers + 1
    holder.world.partner.desk.hand_out({"pid": {"given_name": "Erika"}}, (LETTER, ("letter.txt", "text/plain", b"2")))
    holder.world.now += 60
    holder.run("rights", "show", asked["id"])
    folder = tmp_path / "answer"
    saved = holder.json("rights", "answer", asked["id"], "--to", str(folder))["saved"]
    assert saved == ["answer.json", "1-letter.txt", "2-letter.txt"]
    assert json.loads((folder / "answer.json").read_text())["data"] == {"pid": {"given_name": "Erika"}}
    assert (folder / "1-letter.txt").read_bytes() == LETTER[2]
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}
    holder.run("rights", "answer", asked["id"], "--to", str(folder), status=1)


def test_more_than_was_shown_is_not_shown_again(holder):
    asked = holder.json("rights", "ask", holder.receipt, "access")
    holder.world.partner.desk.present_again()
    holder.world.now += 60
    holder.run("rights", "show", asked["id"])
    holder.world.partner.query = {"credentials": [dcql(("family_name",))]}
    answers = len(holder.world.partner.answers)
    holder.run("rights", "present", asked["id"], "--yes", status=1)
    assert len(holder.world.partner.answers) == answers
    assert holder.json("rights", "list")["rights"][0]["problem"] == "AsksForMore"


def test_a_letter_is_written_and_noted(holder):
    text = holder.run("rights", "letter", holder.receipt, "objection").stdout
    assert "Objection under Article 21 GDPR" in text
    assert "This is about: Given name" in text
    assert "You prepared a letter to City library." in holder.run("log").stdout
    assert holder.world.partner.calls == []


def test_a_complaint_is_a_file_that_overwrites_nothing(holder, tmp_path):
    file = tmp_path / "complaint.json"
    holder.run("rights", "complain", holder.receipt, "--to", str(file), status=1)
    assert not file.exists()
    made = holder.json("rights", "complain", holder.receipt, "--to", str(file), "--text", "They laughed.")
    assert "- They laughed." in made["body"]
    assert "watch@data.example" in made["addresses"]
    assert read_complaint(file.read_bytes()).letter.body == made["body"]
    assert "You prepared a complaint about City library." in holder.run("log").stdout
    holder.run("rights", "complain", holder.receipt, "--to", str(file), "--text", "Again.", status=1)
    assert read_complaint(file.read_bytes()).letter.body == made["body"]
