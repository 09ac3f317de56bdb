"""A registrar that dies at any moment publishes no older document than before, and forgets no head that it witnessed."""

import json
import time

import pytest

from protocol.sovereignty.usage import BLOCK
from registrar.service.witness import HOLD
from tests.support.announced import COCKPIT
from tests.support.pki import seeded_key
from tests.support.processes import FORKS
from tests.support.published_worker import DIED, KEY, Worker, die_at_commit, work_for_ever
from tests.support.registrar import cinema, request_of

COMMITS = 40  # more than the work of an hour has


@pytest.fixture
def worker(stored_office, database_url):
    """A worker of the same registrar that is never killed."""
    key = stored_office.register(cinema(cockpit_endpoint=COCKPIT))
    stage = stored_office.run(stored_office.registrar.parties.registered(key))
    csr = request_of(seeded_key(KEY)).encode()
    stored_office.run(stored_office.registrar.certificates.access(stage, csr, "test"))
    opened = Worker.open(database_url, key, 1)
    yield opened
    opened.office.close()


def said_until_killed(folder, commands, lines):
    """What processes say that are killed together once each of them has said so much."""
    told = [folder / f"told-{command[2]}" for command in commands]
    children = [
        FORKS.Process(target=work_for_ever, args=(*command, file), daemon=True)
        for command, file in zip(commands, told, strict=True)
    ]
    for child in children:
        child.start()
    try:
        ends = time.monotonic() + 60
        while not all(file.exists() and file.read_bytes().count(b"\n") >= lines for file in told):
            assert all(child.is_alive() for child in children)
            assert time.monotonic() < ends, "they do not get on"
            time.sleep(0.02)
    finally:
        for child in children:
            child.kill()
            child.join()
    # What was cut short was not said
    said = [line for file in told for line in file.read_text().splitlines(keepends=True)]
    return [json.loads(line) for line in said if line.endswith("\n")]


class Readers:
    """What anybody read: a number stands for one text, and never goes back."""

    def __init__(self):
        self.texts = {}
        self.newest = {}

    def read(self, published, since=None):
        """Take in what is served; `since`: what was read before it was asked for."""
        for name, (number, digest) in published.items():
            assert number >= (self.newest if since is None else since).get(name, 0), f"{name} went back"
            assert self.texts.setdefault((name, number), digest) == digest, f"{name} {number} stands for two"
            self.newest[name] = max(number, self.newest.get(name, 0))


@pytest.mark.kill
def test_a_registrar_that_dies_before_any_commit_of_an_hour_goes_on_where_it_was(worker, database_url):
    """T219, T088: the numbers of what is published never go back, and no head that was witnessed is lost."""
    readers = Readers()
    worker.begin(0).look()
    readers.read(worker.published())
    died: int | None = DIED
    number = 0
    while died == DIED:
        number += 1
        assert number < COMMITS, "an hour has fewer steps than that"
        before = worker.witnessed
        child = FORKS.Process(
            target=die_at_commit, args=(database_url, worker.party_key, number + 1, number, number), daemon=True
        )
        child.start()
        child.join()
        died = child.exitcode
        assert died in (0, DIED)
        worker.begin(number)
        readers.read(worker.published())
        assert worker.witnessed in (before, (number + 1) * BLOCK)
        # Somebody who died holds its hour for a while, and then the next one ends it
        worker.office.clock.move(HOLD + 1)
        worker.look()
        assert worker.witnessed == (number + 1) * BLOCK
        readers.read(worker.published())
        assert worker.office.store.witness.rounds_ended() == number + 1
    assert number > 6, "an hour has more steps than that"
    assert worker.office.store.services.find(f"film-{number}").offering.document


@pytest.mark.kill
def test_registrars_that_are_killed_again_and_again_publish_nothing_older(worker, database_url, tmp_path):
    """T219, T088: of two workers at once; what one of them said is done, is done."""
    readers, offered, hour = Readers(), set(), 0
    worker.begin(0).look()
    for turn in range(4):
        since = dict(readers.newest)
        commands = [(database_url, worker.party_key, 10 * turn + each + 2, hour + 1) for each in (0, 1)]
        said = said_until_killed(tmp_path, commands, 4 + turn)
        looked = [one["hour"] for one in said if one.get("looked")]
        assert worker.witnessed >= (max(looked, default=-1) + 1) * BLOCK
        for one in said:
            readers.read(one.get("published", {}), since)
            offered |= {one["offered"]} if "offered" in one else set()
        hour = max(one["hour"] for one in said if "hour" in one) + 1
        worker.begin(hour).office.clock.move(HOLD + 1)
        worker.look()
        readers.read(worker.published())
        assert worker.witnessed == (hour + 1) * BLOCK
    assert offered
    for id_ in offered:
        assert worker.office.store.services.find(id_) is not None
