"""Handing a mandate over to a source: `mandate-handover+jwt`, the word of the key by which the source knows the citizen.

The mandate itself is signed by the key that its recipient gets to know, because it travels to the recipient. Were it signed by
the key of a document or an answer, recipients of two mandates could tell by that key that both are of one citizen.
"""

from __future__ import annotations

from dataclasses import dataclass

from protocol.errors import Malformed
from protocol.keys import PublicKey, Signer
from protocol.sovereignty.forwarding import MAX_MANDATE, VerifiedMandate, verify_mandate
from protocol.sovereignty.signing import sign_with_cockpit_key, verify_cockpit_object

TYP = "mandate-handover+jwt"
_AT = "mandate handover"


@dataclass(frozen=True, slots=True)
class VerifiedHandover:
    """A mandate, and the key that handed it over. Whose key that is, is a matter of the source."""

    mandate: VerifiedMandate
    key: PublicKey
    raw: str


def sign_handover(mandate: VerifiedMandate, key: Signer, *, now: int) -> str:
    """Hand a mandate over by a cockpit key; the key that signed the mandate would link two partners, and is a ValueError."""
    if mandate.says.recipient_key == key.public_key.thumbprint():
        raise ValueError("the recipient gets a key of its own")
    return sign_with_cockpit_key(TYP, {"mandate": mandate.raw, "iat": now}, key)


def verify_handover(text: str, *, now: int) -> VerifiedHandover:
    """Check a handover by itself, with the mandate in it.

    Raises:
        NotValidNow: the mandate has expired, or something is from the future.
        NotAuthentic, Malformed, TooLarge, Unsupported: another type or signature, or it cannot be read.
    """
    found = verify_cockpit_object(text, typ=TYP, now=now, at=_AT)
    mandate = verify_mandate(found.claims.text("mandate", max_length=MAX_MANDATE), now=now)
    if mandate.says.recipient_key == found.key.thumbprint():
        raise Malformed(f"{_AT}.mandate", "must be signed by another key than hands it over")
    return VerifiedHandover(mandate, found.key, text)
