"""A clerk at the desk: signed in, still there, gone. Nothing of the role is done here, only who may do it.

SignedIn ──stay──► SignedIn ──sign_out──► (found by nobody any more)
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from protocol.errors import Conflict, ProtocolError
from runtime.conversation import Change, Event, SessionKey, Spend

DESK = "desk session"
SEEN_SECONDS = 60  # being there is written down once a minute, not at every page


class NotSignedIn(ProtocolError):
    """Nobody is signed in with this browser, or no longer."""

    code = "access_denied"
    status = 403


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A clerk whose browser holds the secret that this session is found by."""

    id: str
    clerk: str  # name
    code: str  # digest of the sign-in code; when it is revoked, the session is worth nothing
    seen_at: int  # epoch seconds
    ends_at: int  # epoch seconds; nobody stays longer


def check_still_there(session: object, *, now: int, idle: int) -> SignedIn:
    """The session, if it has not ended by itself; `idle`: seconds that a clerk may be away.

    Raises:
        NotSignedIn: it has, or it is another kind of conversation.
    """
    if not isinstance(session, SignedIn) or now >= min(session.ends_at, session.seen_at + idle):
        raise NotSignedIn("you are not signed in, or no longer")
    return session


def stay(session: object, *, now: int, idle: int) -> Change[SignedIn, object]:
    """Note that the clerk is there.

    Raises:
        NotSignedIn: the session has ended.
    """
    there = check_still_there(session, now=now, idle=idle)
    return Change(replace(there, seen_at=max(now, there.seen_at)))


def use_once(session: object, form: str, *, now: int, idle: int) -> Change[SignedIn, object]:
    """Let a form of the desk count once, in however many tabs and by however many clicks it is sent.

    Raises:
        NotSignedIn: the session has ended.
        Conflict: it was sent before.
    """
    there = check_still_there(session, now=now, idle=idle)
    used = Conflict("this form was sent before")
    return Change(there, spend=(Spend(SessionKey.of("desk form", f"{there.id} {form}"), there.ends_at, used),))


def sign_out(session: object, key: SessionKey, *, now: int) -> Change[object, object]:
    """End a session: no browser finds it any more, whatever cookie it kept."""
    events = (Event("clerk signed out", session.id, actor=session.clerk),) if isinstance(session, SignedIn) else ()
    return Change(session, drop=(key,), events=events, expires_at=now)
