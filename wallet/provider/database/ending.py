"""What a wallet provider does at its start with the list of wallets that it blocked: what came back is blocked again."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Protocol

from sqlalchemy import Connection, select

from capabilities.status_publisher.database import SqlStatusLists
from protocol.errors import NotFound, ProtocolError
from protocol.exchange import Exchange, run
from protocol.keys import RandomBytes
from protocol.wallet_unit.errors import EnrolmentRequired
from runtime.conversation import Advance, Begin, Load, advance, begin, load
from runtime.database.engine import Database
from wallet.provider.database.ended_list import AT_ONCE, BlockedWallet, BlockedWallets, EndedPlace
from wallet.provider.database.tables import attestations, units
from wallet.provider.records import NEVER, UnitState
from wallet.provider.session import Active, Invited, Revoked, block_unknown, revoke, unit_key

ACTOR = "ended list"
_GONE = NotFound("nothing is known of this wallet")
_of = attestations.c


class Sessions(Protocol):
    """What of a store leads to the sessions of wallets."""

    def load(self, effect: Load) -> object:
        """See `ConversationStore.load`."""

    def commit(
        self, effects: Sequence[Advance[object, object] | Begin[object, object]]
    ) -> list[object | ProtocolError]:
        """See `ConversationStore.commit`."""


class BlockedAgain:
    """Blocks what is vouched for although it was blocked, before anything is published."""

    def __init__(
        self, database: Database, sessions: Sessions, status_lists: SqlStatusLists, random_bytes: RandomBytes
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._lists = status_lists
        self._random_bytes = random_bytes

    def run(self, blocked: BlockedWallets, now: int) -> int:
        """Block and end it again, and go on where places were; how many wallets and places that were."""
        blocked.lasting.forget_before(now)
        if not blocked.is_whole():
            self._write_whole(blocked, now)
        self._lists.go_on(blocked, random_bytes=self._random_bytes, now=now)
        wallets = sum(map(self._block, dict.fromkeys(blocked.wallets())))
        return wallets + sum(self._database.write(partial(self._end, ended=some, now=now)) for some in blocked.ended())

    def _write_whole(self, blocked: BlockedWallets, now: int) -> None:
        """Write down what an older program blocked, and how far it handed out places."""
        of_wallets = (
            select(units.c.id, units.c.seen_at).where(units.c.state == str(UnitState.REVOKED)).order_by(units.c.id)
        )
        last = ""
        while True:
            with self._database.reading() as connection:
                rows = connection.execute(of_wallets.where(units.c.id > last).limit(AT_ONCE)).all()
                theirs = select(_of.unit, _of.status_list, _of.status_index, _of.status_until).where(
                    _of.unit.in_([row.id for row in rows]), _of.status_until > now
                )
                found = connection.execute(theirs).all()
            if not rows:
                break
            for row in rows:
                places = [
                    EndedPlace(one.status_list, one.status_index, one.status_until)
                    for one in found
                    if one.unit == row.id
                ]
                blocked.note(BlockedWallet(row.id, row.seen_at), places)
            last = rows[-1].id
        self._lists.write_down(blocked, now)
        blocked.note_whole(now)

    def _block(self, one: BlockedWallet) -> bool:
        """One wallet, and whether it was not blocked here. Another worker that starts at this moment may be first."""
        try:
            return run(_block(one), self._perform)
        except EnrolmentRequired:
            return False

    def _perform(self, effect: object) -> object:
        match effect:
            case Load():
                return self._sessions.load(effect)
            case Advance() | Begin():
                [outcome] = self._sessions.commit([effect])
                if isinstance(outcome, ProtocolError):
                    raise outcome
                return outcome
            case _:
                raise TypeError(f"an effect that a start does not have: {type(effect).__name__}")

    def _end(self, connection: Connection, ended: Sequence[EndedPlace], now: int) -> int:
        """Void the places of which nothing is known here; those that are known ended with their wallet."""
        return sum(self._lists.void(connection, one.status_list, one.status_index, now) for one in dict.fromkeys(ended))


def _block(one: BlockedWallet) -> Exchange[bool]:
    """What is not known here is blocked too, so that it cannot register once more."""
    key = unit_key(one.unit)
    try:
        known = yield from load(key, _GONE, (Invited, Active, Revoked))
    except NotFound:
        yield from begin(block_unknown(one.unit, ACTOR, one.at), NEVER)
        return True
    if isinstance(known, Revoked):
        return False
    yield from advance(key, partial(revoke, actor=ACTOR, reason="", now=one.at), _GONE)
    return True
