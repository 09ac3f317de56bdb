"""Keeping: see what is held and what happened, look up whether it still holds, and destroy it."""

from __future__ import annotations

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
from wallet.policy.cards import CardState, ground_of, logo_of, state_of, worst_of
from wallet.policy.documents import Document, data_once, documents_of
from wallet.policy.presenting import Caution, cautions_of
from wallet.policy.representing import about_whom, acts_for
from wallet.policy.showing import (
    ClaimShown,
    PartyShown,
    credential_name,
    held_claims,
    logged_credential,
    party_shown,
    plain,
)
from wallet.records import HeldCredential, LogEntry, PendingIssuance
from wallet.service.context import NOBODY, WalletContext
from wallet.service.granting import hanging_on

MAX_STATUS_AGE = 86_400  # seconds
_WORST_FIRST = (Status.INVALID, Status.SUSPENDED, Status.UNKNOWN, Status.VALID)


@dataclass(frozen=True, slots=True)
class FormShown:
    """One form of a document: what it is good for, and how it stands."""

    id: str
    type: str
    in_person: bool  # it can be shown to somebody nearby too, without any network
    copies: int
    unused_copies: int
    expires_at: int  # epoch seconds; 0: never
    cautions: tuple[Caution, ...]
    state: CardState


@dataclass(frozen=True, slots=True)
class HeldShown:
    """A document as its holder sees it."""

    id: str
    name: str
    type: str  # of its first form
    forms: tuple[FormShown, ...]
    issuer: PartyShown
    claims: tuple[ClaimShown, ...]  # of all forms, each once
    received_at: int  # epoch seconds
    expires_at: int  # epoch seconds, of what ends first; 0: never
    cautions: tuple[Caution, ...]
    status_checked_at: int  # epoch seconds, of what was looked up longest ago; 0: never
    state: CardState  # the worst of its forms
    can_be_taken_back: bool  # so that it is worth asking whether it still holds
    ground: str  # colour as the issuer wrote it
    logo: str  # picture that may stand on a page; empty: none
    acts_for: str  # whom the holder acts for with it; empty: nobody
    about: str = ""  # the first name of whom it is about, where that is not the holder


@dataclass(frozen=True, slots=True)
class _Looked:
    """What came of looking a credential up."""

    status: Status | None  # None: its issuer says nowhere whether it holds

    @property
    def can_be_taken_back(self) -> bool:
        return self.status is not None


@dataclass(frozen=True, slots=True)
class Keeping:
    """Everything about what is held already."""

    context: WalletContext

    def documents(self) -> tuple[Document, ...]:
        """Everything held, oldest first."""
        return documents_of(self.context.store.credentials())

    def credentials(self) -> tuple[HeldShown, ...]:
        """The same as its holder sees it."""
        return tuple(self.shown(document) for document in self.documents())

    def damaged(self) -> tuple[str, ...]:
        """The ids of what was held and is damaged; it can only be forgotten."""
        return self.context.store.damaged()

    def pending(self) -> tuple[PendingIssuance, ...]:
        """What was begun and not finished; what is renewed goes on by itself."""
        return tuple(one for one in self.context.store.pending() if not one.renews)

    def log(self) -> tuple[LogEntry, ...]:
        """Everything that happened, oldest first.

        Raises:
            DamagedError: an entry was altered, or is missing.
        """
        return self.context.store.log()

    def find(self, name: str) -> Document:
        """The document with a form of this id, or of an id that begins like this.

        Raises:
            NotFound: there is none, or more than one.
        """
        ids = [(form.id, document) for document in self.documents() for form in document.forms]
        found = {document.id: document for form_id, document in ids if name and form_id.startswith(name)}
        exact = [document for form_id, document in ids if form_id == name]
        documents = exact or [*found.values()]
        if len(documents) != 1:
            raise NotFound("there is no credential of this id; see them all with: hoheit wallet list")
        return documents[0]

    def shown(self, document: Document) -> HeldShown:
        """A document in plain words."""
        first = document.forms[0]
        configuration, language = first.described(), self.context.language
        forms = tuple(self._form_shown(held) for held in document.forms)
        revocable = [held for held in document.forms if held.can_be_taken_back]
        return HeldShown(
            id=document.id,
            name=credential_name(configuration, language),
            type=plain(first.type),
            forms=forms,
            issuer=_issuer_of(document),
            claims=data_once([held_claims(held, language) for held in document.forms]),
            received_at=min(held.received_at for held in document.forms),
            expires_at=min((held.expires_at for held in document.forms if held.expires_at), default=0),
            cautions=tuple(dict.fromkeys(caution for form in forms for caution in form.cautions)),
            status_checked_at=min((held.status_checked_at for held in revocable), default=0),
            state=worst_of(form.state for form in forms),
            can_be_taken_back=bool(revocable),
            ground=ground_of(configuration, language),
            logo=logo_of(configuration, language),
            acts_for=next(filter(None, map(acts_for, document.forms)), ""),
            about=about_whom(first, self.context.store.credentials()),
        )

    def _form_shown(self, held: HeldCredential) -> FormShown:
        now = self.context.now()
        cautions = cautions_of(held)
        if held.expires_at and now >= held.expires_at:
            cautions = (Caution.EXPIRED, *cautions)
        return FormShown(
            id=held.id,
            type=plain(held.type),
            in_person=format_of(held.format).in_person,
            copies=len(held.copies),
            unused_copies=sum(not copy.used_at for copy in held.copies),
            expires_at=held.expires_at,
            cautions=cautions,
            state=state_of(held, now),
        )

    def forget(self, document: Document) -> Exchange[None]:
        """Destroy a document in all its forms, with their keys; nobody is told, and the log keeps that it was there (T228)."""
        context = self.context
        logged = tuple(logged_credential(held, context.language) for held in document.forms)
        note = context.entry("deleted", _issuer_of(document), "done", logged)
        yield from context.save(drop=[*document.forms, *hanging_on(document, context)], note=note)

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
            looked = yield from self._status(held, known)
            if looked is not None and (not looked.can_be_taken_back or looked.status is not Status.UNKNOWN):
                yield from slow(partial(self._remember, held.id, looked))
        return self.credentials()

    def _remember(self, held_id: str, looked: _Looked) -> None:
        now = self.context.now()

        def step(credentials: tuple[HeldCredential, ...]) -> list[HeldCredential]:
            if not looked.can_be_taken_back:
                return [replace(held, can_be_taken_back=False) for held in credentials if held.can_be_taken_back]
            return [
                replace(held, status=str(looked.status), status_checked_at=now, can_be_taken_back=True)
                for held in credentials
            ]

        with suppress(NotFound):  # it was forgotten while its status was looked up
            self.context.store.change([held_id], step)

    def _status(self, held: HeldCredential, known: dict[str, KnownList]) -> Exchange[_Looked | None]:
        """The worst of all copies; None if none of them is good any more anyway."""
        context = self.context
        good = False
        found: list[Status] = []
        for copy in held.copies:
            try:
                credential = yield from format_of(held.format).verify_issued(
                    copy.raw, anchors=context.anchors(), now=context.now()
                )
            except ProtocolError:
                continue
            good = True
            if credential.status:
                report = yield from check_every_status(
                    credential.status, partial(self._look_up, credential=credential, known=known)
                )
                found.append(report.status)
        return _Looked(next(status for status in _WORST_FIRST if status in found) if found else None) if good else None

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


def _issuer_of(document: Document) -> PartyShown:
    first = document.forms[0]
    issuer = party_shown(None, first.credential_issuer, first.credential_issuer)
    return replace(issuer, name=first.issuer_name, trusted_by=first.vouched_by)
