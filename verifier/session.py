"""The conversation of a verifier: from a request to a verdict, as stages and pure steps.

    Requested ─► Opened ─► Received ─► Answered ─► Forgotten
      ↺ └──────────┴──────────┴──────► Declined ───────┘

A request of our own page that nobody opened is renewed (↺) before it ends; Received is told on our own pages alone.
What an answer has to meet stands in `Terms` and is gone with the first answer. Personal data stands in one field,
`Answered.disclosed`, sealed; forgetting drops the stage that holds it.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Self

from capabilities.cockpit.records import IssuedReceipt
from capabilities.usage_log.records import Written
from protocol.dcql.query import DcqlQuery
from protocol.encoding import read_json
from protocol.errors import InvalidRequest, NotFound
from protocol.oid4vp.verify import VerifiedResponse
from protocol.sovereignty.representation import MayNotAct
from runtime.conversation import Change, Event, SessionKey
from verifier.given import Given
from verifier.represented import ActedFor
from verifier.usage import Gone, Logged

REQUEST = "request"  # the id in our API
REQUEST_URI = "request_uri"
RESPONSE_CODE = "response_code"
RECEIPT = "receipt"  # its jti, as long as the answer is here
MAX_HANDED = 8  # request objects that are remembered; whoever fetches more of them knows what they do


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asked, and for whom the result is: kept until it is forgotten, and fixed but for the end, which a renewal moves."""

    id: str
    owner: str  # digest of the API key that made it; empty: made on our own page
    use_case: str  # empty: a query given by hand
    browser: str  # digest of the cookie of the browser that began on our page; empty: made by a program
    same_device: bool  # the wallet is where the browser is, and leads back to it with a response code
    redirect_uri: str  # the program's own page to lead back to; empty: ours
    created_at: int  # epoch seconds
    expires_at: int
    keep: int  # seconds that an answer stays
    counter: str = ""  # id of the counter whose code was scanned, and whose page alone shows the result
    number: int = 0  # by which that page says whose result it is
    forwarded: bool = False  # a wallet sends it to a service by itself: a good answer is a case at once
    again: str = ""  # id of the request about rights for which somebody shows their data once more; it is not kept


@dataclass(frozen=True, slots=True)
class DocumentsTerms:
    """The same where the page asks as ISO/IEC TS 18013-7 annex C has it."""

    nonce: str  # base64url of its bytes
    encryption_key: str


@dataclass(frozen=True, slots=True)
class PageTerms:
    """What the page that began asks through its browser, and an answer from there has to meet; fresh for each view of it."""

    nonce: str
    encryption_key: str  # as that of `Terms`, and another one
    documents: DocumentsTerms | None = None  # None: made by a program that did not know this way
    handed: tuple[str, ...] = ()  # hashes of what was signed for this view


@dataclass(frozen=True, slots=True)
class MeetingTerms:
    """What the wallet whose code was read last is asked, and its answer has to meet; each reading has its own session."""

    engagement: str  # as it was read, base64url
    key: str  # the private key of this session, sealed, base64url
    message: str  # for that wallet: encrypted, base64url
    relayed: bool = False  # the message lies at the relay that the wallet named, and its answer is awaited there
    request: str = ""  # the DeviceRequest, base64url: what receipts name by its hash


@dataclass(frozen=True, slots=True)
class Terms:
    """What is sent, and what an answer has to meet: secrets of this one request, gone once there is an answer (T191)."""

    dcql_query: str  # JSON text, as it is sent
    nonce: str
    state: str
    response_mode: str  # direct_post or direct_post.jwt
    client_id_prefix: str
    encryption_key: str  # the private key of this request (T192), sealed, base64url; empty: no encryption
    accepted_issuers: tuple[str, ...]  # names of trust anchors; empty: all that are trusted
    max_status_age: int  # seconds
    offline_status_age: int = 0  # seconds
    renewals: int = 0  # how often the code was made anew
    former_until: int = 0  # epoch seconds: until then the code before this one leads here too
    page: PageTerms | None = None  # of the latest view that can ask through its browser
    meeting: MeetingTerms | None = None  # with the wallet whose code was read last
    handed: tuple[str, ...] = ()  # hashes of the latest request objects that wallets fetched, for their receipts


@lru_cache(maxsize=512)
def read_query(text: str) -> DcqlQuery:
    """The query that a stage holds as text. Cached: a use case asks the same again and again."""
    return DcqlQuery.from_dict(read_json(text.encode("utf-8"), "dcql_query"))


@dataclass(frozen=True, slots=True)
class Requested:
    """Nobody has opened the request yet."""

    asked: Asked
    terms: Terms


@dataclass(frozen=True, slots=True)
class Opened:
    """A wallet fetched the request object; it may do so again."""

    asked: Asked
    terms: Terms
    opened_at: int


