"""Partners, what was seen of their usage logs, and whose turn it is to look; see `registrar.store.WitnessStore`."""

from __future__ import annotations

from dataclasses import asdict, fields

from sqlalchemy import Connection, Row, and_, case, insert, or_, select, update

from registrar.database.tables import cockpits, rounds
from registrar.records import Cockpits, Partner
from runtime.database.engine import Database

_ROUND = "usage logs"
_ORDER = (
    cockpits.c.identifier,
    cockpits.c.active.desc(),
    cockpits.c.broken_since.is_(None),
    case((cockpits.c.active, 0), else_=-cockpits.c.looked_at),  # those that it has stay where they are
    cockpits.c.cockpit_endpoint,
)
_SEEN = ("heads", "signed", "broken_since", "evidence", "looked_at", "reached_at", "finding")


class SqlWitness:
    """Cockpits by whose they are and where they stand."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def partner(self, identifier: str) -> tuple[Partner, ...]:
        """Every cockpit of one partner, in the order of `partners`."""
        query = select(cockpits).where(cockpits.c.identifier == identifier).order_by(*_ORDER)
        with self._database.reading() as connection:
            return tuple(map(_partner, connection.execute(query)))

    def partners(self, *, limit: int, after: str = "") -> tuple[Partner, ...]:
        """Every cockpit of some partners, `limit` of them, in the order of their identifiers; `after`: those behind this one.

        Of each, those that it has come first, then those that are broken, then whoever was looked at last.
        """
        some = select(cockpits.c.identifier).distinct().where(cockpits.c.identifier > after)
        page = some.order_by(cockpits.c.identifier).limit(limit).subquery()
        query = select(cockpits).where(cockpits.c.identifier.in_(select(page.c.identifier))).order_by(*_ORDER)
        with self._database.reading() as connection:
            return tuple(map(_partner, connection.execute(query)))

    def due(self, *, before: int, limit: int) -> tuple[Partner, ...]:
        """Active cockpits at which nobody looked since `before`, whichever waits for longest first."""
        query = (
            select(cockpits)
            .where(cockpits.c.active.is_(True), cockpits.c.looked_at < before)
            .order_by(cockpits.c.looked_at, cockpits.c.identifier, cockpits.c.cockpit_endpoint)
            .limit(limit)
        )
        with self._database.reading() as connection:
            return tuple(map(_partner, connection.execute(query)))

    def keep_seen(self, before: Partner, after: Partner) -> bool:
        """Keep what was seen of a cockpit, unless somebody else looked meanwhile; whether it was kept.

        One that is broken stays so.
        """
        changed = {name: value for name, value in asdict(after).items() if name in _SEEN}

        def work(connection: Connection) -> bool:
            found = connection.execute(
                update(cockpits)
                .where(
                    cockpits.c.identifier == before.identifier,
                    cockpits.c.cockpit_endpoint == before.cockpit_endpoint,
                    cockpits.c.looked_at == before.looked_at,
                    cockpits.c.heads == before.heads,
                    or_(cockpits.c.broken_since.is_(None), cockpits.c.broken_since == after.broken_since),
                )
                .values(changed)
            )
            return found.rowcount == 1

        return self._database.write(work)

    def take_hour(self, hour: int, worker: str, *, now: int, until: int) -> bool:
        """Take an hour, or one that its worker did not end in time, or hold on to one's own; whether it is one's own now."""
        free = or_(rounds.c.held_until < now, rounds.c.worker == worker)
        # An hour that is held is left alone even when the next one has come: one worker looks at a time
        wanted = or_(rounds.c.hour < hour, and_(rounds.c.hour == hour, rounds.c.held_until != 0))
        taking = update(rounds).where(rounds.c.name == _ROUND, free, wanted)
        mine = {"hour": hour, "worker": worker, "held_until": until}

        def work(connection: Connection) -> bool:
            return connection.execute(taking.values(mine)).rowcount == 1

        return self._database.write(work)

    def end_hour(self, hour: int, worker: str) -> bool:
        """Say that an hour is done; whether it was one's own still."""

        def work(connection: Connection) -> bool:
            ended = connection.execute(
                update(rounds)
                .where(rounds.c.name == _ROUND, rounds.c.hour == hour, rounds.c.worker == worker)
                .values(held_until=0, ended=rounds.c.ended + 1)
            )
            return ended.rowcount == 1

        return self._database.write(work)

    def rounds_ended(self) -> int:
        """How many rounds came to an end."""
        with self._database.reading() as connection:
            return connection.scalar(select(rounds.c.ended).where(rounds.c.name == _ROUND)) or 0

    def keep_cockpits(self, connection: Connection, registered: Cockpits) -> None:
        """Keep whether and where a party is a partner, in the transaction of the step that is about it.

        What was one of its cockpits stays listed with what was seen there, also when the party rests, is removed, or gives it
        up: or leaving would heal a changed past.
        """
        own = cockpits.c.identifier == registered.identifier
        known = set(connection.scalars(select(cockpits.c.cockpit_endpoint).where(own)))
        endpoints = registered.endpoints if registered.active else ()
        held = update(cockpits).where(own)
        connection.execute(held.values(country=registered.country, active=cockpits.c.cockpit_endpoint.in_(endpoints)))
        new = [
            asdict(Partner(registered.identifier, registered.country, endpoint, registered.active))
            for endpoint in registered.endpoints
            if endpoint not in known
        ]
        if new:
            connection.execute(insert(cockpits), new)


def _partner(row: Row[tuple[object, ...]]) -> Partner:
    return Partner(**{field.name: getattr(row, field.name) for field in fields(Partner)})
