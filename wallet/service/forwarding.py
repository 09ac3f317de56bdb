"""Many at once: one document to several recipients, each asked and answered as any other, with a copy and a key of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum

from protocol.errors import InvalidRequest, NotFound, ProtocolError
from protocol.exchange import Exchange
from protocol.sovereignty.service import Service
from runtime.seal import DamagedError
from wallet.policy.cockpit.disclosed import partner_of
from wallet.policy.documents import Document
from wallet.policy.forwarding import MAX_AT_ONCE, RecipientShown, beside_others, only_of, takes
from wallet.policy.presenting import LogDamaged
from wallet.policy.services.showing import ServiceShown, service_shown
from wallet.service.context import WalletContext
from wallet.service.presenting import Presenting
from wallet.service.seen import RequestSeen
from wallet.service.services.catalogue import ServiceCatalogueOf
from wallet.service.services.starting import BegunService, Starting

Choice = Mapping[str, Sequence[str]]


class OtherDocument(ProtocolError):
    """A recipient asks for something else than the document; nothing was given away."""

    code = "access_denied"

    def __init__(self) -> None:
        super().__init__("the recipient does not ask for this document")


@dataclass(frozen=True, slots=True)
class RecipientAsked:
    """A recipient that asks for the document: what it would see, and whether it may."""

    begun: BegunService
    seen: RequestSeen

    @property
    def can_be_sent(self) -> bool:
        """Whether they may get what they ask for, and it is held."""
        return self.seen.match.satisfied and self.seen.consent.standing.answerable

    @property
    def needs_thought(self) -> bool:
        """Whether there is something that nobody should say yes to without reading it."""
        return bool(self.begun.beyond) or self.seen.consent.needs_thought


@dataclass(frozen=True, slots=True)
class RecipientOut:
    """A recipient to whom nothing can be forwarded now."""

    service: ServiceShown
    problem: ProtocolError


@dataclass(frozen=True, slots=True)
class Recipients:
    """What came of asking: who can be given something, and who cannot."""

    document: Document
    asked: tuple[RecipientAsked, ...]
    out: tuple[RecipientOut, ...]

    @property
    def ids(self) -> frozenset[str]:
        """Of the forms of the document."""
        return frozenset([form.id for form in self.document.forms])


class Fate(StrEnum):
    """What became of one recipient."""

    ARRIVED = "arrived"
    UNKNOWN = "unknown"  # it left, and counts as seen
    FAILED = "failed"
    LEFT_OUT = "left_out"  # the citizen did not want to


@dataclass(frozen=True, slots=True)
class ForwardedTo:
    """One recipient, and what became of it."""

    service: ServiceShown
    fate: Fate
    redirect_uri: str = ""  # where the citizen may go on; empty: nowhere
    log_number: int = 0  # of the entry that says what was given; 0: nothing was
    problem: ProtocolError | None = None  # of what failed


@dataclass(frozen=True, slots=True)
class Forwarding:
    """From a document to the receipts of everybody who got it."""

    context: WalletContext
    catalogue: ServiceCatalogueOf
    starting: Starting
    presenting: Presenting

    def recipients(self, document: Document) -> tuple[RecipientShown, ...]:
        """Who takes a document, by the list of services alone: nobody is asked. Those who know the citizen come first.

        Raises:
            NoServices: no list of them is known that is good now.
        """
        known = {partner_of(one.sent) for one in self.context.store.disclosures()}
        shown = [
            RecipientShown(service_shown(one, self.context.language), one.provider.organisation in known)
            for one in self.catalogue.services()
            if takes(one, document)
        ]
        return tuple(sorted(shown, key=lambda one: not one.known))

    def called(self, service_id: str, before: str) -> str:
        """What a service is called in the language of this wallet; what is not offered any more is called as before."""
        try:
            service = self.catalogue.find(service_id)
        except ProtocolError:
            return before
        return service_shown(service, self.context.language).name

    def ask(self, document: Document, service_ids: Sequence[str]) -> Exchange[Recipients]:
        """Have each recipient say what it wants of a document. Nothing is given away, and one that fails fails alone.

        Raises:
            InvalidRequest: nobody, somebody twice, or too many at once.
            NotFound: a service that does not take it.
            NoServices: no list of services is known that is good now.
        """
        if not 0 < len(service_ids) <= MAX_AT_ONCE or len(set(service_ids)) != len(service_ids):
            raise InvalidRequest(f"choose 1 to {MAX_AT_ONCE} recipients, each once")
        services = [self.catalogue.find(one) for one in service_ids]
        if not all(takes(one, document) for one in services):
            raise NotFound("this service does not take the document")
        asked: list[RecipientAsked] = []
        out: list[RecipientOut] = []
        for service in services:
            try:
                seen = yield from self.starting.ask(service, _forward(service))
            except ProtocolError as error:
                out.append(RecipientOut(service_shown(service, self.context.language), error))
            else:
                asked.append(RecipientAsked(self.starting.begun(service, seen), seen))
        return self._beside_each_other(Recipients(document, tuple(asked), tuple(out)))

    def look_again(self, recipients: Recipients) -> Exchange[Recipients]:
        """The same with what is held now, in the language of this wallet. Nobody is asked again."""
        asked = []
        for one in recipients.asked:
            seen = yield from self.presenting.look_again(one.seen)
            begun = one.begun
            with suppress(ProtocolError):  # what is not offered any more is called as it was
                begun = self.starting.begun(self.catalogue.find(one.begun.service.id), seen)
            asked.append(RecipientAsked(begun, seen))
        return self._beside_each_other(replace(recipients, asked=tuple(asked)))

    def ask_register(self, recipients: Recipients, place: int) -> Exchange[Recipients]:
        """Ask the register that one of them names, because the user said so; see `Presenting.ask_register`.

        Raises:
            NotFound: there is nobody in this place.
        """
        if not 0 <= place < len(recipients.asked):
            raise NotFound("there is no such recipient")
        asked = list(recipients.asked)
        seen = yield from self.presenting.ask_register(asked[place].seen)
        asked[place] = replace(asked[place], seen=seen)
        return self._beside_each_other(replace(recipients, asked=tuple(asked)))

    def send(
        self,
        recipients: Recipients,
        chosen: Mapping[str, Choice],
        objection: Callable[[str], ProtocolError | None] = lambda _: None,
    ) -> Exchange[tuple[ForwardedTo, ...]]:
        """Answer each recipient: `chosen` is by service id, and whoever is not in it is only told that there is no answer.

        `objection` is asked about each service right before it would get something: why it gets nothing after all.

        Each gets a copy, a cockpit key and an entry in the log of its own, and what fails with one harms no other.

        Raises:
            LogDamaged: it could not be seen afterwards; nothing was sent.
            InvalidRequest: somebody is chosen who was not asked, or a choice does not answer what was asked; nothing was sent.
        """
        self._check_log()
        if not chosen.keys() <= {one.begun.service.id for one in recipients.asked}:
            raise InvalidRequest("somebody was chosen who was not asked; nothing was sent")
        for one in recipients.asked:
            if one.begun.service.id in chosen:
                one.seen.match.choose(chosen[one.begun.service.id])
        done = []
        for one in recipients.asked:
            choice = chosen.get(one.begun.service.id)
            problem = None if choice is None else objection(one.begun.service.id)
            if choice is None or problem is not None:
                left_out = yield from self._leave_out(one)
                done.append(left_out if problem is None else replace(left_out, fate=Fate.FAILED, problem=problem))
            else:
                done.append((yield from self._send(one, choice)))
        return tuple(done)

    def _send(self, one: RecipientAsked, choice: Choice) -> Exchange[ForwardedTo]:
        try:
            shared = yield from self.presenting.share(one.seen, choice)
        except ProtocolError as error:
            return ForwardedTo(one.begun.service, Fate.FAILED, problem=error)
        fate = Fate.ARRIVED if shared.arrived else Fate.UNKNOWN
        return ForwardedTo(one.begun.service, fate, shared.redirect_uri or "", shared.log_number)

    def _leave_out(self, one: RecipientAsked) -> Exchange[ForwardedTo]:
        with suppress(ProtocolError):  # whether they hear it or not, nothing is given away
            yield from self.presenting.decline(one.seen)
        return ForwardedTo(one.begun.service, Fate.LEFT_OUT)

    def _beside_each_other(self, recipients: Recipients) -> Recipients:
        """What is true of each: the document that was picked, and no copy promised twice."""
        left = {held.id: sum(not copy.used_at for copy in held.copies) for held in self.context.store.credentials()}
        asked: list[RecipientAsked] = []
        out = list(recipients.out)
        for one in recipients.asked:
            found = only_of(one.seen.match, one.seen.consent, recipients.ids)
            if not one.seen.consent.standing.answerable:
                # Whoever may not ask for it is shown with why; with nothing matched, nothing could be sent
                asked.append(one)
                continue
            if found is None:
                out.append(RecipientOut(one.begun.service, OtherDocument()))
                continue
            match, consent = found
            consent, fresh = beside_others(consent, one.seen.fresh, left)
            asked.append(replace(one, seen=replace(one.seen, match=match, consent=consent, fresh=fresh)))
        return replace(recipients, asked=tuple(asked), out=tuple(out))

    def _check_log(self) -> None:
        try:
            self.context.store.log()
        except DamagedError as error:
            raise LogDamaged from error


def _forward(service: Service) -> str:
    if service.forward is None:
        raise TypeError("a service that takes nothing was left out before")
    return service.forward
