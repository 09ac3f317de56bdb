"""The conversation of a verifier: from a request to a verdict, as stages and pure steps.

    Requested ─► Opened ─► Answered ─► Forgotten
        └───────────┴────► Declined

Personal data stands in one field, `Answered.disclosed`, sealed; forgetting drops the stage that holds it.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from protocol.errors import InvalidRequest, NotFound
from runtime.conversation import Change, Event, SessionKey
from verifier.records import Record

REQUEST = "request"  # the id in our API
REQUEST_URI = "request_uri"
STATE = "state"
RESPONSE_CODE = "response_code"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked, by whom and how: fixed when the request is made."""

    id: str
    owner: str  # digest of the API key that made it; empty: made on our own page
    use_case: str  # empty: a query given by hand
    dcql_query: str  # JSON text, as it is sent
    nonce: str
    state: str
    response_mode: str  # direct_post or direct_post.jwt
    client_id_prefix: str
    encryption_key: str  # the sealed private key of this request, base64; empty: no encryption
    browser: str  # digest of the cookie of the browser that began; empty: answers across devices through the API only
    same_device: bool
    created_at: int  # epoch seconds
    expires_at: int


@dataclass(frozen=True, slots=True)
class Requested:
    """Nobody has opened the request yet."""

    asked: Asked


@dataclass(frozen=True, slots=True)
class Opened:
    """A wallet fetched the request object; it may do so again."""

    asked: Asked
    opened_at: int


@dataclass(frozen=True, slots=True)
class Line:
    """One check of the verdict; `passed` is None where it could not be reached any more."""

    check: str  # authentic, holder_bound, this_request, trusted_issuer, valid_now, status, query_complete
    passed: bool | None
    reason: str  # empty if it passed


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found: accepted only if every line passed."""

    accepted: bool
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer was checked; there will be no second one."""

    asked: Asked
    answered_at: int
    verdict: Verdict
    disclosed: str  # sealed JSON: query id → list of claim objects, only what was asked; empty if not accepted
    response_code: str  # digest; empty: across devices
    collected: bool  # the response code was used
    keep_until: int  # epoch seconds


@dataclass(frozen=True, slots=True)
class Declined:
    """The wallet answered with an error."""

    asked: Asked
    declined_at: int
    error: str  # a code of OID4VP 1.0 §8.5, else "other"
    response_code: str  # digest; empty: across devices


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Its data is gone; the id stays known until it expires."""

    asked_id: str
    owner: str


Session = Requested | Opened | Answered | Declined | Forgotten
Outcome = Change[Session, Record]


def open_request(session: Session, *, now: int) -> Outcome:
    """Hand out the request object; as often as the wallet asks, until it is answered or expires (T185).

    Raises:
        NotFound: answered, declined, forgotten or expired.
    """
    if isinstance(session, Requested) and now < session.asked.expires_at:
        return Change(Opened(session.asked, now), events=(Event("request opened", session.asked.id),))
    if isinstance(session, Opened) and now < session.asked.expires_at:
        return Change(session)
    raise NotFound("this request is not open, or no longer")


def waiting(session: Session, *, now: int) -> Asked:
    """The request, if an answer may still come.

    Raises:
        InvalidRequest: answered, declined, forgotten or expired: all look the same (T178).
    """
    if isinstance(session, Requested | Opened) and now < session.asked.expires_at:
        return session.asked
    raise InvalidRequest("this request is not open, or no longer")


def answer(
    session: Session, verdict: Verdict, disclosed: str, *, response_code: str, now: int, keep_until: int
) -> Outcome:
    """Record the one answer; `disclosed` is sealed, `response_code` a digest or empty.

    Raises:
        InvalidRequest: there was an answer before, or it is too late.
    """
    asked = waiting(session, now=now)
    stage = Answered(asked, now, verdict, disclosed if verdict.accepted else "", response_code, False, keep_until)
    keys = (SessionKey(RESPONSE_CODE, response_code),) if response_code else ()
    event = Event("answer accepted" if verdict.accepted else "answer refused", asked.id)
    return Change(stage, keys=keys, events=(event,))


def decline(session: Session, error: str, *, response_code: str, now: int) -> Outcome:
    """Record that the wallet said no.

    Raises:
        InvalidRequest: there was an answer before, or it is too late.
    """
    asked = waiting(session, now=now)
    keys = (SessionKey(RESPONSE_CODE, response_code),) if response_code else ()
    return Change(
        Declined(asked, now, error, response_code), keys=keys, events=(Event("declined", asked.id, detail=error),)
    )


def collect(session: Session, response_code: str, browser: str) -> Outcome:
    """Let the browser that began the request, and no other, fetch its result with the response code, once (T183).

    Raises:
        NotFound: another browser, another code, or collected before.
    """
    if (
        isinstance(session, Answered)
        and not session.collected
        and session.asked.browser
        and hmac.compare_digest(session.asked.browser, browser)
        and hmac.compare_digest(session.response_code, response_code)
    ):
        return Change(
            Answered(
                session.asked,
                session.answered_at,
                session.verdict,
                session.disclosed,
                session.response_code,
                True,
                session.keep_until,
            )
        )
    raise NotFound("no such result")


def forget(session: Session, owner: str) -> Outcome:
    """Erase what an answer told (T261); twice is the same as once. Only the owner may.

    Raises:
        NotFound: somebody else's.
    """
    found = session.owner if isinstance(session, Forgotten) else session.asked.owner
    if not hmac.compare_digest(found, owner):
        raise NotFound("no such request")
    if isinstance(session, Forgotten):
        return Change(session)
    return Change(Forgotten(session.asked.id, owner), events=(Event("request forgotten", session.asked.id),))
