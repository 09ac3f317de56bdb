"""The addresses by which citizens' wallets give, look up and end mandates: read, ask the service, write."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import Request, Response

from capabilities.cockpit.api import answer_with, proof_of, read_signed
from issuer.service.mandates import Mandates
from protocol.sovereignty.calls import CallPath
from runtime.driver import Driver
from runtime.endpoints import Endpoints
from runtime.rate_limit import RateLimit

CALLS_AT_ONCE = 30  # of one address, behind which many may sit: each new mandate has us ask a recipient
CALLS_PER_MINUTE = 30.0


def add_mandates(
    endpoints: Endpoints, mandates: Mandates, driver: Driver, path: str, elapsed: Callable[[], float]
) -> None:
    """Serve `<path>/mandates`; `elapsed` is a clock in seconds."""
    limit = RateLimit(CALLS_AT_ONCE, CALLS_PER_MINUTE, elapsed)
    base = f"{path}/{CallPath.MANDATES}"

    @endpoints.post(base)
    async def give(request: Request) -> Response:
        return answer_with(await driver.run(mandates.give(*await read_signed(request, limit))))

    @endpoints.get(f"{base}/{{jti}}")
    async def status(request: Request) -> Response:
        proof = proof_of(request, limit)
        return answer_with(await driver.run(mandates.status(proof, request.path_params["jti"])))

    @endpoints.post(f"{base}/{{jti}}/revoke")
    async def revoke(request: Request) -> Response:
        proof = proof_of(request, limit)
        return answer_with(await driver.run(mandates.revoke(proof, request.path_params["jti"])))
