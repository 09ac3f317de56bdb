"""What a wallet keeps about forwarding: what its user decided in advance. All sealed, never sent."""

from __future__ import annotations

from dataclasses import dataclass

from protocol.encoding import encode_json, read_json_object
from protocol.sovereignty.standing_order import StandingOrder


@dataclass(frozen=True, slots=True)
class OrderKept:
    """A standing order: a document goes to a recipient again when it changes, each time with a yes."""

    id: str
    order: str  # JSON
    document: str  # id of the document
    given_at: int  # epoch seconds
    recipient: str  # as people know them
    service: str  # what it is called, in the language in which it was given
    receipts: bool = False  # who else gets the data stood in a receipt when the order was given …
    others: tuple[str, ...] = ()  # … and this is who, by identifier or name
    ended: str = (
        ""  # why, by `protocol.sovereignty.mandate_status.Ending`, where the recipient changed; empty: see the order
    )
    changes: tuple[str, ...] = ()  # what they changed then, by `protocol.sovereignty.recipient_terms.Change`

    def read(self) -> StandingOrder:
        """What was decided, and how often it was sent."""
        return StandingOrder.from_dict(read_json_object(self.order.encode("utf-8"), "standing order"))

    @staticmethod
    def written(order: StandingOrder) -> str:
        """The order as it is kept."""
        return encode_json(order.to_dict()).decode("utf-8")

    def __repr__(self) -> str:
        """Never to whom goes what."""
        return "OrderKept()"
