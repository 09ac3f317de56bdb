"""Showing in person: a code on the screen, what whoever scanned it sends, and an answer that goes back or is shown to them."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote

from fastapi import Response

from protocol.encoding import decode_base64url
from protocol.errors import Malformed, NotTrusted, Unreachable
from protocol.mdoc.frames import MAX_MESSAGE
from runtime.asgi import json_answer
from runtime.conversation import slow
from runtime.live import LiveStreams
from runtime.moving_codes import moving_codes
from runtime.pages import qr_svg
from runtime.routes import Router
from wallet.policy.choosing import Choice, chosen_documents
from wallet.policy.haip import NotHaip
from wallet.policy.presenting import ChoiceShown
from wallet.service.meeting import Answer, AskedInPerson, MeetingOver, Met, Way
from wallet.service.seen import RequestSeen
from wallet.web.door import Closed
from wallet.web.locked import WhenLocked
from wallet.web.receiving import read_answer
from wallet.web.room import Inside, LookingIn, Visit, redirect
from wallet.web.shelf import AtWork, Gone
from wallet.web.things import Answered, AnswerShown, CodeOnScreen, NotAnswered, RequestWaiting

MAX_POSTED = MAX_MESSAGE * 4 // 3 + 4096  # bytes of a form with a message in base64url
_WAITING, _AWAY, _OVER, _ASKED = "waiting", "away", "over", "asked"  # states of a page with a code


def meeting_pages() -> Router:
    """Every page between a code and an answer, but for the question itself, which is put like any other."""
    router = Router(include_in_schema=False)
    _add_code(router)
    _add_request(router)
    _add_answer(router)
    return router


async def share_in_person(visit: Visit, met: Met, seen: RequestSeen, choice: Choice) -> Answered | AnswerShown:
    """Give away what was chosen, and say what is to be shown then."""
    sharing = visit.wallet.meetings.share(met, seen, choice)
    answer = await visit.run(sharing, WhenLocked.MEET_AGAIN, WhenLocked.SHARED)
    return _after(met, seen, answer, chosen_documents(seen.consent, choice))


async def decline_in_person(visit: Visit, met: Met, seen: RequestSeen) -> Answered | AnswerShown:
    """Give away nothing, and say what is to be shown then."""
    declining = visit.wallet.meetings.decline(met, seen)
    answer = await visit.run(declining, WhenLocked.MEET_AGAIN, WhenLocked.MEET_AGAIN)
    return _after(met, seen, answer, ())


def meeting_page(number: str) -> str:
    """Where a meeting stands."""
    return f"/meet/{quote(number, safe='')}"


def _add_code(router: Router) -> None:
    live = LiveStreams()

    @router.post("/meet")
    async def begin(visit: Inside) -> Response:
        await visit.form()
        return redirect(meeting_page(visit.shelf.put(CodeOnScreen(visit.wallet.meetings.begin()))))

    @router.get("/meet/{number}")
    async def stand(number: str, visit: Inside) -> Response:
        thing = visit.shelf.look(number, object)
        match thing:
            case AtWork():
                return visit.page("at_work.html")
            case CodeOnScreen():
                return _code_page(visit, number, thing)
            case RequestWaiting():
                return redirect(f"/present/{quote(number, safe='')}")
            case NotAnswered():
                return _not_answered_page(visit, number, thing)
            case AnswerShown():
                return _answer_page(visit, number, thing)
            case Answered():
                return redirect(f"/present/{quote(number, safe='')}/done")
            case _:
                raise Gone("this was answered already, or never was here")

    @router.get("/meet/{number}/look")
    async def look(number: str, visit: Inside) -> Response:
        # For a browser without scripts, which has no events
        await _look(visit, number)
        return redirect(meeting_page(number))

    @router.get("/meet/{number}/code.svg")
    async def code(number: str, visit: LookingIn) -> Response:
        shown = visit.shelf.look(number, CodeOnScreen).shown
        return Response(qr_svg(shown.text), media_type="image/svg+xml", headers={"cache-control": "no-store"})

    @router.get("/meet/{number}/events")
    async def events(number: str, visit: LookingIn) -> Response:
        return await live.events(lambda: _look(visit, number))

    @router.post("/meet/{number}/end")
    async def end(number: str, visit: Inside) -> Response:
        await visit.form()
        thing = visit.shelf.take(number, CodeOnScreen)
        await visit.run(visit.wallet.meetings.end(thing.shown), WhenLocked.MEET_AGAIN, WhenLocked.MEET_AGAIN)
        return redirect("/")


def _add_request(router: Router) -> None:
    @router.get("/meet/{number}/camera")
    async def camera(number: str, visit: Inside) -> Response:
        thing = visit.shelf.look(number, object)
        if not isinstance(thing, CodeOnScreen):
            return redirect(meeting_page(number))
        return visit.page("meet_camera.html", number=number)

    @router.post("/meet/{number}/message")
    async def message(number: str, visit: Inside) -> Response:
        text = (await visit.form(MAX_POSTED)).get("message")
        if text is None:
            raise Malformed("message", "is missing")
        read = decode_base64url(text, "message")
        await _open(visit, number, read, Way.CODES)
        return redirect(meeting_page(number))


def _add_answer(router: Router) -> None:
    @router.get("/meet/{number}/codes")
    async def codes(number: str, visit: LookingIn) -> Response:
        thing = visit.shelf.look(number, object)
        if not isinstance(thing, AnswerShown | NotAnswered):
            raise Gone("this was answered already, or never was here")
        message = thing.answer.message if isinstance(thing, AnswerShown) else thing.found.message
        return json_answer(await visit.run(slow(lambda: moving_codes(message))))

    @router.post("/meet/{number}/answered")
    async def answered(number: str, visit: Inside) -> Response:
        arrived = read_answer(await visit.form())
        with visit.shelf.answering(number, AnswerShown, meeting_page(number)) as shown:
            settling = visit.wallet.meetings.settle(shown.seen, shown.answer, arrived=arrived)
            await visit.run(settling, WhenLocked.SHARED, WhenLocked.SHARED)
            visit.shelf.replace(number, _answered(shown.seen, shown.documents, arrived=arrived))
        return redirect(meeting_page(number))


async def _look(visit: Visit, number: str) -> str:
    """Look whether somebody asks; how the code on the screen stands comes back."""
    if not visit.room.door.has_open(visit.opened):
        raise Closed("the wallet was closed")
    thing = visit.shelf.look(number, object)
    if not isinstance(thing, CodeOnScreen):
        return _ASKED
    try:
        message = await visit.run(visit.wallet.meetings.look(thing.shown))
    except MeetingOver:
        return _OVER
    except Unreachable:
        message, away = None, True
    else:
        away = False
    try:
        if message is not None:
            await _open(visit, number, message, Way.RELAY)
            return _ASKED
        # While nobody else took it meanwhile
        if visit.shelf.look(number, CodeOnScreen) is thing and away is not thing.away:
            visit.shelf.replace(number, replace(thing, away=away))
    except Gone:
        return _ASKED
    return _AWAY if away else _WAITING


async def _open(visit: Visit, number: str, message: bytes, way: Way) -> None:
    """Open a meeting with the message that came first; one that comes later finds no code any more (T179)."""
    with visit.shelf.answering(number, CodeOnScreen, meeting_page(number)) as thing:
        opening = visit.wallet.meetings.open(thing.shown, message, way)
        found = await visit.run(opening, WhenLocked.MEET_AGAIN, WhenLocked.MEET_AGAIN)
        visit.shelf.replace(
            number,
            RequestWaiting(found.seen, same_device=False, language=visit.wallet.context.language, met=found.met)
            if isinstance(found, AskedInPerson)
            else NotAnswered(found),
        )


def _code_page(visit: Visit, number: str, thing: CodeOnScreen) -> Response:
    over = not visit.wallet.meetings.is_good(thing.shown)
    state = _OVER if over else _AWAY if thing.away else _WAITING
    return visit.page("meet.html", number=number, state=state, by_relay=thing.shown.relay is not None)


def _not_answered_page(visit: Visit, number: str, thing: NotAnswered) -> Response:
    error = thing.found.error
    return visit.page(
        "meet_failed.html",
        number=number,
        sent=thing.found.sent,
        weak=isinstance(error, NotHaip),
        unknown=isinstance(error.__cause__ or error, NotTrusted),
        detail=error.description,
    )


def _answer_page(visit: Visit, number: str, thing: AnswerShown) -> Response:
    return visit.page("meet_answer.html", number=number, shared=bool(thing.documents), by_relay=thing.by_relay)


def _after(met: Met, seen: RequestSeen, answer: Answer, documents: tuple[ChoiceShown, ...]) -> Answered | AnswerShown:
    if answer.sent:
        return _answered(seen, documents, arrived=True)
    return AnswerShown(seen, answer, documents, by_relay=met.relay is not None)


def _answered(seen: RequestSeen, documents: tuple[ChoiceShown, ...], *, arrived: bool) -> Answered:
    return Answered(seen.consent.asker, documents, arrived, None, same_device=False)
