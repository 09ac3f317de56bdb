"""Hours of work, some of it nonsense: services stay as large as they were (make soak; HOHEIT_SOAK_MINUTES says how long)."""

import json
import os
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from tests.support.patient import FORM, JSON, bearer
from tests.support.processes import Call, ServerProcess
from tests.support.town import ISSUER, VERIFIER, ProcessTown, process_town
from tests.support.tree import ROOT

RESULT = ROOT / "docs/endurance.md"
WHOLE = 120  # minutes
MINUTES = float(os.environ.get("HOHEIT_SOAK_MINUTES", WHOLE))
SAMPLES = 240
SETTLED = 0.25  # by then caches are full, and every kind of request was met
PAUSE = 0.25  # seconds between two conversations of one wallet
MAX_GROWTH = 1.05
SPARE_DESCRIPTORS = 4  # connections come and go
BAD_CALLS = 0.25  # after a conversation of about five calls: five in a hundred
PAGE = os.sysconf("SC_PAGE_SIZE")


@pytest.fixture
def towns(tmp_path, postgres_cluster) -> Iterator[list[ProcessTown]]:
    """Issuers and verifiers of two processes each, on each database."""
    database = postgres_cluster.take_database()
    folders = [tmp_path / "sqlite", tmp_path / "postgresql"]
    for folder in folders:
        folder.mkdir()
    with process_town(folders[0], "") as first, process_town(folders[1], postgres_cluster.url(database)) as second:
        yield [first, second]
    postgres_cluster.give_back(database)


@dataclass(frozen=True, slots=True)
class Size:
    """What a process holds at one moment."""

    memory: int  # bytes in RAM
    descriptors: int

    @classmethod
    def of(cls, process: ServerProcess) -> "Size":
        """Now."""
        proc = Path(f"/proc/{process.pid}")
        pages = int((proc / "statm").read_text().split()[1])
        return cls(pages * PAGE, len(list((proc / "fd").iterdir())))


@pytest.mark.soak
def test_services_stay_as_large_as_they_were(towns):
    """T256"""
    processes = [process for town in towns for service in town.services.values() for process in service.processes]
    sizes, conversations = work_and_watch(towns, processes)
    settled, end = int(SAMPLES * SETTLED), SAMPLES // 10
    lines = [
        "# Hours of work",
        "",
        "Written by `tests/flows/test_endurance.py` (`make soak`). Two processes of each role on each database served at",
        f"the same time, {BAD_CALLS / 5:.0%} of the calls were nonsense. Once settled, a process may grow by less than 5 %.",
        "",
        f"{conversations:,} conversations in {MINUTES:g} minutes; no unhandled exception.",
        "",
        "| process | memory, settled → end | open files |",
        "|---|---|---|",
    ]
    problems = []
    for number, process in enumerate(processes):
        early, late = sizes[number][settled : settled + end], sizes[number][-end:]
        before, after = (statistics.median(size.memory for size in part) for part in (early, late))
        held, holds = (max(size.descriptors for size in part) for part in (early, late))
        line = f"| {process.role} {number} | {before / 2**20:.1f} → {after / 2**20:.1f} MiB | {held} → {holds} |"
        lines.append(line)
        if after > before * MAX_GROWTH or holds > held + SPARE_DESCRIPTORS:
            problems.append(line)
        problems += [line for line in process.log().splitlines() if "unhandled" in line or "Traceback" in line]
    assert problems == []
    if MINUTES >= WHOLE:
        # What was written by hand stands below, and stays
        _, by_hand, rest = RESULT.read_text(encoding="utf-8").partition("\n## Killed at work")
        RESULT.write_text("\n".join(lines) + "\n" + by_hand + rest, encoding="utf-8")


def work_and_watch(towns: Sequence[ProcessTown], processes: Sequence[ServerProcess]) -> tuple[list[list[Size]], int]:
    """The sizes of each process over the whole time, and how many conversations there were meanwhile."""
    stop = threading.Event()
    work = [work_of(town, role, Random(seed)) for seed, town in enumerate(towns) for role in (ISSUER, VERIFIER)]
    with ThreadPoolExecutor(len(work)) as pool:
        counts = [pool.submit(repeat, stop, visit) for visit in work]
        sizes: list[list[Size]] = [[] for _ in processes]
        try:
            for _ in range(SAMPLES):
                time.sleep(MINUTES * 60 / SAMPLES)
                for known, process in zip(sizes, processes, strict=True):
                    known.append(Size.of(process))
                if any(count.done() for count in counts):
                    break
        finally:
            stop.set()
        return sizes, sum(count.result() for count in counts)


def repeat(stop: threading.Event, visit: Callable[[], None]) -> int:
    """One conversation after the other; how many there were."""
    count = 0
    while not stop.wait(PAUSE):
        visit()
        count += 1
    return count


def work_of(town: ProcessTown, role: str, random: Random) -> Callable[[], None]:
    """A conversation with a role, and now and then nonsense."""
    visit = town.holder(random).visit if role == ISSUER else town.presenter(random).visit

    def work() -> None:
        visit()
        if random.random() < BAD_CALLS:
            call = bad_call(role, random)
            reply = town.services[role].call(call, random)
            assert 400 <= reply.status < 500, (call.method, call.path, reply.status)

    return work


PATHS = {
    ISSUER: ("/token", "/credential", "/notification", "/par", "/api/offers", "/api/credentials/x/revoke", "/offers/x"),
    VERIFIER: ("/requests/x", "/responses/x", "/api/requests", "/api/requests/x", "/x" * 500),
}


def bad_call(role: str, random: Random) -> Call:
    """A call that no service can accept."""
    noise = random.randbytes(random.randint(1, 2000))
    body, kind = random.choice(
        (
            (noise, JSON),
            (noise, FORM),
            (b"[" * 5000, JSON),
            (json.dumps({noise.hex(): noise.hex()}).encode(), JSON),
            (b"grant_type=authorization_code&code=" + noise.hex().encode(), FORM),
            (b"vp_token=%7B%7D&state=" + noise.hex().encode(), FORM),
            (bytes(2_000_000), FORM),
        )
    )
    key = bearer(noise.hex())
    return Call("POST", random.choice(PATHS[role]), random.choice(((kind,), (kind, key))), body)
