"""What the user decides about the wallet itself: its passphrase; and what is to know about it."""

from __future__ import annotations

from fastapi import Response

from protocol.errors import Malformed
from runtime.conversation import slow
from runtime.routes import Router
from runtime.seal import DamagedError
from wallet.policy.cockpit.retention import CHOICES
from wallet.policy.passphrases import GOOD_LENGTH, weakness_of
from wallet.service.trusting import Trusting, TrustShown
from wallet.vault.passphrase import MIN_PASSPHRASE, WrongPassphrase, check_new_passphrase
from wallet.web.activity import what_happened
from wallet.web.locked import WhenLocked
from wallet.web.room import Inside, Visit
from wallet.web.told import Done, tell


def settings_pages() -> Router:
    """The page of settings, and what can be changed there."""
    router = Router(include_in_schema=False)

    def show(visit: Visit, problem: str = "", status: int = 200, wait: int = 0) -> Response:
        return visit.page(
            "settings.html", status=status, problem=problem, wait=wait, trusted=_trusted(visit.room.trusting),
            now=visit.room.trusting.now(),
            least=MIN_PASSPHRASE, good=GOOD_LENGTH, vouching=visit.wallet.vouching.shown(),
            refreshes=visit.wallet.cockpit.refreshes(), keep_years=visit.wallet.cockpit.keep_years(),
            would_go=_would_go(visit),
        )  # fmt: skip

    @router.get("/settings")
    async def settings(visit: Inside) -> Response:
        return show(visit)

    @router.post("/settings/refresh")
    async def refresh(visit: Inside) -> Response:
        form = await visit.form()
        await visit.run(visit.wallet.cockpit.choose_refresh(wanted="refresh" in form))
        return tell(visit, Done.REFRESH_CHOSEN)

    @router.post("/settings/keep")
    async def keep(visit: Inside) -> Response:
        years = (await visit.form()).get("years", "")
        if not years.isascii() or not years.isdecimal() or int(years[:9]) not in CHOICES:
            return show(visit, status=400)
        try:
            await visit.run(visit.wallet.cockpit.choose_keeping(int(years)))
        except DamagedError:
            return show(visit, "log", 409)
        return tell(visit, Done.KEEPING_CHOSEN)

    @router.post("/settings/passphrase")
    async def change(visit: Inside) -> Response:
        form = await visit.form()
        new = form.get("new", "")
        if problem := _problem_of(new, form):
            return show(visit, problem, 400)
        vault, now = visit.opened.vault, visit.wallet.context.now()
        try:
            check = slow(lambda: vault.check_passphrase(form.get("old", ""), now=now))
            await visit.run(check, WhenLocked.NOT_DONE, WhenLocked.NOT_DONE)
        except WrongPassphrase as error:
            return show(visit, "wait" if error.wait else "wrong", 401, error.wait)
        # Sealing everything anew would make a list that was altered look whole
        if what_happened(visit) is None:
            return show(visit, "log", 409)
        await visit.run(slow(lambda: vault.change_passphrase(new)))
        return tell(visit, Done.PASSPHRASE_CHANGED)

    return router


def _problem_of(new: str, form: dict[str, str]) -> str:
    """What is wrong with a new passphrase, by the name that pages know it by; empty: nothing."""
    if new != form.get("again", ""):
        return "different"
    try:
        check_new_passphrase(new)
    except WrongPassphrase:
        return "length"
    weakness = weakness_of(new)
    return str(weakness) if weakness is not None and "weak" not in form else ""


def _would_go(visit: Visit) -> tuple[tuple[int, int], ...] | None:
    """For each choice of years how many lines are older by now; None if the list was altered."""
    try:
        return tuple([(years, len(visit.wallet.cockpit.older_than(years))) for years in CHOICES])
    except DamagedError:
        return None


def _trusted(trusting: Trusting) -> tuple[TrustShown, ...] | None:
    """Whom the user trusts; None if the folder says something that makes no sense."""
    try:
        return trusting.trusted()
    except Malformed:
        return None
