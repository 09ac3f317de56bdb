"""Applying: a form in plain words, or a file for whoever knows what to write. What was typed is never lost."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from fastapi import Request, Response

from capabilities.registration.party import MAX_FILE, Party
from protocol.encoding import read_json
from protocol.errors import Conflict, Malformed, ProtocolError
from registrar.catalogue import known_authorities, known_documents
from registrar.web.form import COUNTRIES, MAX_USES, RegistrationForm
from registrar.web.site import Site
from runtime.asgi import read_form
from runtime.claim_words import country
from runtime.languages import language_of
from runtime.pages import ForeignForm, redirect
from runtime.routes import Router
from runtime.uploads import read_upload

MAX_DRAFT = 100  # characters


@dataclass(frozen=True, slots=True)
class FormPage:
    """A form that is filled in: where it leads, and what belongs to it beside what people type."""

    action: str
    token: str
    draft: str = ""  # the same for every sending of one form
    changes: bool = False  # something is registered, or was applied for
    stale: bool = False  # it was open for too long, and has to be sent again


def show_form(site: Site, request: Request, form: RegistrationForm, page: FormPage, *, status: int = 200) -> Response:
    """The form, with whatever was typed and what is wrong with it."""
    language = language_of(request)
    countries = sorted((country(code, language), code) for code in COUNTRIES)
    values = {
        "form": form,
        "page": page,
        "documents": [(document, document.name(language)) for document in known_documents()],
        "authorities": [(known.id, known.name(language), known.authority.name) for known in known_authorities()],
        "countries": [(code, name) for name, code in countries],
        "reading": language,
        "most_uses": MAX_USES,
    }
    return site.page(request, "apply.html", status=status, **values)


def applying_pages(site: Site) -> Router:
    """The form, and the file."""
    router = Router(include_in_schema=False)
    _add_form(router, site)
    _add_file(router, site)
    return router


def _add_form(router: Router, site: Site) -> None:
    pages, address = site.pages, f"{site.path}/apply"

    def show(request: Request, form: RegistrationForm, *, status: int = 200, stale: bool = False) -> Response:
        browser = pages.browser(request) or pages.new_browser()
        draft = form.values.get("draft", "")[:MAX_DRAFT] or secrets.token_urlsafe(16)
        page = FormPage(address, pages.form_token(browser), draft, stale=stale)
        return pages.remember(show_form(site, request, form, page, status=status), browser)

    @router.get(address)
    async def empty(request: Request) -> Response:
        return show(request, RegistrationForm({"asks": "yes", "country": "DE"}))

    @router.post(address)
    async def send(request: Request) -> Response:
        form = RegistrationForm({})
        try:
            form = RegistrationForm(await read_form(request), language_of(request))
            browser = pages.check_form(request, dict(form.values))
            if form.values.get("do") == "more":
                return show(request, form.with_another_use())
            party = form.party()
            if party is None:
                return show(request, form, status=400)
            return await _applied(site, party, browser, form.values.get("draft", ""))
        except ForeignForm as error:
            if pages.is_foreign(request):
                # What somebody else's page typed is nobody's to send
                return site.refusal(request, "refused.html", error, back=address)
            return show(request, form, status=error.status, stale=True)
        except Conflict as error:
            form.problems["identifier"] = "taken"
            return show(request, form, status=error.status)
        except ProtocolError as error:
            return site.refusal(request, "refused.html", error, back=address)


def _add_file(router: Router, site: Site) -> None:
    pages, address = site.pages, f"{site.path}/apply/file"

    def show(request: Request, text: str = "", problem: str = "", *, status: int = 200) -> Response:
        browser = pages.browser(request) or pages.new_browser()
        values = {"action": address, "form_token": pages.form_token(browser), "text": text, "problem": problem}
        page = site.page(request, "apply_file.html", status=status, changes=False, **values)
        return pages.remember(page, browser)

    @router.get(address)
    async def empty(request: Request) -> Response:
        return show(request)

    @router.post(address)
    async def send(request: Request) -> Response:
        text = ""
        try:
            upload = await read_upload(request, max_bytes=2 * MAX_FILE)
            browser = pages.check_form(request, upload.fields)
            text = file_text(upload.files.get("file", b""), upload.fields.get("text", ""))
            # The same file from the same browser is the same application
            return await _applied(site, read_party(text), browser, "file")
        except (Malformed, Conflict) as error:
            return show(request, text, problem_of(error), status=error.status)
        except ProtocolError as error:
            return site.refusal(request, "refused.html", error, back=address)


async def _applied(site: Site, party: Party, browser: str, draft: str) -> Response:
    """Take an application, and lead to its key, which stands in no address and only for a while in this browser."""
    key = site.registrar.context.key_for(browser, draft, party.identifier)
    await site.driver.run(site.registrar.parties.apply_once(party, key))
    answer = redirect(f"{site.path}/application/key")
    return site.fresh_key.give(site.application.give(answer, key), key)


def file_text(file: bytes, typed: str) -> str:
    """What somebody sent: a file wins over what was typed.

    Raises:
        Malformed: no text, or none at all.
    """
    try:
        text = file.decode("utf-8-sig") if file else typed.strip()
    except UnicodeDecodeError as error:
        raise Malformed("file", "is not text in UTF-8") from error
    if not text:
        raise Malformed("file", "is missing")
    return text


def read_party(text: str) -> Party:
    """The party of a file, TOML or JSON.

    Raises:
        Malformed: neither, or no party.
    """
    if text.lstrip().startswith("{"):
        return Party.from_dict(read_json(text.encode("utf-8"), "file"), "file")
    return Party.from_toml(text, "file")


def problem_of(error: ProtocolError) -> str:
    """What is wrong with a file, for people who write files."""
    return "taken" if isinstance(error, Conflict) else str(error)
