"""Steps of a request that is answered in another way than by its code: through the browser of its page, or in person."""

from __future__ import annotations

import hmac
from dataclasses import replace
from typing import NamedTuple

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


class Asker(NamedTuple):
    """Who meets somebody: the browser that began on our page, or the program that made the request. Both are digests."""

    browser: str = ""
    owner: str = ""

    def began(self, stage: Awaited) -> bool:
        """Whether the request is theirs."""
        own = bool(self.owner) and hmac.compare_digest(stage.asked.owner, self.owner)
        return own or began_in(stage, self.browser)


def meet(session: Session, meeting: MeetingTerms, asker: Asker, *, now: int) -> Outcome:
    """Ask the wallet whose code whoever began has read, in place of one that was met before.

    Our own code stays good: whichever is answered first counts.

    Raises:
        NotFound: somebody else's, answered, or over.
    """
    if isinstance(session, Requested | Opened) and asker.began(session) and now < session.asked.expires_at:
        met = replace(session.terms, meeting=meeting)
        return Change(replace(session, terms=met), events=(Event("met in person", session.asked.id),))
    raise no_request()


def note_relayed(session: Session, meeting: MeetingTerms, *, relayed: bool) -> Outcome:
    """Note whether the answer of a meeting is awaited at a relay; where another wallet was met since, nothing changes."""
    if isinstance(session, Requested | Opened) and session.terms.meeting == meeting:
        return Change(replace(session, terms=replace(session.terms, meeting=replace(meeting, relayed=relayed))))
    return Change(session)


def waiting_in_meeting(session: Session, asker: Asker, *, now: int) -> tuple[Awaited, MeetingTerms]:
    """The request, if an answer may still come from the wallet that was met.

    Raises:
        InvalidRequest: somebody else's, nobody was met, or as `waiting` says.
    """
    stage = waiting(session, now=now)
    if not asker.began(stage) or stage.terms.meeting is None:
        raise not_open()
    return stage, stage.terms.meeting
