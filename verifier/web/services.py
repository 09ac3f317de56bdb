"""Pages of once-only services: begin, show, fill in, review, send. No decisions here."""

from __future__ import annotations

from typing import TypeVar
from urllib.parse import quote, urlsplit

from fastapi import Request, Response

from protocol.errors import InvalidRequest, NotFound, ProtocolError
from protocol.exchange import Exchange
from runtime.asgi import read_form
from runtime.driver import Driver
from runtime.languages import language_of
from runtime.live import LiveStreams
from runtime.pages import Pages, SessionCookie, redirect
from runtime.routes import Router
from verifier.once_only.case import DRAFT_SECONDS
from verifier.once_only.description import ServiceDescription
from verifier.once_only.filling import Filled, asked, complete
from verifier.service import Verifier
from verifier.service.forms import OpenForm
from verifier.use_case import distinct
from verifier.web.acting_view import acting_shown
from verifier.web.form_view import asked_fields, attested_groups, read_lines_of, wording_in
from verifier.web.pages import refusal_page

T = TypeVar("T")

MAX_FORM = 256 * 1024  # bytes
_HAND, _HERE = "hand", "here"
_OPEN = frozenset(("requested", "unattended", "opened", "received", "answered"))


class ServicePages:
    """What all pages of services share."""

    def __init__(self, verifier: Verifier, driver: Driver, pages: Pages) -> None:
        self.verifier, self.driver, self.pages = verifier, driver, pages
        self.path = urlsplit(verifier.context.identifier).path
        # A wallet leads back here, so the browser has to bring it from elsewhere too
        self._cookies = {
            id_: pages.session_cookie(f"s_{id_}", DRAFT_SECONDS, from_elsewhere=True)
            for id_ in verifier.context.services
        }

    def home(self, service: str) -> str:
        """The path of a service's pages."""
        return f"{self.path}/services/{quote(service, safe='')}"

    def cookie(self, service: str) -> SessionCookie:
        """The cookie by which the form of a service is found.

        Raises:
            NotFound: no such service.
        """
        found = self._cookies.get(service)
        if found is None:
            raise NotFound("no such service")
        return found

    def secret(self, request: Request, service: str) -> str:
        """What this browser brings for a service; empty: nothing.

        Raises:
            NotFound: no such service.
        """
        return self.cookie(service).secret(request)

    def earlier(self, request: Request) -> dict[str, str]:
        """What this browser brings for all services."""
        found = {id_: cookie.secret(request) for id_, cookie in self._cookies.items()}
        return {id_: secret for id_, secret in found.items() if secret}

    def names(self, language: str) -> dict[str, str]:
        """Service → what it is called."""
        services = self.verifier.context.services.values()
        return {service.id: wording_in(service.announced.name, language) for service in services}

    async def form(self, request: Request, service: str) -> dict[str, str]:
        """What was posted from a page of this browser's form.

        Raises:
            ForeignForm: it comes from elsewhere (T233).
        """
        form = await read_form(request, max_bytes=MAX_FORM)
        self.pages.check_token(request, form, self.secret(request, service))
        form.pop("form_token")
        return form

    def page(
        self, request: Request, template: str, service: ServiceDescription, *, status: int = 200, **values: object
    ) -> Response:
        """A page of a service."""
        language = language_of(request)
        return self.pages.page(
            request,
            template,
            status=status,
            partner=service.announced.provider.name,
            service=service,
            title=wording_in(service.announced.name, language),
            summary=wording_in(service.announced.summary, language),
            home=self.home(service.id),
            in_language=lambda wording: wording_in(wording, language),
            form_token=self.pages.form_token(self.secret(request, service.id)),
            **values,
        )


def service_pages(verifier: Verifier, driver: Driver, pages: Pages) -> Router:
    """Every page of every service."""
    site = ServicePages(verifier, driver, pages)
    router = Router(include_in_schema=False)
    _add_beginning(router, site)
    _add_wallet(router, site)
    _add_form(router, site)
    return router


