"""Pages for people: templates with translations, the browser's cookie, and QR codes as SVG."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from datetime import UTC, datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import jinja2
import qrcode
import qrcode.constants
import qrcode.image.svg
from fastapi import FastAPI, Request, Response
from jinja2.environment import TemplateModule
from qrcode.exceptions import DataOverflowError
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from protocol.errors import ProtocolError, TooLarge
from runtime.languages import NAMES, here, language_of, serve_languages
from runtime.security_headers import CONTENT_SECURITY_POLICY
from runtime.translations import COMMON_LOCALE, LANGUAGES, read_translations

STATIC = Path(__file__).parent / "static"
COMMON_TEMPLATES = Path(__file__).parent / "templates"
COOKIE_LIFETIME = 3600  # seconds
STATIC_SECONDS = 300
_TIME_FORMS = {"machine": "%Y-%m-%dT%H:%M:%SZ", "moment": "%Y-%m-%d %H:%M UTC", "day": "%Y-%m-%d", "clock": "%H:%M UTC"}
# An origin, or the scheme of an app; nothing that could begin another directive of the policy
_FORM_TARGET = re.compile(
    r"https?://[a-z0-9.-]+(:[0-9]+)?(?=[/?]|$)|(?!https?:)[a-z][a-z0-9+.-]*:", re.IGNORECASE | re.ASCII
)


class ForeignForm(ProtocolError):
    """A form that was not posted from a page of ours, or from one that is too old (T233)."""

    code = "access_denied"
    status = 403


class Pages:
    """The pages of one service: its own templates and catalogue, over those of `rooms` that it shares, over the common ones."""

    def __init__(self, home: Path, *rooms: Path, public_url: str, secret: bytes) -> None:
        self._secret = secret
        address = urlsplit(public_url)
        self._origin = f"{address.scheme}://{address.netloc.lower()}"
        self._secure = address.scheme == "https"
        # A cookie name of its own for each service; browsers enforce what the prefix promises
        name = "hoheit_" + hashlib.sha256(public_url.encode()).hexdigest()[:8]
        self.cookie = f"__Host-{name}" if self._secure else name
        self.session = SessionCookie(f"{self.cookie}_in", secure=self._secure)
        self._environments = {language: _environment(language, home, *rooms) for language in LANGUAGES}

    def session_cookie(self, name: str, lifetime: int | None = None, *, from_elsewhere: bool = False) -> SessionCookie:
        """A cookie like that of people who signed in, for another secret of a browser's session.

        `lifetime` (seconds): it outlives the session, for a browser that stands where it is. `from_elsewhere`: the browser
        brings it also where a link of another site or app leads here, such as a wallet's.
        """
        return SessionCookie(
            f"{self.cookie}_{name}", secure=self._secure, lifetime=lifetime, from_elsewhere=from_elsewhere
        )

    def page(self, request: Request, template: str, *, status: int = 200, **values: object) -> Response:
        """A page in the reader's language."""
        language = language_of(request)
        shared = {"language": language, "languages": NAMES, "here": here(request)}
        html = self._environments[language].get_template(template).render(**shared, **values)
        return Response(html, status_code=status, media_type="text/html; charset=utf-8")

    def part(self, template: str, language: str, **values: object) -> TemplateModule:
        """A part of a page in a language of its own, where one page is read in several."""
        return self._environments[language].get_template(template).make_module({"language": language, **values})

    def trouble(self, request: Request, *, status: int, code: str, owner: str, home: str) -> Response:
        """What went wrong, in plain words: by its status, with the `code` that the log knows it by, if it has one.

        It leads to `home` and repeats nothing of the request, so it offers no other language of the same address.
        """
        language = language_of(request)
        template = self._environments[language].get_template("trouble.html")
        html = template.render(
            language=language, languages=NAMES, here="", status=status, code=code, owner=owner, home=home
        )
        return Response(html, status_code=status, media_type="text/html; charset=utf-8")

    def lead_to(self, response: Response, address: str) -> Response:
        """Let the form of a page lead to an address elsewhere: browsers check redirects after a form too (CSP form-action)."""
        source = _FORM_TARGET.match(address)
        if source is not None:
            response.headers["content-security-policy"] = CONTENT_SECURITY_POLICY.replace(
                "form-action 'self'", f"form-action 'self' {source.group()}"
            )
        return response

    def browser(self, request: Request) -> str:
        """The secret by which we know a browser again; empty: not seen before."""
        return request.cookies.get(self.cookie, "")

    def remember(self, response: Response, browser: str) -> Response:
        """Have the browser keep its secret."""
        response.set_cookie(
            self.cookie,
            browser,
            max_age=COOKIE_LIFETIME,
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )
        return response

    def new_browser(self) -> str:
        """A fresh secret for a browser."""
        return secrets.token_urlsafe(32)

    def form_token(self, browser: str) -> str:
        """What a form of this browser carries, so that no other site can post it (T233)."""
        return hmac.digest(self._secret, b"form\0" + browser.encode(), "sha256").hex()

    def check_form(self, request: Request, form: dict[str, str]) -> str:
        """The browser that posted a form of ours.

        Raises:
            ForeignForm: it comes from another site, or from a page of another visit.
        """
        browser = self.browser(request)
        self.check_token(request, form, browser)
        return browser

    def check_token(self, request: Request, form: dict[str, str], secret: str) -> None:
        """Whether a form is one of ours, whose token was made by `form_token` for this secret of a browser or session.

        Raises:
            ForeignForm: it comes from another site, or from a page of another visit.
        """
        token = form.get("form_token", "")
        if (
            not secret
            or self.is_foreign(request)
            or not hmac.compare_digest(token.encode(), self.form_token(secret).encode())
        ):
            raise ForeignForm("this form is too old, or was not sent from our page")

    def is_foreign(self, request: Request) -> bool:
        """Whether the browser itself says that a form came from a page of somebody else."""
        # Our pages have no referrer, so browsers post their forms with the origin "null" (Fetch, "append a request Origin
        # header"); where that could also be a foreign page, Sec-Fetch-Site and the token decide
        origin = request.headers.get("origin", "null")
        site = request.headers.get("sec-fetch-site", "same-origin")
        return origin not in ("null", self._origin) or site != "same-origin"