@dataclass(frozen=True, slots=True)
class Received:
    """An answer is here and is being checked, which can take a while. Should it prove to be none, another may come."""

    asked: Asked
    terms: Terms
    opened_at: int
    received_at: int


@dataclass(frozen=True, slots=True)
class Line:
    """One check of the verdict; `passed` is None where it was not reached, or not asked."""

    check: str  # authentic, holder_bound, this_request, trusted_issuer, valid_now, status, query_complete
    passed: bool | None
    reason: str  # empty if it passed
    as_of: int = 0  # epoch seconds: when what it hangs on was looked up; 0: it hangs on no such thing

    @property
    def may_not_act(self) -> str:
        """Why whoever answered may not act for somebody else; empty: that is not what is wrong."""
        return MayNotAct.read(self.reason) or ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found: accepted only if no line failed."""

    accepted: bool
    lines: tuple[Line, ...]
    issuers: tuple[tuple[str, tuple[str, ...]], ...] = ()  # query id → names of those who issued what was presented
    surplus: tuple[str, ...] = ()  # ids of queries for which more was disclosed than asked; it was dropped (T189)
    holders: int = 1  # how many keys presented; more than one need not be one person (T187)

    @classmethod
    def of(cls, verified: VerifiedResponse) -> Self:
        """What is kept of a checked answer, without its data."""
        return cls(
            accepted=verified.accepted,
            lines=tuple([Line(str(one.name), one.passed, one.reason, one.as_of or 0) for one in verified.checks]),
            issuers=tuple(verified.issuers.items()),
            surplus=tuple(sorted(verified.surplus)),
            holders=verified.holders,
        )


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer was checked; there will be no second one."""

    asked: Asked
    answered_at: int
    verdict: Verdict
    disclosed: str  # sealed JSON, base64url: query id → claim objects, only what was asked; empty if not accepted
    response_code: str  # digest; empty: the result waits for no code
    collected: bool  # the browser that began came back with the code
    keep_until: int  # epoch seconds
    shown_at: int = 0  # epoch seconds: when a counter's page showed it first; 0: not yet
    logged: Logged | None = None  # what its uses are logged with; None: it has no receipt, or nothing of it is kept
    receipt: str = ""  # JSON: what whoever answered was told, without their key; empty: nothing
    restricted: bool = False  # whoever gave it does not want it used (GDPR Art. 18)
    query: str = ""  # JSON: what was asked, for whoever has to show it once more; empty: as `disclosed`, or no receipt


@dataclass(frozen=True, slots=True)
class Declined:
    """The wallet answered with an error."""

    asked: Asked
    declined_at: int
    error: str  # a code of OID4VP 1.0 §8.5, else "other"
    shown_at: int = 0  # as above


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Its data is gone; the id stays known until it expires."""

    asked_id: str
    owner: str
    browser: str  # as `Asked` had it, so that the page which began can say that its data is gone


Session = Requested | Opened | Received | Answered | Declined | Forgotten
Outcome = Change[Session, Written | IssuedReceipt | ActedFor | Gone]
Awaited = Requested | Opened | Received  # an answer may come
AWAITED: tuple[type[Awaited], ...] = (Requested, Opened, Received)
Told = Requested | Opened | Received | Answered | Declined  # whoever asked is told how it stands
TOLD: tuple[type[Told], ...] = (Requested, Opened, Received, Answered, Declined)
KNOWN: tuple[type[Session], ...] = (*TOLD, Forgotten)


def not_open() -> InvalidRequest:
    """The one refusal for a request that is unknown, expired, answered or somebody else's (T178)."""
    # The words are those for another state, so that nobody learns which of them it was
    return InvalidRequest("state: belongs to no open request")


def no_request() -> NotFound:
    """The one refusal for a request that is unknown, forgotten, over or somebody else's (T184, T237)."""
    return NotFound("no such request")


def open_request(session: Session, handed: str, *, now: int) -> Outcome:
    """Hand out the request object; as often as the wallet asks, until it is answered or expires (T185).

    `handed` is the hash of what this wallet gets: each fetch is signed anew, and a receipt names the one that was answered.

    Raises:
        NotFound: answered, declined, forgotten or expired.
    """
    if isinstance(session, Requested) and now < session.asked.expires_at:
        opened = Opened(session.asked, _hand(session.terms, handed), now)
        return Change(opened, events=(Event("request opened", session.asked.id),))
    if isinstance(session, Opened | Received) and now < session.asked.expires_at:
        return Change(replace(session, terms=_hand(session.terms, handed)))
    raise no_request()


def _hand(terms: Terms, handed: str) -> Terms:
    return replace(terms, handed=(*terms.handed, handed)[-MAX_HANDED:])


