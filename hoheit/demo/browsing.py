"""A plain browser for the walk: it opens pages, keeps cookies, fills in forms and sends them, as people's browsers do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin, urlsplit

from protocol.errors import NotFound, Unreachable
from protocol.exchange import Exchange, HttpRequest, HttpResponse, send

MAX_REDIRECTS = 5
REMARK = "remark-"  # names of fields in which people say what is wrong, not asked of anybody
_REDIRECTS = frozenset((302, 303, 307))
_SILENT = frozenset(("script", "style", "title"))


@dataclass(frozen=True, slots=True)
class Form:
    """A form on a page."""

    action: str  # address
    hidden: Mapping[str, str]
    names: tuple[str, ...]  # of what people fill in
    filled: Mapping[str, str]  # what stands in it already, but for long texts


@dataclass(frozen=True, slots=True)
class Page:
    """A page that was opened."""

    url: str
    status: int
    text: str  # what stands on it, in one line
    forms: tuple[Form, ...]

    def form(self, action: str) -> Form:
        """The form whose address ends like this.

        Raises:
            NotFound: there is none.
        """
        for form in self.forms:
            if urlsplit(form.action).path.endswith(action):
                return form
        raise NotFound(f"the page {urlsplit(self.url).path} has no form for {action}")


@dataclass(slots=True)
class Browser:
    """One person's, with its own cookies."""

    cookies: dict[str, dict[str, str]] = field(default_factory=dict)  # host → name → value

    def open(self, url: str) -> Exchange[Page]:
        """Open a page.

        Raises:
            Unreachable: there is no answer, or redirects without an end.
        """
        return (yield from self._go("GET", url, b""))

    def send(self, form: Form, typed: Mapping[str, str]) -> Exchange[Page]:
        """Fill in a form and send it; the page that it leads to.

        Raises:
            Unreachable: as `open`.
        """
        return (yield from self._go("POST", form.action, urlencode({**form.hidden, **typed}).encode()))

    def _go(self, method: str, url: str, body: bytes) -> Exchange[Page]:
        for _ in range(MAX_REDIRECTS):
            response = yield from send(HttpRequest(method, url, self._headers(url, body), body))
            self._remember(url, response)
            location = response.header("location")
            if response.status not in _REDIRECTS or location is None:
                return _page(url, response)
            method, url, body = "GET", urljoin(url, location), b""
        raise Unreachable("redirects without an end")

    def _headers(self, url: str, body: bytes) -> tuple[tuple[str, str], ...]:
        kept = self.cookies.get(urlsplit(url).netloc, {})
        headers = [("accept", "text/html"), ("accept-language", "en")]
        if kept:
            headers.append(("cookie", "; ".join(f"{name}={value}" for name, value in kept.items())))
        if body:
            headers.append(("content-type", "application/x-www-form-urlencoded"))
        return tuple(headers)

    def _remember(self, url: str, response: HttpResponse) -> None:
        kept = self.cookies.setdefault(urlsplit(url).netloc, {})
        for name, value in response.headers:
            if name == "set-cookie":
                cookie, _, rest = value.partition(";")
                called, _, secret = cookie.strip().partition("=")
                if "max-age=0" in rest.lower():
                    kept.pop(called, None)
                else:
                    kept[called] = secret


def _page(url: str, response: HttpResponse) -> Page:
    reader = _Reader(url)
    reader.feed(response.body.decode("utf-8", "replace"))
    return Page(url, response.status, " ".join(" ".join(reader.words).split()), tuple(reader.forms))


class _Reader(HTMLParser):
    """Reads the text and the forms of a page."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.forms: list[Form] = []
        self._url = url
        self._action: str | None = None
        self._hidden: dict[str, str] = {}
        self._names: dict[str, None] = {}
        self._filled: dict[str, str] = {}
        self._select = ""
        self._silent = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag in _SILENT:
            self._silent = tag
        elif tag == "form":
            self._action, self._hidden, self._names = urljoin(self._url, found.get("action", "")), {}, {}
            self._filled = {}
        elif tag in ("input", "select", "textarea") and "name" in found:
            if found.get("type") == "hidden":
                self._hidden[found["name"]] = found.get("value", "")
            else:
                self._names[found["name"]] = None
                self._note_filled(tag, found)
        elif tag == "option" and "selected" in found and found.get("value"):
            self._filled[self._select] = found["value"]

    def _note_filled(self, tag: str, found: Mapping[str, str]) -> None:
        if tag == "select":
            self._select = found["name"]
        elif found.get("value") and ("checked" in found or found.get("type") not in ("radio", "checkbox")):
            self._filled[found["name"]] = found["value"]

    def handle_endtag(self, tag: str) -> None:
        if tag == self._silent:
            self._silent = ""
        elif tag == "form" and self._action is not None:
            self.forms.append(Form(self._action, self._hidden, tuple(self._names), self._filled))
            self._action = None

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.words.append(data)
