"""Writing down who used what the register has about a person: before they see it, or in the step that does it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from issuer.records import AuditLine, CredentialState, IssuedDocument, LiveBatch
from issuer.service.context import IssuerContext
from issuer.usage import LISTED, TRACED, By, claims_seen, name_of, why_state
from issuer.usage_records import NO_VALUES, OfDocument, OfPerson, What
from protocol.credential import ClaimPath
from protocol.exchange import Exchange
from protocol.sovereignty.usage import Action
from protocol.sovereignty.wording import Wording
from runtime.conversation import Event, slow

IDENTITY: tuple[ClaimPath, ...] = (
    ("given_name",),
    ("family_name",),
    ("birthdate",),
)  # by which a clerk tells people apart
ADDRESS: tuple[ClaimPath, ...] = (("address",),)


@dataclass(frozen=True, slots=True)
class Uses:
    """What an issuer writes into the logs of the documents that it gave."""

    context: IssuerContext

    def viewed(
        self,
        subjects: Sequence[str],
        why: Wording,
        places: Collection[ClaimPath] | None = None,
        *,
        event: Event | None = None,
        by: By = By.CLERK,
    ) -> Exchange[None]:
        """Somebody is about to see what these places of the register say; None: all of it. `event`: for the audit trail.

        Raises:
            Unavailable: the store is away, so nothing may be shown.
        """
        store = self.context.store
        seen = None if places is None else claims_seen(self.context.types, places)
        what = What(Action.VIEWED, name_of(by, self.context.language), why, seen)
        happened = [OfPerson(subject, what) for subject in subjects]
        if event is not None:
            yield from slow(lambda: store.note(event, happened))
        elif happened:
            yield from slow(lambda: store.log(happened))

    def listed(self, documents: Sequence[IssuedDocument]) -> Exchange[None]:
        """Somebody is about to see documents in a list: that they are there, and how they stand.

        Raises:
            Unavailable: the store is away, so nothing may be shown.
        """
        what = What(Action.VIEWED, name_of(By.CLERK, self.context.language), LISTED, NO_VALUES)
        # Forms of one document stand in several lines, and have one receipt
        seen = dict.fromkeys([(one.session_id, self.family(one.configuration_id)) for one in documents])
        happened = [OfDocument(*one, what) for one in seen]
        if happened:
            yield from slow(lambda: self.context.store.log(happened))

    def traced(self, subject: str | None, lines: Sequence[AuditLine]) -> Exchange[None]:
        """Somebody is about to see lines of the audit trail: of one person, or of whom these are about.

        Raises:
            Unavailable: the store is away, so nothing may be shown.
        """
        store = self.context.store
        ids = sorted({line.subject for line in lines})
        people = (subject,) if subject else (yield from slow(lambda: store.people_of(ids)))
        what = What(Action.VIEWED, name_of(By.CLERK, self.context.language), TRACED, NO_VALUES)
        if people:
            yield from slow(lambda: store.log([OfPerson(one, what) for one in people]))

    def changed(self, action: Action, why: Wording, by: By) -> What:
        """The register says something else about somebody."""
        return What(action, name_of(by, self.context.language), why)

    def decided(self, why: Wording, by: By = By.SERVICE) -> What:
        """Something was decided about a document."""
        return What(Action.DECIDED, name_of(by, self.context.language), why)

    def state_changed(
        self, session_id: str, configuration_id: str, state: CredentialState, reason: str, by: By
    ) -> OfDocument:
        """A document was revoked, suspended or reinstated; of the reason only the word of the list is told."""
        return OfDocument(session_id, self.family(configuration_id), self.decided(why_state(state, reason), by))

    def of_batch(self, batch: LiveBatch, why: Wording) -> OfDocument:
        """Something was decided about copies of a document, because of what the register says."""
        return OfDocument(batch.session_id, self.family(batch.configuration_id), self.decided(why))

    def family(self, configuration_id: str) -> str:
        """What a configuration is a form of; itself, where it is not issued any more."""
        kind = self.context.types.get(configuration_id)
        return configuration_id if kind is None else kind.family
