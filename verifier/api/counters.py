"""The API for a partner's programs: counters, whose codes are printed and whose results their own pages show."""

from __future__ import annotations

from fastapi import Depends
from fastapi.security import HTTPBearer
from pydantic import BaseModel, ConfigDict, Field

from runtime.driver import Driver
from runtime.routes import Router
from verifier.api.partner import Owner
from verifier.counter import MAX_USE_CASES, CounterRecord
from verifier.service import Verifier
from verifier.service.counters import MAX_NAME


class CounterBody(BaseModel):
    """A place in a shop."""

    model_config = ConfigDict(extra="ignore")

    name: str = Field(max_length=MAX_NAME, description="as clerks call it")
    use_cases: list[str] = Field(max_length=MAX_USE_CASES, description="ids, each of which gets a code of its own")


class CounterCode(BaseModel):
    """One printed code of a counter."""

    use_case: str
    page: str = Field(description="to be printed; the code stays the same until `good_until`")
    uri: str = Field(description="what stands in the code: a link for wallets")
    good_until: int = Field(description="epoch seconds: the end of the access certificate")


class CounterState(BaseModel):
    """A counter."""

    id: str
    name: str
    page: str = Field(description="where browsers that were paired see what is found")
    codes: list[CounterCode]


class Counters(BaseModel):
    """Every counter of an API key."""

    counters: list[CounterState]


class Pairing(BaseModel):
    """By what one more browser may see what is found."""

    url: str = Field(description="to be opened in that browser; the code stands behind its #")
    code: str = Field(description="for whoever types it; good once")
    expires_at: int = Field(description="epoch seconds")


def counter_api(verifier: Verifier, driver: Driver) -> Router:
    """Everything that a partner's programs do with counters; what people answer there, they do not get."""
    described = HTTPBearer(auto_error=False, description="an API key of `hoheit verifier api-key`")
    router = Router(prefix="/api/counters", tags=["counters"], dependencies=[Depends(described)])
    counters = verifier.counters

    @router.post("", status_code=201)
    async def add_counter(body: CounterBody, by: Owner) -> CounterState:
        """Make a counter."""
        return state_of(verifier, await driver.run(counters.add(body.name, body.use_cases, by)))

    @router.get("")
    async def list_counters(by: Owner) -> Counters:
        """The counters of this key."""
        return Counters(counters=[state_of(verifier, record) for record in await driver.run(counters.all(by))])

    @router.delete("/{counter}", status_code=204)
    async def remove_counter(counter: str, by: Owner) -> None:
        """End a counter: its code asks nothing any more, and what stands there is erased."""
        await driver.run(counters.remove((await driver.run(counters.find(counter, by))).id))

    @router.post("/{counter}/pairing", status_code=201)
    async def offer_pairing(counter: str, by: Owner) -> Pairing:
        """Let one more browser see what is found; an earlier link is good no more."""
        record = await driver.run(counters.find(counter, by))
        offer = await driver.run(counters.offer_pairing(record.id))
        return Pairing(url=counters.pairing_link(record, offer.code), code=offer.code, expires_at=offer.expires_at)

    @router.delete("/{counter}/browsers", status_code=204)
    async def unpair(counter: str, by: Owner) -> None:
        """Let no browser see what is found until one is paired anew."""
        await driver.run(counters.unpair((await driver.run(counters.find(counter, by))).id))

    return router


def state_of(verifier: Verifier, record: CounterRecord) -> CounterState:
    """A counter as programs read it."""
    counters = verifier.counters
    page = counters.page(record)
    return CounterState(
        id=record.id,
        name=record.name,
        page=page,
        codes=[
            CounterCode(
                use_case=use_case,
                page=f"{page}/code/{use_case}",
                uri=counters.link(record, use_case),
                good_until=counters.code_ends,
            )
            for use_case in record.use_cases
        ],
    )
