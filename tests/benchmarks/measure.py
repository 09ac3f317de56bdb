"""Times calls on one core and sets them against raw cryptography of the same run."""

import gc
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

ROUNDS = 31
ROUND_SECONDS = 0.04
# Known before anything is kept to a core: a process that is started later would only see the core of whoever starts it
_CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, CLIENT_CORE = _CORES[0], _CORES[-1]  # the same on a machine with one


@dataclass(frozen=True, slots=True)
class Row:
    """One measure: what it costs, and what that is against the raw operation or a target."""

    name: str
    value: float
    unit: str
    ratio: float | None = None  # above 1: faster than what it is compared with
    against: str = ""
    must: float | None = None  # the ratio that a release has to reach
    aim: float | None = None

    @property
    def reached(self) -> bool | None:
        """Whether the release gate is met; None where there is none."""
        return None if self.must is None or self.ratio is None else self.ratio >= self.must


@dataclass(slots=True)
class Report:
    """The rows of one run, in the order in which they were measured."""

    rows: list[Row] = field(default_factory=list)

    def add(self, row: Row) -> None:
        """Keep and print one row."""
        self.rows.append(row)
        print(line(row), flush=True)

    def to_list(self) -> list[dict[str, object]]:
        """The rows as JSON values."""
        return [asdict(row) | {"reached": row.reached} for row in self.rows]


def line(row: Row) -> str:
    """A row as a line of the table."""
    ratio = "" if row.ratio is None else f"{row.ratio:7.2f}"
    must = "" if row.must is None else f"{row.must:6.2f}"
    aim = "" if row.aim is None else f"{row.aim:6.2f}"
    verdict = {None: "", True: "ok", False: "MISSED"}[row.reached]
    return f"{row.name:<58}{row.value:>12,.1f} {row.unit:<6}{ratio:>8}{must:>7}{aim:>7}  {verdict:<7}{row.against}"


def heading() -> str:
    """The head of the table."""
    return f"{'measure':<58}{'value':>12} {'unit':<6}{'ratio':>8}{'must':>7}{'aim':>7}  {'':<7}against"


def microseconds(call: Callable[[], object]) -> float:
    """The median CPU time of a call over several rounds, in microseconds."""
    return microseconds_of(call)[0]


def microseconds_of(*calls: Callable[[], object]) -> list[float]:
    """The same for several calls, whose rounds take turns, so that a slow moment of the machine meets them all."""
    counts = [_count(call) for call in calls]
    rounds: list[list[float]] = [[] for _ in calls]
    gc.collect()
    gc.disable()
    try:
        for _ in range(ROUNDS):
            for i, call in enumerate(calls):
                began = time.process_time_ns()
                for _ in range(counts[i]):
                    call()
                rounds[i].append((time.process_time_ns() - began) / counts[i] / 1000)
    finally:
        gc.enable()
    return [statistics.median(times) for times in rounds]


def _count(call: Callable[[], object]) -> int:
    """How many calls fill a round; the calls made here are the warm-up."""
    count = 1
    while True:
        began = time.process_time()
        for _ in range(count):
            call()
        spent = time.process_time() - began
        if spent > ROUND_SECONDS / 10:
            return max(1, int(count * ROUND_SECONDS / spent))
        count *= 4


def keep_to(core: int) -> None:
    """Keep this process, and what it starts, on one core."""
    os.sched_setaffinity(0, {core})
