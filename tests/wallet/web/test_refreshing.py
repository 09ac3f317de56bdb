"""Asking in the background: only while the wallet is open, only if its user wants it, and never the end of the program."""

import asyncio
from dataclasses import replace

import pytest

from protocol.errors import Unavailable
from runtime.anchors import write_anchor
from tests.support.pki import DAY, NOW
from tests.wallet.cockpit import CockpitWorld
from tests.wallet.web.flows import follow, paste, receive, say
from tests.wallet.web.visitor import Served
from wallet.policy.cockpit.disclosed import receipt_of
from wallet.web.refreshing import refreshing


@pytest.fixture
def served(tmp_path, monkeypatch):
    monkeypatch.setenv("HOHEIT_ENV", "test")
    world = CockpitWorld(None)
    served = Served(tmp_path / "wallet", world)
    registrar = world.registrar.pki
    write_anchor(served.settings.anchors_folder, "r.pem", registrar.root.pem, role=registrar.role, name="The register")
    served.create()
    citizen = served.visitor()
    citizen.unlock()
    say(citizen, receive(served, citizen), "yes")
    follow(citizen, say(citizen, paste(citizen, world.partner.link()), "yes"))
    citizen.post("/settings/refresh", page="/settings", refresh="yes")
    [disclosure] = served.vault.disclosures()
    world.now = NOW - NOW % DAY + DAY + disclosure.hour * 3600
    served.door._visit.used_at = world.now
    yield served
    served.door.close()


def watched(served, seconds=0.3):
    """Let the background work for a while, or until it asked."""

    async def watch():
        async with refreshing(served.door, 0.01):
            for _ in range(int(seconds / 0.02)):
                await asyncio.sleep(0.02)
                if served.world.partner.calls:
                    break
            await asyncio.sleep(0.05)

    asyncio.run(watch())
    return served.world.partner.calls


def test_in_its_hour_an_answer_is_asked_about_once_while_the_wallet_is_open(served):
    calls = len(watched(served, seconds=10))
    assert calls > 0
    served.world.partner.calls.clear()
    assert watched(served) == []


def test_while_the_wallet_is_closed_nobody_is_asked(served):
    served.door.close()
    assert watched(served) == []


def test_what_nobody_chose_is_not_done(served):
    served.vault.write(drop=[served.vault.preferences()])
    assert watched(served) == []


def test_looking_in_the_background_keeps_the_wallet_open_no_longer(served):
    before = served.door._visit.used_at
    watched(served, seconds=10)
    assert served.door._visit.used_at == before


def test_a_wallet_that_cannot_be_written_is_tried_again_later(served, monkeypatch):
    def full(**_):
        raise Unavailable("the disk is full")

    monkeypatch.setattr(served.vault, "write", full)
    assert watched(served, seconds=10)
    assert served.vault.disclosures()[0].usage.reports == ()


def test_what_is_older_than_wanted_goes_while_the_wallet_is_open(served):
    number = served.vault.disclosures()[0].log_number
    served.world.now = served.door._visit.used_at = receipt_of(served.vault.disclosures()[0]).log_until + 800 * DAY
    watched(served)
    assert number in {entry.number for entry in served.vault.log()}
    preferences = served.vault.preferences()
    served.vault.write(put=[replace(preferences, keep_years=1, refresh=False)])
    served.door._visit.used_at = served.world.now
    watched(served)
    assert served.vault.log() == ()
    assert served.vault.disclosures() == ()
