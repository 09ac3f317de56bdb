"""How a wallet talks to an issuer: DPoP on everything that needs it, bounded retries, and what answers mean."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from protocol.encoding import JsonObject, JsonValue, encode_base64url
from protocol.errors import InvalidRequest, Malformed, NotAuthentic, Unreachable
from protocol.exchange import DEFAULT_RESPONSE_BYTES, Exchange, Headers, HttpRequest, HttpResponse, send
from protocol.fields import Fields
from protocol.keys import RandomBytes, Signer
from protocol.oauth.dpop import sign_dpop_proof
from protocol.oid4vci.credential import DeferredIssuance
from protocol.oid4vci.encryption import Envelope

MAX_RETRIES = 2  # a server that never has enough of asking again is left (T154)
MAX_CREDENTIALS_BYTES = 8 << 20  # of one response: a large batch of credentials with portraits
MAX_NONCE = 1024  # characters

_PLAIN_CODE = re.compile(r"[A-Za-z0-9_.-]{1,64}")


class IssuerRefused(InvalidRequest):
    """The issuer said no; `reason` is its own error code, of bounded length and plain characters."""

    def __init__(self, reason: str, status: int) -> None:
        super().__init__(f"the issuer refused: {reason}")
        self.reason = reason
        self.http_status = status


class IssuanceDeferred(IssuerRefused):
    """The issuer will have the credential later; `deferred` says when to ask again."""

    def __init__(self, deferred: DeferredIssuance) -> None:
        super().__init__("issuance_pending", 202)
        self.deferred = deferred


@dataclass(slots=True)
class DpopClient:
    """Sends requests with DPoP proofs, and remembers the nonces of each server (RFC 9449 §8)."""

    signer: Signer
    random_bytes: RandomBytes
    now: Callable[[], int]
    _nonces: dict[str, str] = field(default_factory=dict)

    def post(
        self,
        url: str,
        headers: Headers,
        body: bytes,
        *,
        access_token: str | None = None,
        max_bytes: int = DEFAULT_RESPONSE_BYTES,
    ) -> Exchange[HttpResponse]:
        """Post, and again with the nonce that the server asks for, at most twice.

        Raises:
            Unreachable: it cannot be reached, or asks for another nonce for ever (T154).
        """
        for _ in range(MAX_RETRIES + 1):
            authorization = (("authorization", f"DPoP {access_token}"),) if access_token else ()
            proof = self.proof(url, access_token=access_token)
            request = HttpRequest("POST", url, (*headers, *authorization, *proof), body, max_bytes)
            response = yield from send(request)
            if not self.wants_nonce(url, response):
                return response
        raise Unreachable("the server asked for a new nonce again and again")

    def proof(self, url: str, *, access_token: str | None = None) -> Headers:
        """The header with a fresh proof for one request."""
        proof = sign_dpop_proof(
            self.signer,
            method="POST",
            url=url,
            jti=encode_base64url(self.random_bytes(16)),
            issued_at=self.now(),
            access_token=access_token,
            nonce=self._nonces.get(_origin(url)),
        )
        return (("dpop", proof),)

    def wants_nonce(self, url: str, response: HttpResponse) -> bool:
        """Whether a response asks for the same again, with the nonce that came with it and is kept now."""
        return self.take_nonce(url, response) and _asks_for_nonce(response)

    def take_nonce(self, url: str, response: HttpResponse) -> bool:
        """Remember the DPoP nonce of a response, if it has one, for the next request to the server of `url`."""
        nonce = response.header("dpop-nonce")
        if not nonce or len(nonce) > MAX_NONCE:
            return False
        self.keep_nonce(url, nonce)
        return True

    def keep_nonce(self, url: str, nonce: str) -> None:
        """Remember a nonce for the next request to the server of `url`."""
        self._nonces[_origin(url)] = nonce


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _asks_for_nonce(response: HttpResponse) -> bool:
    """RFC 9449 §8 (400 and an error object) and §9 (401 and a challenge, perhaps one of several)."""
    if response.status not in (400, 401):
        return False
    challenges = [value for name, value in response.headers if name == "www-authenticate"]
    return any("use_dpop_nonce" in text for text in challenges) or error_code(response) == "use_dpop_nonce"


def check_works(response: HttpResponse, at: str) -> None:
    """A server that is out of order, or has too much to do, has not said no.

    Raises:
        Unreachable: this is such an answer.
    """
    if response.status >= 500 or response.status == 429:
        raise Unreachable(f"{at}: answered with status {response.status}")


def read_success(response: HttpResponse, at: str, envelope: Envelope | None = None) -> JsonValue:
    """The body of an answer to what we asked for; with an `envelope`, what is inside it. A no is never encrypted.

    Raises:
        IssuerRefused: the answer is no.
        NotAuthentic: it is not encrypted as we wanted it.
        Malformed: it is not JSON.
    """
    if not 200 <= response.status < 300:
        raise IssuerRefused(error_code(response) or f"status {response.status}", response.status)
    opened = envelope.open(response.media_type(), response.body, at) if envelope is not None else None
    return response.json(at, max_bytes=MAX_CREDENTIALS_BYTES) if opened is None else opened


def read_published(response: HttpResponse, at: str) -> JsonValue:
    """The body of something that is published for everybody.

    Raises:
        NotAuthentic: it is not there.
        Malformed: it is not JSON.
    """
    if response.status != 200:
        raise NotAuthentic(f"{at}: answered with status {response.status}")
    return response.json(at)


def error_code(response: HttpResponse) -> str:
    """The error code of an answer; empty if it has none that we would show."""
    try:
        answer: JsonObject = Fields(response.json("error"), "error").members
    except Malformed:
        return ""
    code = answer.get("error")
    return code if isinstance(code, str) and _PLAIN_CODE.fullmatch(code) else ""
