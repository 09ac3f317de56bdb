"""The register's part of the administration API: people are put in, changed and taken out, and their documents follow."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from issuer.api.bodies import Actor, Subject, described, read_body
from issuer.register import MAX_RECORD
from issuer.renewal import Fate
from issuer.service import Issuer
from issuer.service.changes import Consequence, patched
from protocol.exchange import Exchange
from runtime.driver import Driver
from runtime.routes import Router

MAX_PEOPLE = 1000  # in one request
MAX_PEOPLE_BODY = 4 << 20  # bytes
MAX_PATCH = MAX_RECORD + 4096  # bytes
PREVIEW = "say what would become of the documents, and change nothing"


class PeopleBody(BaseModel):
    """People by their id in the register, with all that it shall know of them."""

    model_config = ConfigDict(extra="ignore", strict=True)

    people: dict[Subject, dict[str, JsonValue]] = Field(min_length=1, max_length=MAX_PEOPLE)


class PeopleKept(BaseModel):
    """Whom the register knows otherwise than before; their documents are looked at."""

    changed: list[str]


class PatchBody(BaseModel):
    """What is different now (JSON merge patch, RFC 7396): null takes a value away."""

    model_config = ConfigDict(extra="ignore", strict=True)

    subject: Subject
    record: dict[str, JsonValue]
    preview: bool = Field(default=False, description=PREVIEW)


class GoneBody(BaseModel):
    """Who is not in the register any more: they moved away, or died."""

    model_config = ConfigDict(extra="ignore", strict=True)

    subject: Subject
    preview: bool = Field(default=False, description=PREVIEW)


class ToldBody(BaseModel):
    """About whom a register that is elsewhere has changed."""

    model_config = ConfigDict(extra="ignore", strict=True)

    subjects: list[Subject] = Field(min_length=1, max_length=MAX_PEOPLE)


class DocumentFate(BaseModel):
    """What becomes of one document; which of its values are why, and never what they are."""

    credential_configuration_id: str
    credential_id: str
    fate: Fate = Field(
        description="same; stays (otherwise, and may); replaced (holds until the wallet has another one, or until ends_at); "
        "at once (ends now, the wallet can have another one); ended (for ever)"
    )
    changed: list[list[str]] = Field(description="claims paths")
    ends_at: int = Field(description="epoch seconds, of what is replaced; else 0")


def add_people(router: Router, issuer: Issuer, driver: Driver) -> None:
    """The routes. Ids stand in bodies: addresses are written down in many places."""
    changes = issuer.changes

    @router.post("/people", openapi_extra=described(PeopleBody))
    async def put_people(
        by: Actor, body: Annotated[PeopleBody, Depends(read_body(PeopleBody, MAX_PEOPLE_BODY))]
    ) -> PeopleKept:
        """Put people into the register, or replace what it knows of them."""
        return PeopleKept(changed=list(await driver.run(changes.put(body.people, by))))

    @router.patch("/people", openapi_extra=described(PatchBody))
    async def patch(
        by: Actor, body: Annotated[PatchBody, Depends(read_body(PatchBody, MAX_PATCH))]
    ) -> list[DocumentFate]:
        """Change what the register knows of a person: they moved, or have another name."""
        preview, change = _patch_preview(issuer, body), changes.patch(body.subject, body.record, by)
        return [_fate(one) for one in await driver.run(preview if body.preview else change)]

    @router.post("/people/gone", openapi_extra=described(GoneBody))
    async def gone(by: Actor, body: Annotated[GoneBody, Depends(read_body(GoneBody))]) -> list[DocumentFate]:
        """Take a person out of the register: their documents end, as the type of each says."""
        preview, change = changes.consequences(body.subject, None), changes.remove(body.subject, by)
        return [_fate(one) for one in await driver.run(preview if body.preview else change)]

    @router.post("/people/changed", status_code=202, openapi_extra=described(ToldBody))
    async def told(by: Actor, body: Annotated[ToldBody, Depends(read_body(ToldBody))]) -> None:
        """Say about whom a register that is elsewhere has changed; their documents are looked at within minutes."""
        await driver.run(changes.told(body.subjects, by))


def _patch_preview(issuer: Issuer, body: PatchBody) -> Exchange[tuple[Consequence, ...]]:
    _, record = yield from issuer.changes.person(body.subject)
    return (yield from issuer.changes.consequences(body.subject, patched(record, body.record)))


def _fate(one: Consequence) -> DocumentFate:
    return DocumentFate(
        credential_configuration_id=one.configuration_id,
        credential_id=one.credential_id,
        fate=one.fate,
        changed=[list(path) for path in one.changed],
        ends_at=one.ends_at,
    )
