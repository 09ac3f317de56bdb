"""The encrypted session between a wallet and a reader (ISO/IEC 18013-5 §9.1.1): establishment, data, termination.

Each side encrypts under a key of its own and counts its messages, so that one that is lost, repeated, reordered or
reflected opens nothing. Both keys hang on the whole session transcript: who changed the engagement shares no key.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from protocol.cbor import CborMap, encode_cbor, read_cbor_map, wrap
from protocol.cose_key import write_cose_key
from protocol.encoding import sha256
from protocol.errors import Malformed, NotAuthentic
from protocol.keys import Decrypter, PublicKey
from protocol.mdoc.engagement import read_ephemeral_key

MAX_SESSION_MESSAGE = 1 << 20  # bytes
MAX_MESSAGES = 1000  # of either side: far more than any session has, far fewer than the counter holds

_READER, _DEVICE = bytes(8), bytes(7) + b"\1"  # identifiers in the nonce (§9.1.1.5)


class Termination(IntEnum):
    """Why a session ends (§9.1.1.4, table 20)."""

    ENCRYPTION_ERROR = 10
    DECODING_ERROR = 11
    TERMINATED = 20


@dataclass(frozen=True, slots=True)
class SessionEstablishment:
    """A reader's first message: its ephemeral key, and its request under it."""

    reader_key: PublicKey
    reader_key_bytes: bytes  # of the key in CBOR, as sent, without tag 24
    data: bytes  # encrypted

    @classmethod
    def from_bytes(cls, encoded: bytes) -> Self:
        """Read the message; members that are not known are ignored.

        Raises:
            TooLarge: over 1 MiB.
            Malformed: a member is missing or has the wrong shape.
            Unsupported: a key on another curve.
        """
        at = "session establishment"
        message = read_cbor_map(encoded, at, max_bytes=MAX_SESSION_MESSAGE)
        key_bytes, key = read_ephemeral_key(message.get("eReaderKey"), f"{at}.eReaderKey")
        data = _read_data(message, at)
        if data is None:
            raise Malformed(f"{at}.data", "is missing")
        return cls(key, key_bytes, data)

    @classmethod
    def begin(cls, reader_key: PublicKey, data: bytes) -> Self:
        """A message of our own; its key's bytes are `reader_key_bytes(reader_key)`, as in the transcript."""
        return cls(reader_key, reader_key_bytes(reader_key), data)

    def to_bytes(self) -> bytes:
        """The message as it travels."""
        return encode_cbor({"eReaderKey": wrap(self.reader_key_bytes), "data": self.data})


@dataclass(frozen=True, slots=True)
class SessionData:
    """Any later message of either side: data, an end, or both."""

    data: bytes | None  # encrypted
    status: int | None  # `Termination`, or a number that is not known: either way the session is over

    @classmethod
    def from_bytes(cls, encoded: bytes) -> Self:
        """Read the message; members that are not known are ignored.

        Raises:
            TooLarge: over 1 MiB.
            Malformed: it has neither data nor a status, or one of the wrong shape.
        """
        at = "session data"
        message = read_cbor_map(encoded, at, max_bytes=MAX_SESSION_MESSAGE)
        status = message.get("status")
        if "status" in message and (type(status) is not int or status < 0):
            raise Malformed(f"{at}.status", "must be a number")
        data = _read_data(message, at)
        if data is None and status is None:
            raise Malformed(at, "has neither data nor a status")
        return cls(data, status if type(status) is int else None)

    def to_bytes(self) -> bytes:
        """The message as it travels; one with nothing in it is a ValueError."""
        message: CborMap = {}
        if self.data is not None:
            message["data"] = self.data
        if self.status is not None:
            message["status"] = int(self.status)
        if not message:
            raise ValueError("a message of a session has data or a status")
        return encode_cbor(message)


@dataclass(frozen=True, slots=True)
class Session:
    """One side's keys and counters. A step makes a new value, and only the newest may ever be used."""

    send_key: bytes
    receive_key: bytes
    send_id: bytes
    receive_id: bytes
    sent: int = 0
    received: int = 0

    @classmethod
    def of_reader(cls, own: Decrypter, device_key: PublicKey, transcript: bytes) -> Self:
        """The reader's side; `transcript` is SessionTranscriptBytes, tag 24 included."""
        reader, device = derive_session_keys(own.agree(device_key), transcript)
        return cls(reader, device, _READER, _DEVICE)

    @classmethod
    def of_device(cls, own: Decrypter, reader_key: PublicKey, transcript: bytes) -> Self:
        """The wallet's side; `transcript` is SessionTranscriptBytes, tag 24 included."""
        reader, device = derive_session_keys(own.agree(reader_key), transcript)
        return cls(device, reader, _DEVICE, _READER)

    def encrypt(self, plain: bytes) -> tuple[Self, bytes]:
        """The next message; a session that is used up is a ValueError."""
        if self.sent >= MAX_MESSAGES:
            raise ValueError("this session has sent its last message")
        data = AESGCM(self.send_key).encrypt(_nonce(self.send_id, self.sent + 1), plain, None)
        return self._moved(sent=self.sent + 1), data

    def decrypt(self, data: bytes) -> tuple[Self, bytes]:
        """The next message of the other side. After a refusal the session is over (`Termination.ENCRYPTION_ERROR`).

        Raises:
            NotAuthentic: of another session, the wrong side, out of its order, or altered.
        """
        if self.received >= MAX_MESSAGES:
            raise NotAuthentic("session data: does not belong here")
        try:
            plain = AESGCM(self.receive_key).decrypt(_nonce(self.receive_id, self.received + 1), data, None)
        except InvalidTag as error:
            raise NotAuthentic("session data: does not belong here") from error
        return self._moved(received=self.received + 1), plain

    def _moved(self, *, sent: int | None = None, received: int | None = None) -> Self:
        return type(self)(
            self.send_key,
            self.receive_key,
            self.send_id,
            self.receive_id,
            self.sent if sent is None else sent,
            self.received if received is None else received,
        )

    def __repr__(self) -> str:
        """Never the keys."""
        return f"Session(sent={self.sent}, received={self.received})"


def reader_key_bytes(key: PublicKey) -> bytes:
    """A reader's ephemeral key in CBOR; with tag 24 it is EReaderKeyBytes."""
    return encode_cbor(write_cose_key(key))


def derive_session_keys(secret: bytes, transcript: bytes) -> tuple[bytes, bytes]:
    """SKReader and SKDevice, from ECDH's secret and SessionTranscriptBytes (§9.1.1.5)."""
    salt = sha256(transcript)
    return _derive(secret, salt, b"SKReader"), _derive(secret, salt, b"SKDevice")


def _derive(secret: bytes, salt: bytes, info: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt, info).derive(secret)


def _nonce(side: bytes, counter: int) -> bytes:
    return side + counter.to_bytes(4, "big")


def _read_data(message: CborMap, at: str) -> bytes | None:
    data = message.get("data")
    if "data" in message and not isinstance(data, bytes):
        raise Malformed(f"{at}.data", "must be bytes")
    return data if isinstance(data, bytes) else None
