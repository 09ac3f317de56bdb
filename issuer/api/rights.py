"""Requests about rights for the agency's own systems: which wait, about whom, and files for the answer. Clerks answer them."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Query, Security
from pydantic import BaseModel, Field, JsonValue

from capabilities.cockpit.clerks import MAX_ID, check_found
from capabilities.cockpit.files_api import FileShown, add_files, shown
from capabilities.cockpit.rights_case import RightsCase
from issuer.api.bodies import KEY, Actor, keyholder
from issuer.service import Issuer
from protocol.sovereignty.claims import write_claims_by_query
from runtime.driver import Driver
from runtime.routes import Router


class RightsInList(BaseModel):
    """A request, without what the citizen wrote."""

    id: str
    receipt_id: str = Field(description="of the document that it is about")
    right: str = Field(
        description="withdraw_consent, access, rectification, erasure, restriction, portability, objection or human_review"
    )
    state: str = Field(description="working, extended, done or refused")
    received_at: int = Field(description="epoch seconds")
    due: int = Field(description="epoch seconds: by when the citizen has to have an answer")


class RightsList(BaseModel):
    """Requests: those that wait by their due date, those that have ended from the latest."""

    requests: list[RightsInList]
    after: str | None = Field(description="ask again with this to get more; null: there are none")


class RightsWhole(RightsInList):
    """A request with what it asks."""

    subject: str | None = Field(description="the person's id in the register; null: nobody knows any more")
    claims: dict[str, JsonValue] = Field(description="credential configuration id → paths that it is about")
    text: str = Field(description="in the citizen's own words; empty: none")
    latest_due: int = Field(description="epoch seconds: it cannot be put off beyond that")
    files: list[FileShown] = Field(description="that were added one by one, and go out with the next answer")


def add_rights(router: Router, issuer: Issuer, driver: Driver) -> None:
    """Everything about requests."""
    desk = issuer.rights

    @router.get("/rights")
    async def requests(
        _: Actor,
        state: Literal["open", "ended"] = "open",
        after: Annotated[str, Query(max_length=MAX_ID)] = "",
    ) -> RightsList:
        """Requests that wait for an answer, what is due first first; or those that have ended."""
        found, last = check_found(await driver.run(desk.listed(is_open=state == "open", after=after)))
        return RightsList(requests=[_listed(case) for case in found], after=last or None)

    @router.get("/rights/{request}")
    async def one(request: str, by: Actor) -> RightsWhole:
        """A request with what it asks; that you looked is written down, and the citizen reads it while it waits."""
        found = await driver.run(desk.read(request, actor=by))
        document = found.held.document
        return RightsWhole(
            **_listed(found.case).model_dump(),
            subject=(document.subject or None) if document is not None else None,
            claims=write_claims_by_query(found.claims),
            text=found.text,
            latest_due=found.latest_due,
            files=shown(found.files, found.sent),
        )

    add_files(router, desk, driver, keyholder, [Security(KEY)])


def _listed(case: RightsCase) -> RightsInList:
    return RightsInList(
        id=case.id,
        receipt_id=case.receipt,
        right=case.status.right.value,
        state=case.status.state.value,
        received_at=case.received_at,
        due=case.status.due,
    )
