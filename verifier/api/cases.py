"""Cases for the agency's own systems: listed, read, decided, erased, with a key of `hoheit verifier case-key`."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Depends, Query, Request
from fastapi.security import HTTPBearer
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from protocol.encoding import JsonObject
from protocol.errors import InvalidRequest, raised_as
from protocol.fields import Fields
from runtime.api_keys import find_api_key
from runtime.asgi import bearer_key
from runtime.driver import Driver
from runtime.routes import Router
from verifier.api.partner import ActingBody, acting_body
from verifier.once_only.case import MAX_TEXT, Case, CaseListed
from verifier.once_only.sent import MAX_OFFER, Decision
from verifier.service import Verifier
from verifier.service.cases import SYSTEM, check_found

MAX_ID = 64  # characters


class CaseInList(BaseModel):
    """A case, without what is in it."""

    id: str
    service: str
    state: str = Field(description="received, needs_more, granted or refused")
    sent_at: int = Field(description="epoch seconds")
    due_at: int | None = Field(description="epoch seconds: by when you want to answer; null: you do not say, or have")
    keep_until: int = Field(description="epoch seconds: then it is erased")


class CaseList(BaseModel):
    """Cases, newest first."""

    cases: list[CaseInList]
    before: str | None = Field(description="ask again with this to get older ones; null: there are none")


class CaseWhole(CaseInList):
    """A case with all that was sent."""

    fields: list[dict[str, JsonValue]] = Field(
        description="name, title, value, and basis: attested (with document, issuer, shown_at, and the citizen's remark if "
        "they say that it is wrong), stated, or earlier (stated to another service before)"
    )
    acting: ActingBody | None = Field(description="who sent it for whom; null: everybody for themselves")
    text: str = Field(description="what the citizen was told")
    offer: str = Field(description="link by which their wallet fetches what the outcome gives")
    page: str = Field(description="where the citizen sees how it stands; whoever has the address sees it")


class DecisionBody(BaseModel):
    """How a case ends, or what is missing."""

    model_config = ConfigDict(extra="forbid")

    state: Literal["needs_more", "granted", "refused"]
    text: str = Field(default="", max_length=MAX_TEXT, description="in plain words, for the citizen")
    offer: str = Field(default="", max_length=MAX_OFFER, description="with granted: a credential offer, as a link")


async def case_reader(request: Request) -> str:
    """What the key of a request is for.

    Raises:
        Unauthorized: no good key.
    """
    state = request.app.state
    found = await state.driver.run(find_api_key(state.verifier.context.store.case_keys, bearer_key(request)))
    return str(found.name)


Reader = Annotated[str, Depends(case_reader)]


def case_api(verifier: Verifier, driver: Driver) -> Router:
    """Everything about cases."""
    described = HTTPBearer(auto_error=False, description="a key of `hoheit verifier case-key`")
    router = Router(prefix="/api", tags=["cases"], dependencies=[Depends(described)])
    cases = verifier.cases

    @router.get("/cases")
    async def listed(
        _: Reader,
        state: Literal["open", "decided"] = "open",
        service: Annotated[str, Query(max_length=MAX_ID)] = "",
        before: Annotated[str, Query(max_length=MAX_ID)] = "",
    ) -> CaseList:
        """Cases that wait for you, or that are decided, newest first."""
        found = await driver.run(cases.listed(is_open=state == "open", service=service, before=before))
        shown, last = check_found(found)
        return CaseList(cases=[_listed(one) for one in shown], before=last or None)

    @router.get("/cases/{case}")
    async def one(case: str, by: Reader) -> CaseWhole:
        """A case with all that was sent; that you looked is written down."""
        found = await driver.run(cases.open(case, actor=by, role=SYSTEM))
        return CaseWhole(
            **_case(found.case).model_dump(),
            fields=[line.to_dict() for line in found.lines],
            acting=acting_body(found.acting),
            text=found.told.text,
            offer=found.told.offer,
            page=cases.own_page(found.case.id),
        )

    @router.post("/cases/{case}/decision")
    async def decide(case: str, body: DecisionBody, by: Reader) -> CaseInList:
        """Say how a case ends, or what is missing."""
        members: JsonObject = {name: value for name, value in body.model_dump().items() if value}
        with raised_as(InvalidRequest):
            decision = Decision.from_fields(Fields(members, "decision"))
        return _case(await driver.run(cases.decide(case, decision, actor=by, role=SYSTEM)))

    @router.delete("/cases/{case}", status_code=204)
    async def erase(case: str, by: Reader) -> None:
        """Erase a case with all that is in it, such as when you keep it elsewhere."""
        await driver.run(cases.erase(case, actor=by, role=SYSTEM))

    return router


def _listed(case: CaseListed) -> CaseInList:
    return CaseInList(
        id=case.id,
        service=case.service,
        state=case.state,
        sent_at=case.sent_at,
        due_at=case.due_at or None,
        keep_until=case.keep_until,
    )


def _case(case: Case) -> CaseInList:
    return CaseInList(
        id=case.id,
        service=case.service,
        state=case.state,
        sent_at=case.sent_at,
        due_at=case.due_at or None,
        keep_until=case.keep_until,
    )
