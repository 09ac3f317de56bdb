"""The credential endpoint's messages (OID4VCI 1.0 §8)."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from protocol.encoding import JsonObject, JsonValue
from protocol.errors import (
    InvalidCredentialRequest,
    InvalidEncryptionParameters,
    InvalidProof,
    Malformed,
    raised_as,
)
from protocol.fields import Fields
from protocol.keys import PublicKey
from protocol.oid4vci.encryption import WantedEncryption
from protocol.sovereignty.canonical import hash_json
from protocol.sovereignty.cockpit import issuance_member, read_key_member
from protocol.sovereignty.receipt_travel import carried_receipt, carry_receipt

MAX_PROOFS = 100
MAX_CREDENTIALS = 100
MAX_ID = 1024  # characters
MAX_CREDENTIAL = 512 * 1024  # characters
SHORTEST_WAIT = 5  # seconds
LONGEST_WAIT = 3600  # seconds


class ProofType(StrEnum):
    """How a wallet shows for which keys it asks (OID4VCI 1.0 App. F)."""

    JWT = "jwt"
    ATTESTATION = "attestation"


@dataclass(frozen=True, slots=True)
class CredentialRequest:
    """Which credential is asked for, by exactly one of two names, and for which keys."""

    credential_configuration_id: str | None
    credential_identifier: str | None
    proofs: tuple[str, ...] = field(default=(), repr=False)  # empty: none sent
    response_encryption: WantedEncryption | None = None  # None: the response goes as it is
    proof_type: ProofType = ProofType.JWT  # of all proofs
    cockpit_key: PublicKey | None = None  # ours (docs/sovereignty/receipts.md); a malformed one is none
    hash: str = field(
        default="", compare=False
    )  # of what came with a cockpit key, see `hash_request`; empty: none came

    @classmethod
    def from_dict(cls, value: object, at: str = "credential_request") -> Self:
        """Read the wire form; unknown members are ignored.

        Raises:
            InvalidCredentialRequest: not exactly one of the two names (T127).
            InvalidProof: `proofs` is empty, of another or two types, or comes with the draft's `proof` (T126).
            InvalidEncryptionParameters: a response is wanted that is encrypted in a way that we do not know (T129).
        """
        with raised_as(InvalidCredentialRequest):
            request = Fields(value, at)
            configuration = request.optional_text("credential_configuration_id", max_length=MAX_ID)
            identifier = request.optional_text("credential_identifier", max_length=MAX_ID)
            if (configuration is None) == (identifier is None):
                raise Malformed(at, "must have either credential_configuration_id or credential_identifier")
        with raised_as(InvalidEncryptionParameters):
            wanted = request.optional_object("credential_response_encryption")
        encryption = WantedEncryption.from_fields(wanted) if wanted else None
        with raised_as(InvalidProof):
            proofs, proof_type = _read_proofs(request)
        key, digest = _read_cockpit_key(request.members)
        return cls(configuration, identifier, proofs, encryption, proof_type, key, digest)

    def to_dict(self) -> JsonObject:
        """The wire form."""
        members: JsonObject = {}
        if self.credential_configuration_id is not None:
            members["credential_configuration_id"] = self.credential_configuration_id
        if self.credential_identifier is not None:
            members["credential_identifier"] = self.credential_identifier
        if self.proofs:
            members["proofs"] = {str(self.proof_type): list(self.proofs)}
        if self.response_encryption is not None:
            members["credential_response_encryption"] = self.response_encryption.to_dict()
        return members if self.cockpit_key is None else {**members, **issuance_member(self.cockpit_key)}


def hash_request(members: JsonObject) -> str:
    """What a receipt names a credential request by: the hash of its one spelling, before it is encrypted.

    Raises:
        Malformed: it has none.
    """
    return hash_json(members, "credential_request")


def _read_cockpit_key(members: JsonObject) -> tuple[PublicKey | None, str]:
    """The key with the hash that its receipt will name; neither where the request has no one spelling."""
    cockpit = read_key_member(members)
    with suppress(Malformed):
        return (None, "") if cockpit is None else (cockpit.key, hash_request(members))
    return None, ""


def _read_proofs(request: Fields) -> tuple[tuple[str, ...], ProofType]:
    if "proof" in request.members:
        raise Malformed(request.path("proof"), "belongs to older drafts; send proofs")
    if "proofs" not in request.members:
        return (), ProofType.JWT
    proofs = request.object("proofs")
    if set(proofs.members) == {"jwt"}:
        return proofs.texts("jwt", max_items=MAX_PROOFS), ProofType.JWT
    # App. F.3: one attestation stands for all the keys in it
    if set(proofs.members) == {"attestation"}:
        return proofs.texts("attestation", max_items=1), ProofType.ATTESTATION
    raise Malformed(proofs.at, "must have proofs of type jwt or of type attestation, and of no other")


@dataclass(frozen=True, slots=True)
class CredentialResponse:
    """The credentials, one for each key that was proven; in which order, nobody says."""

    credentials: tuple[str, ...] = field(repr=False)
    notification_id: str | None = None
    receipt: str | None = field(default=None, repr=False)  # ours (docs/sovereignty/receipts.md); not checked

    @classmethod
    def from_dict(cls, value: object, at: str = "credential_response") -> Self:
        """Read the wire form; unknown members are ignored.

        Raises:
            Malformed: a member is missing or has the wrong shape.
        """
        response = Fields(value, at)
        items = response.objects("credentials", max_items=MAX_CREDENTIALS)
        return cls(
            credentials=tuple(item.text("credential", max_length=MAX_CREDENTIAL) for item in items),
            notification_id=response.optional_text("notification_id", max_length=MAX_ID),
            receipt=carried_receipt(response.members),
        )

    def to_dict(self) -> JsonObject:
        """The wire form; it must never be cached."""
        credentials: list[JsonValue] = [{"credential": credential} for credential in self.credentials]
        members: JsonObject = {"credentials": credentials}
        if self.notification_id is not None:
            members["notification_id"] = self.notification_id
        return members if self.receipt is None else carry_receipt(members, self.receipt)


@dataclass(frozen=True, slots=True)
class DeferredIssuance:
    """Not yet: the issuer has to do something first (OID4VCI 1.0 §8.3). It comes with status 202."""

    transaction_id: str
    interval: int  # seconds to wait before asking again, from 5 to 3600 whatever the issuer says (T155)

    @classmethod
    def from_dict(cls, value: object, at: str = "credential_response") -> Self:
        """Read the wire form; unknown members are ignored.

        Raises:
            Malformed: a member is missing or has the wrong shape.
        """
        response = Fields(value, at)
        interval = response.required("interval")
        if isinstance(interval, bool) or not isinstance(interval, int | float):
            raise Malformed(response.path("interval"), "must be a number")
        wait = int(max(SHORTEST_WAIT, min(LONGEST_WAIT, interval)))
        return cls(response.text("transaction_id", max_length=MAX_ID), wait)
