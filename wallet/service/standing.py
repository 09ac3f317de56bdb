"""Standing orders: what was forwarded once is prepared again when its document changed, and goes after another yes.

Whether something is to be sent is decided here, by what is held and what was agreed. The recipient hears of it when the
citizen looks at it: then it is asked as at the first time, and what it is registered for is held against what was agreed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from protocol.credential import ClaimPath
from protocol.errors import Conflict, InvalidRequest, NotFound, ProtocolError
from protocol.exchange import Exchange
from protocol.sovereignty.claims import are_covered
from protocol.sovereignty.forwarding import Recipient
from protocol.sovereignty.mandate_status import Ending
from protocol.sovereignty.recipient_terms import RecipientTerms
from protocol.sovereignty.standing_order import Ended, Prepared, StandingOrder, Waiting, decide, revoke
from wallet.forwarding_records import OrderKept
from wallet.policy.cockpit.disclosed import partner_of
from wallet.policy.documents import Document, documents_of
from wallet.policy.forwarding import MAX_AT_ONCE, takes
from wallet.policy.services.showing import ServiceShown
from wallet.policy.showing import PartyShown, credential_name, path_text
from wallet.policy.standing import Limit, SentPart, held_now, others_of, sent_part, terms_of
from wallet.records import LoggedCredential
from wallet.service.context import WalletContext
from wallet.service.forwarding import (
    Choice,
    Fate,
    ForwardedTo,
    Forwarding,
    OtherDocument,
    RecipientAsked,
    RecipientOut,
    Recipients,
)
from wallet.store import NewEntry

MAX_ORDERS = 200


class NotRegistered(ProtocolError):
    """A recipient shows no registration that could be held against what was agreed; nothing was given away."""

    code = "access_denied"

    def __init__(self) -> None:
        super().__init__("the recipient shows no registration that can be compared with what was agreed")


class AsksForMore(ProtocolError):
    """A recipient asks for more than was agreed, though it is registered as it was; nothing was given away."""

    code = "access_denied"

    def __init__(self) -> None:
        super().__init__("the recipient asks for more than was agreed")


class OrderEnded(ProtocolError):
    """A recipient is registered for something else than was agreed, so the order has ended; nothing was given away."""

    code = "access_denied"

    def __init__(self, changes: tuple[str, ...]) -> None:
        super().__init__(f"the recipient changed what it is registered for: {', '.join(changes)}")
        self.changes = changes


class NotDueAnyMore(ProtocolError):
    """An order was stopped, has ended, or has sent this copy since it was prepared; nothing was given away."""

    code = "access_denied"

    def __init__(self) -> None:
        super().__init__("this was stopped, or sent, after it had been prepared")


@dataclass(frozen=True, slots=True)
class OrderShown:
    """An order, and how it stands as far as this wallet knows."""

    kept: OrderKept
    order: StandingOrder
    ended: Ending | None
    waiting: Waiting | None  # None: it has ended, or something is to be sent
    changed: tuple[ClaimPath, ...] = ()  # where something is to be sent: which data is other than last time

    @property
    def is_due(self) -> bool:
        """Whether something is to be sent."""
        return self.ended is None and self.waiting is None


@dataclass(frozen=True, slots=True)
class DueDocument:
    """A document that changed, and the orders by which it goes again."""

    document: Document
    orders: tuple[OrderShown, ...]


@dataclass(frozen=True, slots=True)
class OrdersAsked:
    """What came of asking the recipients of orders: what each would get, and by which order."""

    recipients: Recipients
    prepared: Mapping[str, tuple[OrderKept, Prepared]]  # by service id


@dataclass(frozen=True, slots=True)
class StandingOrders:
    """Everything about what is forwarded again."""

    context: WalletContext
    forwarding: Forwarding

    def can_be_given(self, recipients: Recipients, service_id: str, choice: Choice) -> bool:
        """Whether an order is possible for what somebody got: it has to be registered, so that a change would be seen."""
        one = self._asked(recipients, service_id)
        return one is not None and self._part(recipients, one, choice) is not None

    def give(self, recipients: Recipients, service_id: str, choice: Choice, limit: Limit) -> Exchange[OrderKept]:
        """From now on, what somebody got is prepared for them again when it changes.

        Raises:
            InvalidRequest: no end, or one that is too far.
            Conflict: no order is possible for this recipient, or there is one already, or there are too many.
        """
        context, one = self.context, self._asked(recipients, service_id)
        now = context.now()
        if not limit.is_sound(now):
            raise InvalidRequest("a standing order needs an end that lies ahead")
        found = None if one is None else self._part(recipients, one, choice)
        if one is None or found is None:
            raise Conflict("no standing order is possible for this recipient")
        kept = context.store.orders()
        going = [item for item in self.shown() if item.ended is None]
        if any(self._same(item, recipients.document, service_id) for item in going):
            raise Conflict("there is a standing order for this already")
        if len(kept) >= MAX_ORDERS:
            raise Conflict("there are too many standing orders; delete some that have ended")
        part, terms, others = found
        order = StandingOrder(
            id=context.new_id(),
            recipient=Recipient(terms.organisation, service_id),
            type=part.type,
            claims=part.claims,
            terms=terms,
            until=limit.until,
            at_most=limit.at_most,
        )
        first = decide(order, held_now(recipients.document, part.type, now), terms, now=now)
        if not isinstance(first, Prepared):
            raise Conflict("the document does not hold any more")
        record = OrderKept(
            id=order.id,
            # What went just now was the first time, and does not count
            order=OrderKept.written(replace(first.after, sent=0)),
            document=recipients.document.id,
            given_at=now,
            recipient=one.seen.consent.recipient,
            service=one.begun.service.name,
            receipts=others is not None,
            others=others or (),
        )
        note = self._note("arranged", record)
        yield from context.save(put=[record], needs=[recipients.document.id], note=note)
        return record

    def shown(self) -> tuple[OrderShown, ...]:
        """Every order, oldest first, as it stands by what this wallet knows: nobody is asked."""
        documents = self._documents()
        return tuple([self._shown(kept, documents) for kept in self.context.store.orders()])

    def due(self) -> tuple[DueDocument, ...]:
        """What is to be sent, by document. Nobody hears of it before the citizen looks."""
        documents, found = self._documents(), [one for one in self.shown() if one.is_due]
        return tuple(
            DueDocument(documents[id_], tuple([one for one in found if one.kept.document == id_]))
            for id_ in dict.fromkeys(one.kept.document for one in found)
        )

    def ask(self, due: DueDocument) -> Exchange[OrdersAsked]:
        """Have the recipients of a document's orders say what they want, as at the first time. Nothing is given away.

        An order whose recipient is registered for something else now ends here.

        Raises:
            NoServices: no list of services is known that is good now.
        """
        takers = {one.id for one in self.forwarding.catalogue.services() if takes(one, due.document)}
        orders = {one.order.recipient.service: one for one in due.orders}
        out = [
            RecipientOut(_as_it_was(one.kept, id_), NotFound("this service is not offered any more"))
            for id_, one in orders.items()
            if id_ not in takers
        ]
        named = [id_ for id_ in orders if id_ in takers][:MAX_AT_ONCE]
        nobody = Recipients(due.document, (), ())
        recipients = (yield from self.forwarding.ask(due.document, named)) if named else nobody
        prepared: dict[str, tuple[OrderKept, Prepared]] = {}
        asked = []
        for one in recipients.asked:
            shown = orders[one.begun.service.id]
            decided = yield from self._held_against(shown, due.document, one)
            if isinstance(decided, Prepared):
                prepared[one.begun.service.id] = shown.kept, decided
                asked.append(one)
            else:
                out.append(RecipientOut(one.begun.service, decided))
        everybody = replace(recipients, asked=tuple(asked), out=(*recipients.out, *out))
        return OrdersAsked(everybody, prepared)

    def send(self, asked: OrdersAsked, chosen: Mapping[str, Choice]) -> Exchange[tuple[ForwardedTo, ...]]:
        """Answer each recipient as the citizen decided; see `Forwarding.send`.

        By an order that was stopped meanwhile, or has sent this copy, nothing goes (`NotDueAnyMore`), even if that
        happens while others get it. What arrived counts. Whoever was left out is not offered this copy again. What
        failed, or is not known to have arrived, is offered again.

        Raises:
            ProtocolError: as `Forwarding.send` says; nothing was sent.
        """
        orders = {service: kept.id for service, (kept, _) in asked.prepared.items()}
        done = yield from self.forwarding.send(asked.recipients, chosen, lambda service: self._stopped(orders[service]))
        changed = []
        for one in done:
            kept, prepared = asked.prepared[one.service.id]
            now = next((found for found in self.context.store.orders() if found.id == kept.id), None)
            if now is None:
                continue  # deleted meanwhile
            order = now.read()
            if one.fate is Fate.ARRIVED:
                order = replace(order, sent=order.sent + 1, last=prepared.after.last)
            elif one.fate is Fate.LEFT_OUT:
                order = replace(order, last=prepared.after.last)
            changed.append(replace(now, order=OrderKept.written(order)))
        if changed:
            yield from self.context.save(put=changed)
        return done

    def revoke(self, order_id: str) -> Exchange[None]:
        """Nothing more is sent by an order; it stays to be seen. Twice is the same as once.

        Raises:
            NotFound: there is none.
        """
        kept = self.find(order_id)
        was_going = not kept.ended and not kept.read().revoked
        note = self._note("unarranged", kept) if was_going else None
        yield from self.context.save(put=[replace(kept, order=OrderKept.written(revoke(kept.read())))], note=note)

    def forget(self, order_id: str) -> Exchange[None]:
        """Delete an order; nothing is sent by it any more.

        Raises:
            NotFound: there is none.
        """
        yield from self.context.save(drop=[self.find(order_id)])

    def find(self, order_id: str) -> OrderKept:
        """An order.

        Raises:
            NotFound: there is none.
        """
        for kept in self.context.store.orders():
            if kept.id == order_id:
                return kept
        raise NotFound("there is no such standing order")

    def _shown(self, kept: OrderKept, documents: Mapping[str, Document]) -> OrderShown:
        order, now = kept.read(), self.context.now()
        if kept.ended:
            return OrderShown(kept, order, Ending(kept.ended), None)
        held = held_now(documents.get(kept.document), order.type, now)
        # Whether the recipient changed is found out when it is asked
        match decide(order, held, order.terms, now=now):
            case Ended(ending):
                return OrderShown(kept, order, ending, None)
            case Prepared() as prepared:
                return OrderShown(kept, order, None, None, prepared.changed)
            case waiting:
                return OrderShown(kept, order, None, waiting)

    def _stopped(self, order_id: str) -> NotDueAnyMore | None:
        """Why nothing is to be sent by an order that was due before; None: it still is."""
        documents = self._documents()
        kept = [one for one in self.context.store.orders() if one.id == order_id]
        return None if any(self._shown(one, documents).is_due for one in kept) else NotDueAnyMore()

    def _held_against(
        self, shown: OrderShown, document: Document, one: RecipientAsked
    ) -> Exchange[Prepared | ProtocolError]:
        """What is to be sent, or why it is not; an order that has ended by this is written down as such."""
        order, now = shown.order, self.context.now()
        terms = self._terms(shown.kept, order, one)
        decided = decide(order, held_now(document, order.type, now), terms, now=now)
        if isinstance(decided, Ended):
            changes = tuple([change.value for change in decided.changes])
            yield from self.context.save(put=[replace(shown.kept, ended=decided.ending.value, changes=changes)])
            return OrderEnded(changes)
        if not isinstance(decided, Prepared):
            return NotRegistered() if decided is Waiting.RECIPIENT_UNKNOWN else OtherDocument()
        asked = one.seen.verified.request.dcql_query.credentials
        paths = [claim.path for query in asked if order.type in query.meta.types for claim in query.claims]
        return decided if are_covered(tuple(paths), order.claims) else AsksForMore()

    def _terms(self, kept: OrderKept, order: StandingOrder, one: RecipientAsked) -> RecipientTerms | None:
        others: tuple[str, ...] | None = kept.others
        if kept.receipts:
            who = order.recipient
            # Where its receipt was deleted, it is as it was
            others = others_of(self.context.store.disclosures(), who.organisation, who.service)
        return terms_of(one.seen.standing, order.type, kept.others if others is None else others)

    def _part(self, recipients: Recipients, one: RecipientAsked, choice: Choice) -> _Agreed | None:
        chosen = [found for items in one.seen.match.choose(choice).values() for found in items]
        part = sent_part(chosen, recipients.ids)
        if part is None:
            return None
        bare = terms_of(one.seen.standing, part.type, ())
        if bare is None:
            return None
        others = others_of(self.context.store.disclosures(), bare.organisation, one.begun.service.id)
        terms = terms_of(one.seen.standing, part.type, others or ())
        return None if terms is None else _Agreed(part, terms, others)

    def _asked(self, recipients: Recipients, service_id: str) -> RecipientAsked | None:
        return next((one for one in recipients.asked if one.begun.service.id == service_id), None)

    def _same(self, shown: OrderShown, document: Document, service_id: str) -> bool:
        return shown.kept.document == document.id and shown.order.recipient.service == service_id

    def _note(self, action: str, kept: OrderKept) -> NewEntry:
        """A line of the log, by the party as the log knows it from what was given to it."""
        order = kept.read()
        documents = self._documents()
        found = documents.get(kept.document)
        language = self.context.language
        name = credential_name(found.forms[0].described(), language) if found is not None else order.type
        who = next(
            (
                one
                for one in reversed(self.context.store.disclosures())
                if partner_of(one.sent) == order.recipient.organisation
            ),
            None,
        )
        # As the log knows them from what they got
        known, trusted_by = ("", "") if who is None else (who.sent.client_id, who.sent.trusted_by)
        party = PartyShown(kept.recipient, "", known or order.recipient.organisation.identifier, trusted_by)
        paths = tuple([path_text(path) for path in order.claims])
        return self.context.entry(action, party, "done", (LoggedCredential(name, order.type, paths),))

    def _documents(self) -> dict[str, Document]:
        return {one.id: one for one in documents_of(self.context.store.credentials())}


class _Agreed(NamedTuple):
    """What an order is about, and what its recipient is held to."""

    part: SentPart
    terms: RecipientTerms
    others: tuple[str, ...] | None  # who else gets the data, by a receipt; None: there is none


def _as_it_was(kept: OrderKept, service_id: str) -> ServiceShown:
    """A service that is not offered any more."""
    return ServiceShown(service_id, kept.service, "", kept.recipient, (), "")
