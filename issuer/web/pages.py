"""The login at the authorization endpoint, and the page that shows an offer: no decisions, only reading and writing."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, Request, Response

from issuer.service import Issuer
from issuer.session.login import UsedLetterCode, WrongLetterCode
from protocol.errors import ProtocolError, Unavailable
from protocol.fields import Fields
from runtime.asgi import RETRY_AFTER, read_form
from runtime.driver import Driver
from runtime.languages import language_of
from runtime.pages import Pages, qr_svg

_WAITING = frozenset(("offered", "opened", "redeemed", "issued"))


@dataclass(frozen=True, slots=True)
class LoginProblem:
    """What was wrong with the code that was typed; nothing, at first."""

    tries_left: int = 0  # 0: it was not wrong
    used: bool = False


def people_pages(issuer: Issuer, driver: Driver, pages: Pages) -> APIRouter:
    """Every page of an issuer."""
    path = urlsplit(issuer.context.identifier).path
    router = APIRouter(include_in_schema=False)
    _add_login(router, issuer, driver, pages, path)
    _add_offer(router, issuer, driver, pages, path)

    @router.get(f"{path}/")
    async def start(request: Request) -> Response:
        names = [_title(issuer, request, name) for name in issuer.context.types]
        return pages.page(request, "start.html", agency=_agency(issuer, request), credentials=names)

    return router


def _add_login(router: APIRouter, issuer: Issuer, driver: Driver, pages: Pages, path: str) -> None:
    action = f"{path}/authorize"

    async def show(request: Request, client_id: str, request_uri: str, browser: str, problem: LoginProblem) -> Response:
        login = await driver.run(issuer.authorization.visit(client_id, request_uri, browser))
        page = pages.page(
            request,
            "login.html",
            status=400 if problem.used or problem.tries_left else 200,
            agency=_agency(issuer, request),
            credentials=[_title(issuer, request, name) for name in login.configuration_ids],
            action=action,
            client_id=client_id,
            request_uri=request_uri,
            form_token=pages.form_token(browser),
            problem=problem,
        )
        return pages.lead_to(pages.remember(page, browser), login.redirect_uri)

    @router.get(action)
    async def login_page(request: Request) -> Response:
        try:
            query = Fields(dict(request.query_params), "authorization_request")
            browser = pages.browser(request) or pages.new_browser()
            client_id, request_uri = query.text("client_id"), query.text("request_uri")
            if issuer.context.automatic_login:
                await driver.run(issuer.authorization.visit(client_id, request_uri, browser))
                return _redirect(await driver.run(issuer.authorization.let_in(request_uri, browser)))
            return await show(request, client_id, request_uri, browser, LoginProblem())
        except ProtocolError as error:
            return _refusal(request, pages, issuer, error)

    @router.post(action)
    async def log_in(request: Request) -> Response:
        try:
            form = await read_form(request)
            browser = pages.check_form(request, form)
            fields = Fields(dict(form), "login")
            client_id, request_uri = fields.text("client_id"), fields.text("request_uri")
            if form.get("cancel"):
                return _redirect(await driver.run(issuer.authorization.cancel(request_uri, browser)))
            try:
                code = form.get("letter_code", "")
                return _redirect(await driver.run(issuer.authorization.log_in(request_uri, browser, code)))
            except UsedLetterCode:
                return await show(request, client_id, request_uri, browser, LoginProblem(used=True))
            except WrongLetterCode as error:
                # Without a try left the request is over, and that is what the visit says
                return await show(request, client_id, request_uri, browser, LoginProblem(tries_left=error.tries_left))
        except ProtocolError as error:
            return _refusal(request, pages, issuer, error)


def _add_offer(router: APIRouter, issuer: Issuer, driver: Driver, pages: Pages, path: str) -> None:
    @router.get(f"{path}/offers/{{reference}}/page")
    async def offer_page(reference: str, request: Request) -> Response:
        try:
            state = await driver.run(issuer.offers.state_of_reference(reference))
            link = await driver.run(issuer.offers.link(reference)) if state == "offered" else ""
        except ProtocolError as error:
            return _refusal(request, pages, issuer, error)
        return pages.page(
            request,
            "offer.html",
            agency=_agency(issuer, request),
            state=state,
            link=link,
            qr=f"{path}/offers/{quote(reference, safe='')}/qr.svg",
            waiting=state in _WAITING,
        )

    @router.get(f"{path}/offers/{{reference}}/qr.svg")
    async def offer_qr(reference: str) -> Response:
        link = await driver.run(issuer.offers.link(reference))
        return Response(qr_svg(link), media_type="image/svg+xml", headers={"cache-control": "no-store"})


def _refusal(request: Request, pages: Pages, issuer: Issuer, error: ProtocolError) -> Response:
    """What went wrong, on our own page: never a redirect to an address that nobody checked (T097)."""
    busy = isinstance(error, Unavailable)
    page = pages.page(request, "refused.html", status=error.status, agency=_agency(issuer, request), busy=busy)
    if busy:
        page.headers["retry-after"] = RETRY_AFTER
    return page


def _redirect(address: str) -> Response:
    return Response(status_code=303, headers={"location": address, "cache-control": "no-store"})


def _agency(issuer: Issuer, request: Request) -> str:
    language = language_of(request)
    names = dict(issuer.context.name)
    return names.get(language) or next(iter(names.values()))


def _title(issuer: Issuer, request: Request, configuration_id: str) -> str:
    language = language_of(request)
    return issuer.context.types[configuration_id].name(language)
