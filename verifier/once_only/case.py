"""A case: from a form that is being filled in to its outcome, as stages and pure steps.

    Draft ─► Case ─► Case (decided) ─► Erased
      └──────────────────────────────────┘

What people write stands sealed in a stage; sending makes the case in the same step that ends the draft, so that nothing is
sent twice or lost in between. When its time is over, the sweep drops the whole of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from capabilities.usage_log.records import Told, Used
from protocol.errors import Conflict, NotFound
from protocol.keys import RandomBytes
from protocol.sovereignty.usage import Action
from protocol.sovereignty.usage_report import News
from protocol.trust.localized import Localized
from runtime.conversation import Change, Event, SessionKey, Spend
from verifier.usage import By, Logged, Records, erased

DRAFT = "service draft"  # kinds of keys
CASE = "case"
CASE_PAGE = "case page"
EARLIER = "earlier answers"
RECEIPT_IN_FORM = "receipt in form"  # of the answer that stands in a form or a case
TAKEN_OVER = "receipt taken over"  # once: by a form, or by whoever erases or restricts it before

ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # 32 characters, none that look alike
ID_LENGTH = 12  # 60 bits: said and typed, and no secret
DRAFT_DAYS = 7  # that a form waits for somebody who left it
DRAFT_SECONDS = DRAFT_DAYS * 86_400
MAX_TEXT = 2000  # characters of an outcome in plain words, as a wallet takes them


_GRANTED = (Localized("de", "Ihr Antrag wurde bewilligt."), Localized("en", "Your application was granted."))


class CaseState(StrEnum):
    """How a case stands."""

    RECEIVED = "received"
    NEEDS_MORE = "needs_more"
    GRANTED = "granted"
    REFUSED = "refused"


OPEN = (CaseState.RECEIVED, CaseState.NEEDS_MORE)
DECISIONS = (CaseState.NEEDS_MORE, CaseState.GRANTED, CaseState.REFUSED)


class Doing(StrEnum):
    """What was done with a case."""

    SENT = "sent"
    VIEWED = "viewed"
    DECIDED = "decided"
    ERASED = "erased"


@dataclass(frozen=True, slots=True)
class Draft:
    """A form that somebody fills in; only the browser that began it has the secret by which it is found."""

    id: str  # of the case that it becomes
    service: str
    began_at: int  # epoch seconds
    content: str  # sealed, base64url
    version: int = 1  # grows with each change, so that two windows do not write over each other
    asked: str = ""  # id of the request that waits for the wallet; empty: none
    shown: str = ""  # id of the request whose answer stands in it; empty: filled in by hand
    logged: Logged | None = None  # what uses of that answer are logged with; None: it has no receipt
    restricted: bool = False  # whoever gave it does not want it used (GDPR Art. 18)
    known: str = ""  # by what that answer is known again when it is shown once more; see `verifier.known`


@dataclass(frozen=True, slots=True)
class Case:
    """What was sent."""

    id: str
    service: str
    sent_at: int  # epoch seconds
    keep_until: int
    content: str  # sealed, base64url
    shown: str  # id of the request whose answer stands in it; empty: filled in by hand
    state: str = CaseState.RECEIVED.value
    told: str = ""  # sealed, base64url: the words and the offer for the citizen; empty: nothing yet
    decided_at: int = 0
    by: str = ""  # role or system that decided, never a person
    due_at: int = 0  # epoch seconds: by when the agency wants to answer; 0: it does not say, or has answered
    logged: Logged | None = None  # as that of the form
    restricted: bool = False  # as that of the form: nobody reads it or decides about it
    acting: bool = False  # somebody sent it for another; who for whom stands in its content
    known: str = ""  # as that of the form


@dataclass(frozen=True, slots=True)
class Erased:
    """Nothing is left of it."""

    id: str


CaseStage = Draft | Case | Erased


@dataclass(frozen=True, slots=True)
class CaseListed:
    """A case in the list of all; it says nothing of what was written."""

    id: str
    service: str
    sent_at: int
    state: str
    due_at: int  # epoch seconds: by when the agency wants to answer; 0: it does not say
    keep_until: int
    shown: str = ""


@dataclass(frozen=True, slots=True)
class CaseGone:
    """A case that is in the list no more."""

    id: str


@dataclass(frozen=True, slots=True)
class CaseHappened:
    """Something was done with a case: for whoever writes down what becomes of data, in the same transaction."""

    case: str
    shown: str  # id of the request whose answer was used; empty: filled in by hand
    doing: Doing
    by: str  # role or system
    at: int  # epoch seconds
    text: str = ""  # of a decision, for the citizen
    offer: str = ""  # link by which their wallet fetches what the outcome gives


@dataclass(frozen=True, slots=True)
class Notice:
    """The agency's own system shall be told of a case; never a value."""

    case: str
    service: str
    event: str  # case_sent, case_decided
    state: str
    at: int  # epoch seconds
    expires_at: int


