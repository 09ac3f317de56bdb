"""Registration certificates as requests and metadata carry them: in `verifier_info` and `issuer_info`.

ETSI TS 119 472-2 V1.2.1 §6.3.2.2 (OIDFVP-HAIP_COMMON_RO_REQ-06 to -09) for verifiers, TS 119 472-3 V1.1.1 §4.2.3 for issuers:
one entry of the format `registration_cert`, whose data is the serialized certificate in base64url.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from protocol.encoding import JsonObject, JsonValue, decode_base64url, encode_base64url
from protocol.errors import Malformed
from protocol.fields import Fields

REGISTRATION_CERT: Final = "registration_cert"
MAX_ENTRIES = 32

_SIGNED = "."  # base64url has none, and a JWT has two


class Carried(NamedTuple):
    """Something that a third party says about whoever sends it; not checked."""

    format: str
    data: str | JsonObject

    @classmethod
    def from_fields(cls, entry: Fields) -> Carried:
        """Read one entry; one of a format that we do not know is kept.

        Raises:
            Malformed: a member is missing or has the wrong shape.
        """
        data = entry.required("data")
        return cls(entry.text("format"), data if isinstance(data, dict) else entry.text("data"))

    def to_dict(self) -> JsonObject:
        """The wire form."""
        return {"format": self.format, "data": self.data}


def carry_registration(certificate: str) -> Carried:
    """A registration certificate as an entry: base64url of the JWT, as the specification has it."""
    return Carried(REGISTRATION_CERT, encode_base64url(certificate.encode("ascii")))


def carried_registration(entries: Iterable[Carried], at: str) -> str | None:
    """The registration certificate among entries; None if there is none. A CWT stays as it was carried.

    Verifiers of others send the JWT itself, so both forms are read. `verify_registration` takes whichever this returns.

    Raises:
        Malformed: there are several, and which of them counts would be ours to guess; or it is no text.
    """
    found = [entry.data for entry in entries if entry.format == REGISTRATION_CERT]
    if not found:
        return None
    if len(found) > 1:
        raise Malformed(at, "must have one registration certificate")
    data = found[0]
    if not isinstance(data, str):
        raise Malformed(at, "has a registration certificate that is no text")
    if _SIGNED in data:
        return data
    try:
        return decode_base64url(data, at).decode("ascii")
    except UnicodeDecodeError:
        # CBOR, then: its first byte is no ASCII
        return data


def read_carried(holder: Fields, name: str) -> tuple[Carried, ...]:
    """Read `issuer_info`, if it is there.

    Raises:
        Malformed: too many entries, or one that has the wrong shape.
    """
    return tuple(map(Carried.from_fields, holder.optional_objects(name, max_items=MAX_ENTRIES)))


def write_carried(entries: Iterable[Carried]) -> list[JsonValue]:
    """The wire form of entries."""
    return [entry.to_dict() for entry in entries]
