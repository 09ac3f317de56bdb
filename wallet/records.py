"""What a wallet keeps. Every record is sealed in the vault under its kind and id."""

from __future__ import annotations

from dataclasses import dataclass

from protocol.credential import ClaimPath
from protocol.encoding import JsonObject, read_json, read_json_object
from protocol.errors import Malformed
from protocol.fields import Fields
from protocol.oid4vci.metadata import CredentialConfiguration
from protocol.oid4vci.offer import CredentialOffer
from protocol.oid4vci.token import TokenResponse
from wallet.disclosure_records import Disclosure
from wallet.forwarding_records import MandateKept, OrderKept
from wallet.service_records import ServiceRecord


@dataclass(frozen=True, slots=True)
class Copy:
    """One copy of a credential, with the key that it is bound to. A copy that was shown once is linkable, so it is marked."""

    raw: str
    key: str  # a key as `wallet.keys` keeps it, only ever inside a sealed record; empty: not bound to a key
    used_at: int  # epoch seconds; 0: never shown

    def __repr__(self) -> str:
        """Never the key, never the claims."""
        return "Copy()"


@dataclass(frozen=True, slots=True)
class HeldCredential:
    """A credential that was verified before it was kept, with all its copies, which say the same."""

    id: str
    format: str
    type: str  # vct, or doctype
    configuration_id: str
    credential_issuer: str  # identifier that it was fetched from
    issuer_name: str  # by certificate
    vouched_by: str
    configuration: str  # JSON: how it and its claims are called
    claims: str  # JSON: what it says, as verified when it came
    received_at: int  # epoch seconds
    expires_at: int  # epoch seconds; 0: never
    notification_id: str  # empty: none
    copies: tuple[Copy, ...]
    status: str = ""  # at the last look-up: valid, invalid, suspended or unknown; empty: never looked up
    status_checked_at: int = 0  # epoch seconds
    can_be_taken_back: bool = True  # its issuer says somewhere whether it holds; older records: until the next look-up
    document: str = ""  # one for all forms of a document; empty: it has this one form
    binary: tuple[str, ...] = ()  # claims paths, as JSON text, of values that are bytes
    grant: str = ""  # id of the `RenewalGrant` by which it is fetched anew; empty: it cannot be
    issuance: str = ""  # another one after each renewal, see `issuance_of`

    def __repr__(self) -> str:
        """Never the claims."""
        return f"HeldCredential({self.id})"

    def read_claims(self) -> JsonObject:
        """What it says."""
        return read_json_object(self.claims.encode("utf-8"), "claims")

    def read_binary(self) -> tuple[ClaimPath, ...]:
        """Which of its claims are bytes."""
        return tuple(read_path(text) for text in self.binary)

    @property
    def issuance_of(self) -> str:
        """Names this one issuance: what was seen of another one is not what is here now."""
        return self.issuance or self.id

    def described(self) -> CredentialConfiguration:
        """How the issuer, or else its type, calls it and its claims."""
        return read_configuration(self.configuration)


def read_path(text: str) -> ClaimPath:
    """A claims path as a record has it.

    Raises:
        Malformed: it is none.
    """
    steps = read_json(text.encode("utf-8"), "path")
    if not isinstance(steps, list):
        raise Malformed("path", "must be an array")
    return tuple([step if isinstance(step, str) else None for step in steps])


def read_configuration(text: str) -> CredentialConfiguration:
    """A configuration as a record has it.

    Raises:
        Malformed: too large, or names in it do not fit together.
    """
    return CredentialConfiguration.from_fields(
        Fields(read_json_object(text.encode("utf-8"), "configuration"), "configuration")
    )


@dataclass(frozen=True, slots=True)
class WantedCredential:
    """One credential that is still to be fetched, and the keys it will be bound to."""

    configuration_id: str
    keys: tuple[str, ...]  # as `wallet.keys` keeps them; empty: it is bound to none

    def __repr__(self) -> str:
        """Never a key."""
        return f"WantedCredential({self.configuration_id})"


