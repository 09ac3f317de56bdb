"""A process that dies between writing and committing leaves nothing; one that dies after committing leaves everything."""

import os
import signal
import subprocess
import sys

import pytest

from tests.support.conversations import SPENT, Open, add_one, open_counters, spend, start

CHILD = """
import os, sys
from sqlalchemy import event
from tests.support.conversations import Note, add_one, open_counters, spend, start

store = open_counters(sys.argv[1], create=False)
if sys.argv[2] == "before commit":
    # Everything of the transaction was written, and the next word to the database would be COMMIT
    event.listen(store.database.engine, "commit", lambda connection: os._exit(7))
effects = [add_one("a", spend=(spend("n"),), records=(Note("kept"),)), start("b", 5)]
answers = store.commit(effects)
os._exit(8 if len(answers) == 2 else 9)
"""


def run_child(database_url, when):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    return subprocess.run([sys.executable, "-c", CHILD, database_url, when], env=environment, check=False).returncode


@pytest.fixture
def store(database_url):
    opened = open_counters(database_url)
    opened.commit([start("a")])
    yield opened
    opened.database.dispose()


@pytest.mark.kill
def test_a_process_that_dies_before_its_commit_leaves_nothing(store, database_url):
    """T219"""
    assert run_child(database_url, "before commit") == 7
    assert store.notes() == set()
    assert len(store.rows("sessions")) == 1
    # Nothing is locked and nothing is spent
    assert store.commit([add_one("a", spend=(spend("n"),))]) == [Open(1)]


@pytest.mark.kill
def test_a_process_that_dies_after_its_commit_leaves_everything(store, database_url):
    """T219"""
    assert run_child(database_url, "after commit") == 8
    assert store.notes() == {"kept"}
    assert len(store.rows("sessions")) == 2
    assert store.commit([add_one("a", spend=(spend("n"),))]) == [SPENT]
    assert store.commit([add_one("a")]) == [Open(2)]


@pytest.mark.kill
def test_a_process_that_is_killed_while_it_writes_leaves_whole_steps(store, database_url):
    """T219: one note for each step, and each step that was acknowledged is there."""
    program = CHILD.partition("if sys.argv")[0] + (
        "number = 0\nwhile True:\n    store.commit([add_one('a', records=(Note(str(number)),))])\n"
        "    print(number, flush=True)\n    number += 1\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-c", program, database_url]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        acknowledged = [child.stdout.readline() for _ in range(20)]
        child.send_signal(signal.SIGKILL)
        acknowledged += child.stdout.readlines()
    done = {int(line) for line in acknowledged if line.endswith("\n")}
    [answer] = store.commit([add_one("a")])
    assert isinstance(answer, Open)
    notes = {int(note) for note in store.notes()}
    assert done <= notes
    assert notes == set(range(answer.count - 1))
