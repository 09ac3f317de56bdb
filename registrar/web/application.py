"""An application of one's own: how it stands, its key, changes, and the certificates of whoever is registered."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from fastapi import Request, Response

from capabilities.registration.party import MAX_FILE, Party
from capabilities.status_publisher.records import EntryState
from protocol.csr import MAX_REQUEST
from protocol.errors import Conflict, InvalidRequest, Malformed, NotFound, ProtocolError, Unauthorized
from registrar.records import CertificateKind, GivenCertificate
from registrar.service.parties import standing_of
from registrar.session import APPLICANT, Applied, Refused, Registered, Removed, Stage, party_of
from registrar.web.applying import FormPage, file_text, problem_of, read_party, show_form
from registrar.web.form import RegistrationForm, form_of
from registrar.web.site import Site
from runtime.asgi import read_form
from runtime.languages import language_of
from runtime.pages import redirect
from runtime.routes import Router
from runtime.toml import write_toml
from runtime.uploads import read_upload

TOML = "application/toml"


@dataclass(frozen=True, slots=True)
class Applicant:
    """A request of somebody whose browser holds the key of an application."""

    request: Request
    key: str = field(repr=False)
    stage: Stage


Handler = Callable[[Applicant], Awaitable[Response]]


class ApplicantPages:
    """The routes of applicants; whoever has no key is asked for it."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.home = f"{site.path}/application"
        self.router = Router(include_in_schema=False)

    def add(self, method: str, path: str) -> Callable[[Handler], Handler]:
        """A page behind the key."""

        def add(handler: Handler) -> Handler:
            async def answer(request: Request) -> Response:
                key = self.site.application.secret(request)
                try:
                    stage = await self.site.driver.run(self.site.registrar.parties.registered(key))
                except Unauthorized:
                    return self.ask_key(request)
                try:
                    return await handler(Applicant(request, key, stage))
                except ProtocolError as error:
                    return self.site.refusal(request, "refused.html", error, back=self.home)

            self.router.add_api_route(f"{self.home}{path}", answer, methods=[method])
            return handler

        return add

    def ask_key(self, request: Request, *, wrong: bool = False) -> Response:
        """The page that asks for the key."""
        pages = self.site.pages
        browser = pages.browser(request) or pages.new_browser()
        token = pages.form_token(browser)
        page = self.site.page(request, "enter.html", status=400 if wrong else 200, form_token=token, wrong=wrong)
        return pages.remember(page, browser)

    def token(self, applicant: Applicant) -> str:
        """What forms of this applicant carry."""
        return self.site.pages.form_token(applicant.key)

    async def form(self, applicant: Applicant) -> dict[str, str]:
        """A form of this applicant.

        Raises:
            ForeignForm: of somebody else.
        """
        form = await read_form(applicant.request)
        self.site.pages.check_token(applicant.request, form, applicant.key)
        return form


def application_pages(site: Site) -> Router:
    """Every page of an applicant."""
    pages = ApplicantPages(site)
    _add_door(pages)
    _add_standing(pages)
    _add_change(pages)
    _add_certificates(pages)
    return pages.router


def _add_door(pages: ApplicantPages) -> None:
    site, home = pages.site, pages.home

    @pages.router.post(home)
    async def enter(request: Request) -> Response:
        try:
            form = await read_form(request)
            site.pages.check_form(request, form)
            key = form.get("key", "").strip()
            await site.driver.run(site.registrar.parties.standing(key))
        except Unauthorized:
            return pages.ask_key(request, wrong=True)
        except ProtocolError as error:
            return site.refusal(request, "refused.html", error, back=home)
        return site.application.give(redirect(home), key)

    @pages.add("GET", "/key")
    async def fresh_key(applicant: Applicant) -> Response:
        if site.fresh_key.secret(applicant.request) != applicant.key:
            return redirect(home)
        return site.page(
            applicant.request,
            "key.html",
            key=applicant.key,
            identifier=applicant.stage.identifier,
            url=site.registrar.context.url,
            form_token=pages.token(applicant),
        )

    @pages.add("POST", "/key")
    async def kept(applicant: Applicant) -> Response:
        await pages.form(applicant)
        return site.fresh_key.take(redirect(home))

    @pages.add("POST", "/leave")
    async def leave(applicant: Applicant) -> Response:
        await pages.form(applicant)
        return site.fresh_key.take(site.application.take(redirect(home)))


def _add_standing(pages: ApplicantPages) -> None:
    site = pages.site
    registrar, driver = site.registrar, site.driver

    @pages.add("GET", "")
    async def standing(applicant: Applicant) -> Response:
        stage = applicant.stage
        given = await driver.run(registrar.parties.certificates_of(stage.identifier))
        now = registrar.context.now()
        return site.page(
            applicant.request,
            "application.html",
            standing=standing_of(stage),
            party=wanted_party(stage),
            state=_state(stage),
            given=[one for one in given if one.state is not EntryState.REVOKED and one.expires_at > now],
            form_token=pages.token(applicant),
            once=secrets.token_urlsafe(16),
        )

    @pages.add("GET", "/events")
    async def events(applicant: Applicant) -> Response:
        async def look() -> str:
            return _state(await driver.run(registrar.parties.registered(applicant.key)))

        return await site.streams.events(look)

    @pages.add("GET", "/registration.toml")
    async def as_file(applicant: Applicant) -> Response:
        text = write_toml(wanted_party(applicant.stage).to_dict())
        return attachment(text, TOML, "registration.toml")


