"""That something was done: a page of its own after a form, so that a reload tells it again and does nothing."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Response

from wallet.web.room import Inside, Visit, redirect
from wallet.web.shelf import Gone


@dataclass(frozen=True, slots=True)
class Told:
    """What was done, and what that means."""

    title: str
    text: str


def tell(visit: Visit, title: str, text: str) -> Response:
    """On to the page that says it."""
    return redirect(f"/told/{visit.shelf.put(Told(title, text))}")


def told_pages() -> APIRouter:
    """The page that says what was done."""
    router = APIRouter()

    @router.get("/told/{number}")
    async def told(visit: Inside, number: str) -> Response:
        try:
            return visit.page("told.html", told=visit.shelf.look(number, Told))
        except Gone:
            return redirect("/")

    return router
