"""The credential endpoint: check the token, check the proofs, draw the values, sign, record, answer (OID4VCI 1.0 §8).

Order: everything is verified and signed before the one step that spends the nonce and records the credentials. What was
signed for a step that is refused is thrown away; nothing leaves the house that is not recorded.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from capabilities.status_publisher.records import StatusEntry
from capabilities.status_publisher.service import StatusIndices
from issuer.credential_types import CredentialType
from issuer.policy import last_day, next_check
from issuer.records import DocumentWatch, IssuedCredential, SaidClaims, WalletStatus, Watched
from issuer.renewal import write_said
from issuer.service.context import IssuerContext
from issuer.service.proofs import ProofService, ProvenKeys
from issuer.service.receipts import IssuedBatch, Receipts
from issuer.session.issuance import check_may_issue, issue, notify
from issuer.session.stages import ACCESS_TOKEN, ANY_STAGE, Batch, Issuing, Outcome, Session
from issuer.session.tokens import check_access, end_tokens
from protocol.encoding import JsonObject
from protocol.errors import (
    CredentialRequestDenied,
    InsufficientScope,
    InvalidDpopProof,
    InvalidDpopProofAtResource,
    InvalidRequest,
    InvalidToken,
    ProtocolError,
    Unavailable,
    UnknownCredentialConfiguration,
    UnknownCredentialIdentifier,
    UseDpopNonce,
    UseDpopNonceAtResource,
)
from protocol.exchange import Exchange
from protocol.formats import Issuance, format_of
from protocol.keys import PublicKey
from protocol.oid4vci.credential import CredentialRequest, CredentialResponse
from protocol.oid4vci.notification import NotificationRequest
from runtime.conversation import SessionKey, Spend, advance, load, with_key

_NO_TOKEN = InvalidToken("this access token is not good, or no longer")


@dataclass(frozen=True, slots=True)
class Access:
    """An access token as a request carried it, with the key that the request proved."""

    key: SessionKey
    dpop_key: str  # JWK thumbprint; empty: bearer
    spend: tuple[Spend, ...]


@dataclass(frozen=True, slots=True)
class _Draft:
    """What all credentials of one request share."""

    type: CredentialType
    claims: JsonObject
    issuing: Issuing
    now: int
    issued_at: int  # as the credential says it
    expires_at: int
    said: SaidClaims


@dataclass(frozen=True, slots=True)
class CredentialService:
    """The credential, nonce and notification endpoints."""

    context: IssuerContext
    indices: StatusIndices
    proofs: ProofService
    receipts: Receipts

    def nonce(self) -> str:
        """A fresh c_nonce (OID4VCI 1.0 §7)."""
        return self.context.new_nonce("c_nonce", self.context.policy.lifetimes.c_nonce)

    def issue(
        self, request: CredentialRequest, authorization: str | None, dpop: str | None
    ) -> Exchange[CredentialResponse]:
        """Issue one credential for each key that was proven.

        Raises:
            InvalidToken: no good access token.
            InvalidDpopProof, UseDpopNonce: the DPoP proof.
            UnknownCredentialConfiguration, UnknownCredentialIdentifier, InsufficientScope: what was asked.
            InvalidProof, InvalidNonce: the key proofs.
            CredentialRequestDenied: the register does not have what the credential must hold, or the status of the wallet is
                not kept up for long enough.
            Unavailable: the signing key is away, or the status of the wallet cannot be had; nothing was consumed.
        """
        context = self.context
        access = self._access(authorization, dpop, context.endpoints.credential)
        session = yield from load(access.key, _NO_TOKEN, ANY_STAGE)
        now = context.now()
        issuing = check_access(session, access.key.digest, dpop_key=access.dpop_key, now=now)
        credential_type = self._credential_type(request, issuing)
        renewable_until = _renewable_until(issuing, credential_type)
        check_may_issue(issuing, credential_type.id, access.key.digest, now=now, renewable_until=renewable_until)
        proven = yield from self.proofs.verify(request, issuing, credential_type)
        signing_until = context.signing_until(now)
        statuses = _statuses(issuing, proven, credential_type)
        record = yield from context.register.fetch(issuing.subject)
        issued_at, expires_at = credential_type.validity(now)
        # Never beyond the certificate that vouches for it, nor beyond what is promised of the wallet
        expires_at = min(expires_at, signing_until, *(last_day(status.kept_until, now) for _, status in statuses))
        claims, batch_id = credential_type.claims_for(record, now=now), context.new_id()
        draft = _Draft(
            credential_type,
            context.written(credential_type, claims),
            issuing,
            now=now,
            issued_at=issued_at,
            expires_at=expires_at,
            said=SaidClaims(batch_id, write_said(context.said(credential_type, claims, batch_id)), expires_at),
        )
        # OID4VCI 1.0 §8.3: fewer credentials than proofs are allowed, where a type has less than what is announced
        used = proven.keys[: credential_type.batch_size]
        entries = (yield from self.indices.take(len(used))) if credential_type.status else (None,) * len(used)
        try:
            made = yield from with_key(
                context.signing.signer,
                lambda: [self._make(draft, key, entry) for key, entry in zip(used, entries, strict=True)],
            )
            given = yield from self.receipts.give(
                request,
                IssuedBatch(
                    credential_type,
                    issuing.subject,
                    issuing.id,
                    draft.claims,
                    tuple([raw for raw, _ in made]),
                    expires_at,
                ),
            )
        except Unavailable:
            self._give_back(entries)
            raise
        notification_id = context.new_secret()
        batch = Batch(
            configuration_id=credential_type.id,
            credential_ids=tuple(credential.id for _, credential in made),
            notification=_notification(notification_id),
            token=access.key.digest,
            at=now,
        )

        def issue_them(current: Session) -> Outcome:
            return issue(
                current,
                access.key.digest,
                dpop_key=access.dpop_key,
                batch=batch,
                credentials=tuple(credential for _, credential in made),
                watches=_watches(draft, statuses),
                said=(draft.said,),
                receipt=() if given is None else (given.issued, given.given),
                renewable_until=renewable_until,
                spend=(*access.spend, *proven.spend),
                now=now,
            )

        try:
            yield from advance(access.key, issue_them, _NO_TOKEN)
        except Unavailable:
            # Whether it was recorded is not known, so its indices are left to the sweep (T143)
            raise
        except ProtocolError:
            self._give_back(entries)
            raise
        return CredentialResponse(
            credentials=tuple(raw for raw, _ in made),
            notification_id=notification_id,
            receipt=None if given is None else given.token,
        )

    def notify(self, request: NotificationRequest, authorization: str | None, dpop: str | None) -> Exchange[None]:
        """Take note of what the wallet did with a batch (OID4VCI 1.0 §11).

        Raises:
            InvalidToken, InvalidDpopProof, UseDpopNonce: who asks.
            InvalidNotificationId: no such id, or somebody else's.
        """
        access = self._access(authorization, dpop, self.context.endpoints.notification)
        notification = _notification(request.notification_id)
        now = self.context.now()

        def note(session: Session) -> Outcome:
            return notify(
                session,
                access.key.digest,
                notification,
                request.event,
                dpop_key=access.dpop_key,
                spend=access.spend,
                now=now,
            )

        yield from advance(access.key, note, _NO_TOKEN)

    def refuse_token_in_address(self, token: str | None) -> Exchange[None]:
        """Refuse a request whose address holds an access token, and end the token: logs have it now (RFC 9700 §4.3.2, T103).

        Raises:
            InvalidRequest: there is one.
        """
        if token is None:
            return

        def end(session: Session) -> Outcome:
            return end_tokens(session, "token in an address")

        with suppress(InvalidToken):
            yield from advance(SessionKey.of(ACCESS_TOKEN, token), end, _NO_TOKEN)
        raise InvalidRequest("an access token belongs into the Authorization header")

    def _give_back(self, entries: Sequence[StatusEntry | None]) -> None:
        self.indices.give_back(entry for entry in entries if entry is not None)

    def _make(self, draft: _Draft, key: PublicKey, entry: StatusEntry | None) -> tuple[str, IssuedCredential]:
        """One signed credential, and what is kept of it."""
        credential_type = draft.type
        issuance = Issuance(
            type=credential_type.type,
            claims=draft.claims,
            frame=credential_type.frame,
            holder_key=key,
            issued_at=draft.issued_at,
            expires_at=draft.expires_at,
            status=entry.claim if entry else None,
            kinds=credential_type.kinds,
        )
        raw = format_of(credential_type.format).issue(issuance, self.context.signing, self.context.random_bytes)
        kept = IssuedCredential(
            id=self.context.new_id(),
            configuration_id=credential_type.id,
            subject=draft.issuing.subject,
            session_id=draft.issuing.id,
            status_list=entry.list_id if entry else "",
            status_index=entry.index if entry else 0,
            holder_key=key.thumbprint(),
            issued_at=draft.now,
            expires_at=draft.expires_at,
            said=draft.said.id,
        )
        return raw, kept

    def _access(self, authorization: str | None, dpop: str | None, url: str) -> Access:
        scheme, _, token = (authorization or "").partition(" ")
        key = SessionKey.of(ACCESS_TOKEN, token)
        if scheme.lower() == "dpop" and token:
            if dpop is None:
                raise InvalidDpopProofAtResource("a DPoP proof is needed")
            try:
                shown = self.context.verify_dpop(dpop, url, access_token=token)
            except InvalidDpopProof as error:
                raise InvalidDpopProofAtResource(error.description) from error
            except UseDpopNonce as error:
                raise UseDpopNonceAtResource(error.description, error.nonce) from error
            used_before = InvalidDpopProofAtResource(shown.spend.error.description)
            return Access(key, shown.thumbprint, (replace(shown.spend, error=used_before),))
        if scheme.lower() == "bearer" and token and not self.context.policy.dpop_is_needed:
            return Access(key, "", ())
        raise InvalidToken("an access token of type DPoP is needed")

    def _credential_type(self, request: CredentialRequest, issuing: Issuing) -> CredentialType:
        if (request.credential_identifier or request.credential_configuration_id) in issuing.ended:
            raise CredentialRequestDenied("this document was taken back, or deleted; it has to be asked for again")
        if request.credential_identifier is not None:
            name = request.credential_identifier
            if name not in issuing.by_details:
                raise UnknownCredentialIdentifier("no such credential identifier")
        else:
            name = request.credential_configuration_id or ""
            if name not in self.context.types:
                raise UnknownCredentialConfiguration("no such credential configuration")
            if name not in issuing.configuration_ids:
                raise InsufficientScope("the access token does not cover this credential")
        return self.context.types[name]


def _renewable_until(issuing: Issuing, credential_type: CredentialType) -> int | None:
    """How long a document is given anew; None for a conversation that an older program began: as long as its tokens live."""
    return credential_type.renewal.renewable_until(issuing.began_at) if issuing.began_at else None


def _statuses(
    issuing: Issuing, proven: ProvenKeys, credential_type: CredentialType
) -> tuple[tuple[Watched, WalletStatus], ...]:
    """What the document hangs on (TS3 1.5 §2.4.3).

    Raises:
        CredentialRequestDenied: the type asks for a wallet whose status is kept up, and this one has none.
    """
    wallet = issuing.wallet.status if issuing.wallet is not None else None
    if wallet is None and credential_type.is_watched:
        raise CredentialRequestDenied("the wallet's provider does not say whether the wallet still holds")
    found: list[tuple[Watched, WalletStatus]] = []
    if wallet is not None:
        found.append((Watched.WALLET, wallet))
    if proven.status is not None:
        found.append((Watched.KEYS, proven.status))
    return tuple(found)


def _watches(draft: _Draft, statuses: tuple[tuple[Watched, WalletStatus], ...]) -> tuple[DocumentWatch, ...]:
    """What has to be looked up from now on; nothing for a type that cannot be revoked."""
    if not draft.type.status:
        return ()
    return tuple(
        [
            DocumentWatch(
                session_id=draft.issuing.id,
                configuration_id=draft.type.id,
                watched=watched,
                status=status,
                check_at=next_check(status.uri, draft.now),
                expires_at=draft.expires_at,
            )
            for watched, status in statuses
        ]
    )


def _notification(notification_id: str) -> str:
    return SessionKey.of("notification_id", notification_id).digest
