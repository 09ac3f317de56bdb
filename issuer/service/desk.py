"""What clerks do at the desk: find a person, see what they can get and have, look a document over before it is offered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from issuer.credential_types import CredentialType, families_of
from issuer.policy import WANTED, Deed, possible_deeds
from issuer.records import AuditLine, IssuedDocument
from issuer.register import MAX_SUBJECT, Person, address_of, person_of
from issuer.service.context import IssuerContext
from issuer.service.offers import Offers
from issuer.service.status import StatusService
from issuer.service.uses import ADDRESS, IDENTITY, Uses
from issuer.usage import ADDRESSED, OPENED, PREVIEWED, SEARCHED, By, places_of
from protocol.encoding import JsonObject, JsonValue
from protocol.errors import InvalidRequest, NotFound
from protocol.exchange import Exchange
from runtime.conversation import Event, slow

MAX_FOUND = 20  # people of one search
PAGE = 20  # lines of a list
MAX_OFFERS = 5  # open offers that are shown with a person
OPEN = frozenset(("offered", "opened", "redeemed"))


@dataclass(frozen=True, slots=True)
class Found:
    """The people of a search."""

    people: tuple[Person, ...]
    more: bool  # than are shown


@dataclass(frozen=True, slots=True)
class Available:
    """A document, and whether a person can get it."""

    family: str
    configuration_id: str  # of the form that stands for it
    missing: str  # the path of what the register lacks or has wrong; empty: they can get it


@dataclass(frozen=True, slots=True)
class OpenOffer:
    """An offer that can be taken back."""

    id: str
    made_at: int  # epoch seconds
    state: str


@dataclass(frozen=True, slots=True)
class PersonFile:
    """A person as the desk shows them."""

    person: Person
    available: tuple[Available, ...]
    documents: tuple[IssuedDocument, ...]
    offers: tuple[OpenOffer, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """A document before it is offered."""

    person: Person
    forms: tuple[str, ...]  # ids of the configurations in which the person can get it
    credential_type: CredentialType  # the first of them
    claims: JsonObject
    expires_at: int  # epoch seconds


@dataclass(frozen=True, slots=True)
class DeskService:
    """Looking and deciding; offers, letters and states themselves are made by their own services."""

    context: IssuerContext
    offers: Offers
    status: StatusService

    @property
    def uses(self) -> Uses:
        """What writes into the logs of whom it is about."""
        return Uses(self.context)

    def search(self, text: str) -> Exchange[Found]:
        """The people whom a clerk may mean.

        Raises:
            InvalidRequest: nothing was typed, or too much.
            Unavailable: the register cannot be asked for now, or that it was cannot be written down.
        """
        wanted = text.strip()
        if not wanted or len(wanted) > MAX_SUBJECT:
            raise InvalidRequest("type a name or an id")
        people = yield from self.context.register.search(wanted, MAX_FOUND + 1)
        shown = people[:MAX_FOUND]
        yield from self.uses.viewed([person.subject for person in shown], SEARCHED, IDENTITY)
        return Found(shown, len(people) > MAX_FOUND)

    def person(self, subject: str) -> Exchange[PersonFile]:
        """A person, what they can get and what they have.

        Raises:
            CredentialRequestDenied: the register knows no such person.
        """
        context = self.context
        record = yield from context.register.fetch(subject)
        yield from self.uses.viewed((subject,), OPENED, IDENTITY)
        now = context.now()
        available = tuple(
            _available(family, forms, record, now) for family, forms in families_of(context.types).items()
        )
        documents = yield from slow(lambda: context.store.documents(limit=PAGE, subject=subject))
        since = now - context.policy.lifetimes.offer_state
        made = yield from slow(lambda: context.store.offers_to(subject, since=since, limit=MAX_OFFERS))
        offers: list[OpenOffer] = []
        for offer in made:
            try:
                state = yield from self.offers.state(offer.id)
            except NotFound:
                continue
            if state in OPEN:
                offers.append(OpenOffer(offer.id, offer.made_at, state))
        return PersonFile(person_of(subject, record), available, self.once(documents), tuple(offers))

    def preview(self, subject: str, family: str, actor: str) -> Exchange[Preview]:
        """A document with its values, before it is offered; that somebody saw them stands in the audit trail (T243).

        And in the log of whom it is about.

        Raises:
            NotFound: no such document.
            CredentialRequestDenied: the register knows no such person, or lacks what the document must hold.
        """
        context = self.context
        record = yield from context.register.fetch(subject)
        now = context.now()
        forms = self._possible(family, record, now)
        kind = forms[0]
        claims = kind.claims_for(record, now=now)
        event = Event("values shown", subject, actor=actor, detail=kind.id)
        yield from self.uses.viewed((subject,), PREVIEWED, places_of(kind), event=event)
        return Preview(
            person_of(subject, record), tuple(form.id for form in forms), kind, claims, kind.validity(now)[1]
        )

    def forms_for(self, subject: str, family: str) -> Exchange[tuple[str, ...]]:
        """The configurations to offer to a person, so that they get a document in every form that can be had.

        Raises:
            NotFound: no such document.
            CredentialRequestDenied: the register knows no such person.
        """
        record = yield from self.context.register.fetch(subject)
        return tuple(form.id for form in self._possible(family, record, self.context.now()))

    def configurations(
        self, subject: str, configuration_ids: Sequence[str], documents: Sequence[str]
    ) -> Exchange[tuple[str, ...]]:
        """The configurations to offer where some are named, and documents beside them or in their place; see `forms_for`."""
        wanted = list(configuration_ids)
        for family in documents:
            forms = yield from self.forms_for(subject, family)
            wanted.extend(form for form in forms if form not in wanted)
        return tuple(wanted)

    def _possible(self, family: str, record: Mapping[str, JsonValue], now: int) -> tuple[CredentialType, ...]:
        """The forms that a person can get; where there is none, all, so that whoever goes on is told what is missing.

        The id of one configuration, where it is no family's, is that form alone.
        """
        types = self.context.types
        forms = families_of(types).get(family) or tuple(kind for kind in types.values() if kind.id == family)
        if not forms:
            raise NotFound("no such document")
        return tuple(form for form in forms if not form.missing_for(record, now=now)) or forms

    def addressee(self, subject: str) -> Exchange[tuple[Person, tuple[str, ...]]]:
        """Whom a letter goes to, and the lines of the address.

        Raises:
            CredentialRequestDenied: the register knows no such person.
        """
        record = yield from self.context.register.fetch(subject)
        yield from self.uses.viewed((subject,), ADDRESSED, (*IDENTITY, *ADDRESS))
        return person_of(subject, record), address_of(record)

    def document(self, credential_id: str) -> Exchange[IssuedDocument]:
        """One document.

        Raises:
            NotFound: no such document.
        """
        found = yield from slow(lambda: self.context.store.document(credential_id))
        if found is None:
            raise NotFound("no such document")
        return found

    def last_change(self, document: IssuedDocument) -> Exchange[AuditLine | None]:
        """Who brought a document to its state, when and why; None: it is as it was issued."""
        return (yield from slow(lambda: self.context.store.last_change(document)))

    def documents(self, subject: str | None, before: str | None) -> Exchange[tuple[IssuedDocument, ...]]:
        """A page of documents, and one more if there is another page; that they were seen stands in their logs.

        Raises:
            Unavailable: the store is away, or that they were seen could not be written down.
        """
        store = self.context.store
        found = yield from slow(lambda: store.documents(limit=PAGE + 1, subject=subject, before=before))
        yield from self.uses.listed(found[:PAGE])
        return found

    def audit(self, subject: str | None, before: int | None) -> Exchange[tuple[AuditLine, ...]]:
        """A page of the audit trail, and one more line if there is another page; whom it is about can read that it was seen.

        Raises:
            Unavailable: the store is away, or that it was seen could not be written down.
        """
        store = self.context.store
        found = yield from slow(lambda: store.audit(limit=PAGE + 1, subject=subject, before=before))
        yield from self.uses.traced(subject, found[:PAGE])
        return found

    def once(self, documents: tuple[IssuedDocument, ...]) -> tuple[IssuedDocument, ...]:
        """Documents with all forms of one as one, as long as they stand alike."""
        found = {(one.session_id, self._family(one.configuration_id), one.state): one for one in reversed(documents)}
        return tuple(reversed(found.values()))

    def _family(self, configuration_id: str) -> str:
        """The family of a type; of one that is not issued any more nobody knows, so it stands for itself."""
        kind = self.context.types.get(configuration_id)
        return configuration_id if kind is None else kind.family

    def change(self, credential_id: str, deed: Deed, reason: str, actor: str) -> Exchange[None]:
        """Suspend, reinstate or revoke a document in all its forms, for a reason that `issuer.policy.reason_text` made.

        Raises:
            NotFound: no such document, or one of a type that has no status.
            Conflict: it is revoked, and stays so.
        """
        document = yield from self.document(credential_id)
        if not document.has_status:
            raise NotFound("documents of this type have no status")
        family, store = self._family(document.configuration_id), self.context.store
        kin = tuple(name for name in self.context.types if self._family(name) == family)
        forms = yield from slow(lambda: store.issued_with(document, kin))
        # The named one comes last: were we stopped in between, it is as it was, and the clerk asks again
        for form in forms:
            if form.has_status and deed in possible_deeds(form.state):
                yield from self.status.change(form.id, WANTED[deed], actor, reason, by=By.CLERK)
        yield from self.status.change(document.id, WANTED[deed], actor, reason, by=By.CLERK)


def _available(family: str, forms: tuple[CredentialType, ...], record: Mapping[str, JsonValue], now: int) -> Available:
    missing = {form.id: form.missing_for(record, now=now) for form in forms}
    best = next((name for name, lacking in missing.items() if not lacking), forms[0].id)
    return Available(family, best, missing[best])
