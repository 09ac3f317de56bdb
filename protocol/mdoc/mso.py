"""The mobile security object: what an issuer signs of a document (ISO/IEC 18013-5 §9.1.2.4; status by its second edition)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Self

from protocol.cbor import CborMap, CborValue, encode_cbor, encode_head, encode_wrapped, read_cbor, read_wrapper
from protocol.cose_key import encode_cose_key, read_cose_key
from protocol.credential import IdentifierReference, StatusPlace, StatusReference
from protocol.errors import Malformed, Unsupported
from protocol.fields import Fields
from protocol.keys import CURVES, PublicKey
from protocol.mdoc.plain import read_plain
from protocol.mdoc.plain_mso import PlainMso, read_mso
from protocol.mdoc.values import read_tdate, read_utc, tdate
from protocol.status.identifier_list import read_identifier_reference
from protocol.status.reference import MAX_INDEX

VERSION = "1.0"
MAX_NAME = 1024  # characters of a document type, a namespace or an element's identifier

_AT = "mso"

# §9.1.2.5: these three and no others (T063)
DIGESTS: Mapping[str, Callable[[bytes], bytes]] = {
    "SHA-256": lambda data: hashlib.sha256(data).digest(),
    "SHA-384": lambda data: hashlib.sha384(data).digest(),
    "SHA-512": lambda data: hashlib.sha512(data).digest(),
}
_TIMES = ("signed", "validFrom", "validUntil", "expectedUpdate")
DIGEST_SIZES = {"SHA-256": 32, "SHA-384": 48, "SHA-512": 64}


class ValidityInfo(NamedTuple):
    """Since when and until when a document holds; epoch seconds."""

    signed: int
    valid_from: int
    valid_until: int
    expected_update: int | None = None


class MsoStatus(NamedTuple):
    """Where a document's status stands: one of them, or both."""

    status_list: StatusReference | None = None
    identifier_list: IdentifierReference | None = None

    @property
    def places(self) -> tuple[StatusPlace, ...]:
        """Those that there are."""
        return tuple([place for place in self if place is not None])


@dataclass(frozen=True, slots=True)
class KeyAuthorizations:
    """Which elements the holder's device may sign itself (§9.1.2.4)."""

    name_spaces: frozenset[str] = frozenset()  # every element of these
    elements: Mapping[str, frozenset[str]] | None = None  # by namespace

    def covers(self, name_space: str, identifier: str) -> bool:
        """Whether an element is among them."""
        return name_space in self.name_spaces or identifier in (self.elements or {}).get(name_space, ())


NOTHING = KeyAuthorizations()


