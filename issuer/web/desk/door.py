"""The desk behind its door (`capabilities.accounts`): what every page of a clerk shows, and handles instead of names."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from fastapi import Request, Response

from capabilities.accounts.web import Door, Visit
from issuer.web.site import Site
from protocol.encoding import JsonObject
from protocol.errors import NotFound, ProtocolError


class Desk:
    """The routes of the desk. Whatever is added by `page`, `question` or `deed` is behind the door."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.home = f"{site.path}/desk"
        self.door = Door(self.home, site.driver, site.pages, site.issuer.clerks, _DeskPages(site, self.home))
        self.router = self.door.router
        self.page, self.question, self.deed = self.door.page, self.door.question, self.door.deed

    def show(self, visit: Visit, template: str, *, status: int = 200, **values: object) -> Response:
        """A page for the clerk who is there."""
        shared = {
            "desk": self.home,
            "clerk": visit.clerk.clerk,
            "form_token": self.site.pages.form_token(visit.secret),
            "once": secrets.token_urlsafe(16),
            "now": self.site.issuer.context.now(),
            "titles": {name: self.site.title(visit.request, name) for name in self.site.issuer.context.types},
        }
        return self.site.page(visit.request, f"desk/{template}", status=status, **shared, **values)

    def handle(self, visit: Visit, kind: str, content: JsonObject) -> str:
        """A handle for an address; see `issuer.service.handles`."""
        return self.site.issuer.handles.seal(visit.clerk, kind, content)

    def opened(self, visit: Visit, kind: str) -> JsonObject:
        """What the handle in the address stands for; the part of the path has the name of its kind.

        Raises:
            NotFound: nothing, for this session.
        """
        return self.site.issuer.handles.open(visit.clerk, kind, visit.request.path_params[kind])

    def person_handle(self, visit: Visit, subject: str) -> str:
        """A handle for the pages of a person."""
        return self.handle(visit, "person", {"subject": subject})

    def subject(self, visit: Visit) -> str:
        """The person that an address is about.

        Raises:
            NotFound: none, for this session.
        """
        return text(self.opened(visit, "person"), "subject")


@dataclass(frozen=True, slots=True)
class _DeskPages:
    """How the door of the desk looks."""

    site: Site
    home: str

    def login(self, request: Request, *, form_token: str, problem: str, status: int) -> Response:
        values = {"desk": self.home, "form_token": form_token, "problem": problem}
        return self.site.page(request, "desk/login.html", status=status, **values)

    def refused(self, request: Request, error: ProtocolError, visit: Visit | None) -> Response:
        shown: dict[str, object] = {"desk": self.home, "problem": error.status}
        if visit is not None:
            shown |= {"clerk": visit.clerk.clerk, "form_token": self.site.pages.form_token(visit.secret)}
        return self.site.refusal(request, "desk/refused.html", error, **shown)


def text(content: JsonObject, name: str) -> str:
    """A text that a handle of ours holds.

    Raises:
        NotFound: it holds none.
    """
    value = content.get(name)
    if not isinstance(value, str):
        raise NotFound("no such page, or no longer")
    return value
