"""The hour of the witness: one worker does it, one bad partner delays nobody, and what was cut short is gone on with."""

import asyncio
import time

import pytest

from protocol.errors import Unavailable
from registrar.service.witness import HOLD
from registrar.witnessed import Finding, began_at, hour_of
from registrar.witnessing import witness_hour, witnessing
from runtime.driver import Driver
from tests.support.announced import Cockpits, Partner, partner_of
from tests.support.pki import NOW

IDENTIFIERS = [f"NTRDE-HRB {number}" for number in range(6)]


class Network(Cockpits):
    """Some cockpits answer slowly."""

    def __init__(self, partners, slow=()):
        super().__init__(partners)
        self.slow = set(slow)
        self.calls = 0

    async def send(self, request):
        self.calls += 1
        for host in self.slow:
            if f"//{host}/" in request.url:
                await asyncio.sleep(30)
        return await super().send(request)


def partners(office):
    found: dict[str, Partner] = {}
    for number, identifier in enumerate(IDENTIFIERS):
        host = f"p{number}.example"
        found[host] = partner_of(
            office,
            number=710 + number,
            identifier=identifier,
            trade_name=f"Partner {number}",
            addresses=[f"https://{host}"],
            cockpit_endpoint=f"https://{host}/cockpit",
        )
    return found


def run(office, network, *workers, **options):
    """Do an hour in several workers at once."""

    async def all_of_them():
        drivers = [Driver(office.store, network) for _ in workers]
        try:
            return await asyncio.gather(
                *[
                    witness_hour(driver, office.registrar.witness, worker, **options)
                    for driver, worker in zip(drivers, workers, strict=True)
                ]
            )
        finally:
            for driver in drivers:
                driver.close()

    return asyncio.run(all_of_them())


def findings(office):
    return {partner.identifier: partner.finding for partner in office.store.witness.partners(limit=99)}


def test_exactly_one_worker_does_the_hour(stored_office):
    network = Network(partners(stored_office))
    done = run(stored_office, network, *[f"worker {number}" for number in range(4)])
    assert sorted(done, key=str) == [6, None, None, None]
    calls = network.calls
    assert run(stored_office, network, "worker 0", "worker 1") == [None, None]
    assert network.calls == calls
    stored_office.clock.move(3600)
    assert sorted(run(stored_office, network, "worker 0", "worker 1"), key=str) == [6, None]
    assert set(findings(stored_office).values()) == {""}


def test_one_bad_partner_delays_nobody_and_is_told(office):
    """T213, T244"""
    network = Network(partners(office), slow=["p2.example"])
    began = time.monotonic()
    assert run(office, network, "worker", partner_seconds=3.0) == [6]
    assert time.monotonic() - began < 20
    assert findings(office) == {name: (Finding.SLOW if name == IDENTIFIERS[2] else "") for name in IDENTIFIERS}


def test_what_a_worker_left_undone_is_taken_over_when_its_time_is_over(office):
    network = Network(partners(office))
    witness, hour = office.registrar.witness, hour_of(office.clock.now)
    assert office.run(witness.take_hour("crashed")) == hour
    first, *_ = office.run(witness.due(hour))
    office.run(witness.note_slow(first))
    assert run(office, network, "other") == [None]
    office.clock.move(HOLD + 1)
    assert run(office, network, "other") == [5]
    assert office.run(witness.end_hour(hour, "crashed")) is False
    assert office.run(witness.hold(hour, "crashed")) is False


def test_what_is_not_kept_because_another_looked_meanwhile_does_not_count(office):
    """T219"""
    network = Network(partners(office))
    overtakes, counted = [True], list[int | None]()

    class Overtaking(Network):
        async def send(self, request):
            if overtakes and overtakes.pop():
                office.clock.move(HOLD + 1)
                other = Driver(office.store, network)
                counted.append(await witness_hour(other, office.registrar.witness, "two"))
                other.close()
            return await super().send(request)

    counted += run(office, Overtaking(network.partners), "one")
    two, one = counted
    assert two
    assert two + (one or 0) == len(IDENTIFIERS)
    assert set(findings(office).values()) == {""}


def test_an_hour_that_is_held_into_the_next_one_is_left_alone(office):
    network = Network(partners(office))
    witness = office.registrar.witness
    office.clock.now = began_at(hour_of(NOW) + 1) - 10
    assert office.run(witness.take_hour("slow")) is not None
    office.clock.move(20)
    assert run(office, network, "other") == [None]


def test_an_hour_begins_some_minutes_after_it_struck():
    assert hour_of(began_at(7)) == 7
    assert hour_of(began_at(7) - 1) == 6


def test_a_store_that_is_away_for_a_while_costs_no_hour(office, monkeypatch):
    network = Network(partners(office))
    keep = type(office.store.witness).keep_seen
    away = [True]

    def sometimes(self, before, after):
        if away and away.pop():
            raise Unavailable("the store is away")
        return keep(self, before, after)

    monkeypatch.setattr(type(office.store.witness), "keep_seen", sometimes)
    assert run(office, network, "worker") == [5]
    looked = [partner.looked_at for partner in office.store.witness.partners(limit=9)]
    assert sorted(looked) == [0, *[office.clock.now] * 5]


@pytest.mark.parametrize("fails", [False, True])
def test_a_running_service_does_its_hours_by_itself(office, monkeypatch, fails):
    network = Network(partners(office))
    if fails:
        take = type(office.store.witness).take_hour
        away = [True]

        def sometimes(self, *args, **named):
            if away and away.pop():
                raise Unavailable("the store is away")
            return take(self, *args, **named)

        monkeypatch.setattr(type(office.store.witness), "take_hour", sometimes)

    async def serve():
        driver = Driver(office.store, network)
        async with witnessing(driver, office.registrar.witness, "worker", every=0.05):
            for _ in range(200):
                if office.store.witness.rounds_ended():
                    break
                await asyncio.sleep(0.05)
        driver.close()

    asyncio.run(serve())
    assert office.store.witness.rounds_ended() == 1
    assert set(findings(office).values()) == {""}
