"""The Datencockpit's timeline: everything that happened and what partners say, what is looked for in it, and its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from fastapi import Response

from runtime.routes import Router
from runtime.seal import DamagedError
from wallet.cockpit_words import CockpitWords
from wallet.policy.activity import GivenShown, Happened, activity, given, label_of
from wallet.policy.cockpit.disclosed import path_text
from wallet.policy.cockpit.timeline import MAX_SEARCH, Filter, Item, Kind, Timeline, part_of
from wallet.policy.representing import ME, OTHERS, entries_about, for_whom, represented_people
from wallet.policy.showing import credential_name, plain
from wallet.service_words import ServiceWords
from wallet.web.room import Inside, Visit, redirect
from wallet.web.shelf import Gone
from wallet.web.told import Done, tell

DAY = 86_400  # seconds
RECENT = {"week": 7 * DAY, "month": 30 * DAY}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody looks for. It lies on the shelf, so that nothing of it stands in an address (T260)."""

    found: Filter
    form: Mapping[str, str]  # as it was filled in


def what_happened(visit: Visit) -> tuple[Happened, ...] | None:
    """Everything, newest first; None if the list was altered, so that it is not to be believed."""
    try:
        return activity(visit.wallet.keeping.log())
    except DamagedError:
        return None


def timeline_of(visit: Visit) -> Timeline | None:
    """Everything, with what partners say; None if the list was altered."""
    try:
        return visit.wallet.cockpit.timeline()
    except DamagedError:
        return None


@dataclass(frozen=True, slots=True)
class Lines:
    """What a page needs to show some of the timeline."""

    timeline: Timeline
    say: CockpitWords
    given: Mapping[int, tuple[GivenShown, ...]]  # by the number of the entry
    no_partners: str  # why the newest list of partners was not taken, as a sentence; empty: it was
    for_whom: Mapping[int, str]  # number of the entry → those it is about beside the user; empty: nobody known any more


def lines(visit: Visit, timeline: Timeline, items: Sequence[Item]) -> Lines:
    """The same for these items."""
    held, language = visit.wallet.context.store.credentials(), visit.wallet.context.language
    shown = {item.number: given(item.entry, held, language, visit.words.data) for item in items if item.what is None}
    entries = {item.number: item.entry for item in items}.values()
    whom = for_whom(entries, represented_people(held))
    published = visit.wallet.context.published
    problem = published.partners_problem if published is not None else None
    no_partners = ServiceWords(visit.words).partners_problem(problem)
    return Lines(timeline, CockpitWords.of(visit.words, language, held), shown, no_partners, whom)


def activity_pages() -> Router:
    """The timeline, and its end. Addresses name entries by number and nobody by name (T260)."""
    router = Router(include_in_schema=False)

    def show(visit: Visit, number: int, wanted: Wanted | None = None, shelf: str = "") -> Response:
        timeline = timeline_of(visit)
        if timeline is None:
            return visit.page("activity_damaged.html")
        found = timeline.find(wanted.found if wanted is not None else Filter())
        part = part_of(found, number)
        form: Mapping[str, str] = wanted.form if wanted is not None else {}
        return visit.page(
            "activity.html", part=part, count=len(found), form=form, kinds=[*Kind], years=_years(timeline),
            base=f"/activity/found/{shelf}" if shelf else "/activity", searching=wanted is not None,
            head=visit.wallet.context.store.log_head(), shown=lines(visit, timeline, part.items),
            people=represented_people(visit.wallet.context.store.credentials()),
            others=any(item.entry.acting for item in timeline.items),
        )  # fmt: skip

    @router.get("/activity")
    async def newest(visit: Inside) -> Response:
        return show(visit, 1)

    @router.get("/activity/page/{number:int}")
    async def older(visit: Inside, number: int) -> Response:
        return show(visit, number)

    @router.post("/activity/find")
    async def find(visit: Inside) -> Response:
        form = await visit.form()
        timeline = timeline_of(visit)
        if timeline is None:
            return redirect("/activity")
        wanted = _wanted(visit, timeline, form)
        return redirect(f"/activity/found/{visit.shelf.put(wanted)}" if not wanted.found.is_empty else "/activity")

    @router.get("/activity/found/{shelf}")
    async def found(visit: Inside, shelf: str) -> Response:
        return found_page(visit, shelf, 1)

    @router.get("/activity/found/{shelf}/page/{number:int}")
    async def found_older(visit: Inside, shelf: str, number: int) -> Response:
        return found_page(visit, shelf, number)

    def found_page(visit: Visit, shelf: str, number: int) -> Response:
        try:
            wanted = visit.shelf.look(shelf, Wanted)
        except Gone:
            return redirect("/activity")
        return show(visit, number, wanted, shelf)

    @router.get("/activity/delete")
    async def ask(visit: Inside) -> Response:
        return visit.page("activity_delete.html", keys=_keys(visit))

    @router.post("/activity/delete")
    async def delete(visit: Inside) -> Response:
        await visit.form()
        await visit.run(visit.wallet.keeping.clear_log())
        return tell(visit, Done.LIST_DELETED)

    return router