@dataclass(frozen=True, slots=True)
class PendingIssuance:
    """Tokens are there and credentials are not: kept, so that a wallet that was killed can go on (T158)."""

    id: str
    offer: str  # JSON
    token_response: str  # JSON
    dpop_key: str  # hex
    client_id: str  # empty: anonymous
    wanted: tuple[WantedCredential, ...]
    begun_at: int  # epoch seconds
    renews: str = ""  # id of the `RenewalGrant` whose documents are fetched anew; empty: it is a first time

    def read_offer(self) -> CredentialOffer:
        """The offer that it began with."""
        return CredentialOffer.from_dict(read_json_object(self.offer.encode("utf-8"), "offer"))

    def read_tokens(self) -> TokenResponse:
        """The tokens as they came."""
        return TokenResponse.from_dict(read_json_object(self.token_response.encode("utf-8"), "token_response"))

    def __repr__(self) -> str:
        """Never a key or a token."""
        return f"PendingIssuance({self.id})"


@dataclass(frozen=True, slots=True)
class RenewalGrant:
    """By what documents that came together can be fetched anew, without asking their person again (RFC 6749 §6)."""

    id: str
    offer: str  # JSON: which issuer, which server
    refresh_token: str  # empty: it is over
    dpop_key: str  # hex: the token is good with it alone
    client_id: str  # empty: anonymous
    begun_at: int  # epoch seconds
    tried_at: int = 0  # epoch seconds, of the last time that the issuer said no
    over: str = ""  # why it is over: the issuer's word; empty: it is not

    def read_offer(self) -> CredentialOffer:
        """Which issuer, which server."""
        return CredentialOffer.from_dict(read_json_object(self.offer.encode("utf-8"), "offer"))

    def __repr__(self) -> str:
        """Never a key or a token."""
        return f"RenewalGrant({self.id})"


@dataclass(frozen=True, slots=True)
class RenewedDocument:
    """What the last renewals of a document changed: which data, never what they say. There is one for each document."""

    id: str  # of the document
    at: int  # epoch seconds
    reason: str  # why it was renewed, see `wallet.policy.renewing.WhyRenew`
    changed: tuple[str, ...]  # claims paths as JSON text, since the user looked last
    types: tuple[str, ...]  # of its forms
    seen_at: int = 0  # epoch seconds; 0: the user has not looked yet


@dataclass(frozen=True, slots=True)
class WalletUnit:
    """How this wallet is known to its provider, which vouches for it. There is one record of this kind."""

    id: str
    provider_url: str
    key: str  # as `wallet.keys` keeps it: it signs what is asked of the provider, and nobody else sees it
    name: tuple[tuple[str, str], ...]  # language → name of the provider; empty: not registered yet
    client_id: str  # by which servers know every wallet of this provider
    registered_at: int  # epoch seconds; 0: not registered yet
    known_until: int  # epoch seconds; 0: not registered yet
    blocked_at: int  # epoch seconds; 0: not blocked

    def __repr__(self) -> str:
        """Never the key."""
        return f"WalletUnit({self.provider_url})"


@dataclass(frozen=True, slots=True)
class LoggedCredential:
    """A credential in the log: which, and which of its claims, never what they say."""

    name: str  # as the issuer calls it
    type: str
    claims: tuple[str, ...]  # claims paths as JSON text
    names: tuple[tuple[str, str], ...] = ()  # language → what its issuer calls it there; empty: as in `name` everywhere


