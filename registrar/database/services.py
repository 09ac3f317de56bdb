"""The services of parties in SQL; see `registrar.store.ServiceStore`."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, Row, delete, func, insert, select

from registrar.database.tables import parties, services
from registrar.records import Offering, PartyState, ServiceLine, ServiceState
from registrar.store import ServiceFilter
from runtime.database.engine import Database


class SqlServices:
    """Services by id."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, service: str) -> ServiceLine | None:
        """One service, whose ever it is."""
        with self._database.reading() as connection:
            row = connection.execute(select(services).where(services.c.id == service)).first()
        return _line(row) if row is not None else None

    def services(self, wanted: ServiceFilter, *, limit: int, after: str = "") -> tuple[ServiceLine, ...]:
        """Services in the order of their ids; `after`: those behind this id."""
        query = select(services).where(services.c.id > after).order_by(services.c.id).limit(limit)
        if wanted.party is not None:
            query = query.where(services.c.party == wanted.party)
        if wanted.waiting:
            query = query.where(services.c.proposed != "")
        if wanted.announced:
            query = query.where(services.c.state == str(ServiceState.ANNOUNCED), _of_registered())
        if wanted.life_event is not None:
            query = query.where(services.c.life_events.contains(f" {wanted.life_event} ", autoescape=True))
        with self._database.reading() as connection:
            return tuple(map(_line, connection.execute(query)))

    def waiting(self, *, limit: int) -> tuple[ServiceLine, ...]:
        """Services that wait for a decision, the oldest first."""
        query = (
            select(services)
            .where(services.c.proposed != "")
            .order_by(services.c.changed_at, services.c.id)
            .limit(limit)
        )
        with self._database.reading() as connection:
            return tuple(map(_line, connection.execute(query)))

    def measure(self) -> tuple[int, int]:
        """How many entries are announced, or would be if their parties did not rest, and how many bytes they have."""
        query = select(func.count(), func.coalesce(func.sum(services.c.size), 0)).where(services.c.size > 0)
        with self._database.reading() as connection:
            row = connection.execute(query).one()
        return int(row[0]), int(row[1])

    def count_by_life_event(self, events: tuple[str, ...]) -> dict[str, int]:
        """How many announced services belong to each life event; `""`: how many there are at all."""
        of_registered = select(func.count()).select_from(services)
        of_registered = of_registered.where(services.c.state == str(ServiceState.ANNOUNCED), _of_registered())
        with self._database.reading() as connection:
            found = {
                event: connection.scalar(
                    of_registered.where(services.c.life_events.contains(f" {event} ", autoescape=True))
                )
                for event in events
            }
            found[""] = connection.scalar(of_registered)
        return {event: count or 0 for event, count in found.items()}

    def keep(self, connection: Connection, line: ServiceLine) -> None:
        """Write a line, in the transaction of the step that is about it. Its party's conversation is locked."""
        offering = line.offering
        announced = offering.state is ServiceState.ANNOUNCED
        connection.execute(delete(services).where(services.c.id == offering.id))
        connection.execute(
            insert(services),
            {
                "id": offering.id,
                "party": line.party,
                "state": str(offering.state),
                "document": offering.document,
                "proposed": offering.proposed,
                "reason": offering.reason,
                "problem": offering.problem,
                "name": line.name,
                "life_events": f" {' '.join(line.life_events)} ",
                "size": len(offering.document.encode("utf-8")) if announced else 0,
                "changed_at": line.changed_at,
            },
        )


def _of_registered() -> ColumnElement[bool]:
    """The rows of parties that are registered now."""
    registered = select(parties.c.identifier).where(parties.c.state == str(PartyState.REGISTERED))
    return services.c.party.in_(registered)


def _line(row: Row[tuple[object, ...]]) -> ServiceLine:
    return ServiceLine(
        party=row.party,
        offering=Offering(row.id, ServiceState(row.state), row.document, row.proposed, row.reason, row.problem),
        name=row.name,
        life_events=tuple(row.life_events.split()),
        changed_at=row.changed_at,
    )