def _keys(visit: Visit) -> int:
    """How many keys for rights go with the list."""
    return sum(bool(one.key) for one in visit.wallet.cockpit.disclosures())


def _wanted(visit: Visit, timeline: Timeline, form: Mapping[str, str]) -> Wanted:
    """What a form asks for; what makes no sense in it is left out."""
    names = ("search", "partner", "document", "kind", "time", "person")
    asked = {name: form.get(name, "").strip()[:MAX_SEARCH] for name in names}
    met = timeline.partner(_number(asked["partner"]))
    kind = asked["kind"] if asked["kind"] in {*Kind} else ""
    people = represented_people(visit.wallet.context.store.credentials())
    person = asked["person"] if asked["person"] in {ME, OTHERS, *(one.id for one in people)} else ""
    since, until = _time(asked["time"], visit.wallet.context.now())
    found = Filter(
        partner=met.key if met is not None else "",
        document=asked["document"] if asked["document"] in timeline.documents else "",
        kind=Kind(kind) if kind else None,
        since=since,
        until=until,
        entries=entries_about([item.entry for item in timeline.items], person, people) if person else None,
        needles=_needles(visit, asked["search"]),
    )
    return Wanted(found, {**asked, "person": person, "partner": str(met.number) if met is not None else ""})


def _needles(visit: Visit, text: str) -> tuple[str, ...]:
    """What is searched for: the text itself, documents by their name, and claims by their label."""
    if not text:
        return ()
    wanted, language = text.lower(), visit.wallet.context.language
    named: dict[str, None] = {wanted: None}
    for held in visit.wallet.context.store.credentials():
        configuration = held.described()
        described = configuration.claims
        if wanted in credential_name(configuration, language).lower():
            # Logged in whichever language was read then
            named.update(dict.fromkeys([plain(display.name).lower() for display in configuration.display]))
        for description in described:
            path = path_text(description.path)
            if wanted in label_of(path, described, language, visit.words.data).lower():
                named[path.lower()] = None
    return tuple(named)


def _time(text: str, now: int) -> tuple[int, int]:
    if text in RECENT:
        return now - RECENT[text], 0
    year = _number(text)
    if not 1970 <= year <= 9998:
        return 0, 0
    begins, ends = (int(datetime(one, 1, 1, tzinfo=UTC).timestamp()) for one in (year, year + 1))
    return begins, ends


def _years(timeline: Timeline) -> tuple[int, ...]:
    if not timeline.items:
        return ()
    first, last = (datetime.fromtimestamp(item.at, UTC).year for item in (timeline.items[-1], timeline.items[0]))
    return tuple(range(last, first - 1, -1))


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
