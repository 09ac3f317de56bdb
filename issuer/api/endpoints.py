"""The protocol endpoints (OID4VCI 1.0, RFC 6749, RFC 9126, RFC 8414): read, ask the service, write."""

from __future__ import annotations

import time
from urllib.parse import urlsplit

from fastapi import Request, Response

from capabilities.cockpit.api import add_cockpit
from capabilities.status_publisher.api import add_status_lists
from capabilities.usage_log.api import add_usage_log
from issuer.api.mandates import add_mandates
from issuer.revoked import CRL_PATH
from issuer.service import Issuer
from issuer.service.clients import AttestationHeaders
from issuer.service.envelopes import MEDIA_TYPES
from protocol.encoding import encode_json
from protocol.oauth.authorization import AuthorizationRequest
from protocol.oauth.client_attestation import HEADER, POP_HEADER, challenge_response
from protocol.oauth.metadata import WELL_KNOWN as SERVER_WELL_KNOWN
from protocol.oid4vci.metadata import WELL_KNOWN as ISSUER_WELL_KNOWN
from protocol.oid4vci.nonce import nonce_response
from protocol.oid4vci.notification import NotificationRequest
from protocol.oid4vci.token import TokenRequest
from protocol.sdjwt.issuer_key import WELL_KNOWN as KEYS_WELL_KNOWN
from runtime.asgi import json_answer, read_form, read_json_body, read_message
from runtime.driver import Driver
from runtime.endpoints import Endpoints

METADATA_AGE = "public, max-age=300"
CRL = "application/pkix-crl"  # RFC 2585 §4.2
CRL_AGE = "public, max-age=3600"


def protocol_endpoints(issuer: Issuer, driver: Driver) -> Endpoints:
    """Everything that wallets and verifiers call."""
    path = urlsplit(issuer.context.identifier).path
    endpoints = Endpoints()
    _add_metadata(endpoints, issuer, driver, path)
    _add_signers(endpoints, issuer, driver, path)
    _add_issuance(endpoints, issuer, driver, path)
    add_status_lists(endpoints, issuer.status_lists, driver, path)
    cockpit = urlsplit(issuer.cockpit.endpoint).path
    add_usage_log(endpoints, issuer.usage, driver, cockpit)
    add_cockpit(endpoints, issuer.cockpit, driver, cockpit, time.monotonic)
    add_mandates(endpoints, issuer.mandates, driver, cockpit, time.monotonic)
    return endpoints


def _add_metadata(endpoints: Endpoints, issuer: Issuer, driver: Driver, path: str) -> None:
    headers = {"cache-control": METADATA_AGE, "vary": "accept"}
    # Nothing in it changes while a worker lives
    plain = encode_json(issuer.metadata.issuer.to_dict())

    @endpoints.get(f"/.well-known/{ISSUER_WELL_KNOWN}{path}")
    async def issuer_metadata(request: Request) -> Response:
        if "application/jwt" in request.headers.get("accept", ""):
            return Response(
                await driver.run(issuer.metadata.signed_issuer()), media_type="application/jwt", headers=headers
            )
        return Response(plain, media_type="application/json", headers=headers)

    @endpoints.get(f"/.well-known/{SERVER_WELL_KNOWN}{path}")
    async def server_metadata(_: Request) -> Response:
        return json_answer(issuer.metadata.server().to_dict(), headers={"cache-control": METADATA_AGE})

    @endpoints.get(f"{KEYS_WELL_KNOWN}{path}")
    async def published_keys(_: Request) -> Response:
        return json_answer(issuer.metadata.published_keys(), headers={"cache-control": METADATA_AGE})


def _add_signers(endpoints: Endpoints, issuer: Issuer, driver: Driver, path: str) -> None:
    @endpoints.get(f"{path}/{CRL_PATH}")
    async def revoked_signers(_: Request) -> Response:
        der = await driver.run(issuer.signers.current())
        return Response(der, media_type=CRL, headers={"cache-control": CRL_AGE})


def _add_issuance(endpoints: Endpoints, issuer: Issuer, driver: Driver, path: str) -> None:
    @endpoints.get(f"{path}/offers/{{reference}}")
    async def offer(request: Request) -> Response:
        return json_answer((await driver.run(issuer.offers.fetch(request.path_params["reference"]))).to_dict())

    @endpoints.post(f"{path}/par")
    async def pushed_authorization_request(request: Request) -> Response:
        pushed = AuthorizationRequest.from_form(await read_form(request))
        answer = await driver.run(issuer.authorization.push(pushed, _header(request, "dpop"), _attestation(request)))
        return json_answer(answer.to_dict(), status=201, headers={"dpop-nonce": issuer.context.dpop_nonce()})

    @endpoints.post(f"{path}/token")
    async def token(request: Request) -> Response:
        asked = TokenRequest.from_form(await read_form(request))
        tokens = await driver.run(issuer.tokens.redeem(asked, _header(request, "dpop"), _attestation(request)))
        return json_answer(tokens.to_dict(), headers={"dpop-nonce": issuer.context.dpop_nonce()})

    @endpoints.post(f"{path}/challenge")
    async def challenge(_: Request) -> Response:
        return json_answer(challenge_response(issuer.context.dpop_nonce()))

    @endpoints.post(f"{path}/nonce")
    async def nonce(_: Request) -> Response:
        headers = {"dpop-nonce": issuer.context.dpop_nonce()}
        return json_answer(nonce_response(issuer.credentials.nonce()), headers=headers)

    async def refuse_token_in_address(request: Request) -> None:
        if request.scope["query_string"]:
            await driver.run(issuer.credentials.refuse_token_in_address(request.query_params.get("access_token")))

    @endpoints.post(f"{path}/credential")
    async def credential(request: Request) -> Response:
        await refuse_token_in_address(request)
        asked = await driver.run(issuer.envelopes.open(*await read_message(request, MEDIA_TYPES)))
        authorization, dpop = _header(request, "authorization"), _header(request, "dpop")
        issued = await driver.run(issuer.credentials.issue(asked, authorization, dpop))
        media_type, body = issuer.envelopes.close(asked, issued)
        headers = {"cache-control": "no-store", "dpop-nonce": issuer.context.dpop_nonce()}
        return Response(body, media_type=media_type, headers=headers)

    @endpoints.post(f"{path}/notification")
    async def notification(request: Request) -> Response:
        await refuse_token_in_address(request)
        told = NotificationRequest.from_dict(await read_json_body(request, "notification_request"))
        authorization, dpop = _header(request, "authorization"), _header(request, "dpop")
        await driver.run(issuer.credentials.notify(told, authorization, dpop))
        return Response(status_code=204)


def _attestation(request: Request) -> AttestationHeaders:
    values = request.headers.getlist
    return AttestationHeaders(tuple(values(HEADER)), tuple(values(POP_HEADER)))


def _header(request: Request, name: str) -> str | None:
    """A header that must come once: twice, it is none that any check accepts (RFC 9449 §4.3)."""
    values = request.headers.getlist(name)
    return ", ".join(values) if values else None
