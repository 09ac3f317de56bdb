"""Credential requests and responses that only the two ends can read, on top of TLS (OpenID4VCI 1.0 §8.2, §10, §12.2.4).

One way in both directions: ECDH-ES on P-256 with AES-GCM (`protocol.jwe`). A response is encrypted only if its request was:
whoever could change the request would choose the key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from protocol.encoding import JsonObject, JsonValue, encode_json, read_json_object
from protocol.errors import InvalidEncryptionParameters, Malformed, NotAuthentic, Unsupported, raised_as
from protocol.fields import Fields
from protocol.jwe import ENCRYPTIONS, KEY_AGREEMENT, Jwe, decrypt_jwe, encrypt_jwe
from protocol.keys import Decrypter, P256Key, PublicKey, RandomBytes

MEDIA_TYPE = "application/jwt"
MAX_KEYS = 16
MAX_ITEMS = 32
MAX_KID = 256  # characters
MAX_REQUEST = 512 * 1024  # bytes of the request inside

_AT = "encrypted credential request"


@dataclass(frozen=True, slots=True)
class EncryptionKey:
    """A public key to encrypt to, with the name that the token carries."""

    key: PublicKey  # on P-256
    kid: str | None = None

    @classmethod
    def from_jwk(cls, jwk: Fields) -> Self:
        """Read a JWK, which has to say for which algorithm it is (§10).

        Raises:
            Unsupported: for another algorithm, or on another curve.
            Malformed: not a public key.
        """
        if jwk.text("alg", max_length=64) != KEY_AGREEMENT:
            raise Unsupported(f"{jwk.path('alg')}: this algorithm is not used here")
        key = PublicKey.from_jwk(jwk.members, jwk.at)
        if key.crv != "P-256":
            raise Unsupported(f"{jwk.at}: must be on P-256")
        return cls(key, jwk.optional_text("kid", max_length=MAX_KID))

    def to_jwk(self) -> JsonObject:
        """The wire form."""
        named: JsonObject = {} if self.kid is None else {"kid": self.kid}
        return {**self.key.to_jwk(), "use": "enc", "alg": KEY_AGREEMENT, **named}


@dataclass(frozen=True, slots=True)
class RequestEncryption:
    """`credential_request_encryption` of an issuer's metadata: whether requests may or must be encrypted, and to which key."""

    keys: tuple[EncryptionKey, ...]  # that we can use; empty: none
    encryptions: tuple[str, ...] = ENCRYPTIONS
    required: bool = False

    @classmethod
    def from_fields(cls, encryption: Fields) -> Self:
        """Read the wire form; keys and encryptions that we do not use are left out, and missing ones are none.

        Raises:
            Malformed: a member has the wrong shape.
        """
        keys: list[EncryptionKey] = []
        jwks = encryption.optional_object("jwks")
        for i, jwk in enumerate(jwks.possibly_empty_array("keys", max_items=MAX_KEYS) if jwks else []):
            try:
                keys.append(EncryptionKey.from_jwk(Fields(jwk, f"{encryption.at}.jwks.keys[{i}]")))
            except Unsupported:
                continue
        return cls(tuple(keys), _usable(encryption), encryption.boolean("encryption_required", default=False))

    def to_dict(self) -> JsonObject:
        """The wire form."""
        return {
            "jwks": {"keys": [key.to_jwk() for key in self.keys]},
            "enc_values_supported": list[JsonValue](self.encryptions),
            "encryption_required": self.required,
        }

    def choose(self) -> tuple[EncryptionKey, str] | None:
        """A key and an encryption to use, or None where there is none that both sides know."""
        return (self.keys[0], self.encryptions[0]) if self.keys and self.encryptions else None


@dataclass(frozen=True, slots=True)
class ResponseEncryption:
    """`credential_response_encryption` of an issuer's metadata: whether it encrypts responses, or insists on it."""

    algorithms: tuple[str, ...] = (KEY_AGREEMENT,)
    encryptions: tuple[str, ...] = ENCRYPTIONS
    required: bool = False

    @classmethod
    def from_fields(cls, encryption: Fields) -> Self:
        """Read the wire form; what we do not use is left out, and what is missing is none.

        Raises:
            Malformed: a member has the wrong shape.
        """
        algorithms = encryption.possibly_empty_array("alg_values_supported", max_items=MAX_ITEMS)
        return cls(
            (KEY_AGREEMENT,) if KEY_AGREEMENT in algorithms else (),
            _usable(encryption),
            encryption.boolean("encryption_required", default=False),
        )

    def to_dict(self) -> JsonObject:
        """The wire form."""
        return {
            "alg_values_supported": list[JsonValue](self.algorithms),
            "enc_values_supported": list[JsonValue](self.encryptions),
            "encryption_required": self.required,
        }

    def choose(self) -> str | None:
        """An encryption to ask for, or None where there is none that both sides know."""
        return self.encryptions[0] if self.algorithms and self.encryptions else None


