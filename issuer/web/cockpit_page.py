"""What people see who open the address that their wallet calls about a document: what they can do, and whom to write to.

What it says depends on nobody who looks (sovereignty, section 3).
"""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import Request, Response

from capabilities.cockpit.reached import Reached, who_answers
from issuer.service import Issuer
from issuer.web.site import Site
from protocol.errors import NotFound
from runtime.routes import Router


def cockpit_page(site: Site) -> Router:
    """The one page at the address that receipts and metadata name."""
    router = Router(include_in_schema=False)

    @router.get(urlsplit(site.issuer.context.endpoints.cockpit).path)
    async def read(request: Request) -> Response:
        found = reached(site.issuer)
        if not found:
            raise NotFound("no such page")
        return site.page(request, "cockpit.html", reached=found, home=f"{site.path}/")

    return router


def reached(issuer: Issuer) -> tuple[Reached, ...]:
    """Who answers for the data in this issuer's documents; nobody where no receipts are given, and there is no page."""
    context = issuer.context
    if not context.cockpit or context.organisation is None:
        return ()
    providing = [own for own in context.registrations if own.says.provides]
    return who_answers(providing, context.controller, context.dpo)
