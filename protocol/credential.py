"""What we know of a credential or a presentation once it is verified, in words that fit every format."""

from __future__ import annotations

from typing import NamedTuple

from protocol.encoding import JsonObject
from protocol.keys import PublicKey
from protocol.trust.anchors import TrustedParty

ClaimPath = tuple[str | int | None, ...]  # claims path pointer (OID4VP 1.0 §7): member, index, or null for all elements


class StatusReference(NamedTuple):
    """Where a credential's status stands (Token Status List §6.2)."""

    uri: str
    idx: int


class IdentifierReference(NamedTuple):
    """Where it stands whether a document was revoked, by an identifier of its own (ISO/IEC 18013-5 second edition §12.3.6)."""

    uri: str
    id: bytes


StatusPlace = StatusReference | IdentifierReference


class VerifiedCredential(NamedTuple):
    """An authentic credential: signed by `issuer`, digests in order, inside its times. Its status is a separate answer."""

    format: str  # credential format identifier, such as dc+sd-jwt
    type: str  # vct, or doctype
    claims: JsonObject  # what is disclosed, processed; technical claims included
    disclosed: tuple[ClaimPath, ...]  # concrete paths of what was disclosed selectively, containers before members
    issuer: TrustedParty
    issuer_key: PublicKey
    holder_key: PublicKey | None  # None: not bound to a key
    issued_at: int | None  # epoch seconds
    not_before: int | None
    expires_at: int | None
    status: tuple[StatusPlace, ...]  # all that have to say that it still holds; empty: it cannot be taken back
    raw: str  # as it travelled
    binary: tuple[ClaimPath, ...] = ()  # claims that are bytes, as base64url in `claims`; null for every index
