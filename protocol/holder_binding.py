"""What a presentation is bound to, in terms of every format: the holder's key, whom it is for, and this very request.

A key binding JWT names audience, nonce and time (RFC 9901 §4.3); an mdoc signs a session transcript (ISO/IEC 18013-5 §9.1.3.4),
which is made from how the answer is handed over (OID4VP 1.0 App. B.2.6).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from protocol.keys import Decrypter, Signer
from protocol.mdoc.transcript import Handover

MAX_AGE = 300  # seconds


@dataclass(frozen=True, slots=True)
class KeyBinding:
    """What a holder binds a presentation to."""

    signer: Signer
    audience: str
    nonce: str
    issued_at: int  # epoch seconds
    transaction_data_hashes: tuple[str, ...] = ()
    transaction_data_hashes_alg: str | None = None  # named only where the request named algorithms
    handover: Handover | None = None  # None: formats that sign one cannot be bound


@dataclass(frozen=True, slots=True)
class ExpectedBinding:
    """What a verifier asked a presentation to be bound to; the expected transaction data included."""

    audience: str  # the client identifier with its prefix, exactly as sent
    nonce: str
    now: int  # epoch seconds
    transaction_data_hashes: tuple[str, ...] = ()
    transaction_data_hashes_alg: str | None = None
    max_age: int = MAX_AGE  # seconds
    handover: Callable[[], Handover] | None = None  # made only for a format that signs one
    reader_key: Decrypter | None = None  # the verifier's own key of a session, for which a holder may make a MAC

    def __post_init__(self) -> None:
        # T038: an empty expectation is a mistake of the caller and must never pass as "anything goes"
        if not self.audience or not self.nonce:
            raise ValueError("a key binding is expected for an audience and a nonce")
