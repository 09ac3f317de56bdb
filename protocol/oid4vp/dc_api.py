"""Asking and answering through the browser: what travels over the Digital Credentials API (OID4VP 1.0 Appendix A).

No address and no state travel here. The answer goes back to the page that asked, and is bound to that page's origin, which
the platform tells the wallet: it is a parameter everywhere, and never read from a request (T167).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

from protocol.dcql.query import DcqlQuery
from protocol.encoding import JsonObject, JsonValue
from protocol.errors import InvalidRequest, Malformed, ProtocolError, raised_as
from protocol.fields import Fields, read_https_url
from protocol.keys import P256Key, RandomBytes
from protocol.mdoc.transcript import DcApiHandover
from protocol.oid4vp.client_id import ClientId
from protocol.oid4vp.request import (
    DC_API,
    DC_API_JWT,
    MIN_SECRET,
    RESPONSE_TYPE,
    ClientMetadata,
    EncryptionKey,
    VerifierInfo,
    read_query,
    read_response_mode,
    read_url_safe,
    thumbprint_of,
    without_cockpit,
)
from protocol.oid4vp.response import (
    AuthorizationResponse,
    ErrorResponse,
    Presentation,
    ResponseKey,
    check_cockpit_asked,
    decrypt_response,
)
from protocol.sovereignty.cockpit import CockpitKey

ORIGIN = "origin:"  # §A.4: before the origin, in the audience of an answer
MAX_VERIFIER_INFO = 32


class Exchanged(StrEnum):
    """The ways to ask that we speak, as browsers call them (§A.1)."""

    SIGNED = "openid4vp-v1-signed"
    MULTISIGNED = "openid4vp-v1-multisigned"
    UNSIGNED = "openid4vp-v1-unsigned"


@dataclass(frozen=True, slots=True)
class PageRequest:
    """What a page asked for, as browser or system hands it to a wallet; nothing in it is verified."""

    protocol: str
    data: JsonObject
    origin: str  # of the page, as the platform vouches for it


@dataclass(frozen=True, slots=True)
class DcApiRequest:
    """What a page asks, and what the answer must be bound to (§A.2)."""

    origin: str  # of the page: for a wallet what the platform says, for a verifier its own
    client_id: ClientId | None  # None: unsigned, so that nobody but the origin says who asks
    response_mode: str  # dc_api or dc_api.jwt
    nonce: str
    dcql_query: DcqlQuery
    client_metadata: ClientMetadata | None = None
    transaction_data: tuple[str, ...] = ()  # as received: the texts are what is hashed
    verifier_info: tuple[VerifierInfo, ...] = ()

    @classmethod
    def from_unsigned(cls, data: object, origin: str) -> Self:
        """Read an unsigned request. `client_id` and `expected_origins` are ignored in it, whatever they say (§A.2, T167).

        Raises:
            Malformed: a member is missing or has the wrong shape.
        """
        request = Fields(data, "request")
        read = cls._read(request, origin, None, read_verifier_info(request))
        return replace(read, client_metadata=without_cockpit(read.client_metadata))

    @classmethod
    def from_signed(
        cls, claims: Fields, origin: str, client_id: ClientId, verifier_info: tuple[VerifierInfo, ...]
    ) -> Self:
        """Read the claims of a request whose signature, client and origin were verified.

        Raises:
            Malformed: a member is missing or has the wrong shape.
        """
        return cls._read(claims, origin, client_id, verifier_info)

    @classmethod
    def _read(
        cls, request: Fields, origin: str, client_id: ClientId | None, verifier_info: tuple[VerifierInfo, ...]
    ) -> Self:
        metadata = request.optional_object("client_metadata")
        return cls(
            origin=origin,
            client_id=client_id,
            response_mode=read_response_mode(request, (DC_API, DC_API_JWT)),
            nonce=read_url_safe(request, "nonce"),
            dcql_query=read_query(request),
            client_metadata=ClientMetadata.from_dict(metadata.members, metadata.at) if metadata else None,
            transaction_data=request.optional_texts("transaction_data"),
            verifier_info=verifier_info,
        )

    @property
    def audience(self) -> str:
        """Whom a holder's proof is made for: always the origin, never the client identifier (§A.4)."""
        return f"{ORIGIN}{self.origin}"

    @property
    def handover(self) -> DcApiHandover:
        """What an mdoc is bound to (App. B.2.6.2): the origin, whoever signed the request.

        Raises:
            InvalidRequest: see `choose_encryption`.
        """
        return DcApiHandover(self.origin, self.nonce, thumbprint_of(self))

    @property
    def state(self) -> None:
        """There is none on this way: the platform ties the answer to the page (§A.2, §5.3)."""
        return None

    def to_dict(self) -> JsonObject:
        """The parameters but for those that say who asks, which stand elsewhere in each kind of request."""
        members: JsonObject = {
            "response_type": RESPONSE_TYPE,
            "response_mode": self.response_mode,
            "nonce": self.nonce,
            "dcql_query": self.dcql_query.to_dict(),
        }
        if self.client_metadata is not None:
            members["client_metadata"] = self.client_metadata.to_dict()
        if self.transaction_data:
            members["transaction_data"] = list(self.transaction_data)
        return members

    def to_unsigned(self) -> JsonObject:
        """The `data` of an unsigned request (§A.3.1)."""
        self.check_sendable()
        return {**self.to_dict(), **write_verifier_info(self.verifier_info)}

    def check_sendable(self) -> None:
        """Check what a verifier owes its own request; whatever is wrong is our mistake and a ValueError (T191)."""
        check_origin(self.origin)
        if len(self.nonce) < MIN_SECRET:
            raise ValueError("a nonce has at least 128 bits")
        keys = self.client_metadata.encryption_keys if self.client_metadata else ()
        if self.response_mode == DC_API_JWT and not keys:
            raise ValueError("an answer can be encrypted only to a key of the request")

    def choose_encryption(self) -> tuple[EncryptionKey, str] | None:
        """How the answer is encrypted; None where the verifier asked for a clear one.

        Raises:
            InvalidRequest: encryption is asked and impossible (T165).
        """
        if self.response_mode == DC_API:
            return None
        return (self.client_metadata or ClientMetadata()).choose_encryption()


