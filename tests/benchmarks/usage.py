"""The usage log: how fast entries come into it, and what a proof in ten million leaves takes, in time and in memory."""

import statistics
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random

from sqlalchemy import Connection, insert

from capabilities.usage_log.records import Used
from capabilities.usage_log.tree import ROW_LEVEL, Prove, number_of
from protocol.sovereignty.merkle import (
    Proof,
    TreeHead,
    hash_children,
    prove_consistency,
    prove_inclusion,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from protocol.sovereignty.usage import BLOCK, HOUR
from protocol.sovereignty.usage_report import UsageRequest
from tests.benchmarks.measure import Report, Row
from tests.benchmarks.serving import fresh_folder
from tests.support.pki import NOW
from tests.support.usage import LOG_UNTIL, TABLES, VIEWED, Party, do, open_party

LEAVES = 10_000_000 // BLOCK * BLOCK
BATCH, BATCHES = 500, 20
PROOFS = 300
MUST_APPEND = 2000  # entries in a second
MUST_MILLISECONDS = 5.0
MUST_KIB = 256.0  # at the most, whatever the size of the log
LEAF = b"\x42" * 32


def measure_usage(report: Report) -> None:
    """Appending to an empty log, then proofs in a large one."""
    with fresh_folder() as folder:
        party = open_party(f"sqlite:///{folder / 'small.db'}")
        _measure_appending(report, party)
        _measure_report(report, party)
        party.close()
    with fresh_folder() as folder:
        _measure_proofs(report, folder)


def _measure_appending(report: Report, party: Party) -> None:
    """Batches of many receipts, each a transaction that is durable, and then the block of the hour."""
    uses = [
        [
            Used(f"receipt-of-batch-{number % 50:06}", LOG_UNTIL, replace(VIEWED, by=f"clerk {batch} {number}"))
            for number in range(BATCH)
        ]
        for batch in range(BATCHES)
    ]
    began = time.perf_counter()
    for batch in uses:
        party.store.record(batch)
    written = time.perf_counter() - began
    party.clock.now += HOUR
    began = time.perf_counter()
    party.append()
    appended = time.perf_counter() - began
    count = BATCH * BATCHES
    for name, seconds in (("written", written), ("written and put into the tree", written + appended)):
        rate = count / seconds
        report.add(Row(f"usage entries {name}", rate, "1/s", rate / MUST_APPEND, f"{MUST_APPEND} a second", 1.0))


def _measure_report(report: Report, party: Party) -> None:
    """As many entries as a report has room for, each with its proof, signed."""
    milliseconds = 1000 * _median(lambda _: do(party.log.report("receipt-of-batch-000007", UsageRequest())), 20)
    report.add(Row("usage report, full", milliseconds, "ms"))


def _measure_proofs(report: Report, folder: Path) -> None:
    party = open_party(f"sqlite:///{folder / 'large.db'}")
    began = time.perf_counter()
    head = party.database.write(fill)
    report.add(Row(f"a log of {LEAVES:,} leaves, made for this", time.perf_counter() - began, "s"))
    random = Random(5)

    def prove(proof: Prove) -> Proof:
        [made] = party.store.prove("2027", [proof])
        return made

    def inclusion(_: int) -> None:
        index = random.randrange(LEAVES)
        verify_inclusion(LEAF, index, head, prove(partial(prove_inclusion, index=index, size=LEAVES)), "log")

    def consistency(_: int) -> None:
        before = random.randrange(1, LEAVES // BLOCK) * BLOCK
        [root] = party.store.prove("2027", [lambda nodes: (root_of(nodes, before),)])
        proof = prove(partial(prove_consistency, before=before, after=LEAVES))
        verify_consistency(TreeHead(before, root[0]), head, proof, "log")

    for name, call in (("inclusion", inclusion), ("consistency", consistency)):
        milliseconds = 1000 * _median(call, PROOFS)
        against = f"{MUST_MILLISECONDS:g} ms"
        report.add(
            Row(f"{name} proof, made and checked", milliseconds, "ms", MUST_MILLISECONDS / milliseconds, against, 1.0)
        )
        kib = _peak(call)
        report.add(Row(f"{name} proof: memory", kib, "KiB", MUST_KIB / kib, f"{MUST_KIB:g} KiB", 1.0))
    party.close()


def fill(connection: Connection) -> TreeHead:
    """Put a log of many leaves into a store, all leaves alike: what is read of it, and where, is the same as of any other.

    So each level has one root, and making the log costs nothing but writing it.
    """
    roots = [LEAF]
    while 1 << len(roots) <= LEAVES:
        roots.append(hash_children(roots[-1], roots[-1]))
    rows = LEAVES // BLOCK
    hashes = LEAF * BLOCK
    for start in range(0, rows, 10_000):
        some = range(start, min(start + 10_000, rows))
        connection.execute(insert(TABLES.rows), [{"log": "2027", "number": n, "hashes": hashes} for n in some])
    for level in range(ROW_LEVEL, len(roots)):
        count = LEAVES >> level
        for start in range(0, count, 10_000):
            some = range(start, min(start + 10_000, count))
            values = [{"log": "2027", "number": number_of(level, n), "hash": roots[level]} for n in some]
            connection.execute(insert(TABLES.nodes), values)
    head = TreeHead(LEAVES, root_of(lambda level, _: roots[level], LEAVES))
    state = {"size": LEAVES, "root": head.root, "appended_at": NOW, "kept_until": LOG_UNTIL, "pruned": 0}
    connection.execute(insert(TABLES.logs), {"log": "2027", **state})
    return head


def _median(call: Callable[[int], object], count: int) -> float:
    """Seconds that a call takes, by the clock on the wall: waiting for the disk counts."""
    times = []
    for i in range(count):
        began = time.perf_counter()
        call(i)
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def _peak(call: Callable[[int], object]) -> float:
    """The most that fifty calls have in Python's memory at once, in KiB."""
    call(0)
    tracemalloc.start()
    try:
        for i in range(50):
            call(i)
        return tracemalloc.get_traced_memory()[1] / 1024
    finally:
        tracemalloc.stop()
