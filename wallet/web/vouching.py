"""Who vouches for this wallet: what its owner sees of it, the code for it, and what to do when the device is lost."""

from __future__ import annotations

from fastapi import Response

from runtime.routes import Router
from wallet.policy.vouching import NotVouched, ProviderAway, WhyUnvouched
from wallet.web.room import Inside, Visit
from wallet.web.told import Done, tell


def vouching_pages() -> Router:
    """The pages below the settings."""
    router = Router(include_in_schema=False)

    @router.get("/settings/vouching")
    async def vouching(visit: Inside) -> Response:
        return _page(visit)

    @router.post("/settings/vouching")
    async def register(visit: Inside) -> Response:
        code = (await visit.form()).get("code", "").strip()
        try:
            await visit.run(visit.wallet.vouching.register(code or None))
        except (NotVouched, ProviderAway) as error:
            return _page(visit, error.why, error.status)
        return tell(visit, Done.VOUCHED_FOR)

    @router.get("/settings/lost")
    async def ask(visit: Inside) -> Response:
        return visit.page("lost.html", vouching=visit.wallet.vouching.shown(), problem=None)

    @router.post("/settings/lost")
    async def block(visit: Inside) -> Response:
        await visit.form()
        try:
            await visit.run(visit.wallet.vouching.report_lost())
        except (NotVouched, ProviderAway) as error:
            shown = visit.wallet.vouching.shown()
            return visit.page("lost.html", status=error.status, vouching=shown, problem=error.why)
        return tell(visit, Done.BLOCKED)

    return router


def _page(visit: Visit, problem: WhyUnvouched | None = None, status: int = 200) -> Response:
    return visit.page("vouching.html", status=status, vouching=visit.wallet.vouching.shown(), problem=problem)
