"""What becomes of an answer while it is here: it is looked at, and it is forgotten. The log of its receipt says both."""

from __future__ import annotations

import hmac

from protocol.sovereignty.usage import Action
from runtime.conversation import Change, Event, SessionKey
from verifier.session import RESPONSE_CODE, Answered, Forgotten, Outcome, Session, began_in, no_request
from verifier.usage import By, erased


def forget(session: Session, owner: str, *, references: tuple[SessionKey, ...], now: int) -> Outcome:
    """Erase what an answer told (T261); twice is the same as once. Only the owner may.

    Raises:
        NotFound: somebody else's.
    """
    found = session.owner if isinstance(session, Forgotten) else session.asked.owner
    if not hmac.compare_digest(found, owner):
        raise no_request()
    return forgotten(session, references, now=now)


def forget_in_browser(session: Session, browser: str, *, references: tuple[SessionKey, ...], now: int) -> Outcome:
    """The same for the browser that began on our own page; `browser` is a digest.

    Raises:
        NotFound: begun in another browser, or by a program.
    """
    if not began_in(session, browser):
        raise no_request()
    return forgotten(session, references, now=now)


def forgotten(session: Session, references: tuple[SessionKey, ...], *, now: int) -> Outcome:
    """Drop all that a stage holds, for whoever may ask for it."""
    if isinstance(session, Forgotten):
        return Change(session)
    asked = session.asked
    drop = references
    if isinstance(session, Answered) and session.response_code:
        drop = (*drop, SessionKey(RESPONSE_CODE, session.response_code))
    return Change(
        Forgotten(asked.id, asked.owner, asked.browser),
        drop=drop,
        records=erased(session.logged, now=now) if isinstance(session, Answered) else (),
        events=(Event("request forgotten", asked.id),),
    )


def look(session: Session, by: By, *, now: int) -> Outcome:
    """Read what was disclosed; whoever's answer has a receipt finds that it was looked at. What is gone has no values."""
    if isinstance(session, Answered) and session.logged is not None:
        return Change(session, records=session.logged.use(Action.VIEWED, by, now=now))
    return Change(session)
