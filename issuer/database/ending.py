"""Moving credentials to another state, with their status lists; what ends is written down where an old copy does not reach."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from sqlalchemy import Connection, Row, bindparam, exists, select, update

from capabilities.status_publisher.database import SqlStatusLists
from capabilities.status_publisher.policy import next_state
from issuer.database.ended_list import AT_ONCE, Ended, EndedList, Ends
from issuer.database.issued import conversation_of, read_credential
from issuer.database.tables import credentials
from issuer.policy import Reason
from issuer.records import CredentialState, IssuedCredential, Record, StateChanged
from issuer.session.stages import CONVERSATION, Outcome, Session
from issuer.session.tokens import end_again
from protocol.errors import NotFound
from protocol.keys import RandomBytes
from runtime.conversation import Advance, Event, SessionKey
from runtime.database.engine import Database

ACTOR = "ended list"

_of = credentials.c
_REVOKED = str(CredentialState.REVOKED)
# All copies of what a person sees as one credential, renewed ones included: one conversation issued them
COPIES = select(credentials).where(
    credentials.c.session_id == bindparam("session_id"),
    credentials.c.configuration_id == bindparam("configuration_id"),
)
_SET_STATE = update(credentials).where(_of.id == bindparam("credential")).values(state=bindparam("new_state"))
_ENDING = (_of.id, _of.session_id, _of.configuration_id, _of.status_list, _of.status_index, _of.expires_at)
_FIND = select(*_ENDING).where(_of.id == bindparam("credential"))
_GONE = NotFound("this conversation is over")

ChangeState = Callable[[StateChanged], None]  # in the same transaction, with the status list
Step = Callable[[Connection, Advance[Session, Record]], object]
_Row = Row[str, str, str, str, int, int]
Document = tuple[str, str]  # conversation, configuration


class SqlEnding:
    """What of an issuer's store moves credentials. Without a list nothing is written down. `lock` is that of conversations."""

    def __init__(
        self, status_lists: SqlStatusLists, ended: EndedList | None, lock: Callable[[Connection, SessionKey], None]
    ) -> None:
        self.status_lists = status_lists
        self.ended = ended
        self._lock = lock

    @contextmanager
    def moving(self, connection: Connection, now: int, ends: Ends) -> Iterator[ChangeState]:
        """Move some credentials within a transaction; it has to be the last that can go wrong there but the commit itself.

        Raises:
            Unavailable: what ends cannot be written down, so that nothing may end.
        """
        ending: list[Ended] = []

        def change(one: StateChanged) -> None:
            row = self.move(connection, one, now)
            if row is not None and one.state is CredentialState.REVOKED:
                ending.append(_ended(ends, row))

        yield change
        if self.ended is not None and ending:
            self.ended.note(ending)

    def move_document(
        self,
        connection: Connection,
        credential_id: str,
        wanted: CredentialState,
        now: int,
        ends: Ends,
    ) -> tuple[IssuedCredential, bool]:
        """Move a credential with its copies (T080); what it is then, and whether anything moved.

        Raises:
            NotFound: no such credential.
            Conflict: it is revoked, and stays so.
            Unavailable: see `moving`.
        """
        row = connection.execute(select(credentials).where(_of.id == credential_id)).first()
        if row is None:
            raise NotFound("no such credential")
        # Copies that are being issued now have to wait, and then see the new state
        self._lock(connection, SessionKey.of(CONVERSATION, row.session_id))
        # In one order, so that two clerks never wait for each other
        copies = COPIES.order_by(_of.id).with_for_update()
        found = tuple(map(read_credential, connection.execute(copies, conversation_of(read_credential(row)))))
        # A copy that was replaced is revoked on its own, and stays so
        live = [copy for copy in found if copy.state is not CredentialState.REVOKED]
        state = next_state(live[0].state if live else CredentialState.REVOKED, wanted)
        moved = [copy for copy in live if copy.state is not state]
        with self.moving(connection, now, ends) as move:
            for copy in moved:
                move(StateChanged(copy.id, state))
        [named] = [copy for copy in found if copy.id == credential_id]
        return (replace(named, state=state) if named in live else named), bool(moved)

    def move(self, connection: Connection, one: StateChanged, now: int) -> _Row | None:
        """Move one, and its list on, without writing anything down elsewhere; which it is."""
        row = connection.execute(_FIND, {"credential": one.credential_id}).first()
        if row is not None:
            connection.execute(_SET_STATE, {"credential": one.credential_id, "new_state": str(one.state)})
            self.status_lists.move_on(connection, row.status_list, now)
        return row


