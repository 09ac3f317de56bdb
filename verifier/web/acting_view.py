"""Who acted for whom, as people read it."""

from __future__ import annotations

from dataclasses import dataclass

from protocol.sovereignty.receipt_parties import Controller
from protocol.sovereignty.representation import Person, Relation
from runtime.claim_words import long_date
from verifier.acting import Acting
from verifier.represented import DoneForYou
from verifier.web.form_view import wording_in


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
    purpose: str
    until: int  # epoch seconds: until when what was told is kept; 0: that hangs on something else
    recipients: tuple[str, ...]
    contact: tuple[str, ...]  # how whoever answers for the data is reached


def done_shown(done: tuple[DoneForYou, ...], language: str) -> tuple[DoneShown, ...]:
    """The same in a language."""
    return tuple(
        [
            DoneShown(
                at=one.found.at,
                relation=one.found.relation,
                purpose=wording_in(one.receipt.purpose, language),
                until=one.receipt.retention.ends(one.receipt.issued_at) or 0,
                recipients=tuple([each.name for each in one.receipt.recipients]),
                contact=_contact(one.receipt.controller),
            )
            for one in done
        ]
    )


def _contact(controller: Controller) -> tuple[str, ...]:
    found = controller.dpo or controller.contact
    return tuple([each for each in found if each]) if found is not None else (controller.name,)


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
