"""Keeping: see what is held and what happened, look up whether it still holds, and destroy it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

from protocol.credential import StatusPlace, VerifiedCredential
from protocol.errors import NotFound, ProtocolError
from protocol.exchange import Exchange
from protocol.formats import format_of
from protocol.status.check import KnownList, Status, StatusReport, check_every_status, check_status
from protocol.status.list_key import find_certified_list_key, find_list_key
from runtime.conversation import slow
from wallet.policy.cards import CardState, can_be_taken_back, ground_of, logo_of, state_of
from wallet.policy.presenting import Caution, cautions_of
from wallet.policy.showing import ClaimShown, PartyShown, claims_shown, credential_name, party_shown, plain
from wallet.records import HeldCredential, LogEntry, PendingIssuance
from wallet.service.context import NOBODY, WalletContext
from wallet.service.receiving import logged_credential

MAX_STATUS_AGE = 86_400  # seconds
_WORST_FIRST = (Status.INVALID, Status.SUSPENDED, Status.UNKNOWN, Status.VALID)


@dataclass(frozen=True, slots=True)
class HeldShown:
    """A credential as its holder sees it."""

    id: str
    name: str
    type: str
    issuer: PartyShown
    claims: tuple[ClaimShown, ...]
    received_at: int  # epoch seconds
    expires_at: int  # epoch seconds; 0: never
    copies: int
    unused_copies: int
    cautions: tuple[Caution, ...]
    status_checked_at: int  # epoch seconds; 0: never
    state: CardState
    can_be_taken_back: bool  # so that it is worth asking whether it still holds
    ground: str  # colour as the issuer wrote it
    logo: str  # picture that may stand on a page; empty: none


@dataclass(frozen=True, slots=True)
class Keeping:
    """Everything about what is held already."""

    context: WalletContext

    def credentials(self) -> tuple[HeldShown, ...]:
        """Everything held, oldest first."""
        return tuple(self.shown(held) for held in self.context.store.credentials())

    def damaged(self) -> tuple[str, ...]:
        """The ids of what was held and is damaged; it can only be forgotten."""
        return self.context.store.damaged()

    def pending(self) -> tuple[PendingIssuance, ...]:
        """What was begun and not finished."""
        return self.context.store.pending()

    def log(self) -> tuple[LogEntry, ...]:
        """Everything that happened, oldest first.

        Raises:
            DamagedError: an entry was altered, or is missing.
        """
        return self.context.store.log()

    def find(self, name: str) -> HeldCredential:
        """The credential of this id, or of an id that begins like this.

        Raises:
            NotFound: there is none, or more than one.
        """
        found = [held for held in self.context.store.credentials() if name and held.id.startswith(name)]
        exact = [held for held in found if held.id == name]
        if len(exact or found) != 1:
            raise NotFound("there is no credential of this id; see them all with: hoheit wallet list")
        return (exact or found)[0]

    def shown(self, held: HeldCredential) -> HeldShown:
        """A credential in plain words."""
        configuration = held.described()
        language = self.context.language
        cautions = cautions_of(held)
        if held.expires_at and self.context.now() >= held.expires_at:
            cautions = (Caution.EXPIRED, *cautions)
        issuer = party_shown(None, held.credential_issuer, held.credential_issuer)
        return HeldShown(
            id=held.id,
            name=credential_name(configuration, language),
            type=plain(held.type),
            issuer=replace(issuer, name=held.issuer_name, trusted_by=held.vouched_by),
            claims=claims_shown(held.read_claims(), configuration.claims, language),
            received_at=held.received_at,
            expires_at=held.expires_at,
            copies=len(held.copies),
            unused_copies=sum(not copy.used_at for copy in held.copies),
            cautions=cautions,
            status_checked_at=held.status_checked_at,
            state=state_of(held, self.context.now()),
            can_be_taken_back=can_be_taken_back(held),
            ground=ground_of(configuration, language),
            logo=logo_of(configuration, language),
        )

    def forget(self, held: HeldCredential) -> Exchange[None]:
        """Destroy a credential with its keys; nobody is told, and the log keeps that it was there (T228)."""
        context = self.context
        issuer = replace(
            party_shown(None, held.credential_issuer, held.credential_issuer),
            name=held.issuer_name,
            trusted_by=held.vouched_by,
        )
        note = context.entry("deleted", issuer, "done", (logged_credential(held, context.language),))
        yield from context.save(drop=[held], note=note)

    def forget_damaged(self, record_id: str) -> Exchange[None]:
        """Destroy what is left of a damaged credential.

        Raises:
            NotFound: there is no damaged one of this id.
        """
        context = self.context
        note = context.entry("deleted", NOBODY, "damaged")
        yield from slow(lambda: context.store.forget_damaged(record_id, note))

    def clear_log(self) -> Exchange[None]:
        """Destroy the log, whatever state it is in; the new one begins with that (T263)."""
        context = self.context
        note = context.entry("log deleted", NOBODY, "done")
        yield from slow(lambda: context.store.clear_log(note))

    def look_up_status(self) -> Exchange[tuple[HeldShown, ...]]:
        """Ask whether each credential still holds, and remember the answer; a list that cannot be had changes nothing.

        This is apart from presenting, so that the hour of the question tells nobody about the hour of showing.
        """
        context = self.context
        known: dict[str, KnownList] = {}
        for held in context.store.credentials():
            status = yield from self._status(held, known)
            if status is not None and status is not Status.UNKNOWN:
                yield from slow(partial(self._remember, held.id, status))
        return self.credentials()

    def _remember(self, held_id: str, status: Status) -> None:
        now = self.context.now()

        def step(credentials: tuple[HeldCredential, ...]) -> list[HeldCredential]:
            return [replace(held, status=str(status), status_checked_at=now) for held in credentials]

        with suppress(NotFound):  # it was forgotten while its status was looked up
            self.context.store.change([held_id], step)

    def _status(self, held: HeldCredential, known: dict[str, KnownList]) -> Exchange[Status | None]:
        """The worst of all copies; None if it cannot be revoked, or is not good any more anyway."""
        context = self.context
        found: list[Status] = []
        for copy in held.copies:
            try:
                credential = yield from format_of(held.format).verify_issued(
                    copy.raw, anchors=context.anchors(), now=context.now()
                )
            except ProtocolError:
                continue
            if not credential.status:
                continue
            report = yield from check_every_status(
                credential.status, partial(self._look_up, credential=credential, known=known)
            )
            found.append(report.status)
        return _worst(found)

    def _look_up(
        self, reference: StatusPlace, credential: VerifiedCredential, known: dict[str, KnownList]
    ) -> Exchange[StatusReport]:
        context = self.context
        anchors, now = context.anchors(), context.now()
        find_key = find_certified_list_key if context.haip else find_list_key
        checked = yield from check_status(
            reference,
            known.get(reference.uri),
            find_key=lambda jws: find_key(jws, credential, anchors, now),
            now=now,
            max_age=MAX_STATUS_AGE,
        )
        if checked.known is not None:
            known[reference.uri] = checked.known
        return checked.report


def _worst(found: Sequence[Status]) -> Status | None:
    return next((status for status in _WORST_FIRST if status in found), None)
