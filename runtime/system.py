"""The clock and the random source, which everything else is handed as parameters, and what the process keeps to itself."""

from __future__ import annotations

import ctypes
import os
import resource
import sys
import time
from collections.abc import Callable

_PR_SET_DUMPABLE = 4  # linux/prctl.h


def now() -> int:
    """The wall clock, epoch seconds."""
    return int(time.time())


def random_bytes(count: int) -> bytes:
    """Bytes of the operating system's random source."""
    return os.urandom(count)


class SteadyClock:
    """The time by which things may be forgotten: it never runs ahead of the time that this process has lived (T229).

    A wall clock that was set forward by mistake would have spent values forgotten, and set back again it would let them be
    used once more. Judged by this clock they stay until their time has really passed.
    """

    def __init__(self, wall: Callable[[], int] = now, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._wall = wall
        self._elapsed = elapsed
        self._began = wall()
        self._zero = elapsed()

    def now(self) -> int:
        """Epoch seconds, or less."""
        return min(self._wall(), self._began + int(self._elapsed() - self._zero))


def no_core_dumps() -> None:
    """Let no crash write this process's memory, with its keys, to a file (T227)."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        # The limit does not hold for dumps that the kernel pipes to a program
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
