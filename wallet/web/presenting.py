"""From a question to an answer: who asks for what, what they would see, share or not, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, Response

from wallet.policy.choosing import ChoiceMissing, NothingChosen, chosen_documents, read_choice, ways_of
from wallet.policy.showing import plain
from wallet.web.receiving import read_answer
from wallet.web.room import Inside, Visit, redirect
from wallet.web.shelf import AtWork, Gone
from wallet.web.things import Answered, RequestWaiting

_EMPTY: Mapping[str, str] = {}


def presenting_pages() -> APIRouter:
    """Every page of presenting."""
    router = APIRouter()

    @router.get("/present/{number}")
    async def stand(number: str, visit: Inside) -> Response:
        thing = visit.shelf.look(number, object)
        match thing:
            case AtWork():
                return visit.page("at_work.html")
            case RequestWaiting() if thing.language != visit.wallet.context.language:
                return await _say_again(visit, number)
            case RequestWaiting():
                return _consent_page(visit, number, thing)
            case Answered():
                return redirect(f"{_page_of(number)}/done")
            case _:
                raise Gone("this was answered already, or never was here")

    @router.post("/present/{number}")
    async def answer(number: str, visit: Inside) -> Response:
        form = await visit.form()
        waiting = visit.shelf.look(number, RequestWaiting)
        if not read_answer(form):
            with visit.shelf.answering(number, RequestWaiting, _page_of(number)):
                redirect_uri = await visit.run(visit.wallet.presenting.decline(waiting.seen))
                visit.shelf.replace(number, _answered(waiting, {}, redirect_uri, arrived=True))
            return redirect(f"{_page_of(number)}/done")
        try:
            choice = read_choice(waiting.seen.consent, form)
            waiting.seen.match.choose(choice)
        except ChoiceMissing as error:
            return _consent_page(
                visit, number, waiting, form, "none" if isinstance(error, NothingChosen) else "missing"
            )
        with visit.shelf.answering(number, RequestWaiting, _page_of(number)):
            shared = await visit.run(visit.wallet.presenting.share(waiting.seen, choice))
            visit.shelf.replace(number, _answered(waiting, choice, shared.redirect_uri, arrived=shared.arrived))
        return redirect(f"{_page_of(number)}/done")

    @router.get("/present/{number}/done")
    async def done(number: str, visit: Inside) -> Response:
        answered = visit.shelf.look(number, Answered)
        host = plain(urlsplit(answered.redirect_uri or "").netloc)
        return visit.page("present_done.html", answered=answered, host=host)

    return router


async def _say_again(visit: Visit, number: str) -> Response:
    """The same question in the language that is read now. It gets a new number, so that no older page can answer it."""
    with visit.shelf.answering(number, RequestWaiting, _page_of(number)) as waiting:
        seen = await visit.run(visit.wallet.presenting.look_again(waiting.seen))
        again = RequestWaiting(seen, waiting.same_device, visit.wallet.context.language)
        return redirect(_page_of(visit.shelf.put(again)))


def _page_of(number: str) -> str:
    return f"/present/{quote(number, safe='')}"


def _consent_page(
    visit: Visit, number: str, waiting: RequestWaiting, form: Mapping[str, str] = _EMPTY, problem: str = ""
) -> Response:
    consent = waiting.seen.consent
    return visit.page(
        "present.html", status=400 if problem else 200, number=number, consent=consent, ways=ways_of(consent),
        form=form, problem=problem,
    )  # fmt: skip


def _answered(
    waiting: RequestWaiting, choice: Mapping[str, tuple[str, ...]], redirect_uri: str | None, *, arrived: bool
) -> Answered:
    consent = waiting.seen.consent
    documents = chosen_documents(consent, choice)
    return Answered(consent.asker, documents, arrived, redirect_uri, waiting.same_device)
