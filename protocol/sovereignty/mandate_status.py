"""How a mandate stands: uses that are counted, and an end that takes effect at once.

A source keeps one stage for each mandate and takes every step in a transaction of its own. `mandate-status+jwt` tells the
citizen; it answers `POST {cockpit_endpoint}/mandates`, `GET …/mandates/{jti}` and `POST …/mandates/{jti}/revoke`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

from protocol.encoding import JsonObject
from protocol.errors import Conflict, Malformed, NotForThisRequest, NotValidNow, RolledBack, Unsupported
from protocol.fields import Fields
from protocol.keys import Signer
from protocol.sovereignty.canonical import read_hash
from protocol.sovereignty.forwarding import MAX_USES, VerifiedMandate
from protocol.sovereignty.recipient_terms import RecipientTerms
from protocol.sovereignty.rights import read_id
from protocol.sovereignty.signing import (
    MAX_AHEAD,
    Organisation,
    OrganisationObject,
    sign_as_organisation,
    verify_organisation_object,
)
from protocol.trust.anchors import TrustAnchors

TYP = "mandate-status+jwt"
_AT = "mandate status"


class Ending(StrEnum):
    """Why nothing more is forwarded."""

    REVOKED = "revoked"
    EXPIRED = "expired"
    USED_UP = "used_up"
    RECIPIENT_CHANGED = "recipient_changed"


ENDINGS = frozenset(Ending)
ACTIVE = "active"


@dataclass(frozen=True, slots=True)
class ActiveMandate:
    """A mandate that may be used."""

    jti: str
    hash: str  # of the compact token
    terms: RecipientTerms  # as they were when it was given
    expires_at: int  # epoch seconds
    max_uses: int
    used: int = 0


@dataclass(frozen=True, slots=True)
class EndedMandate:
    """A mandate that is used no more."""

    jti: str
    hash: str
    used: int
    ending: Ending
    ended_at: int  # epoch seconds


Mandate = ActiveMandate | EndedMandate


def begin(mandate: VerifiedMandate, terms: RecipientTerms) -> ActiveMandate:
    """The first stage of a mandate that was checked."""
    return ActiveMandate(mandate.says.jti, mandate.hash, terms, mandate.says.expires_at, mandate.says.max_uses)


def refresh(mandate: Mandate, terms: RecipientTerms, *, now: int) -> Mandate:
    """The stage that a mandate is in now, by time, count and what its recipient is registered for."""
    if isinstance(mandate, EndedMandate):
        return mandate
    if now >= mandate.expires_at:
        return _end(mandate, Ending.EXPIRED, now)
    if mandate.used >= mandate.max_uses:
        return _end(mandate, Ending.USED_UP, now)
    if mandate.terms.changes(terms):
        return _end(mandate, Ending.RECIPIENT_CHANGED, now)
    return mandate


def use(mandate: Mandate, terms: RecipientTerms, *, now: int) -> ActiveMandate:
    """Count one use before it is made; its `n` is `used` of what comes back. What is sent again keeps its `n`.

    Raises:
        Conflict: the mandate has ended.
    """
    current = refresh(mandate, terms, now=now)
    if isinstance(current, EndedMandate):
        raise Conflict("the mandate has ended")
    return replace(current, used=current.used + 1)


def use_again(mandate: Mandate, terms: RecipientTerms, *, now: int) -> ActiveMandate:
    """Send once more what was counted and may not have arrived: it keeps its `n`, also where it is the last one.

    Raises:
        Conflict: the mandate has ended.
    """
    if isinstance(mandate, ActiveMandate) and mandate.used:
        refresh_as = replace(mandate, used=mandate.used - 1)
        if isinstance(refresh(refresh_as, terms, now=now), ActiveMandate):
            return mandate
    raise Conflict("the mandate has ended")


def revoke(mandate: Mandate, *, now: int) -> EndedMandate:
    """End a mandate, from whatever stage; one that has ended stays as it ended."""
    return mandate if isinstance(mandate, EndedMandate) else _end(mandate, Ending.REVOKED, now)


@dataclass(frozen=True, slots=True)
class MandateStatus:
    """What a source says of a mandate."""

    jti: str
    mandate: str  # hash of the compact token
    used: int
    issued_at: int  # epoch seconds
    ending: Ending | None = None  # None: active

    @classmethod
    def of(cls, mandate: Mandate, *, now: int) -> Self:
        """How a stage is told."""
        ending = mandate.ending if isinstance(mandate, EndedMandate) else None
        return cls(mandate.jti, mandate.hash, mandate.used, now, ending)

    @classmethod
    def from_fields(cls, claims: Fields) -> Self:
        """Read the claims; unknown ones are ignored.

        Raises:
            Malformed: a member is missing or has the wrong shape.
            Unsupported: a state that we do not know.
        """
        state = claims.text("state", max_length=64)
        if state != ACTIVE and state not in ENDINGS:
            raise Unsupported(f"{claims.path('state')}: is no state that is known here")
        return cls(
            jti=read_id(claims, "jti"),
            mandate=read_hash(claims, "mandate"),
            used=claims.integer("used", maximum=MAX_USES),
            issued_at=claims.time("iat"),
            ending=None if state == ACTIVE else Ending(state),
        )

    def to_claims(self) -> JsonObject:
        """The claims of the wire form."""
        return {
            "jti": self.jti,
            "mandate": self.mandate,
            "state": ACTIVE if self.ending is None else self.ending.value,
            "used": self.used,
            "iat": self.issued_at,
        }


@dataclass(frozen=True, slots=True)
class VerifiedMandateStatus:
    """A status of the source that has the mandate."""

    says: MandateStatus
    signed: OrganisationObject


def sign_mandate_status(status: MandateStatus, signer: Signer, x5c: tuple[str, ...]) -> str:
    """A status as it travels."""
    return sign_as_organisation(TYP, status.to_claims(), signer, x5c)


def verify_mandate_status(
    text: str,
    mandate: VerifiedMandate,
    *,
    anchors: TrustAnchors,
    now: int,
    before: MandateStatus | None = None,
    source: Collection[Organisation] = (),
) -> VerifiedMandateStatus:
    """Check what a source says of a mandate; `before` is the last status that is known.

    `source` are more organisations that may speak for it, such as an intermediary that its registration names.

    Raises:
        NotForThisRequest: about another mandate.
        NotValidNow: from before the mandate, or from the future.
        Malformed: used more often than allowed.
        RolledBack: older than what is known, with fewer uses, or of a mandate that had ended otherwise.
        NotAuthentic, NotTrusted, TooLarge, Unsupported: see `verify_organisation_object`.
    """
    given = mandate.says
    signed = verify_organisation_object(
        text, typ=TYP, signers=(given.source, *source), anchors=anchors, now=now, at=_AT
    )
    says = MandateStatus.from_fields(signed.claims)
    if (says.jti, says.mandate) != (given.jti, mandate.hash):
        raise NotForThisRequest(f"{_AT}: is of another mandate")
    if says.issued_at < given.issued_at - MAX_AHEAD:
        raise NotValidNow(f"{_AT}: is from before the mandate")
    if says.used > given.max_uses:
        raise Malformed(f"{_AT}.used", "is more than the mandate allows")
    if before is not None:
        _check_follows(before, says)
    return VerifiedMandateStatus(says, signed)


def _check_follows(before: MandateStatus, after: MandateStatus) -> None:
    if after.issued_at < before.issued_at or after.used < before.used:
        raise RolledBack(f"{_AT}: is older than the one that is known")
    if before.ending is not None and (after.ending, after.used) != (before.ending, before.used):
        raise RolledBack(f"{_AT}: the mandate had ended otherwise")


def _end(mandate: ActiveMandate, ending: Ending, now: int) -> EndedMandate:
    return EndedMandate(mandate.jti, mandate.hash, mandate.used, ending, now)
