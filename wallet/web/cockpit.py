"""The Datencockpit's single things: one entry with everything that belongs to it, one partner, and letting go of a key."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fastapi import Response

from protocol.encoding import JsonObject, JsonValue, encode_json
from protocol.errors import NotFound, Unavailable
from protocol.exchange import Exchange
from protocol.sovereignty.contact import Letter
from protocol.sovereignty.receipt_27560 import write_27560
from runtime.routes import Router
from wallet.disclosure_records import Disclosure
from wallet.policy.cockpit.complaining import asked_by_evidence
from wallet.policy.cockpit.disclosed import absence_of, receipt_of
from wallet.policy.cockpit.holding import held_by_partner
from wallet.policy.cockpit.partner import (
    broken_elsewhere,
    complaint_at,
    documents_of,
    findings_of,
    given_to,
    registered_as,
    rights_at,
)
from wallet.policy.cockpit.timeline import Filter, Item, PartnerMet, Timeline, part_of
from wallet.policy.evidence import evidence_document
from wallet.records import Evidence, KeptRequest
from wallet.service.cockpit.collecting import Looked
from wallet.web.activity import lines, timeline_of
from wallet.web.locked import LockedMeanwhile, WhenLocked
from wallet.web.room import Inside, Visit, redirect
from wallet.web.told import Done, tell

NO_STORE = "no-store"


def cockpit_pages() -> Router:
    """Every page of one entry or one partner."""
    router = Router(include_in_schema=False)
    _add_entry(router)
    _add_partner(router)
    _add_deletion(router)
    return router


def _add_entry(router: Router) -> None:
    @router.get("/activity/entry/{number:int}")
    async def entry(visit: Inside, number: int) -> Response:
        disclosure = visit.wallet.cockpit.of_entry(number)
        looked = await _look(visit, disclosure, visit.wallet.cockpit.open) if disclosure is not None else None
        return _entry_page(visit, number, looked)

    @router.post("/activity/entry/{number:int}/ask")
    async def ask(visit: Inside, number: int) -> Response:
        await visit.form()
        looked = await _look(visit, disclosure_of(visit, number), visit.wallet.cockpit.ask)
        # What could not be kept stands nowhere else
        return redirect(f"/activity/entry/{number}") if looked.kept else _entry_page(visit, number, looked)

    @router.get("/activity/entry/{number:int}/proof.json")
    async def proof(visit: Inside, number: int) -> Response:
        evidence = evidence_of(visit, entry_line(visit, number)[1])
        if evidence is None:
            raise NotFound("there is no proof for this entry")
        return download("proof.json", evidence_document(evidence))

    @router.get("/activity/entry/{number:int}/signed.json")
    async def signed(visit: Inside, number: int) -> Response:
        return download("signed.json", signed_objects(disclosure_of(visit, number)))

    @router.get("/activity/entry/{number:int}/receipt-27560.json")
    async def standard_form(visit: Inside, number: int) -> Response:
        disclosure = disclosure_of(visit, number)
        receipt = receipt_of(disclosure)
        if receipt is None or disclosure.receipt is None:
            raise NotFound("there is no receipt for this entry")
        language = visit.wallet.context.language
        return download("receipt-27560.json", write_27560(receipt, disclosure.receipt.raw, language))


def _add_partner(router: Router) -> None:
    @router.get("/activity/with/{number:int}")
    async def partner(visit: Inside, number: int) -> Response:
        return await show(visit, number, 1)

    @router.get("/activity/with/{number:int}/page/{page:int}")
    async def older(visit: Inside, number: int, page: int) -> Response:
        return await show(visit, number, page)

    @router.post("/activity/with/{number:int}/ask")
    async def ask(visit: Inside, number: int) -> Response:
        await visit.form()
        timeline, met = _partner(visit, number)
        for disclosure in _disclosures(visit, timeline, met):
            await _look(visit, disclosure, visit.wallet.cockpit.open)
        return redirect(f"/activity/with/{number}")

    async def show(visit: Visit, number: int, page: int) -> Response:
        timeline, met = _partner(visit, number)
        disclosures = _disclosures(visit, timeline, met)
        looked = None
        if len(disclosures) == 1:
            # Several at once could be matched with each other by the moment, so those are asked about one by one
            looked = await _look(visit, disclosures[0], visit.wallet.cockpit.open)
            timeline, met = _partner(visit, number)
            disclosures = _disclosures(visit, timeline, met)
        now, collecting = visit.wallet.context.now(), visit.wallet.cockpit.collecting
        given, documents = given_to(disclosures), documents_of(disclosures)
        items = timeline.find(Filter(partner=met.key))
        part, findings = part_of(items, page), findings_of(items)
        partner = collecting.partner(disclosures[-1]) if disclosures else None
        return visit.page(
            "activity_partner.html", met=met, looked=looked, held=held_by_partner(given, now), given=given,
            documents=documents, registration=registered_as(disclosures), several=len(disclosures) > 1,
            last=_last(items), part=part, base=f"/activity/with/{number}", now=now,
            # Both are logs of the same partner, and may be watched or not
            watched=bool(given) and collecting.witnessed(given[-1]) is not None,
            watched_documents=bool(documents) and collecting.witnessed(documents[0]) is not None,
            findings=findings, elsewhere=broken_elsewhere(partner, disclosures), shown=lines(visit, timeline, part.items),
            rights=rights_at(items, {one.log_number for one in documents}),
            complaint=complaint_at(findings, disclosures),
        )  # fmt: skip


def _add_deletion(router: Router) -> None:
    @router.get("/activity/entry/{number:int}/delete")
    async def ask(visit: Inside, number: int) -> Response:
        timeline, item = entry_line(visit, number)
        disclosure = visit.wallet.cockpit.of_entry(number)
        return visit.page(
            "activity_entry_delete.html", item=item, disclosure=disclosure,
            evidence=evidence_of(visit, item) or request_of_entry(visit, item),
            shown=lines(visit, timeline, [item]),
        )  # fmt: skip

    @router.post("/activity/entry/{number:int}/delete")
    async def delete(visit: Inside, number: int) -> Response:
        await visit.form()
        await visit.run(visit.wallet.cockpit.delete_entry(number))
        return tell(visit, Done.ENTRY_DELETED)

    @router.get("/activity/entry/{number:int}/key")
    async def ask_key(visit: Inside, number: int) -> Response:
        timeline, item = entry_line(visit, number)
        disclosure = disclosure_of(visit, number)
        return visit.page("activity_key.html", item=item, disclosure=disclosure, shown=lines(visit, timeline, [item]))

    @router.post("/activity/entry/{number:int}/key")
    async def drop(visit: Inside, number: int) -> Response:
        await visit.form()
        await visit.run(visit.wallet.cockpit.drop_key(disclosure_of(visit, number)))
        return redirect(f"/activity/entry/{number}")


def signed_objects(disclosure: Disclosure) -> JsonObject:
    """Everything that was signed about one answer, as it was signed; no value of a claim is in it."""
    receipt = disclosure.receipt
    return {
        "request": disclosure.sent.request,
        "registration_certificate": disclosure.sent.registration,
        "receipt": receipt.raw if receipt is not None else "",
        "receipt_findings": list[JsonValue](receipt.findings) if receipt is not None else [],
        "usage_reports": [report.raw for report in disclosure.usage.reports],
        "usage_findings": [
            {"rule": one.rule, "found_at": one.at, "entries": list[JsonValue](one.entries), "who": one.who}
            for one in disclosure.usage.findings
        ],
        # Requests are left out: the user's own words are in them, and may say anything
        "rights_statuses": [kept.raw for asked in disclosure.rights for kept in asked.statuses],
    }


def _entry_page(visit: Visit, number: int, looked: Looked | None) -> Response:
    timeline, item = entry_line(visit, number)
    items = timeline.of_entry(number)
    disclosure = visit.wallet.cockpit.of_entry(number)
    now = visit.wallet.context.now()
    asked = request_of_entry(visit, item)
    return visit.page(
        "activity_entry.html", item=item, items=[one for one in items if one is not item], disclosure=disclosure,
        looked=looked, receipt=receipt_of(disclosure) if disclosure is not None else None,
        absence=absence_of(disclosure, now) if disclosure is not None else None,
        held=held_by_partner([disclosure], now) if disclosure is not None else (),
        witnessed=disclosure is not None and visit.wallet.cockpit.collecting.witnessed(disclosure) is not None,
        partner=timeline.partner(number), evidence=evidence_of(visit, item), shown=lines(visit, timeline, [item]),
        signed=asked is not None and asked_by_evidence(asked) is not None,
    )  # fmt: skip


async def _look(visit: Visit, disclosure: Disclosure, looking: Callable[[Disclosure], Exchange[Looked]]) -> Looked:
    """Ask about an answer. A full disk is no reason not to show what is known."""
    try:
        return await visit.run(looking(disclosure), WhenLocked.NOT_DONE, WhenLocked.DONE)
    except LockedMeanwhile:
        raise
    except Unavailable:
        return Looked(visit.wallet.cockpit.collecting.current(disclosure) or disclosure, kept=False)


def entry_line(visit: Visit, number: int) -> tuple[Timeline, Item]:
    """The timeline, and the line of an entry of the log.

    Raises:
        NotFound: there is no such entry, or the list is not to be believed.
    """
    timeline = timeline_of(visit)
    if timeline is not None:
        for item in timeline.of_entry(number):
            if item.what is None:
                return timeline, item
    raise NotFound("there is no such entry")


def _partner(visit: Visit, number: int) -> tuple[Timeline, PartnerMet]:
    timeline, _ = entry_line(visit, number)
    met = timeline.partner(number)
    if met is None:
        raise NotFound("this entry is about nobody")
    return timeline, met


def disclosure_of(visit: Visit, number: int) -> Disclosure:
    """What belongs to an entry.

    Raises:
        NotFound: nothing does.
    """
    disclosure = visit.wallet.cockpit.of_entry(number)
    if disclosure is None:
        raise NotFound("this partner announced no receipts for this entry")
    return disclosure


def _disclosures(visit: Visit, timeline: Timeline, met: PartnerMet) -> list[Disclosure]:
    own = {number for number, key in timeline.by_number.items() if key == met.key}
    return [one for one in visit.wallet.cockpit.disclosures() if one.log_number in own]


def evidence_of(visit: Visit, item: Item) -> Evidence | None:
    """The proof that somebody asked for what they may not, if that is what an entry is about."""
    if not item.entry.request:
        return None
    return next((one for one in visit.wallet.context.store.evidence() if one.id == item.entry.request), None)


def request_of_entry(visit: Visit, item: Item) -> KeptRequest | None:
    """What was asked in an entry, where it was kept: the user gave something without a receipt, or said no."""
    if not item.entry.request:
        return None
    return next((one for one in visit.wallet.context.store.requests() if one.id == item.entry.request), None)


def _last(items: Sequence[Item]) -> Item | None:
    """The newest line of the log about somebody, which says why they were trusted then."""
    return next((item for item in items if item.what is None), None)


def letter_file(letter: Letter) -> Response:
    """A letter as a text file, for whoever writes it on in another program."""
    headers = {"content-disposition": 'attachment; filename="letter.txt"', "cache-control": NO_STORE}
    text = f"{letter.subject}\n\n{letter.body}\n"
    return Response(text, media_type="text/plain; charset=utf-8", headers=headers)


def download(name: str, content: JsonObject) -> Response:
    """A file of ours, in JSON."""
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": NO_STORE}
    return Response(encode_json(content), media_type="application/json", headers=headers)
