"""Device engagement: what a wallet's QR code says to begin a session with it (ISO/IEC 18013-5 §8.2.1, §9.1.1.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from protocol.cbor import CborValue, encode_cbor, read_cbor, read_wrapped, wrap
from protocol.cose_key import read_cose_key, write_cose_key
from protocol.encoding import decode_base64url, encode_base64url
from protocol.errors import Malformed, Unsupported
from protocol.keys import PublicKey

SCHEME = "mdoc:"
CIPHER_SUITE = 1  # the only one there is
MAX_ENGAGEMENT = 4096  # bytes
MAX_METHODS = 16
NFC, BLE, WIFI_AWARE = 1, 2, 3  # kinds of retrieval that the standard has

_VERSION, _SECURITY, _METHODS = 0, 1, 2
_AT = "device engagement"


@dataclass(frozen=True, slots=True)
class RetrievalMethod:
    """A way to carry the session, as an open list: the standard's have numbers from 1 on, others' stand beside them."""

    kind: int
    version: int
    options: CborValue  # of the kind; not looked at here


@dataclass(frozen=True, slots=True)
class DeviceEngagement:
    """An engagement as it came or will be shown. It is part of what both sides sign, so its bytes are kept."""

    version: str
    device_key: PublicKey  # ephemeral, P-256
    device_key_bytes: bytes  # of the key in CBOR, as sent, without tag 24
    methods: tuple[RetrievalMethod, ...]
    raw: bytes

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read an engagement; versions 1.x and members that are not known are taken as the standard asks.

        Raises:
            TooLarge: over 4 KiB.
            Malformed: a member is missing or has the wrong shape, or the key is no point on its curve.
            Unsupported: another version or cipher suite, or a key on another curve.
        """
        value = read_cbor(data, _AT, max_bytes=MAX_ENGAGEMENT)
        if not isinstance(value, dict):
            raise Malformed(_AT, "must be a map")
        version = value.get(_VERSION)
        if not isinstance(version, str):
            raise Malformed(_AT, "must have a version")
        if not version.startswith("1."):
            raise Unsupported(f"{_AT}: this version is not accepted")
        security = value.get(_SECURITY)
        if not isinstance(security, list) or len(security) < 2:
            raise Malformed(_AT, "must have a cipher suite and a key")
        if type(security[0]) is not int:
            raise Malformed(_AT, "must have a number for its cipher suite")
        if security[0] != CIPHER_SUITE:
            raise Unsupported(f"{_AT}: this cipher suite is not accepted")
        key_bytes, key = read_ephemeral_key(security[1], f"{_AT} key")
        return cls(version, key, key_bytes, _read_methods(value.get(_METHODS)), data)

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read what a QR code says.

        Raises:
            TooLarge, Malformed, Unsupported: see `from_bytes`.
        """
        if not is_engagement(text):
            raise Malformed(_AT, "is not a link for an engagement")
        return cls.from_bytes(decode_base64url(text[len(SCHEME) :], _AT))

    @classmethod
    def begin(cls, device_key: PublicKey, methods: tuple[RetrievalMethod, ...] = ()) -> Self:
        """An engagement of our own, with a fresh key for this session alone."""
        key_bytes = encode_cbor(write_cose_key(device_key))
        value: dict[int | str, CborValue] = {_VERSION: "1.0", _SECURITY: [CIPHER_SUITE, wrap(key_bytes)]}
        if methods:
            value[_METHODS] = [[method.kind, method.version, method.options] for method in methods]
        return cls("1.0", device_key, key_bytes, methods, encode_cbor(value))

    def to_text(self) -> str:
        """What the QR code says."""
        return SCHEME + encode_base64url(self.raw)


def is_engagement(text: str) -> bool:
    """Whether a text that a camera read is meant to be an engagement; the scheme is in any case, as in every URI."""
    return text[: len(SCHEME)].lower() == SCHEME


def read_ephemeral_key(value: CborValue, at: str) -> tuple[bytes, PublicKey]:
    """A session's key (EDeviceKeyBytes, EReaderKeyBytes), with its bytes as sent.

    Raises:
        Malformed: not a key in tag 24, or no point on its curve.
        Unsupported: another curve than cipher suite 1 has here.
    """
    inner, encoded = read_wrapped(value, at)
    key = read_cose_key(inner, at)
    if key.crv != "P-256":
        raise Unsupported(f"{at}: is on another curve than P-256")
    return encoded, key


def _read_methods(value: CborValue) -> tuple[RetrievalMethod, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_METHODS:
        raise Malformed(_AT, f"must have 1 to {MAX_METHODS} retrieval methods, or none at all")
    methods: list[RetrievalMethod] = []
    for method in value:
        if not isinstance(method, list) or len(method) != 3 or type(method[0]) is not int or type(method[1]) is not int:
            raise Malformed(_AT, "must have a kind, a version and options for each retrieval method")
        methods.append(RetrievalMethod(method[0], method[1], method[2]))
    return tuple(methods)