class SessionCookie:
    """The cookie of somebody who signed in: made at that moment, for this host alone, gone with the browser (T236)."""

    def __init__(self, name: str, *, secure: bool, lifetime: int | None = None, from_elsewhere: bool = False) -> None:
        self.name = name
        self._secure = secure
        self._same_site: Literal["lax", "strict"] = "lax" if from_elsewhere else "strict"
        self._lifetime = lifetime  # seconds; None: until the browser ends

    def secret(self, request: Request) -> str:
        """What the browser brings; empty: nobody signed in."""
        return request.cookies.get(self.name, "")

    def give(self, response: Response, secret: str) -> Response:
        """Let the browser keep a fresh secret."""
        response.set_cookie(
            self.name,
            secret,
            max_age=self._lifetime,
            path="/",
            secure=self._secure,
            httponly=True,
            samesite=self._same_site,
        )
        return response

    def take(self, response: Response) -> Response:
        """Let the browser forget it."""
        response.delete_cookie(self.name, path="/", secure=self._secure, httponly=True, samesite=self._same_site)
        return response


def redirect(address: str) -> Response:
    """Lead a browser on after a form."""
    return Response(status_code=303, headers={"location": address, "cache-control": "no-store"})


@cache
def _environment(language: str, *homes: Path) -> jinja2.Environment:
    """The templates of some folders in one language; they ship with the program, so those of several services are made once."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([*[home / "templates" for home in homes], COMMON_TEMPLATES]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    translations = read_translations(language, *[home / "locale" for home in homes], COMMON_LOCALE)
    environment.globals["utc"] = _utc
    environment.install_gettext_translations(translations, newstyle=True)  # type: ignore[attr-defined]
    return environment


def _utc(seconds: int, form: str) -> str:
    """A moment for a `<time>`: as machines read it, and for people whose browser does not run our script."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:{_TIME_FORMS[form]}}"


def serve_static(application: FastAPI) -> None:
    """Serve the files that all pages share, and the choice of their language."""
    serve_languages(application)
    application.mount("/static", _SharedFiles(directory=STATIC), name="static")


class _SharedFiles(StaticFiles):
    """Files that are nobody's secret: browsers may keep them for a while."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file; 404 for whatever is no file of the folder, links out of it included (T240)."""
        response = await super().get_response(path, scope)
        response.headers["cache-control"] = f"public, max-age={STATIC_SECONDS}"
        return response


@lru_cache(maxsize=256)
def qr_svg(text: str) -> str:
    """A QR code as an SVG of one path, with the quiet zone that scanners need; black on white in every colour scheme.

    Raises:
        TooLarge: more text than a QR code holds.
    """
    code = qrcode.QRCode(
        error_correction=qrcode.constants.ERROR_CORRECT_L if len(text) > 500 else qrcode.constants.ERROR_CORRECT_M,
        image_factory=qrcode.image.svg.SvgPathFillImage,
        border=4,
    )
    code.add_data(text, optimize=0)
    try:
        code.make(fit=True)
    except DataOverflowError as error:
        raise TooLarge("link", "does not fit into a QR code") from error
    svg: bytes = code.make_image().to_string()
    return svg.decode("utf-8")
