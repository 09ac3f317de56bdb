"""What a wallet keeps about forwarding: what its user decided in advance. All sealed, never sent."""

from __future__ import annotations

from dataclasses import dataclass

from protocol.encoding import encode_json, read_json_object
from protocol.sovereignty.standing_order import StandingOrder
from wallet.disclosure_records import SentAnswer


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


@dataclass(frozen=True, slots=True)
class MandateKept:
    """A mandate that the user gave an office: it forwards data of a document itself when its register changes."""

    id: str
    token: str  # as it was signed
    source: str  # id of the disclosure of the document: its key hands the mandate over, and asks about it
    key: str  # private key that signed it, for the recipient, hex
    log_number: int  # of the log entry that says that it was given; 0: the office has not taken it yet
    office: str  # who forwards, as people know them
    party_id: str  # of the recipient, as the log knows it
    service: str  # of the recipient, in the language in which the mandate was given
    sent: SentAnswer  # what the recipient's receipt is held against
    status: str = ""  # the latest one, as the office signed it; empty: none came
    looked_at: int = 0  # epoch seconds, when it came
    receipt: str = ""  # id of the disclosure with the recipient's receipt; empty: none came

    def __repr__(self) -> str:
        """Never the key, nor to whom goes what."""
        return "MandateKept()"