def _add_beginning(router: Router, site: ServicePages) -> None:
    verifier, driver, pages, forms = site.verifier, site.driver, site.pages, site.verifier.forms
    base = f"{site.path}/services/{{service}}"

    @router.get(base)
    async def start(service: str, request: Request) -> Response:
        try:
            described, secret = forms.service(service), site.secret(request, service)
            left = await _if_there(driver, forms.open(service, secret))
            sent = await _if_there(driver, forms.sent(service, secret))
        except ProtocolError as error:
            return refusal_page(request, pages, verifier, error)
        browser = pages.browser(request) or pages.new_browser()
        language, use_case, asks = language_of(request), described.use_case, described.announced.asks
        page = site.page(
            request,
            "service_start.html",
            described,
            begin_token=pages.form_token(browser),
            needs=distinct(use_case.asks_in(language)) if use_case else (),
            asks=[wording_in(field.title, language) for field in asks.fields] if asks else [],
            left=left.draft if left else None,
            sent=sent,
            sent_page=urlsplit(verifier.cases.own_page(sent.id)).path if sent else "",
        )
        return pages.remember(page, browser)

    @router.post(f"{base}/begin")
    async def begin(service: str, request: Request) -> Response:
        try:
            form = await read_form(request)
            pages.check_form(request, form)
            secret = await driver.run(forms.begin(service, site.earlier(request)))
            way = form.get("way", "")
            if way != _HAND:
                await driver.run(forms.ask(service, secret, same_device=way == _HERE))
        except ProtocolError as error:
            return refusal_page(request, pages, verifier, error)
        page = "form" if way == _HAND else "wallet"
        return site.cookie(service).give(redirect(f"{site.home(service)}/{page}"), secret)

    @router.post(f"{base}/drop")
    async def drop(service: str, request: Request) -> Response:
        try:
            await site.form(request, service)
            await driver.run(forms.drop(service, site.secret(request, service)))
        except ProtocolError as error:
            return refusal_page(request, pages, verifier, error)
        return site.cookie(service).take(redirect(site.home(service)))


def _add_wallet(router: Router, site: ServicePages) -> None:
    verifier, driver, pages, forms = site.verifier, site.driver, site.pages, site.verifier.forms
    base = f"{site.path}/services/{{service}}"
    live = LiveStreams()

    @router.get(f"{base}/wallet")
    async def wallet(service: str, request: Request) -> Response:
        try:
            secret = site.secret(request, service)
            found = await driver.run(forms.look(service, secret))
            form = await driver.run(forms.open(service, secret))
        except ProtocolError as error:
            return refusal_page(request, pages, verifier, error)
        if found is None or found.state == "accepted":
            return redirect(f"{site.home(service)}/form")
        language = language_of(request)
        use_case = form.service.use_case
        page = site.page(
            request,
            "service_wallet.html" if found.state in _OPEN else "service_no_answer.html",
            form.service,
            found=found,
            asked=distinct(use_case.asks_in(language)) if use_case else (),
            live=f"{site.home(service)}/wallet/events" if found.state in _OPEN else "",
            live_state=f"{found.state}-{found.renewals}",
            qr=urlsplit(found.qr_svg).path,
        )
        return site.cookie(service).give(page, secret)

    @router.get(f"{base}/wallet/events")
    async def events(service: str, request: Request) -> Response:
        secret = site.secret(request, service)

        async def look() -> str:
            found = await driver.run(forms.look(service, secret))
            return f"{found.state}-{found.renewals}" if found else "over"

        return await live.events(look)

    @router.post(f"{base}/wallet")
    async def ask(service: str, request: Request) -> Response:
        try:
            form = await site.form(request, service)
            here = form.get("way") == _HERE
            await driver.run(forms.ask(service, site.secret(request, service), same_device=here))
        except ProtocolError as error:
            return refusal_page(request, pages, verifier, error)
        return redirect(f"{site.home(service)}/wallet")

    @router.get(f"{base}/back")
    async def back(service: str, request: Request) -> Response:
        try:
            code = request.query_params.get("response_code", "")
            secret = await driver.run(forms.back(service, code, site.secret(request, service)))
        except ProtocolError as error:
            return refusal_page(request, pages, verifier, error)
        return site.cookie(service).give(redirect(f"{site.home(service)}/wallet"), secret)


