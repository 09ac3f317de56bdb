"""`hoheit wallet mandates`: what offices send by themselves, given, looked up, ended and deleted at a terminal."""

import json
from dataclasses import replace

import pytest

from runtime.anchors import write_anchor
from tests.flows.mandate_town import NAME, SERVICE, mandate_people
from tests.wallet.cli.machine import Machine
from tests.wallet.counterparts import PASSPHRASE, QUICK
from tests.wallet.registrar import REGISTRAR
from wallet.cli.options import SentFor
from wallet.service.mandate_making import Span
from wallet.vault.vault import Vault

pytestmark = pytest.mark.flow

NEW = [("first_name", "Xanthippe"), ("town", "Neustadt")]


class Citizen(Machine):
    """A machine with the card, in a town whose bank takes it."""

    card = ""

    @property
    def town(self):
        return self.world

    def give(self, *more, **how):
        """Have the office do it."""
        return self.run("mandates", "give", self.card, "--to", SERVICE, "--for", "year", *more, **how)

    def json(self, *arguments, **more):
        """What a command answers; the bank in this process writes its log to the same place."""
        return answered(self.run(*arguments, "--json", **more))

    def given(self):
        """The id of the one that is given."""
        [told] = answered(self.give("--yes", "--json"))["mandates"]
        return told["id"]


def answered(result):
    """The JSON in what a command wrote, which begins at the start of a line."""
    return json.loads(result.stdout[f"\n{result.stdout}".index("\n{") :])


@pytest.fixture
def citizen(tmp_path):
    with mandate_people(tmp_path) as town:
        machine = Citizen(tmp_path, town, {"HOHEIT_ENV": "production", "HOHEIT_WALLET_REGISTRAR_URL": REGISTRAR})
        Vault.create(machine.vault, PASSPHRASE, QUICK).close()
        everybody = {
            "office": town.office.pki, "access": town.office.access, "registrar": town.registrar.pki,
            "bank": town.bank.access,
        }  # fmt: skip
        for name, pki in everybody.items():
            write_anchor(machine.vault.parent / "anchors", f"{name}.pem", pki.root.pem, role=pki.role, name="Register")
        machine.run("receive", town.office.offer("card"), "--yes")
        [held] = machine.json("list")["credentials"]
        machine.card = held["id"]
        yield machine


def listed(citizen):
    return citizen.json("mandates", "list")["mandates"]


def test_what_can_be_chosen_is_what_a_mandate_has():
    assert [one.value for one in SentFor] == [one.value for one in Span]


def test_it_is_given_looked_up_ended_and_deleted(citizen):
    assert "Nobody sends anything for you by themselves." in citizen.run("mandates", "list").output
    id_ = citizen.given()
    [one] = listed(citizen)
    assert (one["id"], one["service"], one["state"], one["used"]) == (id_, SERVICE, "active", 0)
    assert (one["recipient"], one["at_most"], one["receipt"]) == (NAME, 24, None)
    citizen.town.move("Neustadt")
    assert citizen.town.deliver() == 1
    assert NEW in citizen.town.bank.lines()
    asked = len(citizen.town.office.seen)
    assert listed(citizen)[0]["used"] == 0, "a list asks nobody"
    assert len(citizen.town.office.seen) == asked
    shown = citizen.json("mandates", "show", id_[:8])["mandate"]
    assert (shown["state"], shown["used"]) == ("active", 1)
    assert shown["receipt"] in [one["id"] for one in citizen.json("receipts")["receipts"]]
    said = citizen.run("mandates", "show", id_).output
    for text in (NAME, "Town", "It was sent 1 time so far.", "Sent by: Town agency", "Ends by itself:"):
        assert text in said
    assert citizen.json("mandates", "end", id_)["mandate"]["state"] == "revoked"
    citizen.town.move("Oberstadt")
    assert citizen.town.deliver() == 0
    assert "You stopped it." in citizen.run("mandates", "end", id_).output
    assert citizen.json("mandates", "delete", id_) == {"deleted": id_}
    assert listed(citizen) == []


def test_one_yes_is_for_sending_now_and_another_for_the_office(citizen):
    said = citizen.give(keys="yn").output
    assert f"Shall Town agency send changes to {NAME} without you?" in said
    assert len(citizen.town.bank.posted) == 1, "what was decided first was sent"
    assert listed(citizen) == []
    citizen.give(keys="yy")
    assert [one["state"] for one in listed(citizen)] == ["active"]


def test_who_sends_nothing_now_tells_no_office_anything(citizen):
    seen = len(citizen.town.office.seen)
    citizen.give(keys="n", status=3)
    assert listed(citizen) == []
    assert [one for one in citizen.town.office.seen[seen:] if one.url.endswith("/mandates")] == []


def test_the_same_is_not_given_twice(citizen):
    citizen.given()
    result = citizen.give("--yes", "--json", status=1)
    [told] = answered(result)["mandates"]
    assert told == {"service": SERVICE, "error": "conflict"}
    assert f"This cannot be arranged for {NAME}" in result.stderr
    assert len(listed(citizen)) == 1


def test_what_cannot_be_done_without_the_citizen_is_said(citizen):
    [receipt] = citizen.json("receipts")["receipts"][:1]
    with Vault.open(citizen.vault, PASSPHRASE, now=citizen.town.now) as vault:
        [one] = [one for one in vault.disclosures() if one.id == receipt["id"]]
        vault.write(drop=[one])
    result = citizen.give("--yes", "--json", status=1)
    assert answered(result)["mandates"] == [{"service": SERVICE, "error": "not_possible"}]
    assert f"For {NAME} nobody can do this without you." in result.stderr


def test_an_office_that_is_away_is_not_said_to_have_stopped(citizen):
    office = citizen.town.office
    office.spoil = lambda path, found: replace(found, status=503) if "/mandates" in path else found
    result = citizen.give("--yes", "--json", status=1)
    [told] = answered(result)["mandates"]
    assert told["error"] == "temporarily_unavailable"
    assert [(one["id"], one["state"]) for one in listed(citizen)] == [(told["id"], "unknown")]
    refused = citizen.json("mandates", "end", told["id"], status=1)
    assert "It is not stopped" in refused["error_description"]
    assert "It has not ended" in citizen.run("mandates", "delete", told["id"], status=1).output
    assert citizen.json("mandates", "show", told["id"], status=1)["error"] == "temporarily_unavailable"
    assert len(listed(citizen)) == 1
    office.spoil = lambda _, found: found
    assert citizen.json("mandates", "end", told["id"])["mandate"]["state"] == "revoked"


def test_an_unknown_one_is_refused(citizen):
    citizen.given()
    for command in ("show", "end", "delete"):
        assert citizen.json("mandates", command, "none", status=1)["error"] == "not_found"
        assert citizen.json("mandates", command, "", status=1)["error"] == "not_found"
    assert len(listed(citizen)) == 1


def test_it_speaks_german(citizen):
    said = citizen.give(keys="jj", language="de").output
    assert f"Soll Town agency Änderungen ohne Sie an {NAME} senden?" in said
    assert [one["state"] for one in listed(citizen)] == ["active"]
