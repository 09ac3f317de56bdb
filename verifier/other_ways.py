"""Steps of a request that is answered in another way than by its code: through the browser of its page, or in person."""

from __future__ import annotations

from dataclasses import replace

from runtime.conversation import Change, Event
from verifier.session import (
    Awaited,
    MeetingTerms,
    Opened,
    Outcome,
    PageTerms,
    Requested,
    Session,
    began_in,
    no_request,
    not_open,
    waiting,
)


def ask_on_page(session: Session, page: PageTerms, browser: str, *, now: int) -> Outcome:
    """Let the page that began ask through its browser, in place of what an earlier view of it asked; `browser` is a digest.

    The code stays good: whichever is answered first counts.

    Raises:
        NotFound: begun in another browser, opened by a wallet, answered, or over.
    """
    if began_in(session, browser) and isinstance(session, Requested) and now < session.asked.expires_at:
        return Change(replace(session, terms=replace(session.terms, page=page)))
    raise no_request()


def waiting_on_page(session: Session, browser: str, *, now: int) -> tuple[Awaited, PageTerms]:
    """The request, if an answer may still come through the browser of the page that began.

    Raises:
        InvalidRequest: begun in another browser, never asked on a page, or as `waiting` says.
    """
    stage = waiting(session, now=now)
    if not began_in(stage, browser) or stage.terms.page is None:
        raise not_open()
    return stage, stage.terms.page


def meet(session: Session, meeting: MeetingTerms, browser: str, *, now: int) -> Outcome:
    """Ask the wallet whose code the page that began has read, in place of one that was met before; `browser` is a digest.

    Our own code stays good: whichever is answered first counts.

    Raises:
        NotFound: begun in another browser, answered, or over.
    """
    if began_in(session, browser) and isinstance(session, Requested | Opened) and now < session.asked.expires_at:
        met = replace(session.terms, meeting=meeting)
        return Change(replace(session, terms=met), events=(Event("met in person", session.asked.id),))
    raise no_request()


def note_relayed(session: Session, meeting: MeetingTerms, *, relayed: bool) -> Outcome:
    """Note whether the answer of a meeting is awaited at a relay; where another wallet was met since, nothing changes."""
    if isinstance(session, Requested | Opened) and session.terms.meeting == meeting:
        return Change(replace(session, terms=replace(session.terms, meeting=replace(meeting, relayed=relayed))))
    return Change(session)


def waiting_in_meeting(session: Session, browser: str, *, now: int) -> tuple[Awaited, MeetingTerms]:
    """The request, if an answer may still come from the wallet that was met; `browser` is a digest.

    Raises:
        InvalidRequest: begun in another browser, nobody was met, or as `waiting` says.
    """
    stage = waiting(session, now=now)
    if not began_in(stage, browser) or stage.terms.meeting is None:
        raise not_open()
    return stage, stage.terms.meeting
