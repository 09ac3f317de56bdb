"""Who acted for whom, as people read it."""

from __future__ import annotations

from dataclasses import dataclass

from protocol.sovereignty.representation import Person, Relation
from runtime.claim_words import long_date
from verifier.acting import Acting
from verifier.represented import DoneForYou
from verifier.web.told import ReceiptShown, receipt_shown


@dataclass(frozen=True, slots=True)
class ActingShown:
    """For `acting` in `templates/counter.html`."""

    who: str
    born: str  # the day
    whom: str
    whom_born: str  # empty: a company
    register_number: str  # of a company; empty: a person
    relation: Relation
    area: str
    alone: bool  # one signature is enough
    until: str  # the last day
    checked_by: str  # empty: the office has no name


@dataclass(frozen=True, slots=True)
class DoneShown:
    """For `done` in `templates/verdict.html`: what somebody did for whoever reads it."""

    at: int  # epoch seconds
    relation: str
    told: ReceiptShown  # what it was for, and what becomes of the data


def done_shown(done: tuple[DoneForYou, ...], language: str) -> tuple[DoneShown, ...]:
    """The same in a language."""
    return tuple([DoneShown(one.found.at, one.found.relation, receipt_shown(one.receipt, language)) for one in done])


def acting_shown(acting: Acting | None, language: str) -> ActingShown | None:
    """The same in a language; None: everybody acted for themselves."""
    if acting is None:
        return None
    proof, whom, called = acting.proof, acting.proof.represented, dict(acting.called)
    return ActingShown(
        who=proof.acting.name,
        born=long_date(proof.acting.birthdate.isoformat(), language),
        whom=whom.name,
        whom_born=long_date(whom.birthdate.isoformat(), language) if isinstance(whom, Person) else "",
        register_number="" if isinstance(whom, Person) else whom.register_number,
        relation=proof.relation,
        area=called.get(language) or next(iter(called.values()), acting.area),
        alone=proof.alone,
        until=long_date(proof.until.isoformat(), language) if proof.until is not None else "",
        checked_by=acting.checked_by,
    )
