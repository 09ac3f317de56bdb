"""The counter: choose a question, show the code, follow what happens, see what was found, forget it. No decisions here."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from fastapi import Request, Response

from protocol.errors import ProtocolError
from protocol.fields import Fields
from runtime.asgi import ErrorPage, read_form
from runtime.driver import Driver
from runtime.languages import language_of
from runtime.live import LiveStreams
from runtime.pages import Pages, qr_svg
from runtime.routes import Router
from verifier.represented import IN_OWN_NAME, DoneForYou
from verifier.service import Verifier
from verifier.service.requests import RequestOrder
from verifier.service.results import Result
from verifier.use_case import distinct
from verifier.web.acting_view import acting_shown, done_shown
from verifier.web.form_view import wording_in
from verifier.web.told import receipt_text
from verifier.web.values import shared_documents

_OPEN = frozenset(
    ("requested", "unattended", "opened", "received", "answered")
)  # one waits for a wallet, or for its user
_CHANGING = _OPEN | {"accepted", "refused"}  # … or until it is forgotten


def people_pages(verifier: Verifier, driver: Driver, pages: Pages) -> Router:
    """Every page of a verifier."""
    path = urlsplit(verifier.context.identifier).path
    router = Router(include_in_schema=False)
    live = LiveStreams()

    @router.get(f"{path}/")
    async def start(request: Request) -> Response:
        browser = pages.browser(request) or pages.new_browser()
        language = language_of(request)
        context = verifier.context
        own = {*context.services, IN_OWN_NAME}
        cases = [case for id_, case in context.use_cases.items() if id_ not in own]
        page = pages.page(
            request,
            "start.html",
            partner=partner_name(verifier, request),
            questions=[
                (
                    case.id,
                    case.title_in(language),
                    case.purpose_in(language),
                    verifier.meetings.can_ask(case.query),
                    verifier.meetings.can_ask_for_another(case),
                )
                for case in cases
            ],
            services=[
                (
                    f"{path}/services/{service.id}",
                    wording_in(service.announced.name, language),
                    wording_in(service.announced.summary, language),
                )
                for service in context.services.values()
            ],
            action=f"{path}/ask",
            in_person=f"{path}/in-person",
            own_name=f"{path}/cockpit" if IN_OWN_NAME in context.use_cases else "",
            form_token=pages.form_token(browser),
        )
        return pages.remember(page, browser)

    @router.post(f"{path}/ask")
    async def ask(request: Request) -> Response:
        try:
            form = await read_form(request)
            browser = pages.check_form(request, form)
            use_case = Fields(dict(form), "form").text("use_case")
            order = RequestOrder(use_case, None, owner="", same_device="same_device" in form, browser=browser)
            made = await driver.run(verifier.requests.make(order))
        except ProtocolError as error:
            return refusal_page(request, pages, verifier, error)
        return redirect(_address(verifier, made.id))

    @router.get(f"{path}/r/{{request_id}}")
    async def result(request_id: str, request: Request) -> Response:
        browser = pages.browser(request)
        try:
            found = await driver.run(verifier.answers.result_for_browser(request_id, browser))
            in_own_name = found.use_case == IN_OWN_NAME and found.disclosed is not None
            done = await driver.run(verifier.represented.done_for(found.disclosed or {})) if in_own_name else None
        except ProtocolError as error:
            return refusal_page(request, pages, verifier, error)
        page = _result_page(request, pages, verifier, found, pages.form_token(browser), done=done)
        return pages.remember(page, browser)

    @router.get(f"{path}/r/{{request_id}}/events")
    async def events(request_id: str, request: Request) -> Response:
        browser = pages.browser(request)

        async def look() -> str:
            return _state(await driver.run(verifier.answers.state_for_browser(request_id, browser)))

        return await live.events(look)

    @router.post(f"{path}/r/{{request_id}}/forget")
    async def forget(request_id: str, request: Request) -> Response:
        try:
            browser = pages.check_form(request, await read_form(request))
            await driver.run(verifier.requests.forget_in_browser(request_id, browser))
        except ProtocolError as error:
            return refusal_page(request, pages, verifier, error)
        return redirect(_address(verifier, request_id))

    @router.get(f"{path}/result")
    async def collect(request: Request) -> Response:
        try:
            code = request.query_params.get("response_code", "")
            request_id = await driver.run(verifier.answers.collect(code, pages.browser(request)))
        except ProtocolError as error:
            return refusal_page(request, pages, verifier, error)
        if not request_id:
            return pages.page(request, "done.html", partner=partner_name(verifier, request))
        return redirect(_address(verifier, request_id))

    @router.get(f"{path}/requests/{{reference}}/qr.svg")
    async def request_qr(reference: str) -> Response:
        link = await driver.run(verifier.requests.link_of_reference(reference))
        return Response(qr_svg(link), media_type="image/svg+xml", headers={"cache-control": "no-store"})

    return router


def error_page(verifier: Verifier, pages: Pages) -> ErrorPage:
    """What people read when something went wrong where no page of ours says it better."""
    home = f"{urlsplit(verifier.context.identifier).path}/"

    def show(request: Request, status: int, code: str) -> Response:
        return pages.trouble(request, status=status, code=code, owner=partner_name(verifier, request), home=home)

    return show


def _result_page(
    request: Request,
    pages: Pages,
    verifier: Verifier,
    found: Result,
    form_token: str,
    *,
    done: tuple[DoneForYou, ...] | None,
) -> Response:
    path = urlsplit(verifier.context.identifier).path
    language = language_of(request)
    use_case = verifier.context.use_cases.get(found.use_case)
    asked = use_case.asks_in(language) if use_case else ()
    address = _address(verifier, found.id)
    lines = found.verdict.lines if found.verdict else ()
    return pages.page(
        request,
        "waiting.html" if found.state in _OPEN else "verdict.html",
        partner=partner_name(verifier, request),
        title=use_case.title_in(language) if use_case else "",
        purpose=use_case.purpose_in(language) if use_case else "",
        asked=distinct(asked),
        found=found,
        live=f"{address}/events" if found.state in _CHANGING else "",
        live_state=_state(found),
        qr=urlsplit(found.qr_svg).path,
        page_request=f"{address}/page-request",
        page_answer=f"{address}/page-answer",
        acting=acting_shown(found.acting, language),
        done=None if done is None else done_shown(done, language),
        receipt=receipt_text(found.receipt, language),
        shared=shared_documents(asked, found.disclosed or {}, found.binary, language),
        # What went wrong is read first
        lines=sorted(lines, key=lambda line: line.passed is not False),
        not_reached=any(line.passed is None for line in lines),
        ask=f"{path}/ask",
        forget=f"{address}/forget",
        form_token=form_token,
        home=f"{path}/",
    )


def _state(found: Result) -> str:
    """What makes a page another one: where the request stands, and which code is shown."""
    return f"{found.state}-{found.renewals}"


def refusal_page(request: Request, pages: Pages, verifier: Verifier, error: ProtocolError) -> Response:
    """A page that says that this did not work, and what to do."""
    home = f"{urlsplit(verifier.context.identifier).path}/"
    partner = partner_name(verifier, request)
    away = error.status >= 500
    return pages.page(request, "refused.html", status=error.status, partner=partner, away=away, home=home)


def _address(verifier: Verifier, request_id: str) -> str:
    """The page of a request."""
    return f"{urlsplit(verifier.context.identifier).path}/r/{quote(request_id, safe='')}"


def redirect(address: str) -> Response:
    """Lead on to another of our pages after a form."""
    return Response(status_code=303, headers={"location": address})


def partner_name(verifier: Verifier, request: Request) -> str:
    """What the partner is called, in the reader's language."""
    names = dict(verifier.context.name)
    return names.get(language_of(request)) or next(iter(names.values()))
