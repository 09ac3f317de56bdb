"""Requests about rights for the partner's own systems: listed, read, put off, refused, done, with a key for cases."""

from __future__ import annotations

from base64 import b64decode
from typing import Annotated, Literal

from fastapi import Depends, Query
from fastapi.security import HTTPBearer
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from capabilities.cockpit.attached import MAX_FILE
from capabilities.cockpit.clerks import MAX_ID, check_found
from capabilities.cockpit.files_api import FileShown, add_files, shown
from capabilities.cockpit.handing_out import Own, Rest
from capabilities.cockpit.rights_case import RightsCase
from protocol.errors import InvalidRequest, raised_as
from protocol.fields import Fields
from protocol.sovereignty.claims import read_claims_by_query, write_claims_by_query
from protocol.sovereignty.rights_status import MAX_KEPT, Kept
from protocol.sovereignty.wording import Wording, read_wording
from runtime.asgi import MAX_BODY
from runtime.driver import Driver
from runtime.routes import Router, large_bodies
from verifier.api.cases import Reader, case_reader
from verifier.service import Verifier
from verifier.usage import By

MAX_FILES_AT_ONCE = 64
MAX_ANSWER = -(-MAX_FILE // 3) * 4 + MAX_BODY  # bytes: the largest file in base64, and everything else


class RightsInList(BaseModel):
    """A request, without what the citizen wrote."""

    id: str
    receipt_id: str = Field(description="of the answer that it is about, as the request's state had it")
    right: str = Field(
        description="withdraw_consent, access, rectification, erasure, restriction, portability, objection or human_review"
    )
    state: str = Field(description="working, extended, done or refused")
    received_at: int = Field(description="epoch seconds")
    due: int = Field(description="epoch seconds: by when the citizen has to have an answer")
    reason: str = Field(
        description="why it was not done at once: open_case, duty, elsewhere, part, no_consent, identifies, in_case, "
        "no_fit, again (the citizen is asked to show the data once more), not_same (and showed others), answer (it goes out "
        "by itself), rest (a part was handed out) or clerk; empty: it was"
    )


class RightsList(BaseModel):
    """Requests: those that wait by their due date, those that have ended from the latest."""

    requests: list[RightsInList]
    after: str | None = Field(description="ask again with this to get more; null: there are none")


class AddresseeShown(BaseModel):
    """Who got the data."""

    name: str
    identifier: str | None


class RightsWhole(RightsInList):
    """A request with what it asks."""

    claims: dict[str, JsonValue] = Field(description="query id → paths that it is about")
    text: str = Field(description="in the citizen's own words; empty: none")
    recipients_to_tell: list[AddresseeShown] = Field(
        description="who got the data by the usage log, and was not told of a change since"
    )
    latest_due: int = Field(description="epoch seconds: it cannot be put off beyond that")
    files: list[FileShown] = Field(description="that were added one by one, and go out with the next answer")


class ExtensionBody(BaseModel):
    """A later date, said before the first one has passed."""

    model_config = ConfigDict(extra="forbid")

    why: dict[str, str] = Field(description="language → text, for the citizen")
    due: int = Field(description="epoch seconds, at most three months after the request came")


class RefusalBody(BaseModel):
    """A no. The citizen is told where to complain, too."""

    model_config = ConfigDict(extra="forbid")

    why: dict[str, str] = Field(description="language → text, for the citizen; it names the provision")


class DoneBody(BaseModel):
    """A yes: you did what was asked, and what is here is done with it now."""

    model_config = ConfigDict(extra="forbid")

    recipients_told: bool = Field(default=False, description="whoever got the data was told")


class FileBody(BaseModel):
    """A file for the citizen."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(description="a plain file name, at most 256 characters")
    type: str = Field(description="media type")
    content: str = Field(description="base64, of at most 10 MB")


class KeptBody(BaseModel):
    """Data that you do not hand out."""

    model_config = ConfigDict(extra="forbid")

    claims: dict[str, JsonValue] = Field(description="query id → paths, within those of the request's receipt")
    why: dict[str, str] = Field(description="language → text, for the citizen; it names the provision")


class AnswerBody(BaseModel):
    """The data itself: what is held here goes by itself, what you hold goes in files. One body has at most 14 MB.

    More than one large file is added one by one before.
    """

    model_config = ConfigDict(extra="forbid")

    identity_checked: bool = Field(
        default=False, description="you made sure otherwise who asks; not needed if the same data was shown once more"
    )
    files: list[FileBody] = Field(default=[], max_length=MAX_FILES_AT_ONCE)
    kept: list[KeptBody] = Field(default=[], max_length=MAX_KEPT)
    categories: dict[str, str] | None = Field(default=None, description="language → what kind of data, Art. 15(1)(b)")
    source: dict[str, str] | None = Field(default=None, description="language → where it came from, Art. 15(1)(g)")
    automated_decisions: dict[str, str] | None = Field(
        default=None,
        description="language → what machines decide, Art. 15(1)(h); needed for access where you have the data too",
    )
    rest: ExtensionBody | None = Field(
        default=None,
        description="this is a part, and by when the rest follows and why; what is kept back then is only not in this part",
    )

    def own(self) -> Own:
        """What you add.

        Raises:
            InvalidRequest: a text or a claim has the wrong shape.
        """
        with raised_as(InvalidRequest):
            kept = [
                Kept(read_claims_by_query(Fields({"claims": each.claims}, "kept"), "claims"), _wording(each.why))
                for each in self.kept
            ]
        files = [(each.name, each.type, _bytes(each.content)) for each in self.files]
        said = (self.categories, self.source, self.automated_decisions)
        categories, source, decisions = [_wording(text) if text is not None else () for text in said]
        rest = Rest(_wording(self.rest.why), self.rest.due) if self.rest is not None else None
        return Own(tuple(files), tuple(kept), categories, source, decisions, rest)


def rights_api(verifier: Verifier, driver: Driver) -> Router:
    """Everything about requests."""
    described = HTTPBearer(auto_error=False, description="a key of `hoheit verifier case-key`")
    router = Router(prefix="/api", tags=["rights"], dependencies=[Depends(described)])
    desk = verifier.rights

    @router.get("/rights")
    async def listed(
        _: Reader,
        state: Literal["open", "ended"] = "open",
        after: Annotated[str, Query(max_length=MAX_ID)] = "",
    ) -> RightsList:
        """Requests that wait for you, what is due first first; or those that have ended."""
        found, last = check_found(await driver.run(desk.listed(is_open=state == "open", after=after)))
        return RightsList(requests=[_listed(case) for case in found], after=last or None)

    @router.get("/rights/{request}")
    async def one(request: str, by: Reader) -> RightsWhole:
        """A request with what it asks; that you looked is written down."""
        found = await driver.run(desk.open(request, actor=by))
        return RightsWhole(
            **_listed(found.case).model_dump(),
            claims=write_claims_by_query(found.claims),
            text=found.text,
            recipients_to_tell=[AddresseeShown(name=to.name, identifier=to.identifier) for to in found.held.untold],
            latest_due=found.latest_due,
            files=shown(found.files, found.sent),
        )

    @router.post("/rights/{request}/extension")
    async def extend(request: str, body: ExtensionBody, by: Reader) -> RightsInList:
        """Put an answer off, by two months at most, and say why (GDPR Art. 12(3))."""
        return _listed(await driver.run(desk.extend(request, _wording(body.why), body.due, actor=by)))

    @router.post("/rights/{request}/refusal")
    async def refuse(request: str, body: RefusalBody, by: Reader) -> RightsInList:
        """Refuse, and name the provision (GDPR Art. 12(4))."""
        return _listed(await driver.run(desk.refuse(request, _wording(body.why), actor=by)))

    @router.post("/rights/{request}/done")
    async def done(request: str, body: DoneBody, by: Reader) -> RightsInList:
        """Say that it is done. What this verifier holds is erased with it where erasing was asked."""
        told = body.recipients_told
        return _listed(await driver.run(desk.done(request, place=By.PROGRAM, told=told, actor=by)))

    async def answer(request: str, body: AnswerBody, by: Reader) -> RightsInList:
        """Answer access or portability with the data itself, encrypted to the citizen who asked."""
        handed = desk.hand_out(request, body.own(), sure=body.identity_checked, place=By.PROGRAM, actor=by)
        return _listed(await driver.run(handed))

    large = large_bodies(case_reader, MAX_ANSWER)
    router.add_api_route("/rights/{request}/answer", answer, methods=["POST"], route_class_override=large)
    add_files(router, desk, driver, case_reader)
    return router


def _bytes(text: str) -> bytes:
    try:
        content = b64decode(text, validate=True)
    except ValueError as error:
        raise InvalidRequest("files.content: must be base64") from error
    if len(content) > MAX_FILE:
        raise InvalidRequest(f"files.content: has more than {MAX_FILE} bytes")
    return content


def _wording(texts: dict[str, str]) -> Wording:
    with raised_as(InvalidRequest):
        return read_wording(Fields({"why": dict(texts)}, "body"), "why")


def _listed(case: RightsCase) -> RightsInList:
    return RightsInList(
        id=case.id,
        receipt_id=case.receipt,
        right=case.status.right.value,
        state=case.status.state.value,
        received_at=case.received_at,
        due=case.status.due,
        reason=case.note,
    )
