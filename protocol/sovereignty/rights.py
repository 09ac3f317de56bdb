"""Rights of the citizen over data that a partner holds, as a signed request (GDPR Art. 7(3), 15 to 22; EUDI TS7).

`rights-request+jwt`, signed by the cockpit key of the response whose data it is about, and sent to
`POST {cockpit_endpoint}/rights`. What comes back is in `protocol.sovereignty.rights_status`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from protocol.encoding import JsonObject
from protocol.errors import Conflict, Malformed, NotAuthentic, NotForThisRequest, Unsupported
from protocol.fields import Fields
from protocol.keys import PublicKey, Signer
from protocol.sovereignty.claims import (
    ClaimsByQuery,
    check_within,
    read_optional_claims,
    write_claims_by_query,
)
from protocol.sovereignty.signing import hash_text, sign_with_cockpit_key, verify_cockpit_object

TYP = "rights-request+jwt"
MAX_OWN_WORDS = 4000  # characters
_AT = "rights request"

# What may stand in a path of a URL, and is long enough for 128 random bits
_ID = re.compile(r"[A-Za-z0-9_-]{16,128}")


class Right(StrEnum):
    """What the citizen asks for."""

    WITHDRAW_CONSENT = "withdraw_consent"  # Art. 7(3)
    ACCESS = "access"  # Art. 15
    RECTIFICATION = "rectification"  # Art. 16
    ERASURE = "erasure"  # Art. 17
    RESTRICTION = "restriction"  # Art. 18
    PORTABILITY = "portability"  # Art. 20
    OBJECTION = "objection"  # Art. 21
    HUMAN_REVIEW = "human_review"  # Art. 22(3)


RIGHTS = frozenset(Right)
HANDS_OUT = frozenset((Right.ACCESS, Right.PORTABILITY))  # values leave, encrypted to a key of the request

# The rights that a legal basis gives beside those that every one gives; the rest follows in its usual order
_FITTING = {
    "consent": (Right.WITHDRAW_CONSENT, Right.ERASURE, Right.PORTABILITY),
    "contract": (Right.PORTABILITY,),
    "legal_obligation": (Right.ACCESS, Right.RECTIFICATION),
    "public_task": (Right.OBJECTION,),
    "vital_interest": (Right.ACCESS, Right.ERASURE),
    "legitimate_interest": (Right.OBJECTION, Right.ERASURE),
}


@dataclass(frozen=True, slots=True)
class RightsRequest:
    """What the citizen asks of a partner about the data of one receipt."""

    audience: str  # the cockpit_endpoint
    receipt: str  # its jti
    jti: str  # random, and new with every request
    right: Right
    issued_at: int  # epoch seconds
    claims: ClaimsByQuery | None = None  # None: all data of the receipt
    text: str | None = None  # in the citizen's own words
    enc_key: PublicKey | None = None  # fresh, on P-256: what an answer with values is encrypted to

    @classmethod
    def from_fields(cls, claims: Fields) -> Self:
        """Read the claims; unknown ones are ignored.

        Raises:
            Malformed: a member is missing or has the wrong shape, or nothing says to which key values are encrypted.
            Unsupported: a right that we do not know, or a key that is not on P-256.
        """
        right = read_right(claims, "right")
        enc_key = PublicKey.from_jwk(claims.members["enc_jwk"], claims.path("enc_jwk")) if "enc_jwk" in claims else None
        if enc_key is not None and enc_key.crv != "P-256":
            raise Unsupported(f"{claims.path('enc_jwk')}: must be on P-256")
        if enc_key is None and right in HANDS_OUT:
            raise Malformed(claims.path("enc_jwk"), "is missing")
        return cls(
            audience=claims.https_url("aud"),
            receipt=read_id(claims, "receipt"),
            jti=read_id(claims, "jti"),
            right=right,
            issued_at=claims.time("iat"),
            claims=read_optional_claims(claims, "claims"),
            text=claims.optional_text("text", max_length=MAX_OWN_WORDS),
            enc_key=enc_key,
        )

    def to_claims(self) -> JsonObject:
        """The claims of the wire form."""
        members: JsonObject = {
            "aud": self.audience,
            "receipt": self.receipt,
            "jti": self.jti,
            "right": self.right.value,
            "iat": self.issued_at,
        }
        if self.claims is not None:
            members["claims"] = write_claims_by_query(self.claims)
        if self.text is not None:
            members["text"] = self.text
        if self.enc_key is not None:
            members["enc_jwk"] = self.enc_key.to_jwk()
        return members


@dataclass(frozen=True, slots=True)
class Concerned:
    """What a partner knows of the receipt that a request is about."""

    audience: str  # its own cockpit_endpoint
    receipt: str  # jti
    key: str  # thumbprint of the cockpit key
    claims: ClaimsByQuery


@dataclass(frozen=True, slots=True)
class VerifiedRightsRequest:
    """A request of whoever gave the data. Whether it was seen before is for the caller to ask, by `jti` and `hash`."""

    says: RightsRequest
    hash: str  # of the compact token
    raw: str


def sign_rights_request(request: RightsRequest, key: Signer) -> str:
    """A request by the cockpit key. An `enc_jwk` that is this key, or none where values leave, is a ValueError."""
    if request.enc_key == key.public_key:
        raise ValueError("a signing key is not encrypted to")
    if request.enc_key is None and request.right in HANDS_OUT:
        raise ValueError("values leave only encrypted")
    return sign_with_cockpit_key(TYP, request.to_claims(), key)


def verify_rights_request(text: str, concerned: Concerned, *, now: int) -> VerifiedRightsRequest:
    """Check a request against the receipt that the DPoP proof's key led to.

    It may be old: a lost answer is asked for again with the same bytes, and the proof that carries them is fresh.

    Raises:
        NotAuthentic: another type, signature, or key than the receipt's.
        NotForThisRequest: for another address or receipt.
        Malformed: see `RightsRequest.from_fields`, or it speaks of data that is not in the receipt.
        NotValidNow, TooLarge, Unsupported: from the future, or it cannot be read.
    """
    found = verify_cockpit_object(text, typ=TYP, now=now, at=_AT)
    if found.key.thumbprint() != concerned.key:
        raise NotAuthentic(f"{_AT}: is signed by another key")
    says = RightsRequest.from_fields(found.claims)
    if says.audience != concerned.audience:
        raise NotForThisRequest(f"{_AT}.aud: is another address")
    if says.receipt != concerned.receipt:
        raise NotForThisRequest(f"{_AT}.receipt: is another receipt")
    if says.claims is not None:
        check_within(says.claims, concerned.claims, f"{_AT}.claims")
    if says.enc_key == found.key:
        raise Malformed(f"{_AT}.enc_jwk", "must not be the key that signs")
    return VerifiedRightsRequest(says, hash_text(text), text)


def check_repeated(found: str, known: str) -> None:
    """Check that what has a known `jti` is what is known, which then gets the known answer.

    Both are hashes of compact tokens; the same holds for mandates.

    Raises:
        Conflict: other bytes.
    """
    if found != known:
        raise Conflict("this jti was used for something else")


def needs_present_again(right: Right, *, identifying: bool, represented: bool, open_case: bool) -> bool:
    """Whether a key is not enough, and the data has to be presented once more (GDPR Art. 11(2), 12(6)).

    `identifying` is whether the receipt has claims that identify somebody, `represented` whether they are about somebody
    else than who showed them, `open_case` whether a case that is not closed needs the data.
    """
    if not identifying:
        return False
    if represented:
        return right is not Right.WITHDRAW_CONSENT
    if right is Right.ERASURE:
        return open_case
    return right in HANDS_OUT or right is Right.RECTIFICATION


def order_rights(legal_basis: str) -> tuple[Right, ...]:
    """Every right, those first that fit the legal basis best."""
    return tuple(dict.fromkeys((*_FITTING.get(legal_basis, ()), *Right)))


def read_right(claims: Fields, name: str) -> Right:
    """The member that names a right.

    Raises:
        Malformed: no text.
        Unsupported: a right that we do not know.
    """
    right = claims.text(name, max_length=64)
    if right not in RIGHTS:
        raise Unsupported(f"{claims.path(name)}: is no right that is known here")
    return Right(right)


def read_id(claims: Fields, name: str) -> str:
    """A random identifier, which may stand in an address.

    Raises:
        Malformed: other characters than base64url's, or not 16 to 128 of them.
    """
    found = claims.text(name, max_length=128)
    if not _ID.fullmatch(found):
        raise Malformed(claims.path(name), "must have 16 to 128 characters of base64url")
    return found
