"""For which keys a wallet asks, and how it shows that it has them (OID4VCI 1.0 §8.2.1.1, App. F, TS3 1.5 §2.2.2).

Where a type asks for attested keys, a wallet provider says how well they are kept, in one attestation for all of them; else
each key has a proof of its own. Nothing is spent here: what has to be goes into the step that issues.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from issuer.credential_types import CredentialType
from issuer.records import WalletStatus
from issuer.service.context import IssuerContext
from issuer.service.wallet_status import WalletStatusLists, wallet_status
from issuer.session.stages import Issuing
from protocol.errors import Flaw, InvalidNonce, InvalidProof, Unavailable
from protocol.exchange import Exchange
from protocol.keys import PublicKey
from protocol.oid4vci.attested_proof import (
    AttestationRules,
    AttestedKeys,
    verify_attestation_proof,
    verify_attested_proof,
)
from protocol.oid4vci.credential import CredentialRequest, ProofType
from protocol.oid4vci.key_attestation import KeyRequirements
from protocol.oid4vci.proof import verify_proof
from protocol.status.check import Status
from runtime.conversation import SessionKey, Spend


@dataclass(frozen=True, slots=True)
class ProvenKeys:
    """Keys that credentials may be bound to, one each."""

    keys: tuple[PublicKey, ...]
    spend: tuple[Spend, ...]  # nonces, and attested keys
    status: WalletStatus | None = None  # of what keeps the keys; None: nobody says


@dataclass(frozen=True, slots=True)
class ProofService:
    """Checks the proofs of credential requests."""

    context: IssuerContext
    statuses: WalletStatusLists

    def verify(
        self, request: CredentialRequest, issuing: Issuing, credential_type: CredentialType
    ) -> Exchange[ProvenKeys]:
        """Check the proofs of a request.

        Raises:
            InvalidProof: missing, too many, or one that does not hold.
            InvalidNonce: a nonce that is not ours or not fresh.
            Unavailable: whether what keeps the keys still holds cannot be found out now.
        """
        if not request.proofs:
            raise InvalidProof("a key proof is needed")
        if credential_type.key_requirements is not None:
            return (yield from self._attested(request, issuing, credential_type, credential_type.key_requirements))
        return self._plain(request, issuing)

    def _plain(self, request: CredentialRequest, issuing: Issuing) -> ProvenKeys:
        if request.proof_type is not ProofType.JWT:
            raise InvalidProof("proofs of this type are not offered here")
        self._check_count(request.proofs, "key proofs")
        now = self.context.now()
        proofs = tuple([verify_proof(text, audience=self.context.identifier, now=now) for text in request.proofs])
        if len({proof.key for proof in proofs}) != len(proofs):
            raise InvalidProof("the same key was proven twice")
        for proof in proofs:
            _check_client(proof.issuer, issuing)
        return ProvenKeys(tuple([proof.key for proof in proofs]), self._nonces(proof.nonce for proof in proofs))

    def _attested(
        self,
        request: CredentialRequest,
        issuing: Issuing,
        credential_type: CredentialType,
        required: KeyRequirements,
    ) -> Exchange[ProvenKeys]:
        found = self._verify_attestation(request, required)
        says = found.attestation.says
        self._check_count(says.keys, "attested keys")
        _check_client(found.issuer, issuing)
        status = wallet_status(says.key_storage_status, found.attestation.provider)
        if status is None and credential_type.is_watched:
            raise InvalidProof("key attestation: does not say where its status stands")
        nonces = self._nonces((found.nonce,))
        if status is not None:
            report = yield from self.statuses.report(status)
            if report.status is Status.UNKNOWN:
                raise Unavailable(
                    "whether these keys are still kept well cannot be found out now; nothing was consumed"
                )
            if report.status is not Status.VALID:
                raise InvalidProof("key attestation: was revoked or suspended by its provider")
        return ProvenKeys(says.keys, (*nonces, *self._used_keys(found, credential_type)), status)

    def _verify_attestation(self, request: CredentialRequest, required: KeyRequirements) -> AttestedKeys:
        context = self.context
        if len(request.proofs) != 1:
            # HAIP 1.0 §4.5.1: all keys of a request stand in a single attestation
            raise InvalidProof("one key attestation for all keys is needed")
        [text] = request.proofs
        rules = AttestationRules(context.anchors(), required)
        now = context.now()
        if request.proof_type is ProofType.ATTESTATION:
            return verify_attestation_proof(text, rules, now=now)
        return verify_attested_proof(text, rules, audience=context.identifier, now=now)

    def _used_keys(self, found: AttestedKeys, credential_type: CredentialType) -> Iterable[Spend]:
        """A key stands in one attestation only, which is used once (TS3 1.5 §2.2.2.1): as long as anything hangs on it."""
        now = self.context.now()
        _, ends = credential_type.validity(now)
        until = max(found.attestation.says.expires_at or now, ends)
        used = InvalidProof("key attestation: it, or one of its keys, was used before")
        return [Spend(SessionKey.of("attested key", key.thumbprint()), until, used) for key in found.keys]

    def _check_count(self, found: tuple[object, ...], what: str) -> None:
        if len(found) > self.context.batch_size:
            raise InvalidProof(f"at most {self.context.batch_size} {what} are taken")

    def _nonces(self, nonces: Iterable[str | None]) -> tuple[Spend, ...]:
        """One c_nonce may serve all proofs of one request; it is spent by it."""
        found: set[str] = set()
        for nonce in nonces:
            # §8.3.1.2: a missing c_nonce is a broken proof, a bad one is worth another try
            if nonce is None:
                raise InvalidProof("the proof has no c_nonce")
            found.add(nonce)
        used = "this c_nonce was used before"
        return tuple(
            [
                Spend(SessionKey.of("c_nonce", nonce), self._nonce_end(nonce), InvalidNonce(used))
                for nonce in sorted(found)
            ]
        )

    def _nonce_end(self, nonce: str) -> int:
        try:
            return self.context.read_nonce("c_nonce", nonce)
        except Flaw as error:
            raise InvalidNonce("a fresh c_nonce is needed") from error


def _check_client(issuer: str | None, issuing: Issuing) -> None:
    """App. F.1: iss is the client that the token was given to; an anonymous one has no name to compare."""
    if issuer is not None and issuing.client_id and issuer != issuing.client_id:
        raise InvalidProof("the proof names another client")
