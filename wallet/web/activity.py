"""What happened with the user's data: who, when, which data; and making the list go away."""

from __future__ import annotations

from fastapi import APIRouter, Response

from protocol.encoding import encode_json
from protocol.errors import NotFound
from runtime.seal import DamagedError
from wallet.policy.activity import Happened, activity, given, page_of, parties, party_name, with_party
from wallet.policy.asking import evidence_document
from wallet.records import Evidence
from wallet.web.room import Inside, Visit
from wallet.web.told import Done, tell


def what_happened(visit: Visit) -> tuple[Happened, ...] | None:
    """Everything, newest first; None if the list was altered, so that it is not to be believed."""
    try:
        return activity(visit.wallet.keeping.log())
    except DamagedError:
        return None


def activity_pages() -> APIRouter:
    """The list, and its parts. Addresses name entries by number and nobody by name (T260)."""
    router = APIRouter()

    def show(visit: Visit, *, party: int = 0, before: int = 0) -> Response:
        happened = what_happened(visit)
        if happened is None:
            return visit.page("activity_damaged.html")
        chosen = with_party(happened, party) if party else happened
        if party and not chosen:
            raise NotFound("there is no such entry")
        page = page_of(chosen, before)
        held, language = visit.wallet.context.store.credentials(), visit.wallet.context.language
        return visit.page(
            "activity.html",
            page=page,
            given={one.entry.number: given(one.entry, held, language) for one in page.entries},
            parties=parties(happened),
            party=party,
            party_name=party_name(chosen[0].entry) if party else "",
            before=before,
            proofs={evidence.id for evidence in visit.wallet.context.store.evidence()},
        )

    @router.get("/activity")
    async def newest(visit: Inside) -> Response:
        return show(visit)

    @router.get("/activity/before/{before:int}")
    async def older(visit: Inside, before: int) -> Response:
        return show(visit, before=before)

    @router.get("/activity/with/{party:int}")
    async def of_party(visit: Inside, party: int) -> Response:
        return show(visit, party=party)

    @router.get("/activity/with/{party:int}/before/{before:int}")
    async def older_of_party(visit: Inside, party: int, before: int) -> Response:
        return show(visit, party=party, before=before)

    @router.get("/activity/entry/{number:int}")
    async def entry(visit: Inside, number: int) -> Response:
        happened, evidence = _proven(visit, number)
        held, language = visit.wallet.context.store.credentials(), visit.wallet.context.language
        shown = {number: given(happened.entry, held, language)}
        return visit.page("activity_entry.html", happened=happened, evidence=evidence, given=shown)

    @router.get("/activity/entry/{number:int}/proof.json")
    async def proof(visit: Inside, number: int) -> Response:
        _, evidence = _proven(visit, number)
        headers = {"content-disposition": 'attachment; filename="proof.json"', "cache-control": "no-store"}
        return Response(encode_json(evidence_document(evidence)), media_type="application/json", headers=headers)

    @router.get("/activity/delete")
    async def ask(visit: Inside) -> Response:
        return visit.page("activity_delete.html")

    @router.post("/activity/delete")
    async def delete(visit: Inside) -> Response:
        await visit.form()
        await visit.run(visit.wallet.keeping.clear_log())
        return tell(visit, Done.LIST_DELETED)

    return router


def _proven(visit: Visit, number: int) -> tuple[Happened, Evidence]:
    """An entry with the proof that belongs to it.

    Raises:
        NotFound: there is no such entry, or none with proof.
    """
    for happened in what_happened(visit) or ():
        if happened.entry.number == number and happened.entry.request:
            for evidence in visit.wallet.context.store.evidence():
                if evidence.id == happened.entry.request:
                    return happened, evidence
    raise NotFound("there is no proof for this entry")
