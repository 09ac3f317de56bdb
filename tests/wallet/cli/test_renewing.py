"""`renew`: one document, or whatever is due."""

import pytest

from tests.wallet.counterpart_agency import CLAIMS, answer


@pytest.fixture
def holder(machine):
    """A wallet with a document that can be renewed."""
    machine.world.agency.refresh_token = "refresh-1"
    machine.run("receive", machine.world.agency.offer(), "--yes")
    return machine


def test_what_is_new_is_said(holder):
    [listed] = holder.json("list")["credentials"]
    holder.world.agency.claims = {**CLAIMS, "family_name": "Neumann"}
    said = holder.run("renew", listed["id"][:6]).stdout
    assert "Personal ID is renewed." in said
    assert "new: Family name: Neumann" in said
    assert "renewed Personal ID" in holder.run("log").stdout
    assert holder.json("renew", listed["id"]) == {"renewed": [{"id": listed["id"], "changed": []}]}


def test_nothing_is_due_in_a_fresh_wallet(holder):
    assert "Nothing has to be renewed now." in holder.run("renew").stdout
    assert holder.json("renew") == {"renewed": [], "failed": 0}


def test_what_is_due_is_renewed(holder):
    holder.world.agency.issued_changes = {"expires_at": holder.world.now + 10, "issued_at": holder.world.now - 5}
    [listed] = holder.json("list")["credentials"]
    holder.run("renew", listed["id"])
    holder.world.now += 9
    holder.world.agency.issued_changes = {}
    assert [one["id"] for one in holder.json("renew")["renewed"]] == [listed["id"]]


def test_a_no_says_what_to_do(holder):
    [listed] = holder.json("list")["credentials"]
    holder.world.agency.refuse = {"/token": answer({"error": "invalid_grant"}, 400)}
    refused = holder.run("renew", listed["id"], status=1)
    assert "Ask for a new one where you got it." in refused.stdout + refused.stderr