def renew(
    session: Session,
    terms: Terms,
    *,
    expires_at: int,
    keep_until: int,
    reference: SessionKey,
    drop: tuple[SessionKey, ...],
    now: int,
) -> Outcome:
    """Give a request that nobody opened a fresh code and a later end; `terms` are the fresh ones.

    Whatever came first counts: where it was opened, answered, forgotten, over, or renewed by another look, it stays as it is.
    The former code leads here until its own end, because somebody may be about to open it; the one before is dropped.
    """
    if (
        not isinstance(session, Requested)
        or now >= session.asked.expires_at
        or terms.renewals != session.terms.renewals + 1
    ):
        return Change(session)
    renewed = Requested(
        replace(session.asked, expires_at=expires_at),
        # What a page asks through its browser, or in person, does not run out with a code: somebody may be deciding about it
        replace(terms, former_until=session.asked.expires_at, page=session.terms.page, meeting=session.terms.meeting),
    )
    event = Event("request renewed", session.asked.id)
    return Change(renewed, keys=(reference,), drop=drop, events=(event,), expires_at=keep_until)


def receive(session: Session, *, now: int) -> Outcome:
    """Note that an answer is here, before it is checked.

    Raises:
        InvalidRequest: as `waiting` says.
    """
    stage = waiting(session, now=now)
    if isinstance(stage, Received):
        return Change(stage)
    opened_at = stage.opened_at if isinstance(stage, Opened) else now
    return Change(Received(stage.asked, stage.terms, opened_at, now))


def await_another(session: Session) -> Outcome:
    """What came was no answer to this request: one may still come."""
    if isinstance(session, Received):
        return Change(Opened(session.asked, session.terms, session.opened_at))
    return Change(session)


def waiting(session: object, *, now: int) -> Awaited:
    """The request, if an answer may still come.

    Raises:
        InvalidRequest: answered, declined, forgotten or expired (T178, T196).
    """
    if isinstance(session, Requested | Opened | Received) and now < session.asked.expires_at:
        return session
    raise not_open()


def answer(
    session: Session,
    verdict: Verdict,
    disclosed: str,
    *,
    response_code: str,
    references: tuple[SessionKey, ...],
    now: int,
    given: Given | None = None,
    news: tuple[Written, ...] = (),
) -> Outcome:
    """Record the one answer; `disclosed` is sealed, `response_code` a digest or empty. A refused one leaves neither.

    At a counter the code leads to a number, which whoever was refused needs too. `given`: the receipt, whose log tells `news`.

    Raises:
        InvalidRequest: there was an answer before (T179), or it is too late.
    """
    stage = waiting(session, now=now)
    asked, keep_until = stage.asked, now + stage.asked.keep
    code = response_code if verdict.accepted or asked.counter else ""
    logged = given.logged if given is not None else None
    held, kept = (disclosed, logged) if verdict.accepted else ("", None)
    receipt = given.shown if given is not None else ""
    query = stage.terms.dcql_query if kept is not None else ""
    return Change(
        Answered(asked, now, verdict, held, code, False, keep_until, logged=kept, receipt=receipt, query=query),
        keys=_found_by(code, kept),
        drop=references,
        records=() if given is None else (*given.records(accepted=verdict.accepted, now=now), *news),
        events=(Event("answer accepted" if verdict.accepted else "answer refused", asked.id),),
        expires_at=keep_until,
    )


def _found_by(code: str, logged: Logged | None) -> tuple[SessionKey, ...]:
    by_code = (SessionKey(RESPONSE_CODE, code),) if code else ()
    return by_code if logged is None else (*by_code, SessionKey.of(RECEIPT, logged.receipt))


def decline(
    session: Session, error: str, *, response_code: str, references: tuple[SessionKey, ...], now: int
) -> Outcome:
    """Record that the wallet said no.

    Raises:
        InvalidRequest: there was an answer before, or it is too late.
    """
    asked = waiting(session, now=now).asked
    return Change(
        Declined(asked, now, error),
        keys=(SessionKey(RESPONSE_CODE, response_code),) if response_code else (),
        drop=references,
        events=(Event("declined", asked.id, detail=error),),
    )


def collect(session: Session, code: SessionKey, browser: str, *, now: int) -> Outcome:
    """Let the browser that began, and no other, come back with the response code, once (T183).

    `code` is the key that the session was found by; it is gone afterwards. A program's request knows no browser: whoever
    comes back is thanked, and shown nothing.

    Raises:
        NotFound: another browser, or the answer's time is over.
    """
    if isinstance(session, Answered | Declined) and not session.asked.counter:
        expected = session.asked.browser
        if not expected or hmac.compare_digest(expected, browser):
            if isinstance(session, Declined):
                return Change(session, drop=(code,))
            if now < session.keep_until:
                return Change(replace(session, collected=True), drop=(code,))
    raise no_request()


def began_in(session: Session, browser: str) -> bool:
    """Whether a request was begun on our own page in this browser; `browser` is a digest."""
    found = session.browser if isinstance(session, Forgotten) else session.asked.browser
    return bool(found) and hmac.compare_digest(found, browser)
