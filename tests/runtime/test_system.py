"""The clock that forgets by, and what a process keeps to itself."""

import subprocess
import sys

from runtime import system
from runtime.system import SteadyClock

DAY = 86_400
YEAR = 365 * DAY


class Clocks:
    """A wall clock that can be set, and the time that really passes."""

    def __init__(self):
        self.wall, self.passed = 1_800_000_000, 50.0

    def pass_by(self, seconds):
        self.wall += seconds
        self.passed += seconds

    def steady(self):
        return SteadyClock(lambda: self.wall, lambda: self.passed)


def test_time_that_passes_passes():
    clocks = Clocks()
    steady = clocks.steady()
    assert steady.now() == 1_800_000_000
    clocks.pass_by(DAY)
    assert steady.now() == 1_800_000_000 + DAY


def test_a_clock_that_jumps_ahead_lets_nothing_be_forgotten():
    """T229: forward one year, and back again; no value that was spent in between may be spent again."""
    clocks = Clocks()
    steady = clocks.steady()
    clocks.pass_by(60)
    clocks.wall += YEAR
    assert steady.now() == 1_800_000_060
    clocks.wall -= YEAR
    clocks.pass_by(60)
    assert steady.now() == 1_800_000_120


def test_a_clock_that_jumps_back_lets_things_be_kept_longer():
    """T229"""
    clocks = Clocks()
    steady = clocks.steady()
    clocks.pass_by(60)
    clocks.wall -= 3600
    assert steady.now() == 1_800_000_060 - 3600


def test_random_bytes_are_as_many_as_asked_and_differ():
    assert len({system.random_bytes(16) for _ in range(100)}) == 100
    assert all(len(system.random_bytes(count)) == count for count in (0, 1, 32))


def test_a_process_can_leave_no_core_dump():
    """T227"""
    program = (
        "import ctypes, resource\nfrom runtime.system import no_core_dumps\nno_core_dumps()\n"
        "print(resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"
    )
    path = [entry for entry in sys.path if entry]
    command = [sys.executable, "-c", f"import sys; sys.path[:0] = {path!r}\n{program}"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "(0, 0) 0\n"