def _add_change(pages: ApplicantPages) -> None:
    site, home = pages.site, pages.home
    address = f"{home}/change"

    def show(applicant: Applicant, form: RegistrationForm, *, status: int = 200) -> Response:
        page = FormPage(address, pages.token(applicant), changes=True)
        return show_form(site, applicant.request, form, page, status=status)

    def show_file(applicant: Applicant, text: str = "", problem: str = "", *, status: int = 200) -> Response:
        values = {"action": f"{address}/file", "form_token": pages.token(applicant), "text": text, "problem": problem}
        return site.page(applicant.request, "apply_file.html", status=status, changes=True, **values)

    async def propose(applicant: Applicant, party: Party) -> Response:
        await site.driver.run(site.registrar.parties.propose(applicant.key, party))
        return redirect(home)

    @pages.add("GET", "/change")
    async def change(applicant: Applicant) -> Response:
        form = form_of(wanted_party(applicant.stage))
        return show(applicant, form) if form is not None else redirect(f"{address}/file")

    @pages.add("POST", "/change")
    async def send(applicant: Applicant) -> Response:
        form = RegistrationForm(await pages.form(applicant), language_of(applicant.request))
        if form.values.get("do") == "more":
            return show(applicant, form.with_another_use())
        party = form.party()
        if party is not None and party.identifier != applicant.stage.identifier:
            form.problems["identifier"] = "another"
        if party is None or form.problems:
            return show(applicant, form, status=400)
        return await propose(applicant, party)

    @pages.add("GET", "/change/file")
    async def change_file(applicant: Applicant) -> Response:
        return show_file(applicant)

    @pages.add("POST", "/change/file")
    async def send_file(applicant: Applicant) -> Response:
        upload = await read_upload(applicant.request, max_bytes=2 * MAX_FILE)
        site.pages.check_token(applicant.request, upload.fields, applicant.key)
        text = ""
        try:
            text = file_text(upload.files.get("file", b""), upload.fields.get("text", ""))
            return await propose(applicant, read_party(text))
        except (Malformed, InvalidRequest) as error:
            return show_file(applicant, text, problem_of(error), status=error.status)


def _add_certificates(pages: ApplicantPages) -> None:
    site, registrar, driver = pages.site, pages.site.registrar, pages.site.driver

    def ask(applicant: Applicant, request: str = "", problem: str = "", *, status: int = 200) -> Response:
        if not isinstance(applicant.stage, Registered):
            raise Conflict("only who is registered gets certificates")
        values = {"form_token": pages.token(applicant), "once": secrets.token_urlsafe(16)}
        return site.page(applicant.request, "request.html", status=status, text=request, wrong=bool(problem), **values)

    @pages.add("GET", "/access-certificate")
    async def ask_request(applicant: Applicant) -> Response:
        return ask(applicant)

    @pages.add("POST", "/access-certificate")
    async def access(applicant: Applicant) -> Response:
        upload = await read_upload(applicant.request, max_bytes=2 * MAX_REQUEST)
        site.pages.check_token(applicant.request, upload.fields, applicant.key)
        content = upload.files.get("file") or upload.fields.get("text", "").strip().encode("utf-8")
        once = _once(upload.fields)
        try:
            await driver.run(registrar.certificates.access(applicant.stage, content, APPLICANT, once))
        except Conflict:
            raise
        except ProtocolError as error:
            return ask(applicant, upload.fields.get("text", ""), str(error), status=error.status)
        return redirect(pages.home)

    @pages.add("POST", "/registration-certificates")
    async def registrations(applicant: Applicant) -> Response:
        once = _once(await pages.form(applicant))
        await driver.run(registrar.certificates.registrations(applicant.stage, APPLICANT, once))
        return redirect(pages.home)

    async def own(applicant: Applicant) -> GivenCertificate:
        given = await driver.run(registrar.parties.certificates_of(applicant.stage.identifier))
        wanted = applicant.request.path_params["certificate"]
        found = next((one for one in given if one.id == wanted), None)
        if found is None:
            # Of somebody else, or of nobody: no difference is seen (T237)
            raise NotFound("no such certificate")
        return found

    @pages.add("GET", "/certificates/{certificate}")
    async def download(applicant: Applicant) -> Response:
        found = await own(applicant)
        if found.kind is CertificateKind.ACCESS:
            return attachment(found.content, "application/x-pem-file", "access-certificate.pem")
        return attachment(found.content, "application/jwt", f"{found.use or 'all'}.jwt")

    @pages.add("GET", "/certificates/{certificate}/cwt")
    async def download_cwt(applicant: Applicant) -> Response:
        found = await own(applicant)
        if not found.cwt:
            raise NotFound("no such certificate")
        return attachment(found.cwt, "text/plain", f"{found.use or 'all'}.cwt.txt")


def wanted_party(stage: Stage) -> Party:
    """What waits, else what is registered."""
    if isinstance(stage, Applied | Refused):
        return party_of(stage.proposed)
    waiting = "" if isinstance(stage, Removed) else stage.proposed
    return party_of(waiting or stage.document)


def _state(stage: Stage) -> str:
    standing = standing_of(stage)
    return f"{standing.state}{'-waits' if standing.waits else ''}"


def _once(form: dict[str, str]) -> str:
    once = form.get("once", "")
    if not once:
        raise Conflict("this form cannot be sent twice")
    return once


def attachment(content: str, media_type: str, name: str) -> Response:
    """Something to be kept as a file."""
    return Response(
        content,
        media_type=media_type,
        headers={"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"},
    )
