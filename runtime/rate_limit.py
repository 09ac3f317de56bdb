"""How often somebody may do something: so many at once, and then as many as come back over time (a token bucket).

Each process counts for itself, so the limit of a service is that of one process times their number.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from protocol.errors import ProtocolError

MAX_KNOWN = 10_000  # whom one process remembers; of more, who was away longest begins anew


class TooManyRequests(ProtocolError):
    """Somebody did something more often than they may; a while later they may again."""

    code = "temporarily_unavailable"
    status = 429


@dataclass(slots=True)
class RateLimit:
    """The limit of one thing, for everybody who does it."""

    at_once: int
    per_minute: float
    now: Callable[[], float]  # seconds
    _left: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)  # who → how many, as of when

    def spend(self, who: str) -> None:
        """Count one.

        Raises:
            TooManyRequests: it was one too many; it does not count.
        """
        now = self.now()
        left, since = self._left.pop(who, (float(self.at_once), now))
        left = min(float(self.at_once), left + max(0.0, now - since) * self.per_minute / 60)
        allowed = left >= 1
        self._left[who] = (left - 1 if allowed else left, now)
        while len(self._left) > MAX_KNOWN:
            self._left.popitem(last=False)
        if not allowed:
            raise TooManyRequests("too many requests; please wait a moment")
