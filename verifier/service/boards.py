"""The page of a counter: whose answer is shown, who waits, who is still deciding; and the number that people tell the clerk.

The page never changes from one person's answer to another's by itself: what is shown stays until its time is over or the
clerk goes on, and of two who wait the clerk has to say whose is wanted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from protocol.credential import ClaimPath
from protocol.encoding import JsonObject
from protocol.errors import NotFound
from protocol.exchange import Exchange
from runtime.conversation import SessionKey, advance, load
from verifier.acting import Acting
from verifier.counter import (
    CounterRecord,
    Place,
    Standing,
    is_paired,
    leave_places,
    no_counter,
    show,
    shown_until,
    stays,
)
from verifier.service.answers import Answers
from verifier.service.context import VerifierContext
from verifier.service.counters import Counters, browser_digest
from verifier.service.sealed_answers import NOTHING, AnswerContent
from verifier.session import (
    AWAITED,
    REQUEST,
    RESPONSE_CODE,
    TOLD,
    Answered,
    Awaited,
    Declined,
    Told,
    Verdict,
    no_request,
)
from verifier.usage import By

OUTCOMES: tuple[type[Answered | Declined], ...] = (Answered, Declined)


@dataclass(frozen=True, slots=True)
class Found:
    """One outcome at a counter."""

    request: str  # id
    number: int
    use_case: str
    answered_at: int  # epoch seconds
    shown_at: int  # epoch seconds; 0: not yet
    until: int  # epoch seconds: then it is erased
    verdict: Verdict | None  # None: the wallet said no
    receipt: str = ""  # JSON, as in `verifier.session.Answered`


@dataclass(frozen=True, slots=True)
class Board:
    """What stands at a counter at a moment."""

    record: CounterRecord
    deciding: int  # how many people have the question in their wallet
    shown: Found | None  # the one that is looked at
    waiting: tuple[Found, ...] = ()  # oldest first
    disclosed: JsonObject | None = None  # by the one that is looked at, where it was accepted
    binary: Mapping[str, tuple[ClaimPath, ...]] = field(default_factory=dict)  # query id → claims that are bytes
    acting: Acting | None = None  # who acted for whom in it

    @property
    def state(self) -> str:
        """What makes the page another one."""
        waiting = ".".join(str(found.number) for found in self.waiting)
        return f"{self.deciding}-{self.shown.request if self.shown else ''}-{waiting}"


@dataclass(frozen=True, slots=True)
class Number:
    """What somebody who answered sees."""

    number: int
    use_case: str
    counter: str  # its name


@dataclass(frozen=True, slots=True)
class Boards:
    """What the browsers of a counter see, and those who answered there."""

    context: VerifierContext
    answers: Answers
    counters: Counters

    def board(self, id_: str, browser: str) -> Exchange[Board]:
        """What stands at a counter, for a browser that was paired; nothing changes by looking.

        Raises:
            NotFound: no such counter, or another browser (T183, T237).
        """
        standing = yield from self._paired(id_, browser)
        board, _ = yield from self._look(standing)
        return board

    def attend(self, id_: str, browser: str) -> Exchange[Board]:
        """The same for a page that somebody sees: an answer that is alone is shown, and its time begins to run out.

        Two answers that wait are not: then the clerk has to say whose is wanted. What is over gives its number back.

        Raises:
            NotFound: as above.
        """
        standing = yield from self._paired(id_, browser)
        board, over = yield from self._look(standing)
        if over:
            yield from self.counters.advance(id_, lambda stage: leave_places(stage, over))
        if board.shown is None and len(board.waiting) == 1:
            yield from self._show(id_, board.waiting[0])
            board, _ = yield from self._look(standing)
        told = yield from self._disclosed(board.shown)
        return replace(board, disclosed=told.claims, binary=told.binary, acting=told.acting)

    def choose(self, id_: str, browser: str, number: int) -> Exchange[None]:
        """Show the answer of one of those who wait, if none is shown; what is over meanwhile is no mistake.

        Raises:
            NotFound: no such counter, or another browser.
        """
        board = yield from self.board(id_, browser)
        found = next((found for found in board.waiting if found.number == number), None)
        if found is not None and board.shown is None:
            yield from self._show(id_, found)

    def next(self, id_: str, browser: str, request: str) -> Exchange[None]:
        """Erase an answer that was seen; what is gone already, or stands at another counter, stays as it is.

        Raises:
            NotFound: no such counter, or another browser.
        """
        standing = yield from self._paired(id_, browser)
        if any(place.request == request for place in standing.places):
            yield from self.counters.clear(id_, request)
            yield from self.counters.advance(id_, lambda stage: leave_places(stage, (request,)))

    def number(self, response_code: str) -> Exchange[Number]:
        """What somebody who answered tells the clerk, for as long as the answer stands at the counter.

        Raises:
            NotFound: another code, or it is over.
        """
        stage = yield from load(SessionKey.of(RESPONSE_CODE, response_code), no_request(), OUTCOMES)
        record = (yield from self.counters.standing(stage.asked.counter)).record if stage.asked.counter else None
        if record is None or self.context.now() >= self._until(stage):
            raise no_request()
        return Number(stage.asked.number, stage.asked.use_case, record.name)

    def _show(self, id_: str, found: Found) -> Exchange[None]:
        now, stay = self.context.now(), self._stay(found.use_case)
        key = SessionKey.of(REQUEST, found.request)
        yield from advance(key, lambda session: show(session, id_, stay=stay, now=now), no_request())

    def _disclosed(self, shown: Found | None) -> Exchange[AnswerContent]:
        if shown is None:
            return NOTHING
        try:
            session = yield from load(SessionKey.of(REQUEST, shown.request), no_request(), Answered)
            return (yield from self.answers.look(session, By.COUNTER))
        except NotFound:
            return NOTHING  # the wallet said no, or it was erased just now

    def _look(self, standing: Standing) -> Exchange[tuple[Board, tuple[str, ...]]]:
        """What stands there, and the requests whose places nobody needs any more."""
        found: list[Found] = []
        over: list[str] = []
        deciding = 0
        for place in standing.places:
            session = yield from self._session(place)
            match session:
                case Answered() | Declined() if self.context.now() < self._until(session):
                    found.append(self._found(session))
                case _ if isinstance(session, AWAITED) and self._is_open(session):
                    deciding += 1
                case None:
                    pass  # scanned this moment, or erased: the place ends by itself
                case _:
                    over.append(place.request)
        found.sort(key=lambda one: (not one.shown_at, one.shown_at, one.answered_at))
        shown = found[0] if found and found[0].shown_at else None
        waiting = tuple(found[1:] if shown else found)
        return Board(standing.record, deciding, shown, waiting), tuple(over)

    def _session(self, place: Place) -> Exchange[Told | None]:
        try:
            return (yield from load(SessionKey.of(REQUEST, place.request), no_request(), TOLD))
        except NotFound:
            return None

    def _found(self, session: Answered | Declined) -> Found:
        asked = session.asked
        return Found(
            request=asked.id,
            number=asked.number,
            use_case=asked.use_case,
            answered_at=session.answered_at if isinstance(session, Answered) else session.declined_at,
            shown_at=session.shown_at,
            until=self._until(session),
            verdict=session.verdict if isinstance(session, Answered) else None,
            receipt=session.receipt if isinstance(session, Answered) else "",
        )

    def _until(self, session: Answered | Declined) -> int:
        return shown_until(session, self._stay(session.asked.use_case))

    def _stay(self, use_case: str) -> int:
        found = self.context.use_cases.get(use_case)
        return stays(found.keep if found else 0)

    def _is_open(self, session: Awaited) -> bool:
        return self.context.now() < session.asked.expires_at

    def _paired(self, id_: str, browser: str) -> Exchange[Standing]:
        standing = yield from self.counters.standing(id_)
        if not is_paired(standing, browser_digest(browser)):
            raise no_counter()
        return standing
