"""What is held and good now, as a request sees it."""

from __future__ import annotations

from dataclasses import dataclass, field

from protocol.credential import VerifiedCredential
from protocol.dcql.match import Candidate
from protocol.errors import NotValidNow, ProtocolError
from protocol.exchange import Exchange
from protocol.formats import format_of
from wallet.policy.presenting import Caution, next_copy
from wallet.records import Copy, HeldCredential
from wallet.service.context import WalletContext


@dataclass(slots=True)
class Usable:
    """What can be shown, and what cannot."""

    held: dict[str, HeldCredential] = field(default_factory=dict)
    copies: dict[str, Copy] = field(default_factory=dict)
    candidates: list[Candidate] = field(default_factory=list)
    unusable: list[tuple[HeldCredential, Caution]] = field(default_factory=list)


def find_usable(context: WalletContext) -> Exchange[Usable]:
    """Verify everything held as it is now: what has expired or lost its trust is offered to nobody (T174)."""
    usable = Usable()
    for held in context.store.credentials():
        copy = next_copy(held)
        try:
            verified = yield from verify_held(context, held, copy.raw)
        except NotValidNow:
            usable.unusable.append((held, Caution.EXPIRED))
        except ProtocolError:
            usable.unusable.append((held, Caution.NOT_TRUSTED))
        else:
            usable.held[held.id] = held
            usable.copies[held.id] = copy
            usable.candidates.append(format_of(held.format).candidate(held.id, verified))
    return usable


def verify_held(context: WalletContext, held: HeldCredential, raw: str) -> Exchange[VerifiedCredential]:
    """Verify a document as its issuer gave it, or what would be shown of it.

    Raises:
        ProtocolError: it is not good now.
    """
    known = format_of(held.format)
    return (yield from known.verify_issued(raw, anchors=context.anchors(), now=context.now()))