CaseChange = CaseListed | CaseGone | CaseHappened | Notice | Used | Told
CaseOutcome = Change[CaseStage, CaseChange]


@dataclass(frozen=True, slots=True)
class Sending:
    """What sending a form takes."""

    content: str  # sealed anew
    page: SessionKey
    earlier: SessionKey
    keep_until: int
    due_at: int
    notify: bool
    now: int
    acting: bool = False


@dataclass(frozen=True, slots=True)
class Deciding:
    """What deciding takes."""

    state: CaseState
    told: str  # sealed
    text: str
    offer: str
    by: str
    place: By
    notify: bool
    now: int


def new_case_id(random_bytes: RandomBytes) -> str:
    """The number of a case, as people say it."""
    text = "".join(ALPHABET[byte % len(ALPHABET)] for byte in random_bytes(ID_LENGTH))
    return "-".join(text[start : start + 4] for start in range(0, ID_LENGTH, 4))


def no_form() -> NotFound:
    """The one refusal for a form that is unknown, over, sent, or in another browser."""
    return NotFound("no such form")


def no_case() -> NotFound:
    """The one refusal for a case that is unknown, erased, or somebody else's."""
    return NotFound("no such case")


def changed_elsewhere() -> Conflict:
    """The form was changed in another window meanwhile."""
    return Conflict("this form was changed in another window")


def change(stage: CaseStage, draft: Draft, *, now: int) -> CaseOutcome:
    """Write a form that was read before, and changed since.

    Raises:
        NotFound: it is a form no more.
        Conflict: somebody else was faster.
    """
    found = _same(stage, draft)
    taken = draft.logged if draft.logged != found.logged else None
    replaced = found.logged is not None and found.logged != draft.logged
    end = now + DRAFT_SECONDS
    return Change(
        replace(draft, version=draft.version + 1, restricted=found.restricted and not replaced),
        keys=receipt_of(taken),
        drop=receipt_of(found.logged) if replaced else (),
        # What was erased on its citizen's demand meanwhile does not come back by a form that had read it before
        spend=() if taken is None else (taken_over(taken.receipt, end),),
        records=erased(found.logged, now=now) if replaced else (),
        expires_at=end,
    )


def taken_over(receipt: str, until: int) -> Spend:
    """What happens once to an answer: a form takes it over, or it is erased or restricted before."""
    return Spend(SessionKey.of(TAKEN_OVER, receipt), until, no_form())


def drop(stage: CaseStage, key: SessionKey, *, now: int) -> CaseOutcome:
    """Erase a form that was not sent.

    Raises:
        NotFound: it was sent or dropped before.
    """
    if not isinstance(stage, Draft):
        raise no_form()
    return Change(
        Erased(stage.id),
        drop=(key, *receipt_of(stage.logged)),
        records=erased(stage.logged, now=now),
        events=(Event("form dropped", stage.id),),
        expires_at=now,
    )


def send(stage: CaseStage, draft: Draft, key: SessionKey, sending: Sending) -> CaseOutcome:
    """Make the case of a form, once.

    Raises:
        NotFound: it was sent before.
        Conflict: it is not what was reviewed.
    """
    draft = _same(stage, draft)
    now = sending.now
    case = Case(
        id=draft.id,
        service=draft.service,
        sent_at=now,
        keep_until=sending.keep_until,
        content=sending.content,
        shown=draft.shown,
        due_at=sending.due_at,
        logged=draft.logged,
        known=draft.known,
        restricted=draft.restricted,
        acting=sending.acting,
    )
    return Change(
        case,
        keys=(SessionKey.of(CASE, case.id), sending.page, sending.earlier),
        drop=(key,),
        records=arrival(case, notify=sending.notify),
        events=(Event("case sent", case.id, detail=case.service),),
        expires_at=case.keep_until,
    )


