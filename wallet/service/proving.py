"""Proofs for keys that the wallet's provider attests: fresh keys for every try, because a key is in one attestation only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from protocol.exchange import Exchange
from protocol.keys import Signer
from protocol.oid4vci.attested_proof import sign_attested_proof
from protocol.oid4vci.credential import ProofType
from protocol.oid4vci.metadata import CredentialConfiguration
from protocol.oid4vci.proof import ALGORITHMS
from protocol.oid4vci.prove import Proofs
from wallet.service.vouching import Vouching


@dataclass(frozen=True, slots=True)
class AttestedProver:
    """One attestation for all the keys of a request, in whichever proof type the issuer offers (HAIP 1.0 §4.5.1)."""

    vouching: Vouching
    configuration: CredentialConfiguration
    audience: str  # credential issuer identifier
    client_id: str | None
    renew_keys: Callable[[], Exchange[tuple[Signer, ...]]]  # makes fresh keys and keeps them, before anybody sees them

    @property
    def needed(self) -> bool:
        """There are keys, and they need a nonce."""
        return True

    def prove(self, nonce: str | None) -> Exchange[Proofs]:
        """A proof of type jwt by the first key, or the attestation itself (TS3 1.5 §2.2.2.1)."""
        keys = yield from self.renew_keys()
        required = self.configuration.key_attestations_required
        period = required.preferred_status_period if required is not None else None
        attestation = yield from self.vouching.attest_keys(keys, nonce, period)
        if not any(name in self.configuration.proof_algorithms for name in ALGORITHMS):
            return Proofs((attestation,), ProofType.ATTESTATION)
        proof = sign_attested_proof(
            keys[0],
            attestation,
            audience=self.audience,
            nonce=nonce,
            issued_at=self.vouching.context.now(),
            client_id=self.client_id,
        )
        return Proofs((proof,))