def _add_form(router: Router, site: ServicePages) -> None:
    verifier, driver, pages, forms = site.verifier, site.driver, site.pages, site.verifier.forms
    base = f"{site.path}/services/{{service}}"

    @router.get(f"{base}/noted")
    async def noted(service: str, request: Request) -> Response:
        try:
            code = request.query_params.get("code", "")
            secret = await driver.run(verifier.notes.take_up(service, code, site.secret(request, service)))
        except ProtocolError as error:
            return refusal_page(request, pages, verifier, error)
        return site.cookie(service).give(redirect(f"{site.home(service)}/form"), secret)

    @router.get(f"{base}/form")
    async def show(service: str, request: Request) -> Response:
        try:
            secret = site.secret(request, service)
            form = await driver.run(forms.open(service, secret))
        except ProtocolError as error:
            return refusal_page(request, pages, verifier, error)
        return site.cookie(service).give(_form_page(request, site, form), secret)

    @router.post(f"{base}/form")
    async def save(service: str, request: Request) -> Response:
        try:
            typed = await site.form(request, service)
            later, version = typed.pop("later", ""), _version(typed)
            saved = await driver.run(forms.save(service, site.secret(request, service), version, typed))
        except ProtocolError as error:
            return refusal_page(request, pages, verifier, error)
        # What is wrong is not kept: nobody shall leave and think it was
        if later and not saved.filled.typed:
            return redirect(f"{site.home(service)}?left=yes")
        if saved.filled.problems:
            return _form_page(request, site, saved.form, saved.filled)
        return redirect(f"{site.home(service)}/review")

    @router.get(f"{base}/review")
    async def review(service: str, request: Request) -> Response:
        try:
            form = await driver.run(forms.open(service, site.secret(request, service)))
        except ProtocolError as error:
            return refusal_page(request, pages, verifier, error)
        if not complete(form.service, form.content):
            return redirect(f"{site.home(service)}/form")
        lines = read_lines_of(form, language_of(request))
        acting = acting_shown(form.content.acting, language_of(request))
        version = form.draft.version
        return site.page(request, "service_review.html", form.service, lines=lines, acting=acting, version=version)

    @router.post(f"{base}/send")
    async def send(service: str, request: Request) -> Response:
        try:
            typed = await site.form(request, service)
            case = await driver.run(forms.send(service, site.secret(request, service), _version(typed)))
        except ProtocolError as error:
            return refusal_page(request, pages, verifier, error)
        return redirect(urlsplit(verifier.cases.own_page(case)).path)


def _form_page(request: Request, site: ServicePages, form: OpenForm, filled: Filled | None = None) -> Response:
    language = language_of(request)
    return site.page(
        request,
        "service_form.html",
        form.service,
        status=400 if filled else 200,
        acting=acting_shown(form.content.acting, language),
        groups=attested_groups(form, language),
        fields=asked_fields(form, language, site.names(language), filled),
        version=form.draft.version,
        shown=form.draft.shown,
        still_asked=len(asked(form.service, form.content)),
    )


async def _if_there(driver: Driver, exchange: Exchange[T]) -> T | None:
    """What an exchange finds; None: nothing."""
    try:
        return await driver.run(exchange)
    except NotFound:
        return None


def _version(form: dict[str, str]) -> int:
    text = form.pop("version", "")
    if not text.isascii() or not text.isdecimal() or len(text) > 9:
        raise InvalidRequest("form: has no version")
    return int(text)
