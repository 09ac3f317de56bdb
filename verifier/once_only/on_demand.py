"""Forms and cases whose answer its citizen wants erased, or not used (GDPR Art. 17, 18)."""

from __future__ import annotations

from dataclasses import replace

from protocol.sovereignty.usage import Action
from runtime.conversation import Change, Event, SessionKey
from verifier.once_only.case import (
    CASE,
    CaseGone,
    CaseHappened,
    CaseOutcome,
    CaseStage,
    Doing,
    Draft,
    Erased,
    receipt_of,
)
from verifier.usage import ON_DEMAND, By, erased


def erase_on_demand(stage: CaseStage, *, now: int) -> CaseOutcome:
    """Erase a form or a case as a whole: what was stated beside the answer is about the same person and for the same end."""
    if isinstance(stage, Erased):
        return Change(stage)
    gone = erased(stage.logged, now=now, why=ON_DEMAND)
    drop = receipt_of(stage.logged)
    if isinstance(stage, Draft):
        event = Event("form erased", stage.id)
        return Change(Erased(stage.id), drop=drop, records=gone, events=(event,), expires_at=now)
    happened = CaseHappened(stage.id, stage.shown, Doing.ERASED, By.SERVICE.value, now)
    return Change(
        Erased(stage.id),
        drop=(*drop, SessionKey.of(CASE, stage.id)),
        records=(CaseGone(stage.id), happened, *gone),
        events=(Event("case erased", stage.id),),
        expires_at=now,
    )


def restrict_on_demand(stage: CaseStage, *, lifted: bool, now: int) -> CaseOutcome:
    """Use a form or a case no more, or again."""
    if isinstance(stage, Erased) or stage.restricted is not lifted:
        return Change(stage)
    logged = stage.logged
    used = () if lifted or logged is None else logged.use(Action.RESTRICTED, By.SERVICE, now=now, why=ON_DEMAND)
    what = "form" if isinstance(stage, Draft) else "case"
    event = Event(f"{what} no longer restricted" if lifted else f"{what} restricted", stage.id)
    return Change(replace(stage, restricted=not lifted), records=used, events=(event,))
