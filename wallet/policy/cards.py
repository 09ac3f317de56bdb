"""How a card stands: whether it is good, as far as the wallet knows, and what it looks like. Pure decisions."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from protocol.oid4vci.metadata import CredentialConfiguration, choose_display
from runtime.data_pictures import MAX_LOGO, safe_picture
from wallet.records import HeldCredential

SOON = 30 * 86_400  # seconds before a credential ends, at most
SOON_PART = 4  # and never more than this part of its life: one that is good for two weeks is new when it comes
KNOWN_FOR = 7 * 86_400  # seconds after which nobody can say any more that it still holds


class CardState(StrEnum):
    """How a credential stands."""

    VALID = "valid"
    EXPIRES_SOON = "expires_soon"
    EXPIRED = "expired"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    UNKNOWN = "unknown"  # its issuer could have taken it back, and was not asked lately


_WORST_FIRST = (
    CardState.REVOKED,
    CardState.EXPIRED,
    CardState.SUSPENDED,
    CardState.UNKNOWN,
    CardState.EXPIRES_SOON,
    CardState.VALID,
)


def state_of(held: HeldCredential, now: int) -> CardState:
    """How a credential stands, the worst first. What just came counts as looked up: its issuer said so that day."""
    if held.status == "invalid":
        return CardState.REVOKED
    if held.expires_at and now >= held.expires_at:
        return CardState.EXPIRED
    if held.status == "suspended":
        return CardState.SUSPENDED
    if held.can_be_taken_back and not 0 <= now - max(held.received_at, held.status_checked_at) < KNOWN_FOR:
        return CardState.UNKNOWN
    if held.expires_at and held.expires_at - now <= min(SOON, (held.expires_at - held.received_at) // SOON_PART):
        return CardState.EXPIRES_SOON
    return CardState.VALID


def worst_of(states: Iterable[CardState]) -> CardState:
    """How something stands whose parts stand so: what is wrong with one of them is not hidden by the others."""
    return min(states, key=_WORST_FIRST.index)


def ground_of(configuration: CredentialConfiguration, language: str) -> str:
    """The colour that the issuer wants, as it wrote it; `runtime.looks` decides whether it is one."""
    display = choose_display(configuration.display, language)
    return (display.background_color or "") if display is not None else ""


def logo_of(configuration: CredentialConfiguration, language: str) -> str:
    """The issuer's logo as it may stand on a page; empty if there is none.

    One that lies elsewhere is not fetched: its owner would learn when the user opens the wallet (T152, T262).
    """
    display = choose_display(configuration.display, language)
    return safe_picture(display.logo, MAX_LOGO) if display is not None and display.logo else ""