@dataclass(frozen=True, slots=True)
class LogEntry:
    """What happened with the user's data: who, when, which claims, never a value; with the hash of the entry before."""

    number: int  # from 1
    at: int  # epoch seconds
    action: str  # received, renewed, not kept, sharing, shared, declined, failed, deleted, restored, log deleted, …
    party: str  # as people know it; empty: nobody we know
    party_id: str  # client identifier, or credential issuer identifier
    trusted_by: str  # who vouches for it; empty: nobody
    credentials: tuple[LoggedCredential, ...]
    outcome: str  # in the end: done, begun, refused, unknown, or why it failed
    request: str  # digest of the request that was answered, hex; empty: none
    completes: int  # number of the entry whose outcome was not known yet; 0: none
    before: str  # link of the chain before it, hex; of the first: empty
    in_person: bool = False  # they stood in front of the user
    blind: str = ""  # 32 random bytes, hex: whoever has its hash cannot guess what it said; older entries: none
    origin: str = ""  # by which an earlier wallet of the user named it, which wrote it down; empty: this one did
    acting: tuple[
        str, ...
    ] = ()  # blinded hashes of those it is about beside the user, see `wallet.policy.representing`
    noted: tuple[
        str, ...
    ] = ()  # what a form asks, whose answers from a plan went along: the questions, never an answer
    organisation: str = (
        ""  # country and identifier, as a register signed them; empty: no register did, or an older entry
    )


@dataclass(frozen=True, slots=True)
class DeletedEntry:
    """What is left of an entry that the user deleted: its place and its blinded hash, so that the chain still holds."""

    number: int
    hash: str  # SHA-256, hex


@dataclass(frozen=True, slots=True)
class Evidence:
    """Proof that somebody asked for what they may not: what they signed, as they signed it (T170); no data of the user."""

    id: str  # digest of the request, as the log names it
    at: int  # epoch seconds
    asker: str  # as people know them
    client_id: str
    trusted_by: str
    finding: str
    beyond: tuple[LoggedCredential, ...]  # what was asked beyond the registration
    authority: tuple[str, ...]  # how the supervisory authority is reached, by a registration that holds
    request: str  # the signed request object; empty: nobody signed it
    registration: str  # the registration certificate; empty: none was shown, or it cannot be read
    register_answer: str = ""  # what a register said that was asked; empty: none was


@dataclass(frozen=True, slots=True)
class KeptRequest:
    """What somebody asked, who keeps no log of it or to whom the user said no: to write to them, or about them; no data."""

    id: str  # digest of the request, as the log names it
    at: int  # epoch seconds
    asker: str  # as people know them
    contacts: tuple[str, ...]  # how they are reached, by a registration that holds
    authority: tuple[str, ...]  # how the supervisory authority is reached, likewise
    request: str  # the signed request object; empty: nobody signed it
    registration: str  # the registration certificate; empty: none was shown, or it cannot be read


@dataclass(frozen=True, slots=True)
class AwaitedDocument:
    """A document that an earlier wallet of the user held, and that can be asked for again. Nothing about it is verified."""

    id: str
    name: str
    forms: tuple[tuple[str, str], ...]  # type and format of each
    issuer: str  # as the earlier wallet called them
    issuer_id: str
    link: str  # where to begin, as the earlier wallet had it: an offer, or a page of the issuer; empty: nobody knows
    since: int  # epoch seconds, when it was brought in

    @property
    def types(self) -> frozenset[str]:
        """What its forms are."""
        return frozenset(type_ for type_, _ in self.forms)


@dataclass(frozen=True, slots=True)
class Preferences:
    """What the user decided about the wallet. There is one record of this kind."""

    id: str
    refresh: bool = False  # ask partners in the background what they did, each in an hour of its own
    keep_years: int = 0  # after which lines of the log go; 0: none does by itself


Kept = (
    HeldCredential
    | PendingIssuance
    | RenewalGrant
    | RenewedDocument
    | WalletUnit
    | Evidence
    | KeptRequest
    | Disclosure
    | Preferences
    | AwaitedDocument
    | ServiceRecord
    | OrderKept
    | MandateKept
)


def keys_of(record: Kept) -> frozenset[str]:
    """The keys of a record that are not of one conversation alone, as `wallet.keys` keeps them."""
    match record:
        case HeldCredential():
            return frozenset(copy.key for copy in record.copies if copy.key)
        case PendingIssuance():
            return frozenset(key for wanted in record.wanted for key in wanted.keys)
        case WalletUnit():
            return frozenset((record.key,))
        case _:
            return frozenset()
