"""A wallet's life at its provider: invited, registered, blocked. Steps are pure functions from one stage to the next."""

from __future__ import annotations

from dataclasses import dataclass, replace

from protocol.keys import PublicKey
from protocol.wallet_unit.errors import EnrolmentRequired, KeyAttestedBefore, TooManyAttestations, UnitRevoked
from runtime.conversation import Change, Event, SessionKey, Spend
from wallet.provider.policy import DAY, ProviderPolicy
from wallet.provider.records import NEVER, AttestationRecord, Record, UnitRecord, UnitState

UNIT = "unit"  # found by the id that its key gives it
ENROLMENT = "enrolment"  # found by its code
REGISTERED = "registered unit"
ATTESTED = "attested key"


@dataclass(frozen=True, slots=True)
class Invited:
    """A code was given out, and is good for one wallet."""

    label: str  # the operator's own reference
    expires_at: int  # epoch seconds


@dataclass(frozen=True, slots=True)
class Active:
    """A wallet that we vouch for."""

    id: str
    label: str
    version: str
    registered_at: int  # epoch seconds
    known_until: int  # epoch seconds; then it is forgotten
    day: int  # epoch days: of the last attestation
    today: int  # attestations on that day

    def record(self, seen_at: int, state: UnitState = UnitState.ACTIVE) -> UnitRecord:
        """The wallet as operators see it."""
        return UnitRecord(self.id, self.label, self.version, self.registered_at, seen_at, self.known_until, state)


@dataclass(frozen=True, slots=True)
class Revoked:
    """A wallet that we vouch for no longer, and never again."""

    id: str
    revoked_at: int  # epoch seconds


Session = Invited | Active | Revoked
Outcome = Change[Session, Record]


def unit_key(unit: str) -> SessionKey:
    """What a wallet's session is found by."""
    return SessionKey.of(UNIT, unit)


def invite(label: str, code_key: SessionKey, expires_at: int) -> Outcome:
    """The first stage for a code."""
    return Change(Invited(label, expires_at), keys=(code_key,), events=(Event("wallet invited", label),))


def register(unit: str, version: str, *, policy: ProviderPolicy, now: int, spend: Spend) -> Outcome:
    """The first stage for a wallet that comes without a code."""
    return _registered(unit, version, "", (), policy=policy, now=now, spend=spend)


def accept(
    session: Session, unit: str, version: str, code_key: SessionKey, *, policy: ProviderPolicy, now: int, spend: Spend
) -> Outcome:
    """A wallet comes with the code, which leads to it no longer afterwards.

    Raises:
        EnrolmentRequired: the code's time is over.
    """
    if not isinstance(session, Invited) or now >= session.expires_at:
        raise EnrolmentRequired("this code is not good any more")
    return _registered(unit, version, session.label, (code_key,), policy=policy, now=now, spend=spend)


def _registered(
    unit: str, version: str, label: str, drop: tuple[SessionKey, ...], *, policy: ProviderPolicy, now: int, spend: Spend
) -> Outcome:
    active = Active(unit, label, version, now, now + policy.unit, now // DAY, 0)
    # Two requests of one wallet at the same time: one of them is told that it was used up
    only_once = Spend(SessionKey.of(REGISTERED, unit), active.known_until, spend.error)
    return Change(
        active,
        keys=(unit_key(unit),),
        drop=drop,
        spend=(spend, only_once),
        records=(active.record(now),),
        events=(Event("wallet registered", unit),),
        expires_at=active.known_until,
    )


def check_active(session: Session) -> Active:
    """The wallet, if we vouch for it.

    Raises:
        UnitRevoked: we do not any more.
    """
    if not isinstance(session, Active):
        raise UnitRevoked("this wallet was blocked, and stays so")
    return session


def attest(
    session: Session,
    attestation: AttestationRecord,
    version: str,
    keys: tuple[PublicKey, ...],
    *,
    policy: ProviderPolicy,
    now: int,
    spend: Spend,
) -> Outcome:
    """Hand out an attestation; `keys` are those that may never be in another one.

    Raises:
        UnitRevoked: we do not vouch for this wallet any more.
        TooManyAttestations: it had enough for a day.
    """
    active = check_active(session)
    day = now // DAY
    today = active.today + 1 if day == active.day else 1
    if today > policy.attestations_a_day:
        raise TooManyAttestations("this wallet had as many attestations as it gets in a day")
    used = KeyAttestedBefore("a key is in another attestation already")
    moved = replace(active, version=version, known_until=now + policy.unit, day=day, today=today)
    return Change(
        moved,
        spend=(spend, *(Spend(SessionKey.of(ATTESTED, key.thumbprint()), NEVER, used) for key in keys)),
        records=(attestation, moved.record(now)),
        expires_at=moved.known_until,
    )


def revoke(session: Session, *, actor: str, reason: str, now: int, spend: tuple[Spend, ...] = ()) -> Outcome:
    """Vouch for a wallet no longer; again is fine."""
    if not isinstance(session, Active):
        return Change(session, spend=spend)
    return Change(
        Revoked(session.id, now),
        spend=spend,
        records=(replace(session.record(now, UnitState.REVOKED), known_until=NEVER),),
        events=(Event("wallet revoked", session.id, actor, reason),),
        expires_at=NEVER,
    )


def block_unknown(unit: str, actor: str, at: int) -> Outcome:
    """The first stage for a wallet that was blocked, and of which nothing else is known any more: it never registers again."""
    before = EnrolmentRequired("this wallet was registered before")
    return Change(
        Revoked(unit, at),
        keys=(unit_key(unit),),
        spend=(Spend(SessionKey.of(REGISTERED, unit), NEVER, before),),
        records=(UnitRecord(unit, "", "", at, at, NEVER, UnitState.REVOKED),),
        events=(Event("wallet revoked", unit, actor),),
        expires_at=NEVER,
    )
