"""What people see who open the address that their wallet calls: what it is, and whom to write to (sovereignty, section 3).

For whoever lost the key, has another wallet, or is the person whom the data is about. What it says depends on nobody who looks.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response

from protocol.errors import NotFound
from protocol.sovereignty.contact import Way, read_ways
from protocol.sovereignty.receipt_parties import Controller
from protocol.trust.registration import Contact
from runtime.pages import Pages
from verifier.represented import IN_OWN_NAME
from verifier.service import Verifier
from verifier.web.pages import partner_name, refusal_page


@dataclass(frozen=True, slots=True)
class Reached:
    """How people reach whoever answers for the data, and who watches over that."""

    name: str
    privacy_policy: str
    contact: tuple[Way, ...]
    dpo: tuple[Way, ...]
    authority: tuple[Way, ...]

    @classmethod
    def of(cls, controller: Controller) -> Reached:
        """As receipts name them."""
        return cls(
            controller.name,
            controller.privacy_policy,
            _ways(controller.contact),
            _ways(controller.dpo),
            _ways(controller.authority),
        )


def cockpit_page(verifier: Verifier, pages: Pages) -> APIRouter:
    """The one page at the address that receipts and requests name."""
    context = verifier.context
    path = urlsplit(context.identifier).path
    router = APIRouter(include_in_schema=False)

    @router.get(urlsplit(context.cockpit_endpoint).path)
    async def read(request: Request) -> Response:
        found, question = _controllers(verifier), IN_OWN_NAME if IN_OWN_NAME in context.use_cases else ""
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


def _controllers(verifier: Verifier) -> tuple[Reached, ...]:
    """Everybody who answers for data that is asked for here; more than one where this verifier asks for others."""
    context = verifier.context
    if not context.cockpit or context.organisation is None:
        return ()
    registered = [Controller.from_registration(own.says, context.dpo) for own in context.registrations()]
    own = [context.controller] if context.controller is not None else []
    # Several uses of one party are one; where there is a registration, receipts speak by it alone
    return tuple(dict.fromkeys(map(Reached.of, registered or own)))


def _ways(contact: Contact | None) -> tuple[Way, ...]:
    return read_ways(contact or ())
