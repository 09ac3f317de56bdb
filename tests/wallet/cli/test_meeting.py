"""`meet`: a code on the terminal, a reader who scanned it, and the same question as for any request."""

import pytest

from protocol.oid4vp.response import ErrorResponse
from runtime.anchors import write_anchor
from tests.support.pki import make_pki
from tests.wallet.acting_in_person import ASKED, BIRTH, FAMILY
from tests.wallet.cli.machine import Machine
from tests.wallet.counterparts import PASSPHRASE, QUICK
from tests.wallet.meeting import ISSUER, LICENSED, RELAY, MeetingWorld, Reader, asks, document, verified_claims
from wallet.vault.vault import Vault


class Counter:
    """Somebody at a counter, who scans the code as soon as it is there; `seen` is what they see of the terminal."""

    def __init__(self, world, *asked, **asking):
        self.world = world
        self.asked = asked or (asks("family_name"),)
        self.asking = asking
        self.reader = None
        self.looks = 0
        self.relay_away_for = 0  # looks

    def wait(self, seconds):
        """The wallet waits a second."""
        self.looks += 1
        self.world.now += int(seconds)
        self.world.relay.away = self.looks <= self.relay_away_for
        if self.looks == self.relay_away_for + 1 and self.asking.get("signed") is not None:
            self.reader = Reader(self.world, self.world.shown[-1], self.asked, **self.asking)
            self.reader.leave()


@pytest.fixture
def holder(tmp_path, monkeypatch):
    """A machine with a driving licence in its wallet, and a relay."""
    world = MeetingWorld(None)
    machine = Machine(tmp_path, world, {"HOHEIT_ENV": "production", "HOHEIT_WALLET_RELAY": RELAY})
    for pki, file in ((ISSUER, "ministry"), (world.registrar.pki, "registrar")):
        write_anchor(tmp_path / "data" / "anchors", f"{file}.pem", pki.root.pem, role=pki.role, name="The ministry")
    with Vault.create(machine.vault, PASSPHRASE, QUICK) as vault:
        vault.write(put=[document()])

    def draw(text, *, dark):
        world.shown.append(text)
        return "<the code>"

    monkeypatch.setattr("wallet.cli.meeting.draw_qr", draw)
    return machine


def meet(holder, *options, signed=True, away_for=0, **more):
    """Somebody comes to the counter."""
    asking = {name: more.pop(name) for name in ("entry", "pki") if name in more}
    counter = Counter(holder.world, *more.pop("asked", ()), signed=signed, **asking)
    counter.relay_away_for = away_for
    holder.sleep = counter.wait
    return counter, holder.run("meet", *options, **more)


def test_a_code_is_shown_and_who_scans_it_gets_what_was_agreed_to(holder):
    counter, result = meet(holder, entry=LICENSED, keys="s")
    text = result.stdout.replace("\n", " ")
    assert "<the code>" in text
    assert "mdoc:" in text
    assert "City library asks you for data." in text
    assert "The data goes to whoever scanned your code, and to nobody else." in text
    assert "Family name: Mustermann" in text
    assert "Done. You find this in your log." in text
    assert verified_claims(counter.reader, counter.reader.fetch())
    [entry] = holder.json("log")["log"]
    assert (entry["action"], entry["party"], entry["in_person"], entry["outcome"]) == (
        "shared", "City library", True, "done",
    )  # fmt: skip


def test_for_whom_it_is_is_asked_in_person_too(holder):
    """T187"""
    with Vault.open(holder.vault, PASSPHRASE, now=holder.world.now) as vault:
        vault.write(put=FAMILY)
    counter, result = meet(holder, "--yes", asked=ASKED, status=1)
    assert counter.reader.fetch() is None
    counter, result = meet(holder, asked=ASKED, keys="2\ns")
    assert "For whom do you answer?" in result.output
    assert "You act for Mia." in result.output
    assert "You act for Ben." not in result.output
    claims = verified_claims(counter.reader, counter.reader.fetch())
    assert claims[BIRTH.replace(".", "-")] == ({BIRTH: {"given_name": "Mia"}},)


def test_to_say_no_is_as_easy(holder):
    counter, result = meet(holder, keys="n", status=3)
    assert "Nothing was given away." in result.stdout
    assert counter.reader.read(counter.reader.fetch()) == ErrorResponse("access_denied")


def test_a_script_agrees_where_nothing_needs_a_second_look(holder):
    _, result = meet(holder, "--json", "--yes", entry=LICENSED)
    assert '"shared": "done"' in result.stdout
    assert "<the code>" not in result.stdout
    assert "<the code>" in result.stderr


def test_a_script_does_not_agree_where_nobody_vouches(holder):
    counter, result = meet(holder, "--yes", signed=False, status=1)
    assert "We do not know who this is" in result.stdout.replace("\n", " ").replace("│", "")
    assert "leave out --yes" in result.stderr
    assert counter.reader.fetch() is None


def test_whose_authority_nobody_trusts_is_not_answered(holder):
    counter, result = meet(holder, pki=make_pki(), status=1)
    assert "What they sent is not answered. Nothing was given away." in result.stdout
    assert counter.reader.read(counter.reader.fetch()) == ErrorResponse("access_denied")


def test_a_relay_that_is_away_for_a_while_is_waited_for(holder):
    _, result = meet(holder, entry=LICENSED, away_for=3, keys="s")
    assert result.stdout.count("The relay cannot be reached.") == 1
    assert "Done." in result.stdout


def test_nobody_comes(holder):
    counter, result = meet(holder, signed=None, status=1)
    assert "this meeting is too old" in result.stderr
    assert counter.looks == 300


def test_without_a_relay_the_way_is_named(holder):
    del holder.environment["HOHEIT_WALLET_RELAY"]
    _, result = meet(holder, status=1)
    assert "HOHEIT_WALLET_RELAY" in result.stderr
    assert "hoheit wallet serve" in result.stderr


def test_the_help_says_what_a_terminal_cannot_do(holder):
    shown = " ".join(holder.run("meet", "--help", passphrase=False).stdout.split())
    assert "Without a network, codes move from screen to camera" in shown.replace("│ ", "").replace(" │", "")


@pytest.mark.parametrize(
    ("relay", "environment", "said"),
    [
        ("http://relay.example", "test", "relay: "),
        ("https://relay.example/", "test", "relay: must have no slash"),
        ("https://localhost:8765/relay", "production", "relay is an address of this machine"),
    ],
    ids=["plain", "slash", "local"],
)
def test_what_cannot_be_a_relay_is_refused_by_name(holder, relay, environment, said):
    holder.environment.update(HOHEIT_ENV=environment, HOHEIT_WALLET_RELAY=relay)
    assert said in holder.run("list", status=1).stderr
