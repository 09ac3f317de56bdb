"""Asking in person: our camera reads the code of somebody's wallet, and this page follows what becomes of it.

Where the wallet names no way for messages, or it leads nowhere, both sides show each other moving codes
(docs/decisions/0030), and nothing but the two screens is needed.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import NamedTuple
from urllib.parse import urlsplit

from fastapi import Request, Response

from protocol.encoding import decode_base64url
from protocol.errors import NotFound, ProtocolError
from protocol.exchange import Exchange
from protocol.fields import Fields
from protocol.mdoc.session import MAX_SESSION_MESSAGE
from runtime.asgi import json_answer, read_form
from runtime.conversation import slow
from runtime.driver import Driver
from runtime.languages import language_of
from runtime.live import LiveStreams
from runtime.moving_codes import moving_codes
from runtime.pages import Pages
from runtime.routes import Router
from verifier.service import Verifier
from verifier.service.requests import RequestOrder
from verifier.service.results import Result
from verifier.session import MeetingTerms
from verifier.use_case import AskedDocument, UseCase
from verifier.web.large import Outcome, large_verdict
from verifier.web.pages import partner_name, redirect, refusal_page

_OPEN = frozenset(("requested", "opened", "received", "unattended"))
MAX_FORM = 2 * MAX_SESSION_MESSAGE  # bytes: a message in base64url, and what stands around it


def in_person_pages(verifier: Verifier, driver: Driver, pages: Pages) -> Router:
    """Every page of asking in person."""
    path = urlsplit(verifier.context.identifier).path
    router = Router(include_in_schema=False)
    live = LiveStreams()

    @router.post(f"{path}/in-person")
    async def ask(request: Request) -> Response:
        try:
            form = await read_form(request)
            browser = pages.check_form(request, form)
            fields = Fields(dict(form), "form")
            before = fields.optional_text("before")
            if before:
                await driver.run(_forget(verifier, before, browser))
            made = await driver.run(verifier.requests.make(_order(fields, browser)))
        except ProtocolError as error:
            return refusal_page(request, pages, verifier, error)
        return redirect(f"{path}/in-person/{made.id}")

    @router.get(f"{path}/in-person/{{request_id}}")
    async def follow(request_id: str, request: Request) -> Response:
        return await _shown(request, request_id)

    @router.get(f"{path}/in-person/{{request_id}}/again")
    async def scan_again(request_id: str, request: Request) -> Response:
        return await _shown(request, request_id, again=True)

    @router.get(f"{path}/in-person/{{request_id}}/events")
    async def events(request_id: str, request: Request) -> Response:
        browser = pages.browser(request)

        async def look() -> str:
            return _state(*await driver.run(_look(verifier, request_id, browser, verifier.answers.state_for_browser)))

        return await live.events(look)

    @router.post(f"{path}/in-person/{{request_id}}/meet")
    async def meet(request_id: str, request: Request) -> Response:
        try:
            form = await read_form(request)
            browser = pages.check_form(request, form)
            code = Fields(dict(form), "form").text("link")
            await driver.run(verifier.meetings.begin(request_id, verifier.meetings.in_browser(browser), code))
        except ProtocolError as error:
            return await _not_met(request, request_id, error)
        return redirect(f"{path}/in-person/{request_id}")

    @router.get(f"{path}/in-person/{{request_id}}/codes")
    async def codes(request_id: str, request: Request) -> Response:
        message = await driver.run(
            verifier.meetings.message(request_id, verifier.meetings.in_browser(pages.browser(request)))
        )
        return json_answer(await driver.run(slow(lambda: moving_codes(message))))

    @router.post(f"{path}/in-person/{{request_id}}/answer")
    async def answer(request_id: str, request: Request) -> Response:
        try:
            form = await read_form(request, max_bytes=MAX_FORM)
            browser = pages.check_form(request, form)
            message = decode_base64url(Fields(dict(form), "form").text("message", max_length=MAX_FORM), "message")
            await driver.run(verifier.meetings.answer(request_id, verifier.meetings.in_browser(browser), message))
        except ProtocolError as error:
            return await _not_met(request, request_id, error)
        return redirect(f"{path}/in-person/{request_id}")

    async def _shown(request: Request, request_id: str, *, again: bool = False) -> Response:
        browser = pages.browser(request)
        try:
            stands = await driver.run(_stands(verifier, request_id, browser))
        except ProtocolError as error:
            return refusal_page(request, pages, verifier, error)
        seen = stands._replace(met=None) if again else stands
        return pages.remember(_page(request, pages, verifier, seen), browser)

    async def _not_met(request: Request, request_id: str, error: ProtocolError) -> Response:
        """What was read belongs to nothing here; the question stays open where it was."""
        browser = pages.browser(request)
        try:
            stands = await driver.run(_stands(verifier, request_id, browser))
        except ProtocolError:
            return refusal_page(request, pages, verifier, error)
        return _page(request, pages, verifier, stands, wrong=True)

    return router


class _Stands(NamedTuple):
    """How a request stands."""

    found: Result
    met: MeetingTerms | None  # with which wallet
    asked: frozenset[str]  # ids of what is asked; empty: no answer is awaited any more


def _order(form: Fields, browser: str) -> RequestOrder:
    """What a button of ours asks: a use case, of somebody for themselves, or of somebody who acts for another."""
    another = form.optional_text("for_another")
    use_case = another or form.text("use_case")
    return RequestOrder(use_case, None, owner="", browser=browser, in_person=True, for_another=another is not None)


def _stands(verifier: Verifier, request_id: str, browser: str) -> Exchange[_Stands]:
    """All that a page shows of a request."""
    found, met = yield from _look(verifier, request_id, browser, verifier.answers.result_for_browser)
    return _Stands(found, met, (yield from verifier.meetings.asked(request_id)))


def _look(
    verifier: Verifier, request_id: str, browser: str, read: Callable[[str, str], Exchange[Result]]
) -> Exchange[tuple[Result, MeetingTerms | None]]:
    """How it stands, after a look whether the answer has come; `read` it with its values, or without."""
    asker = verifier.meetings.in_browser(browser)
    yield from verifier.meetings.look(request_id, asker)
    found = yield from read(request_id, browser)
    return found, (yield from verifier.meetings.met(request_id, asker))


def _forget(verifier: Verifier, request_id: str, browser: str) -> Exchange[None]:
    """The next person finds nothing of the one before, whose data may be gone already."""
    with suppress(NotFound):
        yield from verifier.requests.forget_in_browser(request_id, browser)


def _state(found: Result, met: MeetingTerms | None) -> str:
    """What makes a page another one."""
    return f"{found.state}-{'relayed' if met is not None and met.relayed else ''}"


def _asked_in_person(use_case: UseCase, ids: frozenset[str], language: str) -> tuple[AskedDocument, ...]:
    """What is asked of who stands there: all of it is needed, and nothing besides."""
    return tuple(
        replace(document, needed=True, instead_of=frozenset())
        for document in use_case.asks_in(language)
        if document.id in ids
    )


def _page(request: Request, pages: Pages, verifier: Verifier, stands: _Stands, *, wrong: bool = False) -> Response:
    """Camera, waiting, or the large verdict, by how far it is."""
    found, met, ids = stands
    path = urlsplit(verifier.context.identifier).path
    language = language_of(request)
    use_case = verifier.context.use_cases.get(found.use_case)
    # Once it is answered, what came has the names of whatever could have been asked
    asked = _asked_in_person(use_case, ids or frozenset(found.disclosed or ()), language) if use_case else ()
    title = use_case.title_in(language) if use_case else ""
    here = f"{path}/in-person/{found.id}"
    open_ = found.state in _OPEN
    shown = None
    if found.state in ("accepted", "refused", "declined"):
        kept = found.keep_until if use_case is not None and use_case.keep else 0
        outcome = Outcome(
            found.id,
            title,
            found.answered_at,
            found.verdict,
            found.disclosed,
            binary=found.binary,
            kept_until=kept,
            acting=found.acting,
            terms=use_case.acting if use_case is not None else None,
            receipt=found.receipt,
        )
        shown = large_verdict(outcome, asked, language)
    template = (
        "in_person_over.html" if not open_ else "in_person_waiting.html" if met is not None else "in_person_scan.html"
    )
    return pages.page(
        request,
        template,
        partner=partner_name(verifier, request),
        title=title,
        purpose=use_case.purpose_in(language) if use_case else "",
        asked=asked,
        for_another=bool(use_case and use_case.acting and not ids.isdisjoint(use_case.acting.rule.proof)),
        either=bool(use_case and verifier.meetings.can_ask_for_another(use_case)),
        found=found,
        live_state=_state(found, met),
        relayed=met is not None and met.relayed,
        shown=shown,
        wrong=wrong,
        live=f"{here}/events" if open_ else "",
        ask=f"{path}/in-person",
        meet=f"{here}/meet",
        codes=f"{here}/codes",
        answer=f"{here}/answer",
        scan_again=f"{here}/again",
        form_token=pages.form_token(pages.browser(request)),
        home=f"{path}/",
    )
