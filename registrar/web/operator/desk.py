"""What all pages of operators share: the door before them, and what each shows."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from urllib.parse import quote

from fastapi import Request, Response

from capabilities.accounts.web import Door, Visit
from protocol.errors import ProtocolError
from registrar.web.site import Site


class Desk:
    """The routes of operators. Whatever is added by `page`, `question` or `deed` is behind the door."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.home = f"{site.path}/operator"
        self.door = Door(self.home, site.driver, site.pages, site.registrar.operators, _OperatorPages(site, self.home))
        self.page, self.question, self.deed = self.door.page, self.door.question, self.door.deed

    def show(self, visit: Visit, template: str, *, status: int = 200, **values: object) -> Response:
        """A page for the operator who is there."""
        shared = {
            "desk": self.home,
            "clerk": visit.clerk.clerk,
            "form_token": self.site.pages.form_token(visit.secret),
            "once": secrets.token_urlsafe(16),
            "link": self.link,
        }
        return self.site.page(visit.request, f"operator/{template}", status=status, **shared, **values)

    def link(self, kind: str, identifier: str) -> str:
        """The address of a page or form about a party."""
        return f"{self.home}/{kind}/{quote(identifier, safe='')}"

    def identifier(self, visit: Visit) -> str:
        """The party that an address is about."""
        return str(visit.request.path_params["identifier"])


@dataclass(frozen=True, slots=True)
class _OperatorPages:
    """How the door looks."""

    site: Site
    home: str

    def login(self, request: Request, *, form_token: str, problem: str, status: int) -> Response:
        values = {"desk": self.home, "form_token": form_token, "problem": problem}
        return self.site.page(request, "operator/login.html", status=status, **values)

    def refused(self, request: Request, error: ProtocolError, visit: Visit | None) -> Response:
        shown: dict[str, object] = {"desk": self.home}
        if visit is not None:
            shown |= {"clerk": visit.clerk.clerk, "form_token": self.site.pages.form_token(visit.secret)}
        return self.site.refusal(request, "operator/refused.html", error, **shown)
