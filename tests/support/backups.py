"""A backup of a database, made and put back as a whole."""

from sqlalchemy import Connection, MetaData, delete, insert, select

from runtime.database.engine import Database


class Backup:
    """All rows of all tables as they were."""

    def __init__(self, database: Database, metadata: MetaData) -> None:
        self._tables = metadata.sorted_tables
        with database.reading() as connection:
            self._rows = {
                table.name: [dict(row._mapping) for row in connection.execute(select(table))] for table in self._tables
            }

    def restore(self, database: Database) -> None:
        """Put it back; whatever came since is gone."""

        def work(connection: Connection) -> None:
            for table in reversed(self._tables):
                connection.execute(delete(table))
            for table in self._tables:
                if self._rows[table.name]:
                    connection.execute(insert(table), self._rows[table.name])

        database.write(work)
