"""A person's browser as far as our pages need one: cookies, redirects, forms and links."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Self
from urllib.parse import urljoin

import httpx2


@dataclass(slots=True)
class Form:
    """A form of a page: where it goes, what it carries, and its buttons."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)  # name, value


class Page(HTMLParser):
    """What came back: forms, links, and the text that a person reads."""

    def __init__(self, response: httpx2.Response) -> None:
        super().__init__()
        self.url, self.status = str(response.url), response.status_code
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.text = ""
        self.feed(response.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what can be clicked or filled in."""
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(urljoin(self.url, found["action"])))
        elif tag == "input":
            self.forms[-1].fields[found["name"]] = found.get("value", "")
        elif tag == "button" and "name" in found:
            self.forms[-1].buttons.append((found["name"], found["value"]))
        elif tag == "a":
            self.links.append(found["href"])

    def handle_data(self, data: str) -> None:
        """Note the text, with single blanks."""
        self.text = " ".join([*self.text.split(), *data.split()])


class Browser:
    """One browser with its own cookies; it follows every redirect."""

    def __init__(self) -> None:
        self._client = httpx2.Client(
            follow_redirects=True, trust_env=False, timeout=10, headers={"accept-language": "en"}
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def open(self, url: str) -> Page:
        """Go to an address."""
        return Page(self._client.get(url))

    def submit(self, page: Page, button: tuple[str, str] | None = None, **typed: str) -> Page:
        """Fill in the form that has the button, else the first one, and send it off."""
        form = next(form for form in page.forms if button is None or button in form.buttons)
        unknown = typed.keys() - form.fields.keys()
        assert not unknown, f"the form has no {unknown}"
        return Page(self._client.post(form.action, data={**form.fields, **typed, **dict([button] if button else [])}))
