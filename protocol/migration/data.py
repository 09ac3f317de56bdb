"""The Migration Object and the Transaction Log Object (EUDI TS10 1.2 §3.16 to §3.19, §4), before they are sealed.

What is in it is as true as whoever brings it: nothing here is signed. A credential that is bound to no key is in it as it was
issued, and has to be verified as if it came from anybody. Keys are never in it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple, Self

from protocol.encoding import JsonObject, JsonValue, encode_json, read_json
from protocol.errors import Malformed, TooLarge
from protocol.fields import Fields
from protocol.migration.transaction import (
    MAX_NAME,
    OWN,
    Party,
    Transaction,
    issuer_type,
    read_identifier,
    read_text,
    write_text,
)

MAX_DATA = 32 << 20  # bytes
MAX_TRANSACTIONS = 50_000
MAX_LISTED = 1000  # credentials that can be had again
MAX_UNBOUND = 1000  # credentials that are bound to no key
MAX_CREDENTIAL = 1 << 20  # characters of one of them
MAX_LINK = 16 * 1024  # characters of a supply point
CONTENT_TYPE = "application/json"
_TYPES = {"dc+sd-jwt": "vct_values", "mso_mdoc": "doctype_value"}


@dataclass(frozen=True, slots=True)
class CredentialInfo:
    """A credential that the next wallet can ask its issuer for (§3.19.1)."""

    type: str  # vct or doctype
    format: str
    issuer: Party
    supply_point: str  # where to begin; ours: a credential offer, which every OpenID4VCI wallet takes
    name: str = ""  # as the issuer calls it

    @classmethod
    def from_fields(cls, info: Fields) -> Self:
        """Read one.

        Raises:
            Malformed: a member is missing or has the wrong shape.
        """
        own = info.optional_object(OWN)
        return cls(
            type=info.text("credentialIdentifier", max_length=MAX_NAME),
            format=info.text("format", max_length=100),
            issuer=read_identifier(info, "issuerIdentifier", "issuerName"),
            supply_point=read_text(info, "supplyPointURL", MAX_LINK),
            name=read_text(own, "name") if own is not None else "",
        )

    def to_dict(self, language: str) -> JsonObject:
        """The wire form."""
        issuer: JsonObject = {"type": self.issuer.identifier_type, "identifier": self.issuer.identifier}
        named = _TYPES.get(self.format)
        meta: JsonObject = {}
        if named is not None:
            meta[named] = [self.type] if self.format == "dc+sd-jwt" else self.type
        return {
            "credentialIdentifier": self.type,
            "format": self.format,
            "meta": meta,
            "issuerIdentifier": [issuer],
            "issuerType": issuer_type((self.type,)),
            "issuerName": write_text(self.issuer.name, language),
            "supplyPointURL": self.supply_point,
            OWN: {"name": self.name},
        }


@dataclass(frozen=True, slots=True)
class UnboundCredential:
    """A credential that whoever has it can show, as its issuer gave it (§3.19.13)."""

    format: str
    credential: str
    issuer: str = ""  # identifier that it was fetched from; empty: not known
    configuration_id: str = ""

    @classmethod
    def from_fields(cls, item: Fields) -> Self:
        """Read one; a Malformed if it has the wrong shape."""
        own = item.optional_object(OWN)
        return cls(
            format=item.text("format", max_length=100),
            credential=item.text("credential", max_length=MAX_CREDENTIAL),
            issuer=read_text(own, "issuer") if own is not None else "",
            configuration_id=read_text(own, "configurationId") if own is not None else "",
        )

    def to_dict(self) -> JsonObject:
        """The wire form."""
        own: JsonObject = {"issuer": self.issuer, "configurationId": self.configuration_id}
        return {"format": self.format, "credential": self.credential, OWN: own}

    def __repr__(self) -> str:
        """Never what it says."""
        return f"UnboundCredential({self.format})"


@dataclass(frozen=True, slots=True)
class MigrationData:
    """Everything that goes from one wallet to the next (§3.18)."""

    transactions: tuple[Transaction, ...]  # oldest first
    credentials: tuple[CredentialInfo, ...] = ()
    unbound: tuple[UnboundCredential, ...] = ()

    @classmethod
    def from_bytes(cls, content: bytes, at: str = "migration") -> Self:
        """Read a Migration Object, or the bare array of a Transaction Log Object.

        Raises:
            TooLarge: more bytes, transactions or credentials than are read.
            Malformed: a member is missing or has the wrong shape, or an identifier of a transaction stands there twice.
        """
        value = read_json(content, at, max_bytes=MAX_DATA)
        if isinstance(value, list):
            return cls(_read_log(value, at))
        data = Fields(value, at)
        return cls(
            transactions=_read_log(_required_array(data, "transactionLog"), data.path("transactionLog")),
            credentials=tuple(map(CredentialInfo.from_fields, _objects(data, "listOfCredentials", MAX_LISTED))),
            unbound=tuple(map(UnboundCredential.from_fields, _objects(data, "nonDeviceBoundCredentials", MAX_UNBOUND))),
        )


class Written(NamedTuple):
    """Migration data as bytes."""

    content: bytes
    left_out: (
        int  # transactions: the oldest, where all would be more than anybody reads, and any that is itself too large
    )
    documents_left_out: int  # that are themselves too large


def write_migration(data: MigrationData, language: str) -> Written:
    """The wire form, which `MigrationData.from_bytes` is sure to read again: what it would refuse is left out.

    Raises:
        TooLarge: there are more documents than it reads.
    """
    credentials = _readable(CredentialInfo.from_fields, [one.to_dict(language) for one in data.credentials])
    unbound = _readable(UnboundCredential.from_fields, [one.to_dict() for one in data.unbound])
    if len(credentials) > MAX_LISTED or len(unbound) > MAX_UNBOUND:
        raise TooLarge("migration", "has more documents than one file takes")
    members: JsonObject = {"listOfCredentials": credentials, "nonDeviceBoundCredentials": unbound}
    room = MAX_DATA - len(encode_json({"transactionLog": [], **members}))
    if room < 0:
        raise TooLarge("migration", "has larger documents than one file takes")
    kept: list[JsonValue] = []
    for transaction in reversed(data.transactions[-MAX_TRANSACTIONS:]):
        found = _readable(_read_transaction, [transaction.to_dict(language)])
        room -= len(encode_json(found)) - 1  # the brackets, less a comma
        if room < 0:
            break
        kept += found
    kept.reverse()
    return Written(
        encode_json({"transactionLog": kept, **members}),
        len(data.transactions) - len(kept),
        len(data.credentials) - len(credentials) + len(data.unbound) - len(unbound),
    )


def _read_transaction(fields: Fields) -> Transaction:
    return Transaction.from_dict(fields.members, fields.at)


def _readable(reader: Callable[[Fields], object], written: Sequence[JsonObject]) -> list[JsonValue]:
    """What a reader takes of what was written."""
    found: list[JsonValue] = []
    for one in written:
        with suppress(Malformed):
            reader(Fields(one, "migration"))
            found.append(one)
    return found


def _required_array(data: Fields, name: str) -> list[JsonValue]:
    value = data.required(name)
    if not isinstance(value, list):
        raise Malformed(data.path(name), "must be an array")
    return value


def _read_log(items: list[JsonValue], at: str) -> tuple[Transaction, ...]:
    if len(items) > MAX_TRANSACTIONS:
        raise TooLarge(at, f"has more than {MAX_TRANSACTIONS} transactions")
    found = [Transaction.from_dict(item, f"{at}[{i}]") for i, item in enumerate(items)]
    if len({one.identifier for one in found}) != len(found):
        raise Malformed(at, "has an identifier twice")
    return tuple(sorted(found, key=lambda one: one.at))


def _objects(data: Fields, name: str, most: int) -> tuple[Fields, ...]:
    items = data.possibly_empty_array(name, max_items=1 << 30)
    if len(items) > most:
        raise TooLarge(data.path(name), f"has more than {most} elements")
    return tuple(Fields(item, f"{data.path(name)}[{i}]") for i, item in enumerate(items))
