"""A complaint to the authority that watches over a partner: what goes into it, and the file (EUDI TS8)."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import Response

from protocol.errors import Conflict, NotFound
from runtime.routes import Router
from wallet.complaint_words import grounds_of, grounds_of_request
from wallet.disclosure_records import Disclosure
from wallet.policy.cockpit.complaining import (
    MAX_OWN_WORDS,
    Asked,
    Complained,
    Ground,
    asked_by_disclosure,
    asked_by_evidence,
    complain,
)
from wallet.policy.cockpit.disclosed import partner_of
from wallet.policy.cockpit.timeline import Item
from wallet.policy.showing import plain
from wallet.records import Evidence
from wallet.service.cockpit.cockpit import Prepared
from wallet.web.activity import Lines, lines
from wallet.web.cockpit import NO_STORE, entry_line, evidence_of, letter_file, request_of_entry
from wallet.web.room import Inside, Visit, redirect

MAX_CHOICES = 60  # answers among which one can choose: the newest
_EMPTY: Mapping[str, str] = {}


def complaint_pages() -> Router:
    """Every page of complaining."""
    router = Router(include_in_schema=False)

    @router.get("/activity/entry/{number:int}/complaint")
    async def form(visit: Inside, number: int) -> Response:
        return _page(visit, _Case(visit, number))

    @router.post("/activity/entry/{number:int}/complaint")
    async def make(visit: Inside, number: int) -> Response:
        filled = await visit.form()
        case, own_words = _Case(visit, number), filled.get("text", "").strip()
        if len(own_words) > MAX_OWN_WORDS:
            return _page(visit, case, filled, "long")
        chosen = [one for one in case.others if f"answer_{one.log_number}" in filled]
        if case.own is not None:
            chosen.append(case.own)
        try:
            complained = complain(
                case.asked, chosen, case.grounds(chosen), number=number, language=visit.wallet.context.language,
                own_words=own_words, now=visit.wallet.context.now(),
            )  # fmt: skip
        except Conflict:
            return _page(visit, case, filled, "nothing")
        await visit.run(visit.wallet.cockpit.note_prepared(case.item.entry, Prepared.COMPLAINT))
        return redirect(f"/activity/complaint/{visit.shelf.put(complained)}")

    @router.get("/activity/complaint/{shelf}")
    async def made(visit: Inside, shelf: str) -> Response:
        complained = visit.shelf.look(shelf, Complained)
        return visit.page("complaint_made.html", shelf=shelf, made=complained)

    @router.get("/activity/complaint/{shelf}/complaint.json")
    async def file(visit: Inside, shelf: str) -> Response:
        headers = {"content-disposition": 'attachment; filename="complaint.json"', "cache-control": NO_STORE}
        content = visit.shelf.look(shelf, Complained).file
        return Response(content, media_type="application/json", headers=headers)

    @router.get("/activity/complaint/{shelf}/letter.txt")
    async def letter(visit: Inside, shelf: str) -> Response:
        return letter_file(visit.shelf.look(shelf, Complained).complaint.letter)

    return router


class _Case:
    """What somebody could complain about from an entry."""

    def __init__(self, visit: Visit, number: int) -> None:
        timeline, item = entry_line(visit, number)
        self.visit = visit
        self.item: Item = item
        self.number = number
        self.shown: Lines = lines(visit, timeline, [item])
        self.now = visit.wallet.context.now()
        self.own = visit.wallet.cockpit.of_entry(number)
        self.evidence: Evidence | None = evidence_of(visit, item)
        self.asked = self._asked()
        self.others = self._others(visit.wallet.cockpit.disclosures())

    def _asked(self) -> Asked:
        # Of a document nothing was asked: there is its receipt, or nothing
        if self.own is not None and (self.own.sent.request or self.own.receipt is not None):
            return asked_by_disclosure(self.own)
        # They may have been allowed to ask: then it is for the user to say what was wrong
        proof = self.evidence or request_of_entry(self.visit, self.item)
        asked = asked_by_evidence(proof) if proof is not None else None
        if asked is None:
            raise NotFound("nothing that somebody signed is kept of this entry")
        return asked

    def _others(self, disclosures: tuple[Disclosure, ...]) -> tuple[Disclosure, ...]:
        found = [one for one in disclosures if one != self.own and partner_of(one.sent) == self.asked.partner]
        return tuple(found[: -MAX_CHOICES - 1 : -1])

    def grounds(self, chosen: list[Disclosure]) -> list[Ground]:
        """Everything that was found about these answers and this request."""
        found = [ground for one in chosen for ground in grounds_of(one, self.shown.say, self.now)]
        if self.evidence is not None:
            found += grounds_of_request(self.evidence, self.shown.say)
        return found


def _page(visit: Visit, case: _Case, form: Mapping[str, str] = _EMPTY, problem: str = "") -> Response:
    own = [case.own] if case.own is not None else []
    others = [(one, bool([*grounds_of(one, case.shown.say, case.now)])) for one in case.others]
    return visit.page(
        "complaint.html", status=400 if problem else 200, number=case.number, who=plain(case.asked.name), form=form,
        problem=problem, grounds=tuple(dict.fromkeys(one.text for one in case.grounds(own))), others=others,
        shown=case.shown, longest=MAX_OWN_WORDS,
    )  # fmt: skip
