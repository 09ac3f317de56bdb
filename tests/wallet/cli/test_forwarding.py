"""`hoheit wallet forward`: see who takes a document, decide about each, and then all of it goes at once."""

import json

import pytest

from protocol.errors import Unreachable
from runtime.anchors import write_anchor
from tests.wallet.cli.machine import Machine
from tests.wallet.counterparts import PASSPHRASE, QUICK, dcql
from tests.wallet.forward_town import NAMES, ForwardTown
from tests.wallet.service_town import REGISTRAR
from wallet.vault.vault import Vault

ALL = [part for name in NAMES for part in ("--to", f"address-{name}")]


class Citizen(Machine):
    """A machine with one document."""

    id = ""


@pytest.fixture
def machine(tmp_path):
    """A machine with an identity card, in a town where several take it."""
    world = ForwardTown(None)
    machine = Citizen(tmp_path, world, {"HOHEIT_ENV": "production", "HOHEIT_WALLET_REGISTRAR_URL": REGISTRAR})
    Vault.create(machine.vault, PASSPHRASE, QUICK).close()
    anchors = machine.vault.parent / "anchors"
    write_anchor(
        anchors, "registrar.pem", world.publisher.pki.root.pem, role=world.publisher.pki.role, name="Registrar"
    )
    for name, taker in world.takers.items():
        write_anchor(anchors, f"{name}.pem", taker.pki.root.pem, role=taker.pki.role, name="Register")
    machine.run("receive", world.agency.offer(credential_configuration_ids=("pid",)), "--yes")
    [held] = machine.json("list")["credentials"]
    machine.id = held["id"]
    return machine


def outcomes(result):
    return {one["service"].removeprefix("address-"): one["outcome"] for one in result["forwarded"]}


def sent(machine):
    return {name for name, taker in machine.world.takers.items() if any("vp_token" in one for one in taker.answers)}


def test_without_recipients_it_says_who_takes_the_document(machine):
    found = machine.json("forward", machine.id)["recipients"]
    assert [one["id"] for one in found] == [f"address-{name}" for name in NAMES]
    assert "Town bank" in machine.run("forward", machine.id).output
    assert not any(taker.seen for taker in machine.world.takers.values())


def test_with_yes_all_of_them_get_it(machine):
    result = machine.json("forward", machine.id, *ALL, "--yes")
    assert outcomes(result) == dict.fromkeys(NAMES, "arrived")
    assert result["not_asked"] == []
    assert sent(machine) == set(NAMES)


def test_each_is_decided_and_nothing_leaves_before_the_last_decision(machine):
    result = machine.run("forward", machine.id, *ALL, keys="yny")
    assert "Shall Town bank get exactly this?" in result.output
    assert "2 of them have it" in result.output
    assert sent(machine) == {"bank", "school"}
    assert machine.world.takers["insurer"].answers[0]["error"] == "access_denied"


def test_leaving_in_the_middle_sends_nothing(machine):
    machine.run("forward", machine.id, *ALL, keys="y", status=1)
    assert sent(machine) == set()


def test_saying_no_to_all_is_a_no(machine):
    machine.run("forward", machine.id, *ALL, keys="nnn", status=3)
    assert sent(machine) == set()


def test_with_yes_whoever_needs_a_decision_gets_nothing(machine):
    machine.world.takers["insurer"].query = {"credentials": [dcql(("given_name",), ("birthdate",))]}
    result = machine.run("forward", machine.id, *ALL, "--yes", "--json")
    assert "They ask for more than they announced: Date of birth" in result.stderr
    assert outcomes(json.loads(result.stdout))["insurer"] == "left_out"
    assert sent(machine) == {"bank", "school"}


def test_who_asks_for_more_than_they_registered_gets_nothing_and_is_named_with_why(machine):
    """T170"""
    registrar = machine.world.registrar.pki
    anchors = machine.vault.parent / "anchors"
    write_anchor(anchors, "registration.pem", registrar.root.pem, role=registrar.role, name="Register")
    for name in NAMES:
        machine.world.registering(name)
    machine.world.takers["insurer"].query = {"credentials": [dcql(("given_name",), ("birthdate",))]}
    result = machine.run("forward", machine.id, *ALL, "--yes", "--json")
    said = " ".join(result.stderr.replace("│", " ").split())
    assert "asks for more than they registered for: Date of birth" in said
    assert "You do not have everything" not in said
    assert outcomes(json.loads(result.stdout))["insurer"] == "left_out"
    assert sent(machine) == {"bank", "school"}


def test_who_cannot_be_asked_is_named_and_the_rest_goes_on(machine):
    machine.world.takers["bank"].down = True
    machine.world.takers["school"].reply = Unreachable("gone")
    result = machine.json("forward", machine.id, *ALL, "--yes")
    assert [one["service"] for one in result["not_asked"]] == ["address-bank"]
    assert outcomes(result) == {"insurer": "arrived", "school": "unknown"}


def test_a_service_that_does_not_take_it_and_an_unknown_document_are_refused(machine):
    assert machine.json("forward", machine.id, "--to", "library-card", status=1)["error"] == "not_found"
    assert machine.json("forward", "none", "--to", "address-bank", status=1)["error"] == "not_found"


def test_without_a_list_of_services_it_says_why(machine):
    machine.environment = {"HOHEIT_ENV": "production"}
    assert machine.json("forward", machine.id, status=1) == {"error": "nobody"}


def test_it_speaks_german(machine):
    result = machine.run("forward", machine.id, "--to", "address-bank", keys="j", language="de")
    assert "Alle haben es" in result.output
