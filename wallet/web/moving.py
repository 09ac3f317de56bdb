"""From one wallet to the next: save the activity to a file, and bring in what an earlier wallet saved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fastapi import Response

from protocol.errors import ProtocolError, TooLarge, Unavailable
from protocol.passphrase_jwe import MAX_TOKEN, NotOpened
from runtime.conversation import slow
from runtime.routes import Router
from runtime.uploads import read_upload
from wallet.history_page import history_page
from wallet.policy.links import LinkKind, classify
from wallet.policy.passphrases import GOOD_LENGTH
from wallet.records import AwaitedDocument
from wallet.service.moving import Brought, Taken, WeakPassphrase
from wallet.vault.passphrase import MIN_PASSPHRASE, WrongPassphrase
from wallet.web.activity import what_happened
from wallet.web.room import Inside, Visit, redirect
from wallet.web.told import Done, tell

Problem = Literal["", "different", "length", "weak", "no_file", "not_opened", "unreadable", "large"]


@dataclass(frozen=True, slots=True)
class ReadyFile:
    """A file that waits to be saved."""

    name: str
    media_type: str
    content: bytes
    sealed: bool
    complete: bool  # everything fitted


@dataclass(frozen=True, slots=True)
class AwaitedShown:
    """A document of an earlier wallet, and how to get it again."""

    id: str
    name: str
    issuer: str
    offer: str  # link that this wallet follows; empty: none
    page: str  # address of a page; empty: none
    host: str  # of that page


def moving_pages() -> Router:
    """Every page of moving."""
    router = Router(include_in_schema=False)
    _add_export(router)
    _add_import(router)
    _add_awaited(router)
    return router


def awaited_shown(awaited: AwaitedDocument) -> AwaitedShown:
    """How a document is got again, by what the earlier wallet said; nothing about its link is checked yet."""
    found = classify(awaited.link)
    is_offer, is_page = found.kind is LinkKind.OFFER, found.kind is LinkKind.PAGE
    return AwaitedShown(
        awaited.id,
        awaited.name,
        awaited.issuer or awaited.issuer_id,
        found.text if is_offer else "",
        found.text if is_page else "",
        found.host if is_page else "",
    )


def _show(visit: Visit, problem: Problem = "", status: int = 200) -> Response:
    if what_happened(visit) is None:
        return visit.page("activity_damaged.html", status=409)
    return visit.page("move.html", status=status, problem=problem, least=MIN_PASSPHRASE, good=GOOD_LENGTH)


def _add_export(router: Router) -> None:
    @router.get("/settings/moving")
    async def moving(visit: Inside) -> Response:
        return _show(visit)

    @router.post("/settings/moving/file")
    async def save(visit: Inside) -> Response:
        form = await visit.form()
        if what_happened(visit) is None:
            return _show(visit)
        passphrase = form.get("new", "")
        if passphrase != form.get("again", ""):
            return _show(visit, "different", 400)
        try:
            exported = await visit.run(visit.wallet.moving.export(passphrase, visit.words.entry))
        except WrongPassphrase as error:
            return _show(visit, "weak" if isinstance(error, WeakPassphrase) else "length", 400)
        complete = not (exported.left_out or exported.documents_left_out)
        file = ReadyFile(
            "wallet.jwe", "application/jose", exported.file.encode("ascii"), sealed=True, complete=complete
        )
        return redirect(f"/settings/moving/ready/{visit.shelf.put(file)}")

    @router.post("/settings/moving/page")
    async def save_page(visit: Inside) -> Response:
        await visit.form()
        happened = what_happened(visit)
        if happened is None:
            return _show(visit)
        context = visit.wallet.context
        held = context.store.credentials()

        def written() -> bytes:
            return history_page(visit.words, context.language, happened, held, context.now()).encode("utf-8")

        page = await visit.run(slow(written))
        await visit.run(visit.wallet.moving.note_export())
        file = ReadyFile("my-data.html", "text/html; charset=utf-8", page, sealed=False, complete=True)
        return redirect(f"/settings/moving/ready/{visit.shelf.put(file)}")

    @router.get("/settings/moving/ready/{number}")
    async def ready(visit: Inside, number: str) -> Response:
        return visit.page("move_ready.html", file=visit.shelf.look(number, ReadyFile), number=number)

    @router.get("/settings/moving/ready/{number}/download")
    async def download(visit: Inside, number: str) -> Response:
        file = visit.shelf.look(number, ReadyFile)
        headers = {"content-disposition": f'attachment; filename="{file.name}"', "cache-control": "no-store"}
        return Response(file.content, media_type=file.media_type, headers=headers)


def _add_import(router: Router) -> None:
    @router.post("/settings/moving/import")
    async def bring(visit: Inside) -> Response:
        try:
            upload = await read_upload(visit.request, max_bytes=MAX_TOKEN)
        except TooLarge:
            return _show(visit, "large", 413)
        visit.room.pages.check_form(visit.request, upload.fields)
        if what_happened(visit) is None:
            return _show(visit)
        file = upload.files.get("file", b"")
        if not file:
            return _show(visit, "no_file", 400)
        try:
            brought = await visit.run(visit.wallet.moving.look(file, upload.fields.get("passphrase", "")))
        except NotOpened:
            return _show(visit, "not_opened", 400)
        except Unavailable:
            raise
        except ProtocolError as error:
            return _show(visit, "large" if isinstance(error, TooLarge) else "unreadable", 400)
        return redirect(f"/settings/moving/found/{visit.shelf.put(brought)}")

    @router.get("/settings/moving/found/{number}")
    async def found(visit: Inside, number: str) -> Response:
        brought = visit.shelf.look(number, Brought)
        times = [one.at for one in brought.history]
        return visit.page(
            "move_found.html", brought=brought, number=number, first=min(times, default=0), last=max(times, default=0)
        )

    @router.post("/settings/moving/found/{number}")
    async def take(visit: Inside, number: str) -> Response:
        await visit.form()
        brought = visit.shelf.take(number, Brought)
        taken = await visit.run(visit.wallet.moving.take(brought))
        return redirect(f"/settings/moving/taken/{visit.shelf.put(taken)}")

    @router.get("/settings/moving/taken/{number}")
    async def taken(visit: Inside, number: str) -> Response:
        return visit.page("move_taken.html", taken=visit.shelf.look(number, Taken))


def _add_awaited(router: Router) -> None:
    @router.post("/awaited/{awaited_id}/forget")
    async def forget(visit: Inside, awaited_id: str) -> Response:
        await visit.form()
        moving = visit.wallet.moving
        await visit.run(moving.forget(moving.find_awaited(awaited_id)))
        return tell(visit, Done.AWAITED_FORGOTTEN)
