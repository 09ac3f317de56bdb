"""The disclosure receipt: a verifier's signed word on what it got, what for, how long it keeps it and who else gets it.

An issuer gives the same for a document: what of its register it put into it (docs/sovereignty/receipts.md, "At an issuer").

It names claims and never values, and presentations by their hashes: it proves something only to those who were there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Self, TypeVar

from protocol.credential import ClaimPath
from protocol.encoding import JsonObject, JsonValue, encode_base64url
from protocol.errors import Malformed
from protocol.fields import Fields
from protocol.keys import RandomBytes, Signer
from protocol.sovereignty.canonical import check_hash, encode_canonical, read_hash
from protocol.sovereignty.claims import (
    MAX_ID,
    MAX_QUERIES,
    ClaimsByQuery,
    read_claims_by_query,
    write_claims_by_query,
)
from protocol.sovereignty.durations import Retention
from protocol.sovereignty.receipt_parties import Controller, Recipient
from protocol.sovereignty.signing import MAX_OBJECT, sign_as_organisation
from protocol.sovereignty.wording import Wording, read_wording, write_wording

E = TypeVar("E", bound=StrEnum)

TYP = "disclosure-receipt+jwt"
MAX_RECIPIENTS = 256
MAX_PRESENTATIONS = 100  # of one query; as many as one batch of an issuer
REJECTED_KEPT = 86_400  # seconds: P1D
ANSWERS_AFTER = 90 * 86_400  # seconds that section 2 answers after the data are gone

_JTI = re.compile(r"[A-Za-z0-9_-]{22,128}", re.ASCII)  # 128 bits and more

PresentationHashes = Mapping[str, tuple[str, ...]]  # by query id, in the order of `vp_token`; in person by doctype


class Outcome(StrEnum):
    """What became of what came."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"  # it failed a check


