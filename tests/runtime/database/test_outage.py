"""PostgreSQL goes away in the middle: nothing is lost, nothing happens twice, nobody waits for long (T223)."""

import asyncio
import signal
import time

import psycopg
import pytest

from protocol.errors import Unavailable
from runtime.conversation import Advance, advance
from runtime.driver import Driver
from runtime.health import is_ready
from runtime.http import NoSender
from tests.support.conversations import (
    MISSING,
    SPENT,
    Open,
    add_one,
    name,
    open_counters,
    spend,
    start,
)
from tests.support.postgres import find_binaries, running_cluster


@pytest.fixture
def store(fresh_postgres_url):
    opened = open_counters(fresh_postgres_url)
    opened.commit([start("a"), start("b")])
    yield opened
    opened.database.dispose()


def cut_connections(url):
    """End every other connection to a database, as an administrator would."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def test_idle_connections_that_were_cut_are_replaced(store, fresh_postgres_url):
    cut_connections(fresh_postgres_url)
    assert store.commit([add_one("a")]) == [Open(1)]
    cut_connections(fresh_postgres_url)
    assert store.rows("notes") == []


def test_a_connection_that_is_cut_in_a_step_changes_nothing(store, fresh_postgres_url):
    tried = []

    def count(stage):
        tried.append(1)
        if len(tried) == 1:
            cut_connections(fresh_postgres_url)
        return add_one("a").step(stage)

    step: Advance[object, object] = Advance(name("a"), count, MISSING)
    try:
        assert store.commit([step]) == [Open(1)]
    except Unavailable:
        assert store.commit([add_one("a")]) == [Open(1)]
    # Once, whichever way it went
    assert store.commit([add_one("a")]) == [Open(2)]


def test_a_deadlock_of_two_groups_ends_well(store, fresh_postgres_url):
    """Two workers take the same two sessions in opposite order; PostgreSQL ends one of them, which is run again."""
    other = open_counters(fresh_postgres_url, create=False)

    async def both():
        loop = asyncio.get_running_loop()
        groups = [(store, "ab"), (other, "ba")] * 10
        work = [
            loop.run_in_executor(None, counters.commit, [add_one(value) for value in order])
            for counters, order in groups
        ]
        await asyncio.gather(*work)

    asyncio.run(both())
    assert store.commit([add_one("a"), add_one("b")]) == [Open(21), Open(21)]
    other.database.dispose()


def test_a_restart_costs_refusals_and_nothing_else():
    """T223, T253: while the server is away every step is refused quickly and `/ready` says no; afterwards all goes on."""
    binaries = find_binaries()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed (make test gets it)")
    with running_cluster(binaries) as cluster:
        store = open_counters(cluster.url(cluster.create_database()))
        store.commit([start("a")])
        assert store.commit([add_one("a", spend=(spend("n"),))]) == [Open(1)]

        async def while_it_is_away():
            driver = Driver(store, NoSender(), loads_in_thread=True)
            began = time.monotonic()
            try:
                with pytest.raises(Unavailable):
                    await driver.run(advance(name("a"), add_one("a").step, MISSING))
                assert not await is_ready(driver, store.database.check)
            finally:
                driver.close()
            return time.monotonic() - began

        cluster.process.send_signal(signal.SIGQUIT)
        cluster.process.wait()
        assert asyncio.run(while_it_is_away()) < 2
        with cluster.restarted(binaries):
            assert store.commit([add_one("a", spend=(spend("n"),))]) == [SPENT]
            assert store.commit([add_one("a")]) == [Open(2)]
        store.database.dispose()
