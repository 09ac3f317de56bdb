"""Beginning a service from the wallet: what it answered belongs to the browser that it leads to, whichever that is."""

from __future__ import annotations

from dataclasses import replace

from runtime.conversation import Change, SessionKey
from verifier.session import Answered, Declined, Outcome, Session, no_request


def began_at_wallet(session: Session, back: str) -> bool:
    """Whether a wallet began it at the address of a service, whose page to lead back to is `back`."""
    if not isinstance(session, Answered | Declined):
        return False
    asked = session.asked
    return not (asked.owner or asked.browser or asked.counter) and asked.redirect_uri == back


def adopt(session: Session, code: SessionKey, browser: str, back: str, *, now: int) -> Outcome:
    """Give an answer to the browser that came back from the wallet with its response code, once.

    No browser began; only the wallet that answered was told the code, so whoever comes with it was sent by that wallet (T183).
    `browser` is a digest.

    Raises:
        NotFound: it was begun in another way, used before, or its time is over.
    """
    if isinstance(session, Answered | Declined) and began_at_wallet(session, back):
        asked = replace(session.asked, browser=browser)
        if isinstance(session, Declined):
            return Change(replace(session, asked=asked), drop=(code,))
        if now < session.keep_until:
            return Change(replace(session, asked=asked, collected=True), drop=(code,))
    raise no_request()
