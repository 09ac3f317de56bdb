"""`trust`, `trusted` and `distrust` as people and scripts use them."""

import json
import shutil
from dataclasses import replace

import pytest

from protocol.trust.anchors import Role
from tests.support.pki import AUTHORITY, NOW, self_signed
from tests.wallet.cli.machine import Machine
from tests.wallet.counterparts import World
from wallet.cli.options import RoleName


@pytest.fixture
def newcomer(tmp_path):
    """A machine of somebody who trusts nobody yet, with the agency's and the partner's certificates as files."""
    machine = Machine(tmp_path, World(None), {"HOHEIT_ENV": "production"})
    shutil.rmtree(tmp_path / "data" / "anchors")
    (tmp_path / "agency.pem").write_bytes(machine.world.agency.pki.root.pem)
    (tmp_path / "partner.pem").write_bytes(machine.world.partner.pki.root.pem)
    return machine


def trust(machine, file="agency.pem", *more, **options):
    return machine.run("trust", str(machine.folder / file), "--name", "The ministry", *more, **options)


def trusted(machine):
    return [(item["name"], item["role"]) for item in machine.json("trusted", passphrase=False)["trusted"]]


def test_the_roles_of_the_command_are_those_that_a_wallet_looks_at():
    assert [*RoleName] == [Role.ISSUER, Role.VERIFIER]


def test_a_citizen_sees_whom_they_trust_for_what_and_says_yes(newcomer):
    """No passphrase is needed: whom a wallet trusts says nothing about its user."""
    shown = trust(newcomer, keys="y", passphrase=False).stdout
    for line in (
        "You are about to trust: The ministry",
        "In the certificate stands: CN=Root authority",
        "Documents from them, or from those whom they vouch for, will count as genuine.",
        "Good until 15 January 2028.",
        "If one character is different, say no.",
        "[y] Yes, trust them   [n] No",
        "You trust The ministry from now on.",
    ):
        assert line in shown
    assert "Only documents" not in shown
    assert "asks you for data" not in shown
    assert shown.index("Fingerprint") < shown.index("Do you want to trust them?") < shown.index("from now on")
    assert trusted(newcomer) == [("The ministry", "issuer")]


def test_the_fingerprint_stands_in_groups_that_can_be_compared(newcomer):
    shown = trust(newcomer, keys="n", status=3).stdout
    lines = shown.split("Fingerprint of the certificate (SHA-256):\n")[1].splitlines()[:4]
    groups = [line.split() for line in lines]
    assert [[len(group) for group in line] for line in groups] == [[4] * 4] * 4
    [item] = json.loads(trust(newcomer, "agency.pem", "--yes", "--json").stdout)["trusted"]
    assert "".join(group for line in groups for group in line) == item["id"].upper()


def test_it_speaks_german(newcomer):
    shown = trust(newcomer, "agency.pem", "--role", "issuer", "--role", "verifier", keys="j", language="de").stdout
    for line in (
        "Sie sind dabei, dieser Stelle zu vertrauen: The ministry",
        "Nachweise von dieser Stelle gelten dann als echt.",
        "Dann zeigt Ihre Wallet: geprüft.",
        "Gültig bis 15. Januar 2028.",
        "[j] Ja, vertrauen   [n] Nein",
        "Sie vertrauen ab jetzt: The ministry",
    ):
        assert line in shown
    assert "darf Ihnen Nachweise geben" in newcomer.run("trusted", language="de").stdout


def test_saying_no_takes_one_key_and_changes_nothing(newcomer):
    shown = trust(newcomer, keys="\r n", status=3).stdout
    assert "You said no. Nothing was changed." in shown
    assert json.loads(trust(newcomer, "agency.pem", "--json", keys="n", status=3).stdout) == {"declined": True}
    assert not (newcomer.folder / "data" / "anchors").exists()


def test_leaving_is_no_yes(newcomer):
    for keys in ("", "\x03"):
        trust(newcomer, keys=keys, status=1)
    assert trusted(newcomer) == []


def test_whoever_is_trusted_counts_from_then_on(newcomer):
    newcomer.run("init")
    refused = newcomer.run("receive", newcomer.world.agency.offer(), "--yes", status=1)
    assert "nobody you trust vouches for this issuer" in refused.stderr
    trust(newcomer, "agency.pem", "--yes")
    trust(newcomer, "partner.pem", "--role", "verifier", "--yes")
    newcomer.run("receive", newcomer.world.agency.offer(), "--yes")
    assert (
        "Checked: The ministry vouches for them."
        in newcomer.run("present", newcomer.world.partner.link(), keys="s").stdout
    )


