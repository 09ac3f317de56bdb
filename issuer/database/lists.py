"""What clerks look through: documents and the audit trail, newest first, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Column, ColumnElement, Connection, Row, Select, and_, case, exists, func, or_, select, tuple_

from issuer.database.tables import conversations, credentials, offers
from issuer.records import AuditLine, CredentialState, IssuedDocument, OfferRecord

_events = conversations.events
_copy = credentials.alias("other")
_SAME = and_(_copy.c.session_id == credentials.c.session_id, _copy.c.configuration_id == credentials.c.configuration_id)


def document(connection: Connection, credential_id: str) -> IssuedDocument | None:
    """The document that a credential is a copy of."""
    named = select(credentials.c.session_id, credentials.c.configuration_id).where(credentials.c.id == credential_id)
    of_it = tuple_(credentials.c.session_id, credentials.c.configuration_id).in_(named)
    row = connection.execute(_leaders().where(of_it)).first()
    return _document(row) if row is not None else None


def documents(connection: Connection, *, limit: int, subject: str | None, before: str | None) -> list[IssuedDocument]:
    """Documents, newest first; see `issuer.store.IssuerStore.documents`."""
    query = _leaders().order_by(credentials.c.issued_at.desc(), credentials.c.id.desc()).limit(limit)
    if subject is not None:
        query = query.where(credentials.c.subject == subject)
    if before is not None:
        last = connection.execute(select(credentials.c.issued_at).where(credentials.c.id == before)).scalar()
        if last is None:
            return []
        query = query.where(tuple_(credentials.c.issued_at, credentials.c.id) < (last, before))
    return [_document(row) for row in connection.execute(query)]


def issued_with(
    connection: Connection, document: IssuedDocument, configuration_ids: Sequence[str]
) -> list[IssuedDocument]:
    """Other documents that the same conversation issued of these configurations."""
    others = [one for one in configuration_ids if one != document.configuration_id]
    query = _leaders().where(
        credentials.c.session_id == document.session_id, credentials.c.configuration_id.in_(others)
    )
    return [_document(row) for row in connection.execute(query.order_by(credentials.c.configuration_id))]


def offers_to(connection: Connection, subject: str, *, since: int, limit: int) -> list[OfferRecord]:
    """Offers to a person, newest first."""
    query = select(offers).where(offers.c.subject == subject, offers.c.made_at >= since)
    rows = connection.execute(query.order_by(offers.c.made_at.desc(), offers.c.id).limit(limit))
    return [OfferRecord(row.id, row.subject, row.made_at) for row in rows]


def audit(connection: Connection, *, limit: int, subject: str | None, before: int | None) -> list[AuditLine]:
    """Lines of the audit trail, newest first; see `issuer.store.IssuerStore.audit`."""
    query = select(_events).order_by(_events.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(_events.c.id < before)
    if subject is not None:
        theirs = (
            select(credentials.c.id).where(credentials.c.subject == subject),
            select(credentials.c.session_id).where(credentials.c.subject == subject),
            select(offers.c.id).where(offers.c.subject == subject),
        )
        query = query.where(or_(_events.c.subject == subject, *(_events.c.subject.in_(ids) for ids in theirs)))
    return [_line(row) for row in connection.execute(query)]


def last_change(connection: Connection, document: IssuedDocument) -> AuditLine | None:
    """The line that says how a document came to its state, whichever of its copies it names."""
    copies = select(credentials.c.id).where(
        credentials.c.session_id == document.session_id,
        credentials.c.configuration_id == document.configuration_id,
    )
    query = select(_events).where(_events.c.subject.in_(copies), _events.c.action == f"credential {document.state}")
    row = connection.execute(query.order_by(_events.c.id.desc()).limit(1)).first()
    return _line(row) if row is not None else None


def _leaders() -> Select[tuple[object, ...]]:
    """One row for each document: the newest copy that holds, or the newest if none does."""
    held, other_held = _holds(credentials.c.state), _holds(_copy.c.state)
    is_newer = tuple_(_copy.c.issued_at, _copy.c.id) > tuple_(credentials.c.issued_at, credentials.c.id)
    goes_before = or_(other_held > held, and_(other_held == held, is_newer))
    since = select(func.min(_copy.c.issued_at)).where(_SAME).correlate(credentials).scalar_subquery()
    return select(credentials, since.label("since")).where(~exists().where(_SAME, goes_before).correlate(credentials))


def _holds(state: Column[str]) -> ColumnElement[int]:
    return case((state == str(CredentialState.REVOKED), 0), else_=1)


def _line(row: Row[tuple[object, ...]]) -> AuditLine:
    return AuditLine(row.id, row.at, row.action, row.subject, row.actor, row.detail)


def _document(row: Row[tuple[object, ...]]) -> IssuedDocument:
    return IssuedDocument(
        id=row.id,
        configuration_id=row.configuration_id,
        subject=row.subject,
        session_id=row.session_id,
        since=row.since,
        expires_at=row.expires_at,
        state=CredentialState(row.state),
        has_status=row.status_list != "",
        revoke_at=row.revoke_at,
    )
