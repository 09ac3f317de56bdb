"""One family for everything a peer can cause; each error says the specification's own code.

Two kinds live here. A `Flaw` is something wrong with a thing (its shape, signature, time, trust) before any endpoint
said what that means. An endpoint's error (`InvalidGrant`, `InvalidProof`, …) is the answer that travels. `raised_as` turns the
first into the second, so that readers and verifiers need not know at which endpoint they run.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache
from typing import ClassVar

MAX_DESCRIPTION = 300  # characters


class ProtocolError(Exception):
    """A peer broke a rule. `description` never repeats claim values, codes, tokens or keys."""

    code: ClassVar[str] = "invalid_request"
    status: ClassVar[int] = 400

    def __init__(self, description: str) -> None:
        super().__init__(description)
        self.description = description

    def to_dict(self) -> dict[str, str]:
        """The error object of RFC 6749 §5.2, which all our specifications share."""
        # RFC 6749 §5.2 allows %x20-21 / %x23-5B / %x5D-7E in a description
        text = "".join(c if " " <= c <= "~" and c not in '"\\' else "'" for c in self.description)
        return {"error": self.code, "error_description": text[:MAX_DESCRIPTION]}


class Flaw(ProtocolError):
    """Something is wrong with a thing, wherever it turns up."""


class Malformed(Flaw):
    """A value has the wrong shape; `at` is its whole path."""

    def __init__(self, at: str, problem: str) -> None:
        super().__init__(f"{at}: {problem}")
        self.at = at
        self.problem = problem


class TooLarge(Malformed):
    """An input passes one of our caps on bytes, depth, count or time."""

    status = 413


class NotAuthentic(Flaw):
    """A signature, digest, key or binding does not hold."""


class NotBound(NotAuthentic):
    """The holder's proof of key possession is missing or does not hold."""


class NotForThisRequest(NotAuthentic):
    """Genuine and bound, but made for another audience, nonce, time, disclosure or transaction."""


class NotTrusted(Flaw):
    """Authentic, but nobody we trust for this vouches for it."""


class Revoked(NotTrusted):
    """Vouched for before, and no more."""


class Suspended(Revoked):
    """Not vouched for at the moment, and perhaps again later."""


class NotValidNow(Flaw):
    """Outside its time."""


class RolledBack(Flaw):
    """Genuine, but older than what we have seen already: somebody hides what came after it."""


class Unsupported(Flaw):
    """Well-formed, but an algorithm, method or type that we do not accept."""


class Unreachable(Flaw):
    """Something that had to be fetched could not be had."""

    code = "temporarily_unavailable"
    status = 502


class InvalidRequest(ProtocolError):
    """A request as a whole breaks its specification (RFC 6749 §5.2, OID4VP 1.0 §8.5)."""


class InvalidGrant(ProtocolError):
    """A code, token or transaction code is wrong, spent or expired (RFC 6749 §5.2)."""

    code = "invalid_grant"


class InvalidClient(ProtocolError):
    """The client is unknown or failed to authenticate (RFC 6749 §5.2, OID4VP 1.0 §8.5)."""

    code = "invalid_client"


class ClientNotAuthenticated(InvalidClient):
    """The same where the client came with a client attestation (draft-ietf-oauth-attestation-based-client-auth §8.4)."""

    status = 401


class UseAttestationChallenge(ProtocolError):
    """The client has to repeat its request with `challenge` in the proof of its client attestation (the draft's §8.4)."""

    code = "use_attestation_challenge"

    def __init__(self, description: str, challenge: str) -> None:
        super().__init__(description)
        self.challenge = challenge


class UseFreshAttestation(ProtocolError):
    """The client has to get a newer client attestation (the draft's §8.4)."""

    code = "use_fresh_attestation"


class InvalidScope(ProtocolError):
    """The scope is unknown or not available here (RFC 6749 §5.2)."""

    code = "invalid_scope"


class UnsupportedGrantType(ProtocolError):
    """A grant type that we do not offer (RFC 6749 §5.2)."""

    code = "unsupported_grant_type"


class UnsupportedResponseType(ProtocolError):
    """A response type that we do not offer (RFC 6749 §4.1.2.1)."""

    code = "unsupported_response_type"


class InvalidAuthorizationDetails(ProtocolError):
    """Authorization details that we cannot fulfil (RFC 9396 §5)."""

    code = "invalid_authorization_details"


class InvalidRequestUri(ProtocolError):
    """A pushed request is unknown, spent or expired (RFC 9101 §6.2)."""

    code = "invalid_request_uri"


