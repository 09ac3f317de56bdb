"""What a verifier asks: the authorization request, the same in a link and in a signed request (OID4VP 1.0 §5)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Protocol, Self
from urllib.parse import urlsplit

from protocol.dcql.query import DcqlQuery
from protocol.encoding import JsonObject, JsonValue
from protocol.errors import Flaw, InvalidRequest, Malformed
from protocol.fields import Fields
from protocol.jwe import ENCRYPTIONS, KEY_AGREEMENT
from protocol.keys import PublicKey
from protocol.mdoc.transcript import Handover, OpenId4VpHandover
from protocol.oid4vp.client_id import ClientId, Prefix
from protocol.sovereignty.answers import announce_answers, announced_answers
from protocol.sovereignty.cockpit import announce, announced_in_metadata

RESPONSE_TYPE = "vp_token"
DIRECT_POST = "direct_post"
DIRECT_POST_JWT = "direct_post.jwt"
DC_API = "dc_api"  # §A.2
DC_API_JWT = "dc_api.jwt"
SELF_ISSUED = "https://self-issued.me/v2"  # §5.8: the audience when wallets are not known in advance
DEFAULT_ENC = "A128GCM"  # §5.1
# §5.1: in a link these come as JSON text
JSON_PARAMETERS = frozenset(("dcql_query", "client_metadata", "transaction_data", "verifier_info"))
MAX_NONCE = 1024  # characters
MIN_SECRET = 22  # characters of base64url: 128 bits, for a nonce or state of ours (§5.2, §5.3, T191)
MAX_KEYS = 16

# §5.2 for nonce and state
_URL_SAFE = re.compile(r"[A-Za-z0-9._~-]+")


@dataclass(frozen=True, slots=True)
class EncryptionKey:
    """A key of the verifier for this one answer."""

    kid: str
    key: PublicKey  # on P-256, for ECDH-ES

    def to_jwk(self) -> JsonObject:
        """As it stands in `client_metadata.jwks`; all four extra members, because wallets look for each of them."""
        return {**self.key.to_jwk(), "kid": self.kid, "use": "enc", "alg": KEY_AGREEMENT}


@dataclass(frozen=True, slots=True)
class ClientMetadata:
    """What the verifier can read (§5.1, §11.1). Keys that we cannot use are left out while reading (T165)."""

    encryption_keys: tuple[EncryptionKey, ...] = ()
    encs: tuple[str, ...] = (DEFAULT_ENC,)  # as the verifier lists them
    vp_formats: JsonObject | None = None
    cockpit_endpoint: str | None = None  # ours (docs/sovereignty/receipts.md); one that cannot be read is none
    takes_answers: tuple[str, ...] = ()  # ours (docs/sovereignty/catalogue.md): questions of a form

    @classmethod
    def from_dict(cls, value: object, at: str = "client_metadata") -> Self:
        """Read `client_metadata`; unknown members are ignored.

        Raises:
            Malformed: a member has the wrong shape.
        """
        metadata = Fields(value, at)
        jwks = metadata.optional_object("jwks")
        keys = jwks.optional_objects("keys", max_items=MAX_KEYS) if jwks else ()
        formats = metadata.optional_object("vp_formats_supported")
        return cls(
            encryption_keys=tuple(key for jwk in keys if (key := _usable(jwk)) is not None),
            encs=metadata.optional_texts("encrypted_response_enc_values_supported", max_items=32) or (DEFAULT_ENC,),
            vp_formats=formats.members if formats else None,
            cockpit_endpoint=announced_in_metadata(metadata.members),
            takes_answers=announced_answers(metadata.members),
        )

    def to_dict(self) -> JsonObject:
        """The wire form; `encrypted_response_enc_values_supported` only where there is something to encrypt to."""
        metadata: JsonObject = {}
        if self.encryption_keys:
            metadata["jwks"] = {"keys": [key.to_jwk() for key in self.encryption_keys]}
            metadata["encrypted_response_enc_values_supported"] = list(self.encs)
        if self.vp_formats is not None:
            metadata["vp_formats_supported"] = self.vp_formats
        if self.cockpit_endpoint is not None:
            metadata.update(announce(self.cockpit_endpoint))
        if self.takes_answers:
            metadata.update(announce_answers(self.takes_answers))
        return metadata

    def choose_encryption(self) -> tuple[EncryptionKey, str]:
        """The key and `enc` to answer with: the first usable key, the strongest `enc` that the verifier lists.

        Raises:
            InvalidRequest: none that we can use; an answer is never sent in clear instead (T165).
        """
        enc = next((enc for enc in ENCRYPTIONS if enc in self.encs), None)
        if not self.encryption_keys or enc is None:
            raise InvalidRequest("client_metadata: has no key or encryption that can be used here")
        return self.encryption_keys[0], enc


@dataclass(frozen=True, slots=True)
class VerifierInfo:
    """Something that a third party says about the verifier (§5.11), such as a registration certificate; not checked."""

    format: str
    data: str | JsonObject
    credential_ids: tuple[str, ...] = ()  # empty: about all of the request

    @classmethod
    def from_fields(cls, info: Fields) -> Self:
        """Read one element of `verifier_info`.

        Raises:
            Malformed: a member is missing or has the wrong shape.
        """
        data = info.required("data")
        if not isinstance(data, dict):
            data = info.text("data")
        return cls(info.text("format"), data, info.optional_texts("credential_ids"))

    def to_dict(self) -> JsonObject:
        """The wire form."""
        info: JsonObject = {"format": self.format, "data": self.data}
        if self.credential_ids:
            info["credential_ids"] = list(self.credential_ids)
        return info


class Question(Protocol):
    """What every request asks, however it came and whichever way its answer goes."""

    @property
    def dcql_query(self) -> DcqlQuery:
        """What is asked."""

    @property
    def response_mode(self) -> str:
        """How the answer travels."""

    @property
    def nonce(self) -> str:
        """What makes the answer one to this request."""

    @property
    def audience(self) -> str:
        """Whom a holder's proof is made for."""

    @property
    def state(self) -> str | None:
        """What comes back with the answer."""

    @property
    def transaction_data(self) -> tuple[str, ...]:
        """What is to be authorised, as received."""

    @property
    def verifier_info(self) -> tuple[VerifierInfo, ...]:
        """What others say about who asks."""

    @property
    def handover(self) -> Handover:
        """How the answer is handed over, which an mdoc is bound to (App. B.2.6); InvalidRequest as `choose_encryption`."""

    def choose_encryption(self) -> tuple[EncryptionKey, str] | None:
        """How the answer is encrypted; None: not at all."""


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """What is asked, how the answer is to travel and what it must be bound to (§5.1, §5.2, §8.2)."""

    client_id: ClientId
    response_uri: str
    response_mode: str  # direct_post or direct_post.jwt
    nonce: str
    dcql_query: DcqlQuery
    state: str | None = None
    client_metadata: ClientMetadata | None = None
    transaction_data: tuple[str, ...] = ()  # as received: the texts are what is hashed
    verifier_info: tuple[VerifierInfo, ...] = ()
    wallet_nonce: str | None = None

    @classmethod
    def from_dict(cls, value: object, at: str = "request") -> Self:
        """Read the parameters or the claims of a request object; unknown members are ignored (T205).

        Raises:
            Malformed: a member is missing or has the wrong shape, or members do not go together.
            Unsupported: a response mode, response type or client identifier prefix that we do not speak.
            InvalidRequest: answers to this client may not be posted there.
        """
        request = Fields(value, at)
        client_id = ClientId.from_text(request.required("client_id"), request.path("client_id"))
        metadata = request.optional_object("client_metadata")
        read = cls(
            client_id=client_id,
            response_uri=_response_uri(request, client_id),
            response_mode=read_response_mode(request, (DIRECT_POST, DIRECT_POST_JWT)),
            nonce=read_url_safe(request, "nonce"),
            dcql_query=read_query(request),
            state=read_url_safe(request, "state") if "state" in request.members else None,
            client_metadata=ClientMetadata.from_dict(metadata.members, metadata.at) if metadata else None,
            transaction_data=request.optional_texts("transaction_data"),
            verifier_info=tuple(map(VerifierInfo.from_fields, request.optional_objects("verifier_info", max_items=32))),
            wallet_nonce=request.optional_text("wallet_nonce", max_length=MAX_NONCE),
        )
        # §5.3: without a holder's proof, state alone ties the answer to the request
        if read.state is None and not _all_bound(read.dcql_query):
            raise Malformed(request.path("state"), "is missing, and a credential is asked without holder binding")
        return read

    def to_dict(self) -> JsonObject:
        """The claims of a request object, without those that only its signature needs (`aud`, `iat`, `exp`)."""
        members: JsonObject = {
            "response_type": RESPONSE_TYPE,
            "response_mode": self.response_mode,
            "client_id": str(self.client_id),
            "response_uri": self.response_uri,
            "nonce": self.nonce,
            "dcql_query": self.dcql_query.to_dict(),
        }
        optional: JsonObject = {
            "state": self.state,
            "client_metadata": self.client_metadata.to_dict() if self.client_metadata else None,
            "transaction_data": list(self.transaction_data) or None,
            "verifier_info": [info.to_dict() for info in self.verifier_info] or None,
            "wallet_nonce": self.wallet_nonce,
        }
        members.update((name, value) for name, value in optional.items() if value is not None)
        return members

    def check_sendable(self) -> None:
        """Check what a verifier owes its own request; whatever is wrong is our mistake and a ValueError.

        A nonce, and a state where that alone ties the answer to the request, of less than 128 bits is no secret (T191);
        an answer can be encrypted only to a key that the request holds.
        """
        if len(self.nonce) < MIN_SECRET:
            raise ValueError("a nonce has at least 128 bits")
        if not _all_bound(self.dcql_query) and len(self.state or "") < MIN_SECRET:
            raise ValueError("without holder binding a request needs a state of at least 128 bits")
        keys = self.client_metadata.encryption_keys if self.client_metadata else ()
        if self.response_mode == DIRECT_POST_JWT and not keys:
            raise ValueError("an answer can be encrypted only to a key of the request")

    @property
    def audience(self) -> str:
        """Whom a holder's proof is made for: the whole client identifier (§14.8)."""
        return str(self.client_id)

    @property
    def handover(self) -> OpenId4VpHandover:
        """What an mdoc is bound to (App. B.2.6.1); a clear answer has no key (T064).

        Raises:
            InvalidRequest: see `choose_encryption`.
        """
        return OpenId4VpHandover(str(self.client_id), self.nonce, thumbprint_of(self), self.response_uri)

    @property
    def response_host(self) -> str:
        """The host that answers go to, for showing."""
        return urlsplit(self.response_uri).hostname or ""

    def choose_encryption(self) -> tuple[EncryptionKey, str] | None:
        """How the answer is encrypted; None where the verifier asked for a clear one.

        Raises:
            InvalidRequest: encryption is asked and impossible (T165).
        """
        if self.response_mode == DIRECT_POST:
            return None
        return (self.client_metadata or ClientMetadata()).choose_encryption()


