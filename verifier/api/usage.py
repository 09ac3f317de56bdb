"""The API by which a partner's own systems say what they did with an answer. Its shape is stable (OpenAPI)."""

from __future__ import annotations

from fastapi import Depends
from fastapi.security import HTTPBearer
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from protocol.sovereignty.usage import MAX_NAME
from runtime.driver import Driver
from runtime.routes import Router
from verifier.api.partner import Owner
from verifier.service import Verifier
from verifier.service.partner_usage import Happened

MAX_ID = 256  # characters


class AddresseeBody(BaseModel):
    """Who got data, or was told of a change."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=MAX_NAME, description="the organisation itself, or the role of a private person")
    identifier: str | None = Field(
        default=None, max_length=1024, description="as registered; never of a private person"
    )


class UsageBody(BaseModel):
    """One use. It names data and never says what they are."""

    model_config = ConfigDict(extra="forbid")

    receipt_id: str = Field(default="", max_length=MAX_ID, description="as the request's state had it")
    request_id: str = Field(default="", max_length=MAX_ID, description="instead, as long as the answer is here")
    action: str = Field(
        max_length=64,
        description="viewed, used, decided, forwarded, recipient_told, corrected, restricted, erased, kept or refused",
    )
    by: str = Field(
        max_length=MAX_NAME, description="a role or a system, such as `clerk, family benefits`; never a name"
    )
    claims: dict[str, list[list[JsonValue]]] | None = Field(
        default=None, description="query id → paths, as in the request; by default all that came"
    )
    why: dict[str, str] | None = Field(
        default=None, description="language → text; by default the purpose for which the data was asked"
    )
    to: AddresseeBody | None = Field(default=None, description="needed for forwarded and recipient_told")
    delayed: dict[str, str] | None = Field(default=None, description="language → the law that forbade telling earlier")
    at: int | None = Field(default=None, description="epoch seconds: when it happened; by default now")


def usage_api(verifier: Verifier, driver: Driver) -> Router:
    """The one route; it asks for an API key."""
    described = HTTPBearer(auto_error=False, description="an API key of `hoheit verifier api-key`")
    router = Router(prefix="/api", tags=["partner"], dependencies=[Depends(described)])

    @router.post("/usage", status_code=204)
    async def log_usage(body: UsageBody, by: Owner) -> None:
        """Say what was done with an answer; the person who gave it can read that, and you cannot take it back.

        Of uses that differ only in their time, the first in an hour is written: with `at`, sending again changes nothing.
        """
        use = body.model_dump(exclude={"receipt_id", "request_id"}, exclude_none=True)
        await driver.run(verifier.partner_usage.log(Happened(by, use, body.receipt_id, body.request_id)))

    return router
