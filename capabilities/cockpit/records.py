"""What is kept of receipts that were given."""

from __future__ import annotations

from dataclasses import dataclass, replace

from protocol.encoding import encode_json, read_json_object
from protocol.fields import Fields
from protocol.sovereignty.receipt import Receipt

COLLECTABLE = 30 * 86_400  # seconds in which a receipt can be collected, by whoever was there when it was given
MAX_RECEIPT = 64 * 1024  # bytes


@dataclass(frozen=True, slots=True)
class IssuedReceipt:
    """A receipt, by whose key (or, in person, by whose claim) it is found. It names claims, never a value.

    It is written by the step that decides about the answer: there is no answer without its receipt, and no second one.
    """

    id: str  # jti
    says: str  # JSON: its claims
    token: str  # as it is signed; empty: it is signed when a key is bound
    key: str  # thumbprint of the cockpit key; empty: none, or none yet
    claim: str  # hash of the claim by which a key can be bound, once; empty: it cannot
    issued_at: int  # epoch seconds
    log_until: int  # epoch seconds: until then its usage log answers, and this is kept

    @classmethod
    def of(cls, receipt: Receipt, token: str, *, claim: str = "") -> IssuedReceipt:
        """What is kept of a receipt."""
        says = encode_json(receipt.to_claims()).decode()
        return cls(receipt.id, says, token, receipt.key or "", claim, receipt.issued_at, receipt.log_until)

    @property
    def receipt(self) -> Receipt:
        """What it says."""
        return Receipt.from_fields(Fields(read_json_object(self.says.encode(), "receipt"), "receipt"))

    def bound_to(self, thumbprint: str, endpoint: str) -> Receipt:
        """What it says once a key is bound."""
        return replace(self.receipt, key=thumbprint, cockpit_endpoint=endpoint)

    def is_collectable(self, now: int) -> bool:
        """Whether it may still be collected.

        Of a mandate's receipt its citizen learns when they next ask the source, which may be late: it can be collected for
        as long as it counts for anything.
        """
        if now < self.issued_at + COLLECTABLE:
            return True
        return now < self.log_until and self.receipt.is_of_mandate

    def __repr__(self) -> str:
        """Never the keys by which somebody is found."""
        return f"IssuedReceipt({self.id})"
