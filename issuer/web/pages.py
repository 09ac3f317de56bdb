"""The login at the authorization endpoint, and the page that shows an offer: no decisions, only reading and writing."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from fastapi import Request, Response

from issuer.credential_types import families_of
from issuer.session.login import UsedLetterCode, WrongLetterCode
from issuer.web.cockpit_page import reached
from issuer.web.site import Site
from protocol.errors import ProtocolError
from protocol.fields import Fields
from runtime.asgi import read_form
from runtime.pages import qr_svg, redirect
from runtime.routes import Router

LOOKS_AGE = "public, max-age=300"
WAITING = frozenset(("offered", "opened", "redeemed", "issued"))  # states that go on by themselves


@dataclass(frozen=True, slots=True)
class LoginProblem:
    """What was wrong with the code that was typed; nothing, at first."""

    tries_left: int = 0  # 0: it was not wrong
    used: bool = False


def people_pages(site: Site) -> Router:
    """Every page of an issuer for people who want its documents."""
    router = Router(include_in_schema=False)
    _add_login(router, site)
    _add_offer(router, site)

    @router.get(f"{site.path}/")
    async def start(request: Request) -> Response:
        names = [site.title(request, forms[0].id) for forms in families_of(site.issuer.context.types).values()]
        cockpit = urlsplit(site.issuer.context.endpoints.cockpit).path if reached(site.issuer) else ""
        return site.page(request, "start.html", credentials=names, cockpit=cockpit)

    @router.get(f"{site.path}/looks.css")
    async def looks() -> Response:
        return Response(site.looks(), media_type="text/css", headers={"cache-control": LOOKS_AGE})

    return router


def _add_login(router: Router, site: Site) -> None:
    issuer, driver, pages = site.issuer, site.driver, site.pages
    action = f"{site.path}/authorize"

    async def show(request: Request, client_id: str, request_uri: str, browser: str, problem: LoginProblem) -> Response:
        login = await driver.run(issuer.authorization.visit(client_id, request_uri, browser))
        page = site.page(
            request,
            "login.html",
            status=400 if problem.used or problem.tries_left else 200,
            # Forms of one document have one name
            credentials=dict.fromkeys(site.title(request, name) for name in login.configuration_ids),
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
                return redirect(await driver.run(issuer.authorization.let_in(request_uri, browser)))
            return await show(request, client_id, request_uri, browser, LoginProblem())
        except ProtocolError as error:
            return site.refusal(request, "refused.html", error)

    @router.post(action)
    async def log_in(request: Request) -> Response:
        try:
            form = await read_form(request)
            browser = pages.check_form(request, form)
            fields = Fields(dict(form), "login")
            client_id, request_uri = fields.text("client_id"), fields.text("request_uri")
            if form.get("cancel"):
                return redirect(await driver.run(issuer.authorization.cancel(request_uri, browser)))
            try:
                code = form.get("letter_code", "")
                return redirect(await driver.run(issuer.authorization.log_in(request_uri, browser, code)))
            except UsedLetterCode:
                return await show(request, client_id, request_uri, browser, LoginProblem(used=True))
            except WrongLetterCode as error:
                # Without a try left the request is over, and that is what the visit says
                return await show(request, client_id, request_uri, browser, LoginProblem(tries_left=error.tries_left))
        except ProtocolError as error:
            return site.refusal(request, "refused.html", error)


def _add_offer(router: Router, site: Site) -> None:
    offers, driver = site.issuer.offers, site.driver

    @router.get(f"{site.path}/offers/{{reference}}/page")
    async def offer_page(reference: str, request: Request) -> Response:
        try:
            state = await driver.run(offers.state_of_reference(reference))
            link = await driver.run(offers.link(reference)) if state == "offered" else ""
        except ProtocolError as error:
            return site.refusal(request, "refused.html", error)
        here = f"{site.path}/offers/{quote(reference, safe='')}"
        return site.page(
            request,
            "offer.html",
            state=state,
            link=link,
            wallet_link=_in_browser(site, link) if link else "",
            qr=f"{here}/qr.svg",
            offer=here,
            events=f"{here}/events",
            waiting=state in WAITING,
        )

    @router.get(f"{site.path}/offers/{{reference}}/qr.svg")
    async def offer_qr(reference: str) -> Response:
        link = await driver.run(offers.link(reference))
        return Response(qr_svg(link), media_type="image/svg+xml", headers={"cache-control": "no-store"})

    @router.get(f"{site.path}/offers/{{reference}}/events")
    async def offer_events(reference: str) -> Response:
        async def look() -> str:
            return await driver.run(offers.state_of_reference(reference))

        return await site.streams.events(look)


def _in_browser(site: Site, link: str) -> str:
    """The same offer for a wallet that runs in the browser; empty: we know of none."""
    return f"{site.wallet_url}/credential-offer?{link.partition('?')[2]}" if site.wallet_url else ""