def arrival(case: Case, *, notify: bool) -> tuple[CaseChange, ...]:
    """What is written with a case that was sent."""
    now = case.sent_at
    listed = CaseListed(case.id, case.service, now, case.state, case.due_at, case.keep_until, case.shown)
    happened = CaseHappened(case.id, case.shown, Doing.SENT, "", now)
    notice = Notice(case.id, case.service, "case_sent", case.state, now, case.keep_until)
    return (listed, happened, notice) if notify else (listed, happened)


def _same(stage: CaseStage, draft: Draft) -> Draft:
    if not isinstance(stage, Draft):
        raise no_form()
    if stage.version != draft.version:
        raise changed_elsewhere()
    return stage


def case_of(stage: CaseStage, *, now: int) -> Case:
    """The case, as long as its time is not over.

    Raises:
        NotFound: there is none.
    """
    if not isinstance(stage, Case) or now >= stage.keep_until:
        raise no_case()
    return stage


def view(stage: CaseStage, *, actor: str, by: str, place: By, now: int) -> CaseOutcome:
    """Note that somebody looks at what is in a case, before they see it.

    `actor`: for our trail alone; `by`: their role; `place`: the same for the log of the answer.

    Raises:
        NotFound: there is no such case.
        Conflict: whoever gave the data does not want it used.
    """
    case = _usable(case_of(stage, now=now))
    return Change(
        case,
        records=(
            CaseHappened(case.id, case.shown, Doing.VIEWED, by, now),
            *_used(case, Action.VIEWED, place, now),
        ),
        events=(Event("case viewed", case.id, actor=actor),),
    )


def decide(stage: CaseStage, deciding: Deciding, *, actor: str) -> CaseOutcome:
    """Say how a case ends, or what is missing.

    Raises:
        NotFound: there is no such case.
        Conflict: it was decided before, or whoever gave the data does not want it used.
    """
    now = deciding.now
    case = _usable(case_of(stage, now=now))
    if case.state not in OPEN:
        raise Conflict("this case was decided before")
    state = deciding.state.value
    decided = replace(case, state=state, told=deciding.told, decided_at=now, by=deciding.by, due_at=0)
    records: list[CaseChange] = [
        CaseListed(case.id, case.service, case.sent_at, state, 0, case.keep_until, case.shown),
        CaseHappened(case.id, case.shown, Doing.DECIDED, deciding.by, now, deciding.text, deciding.offer),
        *_used(case, Action.DECIDED, deciding.place, now),
    ]
    if case.logged is not None:
        words = (Localized(case.logged.language, deciding.text),) if deciding.text else _GRANTED
        news = News(now, words, deciding.offer or None)
        records.append(Told(case.logged.receipt, case.logged.log_until, news))
    if deciding.notify:
        records.append(Notice(case.id, case.service, "case_decided", state, now, case.keep_until))
    event = Event("case decided", case.id, actor=actor, detail=state)
    return Change(decided, records=tuple(records), events=(event,))


def erase(stage: CaseStage, keys: tuple[SessionKey, ...], *, actor: str, by: str, now: int) -> CaseOutcome:
    """Erase a case before its time; twice is the same as once.

    Raises:
        NotFound: there is no such case.
    """
    case = case_of(stage, now=now)
    return Change(
        Erased(case.id),
        drop=(*keys, *receipt_of(case.logged)),
        records=(
            CaseGone(case.id),
            CaseHappened(case.id, case.shown, Doing.ERASED, by, now),
            *erased(case.logged, now=now),
        ),
        events=(Event("case erased", case.id, actor=actor),),
        expires_at=now,
    )


def _usable(case: Case) -> Case:
    if case.restricted:
        raise Conflict("whoever gave this data asked that it is not used")
    return case


def receipt_of(logged: Logged | None) -> tuple[SessionKey, ...]:
    """By what a form or a case is found that holds an answer with a receipt."""
    return () if logged is None else (SessionKey.of(RECEIPT_IN_FORM, logged.receipt),)


def _used(case: Case, action: Action, by: By, now: int) -> Records:
    return () if case.logged is None else case.logged.use(action, by, now=now)
