"""Statements that are compiled once and then run on the driver's own connection.

SQLAlchemy says once what a statement looks like on each database; for each run its own cost is several times that of
SQLite. What is run for every request goes this way, inside the transactions of `Database` and with its errors.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter

from sqlalchemy import ClauseElement, Connection, Select
from sqlalchemy.engine import Dialect
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import PoolProxiedConnection
from sqlalchemy.sql.compiler import SQLCompiler

from runtime.database.engine import Database, explained

Row = tuple[object, ...]
Values = Mapping[str, object]


class Prepared:
    """One statement on one database. Its values are bound by the names of its `bindparam`s."""

    def __init__(self, database: Database, statement: ClauseElement) -> None:
        """Compile.

        Raises:
            TypeError: a value or column has a type that SQLAlchemy would have to convert for this database.
        """
        self._database = database
        self._dialect: Dialect = database.engine.dialect
        compiled = statement.compile(dialect=self._dialect)
        if not isinstance(compiled, SQLCompiler):
            raise TypeError("a statement is needed")
        _check_types(statement, compiled, self._dialect)
        self._sql = compiled.string
        self._fixed = {name: value for name, value in compiled.params.items() if value is not None}
        # None: the driver takes values by name
        self._in_order = None if compiled.positiontup is None else _picker(compiled.positiontup)

    def run(self, connection: Connection, values: Values) -> int:
        """Run it in a transaction, for its effect; how many rows it wrote.

        Raises:
            DBAPIError: as SQLAlchemy raises it, without the values.
        """
        cursor = _cursor(connection)
        try:
            cursor.execute(self._sql, self._bound(values))
            return cursor.rowcount
        except self._driver_error as error:
            raise self._explained(error, connection) from error
        finally:
            cursor.close()

    def run_each(self, connection: Connection, rows: Sequence[Values]) -> None:
        """Run it in a transaction for each of these values.

        Raises:
            DBAPIError: as SQLAlchemy raises it, without the values.
        """
        if len(rows) == 1:
            self.run(connection, rows[0])
            return
        cursor = _cursor(connection)
        try:
            cursor.executemany(self._sql, [self._bound(values) for values in rows])  # type: ignore[arg-type]  # all of one kind
        except self._driver_error as error:
            raise self._explained(error, connection) from error
        finally:
            cursor.close()

    def first(self, connection: Connection, values: Values) -> Row | None:
        """Run it in a transaction; the first row of its result.

        Raises:
            DBAPIError: as SQLAlchemy raises it, without the values.
        """
        cursor = _cursor(connection)
        try:
            cursor.execute(self._sql, self._bound(values))
            row: Row | None = cursor.fetchone()
            return row
        except self._driver_error as error:
            raise self._explained(error, connection) from error
        finally:
            cursor.close()

    def look(self, values: Values) -> Row | None:
        """The first row that a query finds among what was committed, on a connection of its own.

        Raises:
            Unavailable: the database is away.
        """
        connection = self._database.take()
        try:
            cursor = connection.cursor()
            cursor.execute(self._sql, self._bound(values))
            row: Row | None = cursor.fetchone()
            cursor.close()
        except self._driver_error as error:
            problem = self._explained(error, connection)
            connection.close()
            raise explained(problem) from error
        self._database.give_back(connection)
        return row

    def _bound(self, values: Values) -> tuple[object, ...] | dict[str, object]:
        if self._in_order is None:
            return {**self._fixed, **values}
        return self._in_order({**self._fixed, **values} if self._fixed else values)

    @property
    def _driver_error(self) -> type[Exception]:
        return self._database.driver_error

    def _explained(self, error: Exception, connection: Connection | PoolProxiedConnection) -> DBAPIError:
        driver: DBAPIConnection | None = (
            connection.connection if isinstance(connection, Connection) else connection
        ).dbapi_connection
        gone = self._dialect.is_disconnect(error, driver, None)  # type: ignore[arg-type]  # sure to be one of the driver's
        if gone:
            connection.invalidate(error)
        return self._database.translated(error, gone=gone)


def _picker(names: Sequence[str]) -> Callable[[Values], tuple[object, ...]]:
    """Takes these values out of others, in this order."""
    if len(names) > 1:
        return itemgetter(*names)
    return lambda values: tuple([values[name] for name in names])


def _cursor(connection: Connection) -> DBAPICursor:
    return connection.connection.cursor()


def _check_types(statement: ClauseElement, compiled: SQLCompiler, dialect: Dialect) -> None:
    """What SQLAlchemy converts on its way (truth values on SQLite, say) must not come here."""
    bound = [bind.type for bind in compiled.binds.values()]
    found = [column.type for column in statement.selected_columns] if isinstance(statement, Select) else []
    if any(kind.dialect_impl(dialect).bind_processor(dialect) for kind in bound):
        raise TypeError("a value of this statement needs SQLAlchemy")
    if any(kind.dialect_impl(dialect).result_processor(dialect, None) for kind in found):
        raise TypeError("a column of this statement needs SQLAlchemy")