class InvalidDpopProof(ProtocolError):
    """A DPoP proof does not hold (RFC 9449 §5)."""

    code = "invalid_dpop_proof"


class UseDpopNonce(ProtocolError):
    """The client has to repeat its request with `nonce` in the DPoP proof (RFC 9449 §8)."""

    code = "use_dpop_nonce"

    def __init__(self, description: str, nonce: str) -> None:
        super().__init__(description)
        self.nonce = nonce


class InvalidDpopProofAtResource(InvalidDpopProof):
    """The same at a protected resource, where it is a matter of authentication (RFC 9449 §7.1)."""

    status = 401


class UseDpopNonceAtResource(UseDpopNonce):
    """The same at a protected resource (RFC 9449 §9)."""

    status = 401


class InvalidToken(ProtocolError):
    """An access token is unknown, expired, revoked or bound to another key (RFC 6750 §3.1)."""

    code = "invalid_token"
    status = 401


class InsufficientScope(ProtocolError):
    """The access token does not cover what is asked (RFC 6750 §3.1)."""

    code = "insufficient_scope"
    status = 403


class InvalidCredentialRequest(ProtocolError):
    """A credential request breaks its shape (OID4VCI 1.0 §8.3.1.2)."""

    code = "invalid_credential_request"


class UnknownCredentialConfiguration(ProtocolError):
    """No such credential configuration (OID4VCI 1.0 §8.3.1.2)."""

    code = "unknown_credential_configuration"


class UnknownCredentialIdentifier(ProtocolError):
    """No such credential identifier (OID4VCI 1.0 §8.3.1.2)."""

    code = "unknown_credential_identifier"


class InvalidProof(ProtocolError):
    """A key proof is missing or does not hold (OID4VCI 1.0 §8.3.1.2)."""

    code = "invalid_proof"


class InvalidNonce(ProtocolError):
    """A key proof carries no c_nonce that is good now (OID4VCI 1.0 §8.3.1.2)."""

    code = "invalid_nonce"


class InvalidEncryptionParameters(ProtocolError):
    """The encryption asked for, or used, is not possible here (OID4VCI 1.0 §8.3.1.2)."""

    code = "invalid_encryption_parameters"


class CredentialRequestDenied(ProtocolError):
    """The issuer will not issue this credential; asking again does not help (OID4VCI 1.0 §8.3.1.2)."""

    code = "credential_request_denied"


class InvalidNotificationId(ProtocolError):
    """No such notification id (OID4VCI 1.0 §11.3)."""

    code = "invalid_notification_id"


class InvalidNotificationRequest(ProtocolError):
    """A notification breaks its shape (OID4VCI 1.0 §11.3)."""

    code = "invalid_notification_request"


class AccessDenied(ProtocolError):
    """The user said no, or nothing held fits (OID4VP 1.0 §8.5)."""

    code = "access_denied"


class VpFormatsNotSupported(ProtocolError):
    """None of the formats asked for is held (OID4VP 1.0 §8.5)."""

    code = "vp_formats_not_supported"


class InvalidRequestUriMethod(ProtocolError):
    """`request_uri_method` is neither get nor post (OID4VP 1.0 §8.5)."""

    code = "invalid_request_uri_method"


class InvalidTransactionData(ProtocolError):
    """Transaction data of an unknown type or shape (OID4VP 1.0 §8.5)."""

    code = "invalid_transaction_data"


class UnsupportedMediaType(ProtocolError):
    """The body comes in a media type that this endpoint does not read."""

    status = 415


class Unauthorized(ProtocolError):
    """An administration request without a good API key."""

    code = "unauthorized"
    status = 401


class NotFound(ProtocolError):
    """No such thing, or not yours: the two look the same."""

    code = "not_found"
    status = 404


class Conflict(ProtocolError):
    """The thing is in a state that does not allow this."""

    code = "conflict"
    status = 409


class Unavailable(ProtocolError):
    """A store or key is away for now; nothing was consumed, try again."""

    code = "temporarily_unavailable"
    status = 503


class _RaisedAs:
    """What `raised_as` gives; it has no state, so one serves everybody."""

    __slots__ = ("_error",)

    def __init__(self, error: type[ProtocolError]) -> None:
        self._error = error

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, found: BaseException | None, __: object) -> None:
        if isinstance(found, Flaw) and not isinstance(found, TooLarge):
            raise self._error(found.description) from found


@cache
def raised_as(error: type[ProtocolError]) -> AbstractContextManager[None]:
    """Let every `Flaw` found inside leave as the endpoint's own error; endpoint errors pass unchanged.

    A size that passes a cap keeps its kind, because HTTP has a status of its own for it.
    """
    return _RaisedAs(error)
