"""Documents with their receipts, as a conversation leaves them in the store, and the whole store as it was at a moment."""

from collections.abc import Callable

from sqlalchemy import Column, Connection, delete, insert, select

from capabilities.cockpit.records import IssuedReceipt
from capabilities.cockpit.rights_case import RightsCase, RightsChange, step_to
from issuer.database.store import SqlIssuerStore
from issuer.database.tables import metadata
from issuer.records import IssuedCredential, OfferRecord, Record, SaidClaims
from issuer.rights import RightsRecord
from issuer.session.stages import CONVERSATION, Issuing
from issuer.usage import ISSUED
from issuer.usage_records import DocumentReceipt, GivenReceipt, What
from protocol.sovereignty.claims import ClaimsByQuery
from protocol.sovereignty.due_dates import first_due
from protocol.sovereignty.rights import Right
from protocol.sovereignty.rights_status import RightsStatus, State
from protocol.sovereignty.usage import Action
from runtime.conversation import Begin, Change, SessionKey
from tests.issuer.session.samples import TOKENS
from tests.support.pki import DAY, NOW

USED = What(Action.USED, "service", ISSUED)
UNTIL = NOW + 100 * DAY


def copy(name: str, session: str, configuration: str, index: int, subject: str = "anna") -> IssuedCredential:
    """A copy of a document."""
    return IssuedCredential(
        id=name, configuration_id=configuration, subject=subject, session_id=session, status_list="list",
        status_index=index, holder_key=f"key-{name}", issued_at=NOW, expires_at=NOW + DAY, said=f"said-{name}",
    )  # fmt: skip


def give(store: SqlIssuerStore, session: str, *configurations: str, subject: str = "anna", first: int = 0) -> list[str]:
    """A conversation that gave a receipt and a copy for each configuration; the receipts."""
    made: list[str] = []
    records: list[Record] = [OfferRecord(session, subject, NOW)]
    for number, configuration in enumerate(configurations):
        name = f"{session}-{configuration}"
        id_ = name.ljust(22, "-")
        claims: ClaimsByQuery = {configuration: (("given_name",),)}
        document = DocumentReceipt(id_, subject, session, configuration, configuration, claims, UNTIL)
        issued = IssuedReceipt(id_, "{}", "token", f"key {name}", "", NOW, UNTIL)
        records += [
            issued, GivenReceipt(document, USED), copy(name, session, configuration, first + number, subject),
            SaidClaims(f"said-{name}", "{}", NOW + DAY),
        ]  # fmt: skip
        made.append(id_)
    issuing = Issuing(session, configurations, (), subject, "", TOKENS)
    begun = Begin(Change(issuing, keys=(SessionKey.of(CONVERSATION, session),), records=tuple(records)), UNTIL)
    store.commit([begun])  # type: ignore[list-item]  # effects are those of any role
    return made


def ask(store: SqlIssuerStore, receipt: str, *records: RightsRecord, name: str = "q") -> RightsCase:
    """A request that is done at once with these records."""
    status = RightsStatus(name * 22, "A" * 43, Right.ERASURE, State.RECEIVED, first_due(NOW), NOW)
    fresh = RightsCase(name * 22, receipt, name * 22, "sealed", NOW, UNTIL, status)
    return store.rights.take(fresh, lambda case, _: RightsChange(step_to(case, State.DONE, now=NOW), records))


def column(store: SqlIssuerStore, of: Column[object]) -> list[object]:
    """All values of a column, in order."""
    with store.database.reading() as connection:
        return sorted(connection.execute(select(of)).scalars().all(), key=str)


def backup(store: SqlIssuerStore) -> Callable[[], None]:
    """A copy of all tables as they are now, and what restores it."""
    tables = [table for table in metadata.sorted_tables if table.name != "alembic_version"]
    with store.database.reading() as connection:
        kept = {table: [row._asdict() for row in connection.execute(select(table))] for table in tables}

    def work(connection: Connection) -> None:
        for table in reversed(tables):
            connection.execute(delete(table))
        for table in tables:
            if kept[table]:
                connection.execute(insert(table), kept[table])

    return lambda: store.database.write(work)
