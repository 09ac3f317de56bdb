"""How long data is kept: durations of ISO 8601, from a known time, from an event, or not at all."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from protocol.encoding import JsonValue
from protocol.errors import Malformed
from protocol.fields import MAX_TIME, Fields
from protocol.sovereignty.due_dates import add_months
from protocol.sovereignty.wording import Wording, read_wording, write_wording

MAX_NUMBER = 4  # digits of one part
NONE = "none"
_DURATION = re.compile(
    r"P(?:(?P<weeks>\d{1,4})W|(?=.)(?:(?P<years>\d{1,4})Y)?(?:(?P<months>\d{1,4})M)?(?:(?P<days>\d{1,4})D)?"
    r"(?:T(?=.)(?:(?P<hours>\d{1,4})H)?(?:(?P<minutes>\d{1,4})M)?(?:(?P<seconds>\d{1,4})S)?)?)",
    re.ASCII,
)
_SECONDS = {"weeks": 604_800, "days": 86_400, "hours": 3600, "minutes": 60, "seconds": 1}


@dataclass(frozen=True, slots=True)
class Duration:
    """Some calendar months, and then some seconds."""

    months: int
    seconds: int
    text: str  # as it was written

    @classmethod
    def from_text(cls, value: object, at: str) -> Self:
        """Read a duration, such as P90D, P10Y or PT12H: whole numbers of at most four digits, and no sign.

        Raises:
            Malformed: anything else.
        """
        found = _DURATION.fullmatch(value) if isinstance(value, str) and len(value) <= 64 else None
        if found is None:
            raise Malformed(at, "must be a duration, such as P90D")
        part = {name: int(digits or 0) for name, digits in found.groupdict().items()}
        months = 12 * part["years"] + part["months"]
        return cls(months, sum(part[name] * seconds for name, seconds in _SECONDS.items()), found[0])

    def after(self, time: int) -> int:
        """The time when it has passed, in epoch seconds; no later than dates can say."""
        return min(add_months(time, self.months) + self.seconds, MAX_TIME)


@dataclass(frozen=True, slots=True)
class Retention:
    """How long something is kept."""

    lasts: Duration | None  # None: it is not kept
    since: Wording = ()  # the event from which it counts; empty: from when the data came

    @classmethod
    def from_fields(cls, holder: Fields, name: str) -> Self:
        """Read a duration, `none`, or an event with a duration.

        Raises:
            Malformed: anything else.
        """
        value = holder.required(name)
        if value == NONE:
            return cls(None)
        if isinstance(value, dict):
            event = holder.object(name)
            return cls(Duration.from_text(event.required("for"), event.path("for")), read_wording(event, "from"))
        return cls(Duration.from_text(value, holder.path(name)))

    def to_value(self) -> JsonValue:
        """The wire form."""
        if self.lasts is None:
            return NONE
        return {"from": write_wording(self.since), "for": self.lasts.text} if self.since else self.lasts.text

    def ends(self, time: int) -> int | None:
        """When data that came at a time are gone; None: an event decides, which nobody knows yet."""
        return None if self.since else self.ends_earliest(time)

    def ends_earliest(self, time: int) -> int:
        """The same if the event were at once."""
        return time if self.lasts is None else self.lasts.after(time)
