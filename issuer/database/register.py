"""A register of people in SQL: the issuer's own database, or one beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import Connection, and_, bindparam, delete, insert, or_, select
from sqlalchemy.exc import ProgrammingError

from issuer.database.store import MIGRATIONS
from issuer.database.tables import people, people_names
from issuer.register import Person, folded, name_of, person_of
from protocol.encoding import JsonObject, JsonValue, encode_json, read_json_object
from protocol.errors import CredentialRequestDenied, InvalidRequest, Unavailable
from protocol.exchange import Exchange
from runtime.conversation import slow
from runtime.database.engine import Database
from runtime.database.migrations import is_current, migrate
from runtime.database.prepared import Prepared


class SqlRegister:
    """`issuer.register.Register` on a table of people."""

    finds_names = True

    def __init__(self, database: Database) -> None:
        self._database = database
        self._record = Prepared(database, select(people.c.record).where(people.c.subject == bindparam("subject")))

    def migrate(self) -> None:
        """Bring a database that is only a register to this program's version; one that is there already is not written to.

        Raises:
            ValueError: it is of an older version, and this user may not change it.
            DatabaseTooNewError: it is of a newer version.
            Unavailable: it is away.
        """
        if is_current(self._database, MIGRATIONS):
            return
        try:
            migrate(self._database, MIGRATIONS)
        except (ProgrammingError, Unavailable) as error:
            raise ValueError(
                "register_url: this database has to be set up or brought to this version, and cannot be written to; "
                "let a user who may change it run `hoheit issuer migrate`"
            ) from error

    def fetch(self, subject: str) -> Exchange[Mapping[str, JsonValue]]:
        """What the register knows of a person.

        Raises:
            CredentialRequestDenied: nothing.
        """
        if self._database.is_sqlite:
            # A file is read faster than a thread is woken
            return self.read(subject)
        return (yield from slow(lambda: self.read(subject)))

    def search(self, text: str, limit: int) -> Exchange[tuple[Person, ...]]:
        """The people whose id is this text, or whose name has all its words, in the order of their names."""
        return (yield from slow(lambda: self.find(text, limit)))

    def find(self, text: str, limit: int) -> tuple[Person, ...]:
        """The people that a text may mean; see `search`."""
        names = people_names.c
        words = folded(text).split()
        if not words:
            return ()
        by_name = and_(*(names.name.contains(word, autoescape=True) for word in words))
        query = (
            select(people.c.subject, people.c.record)
            .join(people_names, names.subject == people.c.subject)
            .where(or_(names.subject == text.strip(), by_name))
            .order_by(names.name, names.subject)
            .limit(limit)
        )
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return tuple(person_of(row.subject, read_json_object(row.record.encode(), "register")) for row in rows)

    def read(self, subject: str) -> JsonObject:
        """What the register knows of a person; see `fetch`."""
        found = self.look(subject)
        if found is None:
            raise CredentialRequestDenied("the register knows no such person")
        return found

    def look(self, subject: str) -> JsonObject | None:
        """What the register knows of a person; None: there is no such person."""
        found = self._record.look({"subject": subject})
        return read_json_object(str(found[0]).encode(), "register") if found is not None else None

    def subjects(self, limit: int) -> tuple[str, ...]:
        """The ids of people, in order, at most `limit`."""
        with self._database.reading() as connection:
            return tuple(connection.scalars(select(people.c.subject).order_by(people.c.subject).limit(limit)))

    def put(self, records: Mapping[str, Mapping[str, JsonValue]]) -> None:
        """Add people, or replace what was known of them, in one transaction; see `OwnRegister`."""
        rows = [{"subject": subject, "record": encode_json(dict(r)).decode()} for subject, r in records.items()]
        names = [{"subject": subject, "name": folded(name_of(record))} for subject, record in records.items()]
        those = [{"one": subject} for subject in records]

        def work(connection: Connection) -> None:
            # One statement for each: a list of all would pass SQLite's limit on parameters
            for table in (people, people_names):
                connection.execute(delete(table).where(table.c.subject == bindparam("one")), those)
            connection.execute(insert(people), rows)
            connection.execute(insert(people_names), names)

        if rows:
            self._write(work)

    def remove(self, subject: str) -> None:
        """Forget a person; see `OwnRegister`."""

        def work(connection: Connection) -> None:
            for table in (people, people_names):
                connection.execute(delete(table).where(table.c.subject == subject))

        self._write(work)

    def _write(self, work: Callable[[Connection], None]) -> None:
        try:
            self._database.write(work)
        except ProgrammingError as error:
            raise InvalidRequest(
                "this register is read here and cannot be written to; change it where it is"
            ) from error
