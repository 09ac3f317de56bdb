"""`list`, `show`, `log` and `forget`: what the wallet holds and remembers, and how it is deleted."""

from tests.support.pki import NOW
from tests.wallet.counterparts import PASSPHRASE, held
from tests.wallet.service.status_host import STATUS_URI, StatusHost
from tests.wallet.vault.tampering import file_as_database
from wallet.vault.vault import Vault


def test_show_and_list_tell_everything_that_is_held(holder):
    [listed] = holder.json("list")["credentials"]
    assert listed["copies"] == listed["unused_copies"] == 3
    assert listed["expires_at"] == NOW + 100_000
    shown = holder.json("show", listed["id"][:6])
    assert {claim["label"]: claim["value"] for claim in shown["claims"]}["City"] == "Köln"
    text = holder.run("show", listed["id"]).stdout
    assert "3 of 3 copies were never shown." in text
    assert "Family name: Mustermann" in text
    assert listed["id"][:8] in holder.run("list").stdout


def test_the_status_is_looked_up_when_asked(machine):
    """T174"""
    machine.world.agency.status_uri = STATUS_URI
    host = StatusHost(machine.world.agency.pki, values={20: 1})
    machine.world.more["https://status.example"] = host
    machine.run("receive", machine.world.agency.offer(), "--yes")
    assert host.seen == []
    assert machine.json("list", "--check")["credentials"][0]["cautions"] == ["revoked"]
    assert "was taken back; others" in machine.run("list").stdout
    refused = machine.run("present", machine.world.partner.link(), "--yes", status=1)
    assert "leave out --yes" in refused.stderr


def test_forgetting_asks_first_and_is_for_ever(holder):
    """T228"""
    [listed] = holder.json("list")["credentials"]
    holder.run("forget", listed["id"], keys="n", status=3)
    assert len(holder.json("list")["credentials"]) == 1
    asked = holder.run("forget", listed["id"][:5], keys="d")
    assert "Delete Personal ID for ever?" in asked.stdout
    assert holder.json("list")["credentials"] == []
    assert "There is no such thing here." in holder.run("forget", listed["id"], "--yes", status=1).stderr


def unwrapped(text):
    """The words of a text without the lines and frames that a terminal puts around them."""
    return " ".join(word for word in text.split() if not set(word) <= set("│╭╮╰╯─"))


def test_a_damaged_credential_is_said_and_the_rest_is_usable(holder):
    """T215"""
    holder.run("receive", holder.world.agency.offer(), "--yes")
    [first, second] = holder.json("list")["credentials"]
    with file_as_database(holder.vault) as connection:
        connection.execute("UPDATE records SET sealed = x'00' WHERE id = ?", (first["id"],))
    listed = holder.json("list")
    assert listed["damaged"] == [first["id"]]
    assert [item["id"] for item in listed["credentials"]] == [second["id"]]
    assert "The rest of your wallet is fine." in unwrapped(holder.run("list").stdout)
    holder.run("forget", first["id"], "--yes")
    assert holder.json("list")["damaged"] == []


# The log


def test_the_log_names_claims_and_no_values(holder):
    """T263"""
    holder.run("present", holder.world.partner.link(), "--yes")
    entries = holder.json("log")["log"]
    assert [(entry["action"], entry["outcome"]) for entry in entries] == [("received", "done"), ("shared", "done")]
    assert entries[1]["party"] == "City library"
    assert entries[1]["credentials"] == [
        {"name": "Personal ID", "type": "urn:eudi:pid:1", "claims": ['["given_name"]']}
    ]
    text = holder.run("log").stdout
    assert "You showed Personal ID to City library." in text
    assert "Erika" not in text
    assert "Nothing happened yet." not in text


def test_the_log_can_be_deleted_by_its_owner(holder):
    """T263"""
    holder.run("log", "--delete", keys="n", status=3)
    assert len(holder.json("log")["log"]) == 1
    holder.run("log", "--delete", keys="d")
    assert [entry["action"] for entry in holder.json("log")["log"]] == ["log deleted"]
    holder.run("log", "--delete", "--yes")


def test_the_log_is_kept_for_as_long_as_its_owner_says(holder):
    holder.run("log", "--keep", "3", status=1)
    assert holder.json("log", "--keep", "2") == {"keep_years": 2, "deleted": 0}
    assert len(holder.json("log")["log"]) == 1
    holder.world.now += 2 * 366 * 86_400
    assert holder.json("log")["log"] == []
    assert "Lines stay until you delete them." in holder.run("log", "--keep", "0").stdout


def test_what_would_go_at_once_is_said_before(holder):
    holder.world.now += 2 * 366 * 86_400
    holder.run("log", "--keep", "1", keys="n", status=3)
    assert len(holder.json("log")["log"]) == 1
    assert "1 lines are older and go now, for ever." in holder.run("log", "--keep", "1", keys="d").output
    assert holder.json("log")["log"] == []


def test_a_document_in_two_forms_is_one_in_the_list_and_goes_as_one(machine):
    """T228"""
    forms = {"dc+sd-jwt": 2, "mso_mdoc": 3}
    with Vault.open(machine.vault, PASSPHRASE, now=NOW) as vault:
        vault.write(put=[
            held(f"{copies}a", format=name, type=name, copies=copies, used=1, document="2a") for name, copies in forms.items()
        ])  # fmt: skip
    [listed] = machine.json("list")["credentials"]
    assert (listed["id"], listed["copies"], listed["unused_copies"]) == ("2a", 5, 3)
    assert [(form["type"], form["in_person"], form["unused_copies"]) for form in listed["forms"]] == [
        ("dc+sd-jwt", False, 1),
        ("mso_mdoc", True, 2),
    ]
    text = machine.run("show", "3a").stdout
    assert "For the internet: 1 of 2 copies were never shown." in text
    assert "For the internet and face to face: 2 of 3 copies were never shown." in text
    assert text.count("Family name: Mustermann") == 1
    assert "All its forms go" in machine.run("forget", "3a", keys="n", status=3).stdout
    machine.run("forget", "3a", keys="d")
    assert machine.json("list")["credentials"] == []
