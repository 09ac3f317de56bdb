"""A party with a usage log and nothing else, and a wallet's look at what it reports."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from random import Random
from typing import TypeVar

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, MetaData, select, text

from capabilities.usage_log.database.store import SqlUsageLog
from capabilities.usage_log.database.tables import UsageTables, create_usage_log
from capabilities.usage_log.records import Used
from capabilities.usage_log.service import UsageLog
from protocol.exchange import Exchange, run
from protocol.formats import IssuerSigner
from protocol.sovereignty.log_heads import LogHead, SignedHead, verify_usage_head
from protocol.sovereignty.merkle import HASH_SIZE
from protocol.sovereignty.usage import HOUR, Action, Addressee, Use
from protocol.sovereignty.usage_report import (
    Asked,
    Seen,
    UsageReport,
    UsageRequest,
    check_report,
    verify_usage_report,
)
from protocol.trust.anchors import Role, TrustAnchors
from runtime.conversation import Slow
from runtime.database.engine import Database
from tests.support.partners import AGENCY, BANK, RECEIPT, both, subject_of
from tests.support.pki import AUTHORITY, NOW, Pki, make_pki, seeded_key

T = TypeVar("T")

DAY = 24 * HOUR
LOG_UNTIL = NOW + 365 * DAY
METADATA = MetaData()
TABLES = UsageTables(METADATA)
CLAIMS = {"pid": (("family_name",), ("birthdate",))}
RECEIVED = Use(NOW, Action.RECEIVED, CLAIMS, "portal", both("Antrag auf Kindergeld", "Application for child benefit"))
VIEWED = replace(RECEIVED, action=Action.VIEWED, by="clerk, family benefits")
FORWARDED = replace(VIEWED, action=Action.FORWARDED, to=Addressee("Bank", BANK.identifier))


@dataclass(slots=True)
class Clock:
    """The time, which moves when it is told to."""

    now: int = NOW

    def __call__(self) -> int:
        """Epoch seconds."""
        return self.now

    def forward(self, seconds: int) -> None:
        """Let time pass, or run back."""
        self.now += seconds


@dataclass(slots=True)
class Party:
    """One worker of a party."""

    database: Database
    store: SqlUsageLog
    log: UsageLog
    clock: Clock

    def use(self, *uses: Use, receipt: str = RECEIPT, log_until: int = LOG_UNTIL) -> None:
        """Write uses, at this moment."""
        self.store.record([Used(receipt, log_until, replace(use, at=self.clock.now)) for use in uses])

    def append(self) -> int:
        """Do the hourly work; how many leaves were appended."""
        return do(self.log.append())

    def append_early(self) -> int:
        """Append what waits for the hour; how many leaves were appended."""
        return do(self.log.append_early())

    def hour(self) -> int:
        """Let the next full hour come, and append."""
        self.clock.now += HOUR - self.clock.now % HOUR
        return self.append()

    def sweep(self, limit: int = 500) -> int:
        """Erase what is over, in one transaction."""
        return self.database.write(
            lambda connection: self.store.forget_expired(connection, now=self.clock.now, limit=limit)
        )

    def rows(self, table: str) -> list[tuple[object, ...]]:
        """Everything in a table."""
        with self.database.reading() as connection:
            return [tuple(row) for row in connection.execute(select(METADATA.tables[f"usage_{table}"]))]

    def leaves(self) -> list[bytes]:
        """All leaves of the one log, in their order."""
        rows = TABLES.rows.c
        with self.database.reading() as connection:
            found = connection.scalars(select(rows.hashes).order_by(rows.number)).all()
        return [hashes[i : i + HASH_SIZE] for hashes in found for i in range(0, len(hashes), HASH_SIZE)]

    def change(self, statement: str, **values: object) -> None:
        """Tamper with what is stored."""
        self.database.write(lambda connection: connection.execute(text(statement), values))

    def close(self) -> None:
        """Give back the connections."""
        self.database.dispose()


def open_party(url: str, *, clock: Clock | None = None, seed: int = 1, create: bool = True) -> Party:
    """A party with its tables, made as a migration makes them; or another worker on the same tables."""
    clock = clock or Clock()
    database = Database(url, "party")
    if create:
        database.write(lambda connection: _create(connection, database))
    store = SqlUsageLog(database, TABLES, now=clock, random_bytes=Random(seed).randbytes)
    pki = lasting_pki()
    return Party(database, store, UsageLog(store, IssuerSigner(pki.signer, pki.x5c), clock), clock)


@cache
def lasting_pki() -> Pki:
    """The party's certificate; logs are kept for longer than others last."""
    end = NOW + 10 * 365 * DAY
    leaf, root = replace(subject_of(AGENCY), not_after=end), replace(AUTHORITY, not_after=end)
    return make_pki(leaf, root=root, key=seeded_key(6200), role=Role.VERIFIER)


def anchors() -> TrustAnchors:
    """Whom the wallet believes."""
    return TrustAnchors([lasting_pki().anchor])


def do(exchange: Exchange[T]) -> T:
    """Drive an exchange that only has slow work."""

    def perform(effect: object) -> object:
        assert isinstance(effect, Slow)
        return effect.call()

    return run(exchange, perform)


@dataclass(slots=True)
class Reader:
    """A wallet that asks about one receipt again and again, and checks each report against the one before."""

    party: Party
    receipt: str = RECEIPT
    known: tuple[LogHead, ...] = ()
    after: int | None = None
    last_report_at: int = 0
    reports: list[UsageReport] = field(default_factory=list)

    def ask(self, *, check: Callable[[UsageReport, Asked], None] = check_report, entries: bool = True) -> UsageReport:
        """One report, verified and checked; `after` moves on, unless all entries are wanted each time."""
        asked = Asked(
            self.receipt,
            self.party.clock.now,
            self.after,
            self.known[-1] if self.known else None,
            self.known,
            self.last_report_at,
        )
        seen = Seen(asked.seen.log, asked.seen.tree.size) if asked.seen is not None else None
        token = do(self.party.log.report(self.receipt, UsageRequest(self.after, seen)))
        report = verify_usage_report(token, asked, partner=(AGENCY,), anchors=anchors(), now=self.party.clock.now).says
        check(report, asked)
        self.known, self.last_report_at = report.heads, report.issued_at
        if not entries:
            self._move_on(report)
        self.reports.append(report)
        return report

    def ask_all(self) -> list[UsageReport]:
        """As often as there is more; what is in a tree is not asked for again."""
        reports = [self.ask(entries=False)]
        while reports[-1].more:
            reports.append(self.ask(entries=False))
        return reports

    def _move_on(self, report: UsageReport) -> None:
        for reported in report.entries:
            if reported.place is None and not report.more:
                break
            self.after = reported.blinded.entry.n


def head_of(party: Party, log: str = "2027") -> SignedHead:
    """The public head, as a witness verifies it."""
    token = do(party.log.head(log)).token
    return verify_usage_head(token, log=log, partner=(AGENCY,), anchors=anchors(), now=party.clock.now)


def numbers(reports: Sequence[UsageReport]) -> list[int]:
    """The numbers of all entries in reports."""
    return [reported.blinded.entry.n for report in reports for reported in report.entries]


def actions(report: UsageReport) -> list[str]:
    """What was done, in the order of the report."""
    return [reported.blinded.entry.use.action.value for reported in report.entries]


def _create(connection: Connection, database: Database) -> None:
    if not database.is_sqlite:
        connection.execute(text("CREATE SCHEMA party"))
    with Operations.context(MigrationContext.configure(connection)):
        create_usage_log()
