"""What becomes of an answer while it is here: it is looked at, and it is forgotten. The log of its receipt says both."""

from __future__ import annotations

import hmac
from dataclasses import replace

from protocol.encoding import read_json_object
from protocol.fields import Fields
from protocol.sovereignty.receipt import Receipt
from protocol.sovereignty.usage import Action
from protocol.sovereignty.wording import Wording
from runtime.conversation import Change, Event, SessionKey
from verifier.session import RECEIPT, RESPONSE_CODE, Answered, Forgotten, Outcome, Session, began_in, no_request
from verifier.usage import EARLIER, ON_DEMAND, By, Gone, erased


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


def hand_over(session: Session, browser: str, *, references: tuple[SessionKey, ...], now: int) -> Outcome:
    """Keep an answer no longer here, because it stands in a form now: nothing is erased, and its log goes on there.

    `browser` is a digest.

    Raises:
        NotFound: begun in another browser, or by a program.
    """
    return replace(forget_in_browser(session, browser, references=references, now=now), records=())


def forgotten(session: Session, references: tuple[SessionKey, ...], *, now: int, why: Wording = EARLIER) -> Outcome:
    """Drop all that a stage holds, for whoever may ask for it."""
    if isinstance(session, Forgotten):
        return Change(session)
    asked = session.asked
    drop = references
    if isinstance(session, Answered) and session.response_code:
        drop = (*drop, SessionKey(RESPONSE_CODE, session.response_code))
    if isinstance(session, Answered) and session.logged is not None:
        drop = (*drop, SessionKey.of(RECEIPT, session.logged.receipt))
    return Change(
        Forgotten(asked.id, asked.owner, asked.browser),
        drop=drop,
        records=gone(session, now=now, why=why) if isinstance(session, Answered) else (),
        events=(Event("request forgotten", asked.id),),
    )


def erase_on_demand(session: Session, *, now: int) -> Outcome:
    """Erase what an answer told because whoever gave it asked for that (GDPR Art. 17), wherever it was."""
    logged = session.logged if isinstance(session, Answered) else None
    return replace(forgotten(session, (), now=now), records=erased(logged, now=now, why=ON_DEMAND))


def gone(answered: Answered, *, now: int, why: Wording) -> tuple[Gone, ...]:
    """That an answer is here no more, for the log of its receipt."""
    if answered.logged is None:
        return ()
    return (Gone(answered.logged, _gone_everywhere(answered), now, why),)


def _gone_everywhere(answered: Answered) -> int | None:
    """When nobody has an answer any more, by its receipt; 0: as soon as it is not here. None: an event decides."""
    if not answered.receipt:
        return 0  # it came before what was told was kept with it
    receipt = Receipt.from_fields(Fields(read_json_object(answered.receipt.encode(), "receipt"), "receipt"))
    ends = receipt.retention.ends(receipt.issued_at)
    # Whoever said nothing else keeps it nowhere but here
    return 0 if ends is not None and ends <= answered.keep_until else ends


def restrict_on_demand(session: Session, *, lifted: bool, now: int) -> Outcome:
    """Read what an answer told no more, or again, because whoever gave it asked for that (GDPR Art. 18)."""
    if not isinstance(session, Answered) or session.restricted is not lifted:
        return Change(session)
    logged = session.logged
    used = () if lifted or logged is None else logged.use(Action.RESTRICTED, By.SERVICE, now=now, why=ON_DEMAND)
    event = Event("restriction lifted" if lifted else "answer restricted", session.asked.id)
    return Change(replace(session, restricted=not lifted), records=used, events=(event,))


def look(session: Session, by: By, *, now: int) -> Outcome:
    """Read what was disclosed; whoever's answer has a receipt finds that it was looked at.

    What is gone has no values, and what is restricted shows none.
    """
    if isinstance(session, Answered) and session.logged is not None and not session.restricted:
        return Change(session, records=session.logged.use(Action.VIEWED, by, now=now))
    return Change(session)


def shows_to_browser(session: Session) -> bool:
    """Whether the page that began may show what was disclosed: on the same device only once the code came back (T183).

    Else somebody could begin on their own screen, have another person answer, and read that person's data.
    """
    return isinstance(session, Answered) and (session.collected or not session.response_code)


def shows_to_owner(session: Session, response_code: str) -> bool:
    """Whether a program may read the answer: where the wallet leads back to its own page, only with the code from there.

    `response_code` is a digest, or empty.

    Raises:
        NotFound: another code.
    """
    if not isinstance(session, Answered):
        return False
    if response_code and not hmac.compare_digest(session.response_code, response_code):
        raise no_request()
    return bool(response_code) or not (session.asked.redirect_uri and session.response_code)
