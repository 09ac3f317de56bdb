"""Requests about rights at the desk of a role: what waits, by when, and how it ends. No decisions here.

The pages stand in `templates/cockpit` and extend the role's own `desk/base.html`; what a right means for its data the role says
in `desk/rights.html` and `desk/right.html`, which extend them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from fastapi import Request, Response

from capabilities.cockpit.answer_form import NamedData, NotSo, answer_values, own_of
from capabilities.cockpit.answers import Holds
from capabilities.cockpit.attached import MAX_FILE
from capabilities.cockpit.attaching import NewFile
from capabilities.cockpit.clerks import MAX_ID, check_found, day_of, read_until, read_why
from capabilities.cockpit.desk import Asked
from capabilities.cockpit.handing_out import Own
from capabilities.cockpit.rights_case import RightsCase
from protocol.credential import ClaimPath
from protocol.errors import Conflict, InvalidRequest, Malformed, TooLarge
from protocol.exchange import Exchange
from protocol.sovereignty.wording import MAX_TEXT, Wording
from runtime.driver import Driver
from runtime.languages import language_of
from runtime.pages import redirect

ROOM = 256 * 1024  # bytes more than a file may have, so that one that is a little too large is told so on the page
COCKPIT = Path(__file__).parent  # of the templates and their texts


class Clerk(Protocol):
    """Somebody who works on requests."""

    @property
    def clerk(self) -> str:
        """Their name in the trail."""


class Visit(Protocol):
    """A request of a clerk who is signed in."""

    @property
    def request(self) -> Request:
        """As it came."""

    @property
    def clerk(self) -> Clerk:
        """Who they are."""

    @property
    def form(self) -> dict[str, str]:
        """What they filled in; of a page that is only looked at: nothing."""

    @property
    def files(self) -> Mapping[str, bytes]:
        """What they brought."""

    @property
    def names(self) -> Mapping[str, str]:
        """What these files are called."""


V = TypeVar("V", bound=Visit)
V_contra = TypeVar("V_contra", bound=Visit, contravariant=True)
A = TypeVar("A", bound=Asked[Holds])
A_co = TypeVar("A_co", bound=Asked[Holds], covariant=True)
A_contra = TypeVar("A_contra", bound=Asked[Holds], contravariant=True)
Handler = Callable[[V], Awaitable[Response]]


class Door(Protocol[V]):
    """What lets clerks in."""

    @property
    def home(self) -> str:
        """Path of the first page behind it."""

    def page(self, path: str) -> Callable[[Handler[V]], Handler[V]]:
        """A page to look at."""

    def deed(self, path: str) -> Callable[[Handler[V]], Handler[V]]:
        """A form that changes something, once."""

    def upload(self, path: str, *, max_bytes: int) -> Callable[[Handler[V]], Handler[V]]:
        """A form that brings files, once."""


class Rights(Protocol[A_co]):
    """What the pages ask; see `capabilities.cockpit.desk`."""

    def listed(self, *, is_open: bool, after: str = "") -> Exchange[tuple[RightsCase, ...]]:
        """See `RequestsAtDesk.listed`."""

    def open(self, id_: str, *, actor: str) -> Exchange[A_co]:
        """One request, with what it asks, and what a role knows besides."""

    def extend(self, id_: str, why: Wording, due: int, *, actor: str) -> Exchange[RightsCase]:
        """See `RequestsAtDesk.extend`."""

    def refuse(self, id_: str, why: Wording, *, actor: str) -> Exchange[RightsCase]:
        """See `RequestsAtDesk.refuse`."""

    def attach(self, id_: str, new: NewFile, *, actor: str) -> Exchange[RightsCase]:
        """See `RequestsAtDesk.attach`."""

    def detach(self, id_: str, hash_: str, *, actor: str) -> Exchange[RightsCase]:
        """See `RequestsAtDesk.detach`."""

    def hand_out(self, id_: str, own: Own, *, sure: bool, actor: str) -> Exchange[RightsCase]:
        """Answer with the data itself, the files, and what `own` adds; `sure`: the clerk knows who asks."""


class Shown(Protocol[V_contra, A_contra]):
    """How a role shows requests, and reads why one is refused."""

    def page(self, visit: V_contra, template: str, *, status: int = 200, **values: object) -> Response:
        """A page of `templates/desk`."""

    def now(self) -> int:
        """Epoch seconds."""

    def data_name(self, id_: str, path: ClaimPath, language: str) -> str:
        """What people call data that a receipt names."""

    def values(self, visit: V_contra, found: A_contra) -> Mapping[str, object]:
        """What the page of a request shows besides."""

    def refusal(self, visit: V_contra) -> Wording:
        """Why a request is refused, as the form says it.

        Raises:
            Malformed: it does not say it.
        """


@dataclass(frozen=True, slots=True)
class RightsPages(Generic[V, A]):
    """The lists, one request, putting it off, refusing it and answering with data. What else can be done, a role adds."""

    driver: Driver
    door: Door[V]
    rights: Rights[A]
    shown: Shown[V, A]

    def add(self) -> None:
        """Add the pages behind the door."""
        self._add_pages()
        self._add_ends()
        self._add_answers()

    def _add_pages(self) -> None:
        door = self.door

        @door.page("/rights")
        @door.page("/rights/after/{after}")
        async def waiting(visit: V) -> Response:
            return await self._listed(visit, is_open=True)

        @door.page("/rights/ended")
        @door.page("/rights/ended/after/{after}")
        async def ended(visit: V) -> Response:
            return await self._listed(visit, is_open=False)

        @door.page("/rights/{request}")
        async def request(visit: V) -> Response:
            return await self.one(visit)

    def _add_ends(self) -> None:
        door, driver, rights = self.door, self.driver, self.rights

        @door.deed("/rights/{request}/extend")
        async def extend(visit: V) -> Response:
            found = await self.found(visit)
            try:
                why, due = read_why(visit.form, language_of(visit.request)), read_until(visit.form, found.case)
            except Malformed as error:
                return await self.one(visit, "extend until" if error.at == "form.until" else "extend why")
            await driver.run(rights.extend(id_of(visit), why, due, actor=visit.clerk.clerk))
            return self.again(visit)

        @door.deed("/rights/{request}/refuse")
        async def refuse(visit: V) -> Response:
            try:
                why = self.shown.refusal(visit)
            except Malformed as error:
                return await self.one(visit, "refuse reason" if error.at == "form.reason" else "refuse why")
            await driver.run(rights.refuse(id_of(visit), why, actor=visit.clerk.clerk))
            return self.again(visit)

    def _add_answers(self) -> None:
        door, driver, rights = self.door, self.driver, self.rights

        @door.upload("/rights/{request}/file", max_bytes=MAX_FILE + ROOM)
        async def add(visit: V) -> Response:
            content = visit.files.get("file", b"")
            if not content:
                return await self.one(visit, "file none")
            if len(content) > MAX_FILE:
                return await self.one(visit, "file large")
            new = NewFile(visit.names.get("file", ""), content)
            try:
                await driver.run(rights.attach(id_of(visit), new, actor=visit.clerk.clerk))
            except Malformed as error:
                return await self.one(visit, "file name" if error.at == "file.name" else "file kind")
            except Conflict:
                if not (await self.found(visit)).can_be_answered:
                    raise
                return await self.one(visit, "file full")
            return self.again(visit)

        @door.deed("/rights/{request}/remove")
        async def remove(visit: V) -> Response:
            await driver.run(rights.detach(id_of(visit), visit.form.get("hash", ""), actor=visit.clerk.clerk))
            return self.again(visit)

        @door.deed("/rights/{request}/answer")
        async def answer(visit: V) -> Response:
            found, sure = await self.found(visit), visit.form.get("sure") == "yes"
            try:
                if found.is_unknown and not sure:
                    raise NotSo("answer sure", "is needed")
                own = own_of(visit.form, found, language_of(visit.request))
                await driver.run(rights.hand_out(id_of(visit), own, sure=sure, actor=visit.clerk.clerk))
            except NotSo as error:
                return await self.one(visit, error.at)
            except (InvalidRequest, TooLarge):
                return await self.one(visit, "answer large")
            return self.again(visit)

    async def found(self, visit: V) -> A:
        """The request that a page is about."""
        return await self.driver.run(self.rights.open(id_of(visit), actor=visit.clerk.clerk))

    async def one(self, visit: V, problem: str = "") -> Response:
        """The page of a request, with what has to be otherwise in a form."""
        found, language = await self.found(visit), language_of(visit.request)
        named = [
            NamedData(id_, path, self.shown.data_name(id_, path, language))
            for id_, paths in found.claims.items()
            for path in paths
        ]
        shared = {
            "found": found,
            # Forms of one document have the same data
            "claims": tuple(dict.fromkeys(each.name for each in named)),
            "first_day": day_of(found.case.status.due) + timedelta(days=1),
            "last_day": day_of(found.latest_due),
            "problem": problem,
            "typed": visit.form.get("why", ""),
            "longest": MAX_TEXT,
            **answer_values(found, named, visit.form, day_of(self.shown.now())),
        }
        status = 400 if problem else 200
        return self.shown.page(visit, "right.html", status=status, **shared, **self.shown.values(visit, found))

    def again(self, visit: V) -> Response:
        """Lead back to the page of a request."""
        return redirect(f"{self.door.home}/rights/{id_of(visit)}")

    async def _listed(self, visit: V, *, is_open: bool) -> Response:
        after = visit.request.path_params.get("after", "")[:MAX_ID]
        cases, last = check_found(await self.driver.run(self.rights.listed(is_open=is_open, after=after)))
        here = f"{self.door.home}/rights" if is_open else f"{self.door.home}/rights/ended"
        return self.shown.page(
            visit,
            "rights.html",
            requests=cases,
            is_open=is_open,
            more=f"{here}/after/{last}" if last else "",
            later=bool(after),
            first=here,
        )


def id_of(visit: Visit) -> str:
    """Which request a page is about."""
    return str(visit.request.path_params["request"])[:MAX_ID]