def test_a_type_limits_what_they_may_issue(newcomer):
    shown = trust(newcomer, "agency.pem", "--type", "urn:other", keys="y").stdout
    assert "Only documents of these kinds: urn:other" in shown
    assert "Only documents of these kinds: urn:other" in newcomer.run("trusted").stdout
    newcomer.run("init")
    newcomer.run("receive", newcomer.world.agency.offer(), "--yes", status=1)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "new.pem: cannot be read"),
        (b"no certificate", "new.pem: is not a PEM certificate"),
        (b"-----BEGIN PRIVATE KEY-----", "new.pem: must hold a certificate, and no private key"),
        (self_signed(replace(AUTHORITY, not_after=NOW)).pem, "new.pem: the certificate has expired"),
    ],
    ids=["missing", "no certificate", "private key", "expired"],
)
def test_what_cannot_be_trusted_is_one_line_and_status_one(newcomer, content, problem):
    """T242"""
    if content is not None:
        (newcomer.folder / "new.pem").write_bytes(content)
    result = trust(newcomer, "new.pem", "--yes", status=1)
    assert result.stdout == ""
    assert result.stderr == f"error: This did not work. Nothing was changed. ({problem})\n"
    assert not (newcomer.folder / "data" / "anchors").exists()


def test_a_name_and_a_known_role_are_needed(newcomer):
    newcomer.run("trust", str(newcomer.folder / "agency.pem"), status=2)
    trust(newcomer, "agency.pem", "--role", "god", status=2)


def test_those_who_are_trusted_are_listed(newcomer):
    assert "You trust nobody yet." in newcomer.run("trusted", passphrase=False).stdout
    [item] = json.loads(trust(newcomer, "agency.pem", "--type", "urn:a", "--yes", "--json").stdout)["trusted"]
    assert (item["types"], item["expires_at"], item["subject"]) == (["urn:a"], AUTHORITY.not_after, "CN=Root authority")
    assert newcomer.json("trusted") == {"trusted": [item]}
    trust(newcomer, "partner.pem", "--role", "verifier", "--yes")
    shown = newcomer.run("trusted").stdout
    assert f"{item['id'][:8]}  The ministry\n          may give you documents, or say who may\n" in shown
    assert "may say who it is that asks you for data" in shown
    assert shown.count("good until 15 January 2028") == 2
    newcomer.world.now = AUTHORITY.not_after
    assert newcomer.run("trusted").stdout.count("! has expired") == 2


def test_trust_is_taken_back_after_a_question(machine):
    machine.run("receive", machine.world.agency.offer(), "--yes")
    ids = {item["name"]: item["id"] for item in machine.json("trusted")["trusted"]}
    ministry, register = ids["The ministry"][:8], ids["The register"][:8]
    asked = machine.run("distrust", ministry, keys="n", status=3)
    assert f"{ministry}  The ministry" in asked.stdout
    assert "But you cannot show it to anybody any more." in asked.stdout
    assert "do not count as checked" not in asked.stdout
    assert len(trusted(machine)) == 2
    assert "You do not trust The ministry any more." in machine.run("distrust", ministry, keys="y").stdout
    asked = machine.run("distrust", register, "--json", "--yes")
    assert "Those whom they vouch for do not count as checked any more." in asked.stderr
    assert json.loads(asked.stdout) == {"distrusted": ids["The register"]}
    assert trusted(machine) == []
    assert "There is no such thing here." in machine.run("distrust", ministry, "--yes", status=1).stderr
    assert "nobody whom you trust" in " ".join(
        machine.run("receive", machine.world.agency.offer(), keys="n", status=3).stdout.split()
    )


def test_somebody_trusted_by_name_is_listed_by_name(machine):
    with (machine.folder / "data" / "anchors" / "anchors.toml").open("a") as index:
        index.write('[[identifier]]\nidentifier = "did:web:uni.example"\nrole = "issuer"\nname = "The university"\n')
    shown = machine.run("trusted").stdout
    assert "did:web:uni.example  The university\n          may give you documents, or say who may\n" in shown
    assert shown.count("good until") == 2
    assert "has expired" not in shown
    assert machine.json("trusted")["trusted"][-1] == {
        "id": "did:web:uni.example",
        "name": "The university",
        "role": "issuer",
        "types": [],
        "subject": None,
        "expires_at": None,
    }
