"""`capabilities.usage_log.store.UsageStore` in SQL, and what a role's own transactions need of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import groupby

from sqlalchemy import Connection, bindparam, delete, insert, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from capabilities.usage_log.database.blocks import BlockWriter, log_state
from capabilities.usage_log.database.nodes import NodeReader
from capabilities.usage_log.database.tables import UsageTables
from capabilities.usage_log.policy import MAX_PRUNED_ROWS, is_over, next_log
from capabilities.usage_log.records import LogState, ReceiptLog, StoredEntry, Told, Used, Written
from capabilities.usage_log.tree import Prove
from protocol.encoding import JsonObject, decode_base64url, encode_base64url, encode_json, read_json_object
from protocol.fields import Fields
from protocol.keys import RandomBytes
from protocol.sovereignty.canonical import hash_bytes
from protocol.sovereignty.merkle import Proof
from protocol.sovereignty.usage import BLOCK, HOUR, MAX_ENTRY, UsageEntry, Use, blind_entry, number_use
from protocol.sovereignty.usage_report import News
from runtime.codec import StoredDataError
from runtime.database.engine import Database
from runtime.database.prepared import Prepared

MAX_ERASED_RECEIPTS = 64  # in one transaction


class SqlUsageLog:
    """A usage log in SQL. `write` and `forget_expired` run in a role's own transaction."""

    def __init__(
        self, database: Database, tables: UsageTables, *, now: Callable[[], int], random_bytes: RandomBytes
    ) -> None:
        self._database = database
        self._tables = tables
        self._now = now
        self._random_bytes = random_bytes
        self._nodes = NodeReader(tables)
        self._blocks = BlockWriter(tables, self._nodes, random_bytes)
        receipts, entries, news = tables.receipts, tables.entries, tables.news
        found = select(receipts.c.entries, receipts.c.news).where(receipts.c.receipt == bindparam("of"))
        # Whoever numbers has the receipt alone: numbers have no gaps, and come once
        self._number = Prepared(database, found if database.is_sqlite else found.with_for_update())
        fresh = sqlite.insert(receipts) if database.is_sqlite else postgresql.insert(receipts)
        opening: dict[str, object] = {column.name: bindparam(column.name) for column in receipts.columns}
        self._open = Prepared(database, fresh.values(opening).on_conflict_do_nothing())
        self._count = Prepared(
            database,
            update(receipts)
            .where(receipts.c.receipt == bindparam("of"))
            .values(entries=bindparam("written"), news=bindparam("told")),
        )
        alike = (entries.c.receipt == bindparam("of"), entries.c.hour == bindparam("in_hour"))
        self._alike = Prepared(
            database, select(entries.c.members).where(*alike, entries.c.likeness == bindparam("like"))
        )
        written = [column.name for column in entries.columns if column.name not in ("log", "place")]
        self._add_entry = Prepared(database, insert(entries).values({name: bindparam(name) for name in written}))
        self._add_news = Prepared(
            database, insert(news).values({column.name: bindparam(column.name) for column in news.columns})
        )

    def write(self, connection: Connection, records: Sequence[Written]) -> None:
        """Write uses in the transaction of what was done; see `UsageStore.record`."""
        now = self._now()
        # In one order, so that two transactions never wait for each other
        for receipt, of_receipt in groupby(sorted(records, key=lambda each: each.receipt), lambda each: each.receipt):
            self._write(connection, receipt, list(of_receipt), now)

    def record(self, records: Sequence[Written]) -> None:
        """See `UsageStore.record`."""
        self._database.write(lambda connection: self.write(connection, records))

    def append(self, now: int) -> int:
        """See `UsageStore.append`."""
        return self._database.write(lambda connection: self._blocks.append(connection, now))

    def append_early(self, now: int) -> int:
        """See `UsageStore.append_early`."""
        return self._database.write(lambda connection: self._blocks.append_early(connection, now))

    def receipt(self, receipt: str) -> ReceiptLog | None:
        """What is known of a receipt."""
        receipts = self._tables.receipts.c
        query = select(receipts.since, receipts.log_until).where(receipts.receipt == receipt)
        with self._database.reading() as connection:
            row = connection.execute(query).first()
        return ReceiptLog(row.since, row.log_until) if row is not None else None

    def entries(self, receipt: str, *, after: int, limit: int) -> tuple[StoredEntry, ...]:
        """The entries of a receipt with a number above `after`, in their order."""
        entries = self._tables.entries.c
        query = (
            select(entries.n, entries.members, entries.blind, entries.log, entries.place)
            .where(entries.receipt == receipt, entries.n > after)
            .order_by(entries.n)
            .limit(limit)
        )
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return tuple(
            [
                StoredEntry(row.n, _members(row.members), decode_base64url(row.blind), row.log, row.place or 0)
                for row in rows
            ]
        )

    def uses(self, connection: Connection, receipt: str) -> tuple[Use, ...]:
        """Everything that was done with the data of a receipt, in its order, for a step of the role's own."""
        entries = self._tables.entries.c
        query = select(entries.members).where(entries.receipt == receipt).order_by(entries.n)
        rows = connection.scalars(query).all()
        return tuple([UsageEntry.from_fields(Fields(_members(row), "usage entry")).use for row in rows])

    def news(self, receipt: str, limit: int) -> tuple[News, ...]:
        """The latest news for a receipt, newest first."""
        news = self._tables.news.c
        query = select(news.news).where(news.receipt == receipt).order_by(news.number.desc()).limit(limit)
        with self._database.reading() as connection:
            rows = connection.scalars(query).all()
        return tuple([News.from_fields(Fields(_members(row), "news")) for row in rows])

    def log(self, log: str) -> LogState | None:
        """One log."""
        logs = self._tables.logs
        with self._database.reading() as connection:
            row = connection.execute(select(logs).where(logs.c.log == log)).first()
        return log_state(row) if row is not None else None

    def logs(self, since: str) -> tuple[LogState, ...]:
        """The logs from one year on."""
        logs = self._tables.logs
        with self._database.reading() as connection:
            rows = connection.execute(select(logs).where(logs.c.log >= since).order_by(logs.c.log)).all()
        return tuple([log_state(row) for row in rows])

    def prove(self, log: str, proofs: Sequence[Prove]) -> tuple[Proof, ...]:
        """Make proofs about a log from its nodes."""
        with self._database.reading() as connection:
            return self._nodes.prove(connection, log, proofs)

    def forget_expired(self, connection: Connection, *, now: int, limit: int) -> int:
        """Erase entries whose `log_until` has passed, and leaves that no entry needs any more.

        At most `limit` of each; how many went, at least `limit` if there may be more.
        """
        return self._forget_entries(connection, now, limit) + self._forget_leaves(connection, now, limit)

    def _write(self, connection: Connection, receipt: str, records: Sequence[Written], now: int) -> None:
        if now >= records[0].log_until:
            return
        counts = self._number.first(connection, {"of": receipt})
        if counts is None:
            opening = {"receipt": receipt, "since": next_log(now), "log_until": records[0].log_until}
            self._open.run(connection, {**opening, "entries": 0, "news": 0})
            counts = self._number.first(connection, {"of": receipt})
        entries, news = _two_counts(counts)
        written, told = entries, news
        for record in records:
            match record:
                case Used():
                    written += self._write_use(connection, record, written, now)
                case Told():
                    row = {"receipt": receipt, "number": told, "news": encode_json(record.news.to_dict()).decode()}
                    self._add_news.run(connection, row)
                    told += 1
        if (written, told) != (entries, news):
            self._count.run(connection, {"of": receipt, "written": written, "told": told})

    def _write_use(self, connection: Connection, record: Used, n: int, now: int) -> int:
        """Write one use, unless the same was written in its hour; how many entries that were."""
        use, receipt = record.use, record.receipt
        likeness, hour = _likeness(use), use.at // HOUR
        found = self._alike.first(connection, {"of": receipt, "in_hour": hour, "like": likeness})
        alike = () if found is None else (UsageEntry.from_fields(Fields(_members(found[0]), "usage entry")),)
        entry = number_use(receipt, use, n=n, this_hour=alike)
        if entry is None:
            return 0
        blinded = blind_entry(entry, self._random_bytes)
        row = {
            "receipt": receipt,
            "n": n,
            "hour": hour,
            "likeness": likeness,
            "members": encode_json(blinded.members).decode(),
            "blind": encode_base64url(blinded.blind),
            "leaf": encode_base64url(blinded.leaf),
            "written_at": now,
        }
        self._add_entry.run(connection, row)
        return 1

    def _forget_entries(self, connection: Connection, now: int, limit: int) -> int:
        receipts, entries = self._tables.receipts, self._tables.entries
        over = select(receipts.c.receipt).where(receipts.c.log_until <= now).limit(MAX_ERASED_RECEIPTS)
        ids = connection.scalars(over.with_for_update(skip_locked=True)).all()
        if not ids:
            return 0
        name = (entries.c.receipt, entries.c.n)
        some = select(*name).where(entries.c.receipt.in_(ids)).limit(limit)
        gone: int = connection.execute(delete(entries).where(tuple_(*name).in_(some))).rowcount
        if gone == limit:
            return gone
        connection.execute(delete(receipts).where(receipts.c.receipt.in_(ids)))
        # A full hand means that there is more
        return limit if len(ids) == MAX_ERASED_RECEIPTS else gone + len(ids)

    def _forget_leaves(self, connection: Connection, now: int, limit: int) -> int:
        """Erase the leaves of old logs. The roots of blocks stay: how one head grew into the next can always be shown."""
        logs, rows = self._tables.logs, self._tables.rows
        query = select(logs.c.log, logs.c.size, logs.c.pruned).where(
            logs.c.kept_until <= now, logs.c.pruned < logs.c.size
        )
        for log, size, pruned in connection.execute(query.order_by(logs.c.log).with_for_update(skip_locked=True)).all():
            if not is_over(log, now):
                continue
            end = min(size, pruned + MAX_PRUNED_ROWS * BLOCK)
            old = (rows.c.log == log, rows.c.number < end // BLOCK)
            connection.execute(delete(rows).where(*old))
            connection.execute(update(logs).where(logs.c.log == log).values(pruned=end))
            return limit
        return 0


def _likeness(use: Use) -> str:
    """What uses have in common that differ only in `at`. Which query comes first makes no difference."""
    alike = replace(use, at=0, claims=dict(sorted(use.claims.items())))
    return hash_bytes(encode_json(UsageEntry("", 0, alike).to_dict()))


def _members(text: object) -> JsonObject:
    if not isinstance(text, str):
        raise StoredDataError("a stored entry is text")
    return read_json_object(text.encode(), "usage entry", max_bytes=MAX_ENTRY)


def _two_counts(row: Sequence[object] | None) -> tuple[int, int]:
    match row:
        case [int() as entries, int() as news]:
            return entries, news
        case _:
            raise StoredDataError("a receipt that was opened has counts")
