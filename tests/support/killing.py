"""Visitors at work while the processes that serve them die and come back."""

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from tests.support.processes import Service, Striker, plan_strikes

T = TypeVar("T")

DEFAULT_SEED = 20


@dataclass(frozen=True, slots=True)
class FailureNamesSeed:
    """Whatever fails in the block says how the same blows are struck again."""

    seed: int

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is not None:
            error.add_note(f"HOHEIT_KILL_SEED={self.seed}")


def kill_seed(default: int = DEFAULT_SEED) -> int:
    """The seed of the blows, as somebody said or the usual one."""
    return int(os.environ.get("HOHEIT_KILL_SEED", default))


def visit_while_killing(
    service: Service, role: str, random: Random, kills: int, visits: Sequence[Callable[[], T]]
) -> list[T]:
    """Let every visitor come again and again until so many processes died and came back; what each visit brought."""
    stop = threading.Event()
    striker = Striker({role: service})
    strikes = plan_strikes(random, kills, (role,))

    def visit_until(visit: Callable[[], T]) -> list[T]:
        done: list[T] = []
        while not stop.is_set():
            done.append(visit())
        return done

    with ThreadPoolExecutor(len(visits)) as pool:
        working = [pool.submit(visit_until, visit) for visit in visits]
        try:
            killed = sum(striker.strike(strike, lambda: any(f.done() for f in working)) for strike in strikes)
        finally:
            stop.set()
        found = [done for future in working for done in future.result()]
    assert killed == kills
    return found
