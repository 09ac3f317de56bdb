"""What somebody calls who wants to be registered, and who is: with the key that their application gave them.

An application needs no key; whatever is given out afterwards goes to whoever holds the application's key.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBearer
from pydantic import BaseModel, Field, JsonValue

from capabilities.registration.entries import MAX_SERVICES_FILE, entries_of
from capabilities.registration.party import MAX_FILE, Party
from protocol.csr import MAX_REQUEST
from protocol.errors import MAX_DESCRIPTION, InvalidRequest
from protocol.fields import Fields
from registrar.announcing import Problem, entry_json, reason_of
from registrar.offering import offerings_of
from registrar.records import GivenCertificate, Offering, PartyState, ServiceState
from registrar.service import Registrar
from registrar.service.parties import Standing
from registrar.session import APPLICANT
from runtime.asgi import bearer_key, read_json_body
from runtime.driver import Driver
from runtime.routes import Router


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


class ServiceAnswer(BaseModel):
    """How a service stands in the catalogue."""

    id: str
    state: ServiceState
    waits: bool = Field(description="whether something waits for a decision")
    reason: str = Field(description="why it was refused, or is out; empty: nothing to say")
    announced: dict[str, JsonValue] | None = Field(description="the entry that was approved last")
    proposed: dict[str, JsonValue] | None = Field(description="the entry that waits")


class ServiceProblem(BaseModel):
    """What is wrong with a service that was handed in."""

    service: str = Field(description="id, or where it stands in the file")
    problem: str = Field(description="a word for programs")
    sentence: str


class ProblemsAnswer(BaseModel):
    """Why nothing of a file was taken."""

    error: str
    error_description: str
    problems: list[ServiceProblem]


_KEY = HTTPBearer(scheme_name="Application key", description="given to whoever applied", auto_error=False)


def applicant_api(registrar: Registrar, driver: Driver) -> Router:
    """Applying, asking how it stands, and getting certificates."""
    router = Router(prefix="/api/application", tags=["application"])
    _add_application(router, registrar, driver)
    _add_certificates(router, registrar, driver)
    _add_services(router, registrar, driver)
    return router


async def application_key(request: Request, _: Annotated[object, Security(_KEY)]) -> str:
    """The key that a request carries; whose it is, the service finds out.

    Raises:
        Unauthorized: none.
    """
    return bearer_key(request)


Key = Annotated[str, Depends(application_key)]


def _add_application(router: Router, registrar: Registrar, driver: Driver) -> None:
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


def _add_certificates(router: Router, registrar: Registrar, driver: Driver) -> None:
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


def _add_services(router: Router, registrar: Registrar, driver: Driver) -> None:
    parties, offerings = registrar.parties, registrar.offerings

    @router.get("/services")
    async def services(key: Key) -> list[ServiceAnswer]:
        """Your services, and how each stands."""
        stage = await driver.run(parties.registered(key))
        return [service_answer(offering) for offering in offerings_of(stage)]

    @router.put("/services", response_model=list[ServiceAnswer], responses={400: {"model": ProblemsAnswer}})
    async def hand_in(request: Request, key: Key) -> list[ServiceAnswer] | JSONResponse:
        """Hand in services, all of them or, where one is wrong, none; those that are not named stay as they are."""
        stage = await driver.run(parties.registered(key))
        entries = entries_of(await read_json_body(request, "services", max_bytes=MAX_SERVICES_FILE))
        handed_in = await driver.run(offerings.hand_in(key, stage, entries))
        if handed_in.problems:
            return JSONResponse(problems_answer(handed_in.problems).model_dump(), status_code=400)
        return [service_answer(offering) for offering in handed_in.offerings]

    @router.delete("/services/{service}")
    async def withdraw(key: Key, service: str) -> ServiceAnswer:
        """Take a service back: out of the catalogue at once."""
        await driver.run(parties.standing(key))
        return service_answer(await driver.run(offerings.withdraw(key, service)))


def problems_answer(problems: tuple[Problem, ...]) -> ProblemsAnswer:
    """Why nothing of a file was taken."""
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    told = InvalidRequest(problems[0].sentence[: MAX_DESCRIPTION - len(more)] + more).to_dict()
    found = [ServiceProblem(service=one.service, problem=one.kind.value, sentence=one.sentence) for one in problems]
    return ProblemsAnswer(**told, problems=found)


def service_answer(offering: Offering) -> ServiceAnswer:
    """How a service stands."""
    return ServiceAnswer(
        id=offering.id,
        state=offering.state,
        waits=bool(offering.proposed),
        reason=reason_of(offering),
        announced=entry_json(offering.document),
        proposed=entry_json(offering.proposed),
    )


async def _read_party(request: Request) -> Party:
    return Party.from_dict(await read_json_body(request, "party", max_bytes=MAX_FILE))


def _line(standing: Standing) -> StandingLine:
    return StandingLine(
        identifier=standing.identifier, state=standing.state, waits=standing.waits, reason=standing.reason
    )


def _registration(given: GivenCertificate) -> RegistrationCertificateAnswer:
    return RegistrationCertificateAnswer(use=given.use, jwt=given.content, cwt=given.cwt, expires_at=given.expires_at)
