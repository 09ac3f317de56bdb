"""From a question to an answer: who asks for what, what they would see, share or not, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import quote, urlsplit

from fastapi import Response

from protocol.exchange import Exchange
from runtime.routes import Router
from wallet.policy.choosing import Choice, ChoiceMissing, NothingChosen, chosen_documents, read_choice, ways_of
from wallet.policy.presenting import LogDamaged
from wallet.policy.services.noting import NotedChanged, NotedShown, ticked_answers
from wallet.policy.showing import plain
from wallet.service.meeting import AnswerTooLarge
from wallet.service.seen import RequestSeen
from wallet.web.activity import what_happened
from wallet.web.locked import WhenLocked
from wallet.web.meeting import decline_in_person, meeting_page, share_in_person
from wallet.web.receiving import read_answer
from wallet.web.room import Inside, Visit, redirect
from wallet.web.services.consent import about_service
from wallet.web.shelf import AtWork, Gone
from wallet.web.things import Answered, AnswerShown, RequestWaiting

_EMPTY: Mapping[str, str] = {}


def presenting_pages() -> Router:
    """Every page of presenting."""
    router = Router(include_in_schema=False)

    @router.get("/present/{number}")
    async def stand(number: str, visit: Inside) -> Response:
        thing = visit.shelf.look(number, object)
        match thing:
            case AtWork():
                return visit.page("at_work.html")
            case RequestWaiting() if _is_outdated(visit, thing):
                return await _say_again(visit, number)
            case RequestWaiting():
                return _consent_page(visit, number, thing)
            case Answered() | AnswerShown():
                return redirect(_page_after(number, thing))
            case _:
                raise Gone("this was answered already, or never was here")

    @router.post("/present/{number}")
    async def answer(number: str, visit: Inside) -> Response:
        form = await visit.form()
        waiting = visit.shelf.look(number, RequestWaiting)
        if not read_answer(form):
            with visit.shelf.answering(number, RequestWaiting, _page_of(number)):
                answered = await _decline(visit, waiting)
                visit.shelf.replace(number, answered)
            return redirect(_page_after(number, answered))
        try:
            choice = read_choice(waiting.seen.consent, form)
            waiting.seen.match.choose(choice)
            noted = ticked_answers(visit.wallet.services.noted(waiting.seen, waiting.begun), form)
        except NotedChanged:
            return _consent_page(visit, number, waiting, form, "noted")
        except ChoiceMissing as error:
            return _consent_page(
                visit, number, waiting, form, "none" if isinstance(error, NothingChosen) else "missing"
            )
        try:
            with visit.shelf.answering(number, RequestWaiting, _page_of(number)):
                answered = await _share(visit, waiting, choice, noted)
                visit.shelf.replace(number, answered)
        except LogDamaged:
            return await _say_again(visit, number)
        except AnswerTooLarge:
            return _consent_page(visit, number, waiting, form, "large")
        return redirect(_page_after(number, answered))

    @router.post("/present/{number}/ask-register")
    async def ask_register(number: str, visit: Inside) -> Response:
        await visit.form()
        with visit.shelf.answering(number, RequestWaiting, _page_of(number)) as waiting:
            return await _put_again(visit, waiting, visit.wallet.presenting.ask_register(waiting.seen))

    @router.post("/present/{number}/for")
    async def answer_for(number: str, visit: Inside) -> Response:
        whom = (await visit.form()).get("whom", "")
        waiting = visit.shelf.look(number, RequestWaiting)
        if not whom:
            return _consent_page(visit, number, waiting, problem="whom")
        with visit.shelf.answering(number, RequestWaiting, _page_of(number)) as waiting:
            return await _put_again(visit, waiting, visit.wallet.presenting.answer_for(waiting.seen, whom))

    @router.post("/present/{number}/new-list")
    async def new_list(number: str, visit: Inside) -> Response:
        await visit.form()
        visit.shelf.look(number, RequestWaiting)
        if what_happened(visit) is None:
            await visit.run(visit.wallet.keeping.clear_log())
        return redirect(_page_of(number))

    @router.get("/present/{number}/done")
    async def done(number: str, visit: Inside) -> Response:
        answered = visit.shelf.look(number, Answered)
        host = plain(urlsplit(answered.redirect_uri or "").netloc)
        documents = [document.speaking(visit.wallet.context.language) for document in answered.documents]
        return visit.page("present_done.html", answered=answered, documents=documents, host=host)

    return router


def _is_outdated(visit: Visit, waiting: RequestWaiting) -> bool:
    """Whether the question has to be put into words once more: in another language, or because there is a new list now."""
    if waiting.language != visit.wallet.context.language:
        return True
    return waiting.seen.consent.log_damaged is not (what_happened(visit) is None)


async def _say_again(visit: Visit, number: str) -> Response:
    """The same question in the language that is read now. It gets a new number, so that no older page can answer it."""
    with visit.shelf.answering(number, RequestWaiting, _page_of(number)) as waiting:
        return await _put_again(visit, waiting, visit.wallet.presenting.look_again(waiting.seen))


async def _put_again(visit: Visit, waiting: RequestWaiting, seeing: Exchange[RequestSeen]) -> Response:
    seen = await visit.run(seeing, WhenLocked.SCAN_AGAIN, WhenLocked.SCAN_AGAIN)
    again = replace(waiting, seen=seen, language=visit.wallet.context.language)
    return redirect(_page_of(visit.shelf.put(again)))


async def _share(
    visit: Visit, waiting: RequestWaiting, choice: Choice, noted: tuple[NotedShown, ...]
) -> Answered | AnswerShown:
    if waiting.met is not None:
        return await share_in_person(visit, waiting.met, waiting.seen, choice)
    sharing = visit.wallet.presenting.share(waiting.seen, choice, noted)
    shared = await visit.run(sharing, WhenLocked.SCAN_AGAIN, WhenLocked.SHARED)
    await visit.run(visit.wallet.services.answered(waiting.seen.digest, waiting.begun), WhenLocked.SHARED)
    answered = _answered(waiting, choice, shared.redirect_uri, arrived=shared.arrived)
    return replace(answered, noted=tuple([one.title for one in noted]))


async def _decline(visit: Visit, waiting: RequestWaiting) -> Answered | AnswerShown:
    if waiting.met is not None:
        return await decline_in_person(visit, waiting.met, waiting.seen)
    declining = visit.wallet.presenting.decline(waiting.seen)
    redirect_uri = await visit.run(declining, WhenLocked.SCAN_AGAIN, WhenLocked.SCAN_AGAIN)
    await visit.run(visit.wallet.services.errands.forget(waiting.seen.digest))
    return _answered(waiting, {}, redirect_uri, arrived=True)


def _page_after(number: str, answered: Answered | AnswerShown) -> str:
    return meeting_page(number) if isinstance(answered, AnswerShown) else f"{_page_of(number)}/done"


def _page_of(number: str) -> str:
    return f"/present/{quote(number, safe='')}"


def _consent_page(
    visit: Visit, number: str, waiting: RequestWaiting, form: Mapping[str, str] = _EMPTY, problem: str = ""
) -> Response:
    consent = waiting.seen.consent
    return visit.page(
        "present.html", status=400 if problem else 200, number=number, consent=consent, ways=ways_of(consent),
        form=form, problem=problem, **about_service(visit, waiting),
    )  # fmt: skip


def _answered(
    waiting: RequestWaiting, choice: Mapping[str, tuple[str, ...]], redirect_uri: str | None, *, arrived: bool
) -> Answered:
    consent = waiting.seen.consent
    documents = chosen_documents(consent, choice)
    journey = waiting.begun.journey if waiting.begun is not None else ""
    return Answered(consent.asker, documents, arrived, redirect_uri, waiting.same_device, journey, waiting.back)
