"""The counter in its smallest form: choose a question, show the code, see what was found. No decisions here."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from fastapi import APIRouter, Request, Response

from protocol.encoding import JsonValue
from protocol.errors import ProtocolError
from protocol.fields import Fields
from runtime.asgi import read_form
from runtime.driver import Driver
from runtime.languages import language_of
from runtime.pages import Pages, qr_svg
from verifier.service import Verifier
from verifier.service.answers import Result
from verifier.service.requests import RequestOrder

MAX_SHOWN = 200  # characters of one value
_WAITING = frozenset(("requested", "opened", "answered"))


def people_pages(verifier: Verifier, driver: Driver, pages: Pages) -> APIRouter:
    """Every page of a verifier."""
    path = urlsplit(verifier.context.identifier).path
    router = APIRouter(include_in_schema=False)

    @router.get(f"{path}/")
    async def start(request: Request) -> Response:
        browser = pages.browser(request) or pages.new_browser()
        language = language_of(request)
        page = pages.page(
            request,
            "start.html",
            partner=_partner(verifier, request),
            questions=[(case.id, case.title_in(language)) for case in verifier.context.use_cases.values()],
            action=f"{path}/ask",
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
            return _refusal(request, pages, verifier, error)
        return _redirect(f"{path}/r/{quote(made.id)}")

    @router.get(f"{path}/r/{{request_id}}")
    async def result(request_id: str, request: Request) -> Response:
        browser = pages.browser(request)
        try:
            found = await driver.run(verifier.answers.result_for_browser(request_id, browser))
        except ProtocolError as error:
            return _refusal(request, pages, verifier, error)
        return _result_page(request, pages, verifier, found, pages.form_token(browser))

    @router.get(f"{path}/result")
    async def collect(request: Request) -> Response:
        try:
            code = request.query_params.get("response_code", "")
            request_id = await driver.run(verifier.answers.collect(code, pages.browser(request)))
        except ProtocolError as error:
            return _refusal(request, pages, verifier, error)
        if not request_id:
            return pages.page(request, "done.html", partner=_partner(verifier, request))
        return _redirect(f"{path}/r/{quote(request_id)}")

    @router.get(f"{path}/requests/{{reference}}/qr.svg")
    async def request_qr(reference: str) -> Response:
        link = await driver.run(verifier.requests.link_of_reference(reference))
        return Response(qr_svg(link), media_type="image/svg+xml", headers={"cache-control": "no-store"})

    return router


def _result_page(request: Request, pages: Pages, verifier: Verifier, found: Result, form_token: str) -> Response:
    path = urlsplit(verifier.context.identifier).path
    language = language_of(request)
    use_case = verifier.context.use_cases.get(found.use_case)
    reference = verifier.context.reference(found.id)
    return pages.page(
        request,
        "request.html",
        partner=_partner(verifier, request),
        title=use_case.title_in(language) if use_case else "",
        purpose=use_case.purpose_in(language) if use_case else "",
        use_case=found.use_case,
        state=found.state,
        same_device=found.same_device,
        waiting=found.state in _WAITING,
        qr=f"{path}/requests/{quote(reference)}/qr.svg",
        link=found.link,
        action=f"{path}/ask",
        form_token=form_token,
        lines=found.verdict.lines if found.verdict else (),
        values=_values(found.disclosed or {}),
        home=f"{path}/",
    )


def _refusal(request: Request, pages: Pages, verifier: Verifier, error: ProtocolError) -> Response:
    home = f"{urlsplit(verifier.context.identifier).path}/"
    partner = _partner(verifier, request)
    away = error.status >= 500
    return pages.page(request, "refused.html", status=error.status, partner=partner, away=away, home=home)


def _redirect(address: str) -> Response:
    return Response(status_code=303, headers={"location": address})


def _partner(verifier: Verifier, request: Request) -> str:
    names = dict(verifier.context.name)
    return names.get(language_of(request)) or next(iter(names.values()))


def _values(claims: JsonValue) -> list[str]:
    """Every disclosed value as a line of text, in the order of the query."""
    if isinstance(claims, dict):
        return [line for value in claims.values() for line in _values(value)]
    if isinstance(claims, list):
        return [line for value in claims for line in _values(value)]
    if isinstance(claims, bool):
        return ["✓" if claims else "✗"]
    text = str(claims)
    return [text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"]
