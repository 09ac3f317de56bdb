"""What operators' own programs call; each route asks for an API key. Its shape is stable (OpenAPI)."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Request, Security
from fastapi.security import HTTPBearer
from pydantic import BaseModel, Field, JsonValue

from capabilities.registration.party import MAX_NAME
from capabilities.status_publisher.records import EntryState
from protocol.encoding import read_json_object
from protocol.fields import Fields
from registrar.records import CertificateKind, GivenCertificate, PartyLine, PartyState
from registrar.service import Registrar
from registrar.session import MAX_REASON, proposal_id
from registrar.store import PartyFilter
from runtime.api_keys import find_api_key
from runtime.asgi import bearer_key, read_json_body
from runtime.driver import Driver
from runtime.routes import Router

MAX_BODY = 64 * 1024  # bytes


class PartyAnswer(BaseModel):
    """A party as operators see it."""

    identifier: str
    state: PartyState
    name: str
    trade_name: str
    registered: dict[str, JsonValue] | None = Field(description="what is registered")
    proposed: dict[str, JsonValue] | None = Field(description="what waits for a decision")
    proposal: str = Field(description="say it in `approve` and `refuse`: what is decided on is what was read")
    changed_at: int = Field(description="epoch seconds")


class CertificateAnswer(BaseModel):
    """A certificate that was given out."""

    id: str
    kind: CertificateKind
    use: str
    serial: str
    state: EntryState
    issued_at: int
    expires_at: int


_KEY = HTTPBearer(scheme_name="API key", description="made by `hoheit registrar api-key`", auto_error=False)


def operator_api(registrar: Registrar, driver: Driver) -> Router:
    """Everything an operator's programs call."""
    router = Router(prefix="/api/parties", tags=["operators"])
    _add_reading(router, registrar, driver)
    _add_decisions(router, registrar, driver)
    _add_certificates(router, registrar, driver)
    return router


async def operator(request: Request, _: Annotated[object, Security(_KEY)]) -> str:
    """The name of the API key that a request carries.

    Raises:
        Unauthorized: no good key.
    """
    state = request.app.state
    found = await state.driver.run(find_api_key(state.registrar.context.store.api_keys, bearer_key(request)))
    return str(found.name)


Actor = Annotated[str, Depends(operator)]
Identifier = Annotated[str, Query(min_length=1, max_length=MAX_NAME)]


def _add_reading(router: Router, registrar: Registrar, driver: Driver) -> None:
    @router.get("", dependencies=[Depends(operator)])
    async def parties(
        waiting: bool | None = None,
        after: Annotated[str, Query(max_length=MAX_NAME)] = "",
        words: Annotated[str, Query(max_length=MAX_NAME)] = "",
    ) -> list[PartyAnswer]:
        """Parties in the order of their identifiers, at most 100 at once."""
        found = await driver.run(registrar.parties.search(PartyFilter(waiting=waiting, words=words), after=after))
        return [_answer(line) for line in found]

    @router.get("/one", dependencies=[Depends(operator)])
    async def party(identifier: Identifier) -> PartyAnswer:
        """One party."""
        return _answer(await driver.run(registrar.parties.line(identifier)))


def _add_decisions(router: Router, registrar: Registrar, driver: Driver) -> None:
    async def decided(identifier: str) -> PartyAnswer:
        return _answer(await driver.run(registrar.parties.line(identifier)))

    @router.post("/approve")
    async def approve(by: Actor, identifier: Identifier, request: Request) -> PartyAnswer:
        """Register what was proposed."""
        proposal = (await read_operator_body(request)).text("proposal")
        await driver.run(registrar.parties.approve(identifier, proposal, by))
        return await decided(identifier)

    @router.post("/refuse")
    async def refuse(by: Actor, identifier: Identifier, request: Request) -> PartyAnswer:
        """Say no, and why."""
        body = await read_operator_body(request)
        proposal, reason = body.text("proposal"), body.text("reason", max_length=MAX_REASON)
        await driver.run(registrar.parties.refuse(identifier, proposal, reason, by))
        return await decided(identifier)

    @router.post("/suspend")
    async def suspend(by: Actor, identifier: Identifier, request: Request) -> PartyAnswer:
        """Let a registration rest, with every certificate."""
        reason = (await read_operator_body(request)).text("reason", max_length=MAX_REASON)
        await driver.run(registrar.parties.suspend(identifier, reason, by))
        return await decided(identifier)

    @router.post("/resume")
    async def resume(by: Actor, identifier: Identifier) -> PartyAnswer:
        """Let it hold again."""
        await driver.run(registrar.parties.resume(identifier, by))
        return await decided(identifier)

    @router.post("/remove")
    async def remove(by: Actor, identifier: Identifier, request: Request) -> PartyAnswer:
        """End a registration for ever, and every certificate with it."""
        reason = (await read_operator_body(request)).text("reason", max_length=MAX_REASON)
        await driver.run(registrar.parties.remove(identifier, reason, by))
        return await decided(identifier)


def _add_certificates(router: Router, registrar: Registrar, driver: Driver) -> None:
    @router.get("/certificates", dependencies=[Depends(operator)])
    async def certificates(identifier: Identifier) -> list[CertificateAnswer]:
        """What a party was given, newest first."""
        found = await driver.run(registrar.parties.certificates_of(identifier))
        return [_certificate(certificate) for certificate in found]

    @router.post("/certificates/{certificate_id}/revoke")
    async def revoke(certificate_id: str, by: Actor) -> CertificateAnswer:
        """End one certificate for ever."""
        return _certificate(await driver.run(registrar.certificates.revoke(certificate_id, by)))


async def read_operator_body(request: Request) -> Fields:
    """What an operator's program sent."""
    return Fields(await read_json_body(request, "body", max_bytes=MAX_BODY), "body")


def _answer(line: PartyLine) -> PartyAnswer:
    return PartyAnswer(
        identifier=line.identifier,
        state=line.state,
        name=line.name,
        trade_name=line.trade_name,
        registered=_document(line.document),
        proposed=_document(line.proposed),
        proposal=proposal_id(line.proposed),
        changed_at=line.changed_at,
    )


def _document(text: str) -> dict[str, JsonValue] | None:
    return dict(read_json_object(text.encode("utf-8"), "party")) if text else None


def _certificate(certificate: GivenCertificate) -> CertificateAnswer:
    return CertificateAnswer(
        id=certificate.id,
        kind=certificate.kind,
        use=certificate.use,
        serial=certificate.serial,
        state=certificate.state,
        issued_at=certificate.issued_at,
        expires_at=certificate.expires_at,
    )
