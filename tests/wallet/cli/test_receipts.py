"""`receipts`: what partners confirmed and did, at a terminal."""

import json
from dataclasses import replace

import pytest

from protocol.sovereignty.usage import Action
from runtime.anchors import write_anchor
from tests.support.pki import DAY, NOW
from tests.wallet.cli.machine import Machine
from tests.wallet.cockpit import CockpitWorld, use
from tests.wallet.counterparts import PASSPHRASE, QUICK
from wallet.vault.vault import Vault


@pytest.fixture
def holder(tmp_path):
    """Somebody who showed their card to the library."""
    world = CockpitWorld(None)
    machine = Machine(tmp_path, world, {"HOHEIT_ENV": "production"})
    registrar = world.registrar.pki
    write_anchor(tmp_path / "data" / "anchors", "r.pem", registrar.root.pem, role=registrar.role, name="The town")
    Vault.create(machine.vault, PASSPHRASE, QUICK).close()
    assert "No partner promised you a receipt yet." in machine.run("receipts").stdout
    machine.run("receive", world.agency.offer(), "--yes")
    machine.run("present", world.partner.link(), "--yes")
    return machine


def test_receipts_are_listed_and_shown(holder):
    [listed] = holder.json("receipts")["receipts"]
    assert listed["partner"] == "City library"
    assert listed["findings"] == []
    assert listed["missing"] is None
    text = holder.run("receipts").stdout
    assert listed["id"][:8] in text
    assert "City library gave you a receipt." in text
    shown = holder.run("receipts", listed["id"][:6]).stdout
    assert "To make you a library card. You agreed to it." in shown
    assert "May get it: Bank" in shown
    assert holder.json("receipts", listed["id"])["key"] == listed["key"]
    holder.run("receipts", "zz", status=1)


def test_they_are_exported_in_the_international_form_and_hold_no_value_and_no_key(holder):
    [listed] = holder.json("receipts")["receipts"]
    for arguments in ((), (listed["id"][:6],)):
        [written] = json.loads(holder.run("receipts", *arguments, "--export", "27560").stdout)
        assert written["receipt_metadata"]["schema_version"] == "ISO/IEC TS 27560:2023"
        assert written["proof"] == listed["receipt"]
        assert "Erika" not in json.dumps(written)


def test_a_partner_is_asked_when_that_is_wanted(holder):
    [listed] = holder.json("receipts")["receipts"]
    holder.world.partner.did(use(), use(Action.VIEWED, NOW + 60))
    holder.world.now += 3600
    holder.run("receipts")
    assert holder.world.partner.calls == []
    text = holder.run("receipts", listed["id"], "--collect").stdout
    assert "City library looked at your data." in text
    assert "By: front desk. Why: Application for a card" in text
    assert [entry["action"] for entry in holder.json("receipts", listed["id"])["usage"]] == ["received", "viewed"]


def test_without_a_name_only_those_are_asked_whose_hour_it_is(holder):
    asked = []
    for hour in range(24):
        holder.world.now = NOW - NOW % DAY + DAY + hour * 3600
        before = len(holder.world.partner.calls)
        holder.run("receipts", "--collect")
        asked.append(len(holder.world.partner.calls) > before)
    assert sum(asked) == 1


def test_a_receipt_that_lies_is_said(holder):
    holder.world.partner.lie = lambda receipt: replace(receipt, key="A" * 43)
    holder.world.partner.changes = {**holder.world.partner.changes, "nonce": "another-nonce-of-22-characters"}
    holder.run("present", holder.world.partner.link(), "--yes")
    [_, listed] = holder.json("receipts")["receipts"]
    assert listed["findings"] == ["key_swapped"]
    shown = holder.run("receipts", listed["id"]).stdout
    assert "does not match what you sent" in shown
    assert "another key than your wallet sent" in shown
    holder.world.now += 3600
    assert "the receipt is wrong" in holder.run("receipts", listed["id"], "--collect").stdout
    assert holder.world.partner.calls == []