class EndedAgain:
    """What an issuer does at its start with the list of what ended."""

    def __init__(
        self,
        database: Database,
        moving: SqlEnding,
        *,
        step: Step,
        trail: Callable[[Connection, Event], None],
        log: Callable[[Connection, Sequence[Document]], None],
        families: Mapping[str, str],
        random_bytes: RandomBytes,
    ) -> None:
        """`log` writes into the logs of documents; `families`: configuration → document that it is a form of."""
        self._database = database
        self._moving = moving
        self._step = step
        self._trail = trail
        self._log = log
        self._families = families
        self._random_bytes = random_bytes

    def run(self, ended: EndedList, now: int) -> int:
        """End what is in force although it ended; how many credentials and places that were."""
        ended.lasting.forget_before(now)
        if not ended.is_whole():
            self._write_whole(ended, now)
        self._moving.status_lists.go_on(ended, random_bytes=self._random_bytes, now=now)
        return sum(self._database.write(partial(self._end, ended=some, now=now)) for some in ended.portions())

    def _write_whole(self, ended: EndedList, now: int) -> None:
        """Write down what an older program ended, and how far it handed out places."""
        other = credentials.alias("other")
        alive = exists().where(
            other.c.session_id == _of.session_id,
            other.c.configuration_id == _of.configuration_id,
            other.c.state != _REVOKED,
        )
        query = select(*_ENDING, alive.label("goes_on")).where(_of.state == _REVOKED, _of.expires_at > now)
        last = ""
        while True:
            with self._database.reading() as connection:
                rows = connection.execute(query.where(_of.id > last).order_by(_of.id).limit(AT_ONCE)).all()
            if not rows:
                break
            ended.note([_ended(Ends.COPY if row.goes_on else Ends.DOCUMENT, row) for row in rows])
            last = rows[-1].id
        self._moving.status_lists.write_down(ended, now)
        ended.note_whole(now)

    def _end(self, connection: Connection, ended: Sequence[Ended], now: int) -> int:
        """End what of some is in force here. A place of which nothing is known is voided, so that nobody takes it for valid."""
        query = select(*_ENDING, _of.state).where(_of.id.in_([one.credential_id for one in ended]))
        rows = {row.id: row for row in connection.execute(query)}
        alive = [one for one in ended if one.credential_id in rows and rows[one.credential_id].state != _REVOKED]
        unknown = [one for one in ended if one.credential_id not in rows]
        over: dict[Document, str] = {}
        for one in alive:
            row = rows[one.credential_id]
            over.setdefault((row.session_id, row.configuration_id), one.credential_id)
        # First the conversations, in the order in which everybody takes their locks
        for one in sorted((*alive, *unknown), key=lambda one: one.session_id):
            if one.ends is not Ends.COPY:
                known = rows.get(one.credential_id)
                self._end_tokens(connection, one, "" if known is None else known.configuration_id)
        for one in alive:
            self._moving.move(connection, StateChanged(one.credential_id, CredentialState.REVOKED), now)
        lists = self._moving.status_lists
        voided = [one for one in unknown if lists.void(connection, one.status_list, one.status_index, now)]
        for credential_id in over.values():
            event = Event(f"credential {_REVOKED}", credential_id, actor=ACTOR, detail=str(Reason.ENDED_BEFORE))
            self._trail(connection, event)
        self._log(connection, [document for document in over if self._is_over(connection, document)])
        return len(alive) + len(voided)

    def _is_over(self, connection: Connection, document: Document) -> bool:
        """Whether no copy of a document is left."""
        session_id, configuration_id = document
        left = select(_of.id).where(
            _of.session_id == session_id, _of.configuration_id == configuration_id, _of.state != _REVOKED
        )
        return connection.scalar(left.limit(1)) is None

    def _end_tokens(self, connection: Connection, one: Ended, configuration_id: str) -> None:
        """End the tokens, for a document in all its forms or for everything; without configuration: for everything."""
        kin: frozenset[str] = frozenset()
        if one.ends is Ends.DOCUMENT and configuration_id:
            family = self._families.get(configuration_id, configuration_id)
            kin = frozenset([configuration_id, *[name for name, own in self._families.items() if own == family]])

        def step(session: Session) -> Outcome:
            return end_again(session, kin, ACTOR)

        self._step(connection, Advance(SessionKey.of(CONVERSATION, one.session_id), step, _GONE))


def _ended(ends: Ends, row: _Row) -> Ended:
    return Ended(ends, row.id, row.session_id, row.status_list, row.status_index, row.expires_at)
