"""Erasing what is noted of a document, and what is written down of that outside of the database (docs/decisions/0066).

A line names a document by its conversation and type, and one of its forms. It names no person and no receipt: in an old copy
of the database other receipts may be the document's than those of the day on which it was erased.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from sqlalchemy import Connection, and_, delete, select, update

from capabilities.accounts.session import SignedIn
from issuer.credential_types import TYPE_ID
from issuer.database.issued import read_credential
from issuer.database.receipts import receipts_of
from issuer.database.tables import conversations, credentials, document_receipts, mandates, said_claims, wallet_watches
from issuer.records import IssuedCredential
from issuer.session.stages import CONVERSATION, Ended, Issuing, Session
from issuer.usage_records import DocumentReceipt
from protocol.sovereignty.usage import Action
from runtime.conversation import SessionKey

OLDEST_COPY = 366 * 86_400  # seconds: for so long at least a line stays, whatever ends before
_SAYS = f"{Action.ERASED}|{Action.KEPT}"
ERASED_FORM = re.compile(rf"([A-Za-z0-9_-]{{1,128}}) ({TYPE_ID}) ({TYPE_ID}) ({_SAYS})")


@dataclass(frozen=True, slots=True)
class ErasedForm:
    """A form of a document that was erased on demand."""

    session_id: str
    family: str
    configuration_id: str
    says: Action  # what stands in its log: `erased`, or `kept` where the register has the person

    @classmethod
    def from_line(cls, line: str) -> Self:
        """Read a line of the list.

        Raises:
            ValueError: it is none.
        """
        found = ERASED_FORM.fullmatch(line)
        if found is None:
            raise ValueError("this is no line of this list")
        session_id, family, configuration_id, says = found.groups()
        return cls(session_id, family, configuration_id, Action(says))

    def to_line(self) -> str:
        """The line."""
        return f"{self.session_id} {self.family} {self.configuration_id} {self.says}"

    @property
    def document(self) -> tuple[str, str]:
        """Which document it is a form of."""
        return self.session_id, self.family


def kept_until(connection: Connection, document: DocumentReceipt, now: int) -> int:
    """Until when a line stays: the logs of the document are over, and so is every copy that may still be restored."""
    logs = [one.log_until for one in receipts_of(connection, document.session_id, document.family)]
    return max([now + OLDEST_COPY, *logs])


def that_may_be_back(connection: Connection, erased: Sequence[ErasedForm]) -> list[ErasedForm]:
    """Those of which there are copies that name somebody, or whose conversation is there: it may give the document again."""
    of, keys = credentials.c, conversations.keys.c
    sessions = sorted({one.session_id for one in erased})
    named = select(of.session_id, of.configuration_id).where(of.session_id.in_(sessions), of.subject != "").distinct()
    back = {(row.session_id, row.configuration_id) for row in connection.execute(named)}
    digests = {SessionKey.of(CONVERSATION, one).digest: one for one in sessions}
    open_ones = select(keys.digest).where(keys.kind == CONVERSATION, keys.digest.in_(sorted(digests)))
    still_there = {digests[digest] for digest in connection.scalars(open_ones)}
    return [one for one in erased if (one.session_id, one.configuration_id) in back or one.session_id in still_there]


def gives(stage: Session | SignedIn | None, configuration_id: str) -> bool:
    """Whether a form can be had from a conversation as it stands. Of one without tokens nothing was had so far."""
    match stage:
        case None | Ended() | SignedIn():
            return False
        case Issuing():
            return configuration_id in stage.configuration_ids
        case _:
            return True


def copies_of(connection: Connection, erased: ErasedForm) -> list[IssuedCredential]:
    """The copies of a form that name somebody, in one order, so that two workers never wait for each other."""
    of = credentials.c
    theirs = and_(of.session_id == erased.session_id, of.configuration_id == erased.configuration_id, of.subject != "")
    rows = connection.execute(select(credentials).where(theirs).order_by(of.id).with_for_update())
    return [read_credential(row) for row in rows]


def erase_noted(
    connection: Connection, session_id: str, family: str, forms: Sequence[str]
) -> tuple[DocumentReceipt, ...]:
    """Erase what is noted of a document; its receipts, as they were.

    A copy stays as a number in its status list: without it, what was revoked would be valid again (T078).
    """
    of, watched, receipts = credentials.c, wallet_watches.c, document_receipts.c
    known = receipts_of(connection, session_id, family)
    theirs = and_(of.session_id == session_id, of.configuration_id.in_(forms))
    said = connection.scalars(select(of.said).where(theirs).distinct()).all()
    connection.execute(delete(said_claims).where(said_claims.c.id.in_(said)))
    connection.execute(update(credentials).where(theirs).values(subject="", holder_key="", said=""))
    connection.execute(
        delete(wallet_watches).where(watched.session_id == session_id, watched.configuration_id.in_(forms))
    )
    of_document = and_(receipts.session_id == session_id, receipts.family == family)
    connection.execute(delete(mandates).where(mandates.c.receipt.in_(select(receipts.receipt).where(of_document))))
    # The log of each receipt is still found by its key; whose it was, nobody knows any more
    connection.execute(update(document_receipts).where(of_document).values(subject="", is_latest=0))
    return tuple(known)
