"""Everybody in the register, and what can be done about one of them: let rest, let go on, remove, revoke a certificate."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import Response

from capabilities.accounts.web import Visit
from capabilities.registration.party import MAX_NAME
from protocol.errors import Conflict, InvalidRequest
from protocol.exchange import Exchange
from registrar.records import PartyLine, PartyState
from registrar.service.parties import MAX_PAGE, standing_of
from registrar.session import MAX_REASON, Stage, party_of
from registrar.sheet import sheet
from registrar.store import PartyFilter, ServiceFilter
from registrar.web.operator.desk import Desk
from registrar.web.operator.services import named
from registrar.web.services import standings
from runtime.languages import language_of
from runtime.pages import redirect

LAST_LINES = 20  # of the history, on a party's page
# What can be done to a party where it stands
DEEDS = {
    PartyState.REGISTERED: ("suspend", "remove"),
    PartyState.SUSPENDED: ("resume", "remove"),
}


def add_register(desk: Desk) -> None:
    """The list, one party, and the deeds."""
    _add_list(desk)
    _add_party(desk)
    _add_deeds(desk)
    _add_certificates(desk)


def _add_list(desk: Desk) -> None:
    driver, parties = desk.site.driver, desk.site.registrar.parties

    def show(visit: Visit, lines: tuple[PartyLine, ...], words: str = "") -> Response:
        more = lines[-1].identifier if len(lines) == MAX_PAGE else ""
        return desk.show(visit, "parties.html", lines=lines, searched=words, more=more)

    @desk.page("/parties")
    async def everybody(visit: Visit) -> Response:
        return show(visit, await driver.run(parties.search(PartyFilter())))

    @desk.page("/parties/after/{identifier:path}")
    async def go_on(visit: Visit) -> Response:
        return show(visit, await driver.run(parties.search(PartyFilter(), after=desk.identifier(visit))))

    @desk.question("/parties")
    async def search(visit: Visit) -> Response:
        words = " ".join(visit.form.get("words", "").split())[:MAX_NAME]
        return show(visit, await driver.run(parties.search(PartyFilter(words=words))), words)


def _add_party(desk: Desk) -> None:
    driver, parties = desk.site.driver, desk.site.registrar.parties
    offerings = desk.site.registrar.offerings

    @desk.page("/parties/{identifier:path}")
    async def party(visit: Visit) -> Response:
        identifier = desk.identifier(visit)
        line = await driver.run(parties.line(identifier))
        stage = await driver.run(parties.stage(identifier))
        shown = party_of(line.document or line.proposed)
        cockpits = await driver.run(desk.site.registrar.witness.find(identifier))
        return desk.show(
            visit,
            "party.html",
            line=line,
            standing=standing_of(stage),
            sections=sheet(shown, language_of(visit.request)),
            given=await driver.run(parties.certificates_of(identifier)),
            lines=await driver.run(parties.audit(limit=LAST_LINES, subject=identifier)),
            deeds=DEEDS.get(line.state, ()),
            services=named(visit, await driver.run(offerings.search(ServiceFilter(party=identifier)))),
            cockpits=standings(cockpits),
        )


def _add_deeds(desk: Desk) -> None:
    driver, parties = desk.site.driver, desk.site.registrar.parties

    async def confirm(visit: Visit, deed: str, problem: str = "", *, status: int = 200) -> Response:
        line = await driver.run(parties.line(desk.identifier(visit)))
        if deed not in DEEDS.get(line.state, ()):
            raise Conflict("this cannot be done to this party now")
        reason = visit.form.get("reason", "")[:MAX_REASON]
        return desk.show(visit, "deed.html", status=status, line=line, deed=deed, reason=reason, problem=problem)

    def add(deed: str, work: Callable[[str, str, str], Exchange[Stage]]) -> None:
        @desk.page(f"/{deed}/{{identifier:path}}")
        async def ask(visit: Visit) -> Response:
            return await confirm(visit, deed)

        @desk.deed(f"/{deed}/{{identifier:path}}")
        async def do(visit: Visit) -> Response:
            identifier = desk.identifier(visit)
            try:
                await driver.run(work(identifier, visit.form.get("reason", ""), visit.clerk.clerk))
            except InvalidRequest as error:
                return await confirm(visit, deed, "reason", status=error.status)
            return redirect(desk.link("parties", identifier))

    add("suspend", parties.suspend)
    add("resume", lambda identifier, _, actor: parties.resume(identifier, actor))
    add("remove", parties.remove)


def _add_certificates(desk: Desk) -> None:
    driver, certificates = desk.site.driver, desk.site.registrar.certificates

    @desk.page("/certificates/{certificate}/revoke")
    async def ask(visit: Visit) -> Response:
        found = await driver.run(certificates.find(visit.request.path_params["certificate"]))
        line = await driver.run(desk.site.registrar.parties.line(found.party))
        return desk.show(visit, "revoke.html", certificate=found, line=line)

    @desk.deed("/certificates/{certificate}/revoke")
    async def revoke(visit: Visit) -> Response:
        ended = await driver.run(certificates.revoke(visit.request.path_params["certificate"], visit.clerk.clerk))
        return redirect(desk.link("parties", ended.party))
