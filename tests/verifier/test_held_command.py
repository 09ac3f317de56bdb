"""The command that counts what is held, for the record of processing."""

import json
from dataclasses import replace

import pytest

from capabilities.cockpit.records import IssuedReceipt
from capabilities.usage_log.records import Used
from protocol.sovereignty.durations import Duration, Retention
from protocol.sovereignty.usage import Action, Addressee, Use
from runtime import system
from tests.protocol.sovereignty.disclosures import RECEIPT
from tests.support.commands import Commands
from tests.support.partners import both
from verifier.app import open_store
from verifier.cli import app
from verifier.config import VerifierSettings

COMMANDS = Commands(app)
MONTH = Retention(Duration.from_text("P1M", "retention"))


@pytest.fixture
def library(tmp_path, monkeypatch):
    monkeypatch.setenv("HOHEIT_ENV", "demo")
    data = tmp_path / "verifier"
    COMMANDS.done(data, "init", "--public-url", "http://library.localhost:8000", "--name", "en=City library")
    return data


def test_nothing_is_said_to_be_nothing(library):
    assert COMMANDS.done(library, "held") == "Nobody has shown anything so far.\n"
    assert COMMANDS.done(library, "held", "--json") == ""


def test_everything_is_counted_for_people_and_for_programs(library):
    now = system.now()
    receipt = replace(RECEIPT, issued_at=now, retention=MONTH, log_until=now + 20_000_000)
    store = open_store(VerifierSettings.read(library))
    store.database.write(lambda connection: store.cockpit.write(connection, [IssuedReceipt.of(receipt, "")]))
    for action, to in ((Action.RECEIVED, None), (Action.FORWARDED, Addressee("Bank"))):
        use = Use(now, action, receipt.claims, "checking service, automatically", both("Darum", "Because"), to)
        store.usage.record([Used(receipt.id, receipt.log_until, use)])
    store.database.dispose()
    said = COMMANDS.done(library, "held").splitlines()
    assert said[1:4] == [
        "  shown: 1, and 0 that failed a check",
        "  held: 1 here, 0 in other systems",
        "  passed on: Bank (1)",
    ]
    assert said[4].startswith("  to be erased: next on 20")
    [line] = COMMANDS.done(library, "held", "--json").splitlines()
    counted = json.loads(line)
    assert (counted["shown"], counted["held"]) == (1, {"here": 1, "elsewhere": 0})
    assert counted["must_erase"]["next"] == MONTH.ends(now)
    assert receipt.id not in line
