"""Requests about rights in SQL: what is noted of the document of a receipt, and how it goes in the transaction of a step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from sqlalchemy import Connection, delete, select

from capabilities.accounts.session import SignedIn
from capabilities.cockpit.clerks import who_got_it
from capabilities.cockpit.database.rights import SqlRights
from capabilities.cockpit.erase_list import EraseList
from capabilities.usage_log.database.store import SqlUsageLog
from capabilities.usage_log.records import Used
from issuer.database import outdated
from issuer.database.erased import ErasedForm, copies_of, erase_noted, gives, kept_until, that_may_be_back
from issuer.database.issued import read_credential
from issuer.database.receipts import find_receipt
from issuer.database.tables import attached_files, cockpit_tables, credentials, offers
from issuer.records import CredentialState, IssuedCredential, Record, StateChanged
from issuer.rights import Copy, Erase, Holding, LookAgain, RightsRecord
from issuer.session.stages import CONVERSATION, ERASED, Outcome, Session
from issuer.session.tokens import end_configurations
from issuer.usage import ERASED_AGAIN, ERASED_PART_AGAIN, why_state
from issuer.usage_records import DocumentReceipt, What
from protocol.errors import NotFound
from protocol.sovereignty.usage import Action
from runtime.conversation import Advance, Event, SessionKey
from runtime.database.conversations import SqlConversations
from runtime.database.engine import Database

ACTOR = "rights request"
AGAIN = "it was erased before"
MAX_COPIES = 1000  # of one conversation that are told, the newest; whether a document is valid hangs on no older one


class SqlIssuerRights(SqlRights[Holding, RightsRecord]):
    """The requests about documents.

    `change` moves a copy to another state, with its status list; `erased` knows of every erasure before it is done.
    """

    def __init__(
        self,
        database: Database,
        usage: SqlUsageLog,
        now: Callable[[], int],
        *,
        conversations: SqlConversations[Session | SignedIn, Record],
        change: Callable[[Connection, StateChanged, int], None],
        erased: EraseList | None,
    ) -> None:
        tables = cockpit_tables
        super().__init__(
            database,
            tables.rights,
            tables.rights_files,
            tables.receipts,
            attached_files,
            look=self._hold,
            keep=self._carry_out,
        )
        self._usage = usage
        self._now = now
        self._conversations = conversations
        self._change = change
        self._erased = erased

    def _hold(self, connection: Connection, receipt: str) -> Holding:
        """What is noted of the document of a receipt; no copy of it comes until this transaction ends."""
        document = find_receipt(connection, receipt)
        uses = self._usage.uses(connection, receipt)
        recipients, untold = who_got_it(uses)
        attached = self.attached.of(connection, receipt)
        if document is None or not document.subject:
            # Whose it was nobody knows any more, so the register cannot be asked; the log still says what it did
            ends = [use.action for use in uses if use.action in (Action.ERASED, Action.KEPT)]
            was_kept = ends[-1:] == [Action.KEPT]
            return Holding(untold=untold, recipients=recipients, attached=attached, was_kept=was_kept)
        self._conversations.lock(connection, SessionKey.of(CONVERSATION, document.session_id))
        of = credentials.c
        rows = connection.execute(
            select(credentials)
            .where(of.session_id == document.session_id)
            .order_by(of.expires_at.desc(), of.id)
            .limit(MAX_COPIES)
        )
        copies = [_copy(read_credential(row)) for row in rows]
        return Holding(document, tuple(copies), untold, recipients, attached=attached)

    def _carry_out(self, connection: Connection, records: Sequence[RightsRecord]) -> None:
        self._usage.write(connection, [record for record in records if isinstance(record, Used)])
        for record in records:
            match record:
                case Erase():
                    self._erase_on_demand(connection, record)
                case LookAgain():
                    outdated.note_changes(connection, (record.subject,), due_at=self._now(), actor=ACTOR)
                case Event():
                    self._conversations.trail(connection, record)

    def erase_again(self, *, by: str, now: int) -> int:
        """Erase what is here although it was erased: an old copy of the database was restored, or a machine stopped in between.

        A copy that such a database holds to be valid is revoked first, so that no document is left that nobody can end. How
        many documents that were; `by` is what the log calls us.
        """
        if self._erased is None:
            return 0

        def erase(lines: Sequence[str]) -> int:
            known = [ErasedForm.from_line(line) for line in lines]
            with self._database.reading() as connection:
                may_be_back = that_may_be_back(connection, known)
            again = partial(self._erase_again, by=by, now=now)
            back = [one for one in may_be_back if self._database.write(partial(again, erased=one))]
            return len({one.document for one in back})

        return self._erased.erase_again(erase, now=now)

    def _erase_again(self, connection: Connection, erased: ErasedForm, by: str, now: int) -> bool:
        stage = self._conversations.locked(connection, SessionKey.of(CONVERSATION, erased.session_id))
        copies = copies_of(connection, erased)
        if not copies and not gives(stage, erased.configuration_id):
            return False
        told = [What(erased.says, by, ERASED_AGAIN if erased.says is Action.ERASED else ERASED_PART_AGAIN)]
        alive = [copy for copy in copies if not _copy(copy).is_over(now)]
        for copy in alive:
            self._change(connection, StateChanged(copy.id, CredentialState.REVOKED), now)
        if alive:
            told.insert(0, What(Action.DECIDED, by, why_state(CredentialState.REVOKED, "")))
            ended = Event(f"credential {CredentialState.REVOKED}", alive[0].id, actor=ACTOR, detail=AGAIN)
            self._conversations.trail(connection, ended)
        self._conversations.trail(connection, Event("erased again", erased.session_id, actor=ACTOR))
        receipts = self._erase(connection, erased.session_id, erased.family, (erased.configuration_id,))
        named = [one for one in receipts if one.subject and one.log_until > now]
        self._usage.write(connection, [use for one in named for what in told for use in one.uses(what, now=now)])
        return True

    def _erase_on_demand(self, connection: Connection, what: Erase) -> None:
        self.forget_answers(connection, what.receipt)
        document = find_receipt(connection, what.receipt)
        # Whatever its conversation gave after it was erased is nobody's to erase by the old receipt
        if document is None or not document.subject:
            return
        if self._erased is not None:
            says = Action.KEPT if what.in_register else Action.ERASED
            forms = [ErasedForm(document.session_id, document.family, form, says) for form in what.forms]
            until = kept_until(connection, document, self._now())
            # Before it is done: what is not done then is done when this starts again, and never the other way round
            self._erased.note([form.to_line() for form in forms], until)
        self._erase(connection, document.session_id, document.family, what.forms)

    def _erase(
        self, connection: Connection, session_id: str, family: str, forms: Sequence[str]
    ) -> tuple[DocumentReceipt, ...]:
        """Erase a document; its receipts, as they were."""
        receipts = erase_noted(connection, session_id, family, forms)
        for receipt in receipts:
            self.forget_answers(connection, receipt.receipt)
        key = SessionKey.of(CONVERSATION, session_id)

        def give_no_more(stage: Session) -> Outcome:
            return end_configurations(stage, frozenset(forms), ERASED, ACTOR)

        others = select(credentials.c.id).where(credentials.c.session_id == session_id, credentials.c.subject != "")
        if connection.scalar(others.limit(1)) is None:
            # With its last document the conversation goes, and the token by which another copy could be had
            connection.execute(delete(offers).where(offers.c.id == session_id))
            self._conversations.forget(connection, key)
        else:
            self._conversations.step(connection, Advance(key, give_no_more, NotFound("this conversation is over")))
        return receipts


def _copy(one: IssuedCredential) -> Copy:
    return Copy(one.id, one.configuration_id, one.issued_at, one.expires_at, one.state)
