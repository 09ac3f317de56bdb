"""What is forwarded to a service: a good answer becomes a case in the step that records it, so neither is without the other.

    Opened ─► Case

Nobody waits in a browser, so there is no form in between, and nothing of the answer stands anywhere but in the case.
"""

from __future__ import annotations

from capabilities.cockpit.records import IssuedReceipt
from runtime.conversation import Change, Event, SessionKey
from verifier.given import Given
from verifier.once_only.case import CASE, Case, CaseChange, CaseStage, arrival, receipt_of
from verifier.represented import ActedFor
from verifier.session import REQUEST, Session, waiting

IntakeStage = Session | CaseStage
IntakeOutcome = Change[IntakeStage, CaseChange | IssuedReceipt | ActedFor]


def take_in(
    session: IntakeStage,
    case: Case,
    page: SessionKey,
    *,
    references: tuple[SessionKey, ...],
    given: Given | None,
    notify: bool,
) -> IntakeOutcome:
    """Make the case of an answer that stood all checks, once.

    Raises:
        InvalidRequest: there was an answer before (T179), or it is too late.
    """
    asked = waiting(session, now=case.sent_at).asked
    came = () if given is None else given.records(accepted=True, now=case.sent_at)
    return Change(
        case,
        # By its receipt the case is found when a right over it is asked for
        keys=(SessionKey.of(CASE, case.id), page, *receipt_of(case.logged)),
        drop=(*references, SessionKey.of(REQUEST, asked.id)),
        records=(*came, *arrival(case, notify=notify)),
        events=(Event("answer accepted", asked.id), Event("case sent", case.id, detail=case.service)),
        expires_at=case.keep_until,
    )
