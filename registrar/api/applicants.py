"""What somebody calls who wants to be registered, and who is: with the key that their application gave them.

An application needs no key; whatever is given out afterwards goes to whoever holds the application's key.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Security
from fastapi.security import HTTPBearer
from pydantic import BaseModel, Field

from capabilities.registration.party import MAX_FILE, Party
from protocol.csr import MAX_REQUEST
from protocol.fields import Fields
from registrar.records import GivenCertificate, PartyState
from registrar.service import Registrar
from registrar.service.parties import Standing
from registrar.session import APPLICANT
from runtime.asgi import bearer_key, read_json_body
from runtime.driver import Driver


class Application(BaseModel):
    """An application that was taken."""

    identifier: str
    key: str = Field(description="shown this once; whoever holds it gets the certificates")
    state: PartyState


class StandingLine(BaseModel):
    """How somebody stands in the register."""

    identifier: str
    state: PartyState
    waits: bool = Field(description="whether something waits for a decision")
    reason: str = Field(description="why an operator said no, or let it rest; empty: nothing to say")


class AccessCertificateAnswer(BaseModel):
    """An access certificate with the chain that is sent along, without the authority."""

    chain: str = Field(description="PEM")
    serial: str = Field(description="hexadecimal")
    expires_at: int = Field(description="epoch seconds")


class RegistrationCertificateAnswer(BaseModel):
    """A registration certificate in both forms."""

    use: str = Field(description="id of the use; empty: of none, because nothing is asked for")
    jwt: str
    cwt: str = Field(description="base64url")
    expires_at: int = Field(description="epoch seconds")


_KEY = HTTPBearer(scheme_name="Application key", description="given to whoever applied", auto_error=False)


def applicant_api(registrar: Registrar, driver: Driver) -> APIRouter:
    """Applying, asking how it stands, and getting certificates."""
    router = APIRouter(prefix="/api/application", tags=["application"])
    _add_application(router, registrar, driver)
    _add_certificates(router, registrar, driver)
    return router


async def application_key(request: Request, _: Annotated[object, Security(_KEY)]) -> str:
    """The key that a request carries; whose it is, the service finds out.

    Raises:
        Unauthorized: none.
    """
    return bearer_key(request)


Key = Annotated[str, Depends(application_key)]


def _add_application(router: APIRouter, registrar: Registrar, driver: Driver) -> None:
    @router.post("", status_code=201)
    async def apply(request: Request) -> Application:
        """Apply to be registered."""
        party = await _read_party(request)
        key = await driver.run(registrar.parties.apply(party))
        return Application(identifier=party.identifier, key=key, state=PartyState.APPLIED)

    @router.put("")
    async def propose(request: Request, key: Key) -> StandingLine:
        """Change an application, or propose a change of a registration."""
        await driver.run(registrar.parties.standing(key))
        party = await _read_party(request)
        return _line(await driver.run(registrar.parties.propose(key, party)))

    @router.get("")
    async def standing(key: Key) -> StandingLine:
        """How an application stands."""
        return _line(await driver.run(registrar.parties.standing(key)))


def _add_certificates(router: APIRouter, registrar: Registrar, driver: Driver) -> None:
    @router.post("/access-certificate", status_code=201)
    async def access_certificate(request: Request, key: Key) -> AccessCertificateAnswer:
        """An access certificate for the key of a PKCS#10 request."""
        stage = await driver.run(registrar.parties.registered(key))
        body = Fields(await read_json_body(request, "body", max_bytes=2 * MAX_REQUEST), "body")
        csr = body.text("csr", max_length=MAX_REQUEST).encode("utf-8")
        given = await driver.run(registrar.certificates.access(stage, csr, APPLICANT))
        return AccessCertificateAnswer(chain=given.content, serial=given.serial, expires_at=given.expires_at)

    @router.post("/registration-certificates", status_code=201)
    async def registration_certificates(key: Key) -> list[RegistrationCertificateAnswer]:
        """A registration certificate for each use; earlier ones end."""
        stage = await driver.run(registrar.parties.registered(key))
        given = await driver.run(registrar.certificates.registrations(stage, APPLICANT))
        return [_registration(certificate) for certificate in given]


async def _read_party(request: Request) -> Party:
    return Party.from_dict(await read_json_body(request, "party", max_bytes=MAX_FILE))


def _line(standing: Standing) -> StandingLine:
    return StandingLine(
        identifier=standing.identifier, state=standing.state, waits=standing.waits, reason=standing.reason
    )


def _registration(given: GivenCertificate) -> RegistrationCertificateAnswer:
    return RegistrationCertificateAnswer(use=given.use, jwt=given.content, cwt=given.cwt, expires_at=given.expires_at)
