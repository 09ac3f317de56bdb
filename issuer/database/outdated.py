"""Documents that the register contradicts: what each batch said, when outdated copies end, and who has to be looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, bindparam, case, delete, func, insert, or_, select, update

from issuer.database.ending import ChangeState
from issuer.database.tables import conversations, credentials, letter_codes, register_changes, said_claims
from issuer.policy import Reason
from issuer.records import (
    AllBegun,
    Begun,
    ChangeNotice,
    CredentialState,
    LetterCode,
    LiveBatch,
    SaidClaims,
    StateChanged,
    Superseded,
)
from runtime.conversation import Event
from runtime.database.conversations import event_row

ACTOR = "register change"
MAX_BATCHES = 1000  # of one person
OUTDATED, TRUE_AGAIN = "document outdated", "document true again"

ADD_SAID = insert(said_claims).values({column.name: bindparam(column.name) for column in said_claims.columns})
_of = credentials.c
_HOLDS = _of.state != str(CredentialState.REVOKED)
# A suspended document holds for nobody. Were it revoked, the next batch would not know any more that it is suspended
_VALID = _of.state == str(CredentialState.VALID)
_changes = register_changes.c


def said_row(said: SaidClaims) -> dict[str, object]:
    """The values for `ADD_SAID`."""
    return {"id": said.id, "digests": said.digests, "expires_at": said.expires_at}


def live_batches(connection: Connection, subject: str, *, now: int) -> tuple[LiveBatch, ...]:
    """See `issuer.store.IssuerStore.live_batches`."""
    parts = (_of.session_id, _of.configuration_id, _of.said, _of.revoke_at)
    found = (
        select(*parts, func.min(_of.id).label("one"), func.min(_of.status_list).label("list"))
        .where(_of.subject == subject, _HOLDS, _of.expires_at > now)
        .group_by(*parts)
        .limit(MAX_BATCHES)
        .subquery()
    )
    query = select(found, said_claims.c.digests).select_from(
        found.outerjoin(said_claims, said_claims.c.id == found.c.said)
    )
    rows = connection.execute(query.order_by(found.c.configuration_id, found.c.one))
    return tuple(
        LiveBatch(
            session_id=row.session_id,
            configuration_id=row.configuration_id,
            subject=subject,
            credential_id=row.one,
            has_status=row.list != "",
            said=row.said,
            digests=row.digests or "",
            revoke_at=row.revoke_at,
        )
        for row in rows
    )


class EndedCopies(NamedTuple):
    """Copies of one document that were revoked at once."""

    session_id: str
    type: str  # id of the configuration
    copies: int


def outdate(connection: Connection, batch: LiveBatch, revoke_at: int, actor: str, now: int) -> bool:
    """Say when a batch ends; 0: it does not, because it is true again. What ends earlier already stays so.

    Whether that is new.
    """
    sooner = _of.revoke_at == 0 if revoke_at else _of.revoke_at != 0
    touched = connection.execute(update(credentials).where(_in(batch), _HOLDS, sooner).values(revoke_at=revoke_at))
    if touched.rowcount:
        action = OUTDATED if revoke_at else TRUE_AGAIN
        event = Event(action, batch.credential_id, actor=actor, detail=batch.configuration_id)
        connection.execute(insert(conversations.events), [event_row(event, now)])
    return bool(touched.rowcount)


def revoke_batch(connection: Connection, batch: LiveBatch, change: ChangeState, actor: str, now: int) -> bool:
    """Revoke the copies of a batch and no others; the tokens stay, so that the wallet can have a new one.

    What is suspended is revoked when it is reinstated. Whether anything was revoked.
    """
    later = or_(_of.revoke_at == 0, _of.revoke_at > now)
    connection.execute(update(credentials).where(_in(batch), _HOLDS, later).values(revoke_at=now))
    return _revoke(connection, and_(_in(batch), _VALID), change, actor, now) > 0


def supersede(connection: Connection, new: Superseded, change: ChangeState, now: int) -> None:
    """Revoke what was waiting for a new batch."""
    waiting = and_(
        _of.session_id == new.session_id,
        _of.configuration_id == new.configuration_id,
        _of.revoke_at != 0,
        _of.id.not_in(new.kept),
        _HOLDS,
    )
    _revoke(connection, waiting, change, ACTOR, now)


def revoke_due(connection: Connection, change: ChangeState, *, now: int, limit: int) -> list[EndedCopies]:
    """Revoke what was outdated for as long as it may be; which copies went."""
    due = and_(_of.revoke_at > 0, _of.revoke_at <= now, _VALID)
    ids = connection.scalars(select(_of.id).where(due).order_by(_of.revoke_at, _of.id).limit(limit)).all()
    if not ids:
        return []
    ended = []
    documents = select(_of.session_id, _of.configuration_id).where(_of.id.in_(ids)).distinct()
    for row in connection.execute(documents.order_by(_of.session_id, _of.configuration_id)).all():
        those = and_(
            _of.session_id == row.session_id,
            _of.configuration_id == row.configuration_id,
            _of.id.in_(ids),
            due,
        )
        count = _revoke(connection, those, change, ACTOR, now)
        if count:
            ended.append(EndedCopies(row.session_id, row.configuration_id, count))
    return ended


def forget_said(connection: Connection, *, now: int, limit: int) -> int:
    """Forget what batches said that have ended by themselves; how many went."""
    old = select(said_claims.c.id).where(said_claims.c.expires_at <= now).limit(limit)
    gone: int = connection.execute(delete(said_claims).where(said_claims.c.id.in_(old))).rowcount
    return gone


def note_changes(
    connection: Connection,
    subjects: Sequence[str],
    *,
    due_at: int,
    actor: str,
    begun: AllBegun = None,
    done: bool = False,
) -> None:
    """Have people looked at; a notice that is there already is taken up by this one.

    Of two things that were begun the first one stays, since what the register said before both is known by it; `done` ends it.
    """
    for subject in sorted(set(subjects)):
        began = begun[subject].to_text() if begun else ""
        values: dict[str, object] = {"number": _changes.number + 1, "due_at": due_at, "actor": actor}
        if done or began:
            values["begun"] = "" if done else case((_changes.begun == "", began), else_=_changes.begun)
        if not connection.execute(update(register_changes).where(_changes.subject == subject).values(values)).rowcount:
            row = {"subject": subject, "number": 1, "due_at": due_at, "actor": actor, "begun": began}
            connection.execute(insert(register_changes), row)


def due_changes(connection: Connection, *, now: int, again_at: int, limit: int) -> tuple[ChangeNotice, ...]:
    """Take what is due; see `issuer.store.IssuerStore.due_changes`."""
    query = (
        select(register_changes)
        .where(_changes.due_at <= now)
        .order_by(_changes.due_at, _changes.subject)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = connection.execute(query).all()
    for row in rows:
        connection.execute(update(register_changes).where(_changes.subject == row.subject).values(due_at=again_at))
    return tuple(
        ChangeNotice(row.subject, row.number, row.actor, Begun.from_text(row.begun) if row.begun else None)
        for row in rows
    )


def change_done(connection: Connection, notice: ChangeNotice) -> bool:
    """A person was looked at; False: something changed meanwhile, and another notice stands there."""
    same = and_(_changes.subject == notice.subject, _changes.number == notice.number)
    return bool(connection.execute(delete(register_changes).where(same)).rowcount)


def put_letter_code(connection: Connection, code: LetterCode, *, actor: str, now: int) -> None:
    """Keep a letter code; those of earlier letters to the same person are good no more."""
    connection.execute(delete(letter_codes).where(letter_codes.c.subject == code.subject))
    row = {"digest": code.digest, "subject": code.subject, "expires_at": code.expires_at}
    connection.execute(insert(letter_codes), row)
    event = event_row(Event("letter written", code.subject, actor=actor), now)
    connection.execute(insert(conversations.events), event)


def _in(batch: LiveBatch) -> ColumnElement[bool]:
    return and_(
        _of.session_id == batch.session_id, _of.configuration_id == batch.configuration_id, _of.said == batch.said
    )


def _revoke(connection: Connection, which: ColumnElement[bool], change: ChangeState, actor: str, now: int) -> int:
    """Revoke copies of one document, as one line of the audit trail; how many."""
    ids = connection.scalars(select(_of.id).where(which).order_by(_of.id).with_for_update()).all()
    for credential_id in ids:
        change(StateChanged(credential_id, CredentialState.REVOKED))
    if ids:
        event = Event(f"credential {CredentialState.REVOKED}", ids[0], actor=actor, detail=str(Reason.CHANGED))
        connection.execute(insert(conversations.events), [event_row(event, now)])
    return len(ids)
