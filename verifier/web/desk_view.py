"""What all pages of the desk share; and how its door looks."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from fastapi import Request, Response

from capabilities.accounts.web import Visit
from protocol.errors import ProtocolError
from runtime.languages import language_of
from runtime.pages import Pages
from verifier.service import Verifier
from verifier.web.form_view import wording_in
from verifier.web.pages import partner_name


@dataclass(frozen=True, slots=True)
class Desk:
    """What all pages of the desk share; and how its door looks."""

    verifier: Verifier
    pages: Pages
    home: str

    def show(self, visit: Visit, template: str, *, status: int = 200, **values: object) -> Response:
        """A page for the clerk who is there."""
        language = language_of(visit.request)
        services = self.verifier.context.services.values()
        return self._page(
            visit.request,
            template,
            status=status,
            clerk=visit.clerk.clerk,
            form_token=self.pages.form_token(visit.secret),
            once=secrets.token_urlsafe(16),
            now=self.verifier.context.now(),
            services={service.id: wording_in(service.announced.name, language) for service in services},
            **values,
        )

    def login(self, request: Request, *, form_token: str, problem: str, status: int) -> Response:
        """The page that asks for a code; see `DoorPages`."""
        return self._page(request, "desk/login.html", status=status, form_token=form_token, problem=problem)

    def refused(self, request: Request, error: ProtocolError, visit: Visit | None) -> Response:
        """What went wrong; see `DoorPages`."""
        shown: dict[str, object] = {"problem": error.status}
        if visit is not None:
            shown |= {"clerk": visit.clerk.clerk, "form_token": self.pages.form_token(visit.secret)}
        return self._page(request, "desk/refused.html", status=error.status, **shown)

    def _page(self, request: Request, template: str, *, status: int, **values: object) -> Response:
        partner = partner_name(self.verifier, request)
        return self.pages.page(request, template, status=status, partner=partner, desk=self.home, **values)
