"""What a source forwards by a mandate: its first use makes a case, every further one renews that case, each in one step.

Opened ─► Case                      the first use, or one after the case ended
Opened ─► Forgotten, Case ─► Case   a further use: what is new takes the place of what came before
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from capabilities.cockpit.records import IssuedReceipt
from runtime.conversation import Change, Event, SessionKey
from verifier.once_only.case import CASE, Case, CaseChange, CaseOutcome, CaseStage, arrival, no_case, receipt_of
from verifier.session import REQUEST, Forgotten, Session, waiting
from verifier.usage import Logged, received


@dataclass(frozen=True, slots=True)
class MandateUse:
    """The last use of a mandate, as it is kept: no earlier one is taken after it, nor the same with other data."""

    mandate: str  # its hash
    n: int
    data: str  # sealed, base64url: the hash of what came
    until: int  # epoch seconds: the mandate's end


@dataclass(frozen=True, slots=True)
class Renewed:
    """What takes the place of what a case holds."""

    receipt: str  # jti, by which the case is found
    case: Case
    notify: bool


MandatedRecord = CaseChange | IssuedReceipt | MandateUse | Renewed
MandatedStage = Session | CaseStage
MandatedOutcome = Change[MandatedStage, MandatedRecord]


@dataclass(frozen=True, slots=True)
class Forwarded:
    """What came, ready to be written down."""

    case: Case
    logged: Logged  # of this use: the claims that came
    use: MandateUse
    receipt: IssuedReceipt | None  # None: it was given with an earlier use
    notify: bool


def take_first(
    session: MandatedStage, forwarded: Forwarded, page: SessionKey, *, references: tuple[SessionKey, ...]
) -> MandatedOutcome:
    """Make the case of a use that finds none.

    Raises:
        InvalidRequest: the request was answered before, or it is too late.
    """
    case = forwarded.case
    asked = waiting(session, now=case.sent_at).asked
    given = () if forwarded.receipt is None else (forwarded.receipt,)
    return Change(
        case,
        keys=(SessionKey.of(CASE, case.id), page, *receipt_of(case.logged)),
        drop=(*references, SessionKey.of(REQUEST, asked.id)),
        records=(*given, forwarded.use, *_came(forwarded), *arrival(case, notify=forwarded.notify)),
        events=(Event("forwarded by mandate", asked.id), Event("case sent", case.id, detail=case.service)),
        expires_at=case.keep_until,
    )


def take_further(
    session: MandatedStage, forwarded: Forwarded, *, references: tuple[SessionKey, ...]
) -> MandatedOutcome:
    """Renew the case that holds what came by this mandate before.

    Raises:
        InvalidRequest: the request was answered before, or it is too late.
    """
    case = forwarded.case
    asked = waiting(session, now=case.sent_at).asked
    return Change(
        Forgotten(asked.id, asked.owner, asked.browser),
        drop=(*references, SessionKey.of(REQUEST, asked.id)),
        records=(
            forwarded.use,
            *_came(forwarded),
            Renewed(forwarded.logged.receipt, case, forwarded.notify),
        ),
        events=(Event("forwarded by mandate", asked.id), Event("case renewed", case.id, detail=case.service)),
        expires_at=asked.expires_at,
    )


def renewed(stage: CaseStage, new: Renewed) -> CaseOutcome:
    """The case with what is new; whoever decided about the former has to look again, and a restriction stays.

    Raises:
        NotFound: it is none any more.
    """
    if not isinstance(stage, Case) or stage.id != new.case.id:
        raise no_case()
    case = replace(new.case, restricted=stage.restricted)
    return Change(case, records=arrival(case, notify=new.notify), expires_at=case.keep_until)


def _came(forwarded: Forwarded) -> tuple[CaseChange, ...]:
    return received(forwarded.logged, accepted=True, now=forwarded.case.sent_at)