def without_cockpit(metadata: ClientMetadata | None) -> ClientMetadata | None:
    """The metadata of an unsigned request: nobody vouches for the address in it, nor for who takes answers."""
    return None if metadata is None else replace(metadata, cockpit_endpoint=None, takes_answers=())


def thumbprint_of(question: Question) -> bytes | None:
    """Of the key that the answer is encrypted to; None where it goes in clear.

    Raises:
        InvalidRequest: encryption is asked and impossible.
    """
    encryption = question.choose_encryption()
    return None if encryption is None else encryption[0].key.thumbprint_bytes()


def _usable(jwk: Fields) -> EncryptionKey | None:
    """The key if we can encrypt to it. Others may be good keys for other wallets, so they are no error (§8.3)."""
    members = jwk.members
    kid = members.get("kid")
    if members.get("use") not in (None, "enc") or members.get("alg") != KEY_AGREEMENT or not isinstance(kid, str):
        return None
    try:
        key = PublicKey.from_jwk(members, jwk.at)
    except Flaw:
        return None
    return EncryptionKey(kid, key) if key.crv == "P-256" and 0 < len(kid) <= MAX_NONCE else None


def read_response_mode(request: Fields, modes: tuple[str, ...]) -> str:
    """The response mode of a request for a `vp_token`.

    Raises:
        Malformed: another response type, or a mode that does not belong to this way.
    """
    if request.text("response_type") != RESPONSE_TYPE:
        raise Malformed(request.path("response_type"), f"must be {RESPONSE_TYPE}")
    mode = request.text("response_mode")
    if mode not in modes:
        raise Malformed(request.path("response_mode"), f"must be {' or '.join(modes)}")
    return mode


