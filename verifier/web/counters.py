"""A counter's pages for its clerk: the one that shows what was found, and letting a browser see it. No decisions here."""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import Request, Response

from protocol.errors import InvalidRequest, NotFound, ProtocolError
from protocol.fields import Fields
from runtime.asgi import read_form
from runtime.driver import Driver
from runtime.languages import language_of
from runtime.live import LiveStreams
from runtime.pages import Pages, SessionCookie, redirect
from runtime.routes import Router
from verifier.counter import CounterRecord
from verifier.service import Verifier
from verifier.service.boards import Board
from verifier.web.large import LargeVerdict, Outcome, large_verdict
from verifier.web.pages import partner_name, refusal_page

COOKIE_SECONDS = 30 * 86_400  # that a browser of a counter may rest


def counter_pages(verifier: Verifier, driver: Driver, pages: Pages) -> Router:
    """What the browsers of the counters see."""
    context, counters, boards = verifier.context, verifier.counters, verifier.boards
    path = urlsplit(context.identifier).path
    router = Router(include_in_schema=False)
    live = LiveStreams()

    def cookie(counter: str) -> SessionCookie:
        # One for each counter and pairing, so that nobody can have put it there before
        return pages.session_cookie(f"at_{counter[:16]}", COOKIE_SECONDS)

    def home(counter: str) -> str:
        return f"{path}/counters/{counter}"

    async def form_of(request: Request, counter: str) -> tuple[dict[str, str], str]:
        """A form of the counter's page, with the secret of its browser."""
        form, secret = await read_form(request), cookie(counter).secret(request)
        pages.check_token(request, form, secret)
        return form, secret

    @router.get(f"{path}/counters/{{counter}}")
    async def board(counter: str, request: Request) -> Response:
        secret = cookie(counter).secret(request)
        try:
            found, lists = await driver.run(boards.attend(counter, secret)), context.lists_age()
        except NotFound:
            return pages.page(request, "counter_closed.html", status=404, partner=partner_name(verifier, request))
        except ProtocolError as error:
            return refusal_page(request, pages, verifier, error)
        page = pages.page(
            request,
            "counter_board.html",
            partner=partner_name(verifier, request),
            counter=found.record,
            board=found,
            shown=_large(verifier, request, found) if found.shown else None,
            live=f"{home(counter)}/events",
            next=f"{home(counter)}/next",
            choose=f"{home(counter)}/choose",
            lists=lists,
            codes=_codes(verifier, request, found.record),
            form_token=pages.form_token(secret),
        )
        return cookie(counter).give(page, secret)

    @router.get(f"{path}/counters/{{counter}}/events")
    async def events(counter: str, request: Request) -> Response:
        secret = cookie(counter).secret(request)

        async def look() -> str:
            return (await driver.run(boards.board(counter, secret))).state

        return await live.events(look)

    @router.post(f"{path}/counters/{{counter}}/next")
    async def go_on(counter: str, request: Request) -> Response:
        try:
            form, secret = await form_of(request, counter)
            shown = Fields(dict(form), "form").text("request", max_length=100)
            await driver.run(boards.next(counter, secret, shown))
        except ProtocolError as error:
            return refusal_page(request, pages, verifier, error)
        return redirect(home(counter))

    @router.post(f"{path}/counters/{{counter}}/choose")
    async def choose(counter: str, request: Request) -> Response:
        try:
            form, secret = await form_of(request, counter)
            number = Fields(dict(form), "form").text("number", max_length=2)
            if not (number.isascii() and number.isdecimal()):
                raise InvalidRequest("number: must be one")
            await driver.run(boards.choose(counter, secret, int(number)))
        except ProtocolError as error:
            return refusal_page(request, pages, verifier, error)
        return redirect(home(counter))

    @router.get(f"{path}/counters/{{counter}}/pair")
    async def pairing(counter: str, request: Request) -> Response:
        browser = pages.browser(request) or pages.new_browser()
        return pages.remember(pair_page(counter, request, browser), browser)

    @router.post(f"{path}/counters/{{counter}}/pair")
    async def pair(counter: str, request: Request) -> Response:
        try:
            form = await read_form(request)
            browser = pages.check_form(request, form)
        except ProtocolError as error:
            return refusal_page(request, pages, verifier, error)
        try:
            code = Fields(dict(form), "form").text("code", max_length=100)
            secret = await driver.run(counters.pair(counter, code))
        except (NotFound, InvalidRequest):
            return pages.remember(pair_page(counter, request, browser, wrong=True), browser)
        except ProtocolError as error:
            return refusal_page(request, pages, verifier, error)
        return cookie(counter).give(redirect(home(counter)), secret)

    def pair_page(counter: str, request: Request, browser: str, *, wrong: bool = False) -> Response:
        return pages.page(
            request,
            "counter_pair.html",
            status=400 if wrong else 200,
            partner=partner_name(verifier, request),
            action=f"{home(counter)}/pair",
            wrong=wrong,
            form_token=pages.form_token(browser),
        )

    return router


def _large(verifier: Verifier, request: Request, board: Board) -> LargeVerdict:
    if board.shown is None:
        raise TypeError("nothing is shown")
    found, language = board.shown, language_of(request)
    use_case = verifier.context.use_cases.get(found.use_case)
    keeps = use_case is not None and use_case.keep > 0
    outcome = Outcome(
        key=found.request,
        title=use_case.title_in(language) if use_case else "",
        answered_at=found.answered_at,
        verdict=found.verdict,
        disclosed=board.disclosed,
        binary=board.binary,
        number=found.number,
        kept_until=found.until if keeps else 0,
        acting=board.acting,
        terms=use_case.acting if use_case is not None else None,
        receipt=found.receipt,
    )
    return large_verdict(outcome, use_case.asks_in(language) if use_case else (), language)


def _codes(verifier: Verifier, request: Request, record: CounterRecord) -> list[tuple[str, str]]:
    """The codes of a counter: what they ask, and where their page is."""
    path, language = urlsplit(verifier.context.identifier).path, language_of(request)
    cases = verifier.context.use_cases
    return [
        (cases[id_].title_in(language), f"{path}/counters/{record.id}/code/{id_}")
        for id_ in record.use_cases
        if id_ in cases
    ]
