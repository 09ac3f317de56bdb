"""The witness at the desk: how each partner's usage log stands, what was found, and what shows it."""

from __future__ import annotations

from typing import NamedTuple

from fastapi import Response

from capabilities.accounts.web import Visit
from protocol.encoding import encode_base64url
from registrar.records import Partner
from registrar.service.witness import MAX_PAGE
from registrar.web.operator.desk import Desk
from registrar.web.services import standings
from registrar.witnessed import sight_of


def add_witness(desk: Desk) -> None:
    """The list, and one partner."""
    driver, witness = desk.site.driver, desk.site.registrar.witness
    parties = desk.site.registrar.parties

    async def show(visit: Visit, after: str = "") -> Response:
        partners = await driver.run(witness.partners(after=after))
        identifiers = list(dict.fromkeys(one.identifier for one in partners))
        more = identifiers[-1] if len(identifiers) == MAX_PAGE else ""
        names = {one: (await driver.run(parties.line(one))).trade_name for one in identifiers}
        return desk.show(visit, "witness.html", partners=standings(partners), names=names, more=more)

    @desk.page("/witness")
    async def everybody(visit: Visit) -> Response:
        return await show(visit)

    @desk.page("/witness/after/{identifier:path}")
    async def further(visit: Visit) -> Response:
        return await show(visit, desk.identifier(visit))

    @desk.page("/witness/of/{identifier:path}")
    async def one(visit: Visit) -> Response:
        identifier = desk.identifier(visit)
        cockpits = await driver.run(witness.partner(identifier))
        return desk.show(
            visit,
            "partner.html",
            line=await driver.run(parties.line(identifier)),
            seen=[(shown, _seen(cockpit)) for shown, cockpit in zip(standings(cockpits), cockpits, strict=True)],
        )


class Seen(NamedTuple):
    """What was seen at one cockpit."""

    heads: tuple[tuple[str, int, str], ...]  # log, leaves, root; newest first
    evidence: tuple[str, ...]


def _seen(cockpit: Partner) -> Seen:
    known = sight_of(cockpit)
    heads = [(head.log, head.tree.size, encode_base64url(head.tree.root)) for head in known.witnessed.heads]
    return Seen(tuple(reversed(heads)), known.evidence)
