"""What every role's clerks do alike with requests about rights: look through a list, say why, put an answer off."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime

from capabilities.cockpit.rights_case import RightsCase
from protocol.errors import Malformed
from protocol.fields import Fields
from protocol.sovereignty.due_dates import last_due
from protocol.sovereignty.usage import Action, Addressee, Use
from protocol.sovereignty.wording import Wording, read_wording

PAGE = 50  # requests in one list
MAX_ID = 128  # characters


def check_found(cases: tuple[RightsCase, ...]) -> tuple[tuple[RightsCase, ...], str]:
    """A page of a list, and the id after which the next one begins; empty: there is none."""
    return cases[:PAGE], cases[PAGE - 1].id if len(cases) > PAGE else ""


def read_why(form: Mapping[str, str], language: str, name: str = "why") -> Wording:
    """What a clerk wrote, in the language in which they work.

    Raises:
        Malformed: nothing, or no plain text.
    """
    said = {language: form.get(name, "").replace("\r\n", "\n").strip()}
    return read_wording(Fields({name: {**said}}, "form"), name)


def read_until(form: Mapping[str, str], case: RightsCase) -> int:
    """To which moment a clerk puts an answer off: the end of a day, or the last moment of all where that is on this day.

    Raises:
        Malformed: no day.
    """
    try:
        until = date.fromisoformat(form.get("until", ""))
    except ValueError as error:
        raise Malformed("form.until", "must be a day") from error
    # A day ends with its last second; the last one with the moment at which the time is over
    end = int(datetime(until.year, until.month, until.day, 23, 59, 59, tzinfo=UTC).timestamp())
    latest = last_due(case.received_at)
    return min(end, latest) if until <= day_of(latest) else end


def day_of(seconds: int) -> date:
    """The day of a moment, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).date()


def who_got_it(uses: Iterable[Use]) -> tuple[tuple[Addressee, ...], tuple[Addressee, ...]]:
    """Who got the data of a receipt, by its log; and who of them was not told of a change since (Art. 19)."""
    untold: dict[Addressee, None] = {}
    recipients: dict[Addressee, None] = {}
    for use in uses:
        if use.to is not None and use.action is Action.FORWARDED:
            untold[use.to] = recipients[use.to] = None
        elif use.to is not None and use.action is Action.RECIPIENT_TOLD:
            untold.pop(use.to, None)
    return tuple(recipients), tuple(untold)
