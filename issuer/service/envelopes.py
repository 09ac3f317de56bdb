"""Credential requests and responses as they travel: plain, or for one another's eyes only (OID4VCI 1.0 §8.2, §10)."""

from __future__ import annotations

from dataclasses import dataclass

from issuer.service.context import IssuerContext
from protocol.encoding import encode_json, read_json
from protocol.errors import InvalidEncryptionParameters, UnsupportedMediaType
from protocol.exchange import Exchange
from protocol.keys import P256Key
from protocol.oid4vci.credential import CredentialRequest, CredentialResponse
from protocol.oid4vci.encryption import (
    MEDIA_TYPE,
    EncryptionKey,
    RequestEncryption,
    ResponseEncryption,
    decrypt_request,
    encrypt_message,
)
from runtime.conversation import with_key

PLAIN = "application/json"
MEDIA_TYPES = (PLAIN, MEDIA_TYPE)  # of requests

_AT = "credential_request"


@dataclass(frozen=True, slots=True)
class Envelopes:
    """Opens requests and closes responses. An issuer without a key for it takes and sends plain ones only."""

    context: IssuerContext

    def open(self, media_type: str, body: bytes) -> Exchange[CredentialRequest]:
        """Read a request.

        Raises:
            UnsupportedMediaType: it is encrypted, which is not offered here.
            InvalidEncryptionParameters: it cannot be decrypted, or wants its response encrypted and is not so itself:
                whoever could change it would choose the key (T129, T130).
            Unavailable: the key to decrypt with is away; nothing was consumed.
            ProtocolError: what is inside; see `CredentialRequest.from_dict`.
        """
        if media_type == MEDIA_TYPE:
            if not self.context.decrypters:
                raise UnsupportedMediaType(f"the body must be {PLAIN}")
            text, keys = body.decode("ascii", "replace"), self.context.decrypters
            inside = yield from with_key(next(iter(keys.values())), lambda: decrypt_request(text, keys))
            return CredentialRequest.from_dict(inside, _AT)
        request = CredentialRequest.from_dict(read_json(body, _AT), _AT)
        if request.response_encryption is not None:
            raise InvalidEncryptionParameters("credential_response_encryption: needs a request that is encrypted too")
        return request

    def close(self, request: CredentialRequest, response: CredentialResponse) -> tuple[str, bytes]:
        """Media type and body of a response, encrypted as its request asked."""
        wanted = request.response_encryption
        if wanted is None:
            return PLAIN, encode_json(response.to_dict())
        random_bytes = self.context.random_bytes
        text = encrypt_message(
            response.to_dict(),
            wanted.key,
            wanted.enc,
            ephemeral=P256Key.generate(random_bytes),
            random_bytes=random_bytes,
        )
        return MEDIA_TYPE, text.encode("ascii")


def request_encryption(context: IssuerContext) -> RequestEncryption | None:
    """What the metadata says of requests; None: they are not decrypted here."""
    if not context.decrypters:
        return None
    return RequestEncryption(
        tuple(EncryptionKey(decrypter.public_key, kid) for kid, decrypter in context.decrypters.items())
    )


def response_encryption(context: IssuerContext) -> ResponseEncryption | None:
    """What the metadata says of responses; None: they are not encrypted here."""
    return ResponseEncryption() if context.decrypters else None
