"""The addresses that citizens' wallets call: read, ask the service, write. No cookies, no redirects, nothing kept."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import Request, Response

from capabilities.cockpit.service import Cockpit
from protocol.encoding import JsonValue, read_json
from protocol.errors import InvalidDpopProofAtResource, InvalidRequest, Malformed, raised_as
from protocol.fields import Fields
from protocol.sovereignty.calls import CallPath
from protocol.sovereignty.in_person import read_claim
from protocol.sovereignty.receipt_travel import MEDIA_TYPE
from protocol.sovereignty.signing import MAX_OBJECT
from protocol.sovereignty.usage_report import UsageRequest
from runtime.asgi import read_message
from runtime.driver import Driver
from runtime.endpoints import Endpoints
from runtime.rate_limit import RateLimit

MAX_CALL = 4096  # bytes of a body
CALLS_AT_ONCE = 120  # of one address, behind which many may sit
CALLS_PER_MINUTE = 120.0


def add_cockpit(
    endpoints: Endpoints, cockpit: Cockpit, driver: Driver, path: str, elapsed: Callable[[], float]
) -> None:
    """Serve `<path>/receipt`, `<path>/usage` and `<path>/rights`; `elapsed` is a clock in seconds."""
    limit = RateLimit(CALLS_AT_ONCE, CALLS_PER_MINUTE, elapsed)

    @endpoints.post(f"{path}/{CallPath.RECEIPT}")
    async def receipt(request: Request) -> Response:
        proof, body = await _read(request, limit)
        with raised_as(InvalidRequest):
            claim = read_claim(Fields(body, "body"))
        return answer_with(await driver.run(cockpit.receipt(proof, claim)))

    @endpoints.post(f"{path}/{CallPath.USAGE}")
    async def usage(request: Request) -> Response:
        proof, body = await _read(request, limit)
        with raised_as(InvalidRequest):
            asked = UsageRequest.from_dict(body)
        return answer_with(await driver.run(cockpit.usage(proof, asked)))

    @endpoints.post(f"{path}/{CallPath.RIGHTS}")
    async def ask(request: Request) -> Response:
        return answer_with(await driver.run(cockpit.ask(*await read_signed(request, limit))), 202)

    @endpoints.get(f"{path}/{CallPath.RIGHTS}/{{id}}")
    async def rights_status(request: Request) -> Response:
        proof = proof_of(request, limit)
        return answer_with(await driver.run(cockpit.rights_status(proof, request.path_params["id"])))

    @endpoints.get(f"{path}/{CallPath.RIGHTS}/{{id}}/answer")
    async def rights_answer(request: Request) -> Response:
        proof = proof_of(request, limit)
        return _encrypted(await driver.run(cockpit.rights_answer(proof, request.path_params["id"])))

    @endpoints.get(f"{path}/{CallPath.RIGHTS}/{{id}}/files/{{hash}}")
    async def rights_file(request: Request) -> Response:
        proof, named = proof_of(request, limit), request.path_params
        return _encrypted(await driver.run(cockpit.rights_file(proof, named["id"], named["hash"])))


async def _read(request: Request, limit: RateLimit) -> tuple[str, JsonValue]:
    """The one proof of a call, and its body."""
    proof = proof_of(request, limit)
    _, body = await read_message(request, ("application/json",), max_bytes=MAX_CALL)
    try:
        return proof, read_json(body, "body")
    except Malformed as error:
        raise InvalidRequest(error.description) from error


async def read_signed(request: Request, limit: RateLimit) -> tuple[str, str]:
    """The one proof of a call, and the signed object that is its body."""
    proof = proof_of(request, limit)
    _, body = await read_message(request, (MEDIA_TYPE,), max_bytes=MAX_OBJECT)
    # What is not ASCII is no signed object, and is refused as none
    return proof, body.decode("ascii", "replace")


def proof_of(request: Request, limit: RateLimit) -> str:
    """The one proof of a call, if whoever calls may call once more."""
    limit.spend(request.client.host if request.client is not None else "")
    proofs = request.headers.getlist("dpop")
    if len(proofs) != 1:
        raise InvalidDpopProofAtResource("cockpit call: one proof is needed")
    return proofs[0]


def _encrypted(jwe: str) -> Response:
    return Response(jwe, media_type="application/jose", headers={"cache-control": "no-store"})


def answer_with(token: str, status: int = 200) -> Response:
    """What was signed for whoever calls; nobody keeps it."""
    return Response(token, status, media_type=MEDIA_TYPE, headers={"cache-control": "no-store"})
