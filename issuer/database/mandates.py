"""The mandates that citizens gave, in SQL; see `issuer.store.MandateStore`. A step is one transaction, with what it logs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, func, insert, select, update

from capabilities.usage_log.records import Used
from issuer.database.receipts import find_receipt
from issuer.database.tables import mandates
from issuer.mandates import MAX_OF_KEY, GivenMandate, Stepped
from issuer.usage_records import DocumentReceipt
from protocol.encoding import encode_json, read_json_object
from protocol.errors import Conflict, NotFound
from protocol.fields import Fields
from protocol.sovereignty.mandate_status import ActiveMandate, EndedMandate, Ending, Mandate
from protocol.sovereignty.recipient_terms import RecipientTerms
from runtime.database.engine import Database

_of = mandates.c
_AT = "kept mandate"


class SqlMandates:
    """Mandates on SQLite or PostgreSQL; `write` puts what a step logs into the logs, in the step's transaction."""

    def __init__(self, database: Database, write: Callable[[Connection, Sequence[Used]], None]) -> None:
        self._database = database
        self._write = write

    def document(self, receipt: str) -> DocumentReceipt | None:
        """Which document a receipt is of."""
        with self._database.reading() as connection:
            found = find_receipt(connection, receipt)
        return found if found is not None and found.subject else None

    def find(self, key: str, jti: str) -> GivenMandate | None:
        """A mandate of a cockpit key."""
        with self._database.reading() as connection:
            row = connection.execute(select(mandates).where(_is(key, jti))).first()
        return None if row is None else _read(row)

    def add(self, mandate: GivenMandate) -> GivenMandate:
        """Keep a new mandate; the one that is kept, if it came before.

        Its recipient has it too, and could hand it over as if it were about somebody else.
        """

        def work(connection: Connection) -> GivenMandate:
            row = connection.execute(select(mandates).where(_is(mandate.key, mandate.stage.jti))).first()
            if row is not None:
                return _read(row)
            if connection.execute(select(_of.hash).where(_of.hash == mandate.stage.hash)).first() is not None:
                raise Conflict("this mandate was handed over for another document")
            given = select(func.count()).select_from(mandates).where(_of.key == mandate.key)
            if (connection.scalar(given) or 0) >= MAX_OF_KEY:
                raise Conflict("too many mandates were given for this document")
            connection.execute(insert(mandates), _row(mandate))
            return mandate

        return self._database.write(work)

    def step(self, key: str, jti: str, work: Callable[[GivenMandate], Stepped]) -> GivenMandate:
        """Take a step with a mandate as it is in this transaction, and write what it logs."""

        def transaction(connection: Connection) -> GivenMandate:
            row = connection.execute(select(mandates).where(_is(key, jti)).with_for_update()).first()
            if row is None:
                raise NotFound("no such mandate")
            stepped = work(_read(row))
            connection.execute(update(mandates).where(_is(key, jti)).values(_row(stepped.mandate)))
            if stepped.used:
                self._write(connection, stepped.used)
            return stepped.mandate

        return self._database.write(transaction)

    def look_at(self, subject: str, *, now: int) -> None:
        """The register may say something else about a person: what they gave mandates for is looked at."""
        theirs = and_(_of.subject == subject, _of.ending == "")
        self._database.write(lambda connection: connection.execute(update(mandates).where(theirs).values(due_at=now)))

    def claim(self, *, now: int, until: int, limit: int) -> tuple[GivenMandate, ...]:
        """Take mandates that are due, so that no other worker takes them before `until`."""

        def work(connection: Connection) -> tuple[GivenMandate, ...]:
            due = select(mandates).where(_of.due_at > 0, _of.due_at <= now, _of.ending == "")
            query = due.order_by(_of.due_at, _of.hash).limit(limit).with_for_update(skip_locked=True)
            rows = connection.execute(query).all()
            taken = {"due_at": until}
            for row in rows:
                again = {**taken, "attempts": row.attempts + 1}
                connection.execute(update(mandates).where(_of.hash == row.hash).values(again))
            return tuple([_read(row, attempts=row.attempts + 1, due_at=until) for row in rows])

        return self._database.write(work)

    def forget_expired(self, connection: Connection, *, now: int, limit: int) -> int:
        """Forget mandates whose document's log is over; they ended before."""
        old = select(_of.hash).where(_of.log_until <= now).limit(limit)
        gone: int = connection.execute(delete(mandates).where(_of.hash.in_(old))).rowcount
        return gone


def _is(key: str, jti: str) -> ColumnElement[bool]:
    return and_(_of.key == key, _of.jti == jti)


def _row(mandate: GivenMandate) -> dict[str, str | int]:
    stage = mandate.stage
    active = stage if isinstance(stage, ActiveMandate) else None
    ended = stage if isinstance(stage, EndedMandate) else None
    return {
        "hash": stage.hash,
        "key": mandate.key,
        "jti": stage.jti,
        "token": mandate.token,
        "handover": mandate.handover,
        "receipt": mandate.receipt,
        "log_until": mandate.log_until,
        "subject": mandate.subject,
        "configuration_id": mandate.configuration_id,
        "terms": "" if active is None else encode_json(active.terms.to_dict()).decode(),
        "expires_at": 0 if active is None else active.expires_at,
        "max_uses": 0 if active is None else active.max_uses,
        "used": stage.used,
        "ending": "" if ended is None else ended.ending.value,
        "ended_at": 0 if ended is None else ended.ended_at,
        "known": mandate.known,
        "sending": mandate.sending,
        "due_at": mandate.due_at,
        "attempts": mandate.attempts,
        "noted": mandate.noted,
    }


def _read(row: Row[tuple[object, ...]], *, attempts: int | None = None, due_at: int | None = None) -> GivenMandate:
    return GivenMandate(
        key=row.key,
        token=row.token,
        handover=row.handover,
        receipt=row.receipt,
        log_until=row.log_until,
        subject=row.subject,
        configuration_id=row.configuration_id,
        stage=_stage(row),
        known=row.known,
        sending=row.sending,
        due_at=row.due_at if due_at is None else due_at,
        attempts=row.attempts if attempts is None else attempts,
        noted=row.noted,
    )


def _stage(row: Row[tuple[object, ...]]) -> Mandate:
    if row.ending:
        return EndedMandate(row.jti, row.hash, row.used, Ending(row.ending), row.ended_at)
    terms = RecipientTerms.from_fields(Fields(read_json_object(row.terms.encode(), _AT), _AT))
    return ActiveMandate(row.jti, row.hash, terms, row.expires_at, row.max_uses, row.used)
