"""Pure decisions: when a block is due, what goes into it, and when a log's leaves may go."""

from __future__ import annotations

from protocol.sovereignty.usage import BLOCK, HOUR, log_of

MAX_MISSED = 7 * 24  # hours: so many blocks are made up for after nobody was there to append them
CLOCKS = 300  # seconds by which the clocks of two workers may differ
# Leaves of one transaction. What an hour has beyond it comes in further ones, so that no step waits for long; which leaves come
# together is left to their hashes, so it tells nothing of when they came.
PORTION = 64 * BLOCK
MAX_PRUNED_ROWS = 64  # rows of leaves, in one transaction


def due_block(last: int, now: int) -> int | None:
    """The full hour whose block is to be appended next; None: that of this hour is there already.

    `last` is the hour of the block before, 0 if there is none. Hours that were missed are made up for one after another:
    what was written before is in the block of its hour, and all hours look the same.
    """
    hour = now - now % HOUR
    if last == 0 or is_set_back(last, now):
        return hour
    if hour <= last:
        return None
    return max(last + HOUR, hour - MAX_MISSED * HOUR)


def is_set_back(last: int, now: int) -> bool:
    """Whether a clock that was ahead has been put right: then blocks go on from now, and nobody waits for that time to come."""
    return now + CLOCKS < last


def next_log(now: int) -> str:
    """The log that gets what is written now: the one of the year in which this hour began."""
    return log_of(now - now % HOUR + HOUR)


def is_over(log: str, now: int) -> bool:
    """Whether the year of a log is over, and the block of its last hour as well."""
    return log < log_of(now - now % HOUR)


def seconds_left(appended_at: int, log: str, now: int) -> int:
    """For how long a head may be kept by others: until the next full hour, or a minute while this hour's block is awaited."""
    hour = now - now % HOUR
    awaited = log == log_of(hour) and appended_at < hour
    return min(60, hour + HOUR - now) if awaited else hour + HOUR - now