class MobileSecurityObject(NamedTuple):
    """A signed object, as its issuer said it; whether it is inside its time is for `verify` to say."""

    doc_type: str
    digest_algorithm: str
    value_digests: Mapping[str, Mapping[int, bytes]]  # namespace → digestID → digest
    device_key: PublicKey
    validity: ValidityInfo
    authorizations: KeyAuthorizations = NOTHING
    status: MsoStatus | None = None

    @classmethod
    def from_bytes(cls, payload: bytes, at: str = _AT) -> Self:
        """Read the payload of an issuer's signature. Members that nobody asks for are ignored.

        Raises:
            Malformed: not an object in its wrapper, a member is missing or has another shape, the device's key among them.
            Unsupported: another version, another digest algorithm (T063), or a kind of key that is not accepted.
            TooLarge: see `read_cbor`.
        """
        encoded = read_wrapper(payload, at)
        plain = read_plain(read_mso, encoded)
        return cls._from_value(read_cbor(encoded, at), at) if plain is None else cls._from_plain(plain, at)

    @classmethod
    def _from_plain(cls, plain: PlainMso, at: str) -> Self:
        _check_version(plain.version, at)
        key_at = f"{at}.deviceKeyInfo.deviceKey"
        times = zip(plain.validity, _TIMES, strict=False)
        return cls(
            plain.doc_type,
            "SHA-256",
            plain.value_digests,
            PublicKey.from_spki(CURVES["P-256"].spki + plain.point, key_at),
            ValidityInfo(*[read_utc(time, f"{at}.validityInfo.{name}") for time, name in times]),
            NOTHING,
            None if plain.status is None else MsoStatus(_read_place(plain.status, f"{at}.status.status_list")),
        )

    @classmethod
    def _from_value(cls, mso: CborValue, at: str) -> Self:
        if not isinstance(mso, dict):
            raise Malformed(at, "must be a map")
        _check_version(mso.get("version"), at)
        algorithm = mso.get("digestAlgorithm")
        if not isinstance(algorithm, str) or algorithm not in DIGESTS:
            raise Unsupported(f"{at}.digestAlgorithm: this algorithm is not accepted")
        device_key, authorizations = _read_device_key(mso.get("deviceKeyInfo"), f"{at}.deviceKeyInfo")
        return cls(
            doc_type=read_name(mso.get("docType"), f"{at}.docType"),
            digest_algorithm=algorithm,
            value_digests=_read_digests(mso.get("valueDigests"), algorithm, f"{at}.valueDigests"),
            device_key=device_key,
            validity=_read_validity(mso.get("validityInfo"), f"{at}.validityInfo"),
            authorizations=authorizations,
            status=_read_status(mso["status"], f"{at}.status") if "status" in mso else None,
        )

    def to_bytes(self) -> bytes:
        """The payload of an issuer's signature, in its one encoding."""
        head, status = (b"\xa7\x66status", self._encoded_status()) if self.status is not None else (b"\xa6", b"")
        # Keys stand in the order of their bytes
        parts = [
            head,
            status,
            b"\x67docType",
            encode_cbor(self.doc_type),
            b"\x67version\x631.0\x6cvalidityInfo",
            _encode_validity(self.validity),
            b"\x6cvalueDigests",
            _encode_digests(self.value_digests, DIGEST_SIZES[self.digest_algorithm]),
            b"\x6ddeviceKeyInfo",
            self._encoded_device_key(),
            b"\x6fdigestAlgorithm",
            encode_cbor(self.digest_algorithm),
        ]
        return encode_wrapped(b"".join(parts))

    def _encoded_status(self) -> bytes:
        by_index = self.status.status_list if self.status is not None else None
        by_identifier = self.status.identifier_list if self.status is not None else None
        parts = [encode_head(0xA0, (by_index is not None) + (by_identifier is not None))]
        if by_index is not None:
            parts += [
                b"\x6bstatus_list\xa2\x63idx",
                encode_head(0, by_index.idx),
                b"\x63uri",
                encode_cbor(by_index.uri),
            ]
        if by_identifier is not None:
            uri, identifier = by_identifier
            parts += [b"\x6fidentifier_list\xa2\x62id", encode_cbor(identifier), b"\x63uri", encode_cbor(uri)]
        return b"".join(parts)

    def _encoded_device_key(self) -> bytes:
        key = encode_cose_key(self.device_key)
        allowed: CborMap = {}
        if self.authorizations.name_spaces:
            allowed["nameSpaces"] = list[CborValue](sorted(self.authorizations.name_spaces))
        if self.authorizations.elements:
            elements = self.authorizations.elements.items()
            allowed["dataElements"] = {name: list[CborValue](sorted(names)) for name, names in elements}
        if not allowed:
            return b"\xa1\x69deviceKey" + key
        return b"\xa2\x69deviceKey" + key + b"\x71keyAuthorizations" + encode_cbor(allowed)


def _check_version(version: CborValue, at: str) -> None:
    if version != VERSION:
        raise Unsupported(f"{at}.version: this version is not known here")


def peek_doc_type(payload: bytes, at: str = _AT) -> str:
    """The type of a document that was verified before, from the payload of its issuer's signature.

    Raises:
        Malformed, TooLarge, Unsupported: see `MobileSecurityObject.from_bytes`.
    """
    mso = read_cbor(read_wrapper(payload, at), at)
    if not isinstance(mso, dict):
        raise Malformed(at, "must be a map")
    return read_name(mso.get("docType"), f"{at}.docType")


def read_name(value: CborValue, at: str) -> str:
    """A document type, a namespace or an element's identifier.

    Raises:
        Malformed: anything else.
    """
    if type(value) is not str or not 0 < len(value) <= MAX_NAME:
        raise Malformed(at, f"must be a text of 1 to {MAX_NAME} characters")
    return value


