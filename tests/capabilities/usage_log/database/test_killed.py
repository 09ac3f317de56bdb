"""A worker that dies at any moment loses no entry that it acknowledged, and puts none into the tree twice."""

import os
import signal
import subprocess
import sys
import time

import pytest

from protocol.sovereignty.usage import BLOCK
from tests.support.partners import RECEIPT
from tests.support.usage import RECEIVED, Reader, head_of, numbers

OPEN = """
import os, sys
from dataclasses import replace
from sqlalchemy import event
from tests.support.usage import HOUR, RECEIVED, VIEWED, open_party

party = open_party(sys.argv[1], seed=int(sys.argv[2]), create=False)
"""
DIE_AT_COMMIT = OPEN + (
    "party.clock.now += HOUR\n"
    "event.listen(party.database.engine, 'commit', lambda connection: os._exit(7))\n"
    "party.append()\n"
)
# Writes and appends for ever, hour after hour
WORK = OPEN + (
    "number = 0\nwhile True:\n    party.use(replace(VIEWED, by=f'{sys.argv[2]} {number}'))\n"
    "    print(number, flush=True)\n    number += 1\n    party.hour()\n"
)


def environment():
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


@pytest.mark.kill
def test_a_worker_that_dies_before_the_commit_of_a_block_appended_nothing(stored_party, database_url):
    """T219"""
    stored_party.use(RECEIVED)
    command = [sys.executable, "-c", DIE_AT_COMMIT, database_url, "2"]
    assert subprocess.run(command, env=environment(), check=False).returncode == 7
    assert stored_party.store.logs("0000") == ()
    assert stored_party.hour() == BLOCK
    [entry] = Reader(stored_party).ask().entries
    assert entry.place is not None


@pytest.mark.kill
def test_workers_that_are_killed_again_and_again_lose_and_double_nothing(stored_party, database_url):
    """T219: what was acknowledged is there, numbers have no gap, each entry is in the tree once, and every proof holds."""
    acknowledged = set()
    for turn in range(2, 5):
        children = [
            subprocess.Popen(
                [sys.executable, "-c", WORK, database_url, str(seed)],
                env=environment(),
                stdout=subprocess.PIPE,
                text=True,
            )
            for seed in (turn * 10, turn * 10 + 1)
        ]
        heads = []
        for child in children:
            heads += [(child, child.stdout.readline()) for _ in range(8)]
        time.sleep(0.01 * turn)
        for child in children:
            child.send_signal(signal.SIGKILL)
        lines = heads + [(child, line) for child in children for line in child.stdout.readlines()]
        seeds = dict(zip(children, (turn * 10, turn * 10 + 1), strict=True))
        acknowledged |= {f"{seeds[child]} {line.strip()}" for child, line in lines if line.endswith("\n")}
        for child in children:
            child.wait()
            child.stdout.close()
    entries = stored_party.store.entries(RECEIPT, after=-1, limit=100_000)
    assert [entry.n for entry in entries] == list(range(len(entries)))
    assert acknowledged <= {entry.members["by"] for entry in entries}
    assert len({entry.members["by"] for entry in entries}) == len(entries)
    # Each had another clock, which began anew with it; now the time of all of them has passed
    stored_party.clock.now += 5_000 * 3600
    stored_party.append()
    places = [(entry.log, entry.index) for entry in stored_party.store.entries(RECEIPT, after=-1, limit=100_000)]
    assert len(set(places)) == len(places)
    assert None not in {log for log, _ in places}
    logs = {state.head.log for state in stored_party.store.logs("0000")}
    assert all(head_of(stored_party, log).head.tree.size % BLOCK == 0 for log in logs)
    assert numbers(Reader(stored_party).ask_all()) == list(range(len(entries)))
