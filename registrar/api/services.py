"""What operators' own programs call about services and witnessed partners; each route asks for an API key."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Request
from pydantic import BaseModel, Field, JsonValue

from capabilities.registration.party import MAX_NAME
from protocol.sovereignty.service import MAX_ID
from registrar.api.applicants import ServiceAnswer, service_answer
from registrar.api.operators import Actor, operator, read_operator_body
from registrar.records import Partner, ServiceLine
from registrar.service import Registrar
from registrar.session import MAX_REASON, proposal_id
from registrar.store import ServiceFilter
from registrar.witnessed import sight_of
from runtime.driver import Driver
from runtime.routes import Router

Service = Annotated[str, Query(min_length=1, max_length=MAX_ID)]


class ServiceLineAnswer(ServiceAnswer):
    """A service as operators see it."""

    party: str = Field(description="identifier of whoever offers it")
    proposal: str = Field(description="say it in `approve` and `refuse`: what is decided on is what was read")
    problems: list[str] = Field(description="what the checks say now of what waits")
    changed_at: int = Field(description="epoch seconds")


class PartnerAnswer(BaseModel):
    """A cockpit of a partner, whose usage logs are witnessed; a partner may have several."""

    identifier: str
    cockpit_endpoint: str
    active: bool = Field(description="looked at every hour")
    heads: list[dict[str, JsonValue]] = Field(description="log, tree_size, root")
    broken_since: int | None = Field(description="epoch seconds: since then it is known to have changed its past")
    evidence: list[str] = Field(description="two signed heads, and a proof that does not hold")
    looked_at: int = Field(description="epoch seconds, 0: never")
    reached_at: int = Field(description="epoch seconds, of the last look that found nothing wrong")
    finding: str


def service_api(registrar: Registrar, driver: Driver) -> Router:
    """Everything about services and witnessed partners."""
    router = Router(prefix="/api", tags=["operators"])
    _add_services(router, registrar, driver)
    _add_partners(router, registrar, driver)
    return router


def _add_services(router: Router, registrar: Registrar, driver: Driver) -> None:
    offerings = registrar.offerings

    async def answer(line: ServiceLine) -> ServiceLineAnswer:
        problems = await driver.run(offerings.problems(line))
        return ServiceLineAnswer(
            **service_answer(line.offering).model_dump(),
            party=line.party,
            proposal=proposal_id(line.offering.proposed),
            problems=[problem.sentence for problem in problems],
            changed_at=line.changed_at,
        )

    async def decided(service: str) -> ServiceLineAnswer:
        return await answer(await driver.run(offerings.line(service)))

    @router.get("/services", dependencies=[Depends(operator)])
    async def services(
        waiting: bool = False,
        party: Annotated[str | None, Query(max_length=MAX_NAME)] = None,
        after: Annotated[str, Query(max_length=MAX_ID)] = "",
    ) -> list[ServiceLineAnswer]:
        """Services in the order of their ids, at most 100 at once."""
        wanted = ServiceFilter(party=party, waiting=waiting)
        return [await answer(line) for line in await driver.run(offerings.search(wanted, after=after))]

    @router.post("/services/approve")
    async def approve(by: Actor, service: Service, request: Request) -> ServiceLineAnswer:
        """Put what waits into the catalogue."""
        proposal = (await read_operator_body(request)).text("proposal")
        await driver.run(offerings.approve(service, proposal, by))
        return await decided(service)

    @router.post("/services/refuse")
    async def refuse(by: Actor, service: Service, request: Request) -> ServiceLineAnswer:
        """Say no, and why."""
        body = await read_operator_body(request)
        proposal, reason = body.text("proposal"), body.text("reason", max_length=MAX_REASON)
        await driver.run(offerings.refuse(service, proposal, reason, by))
        return await decided(service)

    @router.post("/services/take-out")
    async def take_out(by: Actor, service: Service, request: Request) -> ServiceLineAnswer:
        """Take it out of the catalogue."""
        reason = (await read_operator_body(request)).text("reason", max_length=MAX_REASON)
        await driver.run(offerings.take_out(service, reason, by))
        return await decided(service)


def _add_partners(router: Router, registrar: Registrar, driver: Driver) -> None:
    @router.get("/partners", dependencies=[Depends(operator)])
    async def partners(after: Annotated[str, Query(max_length=MAX_NAME)] = "") -> list[PartnerAnswer]:
        """Every cockpit of at most 100 partners, in the order of their identifiers."""
        return [_partner(partner) for partner in await driver.run(registrar.witness.partners(after=after))]


def _partner(partner: Partner) -> PartnerAnswer:
    known = sight_of(partner)
    return PartnerAnswer(
        identifier=partner.identifier,
        cockpit_endpoint=partner.cockpit_endpoint,
        active=partner.active,
        heads=[dict(head.to_dict()) for head in known.witnessed.heads],
        broken_since=partner.broken_since,
        evidence=list(known.evidence),
        looked_at=partner.looked_at,
        reached_at=partner.reached_at,
        finding=partner.finding,
    )
