"""The form by which a clerk answers with the data itself, or with a part of it: what it shows, and what it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import NamedTuple

from capabilities.cockpit.answers import Holds
from capabilities.cockpit.attached import KINDS, MAX_FILE, MAX_OF_ONE
from capabilities.cockpit.clerks import day_of
from capabilities.cockpit.desk import Asked
from capabilities.cockpit.handing_out import Own, Rest
from protocol.credential import ClaimPath
from protocol.errors import Malformed
from protocol.fields import Fields
from protocol.sovereignty.claims import ClaimsByQuery
from protocol.sovereignty.rights import Right
from protocol.sovereignty.rights_status import Kept
from protocol.sovereignty.wording import Wording, read_wording

MAX_CHOICES = 60  # pieces of data among which one can choose; of more, it is all or nothing


class NamedData(NamedTuple):
    """A piece of data, and what people call it."""

    id: str  # of the query
    path: ClaimPath
    name: str


class NotSo(Malformed):
    """Something in the form has to be otherwise; `at` is what."""


def answer_values(
    found: Asked[Holds], named: Sequence[NamedData], form: Mapping[str, str], today: date
) -> dict[str, object]:
    """What the form shows; `named` is all that the request is about."""
    choices, called = _choices(found), {(each.id, each.path): each.name for each in named}
    names = (*choices, "decisions", "categories", "source", "all", "until")
    return {
        "largest": MAX_FILE,
        "largest_together": MAX_OF_ONE,
        "endings": tuple(KINDS),
        "choices": [(name, called[of]) for name, of in choices.items()],
        "filled": {name: form.get(name, "") for name in names},
        "kept_back": any(name in form for name in choices),
        "today": today,
    }


def own_of(form: Mapping[str, str], found: Asked[Holds], language: str) -> Own:
    """What a clerk adds to what is here.

    Raises:
        NotSo: something is missing or has the wrong shape.
    """
    kept: dict[str, tuple[ClaimPath, ...]] = {}
    for name, (id_, path) in _choices(found).items():
        if name in form:
            kept[id_] = (*kept.get(id_, ()), path)
    match form.get("all"):
        case "yes":
            why = _wording(form, "why", language) if kept else ()
            rest = None
        case "no":
            why = _wording(form, "why", language)
            rest = Rest(why, day_end(form.get("until", ""), found, at="answer until"))
        case _:
            raise NotSo("answer all", "is needed")
    decisions: Wording = ()
    if found.must_tell_decisions or (found.case.status.right is Right.ACCESS and "decisions" in form):
        decisions = _wording(form, "decisions", language)
    return Own(
        kept=(Kept(_claims(kept), why),) if kept else (),
        categories=_wording(form, "categories", language) if "categories" in form else (),
        source=_wording(form, "source", language) if "source" in form else (),
        automated_decisions=decisions,
        rest=rest,
    )


def day_end(text: str, found: Asked[Holds], *, at: str) -> int:
    """The last second of a day; of the last day, the moment at which the time is over.

    Raises:
        NotSo: no day, or none within the time that the law gives.
    """
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise NotSo(at, "must be a day") from error
    end = int(datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=UTC).timestamp())
    if day > day_of(found.latest_due):
        raise NotSo(at, "is too late")
    return min(end, found.latest_due)


def _claims(kept: Mapping[str, tuple[ClaimPath, ...]]) -> ClaimsByQuery:
    return dict(kept)


def _choices(found: Asked[Holds]) -> dict[str, tuple[str, ClaimPath]]:
    """Data among which one can choose, by the name of a field."""
    if not found.held.has_data:
        return {}
    paths = [(id_, path) for id_, paths in found.claims.items() for path in paths]
    return {f"keep_{place}": each for place, each in enumerate(paths)} if len(paths) <= MAX_CHOICES else {}


def _wording(form: Mapping[str, str], name: str, language: str) -> Wording:
    """What the clerk wrote, in the language in which they work.

    Raises:
        NotSo: nothing, or no plain text.
    """
    said = {language: form.get(name, "").replace("\r\n", "\n").strip()}
    try:
        return read_wording(Fields({"said": {**said}}, "form"), "said")
    except Malformed as error:
        raise NotSo(f"answer {name}", "must be a plain text") from error
