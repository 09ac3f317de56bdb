"""What a wallet works with: its storage, whom it trusts, its clock, and how it writes its log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from protocol.encoding import encode_base64url
from protocol.exchange import Exchange
from protocol.keys import P256Key, RandomBytes
from protocol.oid4vp.answer import RequestPolicy
from protocol.sovereignty.partner_directory import PartnerDirectory
from protocol.status.check import KnownList
from protocol.trust.anchors import TrustAnchors
from protocol.trust.register_asking import Register, RegisteredUse, RegisterQuestion
from runtime.conversation import slow
from wallet.keys import DeviceKeys
from wallet.policy.cockpit.timeline import Timelines
from wallet.policy.revoked import KnownCrl
from wallet.policy.showing import PartyShown
from wallet.records import Kept, LogEntry, LoggedCredential, keys_of
from wallet.service.published import Published
from wallet.store import NewEntry, NotedWith, WalletStore


def _no_registers() -> tuple[Register, ...]:
    """A wallet that follows no lists knows no register."""
    return ()


def _no_lists() -> Exchange[None]:
    """A wallet that follows no lists has none to renew."""
    yield from ()


def _no_directory() -> PartnerDirectory | None:
    """A wallet that follows no registrar has no witness."""
    return None


@dataclass(frozen=True, slots=True)
class WalletContext:
    """Everything the services of one wallet share."""

    store: WalletStore
    keys: DeviceKeys
    anchors: Callable[[], TrustAnchors]
    now: Callable[[], int]  # epoch seconds
    random_bytes: RandomBytes
    client_id: str  # as an OAuth client; only where an issuer does not take us anonymously
    request_policy: RequestPolicy
    language: str = "en"  # of what is shown and logged
    allow_local: bool = False  # http on this machine; never in production
    haip: bool = False  # refuse whoever does less than HAIP 1.0 asks of them
    strict: bool = False  # whoever shows no registration gets nothing
    # Lists about those who ask that were fetched, by address; in memory alone
    known_lists: dict[str, KnownList] = field(default_factory=dict, repr=False, compare=False)
    # Ids of grants that are used right now: a token that is used twice at once is taken for a stolen one
    renewing: set[str] = field(default_factory=set, repr=False, compare=False)
    provider_url: str = ""  # of whoever vouches for this wallet; empty: nobody
    version: str = "0"  # of this program, as the provider is told
    relay: str = ""  # where whoever meets this wallet in person may leave messages; empty: nowhere
    known_crls: dict[str, KnownCrl] = field(default_factory=dict, repr=False, compare=False)
    registers: Callable[[], tuple[Register, ...]] = _no_registers  # that lists have, and that can be asked
    # What registers answered; in memory alone, and not for long
    known_uses: dict[RegisterQuestion, RegisteredUse] = field(default_factory=dict, repr=False, compare=False)
    renew_trust: Callable[[], Exchange[None]] = (
        _no_lists  # before somebody new is met: fetch lists of whom to trust, if due
    )

    published: Published | None = None  # by the registrar that this wallet follows; None: it follows none
    # What that registrar saw of every partner's usage log, as it was fetched last
    directory: Callable[[], PartnerDirectory | None] = _no_directory

    # The timeline of the log and of what partners say; in memory alone
    timelines: Timelines = field(default_factory=Timelines, repr=False, compare=False)
    # Ids of disclosures about which a partner is being asked; in memory alone
    busy: set[str] = field(default_factory=set, repr=False, compare=False)

    def new_id(self) -> str:
        """A fresh id: 128 bits, hex, which never looks like an option of a command."""
        return self.random_bytes(16).hex()

    def new_secret(self) -> str:
        """A fresh nonce or state: 256 bits, base64url."""
        return encode_base64url(self.random_bytes(32))

    def new_session_key(self) -> str:
        """A fresh private key for one conversation, hex; it lives in a sealed record, wherever the others do."""
        return P256Key.generate(self.random_bytes).to_scalar().hex()

    def save(
        self,
        *,
        put: Sequence[Kept] = (),
        drop: Sequence[Kept] = (),
        note: NewEntry | None = None,
        needs: Sequence[str] = (),
        history: Sequence[NewEntry] = (),
        lines: Sequence[NotedWith] = (),
    ) -> Exchange[LogEntry | None]:
        """Keep, destroy and note, durably, off the event loop; see `WalletStore.write`. Keys go with their last record."""
        entry = yield from slow(
            lambda: self.store.write(put=put, drop=drop, note=note, needs=needs, history=history, lines=lines)
        )
        kept = frozenset[str]().union(*map(keys_of, put))
        yield from self.destroy_keys([key for record in drop for key in keys_of(record) - kept])
        return entry

    def destroy_keys(self, kept: Sequence[str]) -> Exchange[None]:
        """Destroy keys that are in no record any more."""
        if kept and not self.keys.in_memory:
            yield from slow(lambda: self.keys.destroy(kept))

    def entry(
        self,
        action: str,
        party: PartyShown,
        outcome: str,
        credentials: tuple[LoggedCredential, ...] = (),
        *,
        request: str = "",
        completes: int = 0,
        acting: tuple[str, ...] = (),
        noted: tuple[str, ...] = (),
    ) -> NewEntry:
        """A log entry of now, still without its place in the chain."""
        return entry_of(
            self.now(), action, party, outcome, credentials,
            request=request, completes=completes, acting=acting, noted=noted,
        )  # fmt: skip


def entry_of(
    at: int,
    action: str,
    party: PartyShown,
    outcome: str,
    credentials: tuple[LoggedCredential, ...] = (),
    *,
    request: str = "",
    completes: int = 0,
    acting: tuple[str, ...] = (),
    noted: tuple[str, ...] = (),
) -> NewEntry:
    """A log entry, still without its place in the chain."""

    def note(number: int, before: str) -> LogEntry:
        return LogEntry(
            number=number,
            at=at,
            action=action,
            party=party.name,
            party_id=party.identifier,
            trusted_by=party.trusted_by,
            credentials=credentials,
            outcome=outcome,
            request=request,
            completes=completes,
            before=before,
            in_person=party.in_person,
            acting=acting,
            noted=noted,
            organisation=party.organisation,
        )

    return note


NOBODY = PartyShown("", "", "", "")