def check_origin(origin: str) -> None:
    """Check that an origin is one of a web page over https, as browsers write it, or of a page on this machine (§A.2).

    Origins of apps, `null` and every other scheme are refused: nothing here could say whose they are.

    Raises:
        InvalidRequest: anything else.
    """
    with raised_as(InvalidRequest):
        read_https_url(origin, "origin")
        scheme, _, rest = origin.partition("://")
        # Only scheme, host and port, in the one spelling that can be compared as text
        if (
            "/" in rest
            or "?" in rest
            or origin != origin.lower()
            or rest.endswith({"https": ":443"}.get(scheme, ":80"))
        ):
            raise Malformed("origin", "must be a scheme, a host and a port that is not the usual one")


def read_verifier_info(members: Fields) -> tuple[VerifierInfo, ...]:
    """What others say about who asks.

    Raises:
        Malformed: a member has the wrong shape.
    """
    infos = members.optional_objects("verifier_info", max_items=MAX_VERIFIER_INFO)
    return tuple(map(VerifierInfo.from_fields, infos))


def write_verifier_info(infos: tuple[VerifierInfo, ...]) -> JsonObject:
    """The member that `read_verifier_info` reads; no member where there is nothing to say."""
    return {"verifier_info": [info.to_dict() for info in infos]} if infos else {}


def answer_data(
    request: DcApiRequest,
    vp_token: Mapping[str, tuple[Presentation, ...]],
    *,
    ephemeral: P256Key,
    random_bytes: RandomBytes,
    cockpit_key: CockpitKey | None = None,
) -> JsonObject:
    """The `data` that goes back to the page with these presentations, encrypted if that was asked (§A.4).

    `ephemeral` was made for this one answer, and so was `cockpit_key`, for a request that announces a cockpit.

    Raises:
        InvalidRequest: encryption is asked and impossible (T165).
    """
    check_cockpit_asked(request.client_metadata, cockpit_key)
    answer = AuthorizationResponse(vp_token, cockpit_key=cockpit_key)
    encryption = request.choose_encryption()
    if encryption is None:
        return answer.to_dict()
    return {"response": answer.encrypted(*encryption, ephemeral, random_bytes)}


def error_data(error: ProtocolError) -> JsonObject:
    """The `data` that says that nothing is presented: the code and no word more (§A.4, §15.9.2)."""
    return {"error": error.code}


def read_answer_data(
    data: object, *, response_mode: str, key: ResponseKey | None
) -> AuthorizationResponse | ErrorResponse:
    """Read what a page got from its browser. Unknown members are ignored, a state among them (§A.2).

    `key` belongs to `dc_api.jwt` and to nothing else.

    Raises:
        InvalidRequest: a clear answer where encryption was asked (T180), what cannot be decrypted, for whatever reason
            (T181), or a shape that is no answer (T176).
    """
    if (key is not None) != (response_mode == DC_API_JWT):
        raise ValueError("a key belongs to dc_api.jwt and to nothing else")
    with raised_as(InvalidRequest):
        fields = Fields(data, "response")
        if "error" in fields and "vp_token" not in fields and "response" not in fields:
            return ErrorResponse.from_dict({"error": fields.members["error"]})
        if key is None:
            if "response" in fields:
                raise InvalidRequest("response: encryption was not asked")
            return _stateless(fields.members)
        if "response" not in fields or "vp_token" in fields:
            raise InvalidRequest("response: must be encrypted")
        answer = decrypt_response(fields.members["response"], key)
        return answer if isinstance(answer, ErrorResponse) else replace(answer, state=None)


def _stateless(members: Mapping[str, JsonValue]) -> AuthorizationResponse:
    return AuthorizationResponse.from_dict({**members, "state": None})
