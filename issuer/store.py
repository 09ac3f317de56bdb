"""The issuer's storage in its own words. Conversations advance as `runtime.conversation` says; here is the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from capabilities.cockpit.rights import RightsStore
from capabilities.cockpit.store import CockpitStore
from capabilities.status_publisher.store import StatusStore
from capabilities.usage_log.store import UsageStore
from issuer.mandates import GivenMandate, Stepped
from issuer.records import (
    AllBegun,
    AuditLine,
    ChangeNotice,
    CredentialState,
    DueWatch,
    IssuedCredential,
    IssuedDocument,
    LetterCode,
    LiveBatch,
    OfferRecord,
)
from issuer.rights import Holding, RightsRecord
from issuer.usage_records import DocumentReceipt, Happened, What
from runtime.api_keys import ApiKeys
from runtime.conversation import ConversationStore, Event


class MandateStore(Protocol):
    """What citizens told us to forward. Every method is one transaction; all raise Unavailable when the store is away."""

    def document(self, receipt: str) -> DocumentReceipt | None:
        """Which document a receipt is of, by its jti."""

    def find(self, key: str, jti: str) -> GivenMandate | None:
        """A mandate, by the thumbprint of the cockpit key that signed it and its own id."""

    def add(self, mandate: GivenMandate) -> GivenMandate:
        """Keep a new mandate. What comes back is the one that is kept: another may have come with this id before.

        Raises:
            Conflict: too many are of this key, or another key handed this mandate over before.
        """

    def step(self, key: str, jti: str, work: Callable[[GivenMandate], Stepped]) -> GivenMandate:
        """Take a step with a mandate as it is in this transaction, and write what it logs.

        Raises:
            NotFound: no such mandate.
        """

    def look_at(self, subject: str, *, now: int) -> None:
        """The register may say something else about a person: what they gave mandates for is due."""

    def claim(self, *, now: int, until: int, limit: int) -> tuple[GivenMandate, ...]:
        """Mandates that are due; until then no other worker takes them, and the attempt is counted."""


class IssuerStore(ConversationStore, Protocol):
    """Everything an issuer keeps. Every method is one transaction, durable when it returns.

    All raise Unavailable when the store is away; nothing was changed then.
    """

    @property
    def api_keys(self) -> ApiKeys:
        """The keys of the administration API."""

    @property
    def clerk_codes(self) -> ApiKeys:
        """The sign-in codes of clerks: they open the desk and nothing else."""

    @property
    def status_lists(self) -> StatusStore:
        """The status lists that credentials have their places in."""

    @property
    def cockpit(self) -> CockpitStore:
        """The receipts of documents, and the calls of those who have them."""

    @property
    def usage(self) -> UsageStore:
        """What was done with the register, by those receipts."""

    @property
    def mandates(self) -> MandateStore:
        """What citizens told us to forward."""

    @property
    def rights(self) -> RightsStore[Holding, RightsRecord]:
        """What citizens asked about the data in their documents."""

    def credential(self, credential_id: str) -> IssuedCredential | None:
        """One issued credential."""

    def credentials_of(self, subject: str) -> tuple[IssuedCredential, ...]:
        """What a person was issued, newest first, at most 1 000."""

    def document(self, credential_id: str) -> IssuedDocument | None:
        """What a person sees of a credential: one document, however many copies there are."""

    def documents(
        self, *, limit: int, subject: str | None = None, before: str | None = None
    ) -> tuple[IssuedDocument, ...]:
        """Documents, newest first, of one person or of all; `before`: those after this one in the list."""

    def issued_with(self, document: IssuedDocument, configuration_ids: Sequence[str]) -> tuple[IssuedDocument, ...]:
        """What the same conversation issued of these configurations, without this document."""

    def offers_to(self, subject: str, *, since: int, limit: int) -> tuple[OfferRecord, ...]:
        """Offers that were made to a person since a moment, newest first."""

    def note(self, event: Event, happened: Sequence[Happened] = ()) -> None:
        """Add a line to the audit trail, and what happened to the logs of whom it is about."""

    def log(self, happened: Sequence[Happened]) -> None:
        """Write what happened into the logs of whom it is about."""

    def audit(self, *, limit: int, subject: str | None = None, before: int | None = None) -> tuple[AuditLine, ...]:
        """The audit trail, newest first; with `subject` what is about this person, their offers and their documents.

        `before`: only lines that are older than the one with this id.
        """

    def people_of(self, ids: Sequence[str]) -> tuple[str, ...]:
        """Whom lines of the audit trail are about, by their subjects: ids of people, copies and conversations."""

    def last_change(self, document: IssuedDocument) -> AuditLine | None:
        """The line of the audit trail that says who brought a document to its state, when and why; None: nobody has."""

    def change_state(
        self,
        credential_id: str,
        wanted: CredentialState,
        *,
        actor: str,
        now: int,
        reason: str = "",
        happened: Sequence[Happened] = (),
    ) -> IssuedCredential:
        """Move a credential with all its copies to another state, and their status lists on; see the publisher's `next_state`.

        It is one line of the audit trail, with the reason, and what `happened` is logged; neither if nothing changed.

        Copies are what one conversation issued of one configuration, renewed ones included.

        Raises:
            NotFound: no such credential.
            Conflict: it is revoked for ever.
        """

    def sweep(self, *, before: int, now: int, limit: int) -> int:
        """Void every index reserved before `before` that no credential got, and forget what has expired.

        How many rows went, at most `limit` of each kind; `limit` or more means that there may be more.
        """

    def due_watches(self, *, now: int, again_at: int, limit: int) -> tuple[DueWatch, ...]:
        """Documents whose wallet has to be looked up now, those of one status list side by side.

        From now on they are due again at `again_at`, unless `watches_held` or `end_watch` says otherwise before: no other
        worker takes them meanwhile, and none is forgotten if this one dies.
        """

    def hasten_watches(self, *, now: int) -> None:
        """Every wallet that a document hangs on is due now, whenever it would have been."""

    def watches_held(self, next_checks: Mapping[int, int]) -> None:
        """These wallets still hold: id of the watch → when it is looked up again, epoch seconds."""

    def end_watch(self, watch_id: int) -> None:
        """Look a document's wallet up no more."""

    def live_batches(self, subject: str, *, now: int) -> tuple[LiveBatch, ...]:
        """What a person has that is not revoked and has not ended, by what it says."""

    def outdate(
        self, batch: LiveBatch, *, revoke_at: int, actor: str, now: int, happened: Sequence[Happened] = ()
    ) -> None:
        """Have a batch revoked at a moment, unless it is to be already; 0: it is true again and stays.

        What `happened` is logged if that is new.
        """

    def revoke_batch(self, batch: LiveBatch, *, actor: str, now: int, happened: Sequence[Happened] = ()) -> None:
        """Revoke the copies of a batch and no others; what its conversation gives goes on. If any is, it is logged."""

    def revoke_due(
        self, *, now: int, limit: int, what: What | None = None, families: Mapping[str, str] | None = None
    ) -> int:
        """Revoke copies whose moment has come, at most `limit`; how many went. `what` is logged about each document.

        `families`: which configurations are forms of one document, by the name of that.
        """

    def note_changes(
        self, subjects: Sequence[str], *, due_at: int, actor: str, begun: AllBegun = None, what: What | None = None
    ) -> None:
        """Remember that the register changes about people: their documents are looked at from that moment on.

        `begun`: what is about to be done with each of them, and stays until it is known to be done; `what` was done, and is
        logged about each of them.
        """

    def due_changes(self, *, now: int, again_at: int, limit: int) -> tuple[ChangeNotice, ...]:
        """People whose documents have to be looked at; until `again_at` no other worker takes them."""

    def change_done(self, notice: ChangeNotice, what: What | None = None) -> None:
        """Forget a notice and log what turned out to have been done, unless another notice came meanwhile."""

    def put_letter_code(self, code: LetterCode, *, actor: str, now: int) -> None:
        """Keep a letter code, and who had it made; those of earlier letters to the same person are good no more."""

    def letter_code(self, digest: str) -> LetterCode | None:
        """A letter code that no later letter has replaced; the step that uses it spends it."""
