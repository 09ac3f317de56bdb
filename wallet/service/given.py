"""What becomes of an answer: made, and then given away."""

from __future__ import annotations

from dataclasses import dataclass

from protocol.oid4vp.answer import Delivered, Delivery
from protocol.oid4vp.response import Presentation
from wallet.records import LoggedCredential


@dataclass(frozen=True, slots=True)
class Begun:
    """An answer that is made and counts as seen, whatever becomes of it; it has not left yet."""

    vp_token: dict[str, tuple[Presentation, ...]]
    logged: tuple[LoggedCredential, ...]
    log_number: int  # of the entry that says what is given away


@dataclass(frozen=True, slots=True)
class Shared:
    """Data was given away: what became of it, and where the user may go on."""

    delivery: Delivery
    log_number: int  # of the entry that says what was given away

    @property
    def arrived(self) -> bool:
        """Whether the asker said that it has the answer; if not, the data has to count as seen all the same."""
        return isinstance(self.delivery, Delivered)

    @property
    def redirect_uri(self) -> str | None:
        """Where the asker wants the user to go on: https, to be shown and never opened unasked (T172)."""
        return self.delivery.redirect_uri if isinstance(self.delivery, Delivered) else None
