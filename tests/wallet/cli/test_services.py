"""`hoheit wallet services`: list, suggest, plan."""

import json

import pytest

from runtime.anchors import write_anchor
from tests.wallet.cli.machine import Machine
from tests.wallet.counterparts import PASSPHRASE, QUICK
from tests.wallet.service_town import LIBRARY_CARD, REGISTRAR, ServiceWorld
from wallet.vault.vault import Vault


@pytest.fixture
def machine(tmp_path):
    """A machine whose wallet follows a registrar, with an identity card in it."""
    world = ServiceWorld(None)
    machine = Machine(tmp_path, world, {"HOHEIT_ENV": "production", "HOHEIT_WALLET_REGISTRAR_URL": REGISTRAR})
    Vault.create(machine.vault, PASSPHRASE, QUICK).close()
    pki = world.publisher.pki
    write_anchor(machine.vault.parent / "anchors", "registrar.pem", pki.root.pem, role=pki.role, name="Registrar")
    machine.run("receive", world.agency.offer(credential_configuration_ids=("pid",)), "--yes")
    return machine


def answered(result):
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_services_are_listed_and_looked_for(machine):
    everything = answered(machine.run("services", "list", "--json"))["services"]
    assert [one["id"] for one in everything] == ["library-card", "birth-certificate", "child-benefit", "pension"]
    found = answered(machine.run("services", "list", "Kindergeld", "--json"))["services"]
    assert [(one["id"], one["life_events"]) for one in found] == [("child-benefit", ["birth"])]
    assert "Nothing was found." in machine.run("services", "list", "nothing like it").output
    # Of the same hour, one fetch serves all
    assert len(machine.world.publisher.seen) == 2


def test_suggestions_are_off_until_switched_on(machine):
    assert answered(machine.run("services", "suggest", "--json")) == {"suggestions": None}
    assert "Suggestions are off." in machine.run("services", "suggest").output
    found = answered(machine.run("services", "suggest", "--on", "--json"))["suggestions"]
    assert [(one["id"], one["rank"]) for one in found] == [
        ("birth-certificate", "at_hand"),
        ("library-card", "at_hand"),
        ("child-benefit", "one_missing"),
    ]
    assert found[2]["missing"][0]["given_by"] == ["birth-certificate"]
    words = machine.run("services", "suggest").output
    assert "? Not known yet: Your child is under 18" in words
    assert "Missing: The proof that you get with: Get a birth certificate" in words
    assert answered(machine.run("services", "suggest", "--off", "--json")) == {"suggestions": None}


def test_a_plan_is_shown_and_kept_where_that_is_wanted(machine):
    plan = answered(machine.run("services", "plan", "child-benefit", "--json"))["plan"]
    assert plan["id"] is None
    assert [one["service"] for one in plan["steps"]] == ["birth-certificate", "child-benefit"]
    assert plan["steps"][1]["asks"] == ["iban", "email"]
    words = machine.run("services", "plan", "birth").output
    assert "Comes on the way, from the step: Get a birth certificate" in words
    assert "You will be asked: Account number, E-mail" in words
    assert answered(machine.run("services", "plan", "birth", "--begin", "--json"))["plan"]["id"]
    machine.run("services", "plan", "nothing", status=1)
    machine.run("services", "plan", "driving", status=1)


def test_without_a_list_the_command_says_so(machine):
    machine.world.publisher.signing = machine.world.partner.pki
    for command in (("list",), ("suggest", "--on"), ("plan", "birth")):
        failed = machine.run("services", *command, status=1)
        assert "was signed by nobody whom you trust with it" in " ".join(failed.output.replace("│", " ").split())


def test_a_list_that_is_refused_and_services_that_are_left_out_are_said(machine):
    publisher = machine.world.publisher
    publisher.unread = ({**LIBRARY_CARD, "id": "bad", "start": "javascript:alert(1)"},)
    said = machine.run("services", "list")
    assert "1 service in the list cannot be read" in said.output
    assert "Library card" in said.output
    publisher.seq = 6
    machine.world.now += 3600
    said = machine.run("services", "list")
    assert "is older than the one you had." in said.output
    assert "If this stays so for a" in said.output
    assert "Library card" in said.output
