"""What people see who open the address that their wallet calls: what it is, and whom to write to (sovereignty, section 3).

What it says depends on nobody who looks.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import Request, Response

from capabilities.cockpit.reached import Reached, who_answers
from protocol.errors import NotFound
from runtime.pages import Pages
from runtime.routes import Router
from verifier.represented import IN_OWN_NAME
from verifier.service import Verifier
from verifier.web.pages import partner_name, refusal_page


def cockpit_page(verifier: Verifier, pages: Pages) -> Router:
    """The one page at the address that receipts and requests name."""
    context = verifier.context
    path = urlsplit(context.identifier).path
    router = Router(include_in_schema=False)

    @router.get(urlsplit(context.cockpit_endpoint).path)
    async def read(request: Request) -> Response:
        found, question = _reached(verifier), IN_OWN_NAME if IN_OWN_NAME in context.use_cases else ""
        if not found and not question:
            return refusal_page(request, pages, verifier, NotFound("no such page"))
        # A browser is known again only where it may begin something
        browser = (pages.browser(request) or pages.new_browser()) if question else ""
        page = pages.page(
            request,
            "cockpit.html",
            partner=partner_name(verifier, request),
            reached=found,
            question=question,
            ask=f"{path}/ask",
            form_token=pages.form_token(browser) if question else "",
            home=f"{path}/",
        )
        return pages.remember(page, browser) if question else page

    return router


def _reached(verifier: Verifier) -> tuple[Reached, ...]:
    """Everybody who answers for data that is asked for here; more than one where this verifier asks for others."""
    context = verifier.context
    if not context.cockpit or context.organisation is None:
        return ()
    return who_answers(context.registrations(), context.controller, context.dpo)
