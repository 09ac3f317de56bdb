"""In front of the door: make a wallet, open it, close it."""

from __future__ import annotations

from fastapi import Request, Response

from runtime.languages import is_our_page
from runtime.routes import Router
from wallet.policy.passphrases import GOOD_LENGTH, weakness_of
from wallet.vault.passphrase import MIN_PASSPHRASE, WrongPassphrase, check_new_passphrase
from wallet.web.room import AtTheDoor, Room, redirect


def entrance() -> Router:
    """The pages for which the wallet need not be open."""
    router = Router(include_in_schema=False)
    _add_create(router)
    _add_unlock(router)
    return router


def _add_create(router: Router) -> None:
    def show(room: Room, request: Request, problem: str = "", status: int = 200) -> Response:
        browser = room.pages.browser(request) or room.pages.new_browser()
        token = room.pages.form_token(browser)
        page = room.pages.page(
            request, "create.html", status=status, problem=problem, form_token=token, least=MIN_PASSPHRASE,
            good=GOOD_LENGTH,
        )  # fmt: skip
        return room.pages.remember(page, browser)

    @router.get("/create")
    async def create_page(room: AtTheDoor, request: Request) -> Response:
        return redirect("/") if room.door.exists() else show(room, request)

    @router.post("/create")
    async def create(room: AtTheDoor, request: Request) -> Response:
        form = await room.form(request)
        if room.door.exists():
            return redirect("/")
        passphrase = form.get("passphrase", "")
        if passphrase != form.get("again", ""):
            return show(room, request, "different", 400)
        try:
            check_new_passphrase(passphrase)
        except WrongPassphrase:
            return show(room, request, "length", 400)
        weakness = weakness_of(passphrase)
        if weakness is not None and "weak" not in form:
            return show(room, request, str(weakness), 400)
        try:
            await room.door.create(passphrase)
        except FileExistsError:
            return redirect("/")
        return await _open(room, passphrase, "/")


def _add_unlock(router: Router) -> None:
    def show(room: Room, request: Request, to: str, problem: str = "", wait: int = 0) -> Response:
        browser = room.pages.browser(request) or room.pages.new_browser()
        page = room.pages.page(
            request, "unlock.html", status=401 if problem else 200, problem=problem, wait=wait, to=to,
            form_token=room.pages.form_token(browser),
        )  # fmt: skip
        return room.pages.remember(page, browser)

    @router.get("/unlock")
    async def unlock_page(room: AtTheDoor, request: Request) -> Response:
        if not room.door.exists():
            return redirect("/create")
        return show(room, request, _target(request.query_params.get("to", "")))

    @router.post("/unlock")
    async def unlock(room: AtTheDoor, request: Request) -> Response:
        form = await room.form(request)
        to = _target(form.get("to", ""))
        if not room.door.exists():
            return redirect("/create")
        try:
            return await _open(room, form.get("passphrase", ""), to or "/")
        except WrongPassphrase as error:
            return show(room, request, to, "wait" if error.wait else "wrong", error.wait)

    @router.post("/lock")
    async def lock(room: AtTheDoor, request: Request) -> Response:
        await room.form(request)
        room.door.leave(room.pages.browser(request))
        # A browser drops pages that it kept for its back button when a cookie changes
        return room.pages.remember(redirect("/unlock"), room.pages.new_browser())

    @router.get("/door")
    async def door(room: AtTheDoor, request: Request) -> dict[str, int]:
        """For the script of an open page: how long it may stay on the screen."""
        return {"seconds": room.door.seconds_left(room.pages.browser(request))}


async def _open(room: Room, passphrase: str, to: str) -> Response:
    """Open the door for a browser, which is known by a fresh secret from then on (T236)."""
    browser = room.pages.new_browser()
    await room.door.open(passphrase, browser)
    return room.pages.remember(redirect(to), browser)


def _target(to: str) -> str:
    """A page of ours to go on with; empty if it is none."""
    return to if is_our_page(to) else ""
