"""Which receipt is of which document: by it, what is done with a person's data finds the logs that it belongs into."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import ColumnElement, Connection, Row, and_, bindparam, delete, exists, insert, or_, select, update

from capabilities.usage_log.portions import read_portion, write_portion
from capabilities.usage_log.records import Used
from issuer.database.tables import cockpit_tables, credentials, document_receipts, offers
from issuer.usage import GOES_ON
from issuer.usage_records import DocumentReceipt, Happened, OfDocument, OfPerson, What
from protocol.sovereignty.usage import Action

LOOKED_UP_AT_ONCE = 500
MAX_RECEIPTS = 200  # of one person that are told; of more, the newest
_of = document_receipts.c
_ADD = insert(document_receipts).values({column.name: bindparam(column.name) for column in document_receipts.columns})


def add_receipt(connection: Connection, receipt: DocumentReceipt, what: What, now: int) -> list[Used]:
    """Keep whose a new receipt is. What happens goes on there, and the receipts before it are told that it does."""
    before = and_(
        _of.session_id == receipt.session_id, _of.configuration_id == receipt.configuration_id, _of.is_latest == 1
    )
    told = What(Action.USED, what.by, GOES_ON)
    used = [use for old in _find(connection, before, now) for use in old.uses(told, now=now)]
    connection.execute(update(document_receipts).where(before).values(is_latest=0))
    row = {
        "receipt": receipt.receipt,
        "subject": receipt.subject,
        "session_id": receipt.session_id,
        "configuration_id": receipt.configuration_id,
        "family": receipt.family,
        "claims": write_portion(receipt.claims),
        "log_until": receipt.log_until,
        "is_latest": 1,
    }
    connection.execute(_ADD, row)
    return [*used, *receipt.uses(what, now=now)]


def uses_of(connection: Connection, happened: Iterable[Happened], now: int) -> list[Used]:
    """The entries for what was done, in every log that it belongs into."""
    used: list[Used] = []
    for one in _with_receipts(connection, list(happened)):
        about = and_(_about(one), _of.is_latest == 1)
        if one.what.at:
            # What happened before a document was given is nothing that its receipt is about
            given = cockpit_tables.receipts.c
            about = and_(about, exists().where(given.id == _of.receipt, given.issued_at <= one.what.at))
        for receipt in _find(connection, about, now):
            used.extend(receipt.uses(one.what, now=now))
    return used


def find_receipt(connection: Connection, receipt: str) -> DocumentReceipt | None:
    """Which document a receipt is of; None: nobody knows any more."""
    row = connection.execute(select(document_receipts).where(_of.receipt == receipt)).first()
    return None if row is None else _read(row)


def receipts_of(connection: Connection, session_id: str, family: str) -> list[DocumentReceipt]:
    """All receipts of a document, whether or not their logs are over."""
    of_document = and_(_of.session_id == session_id, _of.family == family)
    rows = connection.execute(select(document_receipts).where(of_document).order_by(_of.receipt)).all()
    return [_read(row) for row in rows]


def people_of(connection: Connection, ids: Sequence[str]) -> tuple[str, ...]:
    """Whom lines of the audit trail are about: `ids` are of people, of copies and of conversations, as they come."""
    copies, invited = credentials.c, offers.c
    found = set(connection.scalars(select(copies.subject).where(or_(copies.id.in_(ids), copies.session_id.in_(ids)))))
    found |= set(connection.scalars(select(invited.subject).where(invited.id.in_(ids))))
    return tuple(sorted((found | set(ids)) - {""}))


def forget_expired(connection: Connection, *, now: int, limit: int) -> int:
    """Forget whose receipts are whose log is over; how many went."""
    old = select(_of.receipt).where(_of.log_until <= now).limit(limit)
    gone: int = connection.execute(delete(document_receipts).where(_of.receipt.in_(old))).rowcount
    return gone


def _with_receipts(connection: Connection, happened: Sequence[Happened]) -> Iterator[Happened]:
    """Without people who have no receipt, of whom a large change may name very many."""
    for start in range(0, len(happened), LOOKED_UP_AT_ONCE):
        some = happened[start : start + LOOKED_UP_AT_ONCE]
        subjects = {one.subject for one in some if isinstance(one, OfPerson)}
        named = select(_of.subject).where(_of.subject.in_(sorted(subjects)), _of.is_latest == 1).distinct()
        known = set(connection.scalars(named)) if subjects else set()
        yield from (one for one in some if isinstance(one, OfDocument) or one.subject in known)


def _about(happened: Happened) -> ColumnElement[bool]:
    match happened:
        case OfPerson():
            return _of.subject == happened.subject
        case OfDocument():
            return and_(_of.session_id == happened.session_id, _of.family == happened.family)


def _find(connection: Connection, which: ColumnElement[bool], now: int) -> Sequence[DocumentReceipt]:
    query = select(document_receipts).where(which, _of.log_until > now)
    rows = connection.execute(query.order_by(_of.log_until.desc(), _of.receipt).limit(MAX_RECEIPTS)).all()
    return [_read(row) for row in rows]


def _read(row: Row[tuple[object, ...]]) -> DocumentReceipt:
    return DocumentReceipt(
        receipt=row.receipt,
        subject=row.subject,
        session_id=row.session_id,
        configuration_id=row.configuration_id,
        family=row.family,
        claims=read_portion(row.claims),
        log_until=row.log_until,
    )
