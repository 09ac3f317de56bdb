"""Partners, what was seen of their usage logs, and whose turn it is to look; see `registrar.store.WitnessStore`."""

from __future__ import annotations

from dataclasses import asdict, fields

from sqlalchemy import Connection, Row, and_, insert, or_, select, update

from registrar.database.tables import partners, rounds
from registrar.records import Partner, PartyLine, PartyState
from runtime.database.engine import Database

_ROUND = "usage logs"
_SEEN = ("heads", "signed", "broken_since", "evidence", "looked_at", "reached_at", "finding")


class SqlWitness:
    """Partners by identifier."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def partner(self, identifier: str) -> Partner | None:
        """One partner."""
        with self._database.reading() as connection:
            row = connection.execute(select(partners).where(partners.c.identifier == identifier)).first()
        return _partner(row) if row is not None else None

    def partners(self, *, limit: int, after: str = "") -> tuple[Partner, ...]:
        """Partners in the order of their identifiers; `after`: those behind this one."""
        query = select(partners).where(partners.c.identifier > after).order_by(partners.c.identifier).limit(limit)
        with self._database.reading() as connection:
            return tuple(map(_partner, connection.execute(query)))

    def due(self, *, before: int, limit: int) -> tuple[Partner, ...]:
        """Active partners at whom nobody looked since `before`, whoever waits for longest first."""
        query = (
            select(partners)
            .where(partners.c.active.is_(True), partners.c.looked_at < before)
            .order_by(partners.c.looked_at, partners.c.identifier)
            .limit(limit)
        )
        with self._database.reading() as connection:
            return tuple(map(_partner, connection.execute(query)))

    def keep_seen(self, before: Partner, after: Partner) -> bool:
        """Keep what was seen of a partner, unless somebody else looked meanwhile; whether it was kept.

        A partner that is broken stays so.
        """
        changed = {name: value for name, value in asdict(after).items() if name in _SEEN}

        def work(connection: Connection) -> bool:
            found = connection.execute(
                update(partners)
                .where(
                    partners.c.identifier == before.identifier,
                    partners.c.looked_at == before.looked_at,
                    partners.c.heads == before.heads,
                    or_(partners.c.broken_since.is_(None), partners.c.broken_since == after.broken_since),
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

    def keep_party(self, connection: Connection, line: PartyLine) -> None:
        """Keep whether and where a party is a partner, in the transaction of the step that is about it.

        Whoever was one stays listed with what was seen of them, also when they rest, are removed or have no cockpit any more.
        """
        active = line.state is PartyState.REGISTERED and bool(line.cockpit_endpoint)
        changed: dict[str, object] = {"active": active, "country": line.country}
        if line.cockpit_endpoint:
            changed["cockpit_endpoint"] = line.cockpit_endpoint
        known = connection.execute(update(partners).where(partners.c.identifier == line.identifier).values(changed))
        if not known.rowcount and line.cockpit_endpoint:
            new = Partner(line.identifier, line.country, line.cockpit_endpoint, active)
            connection.execute(insert(partners), asdict(new))


def _partner(row: Row[tuple[object, ...]]) -> Partner:
    return Partner(**{field.name: getattr(row, field.name) for field in fields(Partner)})
