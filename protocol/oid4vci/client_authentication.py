"""How a wallet shows a server that its provider vouches for it (draft-ietf-oauth-attestation-based-client-auth-11 §5, §6, §8).

Every try has proofs of its own, so that none is taken for a replay; a challenge and a fresh attestation are given once each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from protocol.encoding import encode_base64url
from protocol.errors import InvalidRequest, Unreachable, raised_as
from protocol.exchange import Exchange, Headers, HttpRequest, HttpResponse, send
from protocol.oauth.client_attestation import (
    CHALLENGE_HEADER,
    HEADER,
    MAX_CHALLENGE,
    METHOD,
    METHOD_DPOP,
    POP_ALGORITHMS,
    POP_HEADER,
    read_challenge,
    sign_attestation_pop,
)
from protocol.oauth.metadata import AuthorizationServerMetadata
from protocol.oid4vci.client import MAX_RETRIES, DpopClient, check_works, error_code, read_success

PUBLIC = "none"  # the method of clients that do not authenticate


def attestation_method(server: AuthorizationServerMetadata) -> str | None:
    """The first method that a server names by which an attestation of ours can be shown; None: there is none."""
    return next((name for name in server.token_endpoint_auth_methods_supported if _is_possible(name, server)), None)


def attestation_required(server: AuthorizationServerMetadata) -> bool:
    """Whether a server takes attested wallets and no others."""
    methods = server.token_endpoint_auth_methods_supported
    return PUBLIC not in methods and any(name in (METHOD, METHOD_DPOP) for name in methods)


def _is_possible(method: str, server: AuthorizationServerMetadata) -> bool:
    if method == METHOD_DPOP:
        algorithms = server.dpop_signing_alg_values_supported
    elif method == METHOD:
        algorithms = server.client_attestation_pop_signing_alg_values_supported
    else:
        return False
    return not algorithms or any(name in algorithms for name in POP_ALGORITHMS)


@dataclass(slots=True)
class AttestedClient:
    """A wallet that authenticates at one server. The key of `dpop` is the attested one, and no other server sees it."""

    dpop: DpopClient
    server: AuthorizationServerMetadata
    method: str  # METHOD or METHOD_DPOP
    attest: Callable[[], Exchange[str]]  # has the provider attest the same key once more
    attestation: str
    _challenge: str | None = None  # for the next request

    def push(self, url: str, headers: Headers, body: bytes) -> Exchange[HttpResponse]:
        """Post where no token is asked for: DPoP only where its proof is the proof of the attestation as well.

        Raises:
            Unreachable, InvalidRequest: see `post`.
        """
        return (yield from self._post(url, headers, body, with_dpop=self.method == METHOD_DPOP))

    def post(self, url: str, headers: Headers, body: bytes) -> Exchange[HttpResponse]:
        """Post with attestation and DPoP; again with what the server asks for, as often as makes sense.

        Raises:
            Unreachable: it cannot be reached, or asks for another nonce for ever (T154).
            IssuerRefused, InvalidRequest: it has no challenge for us.
        """
        return (yield from self._post(url, headers, body, with_dpop=True))

    def _post(self, url: str, headers: Headers, body: bytes, *, with_dpop: bool) -> Exchange[HttpResponse]:
        nonces_left, challenges_left, attestations_left = MAX_RETRIES, 1, 1
        # §6.2: one that came with an answer is for the next request, and for no more
        challenge = self._challenge
        if self.server.challenge_endpoint is not None:
            challenge = yield from self._fetch_challenge(self.server.challenge_endpoint)
        while True:
            proofs = self._proofs(url, challenge, with_dpop=with_dpop)
            response = yield from send(HttpRequest("POST", url, (*headers, *proofs), body))
            wants_nonce = self.dpop.wants_nonce(url, response)
            self._challenge = _challenge_of(response)
            challenge = self._challenge or challenge
            code = error_code(response) if response.status in (400, 401) else ""
            if wants_nonce:
                if not nonces_left:
                    raise Unreachable("the server asked for a new nonce again and again")
                nonces_left -= 1
            elif code == "use_attestation_challenge" and challenges_left:
                challenges_left -= 1
                if self._challenge is None:
                    if self.server.challenge_endpoint is None:
                        return response
                    challenge = yield from self._fetch_challenge(self.server.challenge_endpoint)
            elif code == "use_fresh_attestation" and attestations_left:
                attestations_left -= 1
                self.attestation = yield from self.attest()
            else:
                return response

    def _proofs(self, url: str, challenge: str | None, *, with_dpop: bool) -> Headers:
        headers: Headers = ((HEADER.lower(), self.attestation),)
        if self.method == METHOD_DPOP:
            if challenge is not None:
                self.dpop.keep_nonce(url, challenge)  # §5.2: then it is the nonce of the DPoP proof
        else:
            pop = sign_attestation_pop(
                self.dpop.signer,
                audience=self.server.issuer,
                jti=encode_base64url(self.dpop.random_bytes(16)),
                issued_at=self.dpop.now(),
                challenge=challenge,
            )
            headers = (*headers, (POP_HEADER.lower(), pop))
        return (*headers, *self.dpop.proof(url)) if with_dpop else headers

    def _fetch_challenge(self, endpoint: str) -> Exchange[str]:
        response = yield from send(HttpRequest("POST", endpoint, (("accept", "application/json"),)))
        check_works(response, "challenge_response")
        with raised_as(InvalidRequest):
            return read_challenge(read_success(response, "challenge_response"))


def _challenge_of(response: HttpResponse) -> str | None:
    found = response.header(CHALLENGE_HEADER.lower())
    return found if found and len(found) <= MAX_CHALLENGE else None
