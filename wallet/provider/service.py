"""The wallet provider itself: register wallets, vouch for them, block them (TS3 1.5 §2.2 to §2.5)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

from capabilities.status_publisher.records import StatusEntry
from capabilities.status_publisher.service import StatusIndices, StatusLists, StatusPublisher
from protocol.errors import Flaw, Malformed, NotFound, ProtocolError, Unavailable
from protocol.exchange import Exchange
from protocol.formats import IssuerSigner
from protocol.keys import RandomBytes
from protocol.oauth.client_attestation import ClientAttestation, sign_client_attestation
from protocol.oid4vci.key_attestation import KeyAttestation, sign_key_attestation
from protocol.oid4vci.nonce import make_nonce, read_nonce
from protocol.status.reference import MaintainedStatus
from protocol.wallet_unit.errors import EnrolmentRequired, UnknownUnit, UseUnitChallenge
from protocol.wallet_unit.messages import (
    AttestClient,
    AttestKeys,
    Register,
    ReportLost,
    UnitAnswer,
    VerifiedUnitRequest,
    unit_id,
    verify_unit_request,
)
from protocol.x509 import Certificate
from runtime.conversation import SessionKey, Spend, advance, begin, load, slow
from wallet.provider import session
from wallet.provider.policy import CODE_BYTES, ProviderPolicy, read_code, write_code
from wallet.provider.records import AttestationKind, AttestationRecord, UnitRecord
from wallet.provider.session import Active, Outcome, Session
from wallet.provider.store import ProviderStore

OWNER = "owner"  # who revokes a wallet that reports itself lost
MAX_LISTED = 1000
_PURPOSE = "unit challenge"
_UNKNOWN = "no wallet of this key is known here"
_ANY: tuple[type[Session], ...] = (session.Invited, session.Active, session.Revoked)


@dataclass(frozen=True, slots=True)
class WalletSolution:
    """What a provider says about all its wallets, and how they keep keys."""

    name: str
    client_id: str
    certification: str
    key_certification: str
    key_storage: str  # attack potential resistance (OID4VCI 1.0 App. D.2)
    user_authentication: str


@dataclass(frozen=True, slots=True)
class ProviderContext:
    """Everything a wallet provider works with."""

    identifier: str  # its address
    name: tuple[tuple[str, str], ...]  # language → name
    solution: WalletSolution
    store: ProviderStore
    signing: IssuerSigner
    secret: bytes = field(repr=False)  # 32 bytes: challenges hang on it
    policy: ProviderPolicy
    now: Callable[[], int]  # epoch seconds
    random_bytes: RandomBytes

    @property
    def publisher(self) -> StatusPublisher:
        """What status lists are made with."""
        return StatusPublisher(self.store.status_lists, self.signing, self._list_address, self.now, self.random_bytes)

    def _list_address(self, list_id: str) -> str:
        return f"{self.identifier}/status/{list_id}"

    def new_id(self) -> str:
        """A fresh id."""
        return self.random_bytes(16).hex()


@dataclass(frozen=True, slots=True)
class WalletProvider:
    """A wallet provider with its status lists."""

    context: ProviderContext
    lists: StatusLists
    indices: StatusIndices

    @classmethod
    def of(cls, context: ProviderContext) -> Self:
        """Wire a provider."""
        publisher = context.publisher
        return cls(context, StatusLists(publisher), StatusIndices(publisher))

    def challenge(self) -> str:
        """A challenge for one request; it needs no storing until it is spent."""
        context = self.context
        expires_at = context.now() + context.policy.challenge
        return make_nonce(context.secret, f"{_PURPOSE} {context.identifier}", context.random_bytes(16), expires_at)

    def answer(self, request: str) -> Exchange[UnitAnswer]:
        """Do what a wallet asks for.

        Raises:
            InvalidUnitRequest: the request does not hold.
            UseUnitChallenge: its challenge is not one of ours that is still good, or was used before.
            EnrolmentRequired, UnknownUnit, UnitRevoked, WalletRefused, TooManyAttestations, KeyAttestedBefore: we say no.
            Unavailable: the store is away, or our certificate is outside its time.
        """
        context = self.context
        asked = verify_unit_request(request, audience=context.identifier, now=context.now())
        spend = self._spend_challenge(asked.challenge)
        match asked.asked:
            case Register(version, code):
                active = yield from self._register(unit_id(asked.key), version, code, spend)
                return self._answer(active)
            case ReportLost():
                yield from self._revoke(unit_id(asked.key), OWNER, "reported lost", (spend,))
                return self._answer(None)
            case AttestClient() | AttestKeys():
                return (yield from self._attest(asked, asked.asked, spend))

    def invite(self, label: str) -> Exchange[str]:
        """A code with which one wallet can register; `label` is a reference that means something to the operator."""
        context = self.context
        code = write_code(context.random_bytes(CODE_BYTES))
        expires_at = context.now() + context.policy.enrolment
        yield from begin(session.invite(label, _code_key(code), expires_at), expires_at)
        return code

    def units(self, beginning: str = "") -> Exchange[tuple[UnitRecord, ...]]:
        """Wallets whose id begins like this, newest first."""
        return (yield from slow(lambda: self.context.store.units(limit=MAX_LISTED, beginning=beginning)))

    def revoke(self, name: str, actor: str, reason: str = "") -> Exchange[UnitRecord]:
        """Vouch for a wallet no longer, by its id or how it begins; all that was said of it is invalid from now on.

        Raises:
            NotFound: there is no such wallet, or more than one.
        """
        found = yield from self.units(name)
        if not name or len(found) != 1:
            raise NotFound("there is no wallet of this id, or more than one; see them all with `units`")
        yield from self._revoke(found[0].id, actor, reason, ())
        return (yield from self.units(found[0].id))[0]

    def _register(self, unit: str, version: str, code: str | None, spend: Spend) -> Exchange[Active]:
        context = self.context
        policy, now = context.policy, context.now()
        policy.check_version(version)
        known = yield from self._find(unit)
        if known is not None:
            return session.check_active(known)
        if code is None:
            if not policy.open_enrolment:
                raise EnrolmentRequired("a code is needed to register here")
            change = session.register(unit, version, policy=policy, now=now, spend=spend)
            return session.check_active((yield from begin(change, now + policy.unit)))
        wrong = EnrolmentRequired("this code is not good")
        try:
            key = _code_key(code)
        except Malformed:
            raise wrong from None

        def accept(stage: Session) -> Outcome:
            return session.accept(stage, unit, version, key, policy=policy, now=now, spend=spend)

        return session.check_active((yield from advance(key, accept, wrong)))

    def _attest(
        self, request: VerifiedUnitRequest, asked: AttestClient | AttestKeys, spend: Spend
    ) -> Exchange[UnitAnswer]:
        context = self.context
        policy, now, unit = context.policy, context.now(), unit_id(request.key)
        policy.check_version(asked.version)
        known = yield from self._find(unit)
        if known is None:
            raise UnknownUnit(_UNKNOWN)
        session.check_active(known)
        end = self._signing_until(now)
        (entry,) = yield from self.indices.take(1)
        of_client = isinstance(asked, AttestClient)
        kind = AttestationKind.CLIENT if of_client else AttestationKind.KEYS
        lifetime = policy.client_attestation if of_client else policy.key_attestation
        # The key of a client attestation may be attested once more, for the same server: a fresh one, or at a renewal
        keys = () if of_client else request.keys
        until = policy.status_until(asked.status_period, lifetime, now)
        status = MaintainedStatus(entry.reference, until)
        expires_at = min(now + lifetime, end)
        attestation = yield from slow(lambda: self._sign(request, asked, status, now, expires_at))
        record = AttestationRecord(context.new_id(), unit, kind, entry.list_id, entry.index, now, until)

        def attest(stage: Session) -> Outcome:
            return session.attest(stage, record, asked.version, keys, policy=policy, now=now, spend=spend)

        active = yield from self._take_place(unit, attest, entry)
        return self._answer(active, attestation)

    def _take_place(self, unit: str, step: Callable[[Session], Outcome], entry: StatusEntry) -> Exchange[Active]:
        """Record an attestation. One that is refused is thrown away, unseen, and its place is free again."""
        try:
            return session.check_active((yield from advance(session.unit_key(unit), step, UnknownUnit(_UNKNOWN))))
        except Unavailable:
            # Whether it was recorded is not known, so its place is left to the sweep
            raise
        except ProtocolError:
            self.indices.give_back([entry])
            raise

    def _sign(
        self,
        request: VerifiedUnitRequest,
        asked: AttestClient | AttestKeys,
        status: MaintainedStatus,
        now: int,
        expires_at: int,
    ) -> str:
        context, solution = self.context, self.context.solution
        signer, x5c = context.signing.signer, context.signing.x5c
        if isinstance(asked, AttestClient):
            client = ClientAttestation(
                client_id=solution.client_id,
                key=request.keys[0],
                expires_at=expires_at,
                issued_at=now,
                wallet_name=solution.name,
                wallet_version=asked.version,
                certification=solution.certification,
                client_status=status,
            )
            return sign_client_attestation(client, signer, x5c)
        keys = KeyAttestation(
            keys=request.keys,
            issued_at=now,
            expires_at=expires_at,
            nonce=asked.nonce,
            key_storage=(solution.key_storage,),
            user_authentication=(solution.user_authentication,),
            certification=solution.key_certification,
            key_storage_status=status,
        )
        return sign_key_attestation(keys, signer, x5c)

    def _revoke(self, unit: str, actor: str, reason: str, spend: tuple[Spend, ...]) -> Exchange[None]:
        now = self.context.now()

        def revoke(stage: Session) -> Outcome:
            return session.revoke(stage, actor=actor, reason=reason, now=now, spend=spend)

        yield from advance(session.unit_key(unit), revoke, UnknownUnit(_UNKNOWN))

    def _find(self, unit: str) -> Exchange[Session | None]:
        try:
            return (yield from load(session.unit_key(unit), UnknownUnit(_UNKNOWN), _ANY))
        except UnknownUnit:
            return None

    def _spend_challenge(self, challenge: str) -> Spend:
        context = self.context
        error = UseUnitChallenge("a fresh challenge is needed")
        try:
            expires_at = read_nonce(context.secret, f"{_PURPOSE} {context.identifier}", challenge, now=context.now())
        except Flaw:
            raise error from None
        return Spend(SessionKey.of(_PURPOSE, challenge), expires_at, error)

    def _answer(self, active: Active | None, attestation: str | None = None) -> UnitAnswer:
        context = self.context
        known_until = active.known_until if active is not None else context.now()
        return UnitAnswer(context.name, context.solution.client_id, known_until, attestation)

    def _signing_until(self, now: int) -> int:
        """The end of our certificate.

        Raises:
            Unavailable: it is outside its time; nothing must be signed (T146).
        """
        leaf = Certificate.from_x5c(self.context.signing.x5c[0], "signing certificate")
        if not leaf.not_before <= now < leaf.not_after:
            raise Unavailable("the signing key is outside its time; nothing was consumed")
        return leaf.not_after


def _code_key(code: str) -> SessionKey:
    return SessionKey.of(session.ENROLMENT, read_code(code))
