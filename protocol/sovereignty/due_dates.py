"""Until when a request about rights is answered, in calendar months (GDPR Art. 12(3)).

A month on is the same day and time of the next month in UTC, or its last day where it has no such day. Nothing is put off for
weekends and holidays: sooner is always allowed.
"""

from __future__ import annotations

import calendar
from datetime import MAXYEAR, UTC, datetime

from protocol.fields import MAX_TIME

MONTHS = 1
MONTHS_EXTENDED = 3  # one, and at most two more


def add_months(time: int, months: int) -> int:
    """A time some calendar months on, in epoch seconds; no later than dates can say."""
    day = datetime.fromtimestamp(min(time, MAX_TIME), UTC)
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    if year > MAXYEAR:
        return MAX_TIME
    last = calendar.monthrange(year, month + 1)[1]
    return int(day.replace(year=year, month=month + 1, day=min(day.day, last)).timestamp())


def first_due(received_at: int) -> int:
    """When an answer is due that nothing extended."""
    return add_months(received_at, MONTHS)


def last_due(received_at: int) -> int:
    """The latest that an extended answer may be due."""
    return add_months(received_at, MONTHS_EXTENDED)
