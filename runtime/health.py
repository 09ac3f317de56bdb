"""What operators ask a service: is it alive, is it ready, what has it counted. No answer names a person, key or token."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from protocol.errors import Unavailable
from runtime.conversation import slow
from runtime.driver import Driver

READY_SECONDS = 1.5  # for the database to answer; a load balancer asks every few seconds
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # seconds


async def is_ready(driver: Driver, check: Callable[[], None], *, seconds: float = READY_SECONDS) -> bool:
    """Whether a service can do its work now. `check` raises Unavailable if something it needs is away (T253)."""
    try:
        async with asyncio.timeout(seconds):
            await driver.run(slow(check))
    except (Unavailable, TimeoutError):
        return False
    return True


class Metrics:
    """What one process has served since it started. Labels are routes, methods and statuses alone (T255).

    Several workers count each for itself; `worker` tells their series apart.
    """

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._worker = str(os.getpid())
        self._requests = Counter(
            "hoheit_requests",
            "Requests that were answered",
            ("worker", "method", "route", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "hoheit_request_seconds",
            "From a request's head to the end of its answer",
            ("worker", "route"),
            registry=self._registry,
            buckets=_BUCKETS,
        )

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request. `route` is the pattern of the address, never the address."""
        self._requests.labels(self._worker, method, route, str(status)).inc()
        self._seconds.labels(self._worker, route).observe(seconds)

    def text(self) -> bytes:
        """Everything counted, as Prometheus reads it."""
        return generate_latest(self._registry)
