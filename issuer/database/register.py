"""A register of people in SQL: the issuer's own database, or one beside it."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, bindparam, delete, insert, select

from issuer.database.tables import people
from protocol.encoding import JsonObject, JsonValue, encode_json, read_json_object
from protocol.errors import CredentialRequestDenied
from protocol.exchange import Exchange
from runtime.conversation import slow
from runtime.database.engine import Database
from runtime.database.prepared import Prepared


class SqlRegister:
    """`issuer.register.Register` on a table of people."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._record = Prepared(database, select(people.c.record).where(people.c.subject == bindparam("subject")))

    def fetch(self, subject: str) -> Exchange[Mapping[str, JsonValue]]:
        """What the register knows of a person.

        Raises:
            CredentialRequestDenied: nothing.
        """
        if self._database.is_sqlite:
            # A file is read faster than a thread is woken
            return self.read(subject)
        return (yield from slow(lambda: self.read(subject)))

    def read(self, subject: str) -> JsonObject:
        """What the register knows of a person; see `fetch`."""
        found = self._record.look({"subject": subject})
        if found is None:
            raise CredentialRequestDenied("the register knows no such person")
        return read_json_object(str(found[0]).encode(), "register")

    def subjects(self, limit: int) -> tuple[str, ...]:
        """The ids of people, in order, at most `limit`."""
        with self._database.reading() as connection:
            return tuple(connection.scalars(select(people.c.subject).order_by(people.c.subject).limit(limit)))

    def put(self, records: Mapping[str, Mapping[str, JsonValue]]) -> None:
        """Add people, or replace what was known of them, in one transaction."""
        rows = [{"subject": subject, "record": encode_json(dict(r)).decode()} for subject, r in records.items()]

        def work(connection: Connection) -> None:
            # One statement for each: a list of all would pass SQLite's limit on parameters
            connection.execute(
                delete(people).where(people.c.subject == bindparam("one")), [{"one": subject} for subject in records]
            )
            connection.execute(insert(people), rows)

        if rows:
            self._database.write(work)

    def remove(self, subject: str) -> None:
        """Forget a person."""
        self._database.write(lambda connection: connection.execute(delete(people).where(people.c.subject == subject)))
