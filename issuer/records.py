"""What the issuer keeps for longer than a conversation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from capabilities.cockpit.records import IssuedReceipt
from capabilities.status_publisher.records import EntryState
from issuer.usage_records import GivenReceipt
from protocol.encoding import encode_json, read_json_object
from protocol.fields import Fields

CredentialState = EntryState  # a credential stands where its place in the status list says


@dataclass(frozen=True, slots=True)
class IssuedCredential:
    """One credential that left the house. Claim values stay in the register; nothing of them is kept here."""

    id: str
    configuration_id: str
    subject: str  # the person's id in the register
    session_id: str  # the conversation that it was issued in
    status_list: str  # id of the status list; empty: a type without status
    status_index: int
    holder_key: str  # JWK thumbprint; empty: not bound to a key
    issued_at: int  # epoch seconds
    expires_at: int  # epoch seconds
    state: CredentialState = CredentialState.VALID
    said: str = ""  # id of the `SaidClaims` of its batch; empty: issued by an older program


@dataclass(frozen=True, slots=True)
class SaidClaims:
    """What a batch said when it was issued: keyed digests alone, which tell whether the register still says the same."""

    id: str
    digests: str  # JSON, see `issuer.renewal.write_said`
    expires_at: int  # epoch seconds, of its credentials


@dataclass(frozen=True, slots=True)
class Superseded:
    """A wallet has a new batch: of what it replaces, whatever was waiting for that is revoked."""

    session_id: str
    configuration_id: str
    kept: tuple[str, ...]  # ids of the new batch


@dataclass(frozen=True, slots=True)
class LiveBatch:
    """Copies of one document that say the same and are not revoked."""

    session_id: str
    configuration_id: str
    subject: str
    credential_id: str  # of one of them
    has_status: bool
    said: str  # id; empty: nobody remembers what they say
    digests: str  # JSON; empty: likewise
    revoke_at: int  # epoch seconds; 0: nothing is to come


@dataclass(frozen=True, slots=True)
class Begun:
    """What somebody began to do with a person's entry, before it is known to be done; it is logged once it is."""

    action: str
    by: str  # as the log calls them
    before: str  # keyed digest of what the register said then

    def to_text(self) -> str:
        """As it is kept."""
        return encode_json({"action": self.action, "by": self.by, "before": self.before}).decode()

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read what we kept."""
        kept = Fields(read_json_object(text.encode(), "begun change"), "begun change")
        return cls(kept.text("action"), kept.text("by"), kept.text("before"))


AllBegun = Mapping[str, Begun] | None  # by subject


@dataclass(frozen=True, slots=True)
class ChangeNotice:
    """Something changed in the register about a person; it is looked at until that is done."""

    subject: str
    number: int  # another one with each notice
    actor: str
    begun: Begun | None = None  # None: nothing is begun whose end is not known


@dataclass(frozen=True, slots=True)
class StateChanged:
    """A credential that was issued before moves to another state, with its entry in the status list."""

    credential_id: str
    state: CredentialState


@dataclass(frozen=True, slots=True)
class OfferRecord:
    """An offer that was made to a person; what became of it, its conversation tells."""

    id: str
    subject: str  # the person's id in the register
    made_at: int  # epoch seconds


class Watched(StrEnum):
    """What of a wallet unit a status tells about."""

    WALLET = "wallet"  # the wallet instance: `client_status`
    KEYS = "keys"  # what keeps its keys: `key_storage_status`


@dataclass(frozen=True, slots=True)
class WalletStatus:
    """Where a wallet provider says whether a wallet unit still holds (TS3 1.5 §2.4.1)."""

    uri: str
    index: int
    kept_until: int  # epoch seconds; nobody promises to keep it up afterwards
    provider: str  # subject of who signed the attestation: nobody else may sign the list
    vouched_by: str  # name of the anchor


@dataclass(frozen=True, slots=True)
class DocumentWatch:
    """A document that a wallet unit holds, so that it ends when the wallet unit is revoked (TS3 1.5 §2.4.3)."""

    session_id: str
    configuration_id: str
    watched: Watched
    status: WalletStatus
    check_at: int  # epoch seconds
    expires_at: int  # epoch seconds; the document has ended by itself then


@dataclass(frozen=True, slots=True)
class DueWatch:
    """A watch whose status has to be looked up now."""

    id: int
    credential_id: str  # a copy of the document that is not revoked; empty: there is none
    watched: Watched
    status: WalletStatus


Record = (
    IssuedCredential
    | StateChanged
    | OfferRecord
    | DocumentWatch
    | SaidClaims
    | Superseded
    | IssuedReceipt
    | GivenReceipt
)


@dataclass(frozen=True, slots=True)
class IssuedDocument:
    """What a person sees as one document: all copies that one conversation issued of one configuration."""

    id: str  # of the newest copy that holds, or of the newest
    configuration_id: str
    subject: str
    session_id: str
    since: int  # epoch seconds, of its first copy
    expires_at: int  # epoch seconds
    state: CredentialState
    has_status: bool  # whether it can be suspended and revoked
    revoke_at: int = 0  # epoch seconds: it is outdated, and ends then; 0: it is not


@dataclass(frozen=True, slots=True)
class AuditLine:
    """A line of the audit trail as it is read: who did what to which thing, and when."""

    id: int
    at: int  # epoch seconds
    action: str
    subject: str
    actor: str
    detail: str


@dataclass(frozen=True, slots=True)
class LetterCode:
    """A one-time code that the agency sent by letter; the code itself is kept as a digest."""

    digest: str  # SHA-256 in hex
    subject: str
    expires_at: int  # epoch seconds
