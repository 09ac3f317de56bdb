"""The API by which the register behind an issuer says what was done with somebody's data. Its shape is stable (OpenAPI)."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends
from pydantic import BaseModel, ConfigDict, Field

from issuer.api.bodies import Actor, Subject, described, read_body
from issuer.service import Issuer
from issuer.service.told_uses import Told
from protocol.sovereignty.usage import MAX_NAME
from runtime.driver import Driver
from runtime.routes import Router

MAX_PLACES = 200
MAX_STEPS = 20  # of one place


class AddresseeBody(BaseModel):
    """Who got data, or was told of a change."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=MAX_NAME, description="the organisation itself, or the role of a private person")
    identifier: str | None = Field(
        default=None, max_length=1024, description="as registered; never of a private person"
    )


class UsageBody(BaseModel):
    """One use of what the register has about a person. It names data and never says what they are."""

    model_config = ConfigDict(extra="forbid")

    subject: Subject = Field(description="the person's id in the register")
    action: str = Field(
        max_length=64,
        description="viewed, used, decided, forwarded, recipient_told, corrected, restricted, erased, kept or refused",
    )
    by: str = Field(
        max_length=MAX_NAME, description="a role or a system, such as `clerk, registry office`; never a name"
    )
    why: dict[str, str] = Field(description="language → text, as the person reads it")
    places: list[Annotated[list[str], Field(min_length=1, max_length=MAX_STEPS)]] | None = Field(
        default=None,
        max_length=MAX_PLACES,
        description='where in the person\'s record, such as `["address"]`; by default all of it',
    )
    to: AddresseeBody | None = Field(default=None, description="needed for forwarded and recipient_told")
    delayed: dict[str, str] | None = Field(default=None, description="language → the law that forbade telling earlier")
    at: int | None = Field(default=None, description="epoch seconds: when it happened; by default now")


def add_usage(router: Router, issuer: Issuer, driver: Driver) -> None:
    """The one route."""

    @router.post("/usage", status_code=204, openapi_extra=described(UsageBody))
    async def log_usage(_: Actor, body: Annotated[UsageBody, Depends(read_body(UsageBody))]) -> None:
        """Say what was done with a person's data; they can read that with each of their documents, and it cannot be taken back.

        Of uses that differ only in their time, the first in an hour is written: with `at`, sending again changes nothing.
        """
        use = body.model_dump(exclude={"subject", "places"}, exclude_none=True)
        places = None if body.places is None else tuple([tuple(place) for place in body.places])
        await driver.run(issuer.told_uses.log(Told(body.subject, use, places)))
