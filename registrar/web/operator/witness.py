"""The witness at the desk: how each partner's usage log stands, what was found, and what shows it."""

from __future__ import annotations

from fastapi import Response

from capabilities.accounts.web import Visit
from protocol.encoding import encode_base64url
from registrar.service.witness import MAX_PAGE
from registrar.web.operator.desk import Desk
from registrar.web.services import standing
from registrar.witnessed import sight_of


def add_witness(desk: Desk) -> None:
    """The list, and one partner."""
    driver, witness = desk.site.driver, desk.site.registrar.witness
    parties = desk.site.registrar.parties

    async def show(visit: Visit, after: str = "") -> Response:
        partners = await driver.run(witness.partners(after=after))
        more = partners[-1].identifier if len(partners) == MAX_PAGE else ""
        names = {one.identifier: (await driver.run(parties.line(one.identifier))).trade_name for one in partners}
        return desk.show(visit, "witness.html", partners=[standing(one) for one in partners], names=names, more=more)

    @desk.page("/witness")
    async def everybody(visit: Visit) -> Response:
        return await show(visit)

    @desk.page("/witness/after/{identifier:path}")
    async def further(visit: Visit) -> Response:
        return await show(visit, desk.identifier(visit))

    @desk.page("/witness/of/{identifier:path}")
    async def one(visit: Visit) -> Response:
        partner = await driver.run(witness.partner(desk.identifier(visit)))
        known = sight_of(partner)
        heads = [(head.log, head.tree.size, encode_base64url(head.tree.root)) for head in known.witnessed.heads]
        return desk.show(
            visit,
            "partner.html",
            line=await driver.run(parties.line(partner.identifier)),
            partner=standing(partner),
            heads=list(reversed(heads)),
            evidence=known.evidence,
        )
