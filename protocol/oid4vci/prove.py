"""How a wallet proves for which keys it asks, whenever the issuer gives a nonce for it (OID4VCI 1.0 §8.2, App. F)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from protocol.exchange import Exchange
from protocol.keys import Signer
from protocol.oid4vci.credential import ProofType
from protocol.oid4vci.proof import sign_proof


@dataclass(frozen=True, slots=True)
class Proofs:
    """What goes into a credential request; empty: nothing."""

    texts: tuple[str, ...] = field(default=(), repr=False)
    type: ProofType = ProofType.JWT


class Prover(Protocol):
    """Makes the proofs of one credential request; asked again, when the issuer wants another nonce."""

    @property
    def needed(self) -> bool:
        """Whether there is anything to prove, and so a nonce to fetch."""

    def prove(self, nonce: str | None) -> Exchange[Proofs]:
        """Proofs with this nonce."""


@dataclass(frozen=True, slots=True)
class KeyProver:
    """A proof of its own for each key."""

    keys: Sequence[Signer]
    audience: str  # credential issuer identifier
    now: Callable[[], int]
    client_id: str | None = None

    @property
    def needed(self) -> bool:
        """Whether there are keys."""
        return bool(self.keys)

    def prove(self, nonce: str | None) -> Exchange[Proofs]:
        """One proof for each key."""
        yield from ()
        issued_at = self.now()
        return Proofs(
            tuple(
                sign_proof(key, audience=self.audience, nonce=nonce, issued_at=issued_at, client_id=self.client_id)
                for key in self.keys
            )
        )
