"""Which language a page speaks: what a person chose here, else what their browser asks for, else German."""

from __future__ import annotations

import re
from urllib.parse import quote

from fastapi import FastAPI, Request, Response

from protocol.errors import NotFound
from runtime.translations import LANGUAGES

COOKIE = "hoheit_language"  # no secret, and the same for all services of a host
COOKIE_SECONDS = 365 * 24 * 3600
NAMES = {"de": "Deutsch", "en": "English"}
# A page of ours: one slash and no second one, and nothing that a browser would take for it; names may have blanks in them
_OURS = re.compile(r"/(?:[A-Za-z0-9._~-](?:[A-Za-z0-9._~/-]| (?=[A-Za-z0-9]))*)?")


def language_of(request: Request) -> str:
    """The language for whoever sent a request."""
    chosen = request.cookies.get(COOKIE, "")
    return chosen if chosen in LANGUAGES else choose_language(request.headers.get("accept-language", ""))


def choose_language(accept: str) -> str:
    """The first of our languages that a browser accepts, by its own order of wishes; else German."""
    wishes: list[tuple[float, str]] = []
    for part in accept[:500].split(","):
        name, _, parameters = part.strip().partition(";")
        quality = parameters.strip().removeprefix("q=")
        try:
            weight = float(quality) if quality else 1.0
        except ValueError:
            weight = 0.0
        wishes.append((-weight, name.lower().split("-")[0]))
    return next(
        (name for weight, name in sorted(wishes, key=lambda wish: wish[0]) if name in LANGUAGES and weight), "de"
    )


def is_our_page(path: str) -> bool:
    """Whether this is the plain path of a page of the same service, to which it is safe to lead."""
    return _OURS.fullmatch(path) is not None


def here(request: Request) -> str:
    """The path of the page that is being shown, to which `/language` leads back; empty if a path alone does not show it.

    What stands behind a path can be a secret, or a stranger's, so it is never written into a page (T097, T260).
    """
    path = request.url.path
    return quote(path) if request.method == "GET" and not request.url.query and is_our_page(path) else ""


def serve_languages(application: FastAPI) -> None:
    """Let people choose: `/language/de/some/page` remembers it and leads to `/some/page`."""

    @application.get("/language/{language}{page:path}", include_in_schema=False)
    async def choose(language: str, page: str) -> Response:
        if language not in LANGUAGES or not is_our_page(page):
            raise NotFound("no such language or page")
        response = Response(status_code=303, headers={"location": quote(page), "cache-control": "no-store"})
        response.set_cookie(COOKIE, language, max_age=COOKIE_SECONDS, path="/", samesite="lax", httponly=True)
        return response
