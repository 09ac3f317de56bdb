"""Calls to a cockpit: paths under its endpoint, each with a proof by the key of one response (RFC 9449, no access token).

The thumbprint of that key finds the one receipt. Whether it does, and that a `jti` came once, is for the store to decide.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from enum import StrEnum

from protocol.encoding import JsonObject, encode_base64url, encode_json
from protocol.errors import (
    InvalidDpopProof,
    InvalidDpopProofAtResource,
    Malformed,
    NotAuthentic,
    NotValidNow,
    Unreachable,
    UseDpopNonceAtResource,
    raised_as,
)
from protocol.exchange import Exchange, HttpRequest, HttpResponse, send
from protocol.keys import PublicKey, RandomBytes, Signer
from protocol.oauth.dpop import sign_dpop_proof, verify_dpop_proof
from protocol.sovereignty.canonical import hash_bytes
from protocol.sovereignty.cockpit import check_cockpit_key

WINDOW = 60  # seconds by which a proof may be older or newer than now
MIN_JTI = 16  # characters: at least 96 bits (RFC 9449 §11.1)
MAX_JTI = 128  # characters
MAX_NONCE = 256  # characters
MAX_SEGMENT = 128  # characters
MAX_ANSWER = 1 << 20  # bytes; whoever expects more says so

_AT = "cockpit call"
_SEGMENT = re.compile(rf"[A-Za-z0-9_-]{{1,{MAX_SEGMENT}}}", re.ASCII)
_NONCE = re.compile(rf"[!#-\[\]-~]{{1,{MAX_NONCE}}}", re.ASCII)  # RFC 9449 §8.1


class ProofNotTaken(Unreachable):
    """The server does not take a proof that was made just now: the clock of one of both is wrong, or it does not want to."""


class CallPath(StrEnum):
    """What can be called."""

    RECEIPT = "receipt"
    USAGE = "usage"
    RIGHTS = "rights"
    MANDATES = "mandates"


@dataclass(frozen=True, slots=True)
class VerifiedCall:
    """A proof that held. That its `jti` is fresh and that its key is known is for the caller to decide, in its store."""

    key: PublicKey
    jti: str
    nonce: str | None
    issued_at: int  # epoch seconds

    @property
    def thumbprint(self) -> str:
        """What finds the one receipt."""
        return self.key.thumbprint()

    @property
    def replay_key(self) -> str:
        """What must come once: `jti` and key, so that nobody can spend another's."""
        return hash_bytes(f"{self.thumbprint}.{self.jti}".encode("utf-8", "surrogatepass"))

    @property
    def replay_until(self) -> int:
        """When `replay_key` may be forgotten: no proof that is as old as this one is taken from then on."""
        return self.issued_at + WINDOW + 1


def call_url(endpoint: str, path: CallPath, *segments: str) -> str:
    """An address under an endpoint, such as `…/rights/{id}` or `…/mandates/{jti}/revoke`.

    Raises:
        Malformed: a segment that is no id; ids come from peers.
    """
    for segment in segments:
        if not _SEGMENT.fullmatch(segment):
            raise Malformed(_AT, "has an id that cannot stand in a path")
    return "/".join((endpoint, path, *segments))


@dataclass(slots=True)
class Caller:
    """The citizen's side of calls about one receipt: one key, one server's nonce, and nothing that two receipts share."""

    signer: Signer  # the cockpit key
    random_bytes: RandomBytes
    now: Callable[[], int]
    nonce: str | None = None

    def request(self, method: str, url: str, body: JsonObject | bytes, *, accept: str, max_bytes: int) -> HttpRequest:
        """One call with a fresh proof. Its headers are the same for everybody and in every call of a kind."""
        proof = sign_dpop_proof(
            self.signer,
            method=method,
            url=url,
            jti=encode_base64url(self.random_bytes(16)),
            issued_at=self.now(),
            nonce=self.nonce,
        )
        sent = encode_json(body) if isinstance(body, dict) else body
        content_type = "application/json" if isinstance(body, dict) else "application/jwt"
        typed = () if method == "GET" else (("content-type", content_type),)
        return HttpRequest(method, url, (*typed, ("accept", accept), ("dpop", proof)), sent, max_bytes)

    def call(
        self,
        method: str,
        url: str,
        body: JsonObject | bytes = b"",
        *,
        accept: str = "application/jwt",
        max_bytes: int = MAX_ANSWER,
        more_seconds: float = 0.0,
    ) -> Exchange[HttpResponse]:
        """Call, and once more with the nonce that the server asks for.

        Raises:
            ProofNotTaken: it answers that the proof does not hold.
            Unreachable: it cannot be reached, or asks for another nonce again and again.
        """
        for _ in range(2):
            request = self.request(method, url, body, accept=accept, max_bytes=max_bytes)
            response = yield from send(replace(request, more_seconds=more_seconds))
            if self._wants_nonce(response):
                continue
            if response.status == 401:
                raise ProofNotTaken(f"{_AT}: the proof is not taken")
            return response
        raise Unreachable(f"{_AT}: another nonce is asked for again and again")

    def _wants_nonce(self, response: HttpResponse) -> bool:
        nonce = response.header("dpop-nonce")
        if nonce is not None and _NONCE.fullmatch(nonce):
            self.nonce = nonce
        challenges = [value for name, value in response.headers if name == "www-authenticate"]
        return response.status == 401 and nonce is not None and any("use_dpop_nonce" in text for text in challenges)


def verify_call(proof: str, *, method: str, url: str, now: int) -> VerifiedCall:
    """Check the proof of a call; `url` is the address as our own endpoint says it, never as a header does.

    Not checked here: the nonce (`check_nonce`), that `jti` is fresh, and whose receipt it is.

    Raises:
        InvalidDpopProofAtResource: another type, key, method or address, not made just now, or a `jti` that can be guessed.
    """
    try:
        found = verify_dpop_proof(proof, method=method, url=url, access_token=None, now=now)
        with raised_as(InvalidDpopProof):
            check_cockpit_key(found.key, _AT)
            if abs(found.issued_at - now) > WINDOW:
                raise NotValidNow(f"{_AT}: the proof was not made just now")
            if not MIN_JTI <= len(found.jti) <= MAX_JTI:
                raise NotAuthentic(f"{_AT}: jti must have {MIN_JTI} to {MAX_JTI} characters")
    except InvalidDpopProof as error:
        raise InvalidDpopProofAtResource(error.description) from error
    return VerifiedCall(found.key, found.jti, found.nonce, found.issued_at)


def check_nonce(call: VerifiedCall, *, accepted: Collection[str], fresh: str) -> None:
    """Check that a proof has a nonce of this server.

    Raises:
        UseDpopNonceAtResource: it has none, or one that is too old; `fresh` goes with it.
    """
    if call.nonce not in accepted:
        raise UseDpopNonceAtResource(f"{_AT}: repeat with the nonce", fresh)
