"""Answering with the data itself, by hand: files one by one, then the answer, or a part of it. No decisions here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import NamedTuple

from fastapi import Response

from capabilities.accounts.web import Door, Visit
from capabilities.cockpit.web import RightsPages, id_of
from protocol.credential import ClaimPath
from protocol.errors import Conflict, InvalidRequest, Malformed, TooLarge
from protocol.fields import Fields
from protocol.sovereignty.claims import ClaimsByQuery
from protocol.sovereignty.rights import Right
from protocol.sovereignty.rights_status import Kept
from protocol.sovereignty.wording import Wording, read_wording
from runtime.driver import Driver
from runtime.languages import language_of
from verifier.attached import KINDS, MAX_FILE, MAX_OF_ONE
from verifier.rights_answers import Rest
from verifier.service.attaching import NewFile
from verifier.service.handing_out import Own
from verifier.service.rights import OpenRequest, RightsDesk
from verifier.usage import By

MAX_CHOICES = 60  # pieces of data among which one can choose; of more, it is all or nothing
ROOM = 256 * 1024  # bytes more than a file may have, so that one that is a little too large is told so on the page
Pages = RightsPages[Visit, OpenRequest]


class NamedData(NamedTuple):
    """A piece of data, and what people call it."""

    id: str  # of the query
    path: ClaimPath
    name: str


class NotSo(Malformed):
    """Something in the form has to be otherwise; `at` is what."""


def answer_pages(rights: RightsDesk, driver: Driver, door: Door, pages: Pages) -> None:
    """Add the forms to the pages of a request."""

    @door.upload("/rights/{request}/file", max_bytes=MAX_FILE + ROOM)
    async def add(visit: Visit) -> Response:
        id_, content = id_of(visit), visit.files.get("file", b"")
        if not content:
            return await pages.one(visit, "file none")
        if len(content) > MAX_FILE:
            return await pages.one(visit, "file large")
        new = NewFile(visit.names.get("file", ""), content)
        try:
            await driver.run(rights.attach(id_, new, actor=visit.clerk.clerk))
        except Malformed as error:
            return await pages.one(visit, "file name" if error.at == "file.name" else "file kind")
        except Conflict:
            if not (await pages.found(visit)).can_be_answered:
                raise
            return await pages.one(visit, "file full")
        return pages.again(visit)

    @door.deed("/rights/{request}/remove")
    async def remove(visit: Visit) -> Response:
        await driver.run(rights.detach(id_of(visit), visit.form.get("hash", ""), actor=visit.clerk.clerk))
        return pages.again(visit)

    @door.deed("/rights/{request}/answer")
    async def answer(visit: Visit) -> Response:
        id_, who = id_of(visit), visit.clerk.clerk
        found = await pages.found(visit)
        sure = visit.form.get("sure") == "yes"
        try:
            if found.is_unknown and not sure:
                raise NotSo("answer sure", "is needed")
            own = own_of(visit.form, found, language_of(visit.request))
            await driver.run(rights.hand_out(id_, own, sure=sure, place=By.CLERK, actor=who))
        except NotSo as error:
            return await pages.one(visit, error.at)
        except (InvalidRequest, TooLarge):
            return await pages.one(visit, "answer large")
        return pages.again(visit)


def answer_values(
    found: OpenRequest, named: Sequence[NamedData], form: Mapping[str, str], today: date
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


def own_of(form: Mapping[str, str], found: OpenRequest, language: str) -> Own:
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
    if found.case.status.right is Right.ACCESS and (
        "decisions" in form or found.files or found.held.elsewhere or found.held.in_case
    ):
        decisions = _wording(form, "decisions", language)
    return Own(
        kept=(Kept(_claims(kept), why),) if kept else (),
        categories=_wording(form, "categories", language) if "categories" in form else (),
        source=_wording(form, "source", language) if "source" in form else (),
        automated_decisions=decisions,
        rest=rest,
    )


def day_end(text: str, found: OpenRequest, *, at: str) -> int:
    """The last second of a day; of the last day, the moment at which the time is over.

    Raises:
        NotSo: no day, or none within the time that the law gives.
    """
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise NotSo(at, "must be a day") from error
    end = int(datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=UTC).timestamp())
    if day > datetime.fromtimestamp(found.latest_due, UTC).date():
        raise NotSo(at, "is too late")
    return min(end, found.latest_due)


def _claims(kept: Mapping[str, tuple[ClaimPath, ...]]) -> ClaimsByQuery:
    return dict(kept)


def _choices(found: OpenRequest) -> dict[str, tuple[str, ClaimPath]]:
    """Data among which one can choose, by the name of a field."""
    if found.held.sealed is None:
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