@dataclass(frozen=True, slots=True)
class WantedEncryption:
    """`credential_response_encryption` of a request: how the wallet wants its response encrypted (§8.2)."""

    key: EncryptionKey
    enc: str

    @classmethod
    def from_fields(cls, wanted: Fields) -> Self:
        """Read the wire form.

        Raises:
            InvalidEncryptionParameters: a key or an encryption that we do not use, compression, or another shape (T129).
        """
        with raised_as(InvalidEncryptionParameters):
            if "zip" in wanted:
                raise Unsupported(f"{wanted.path('zip')}: responses are not compressed here")
            enc = wanted.text("enc", max_length=64)
            if enc not in ENCRYPTIONS:
                raise Unsupported(f"{wanted.path('enc')}: this encryption is not used here")
            return cls(EncryptionKey.from_jwk(wanted.object("jwk")), enc)

    def to_dict(self) -> JsonObject:
        """The wire form."""
        return {"jwk": self.key.to_jwk(), "enc": self.enc}


def can_encrypt(request: RequestEncryption | None, response: ResponseEncryption | None) -> bool:
    """Whether a wallet can do what an issuer insists on. Only the response to an encrypted request is encrypted."""
    sealed = request is not None and request.choose() is not None
    answered = sealed and response is not None and response.choose() is not None
    wanted = request is not None and request.required, response is not None and response.required
    return (sealed or not wanted[0]) and (answered or not wanted[1])


@dataclass(frozen=True, slots=True)
class Envelope:
    """How a wallet sends one credential request and reads its response: encrypted wherever the issuer offers it."""

    to: tuple[EncryptionKey, str] | None  # key and encryption of the request; None: it goes as it is
    wanted: WantedEncryption | None  # of the response
    decrypter: Decrypter | None

    @classmethod
    def of(
        cls, request: RequestEncryption | None, response: ResponseEncryption | None, random_bytes: RandomBytes
    ) -> Self:
        """The envelope for what an issuer offers, with a fresh key for the response."""
        to = request.choose() if request is not None else None
        enc = response.choose() if to is not None and response is not None else None
        if enc is None:
            return cls(to, None, None)
        key = P256Key.generate(random_bytes)
        return cls(to, WantedEncryption(EncryptionKey(key.public_key, "1"), enc), key)

    def seal(self, request: JsonObject, random_bytes: RandomBytes) -> tuple[str, bytes]:
        """Media type and body of a request."""
        if self.to is None:
            return "application/json", encode_json(request)
        ephemeral = P256Key.generate(random_bytes)
        text = encrypt_message(request, *self.to, ephemeral=ephemeral, random_bytes=random_bytes)
        return MEDIA_TYPE, text.encode("ascii")

    def open(self, media_type: str, body: bytes, at: str) -> JsonObject | None:
        """The response inside an encrypted body; None where none was wanted, and the body is the response.

        Raises:
            NotAuthentic: it is not encrypted although we wanted it so, or not as we wanted it.
            Malformed, TooLarge, Unsupported: it cannot be read.
        """
        if self.wanted is None or self.decrypter is None:
            return None
        if media_type != MEDIA_TYPE:
            raise NotAuthentic(f"{at}: is not encrypted, as it was asked to be")
        return decrypt_response(body.decode("ascii", "replace"), self.wanted, self.decrypter, at=at)


def encrypt_message(
    message: JsonObject, key: EncryptionKey, enc: str, *, ephemeral: P256Key, random_bytes: RandomBytes
) -> str:
    """A request or response as a JWE, to be sent as `MEDIA_TYPE`; `ephemeral` is a key for this message alone."""
    return encrypt_jwe(
        encode_json(message), key.key, enc=enc, kid=key.kid, ephemeral=ephemeral, random_bytes=random_bytes
    )


def decrypt_request(text: str, keys: Mapping[str, Decrypter]) -> JsonObject:
    """The credential request inside a JWE that was encrypted to one of the issuer's keys, by their `kid` (T130).

    Raises:
        InvalidEncryptionParameters: not such a JWE, to a key that is not there, altered, or too large.
    """
    with raised_as(InvalidEncryptionParameters):
        jwe = Jwe.from_compact(text, _AT)
        # §12.2.4: every key of the metadata has a kid, and §10: then the token names it
        decrypter = keys.get(jwe.kid or "")
        if decrypter is None:
            raise NotAuthentic(f"{_AT}: is for a key that is not here")
        content = decrypt_jwe(jwe, decrypter, at=_AT)
        if len(content) > MAX_REQUEST:
            raise Malformed(_AT, f"is larger than {MAX_REQUEST} bytes")
        return read_json_object(content, _AT)


def decrypt_response(text: str, wanted: WantedEncryption, decrypter: Decrypter, *, at: str) -> JsonObject:
    """The credential response inside a JWE that was made as we wanted.

    Raises:
        NotAuthentic: to another key, with another encryption, or altered.
        Malformed, TooLarge, Unsupported: not such a JWE, or no JSON object inside.
    """
    jwe = Jwe.from_compact(text, at)
    if jwe.kid != wanted.key.kid:
        raise NotAuthentic(f"{at}: is for another key")
    return read_json_object(decrypt_jwe(jwe, decrypter, encs=(wanted.enc,), at=at), at)


def _usable(encryption: Fields) -> tuple[str, ...]:
    """The encryptions that both sides know, ours first."""
    offered = encryption.possibly_empty_array("enc_values_supported", max_items=MAX_ITEMS)
    return tuple([enc for enc in ENCRYPTIONS if enc in offered])
