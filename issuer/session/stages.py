"""The stages of an issuer's conversation. Codes and tokens are in them as digests only."""

from __future__ import annotations

from dataclasses import dataclass

from issuer.records import Record, WalletStatus
from protocol.errors import InvalidGrant
from runtime.conversation import Change, Refused, SessionKey

ACCESS_TOKEN = "access_token"
REFRESH_TOKEN = "refresh_token"
CODE = "code"
PRE_AUTHORIZED_CODE = "pre-authorized_code"
CONVERSATION = "conversation"
OFFER_REFERENCE = "offer reference"
ISSUER_STATE = "issuer_state"
REQUEST_URI = "request_uri"

MAX_CODE_TRIES = 5  # wrong transaction codes or letter codes before a conversation ends


@dataclass(frozen=True, slots=True)
class WalletUnit:
    """The wallet instance that a conversation belongs to, as its provider attested (OID4VCI 1.0 App. E)."""

    key: str  # JWK thumbprint of the instance's key
    status: WalletStatus | None  # None: the provider does not say whether it still holds


@dataclass(frozen=True, slots=True)
class Offered:
    """An offer with a pre-authorized code that nobody has redeemed (OID4VCI 1.0 §4.1)."""

    id: str
    configuration_ids: tuple[str, ...]
    subject: str
    pre_authorized_code: str  # digest
    tx_code: str  # keyed digest; empty: none expected
    tries_left: int
    expires_at: int  # epoch seconds


@dataclass(frozen=True, slots=True)
class Invited:
    """An offer with an issuer_state: the user has to log in (OID4VCI 1.0 §4.1.1)."""

    id: str
    configuration_ids: tuple[str, ...]
    subject: str
    expires_at: int  # epoch seconds


@dataclass(frozen=True, slots=True)
class Pushed:
    """An authorization request that a wallet pushed (RFC 9126 §2)."""

    id: str
    request_uri: str  # digest
    client_id: str
    redirect_uri: str
    state: str  # as sent; empty: none
    code_challenge: str  # S256
    dpop_key: str  # JWK thumbprint that the code is bound to; empty: none (RFC 9449 §10)
    configuration_ids: tuple[str, ...]
    by_details: tuple[str, ...]  # those that were asked for with authorization_details
    expires_at: int  # epoch seconds
    invited: Invited | None = None  # the offer that it takes up
    wallet: WalletUnit | None = None  # that pushed it; None: it said nothing of itself


@dataclass(frozen=True, slots=True)
class Visited:
    """A browser has opened the login page; only this browser may go on (OID4VCI 1.0 §13.3)."""

    request: Pushed
    browser: str  # digest of the cookie
    tries_left: int


@dataclass(frozen=True, slots=True)
class Granted:
    """The user logged in; the code waits to be redeemed."""

    request: Pushed
    browser: str  # digest of the cookie
    subject: str
    code: str  # digest
    expires_at: int  # epoch seconds


@dataclass(frozen=True, slots=True)
class Tokens:
    """The one pair of tokens that is alive in a conversation, as digests."""

    access: str
    access_expires_at: int  # epoch seconds
    refresh: str  # empty: none
    refresh_expires_at: int  # epoch seconds
    dpop_key: str  # JWK thumbprint; empty: bearer

    def keys(self) -> tuple[SessionKey, ...]:
        """The names by which they find their conversation."""
        access = SessionKey(ACCESS_TOKEN, self.access)
        return (access, SessionKey(REFRESH_TOKEN, self.refresh)) if self.refresh else (access,)


@dataclass(frozen=True, slots=True)
class Batch:
    """What one credential request gave."""

    configuration_id: str
    credential_ids: tuple[str, ...]
    notification: str  # digest
    token: str  # digest of the access token it was asked with
    event: str = ""  # the notification that came; empty: none yet
    at: int = 0  # epoch seconds; 0: an older program issued it


@dataclass(frozen=True, slots=True)
class Issuing:
    """Tokens are out; credentials may be asked for."""

    id: str
    configuration_ids: tuple[str, ...]
    by_details: tuple[str, ...]  # those that have a credential identifier
    subject: str
    client_id: str  # empty: anonymous
    tokens: Tokens
    requests: int = 0  # credential requests that were granted on this access token
    batches: tuple[Batch, ...] = ()  # oldest first
    spent_refresh: tuple[str, ...] = ()  # digests of refresh tokens that were rotated away, oldest first
    wallet: WalletUnit | None = None  # that the tokens are for; None: any that has their key
    began_at: int = 0  # epoch seconds: when the first tokens were given; 0: by an older program
    ended: tuple[str, ...] = ()  # configurations of which nothing more is given: revoked, or deleted by the user


@dataclass(frozen=True, slots=True)
class Ended:
    """Nothing more can be had from this conversation."""

    id: str
    reason: str


Session = Offered | Invited | Pushed | Visited | Granted | Issuing | Ended
Outcome = Change[Session, Record] | Refused[Session, Record]

ANY_STAGE: tuple[type[Session], ...] = (Offered, Invited, Pushed, Visited, Granted, Issuing, Ended)

WITHDRAWN = "withdrawn"
REVOKED = "credential revoked"
ERASED = "erased on demand"


def id_of(session: Session) -> str:
    """The public id of a conversation, the same in all its stages."""
    return session.request.id if isinstance(session, Visited | Granted) else session.id


def check_same_wallet(before: WalletUnit | None, now: WalletUnit | None) -> None:
    """Check that a conversation that a wallet began as itself is carried on by the same instance (the draft's §12.3, §12.4).

    Raises:
        InvalidGrant: it is another one, or one that no longer says who it is.
    """
    if before is not None and (now is None or now.key != before.key):
        raise InvalidGrant("this was given to another wallet")
