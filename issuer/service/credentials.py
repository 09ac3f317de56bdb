"""The credential endpoint: check the token, check the proofs, draw the values, sign, record, answer (OID4VCI 1.0 §8).

Order: everything is verified and signed before the one step that spends the nonce and records the credentials. What was
signed for a step that is refused is thrown away; nothing leaves the house that is not recorded.
"""

from __future__ import annotations

from dataclasses import dataclass

from issuer.credential_types import CredentialType
from issuer.records import IssuedCredential
from issuer.service.context import IssuerContext
from issuer.service.status import StatusIndices
from issuer.session import ACCESS_TOKEN, NOTIFICATION, Batch, Issuing, Outcome, Session, check_access, issue, notify
from protocol.errors import (
    Flaw,
    InsufficientScope,
    InvalidDpopProof,
    InvalidNonce,
    InvalidNotificationId,
    InvalidProof,
    InvalidToken,
    UnknownCredentialConfiguration,
    UnknownCredentialIdentifier,
)
from protocol.exchange import Exchange
from protocol.formats import Issuance, format_of
from protocol.keys import PublicKey
from protocol.oid4vci.credential import CredentialRequest, CredentialResponse
from protocol.oid4vci.notification import NotificationRequest
from protocol.oid4vci.proof import VerifiedProof, verify_proof
from runtime.conversation import SessionKey, Spend, advance, load

_NO_TOKEN = InvalidToken("this access token is not good, or no longer")


@dataclass(frozen=True, slots=True)
class Access:
    """An access token as a request carried it, with the key that the request proved."""

    key: SessionKey
    dpop_key: str  # JWK thumbprint; empty: bearer
    spend: tuple[Spend, ...]


