"""Steps of issuing: credentials recorded, and what a wallet says became of them."""

from __future__ import annotations

import hmac
from dataclasses import replace

from capabilities.cockpit.records import IssuedReceipt
from issuer.records import (
    CredentialState,
    DocumentWatch,
    IssuedCredential,
    Record,
    SaidClaims,
    StateChanged,
    Superseded,
)
from issuer.session.stages import Batch, Issuing, Outcome, Session
from issuer.session.tokens import check_access, without
from issuer.usage_records import GivenReceipt
from protocol.errors import CredentialRequestDenied, InvalidNotificationId
from protocol.oid4vci.notification import ACCEPTED, DELETED
from runtime.conversation import Change, Event, Spend

MAX_REQUESTS = 50  # credential requests on one access token
MAX_BATCHES_A_DAY = 10  # of one configuration, to one wallet; places in status lists are not without end
DAY = 86_400  # seconds
MAX_BATCHES = 50  # that a conversation remembers; of older ones no notification is taken


def check_may_issue(
    issuing: Issuing, configuration_id: str, access: str, *, now: int, renewable_until: int | None = None
) -> None:
    """Check that an access token (digest) may still ask for a credential, before work is spent on it.

    `renewable_until`: how long this configuration may be fetched anew, where that is known.

    Raises:
        CredentialRequestDenied: it was issued and accepted already, asked for too often, or is renewed no more.
    """
    if renewable_until is not None and now >= renewable_until:
        raise CredentialRequestDenied("this is not renewed any more; it has to be asked for again")
    lately = [b for b in issuing.batches if b.configuration_id == configuration_id and b.at > now - DAY]
    if len([b for b in lately if b.token != access]) >= MAX_BATCHES_A_DAY:
        raise CredentialRequestDenied("this was renewed too often today")
    if issuing.requests >= MAX_REQUESTS:
        raise CredentialRequestDenied("this was asked for too often")
    if any(batch.event == ACCEPTED for batch in _earlier(issuing, configuration_id, access)):
        raise CredentialRequestDenied("this credential was issued and accepted already")


def issue(
    session: Session,
    access: str,
    *,
    dpop_key: str,
    batch: Batch,
    credentials: tuple[IssuedCredential, ...],
    spend: tuple[Spend, ...],
    now: int,
    watches: tuple[DocumentWatch, ...] = (),
    said: tuple[SaidClaims, ...] = (),
    receipt: tuple[IssuedReceipt | GivenReceipt, ...] = (),
    renewable_until: int | None = None,
) -> Outcome:
    """Record credentials as issued, before they are answered (OID4VCI 1.0 §8).

    One access token gives one accepted batch per configuration. A request that is repeated before the wallet accepted
    (its answer may have been lost) replaces the batch: what was issued before is revoked in the same moment.

    Raises:
        InvalidToken: the access token ended meanwhile.
        CredentialRequestDenied: as `check_may_issue`, or it was taken back meanwhile.
    """
    issuing = check_access(session, access, dpop_key=dpop_key, now=now)
    if batch.configuration_id not in issuing.configuration_ids:
        raise CredentialRequestDenied("this was taken back meanwhile")
    check_may_issue(issuing, batch.configuration_id, access, now=now, renewable_until=renewable_until)
    earlier = _earlier(issuing, batch.configuration_id, access)
    kept = tuple(b for b in issuing.batches if b not in earlier)
    replaced = tuple(record for b in earlier for record in _revoked(b))
    events = [Event("credential replaced", issuing.id, detail=b.configuration_id) for b in earlier]
    events.append(Event("credential issued", issuing.id, detail=batch.configuration_id))
    return Change(
        replace(issuing, batches=(*kept, batch)[-MAX_BATCHES:], requests=issuing.requests + 1),
        spend=spend,
        records=(*replaced, *said, *credentials, *watches, *receipt),
        events=tuple(events),
    )


def notify(
    session: Session, access: str, notification: str, event: str, *, dpop_key: str, spend: tuple[Spend, ...], now: int
) -> Outcome:
    """Take note of what became of a batch (OID4VCI 1.0 §11). The first event counts, a deletion may follow an acceptance.

    Raises:
        InvalidToken: the access token is not good for this.
        InvalidNotificationId: the id belongs to nobody, or somebody else.
    """
    issuing = check_access(session, access, dpop_key=dpop_key, now=now)
    batch = next((b for b in issuing.batches if hmac.compare_digest(b.notification, notification)), None)
    if batch is None:
        raise InvalidNotificationId("no such notification id")
    if batch.event and (batch.event, event) != (ACCEPTED, DELETED):
        return Change(issuing, spend=spend)
    # What the register changed waits to be revoked until the wallet has what replaces it
    has_new = Superseded(issuing.id, batch.configuration_id, batch.credential_ids)
    records: tuple[Record, ...] = (has_new,) if event == ACCEPTED else _revoked(batch)
    batches = tuple(replace(b, event=event) if b is batch else b for b in issuing.batches)
    line = Event(event.replace("_", " "), issuing.id, detail=batch.configuration_id)
    issuing = replace(issuing, batches=batches)
    newest = next(b for b in reversed(batches) if b.configuration_id == batch.configuration_id)
    if event == DELETED and newest.notification == batch.notification:
        # The user has it no more: nobody may go on fetching it in their name
        issuing = without(issuing, frozenset((batch.configuration_id,)))
    return Change(issuing, spend=spend, records=records, events=(line,))


def _earlier(issuing: Issuing, configuration_id: str, access: str) -> list[Batch]:
    return [b for b in issuing.batches if b.configuration_id == configuration_id and b.token == access]


def _revoked(batch: Batch) -> tuple[StateChanged, ...]:
    return tuple(StateChanged(credential_id, CredentialState.REVOKED) for credential_id in batch.credential_ids)