def _response_uri(request: Fields, client_id: ClientId) -> str:
    # §8.2: with direct_post there is no redirect_uri (T162)
    if "redirect_uri" in request.members:
        raise Malformed(request.path("redirect_uri"), "must not be there, because the answer is posted")
    # §5.9.3: with the prefix redirect_uri it may be left out
    if client_id.prefix is Prefix.REDIRECT_URI and "response_uri" not in request.members:
        return client_id.identifier
    response_uri = request.https_url("response_uri")
    client_id.check_response_uri(response_uri)
    return response_uri


def read_query(request: Fields) -> DcqlQuery:
    """The question itself.

    Raises:
        Malformed: none, one that breaks its shape, or a scope in its place.
    """
    # §5.5 lets wallets know scopes in advance; we know none, so scope cannot stand for a query
    if "scope" in request.members:
        raise Malformed(request.path("scope"), "is not known here; ask with dcql_query")
    query: JsonValue = request.required("dcql_query")
    return DcqlQuery.from_dict(query, request.path("dcql_query"))


def _all_bound(query: DcqlQuery) -> bool:
    return all(asked.holder_binding for asked in query.credentials)


def read_url_safe(request: Fields, name: str) -> str:
    """A nonce or state (§5.2).

    Raises:
        Malformed: missing, too long, or with other characters than URLs take (T161).
    """
    text = request.text(name, max_length=MAX_NONCE)
    if not _URL_SAFE.fullmatch(text):
        raise Malformed(request.path(name), "must have only characters that are safe in a URL")
    return text