@dataclass(frozen=True, slots=True)
class CredentialService:
    """The credential, nonce and notification endpoints."""

    context: IssuerContext
    indices: StatusIndices

    def nonce(self) -> str:
        """A fresh c_nonce (OID4VCI 1.0 §7)."""
        return self.context.new_nonce("c_nonce", self.context.policy.lifetimes.c_nonce)

    def issue(self, request: CredentialRequest, authorization: str | None, dpop: str | None) -> Exchange[CredentialResponse]:
        """Issue one credential for each key that was proven.

        Raises:
            InvalidToken: no good access token.
            InvalidDpopProof, UseDpopNonce: the DPoP proof.
            UnknownCredentialConfiguration, UnknownCredentialIdentifier, InsufficientScope: what was asked.
            InvalidProof, InvalidNonce: the key proofs.
            CredentialRequestDenied: the register does not have what the credential must hold.
            Unavailable: the signing key is away; nothing was consumed.
        """
        context = self.context
        access = self._access(authorization, dpop, context.endpoints.credential)
        session: Issuing = yield from load(access.key, _NO_TOKEN, Issuing)
        now = context.now()
        check_access(session, access.key.digest, dpop_key=access.dpop_key, now=now)
        credential_type = self._credential_type(request, session)
        proofs = self._proofs(request, credential_type, session)
        record = yield from context.register.fetch(session.subject)
        claims = credential_type.claims_for(record, now=now)

        entries = yield from self.indices.take(len(proofs), credential_type)
        issued_at, expires_at = credential_type.validity(now)
        form = format_of(credential_type.format)
        raws: list[str] = []
        credentials: list[IssuedCredential] = []
        keys: list[PublicKey | None] = [proof.key for proof in proofs]
        for key, entry in zip(keys, entries, strict=True):
            issuance = Issuance(
                type=credential_type.vct,
                claims=claims,
                frame=credential_type.frame,
                holder_key=key,
                issued_at=issued_at,
                expires_at=expires_at,
                status=entry.claim if entry else None,
                decoys=0,
            )
            raws.append(form.issue(issuance, context.signing, context.random_bytes))
            credentials.append(
                IssuedCredential(
                    id=context.new_id(),
                    configuration_id=credential_type.id,
                    subject=session.subject,
                    session_id=session.id,
                    status_list=entry.list_id if entry else "",
                    status_index=entry.index if entry else 0,
                    holder_key=key.thumbprint() if key else "",
                    issued_at=now,
                    expires_at=expires_at,
                )
            )

        notification_id = context.new_secret()
        batch = Batch(
            configuration_id=credential_type.id,
            credential_ids=tuple(credential.id for credential in credentials),
            notification=SessionKey.of(NOTIFICATION, notification_id).digest,
            token=access.key.digest,
        )
        spend = (*access.spend, *self._nonces(proofs))

        def issue_them(current: Session) -> Outcome:
            return issue(
                current,
                access.key.digest,
                dpop_key=access.dpop_key,
                batch=batch,
                credentials=tuple(credentials),
                spend=spend,
                now=now,
            )

        yield from advance(access.key, issue_them, _NO_TOKEN)
        return CredentialResponse(credentials=tuple(raws), notification_id=notification_id)

    def notify(self, request: NotificationRequest, authorization: str | None, dpop: str | None) -> Exchange[None]:
        """Take note of what the wallet did with a batch (OID4VCI 1.0 §11).

        Raises:
            InvalidToken, InvalidDpopProof, UseDpopNonce: who asks.
            InvalidNotificationId: no such id, or somebody else's.
        """
        access = self._access(authorization, dpop, self.context.endpoints.notification)
        key = SessionKey.of(NOTIFICATION, request.notification_id)
        now = self.context.now()

        def note(session: Session) -> Outcome:
            return notify(
                session,
                access.key.digest,
                key.digest,
                request.event,
                dpop_key=access.dpop_key,
                spend=access.spend,
                now=now,
            )

        yield from load(access.key, _NO_TOKEN, Issuing)
        yield from advance(key, note, InvalidNotificationId("no such notification id"))

    def _access(self, authorization: str | None, dpop: str | None, url: str) -> Access:
        scheme, _, token = (authorization or "").partition(" ")
        key = SessionKey.of(ACCESS_TOKEN, token)
        if scheme.lower() == "dpop" and token:
            if dpop is None:
                raise InvalidDpopProof("a DPoP proof is needed", status=401)
            thumbprint, spend = self.context.verify_dpop(dpop, url, access_token=token)
            return Access(key, thumbprint, (spend,))
        if scheme.lower() == "bearer" and token and not self.context.policy.require_dpop:
            return Access(key, "", ())
        raise InvalidToken("an access token of type DPoP is needed")

    def _credential_type(self, request: CredentialRequest, session: Issuing) -> CredentialType:
        if request.credential_identifier is not None:
            name = request.credential_identifier
            if not session.by_details or name not in session.configuration_ids:
                raise UnknownCredentialIdentifier("no such credential identifier")
        else:
            name = request.credential_configuration_id or ""
            if name not in self.context.types:
                raise UnknownCredentialConfiguration("no such credential configuration")
            if name not in session.configuration_ids:
                raise InsufficientScope("the access token does not cover this credential")
        return self.context.types[name]

    def _proofs(
        self, request: CredentialRequest, credential_type: CredentialType, session: Issuing
    ) -> tuple[VerifiedProof, ...]:
        if not request.proofs:
            raise InvalidProof("a key proof is needed")
        if len(request.proofs) > credential_type.batch_size:
            raise InvalidProof(f"at most {credential_type.batch_size} key proofs are taken")
        proofs = tuple(
            verify_proof(text, audience=self.context.identifier, now=self.context.now()) for text in request.proofs
        )
        if len({proof.key for proof in proofs}) != len(proofs):
            raise InvalidProof("the same key was proven twice")
        for proof in proofs:
            # OID4VCI 1.0 App. F.1: iss is the client_id of the access token, and absent for an anonymous one
            if proof.issuer is not None and session.client_id and proof.issuer != session.client_id:
                raise InvalidProof("the proof names another client")
            try:
                self.context.read_nonce("c_nonce", proof.nonce or "")
            except Flaw as error:
                raise InvalidNonce("a fresh c_nonce is needed") from error
        return proofs

    def _nonces(self, proofs: tuple[VerifiedProof, ...]) -> tuple[Spend, ...]:
        """One c_nonce may serve all proofs of one request; it is spent by it."""
        nonces = {proof.nonce for proof in proofs if proof.nonce}
        return tuple(
            Spend(
                SessionKey.of("c_nonce", nonce),
                self.context.read_nonce("c_nonce", nonce),
                InvalidNonce("this c_nonce was used before"),
            )
            for nonce in nonces
        )


