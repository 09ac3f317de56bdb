"""`hoheit wallet orders`: see how standing orders stand, send what is new, stop and delete."""

import json
from dataclasses import replace

import pytest

from protocol.encoding import encode_json
from runtime.anchors import write_anchor
from tests.support.pki import DAY, NOW
from tests.wallet.cli.machine import Machine
from tests.wallet.counterpart_agency import CLAIMS
from tests.wallet.counterparts import PASSPHRASE, QUICK
from tests.wallet.forward_town import NAMES, ForwardTown
from tests.wallet.service_town import REGISTRAR
from wallet.cli.options import AgainFor
from wallet.policy.standing import HowLong, Limit
from wallet.vault.vault import Vault


@pytest.fixture
def machine(tmp_path):
    """A machine whose wallet has standing orders for an identity card: two for a year."""
    vault = Vault.create(tmp_path / "data" / "wallet.db", PASSPHRASE, QUICK)
    world = ForwardTown(vault, tmp_path / "published")
    machine = Machine(tmp_path, world, {"HOHEIT_ENV": "production", "HOHEIT_WALLET_REGISTRAR_URL": REGISTRAR})
    anchors = machine.vault.parent / "anchors"
    for name, pki in (("registrar", world.publisher.pki), ("register", world.registrar.pki)):
        write_anchor(anchors, f"{name}.pem", pki.root.pem, role=pki.role, name="Registrar")
    for name, taker in world.takers.items():
        world.registering(name)
        write_anchor(anchors, f"{name}.pem", taker.pki.root.pem, role=taker.pki.role, name="Register")
    world.fetch()
    world.receive_pid()
    recipients = world.ask("bank", "school")
    for one in recipients.asked:
        limit, choice = Limit(until=NOW + 365 * DAY), one.seen.default_choice()
        world.run(world.wallet.standing.give(recipients, one.begun.service.id, choice, limit))
    vault.close()
    return machine


def renew(machine):
    """The document is fetched anew, and says something else."""
    with Vault.open(machine.vault, PASSPHRASE, now=NOW) as vault:
        [held] = vault.credentials()
        says = encode_json({**CLAIMS, "given_name": "Erika Maria"}).decode()
        copies = tuple([replace(copy, used_at=0) for copy in held.copies])
        vault.write(put=[replace(held, issuance="another", claims=says, copies=copies)])


def states(machine):
    found = machine.json("orders")["orders"]
    return {one["service"].removeprefix("address-"): one["state"] for one in found}


def sent(machine):
    return {name for name, taker in machine.world.takers.items() if any("vp_token" in one for one in taker.answers)}


def test_orders_are_listed_with_how_they_stand(machine):
    assert states(machine) == {"bank": "unchanged", "school": "unchanged"}
    said = machine.run("orders").output
    assert "Town bank" in said
    assert "They have what you have." in said
    assert "Ends by itself:" in said
    renew(machine)
    assert states(machine) == {"bank": "due", "school": "due"}


def test_what_is_new_is_sent_after_a_yes_for_each(machine):
    assert machine.json("orders", "--send") == {"forwarded": [], "not_asked": [], "orders": []}
    renew(machine)
    machine.run("orders", "--send", keys="y", status=1)
    assert sent(machine) == set(), "whoever leaves in the middle sends nothing"
    result = machine.json("orders", "--send", "--yes")
    assert {one["service"]: one["outcome"] for one in result["forwarded"]} == {
        "address-bank": "arrived", "address-school": "arrived",
    }  # fmt: skip
    assert sent(machine) == {"bank", "school"}
    assert states(machine) == {"bank": "unchanged", "school": "unchanged"}


def test_what_can_be_chosen_is_what_an_order_has():
    assert [one.value for one in AgainFor] == [one.value for one in HowLong]
    assert all(one.limit(NOW).is_sound(NOW) for one in HowLong)


def test_it_is_arranged_together_with_forwarding(machine):
    del machine.world.takers["bank"].changes["verifier_info"]
    [held] = machine.json("list")["credentials"]
    to = [part for name in ("insurer", "bank") for part in ("--to", f"address-{name}")]
    result = machine.run("forward", held["id"], *to, "--again", "once", "--yes", "--json")
    [order] = json.loads(result.stdout)["orders"]
    assert "This cannot be arranged for Town bank" in result.stderr
    found = next(one for one in machine.json("orders")["orders"] if one["id"] == order)
    assert (found["service"], found["at_most"], found["until"]) == ("address-insurer", 1, None)


def test_an_order_is_stopped_and_then_deleted(machine):
    bank = next(one for one in machine.json("orders")["orders"] if one["service"] == "address-bank")
    assert machine.json("orders", "--stop", bank["id"]) == {"stopped": bank["id"]}
    assert states(machine)["bank"] == "revoked"
    assert machine.json("orders", "--stop", bank["id"][:12]) == {"deleted": bank["id"]}
    assert set(states(machine)) == {"school"}
    assert machine.json("orders", "--stop", "none", status=1)["error"] == "not_found"
    assert set(NAMES) > set(states(machine))
