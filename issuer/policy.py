"""The issuer's pure decisions: how long things live, what a clerk may do, where a code may be sent."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from capabilities.accounts.policy import USUAL_ACCOUNTS, AccountPolicy
from capabilities.status_publisher.policy import USUAL_LIFETIMES, TokenLifetimes
from issuer.records import CredentialState
from protocol.errors import CredentialRequestDenied, Malformed


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long everything lives, in seconds."""

    offer: int = 600
    offer_state: int = 30 * 86_400  # that one can ask what became of an offer nobody redeemed
    pushed_request: int = 300
    code: int = 60
    access_token: int = 600
    c_nonce: int = 300
    dpop_nonce: int = 300
    letter_code: int = 30 * 86_400


@dataclass(frozen=True, slots=True)
class IssuerPolicy:
    """What this issuer insists on; the defaults are the strict choice."""

    require_dpop: bool = True  # RFC 9449; False lets wallets without DPoP have bearer tokens
    haip: bool = False  # everything that HAIP 1.0 §4 asks for, and nothing that it forbids
    redirect_uris: tuple[str, ...] = ()  # exactly these, and loopback addresses with any port
    lifetimes: Lifetimes = Lifetimes()
    status: TokenLifetimes = USUAL_LIFETIMES
    desk: AccountPolicy = USUAL_ACCOUNTS

    @property
    def dpop_is_needed(self) -> bool:
        """Whether every token is bound to a key (HAIP 1.0 §4)."""
        return self.require_dpop or self.haip


CHECK_SECONDS = 43_200  # between two looks at the status of a wallet; TS3 1.5 §2.4.3: at least once in 24 hours
CHECK_AGAIN = 900  # seconds until one that could not be looked up, or whose worker died, is tried again


def last_day(kept_until: int, now: int) -> int:
    """The end of a document that ends before a wallet's status does (TS3 1.5 §2.4.3), cut down to the day as all ends are.

    Raises:
        CredentialRequestDenied: that would be today, or was.
    """
    end = kept_until - 1 - (kept_until - 1) % 86_400
    if end <= now:
        raise CredentialRequestDenied("the wallet's status is not kept up for long enough")
    return end


def next_check(uri: str, now: int) -> int:
    """When the wallets of a status list are looked up next: each list has its own time, so that it is fetched once for all."""
    phase = int.from_bytes(hashlib.sha256(uri.encode()).digest()[:8], "big") % CHECK_SECONDS
    return now + 1 + (phase - now - 1) % CHECK_SECONDS


class Deed(StrEnum):
    """What a clerk does to a document; the word stands in addresses."""

    SUSPEND = "suspend"
    REINSTATE = "reinstate"
    REVOKE = "revoke"


class Reason(StrEnum):
    """Why; the word stands in the audit trail, pages say it in the reader's language."""

    ASKED = "asked"
    LOST = "lost"
    CHECKING = "checking"
    WRONG = "wrong"
    NOT_ENTITLED = "not entitled"
    SETTLED = "settled"
    MISTAKE = "mistake"
    OTHER = "other"
    WALLET_REVOKED = "wallet revoked"  # found by the daily check, as the next one
    KEYS_REVOKED = "keys revoked"
    CHANGED = "register changed"  # found by what the register says now, as the next two
    GONE = "not in the register"
    LACKING = "register has not what it needs"
    ENDED_BEFORE = "ended before"  # found by the list that outlives the database


WANTED = {
    Deed.SUSPEND: CredentialState.SUSPENDED,
    Deed.REINSTATE: CredentialState.VALID,
    Deed.REVOKE: CredentialState.REVOKED,
}
REASONS = {
    Deed.SUSPEND: (Reason.ASKED, Reason.LOST, Reason.CHECKING, Reason.OTHER),
    Deed.REINSTATE: (Reason.ASKED, Reason.SETTLED, Reason.MISTAKE, Reason.OTHER),
    Deed.REVOKE: (Reason.ASKED, Reason.LOST, Reason.WRONG, Reason.NOT_ENTITLED, Reason.MISTAKE, Reason.OTHER),
}
# Whoever holds the wallet may not be its owner: nothing at all is given to it any more
ENDS_WALLET = frozenset(("", Reason.LOST, Reason.WALLET_REVOKED, Reason.KEYS_REVOKED))
MAX_REASON = 200  # characters of free text


def possible_deeds(state: CredentialState) -> tuple[Deed, ...]:
    """What may be done to a document in a state."""
    return {
        CredentialState.VALID: (Deed.SUSPEND, Deed.REVOKE),
        CredentialState.SUSPENDED: (Deed.REINSTATE, Deed.REVOKE),
        CredentialState.REVOKED: (),
    }[state]


def reason_text(deed: Deed, reason: str, more: str) -> str:
    """A reason as the audit trail keeps it: a word of the list, and what the clerk added.

    Raises:
        Malformed: not in the list, "other" without words, too many words, or characters that cannot be printed.
    """
    words = " ".join(more.split())
    if reason not in REASONS[deed]:
        raise Malformed("reason", "must be one of the list")
    if reason == Reason.OTHER and not words:
        raise Malformed("more", "must say what the other reason is")
    if len(words) > MAX_REASON or not words.isprintable():
        raise Malformed("more", f"must have at most {MAX_REASON} characters that can be printed")
    return f"{reason}: {words}" if words else reason


def redirect_allowed(policy: IssuerPolicy, redirect_uri: str) -> bool:
    """Whether a code may be sent there: exactly an address of ours, or loopback with any port (RFC 8252 §7.3, T097)."""
    if redirect_uri in policy.redirect_uris:
        return True
    if not _PLAIN.fullmatch(redirect_uri):
        return False
    try:
        parts = urlsplit(redirect_uri)
        port = parts.port
    except ValueError:
        return False
    return parts.scheme == "http" and parts.netloc in (f"127.0.0.1:{port}", f"[::1]:{port}")


_PLAIN = re.compile(r"[!$-\[\]_a-z~]+", re.ASCII | re.IGNORECASE)  # neither quotes, blanks, backslash nor fragment