def _read_digests(value: CborValue, algorithm: str, at: str) -> dict[str, dict[int, bytes]]:
    if not isinstance(value, dict) or not value:
        raise Malformed(at, "must be a map that is not empty")
    size = DIGEST_SIZES[algorithm]
    found: dict[str, dict[int, bytes]] = {}
    for name, digests in value.items():
        if not isinstance(digests, dict):
            raise Malformed(at, "must have a map for each namespace")
        checked: dict[int, bytes] = {}
        for digest_id, digest in digests.items():
            if type(digest_id) is not int or digest_id < 0 or type(digest) is not bytes or len(digest) != size:
                raise Malformed(at, "must have a digest of its algorithm's size for each number")
            checked[digest_id] = digest
        found[read_name(name, at)] = checked
    return found


def _read_device_key(value: CborValue, at: str) -> tuple[PublicKey, KeyAuthorizations]:
    if not isinstance(value, dict):
        raise Malformed(at, "must be a map")
    key = read_cose_key(value.get("deviceKey"), f"{at}.deviceKey")
    if "keyAuthorizations" not in value:
        return key, NOTHING
    at = f"{at}.keyAuthorizations"
    allowed = value["keyAuthorizations"]
    if not isinstance(allowed, dict):
        raise Malformed(at, "must be a map")
    by_name_space = allowed.get("dataElements", {})
    if not isinstance(by_name_space, dict):
        raise Malformed(f"{at}.dataElements", "must be a map")
    elements = {read_name(name, at): _read_names(names, f"{at}.dataElements") for name, names in by_name_space.items()}
    name_spaces = _read_names(allowed.get("nameSpaces", []), f"{at}.nameSpaces")
    return key, KeyAuthorizations(name_spaces, elements or None)


def _read_names(value: CborValue, at: str) -> frozenset[str]:
    if not isinstance(value, list):
        raise Malformed(at, "must be an array")
    return frozenset([read_name(name, at) for name in value])


def _read_validity(value: CborValue, at: str) -> ValidityInfo:
    if not isinstance(value, dict):
        raise Malformed(at, "must be a map")
    return ValidityInfo(
        signed=read_tdate(value.get("signed"), f"{at}.signed"),
        valid_from=read_tdate(value.get("validFrom"), f"{at}.validFrom"),
        valid_until=read_tdate(value.get("validUntil"), f"{at}.validUntil"),
        expected_update=(
            read_tdate(value["expectedUpdate"], f"{at}.expectedUpdate") if "expectedUpdate" in value else None
        ),
    )


def _read_status(value: CborValue, at: str) -> MsoStatus:
    """What names neither of the two ways says that there is a status, and not where; `verify` refuses it."""
    if not isinstance(value, dict):
        raise Malformed(at, "must be a map")
    by_index, by_identifier = None, None
    if "status_list" in value:
        by_index = _read_place(_texts_alone(value["status_list"]), f"{at}.status_list")
    if "identifier_list" in value:
        by_identifier = read_identifier_reference(value["identifier_list"], f"{at}.identifier_list")
    return MsoStatus(by_index, by_identifier)


def _read_place(value: object, at: str) -> StatusReference:
    entry = Fields(value, at)
    return StatusReference(entry.https_url("uri"), entry.integer("idx", maximum=MAX_INDEX))


def _texts_alone(value: CborValue) -> object:
    """The members that JSON knows too, for its reader."""
    if not isinstance(value, dict):
        return value
    return {name: item for name, item in value.items() if isinstance(name, str) and isinstance(item, str | int)}


def _encode_validity(validity: ValidityInfo) -> bytes:
    signed, valid_from, valid_until, expected_update = [
        b"" if time is None else b"\xc0\x74" + tdate(time).encode("ascii") for time in validity
    ]
    parts = (b"\x66signed", signed, b"\x69validFrom", valid_from, b"\x6avalidUntil", valid_until)
    if not expected_update:
        return b"\xa3" + b"".join(parts)
    return b"\xa4" + b"".join((*parts, b"\x6eexpectedUpdate", expected_update))


def _encode_digests(value_digests: Mapping[str, Mapping[int, bytes]], size: int) -> bytes:
    before = encode_head(0x40, size)
    parts = [encode_head(0xA0, len(value_digests))]
    for name, digests in sorted([(encode_cbor(name), digests) for name, digests in value_digests.items()]):
        parts += [name, encode_head(0xA0, len(digests))]
        for digest_id in sorted(digests):
            parts += (encode_head(0, digest_id), before, digests[digest_id])
    return b"".join(parts)