class LegalBasis(StrEnum):
    """On what the verifier stands (GDPR Art. 6(1))."""

    CONSENT = "consent"
    CONTRACT = "contract"
    LEGAL_OBLIGATION = "legal_obligation"
    PUBLIC_TASK = "public_task"
    VITAL_INTEREST = "vital_interest"
    LEGITIMATE_INTEREST = "legitimate_interest"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a receipt says; whether that is true is for `protocol.sovereignty.receipt_check` to find."""

    issuer: str  # client_id of the request; in person the registered identifier
    id: str  # `jti`
    issued_at: int  # epoch seconds
    request: str  # hash
    presentations: PresentationHashes
    claims: ClaimsByQuery  # each query's sorted, see `sort_paths`
    outcome: Outcome
    purpose: Wording
    legal_basis: LegalBasis
    retention: Retention
    log_until: int  # epoch seconds
    controller: Controller
    key: str | None = None  # thumbprint of the cockpit key; None: evidence only
    service: str | None = None
    recipients: tuple[Recipient, ...] = ()
    represented: tuple[str, ...] = ()  # query ids whose data describe another person
    cockpit_endpoint: str | None = None

    @property
    def is_of_mandate(self) -> bool:
        """Whether it answers a mandate, for all of its uses: then the mandate is all that was presented."""
        return len(self.presentations) == 1 and all(one == (self.request,) for one in self.presentations.values())

    @classmethod
    def from_fields(cls, claims: Fields) -> Self:
        """Read the claims; unknown ones are ignored.

        Raises:
            Malformed: a member is missing or has the wrong shape.
        """
        jti = claims.text("jti", max_length=128)
        if not _JTI.fullmatch(jti):
            raise Malformed(claims.path("jti"), "must be at least 128 bits in base64url")
        presentations = _read_presentations(claims)
        read = cls(
            issuer=claims.text("iss", max_length=2048),
            id=jti,
            issued_at=claims.time("iat"),
            request=read_hash(claims, "request"),
            presentations=presentations,
            claims=_read_claims(claims),
            outcome=_one_of(Outcome, claims, "outcome"),
            purpose=read_wording(claims, "purpose"),
            legal_basis=_one_of(LegalBasis, claims, "legal_basis"),
            retention=Retention.from_fields(claims, "retention"),
            log_until=claims.time("log_until"),
            controller=Controller.from_fields(claims.object("controller")),
            key=read_hash(claims, "key") if "key" in claims else None,
            service=claims.optional_text("service", max_length=MAX_ID),
            recipients=tuple(
                map(Recipient.from_fields, claims.optional_objects("recipients", max_items=MAX_RECIPIENTS))
            ),
            represented=claims.optional_texts("represented", max_items=MAX_QUERIES),
            cockpit_endpoint=claims.optional_https_url("cockpit_endpoint"),
        )
        if not set(read.represented) <= presentations.keys():
            raise Malformed(claims.path("represented"), "names a query that nothing came for")
        return read

    def to_claims(self) -> JsonObject:
        """The claims of the wire form."""
        optional: JsonObject = {
            "key": self.key,
            "service": self.service,
            "recipients": [recipient.to_dict() for recipient in self.recipients] or None,
            "represented": list[JsonValue](self.represented) or None,
            "cockpit_endpoint": self.cockpit_endpoint,
        }
        return {
            "iss": self.issuer,
            "jti": self.id,
            "iat": self.issued_at,
            "request": self.request,
            "presentations": {id_: list[JsonValue](hashes) for id_, hashes in self.presentations.items()},
            "claims": write_claims_by_query(self.claims),
            "outcome": str(self.outcome),
            "purpose": write_wording(self.purpose),
            "legal_basis": str(self.legal_basis),
            "retention": self.retention.to_value(),
            "log_until": self.log_until,
            "controller": self.controller.to_dict(),
            **{name: value for name, value in optional.items() if value is not None},
        }

    @property
    def keeps_rejected_too_long(self) -> bool:
        """Whether data that failed a check stay longer than a day."""
        if self.outcome is Outcome.ACCEPTED:
            return False
        ends = self.retention.ends(self.issued_at)
        return ends is None or ends > self.issued_at + REJECTED_KEPT

    @property
    def answers_too_short(self) -> bool:
        """Whether its usage log ends before the data are gone for 90 days, as far as that is known."""
        return self.log_until < self.retention.ends_earliest(self.issued_at) + ANSWERS_AFTER


def sign_receipt(receipt: Receipt, signer: Signer, x5c: tuple[str, ...]) -> str:
    """A receipt as it travels; `x5c` is the organisation's chain without the anchor.

    A receipt that its reader would find wrong, or could not read, is our mistake and a ValueError.
    """
    if receipt.keeps_rejected_too_long:
        raise ValueError("what was rejected is kept for a day at most")
    if receipt.answers_too_short:
        raise ValueError("the usage log answers until 90 days after the data are gone")
    if receipt.key is not None and receipt.cockpit_endpoint is None:
        raise ValueError("a key without an endpoint is of no use")
    try:
        read = Receipt.from_fields(Fields(receipt.to_claims(), "receipt"))
    except Malformed as error:
        raise ValueError(error.description) from error
    text = sign_as_organisation(TYP, read.to_claims(), signer, x5c)
    if len(text) > MAX_OBJECT:
        raise ValueError("a receipt is at most 64 KiB")
    return text


def fresh_receipt_id(random_bytes: RandomBytes) -> str:
    """A `jti`: 128 random bits."""
    return encode_base64url(random_bytes(16))


def sort_paths(paths: tuple[ClaimPath, ...]) -> tuple[ClaimPath, ...]:
    """Each path once, in the order of their RFC 8785 texts (as UTF-8 bytes)."""
    return tuple(sorted(set(paths), key=_spelled))


def _spelled(path: ClaimPath) -> bytes:
    return encode_canonical(list[JsonValue](path), "path")


def _read_claims(claims: Fields) -> ClaimsByQuery:
    read = read_claims_by_query(claims, "claims")
    # One order, so that two receipts that say the same look the same
    if any(sort_paths(paths) != paths for paths in read.values()):
        raise Malformed(claims.path("claims"), "must have paths in the order of their RFC 8785 texts")
    return read


def _read_presentations(claims: Fields) -> PresentationHashes:
    queries = claims.object("presentations")
    if not 0 < len(queries.members) <= MAX_QUERIES:
        raise Malformed(queries.at, f"must have 1 to {MAX_QUERIES} members")
    if not all(0 < len(id_) <= MAX_ID for id_ in queries.members):
        raise Malformed(queries.at, "has a member that cannot be the id of a query")
    return {
        id_: tuple(
            [
                check_hash(item, f"{queries.at}.{i}[{n}]")
                for n, item in enumerate(queries.array(id_, max_items=MAX_PRESENTATIONS))
            ]
        )
        for i, id_ in enumerate(queries.members)
    }


def _one_of(kind: type[E], claims: Fields, name: str) -> E:
    text = claims.text(name, max_length=64)
    try:
        return kind(text)
    except ValueError as error:
        raise Malformed(claims.path(name), f"must be one of {', '.join(kind)}") from error
