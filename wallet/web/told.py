"""That something was done: a page of its own after a form, so that a reload tells it again and does nothing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from fastapi import Response

from protocol.oid4vci.metadata import CredentialConfiguration
from runtime.routes import Router
from wallet.policy.showing import credential_name
from wallet.web.room import Inside, Visit, redirect
from wallet.web.shelf import Gone


class Done(StrEnum):
    """What was done; the page has the words for it, in the language that is read then."""

    DOCUMENT_DELETED = "document_deleted"
    DAMAGED_DELETED = "damaged_deleted"
    PENDING_FORGOTTEN = "pending_forgotten"
    LIST_DELETED = "list_deleted"
    ENTRY_DELETED = "entry_deleted"
    REFRESH_CHOSEN = "refresh_chosen"
    KEEPING_CHOSEN = "keeping_chosen"
    PASSPHRASE_CHANGED = "passphrase_changed"
    VOUCHED_FOR = "vouched_for"
    BLOCKED = "blocked"
    AWAITED_FORGOTTEN = "awaited_forgotten"


@dataclass(frozen=True, slots=True)
class Told:
    """What was done, and to which document."""

    done: Done
    document: CredentialConfiguration | None = None  # how it was called


def tell(visit: Visit, done: Done, document: CredentialConfiguration | None = None) -> Response:
    """On to the page that says it."""
    return redirect(f"/told/{visit.shelf.put(Told(done, document))}")


def told_pages() -> Router:
    """The page that says what was done."""
    router = Router(include_in_schema=False)

    @router.get("/told/{number}")
    async def told(visit: Inside, number: str) -> Response:
        try:
            thing = visit.shelf.look(number, Told)
        except Gone:
            return redirect("/")
        name = credential_name(thing.document, visit.wallet.context.language) if thing.document else ""
        return visit.page("told.html", done=thing.done, name=name)

    return router
