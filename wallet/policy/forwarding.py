"""Many at once: which services take a document, and what is true of each recipient beside the others."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Set
from dataclasses import dataclass, replace

from protocol.dcql.match import QueryMatch
from protocol.sovereignty.service import Service
from wallet.policy.documents import Document
from wallet.policy.presenting import Caution, ChoiceShown, PresentationConsent, QuestionShown, could_answer
from wallet.policy.services.showing import ServiceShown

MAX_AT_ONCE = 20  # recipients


@dataclass(frozen=True, slots=True)
class RecipientShown:
    """A service that takes a document when its citizen forwards it."""

    service: ServiceShown
    known: bool  # the citizen gave its provider something before


def takes(service: Service, document: Document) -> bool:
    """Whether a service announces that it takes a document, in some form of it, when it is forwarded."""
    if service.forward is None or service.needs is None:
        return False
    return any(could_answer(asked, form) for asked in service.needs.credentials for form in document.forms)


def only_of(
    match: QueryMatch, consent: PresentationConsent, ids: Set[str]
) -> tuple[QueryMatch, PresentationConsent] | None:
    """The same where the forms of one document answer whatever they can answer; None: nothing that is asked.

    What they cannot answer stays open to other documents. `ids` are those of the forms.
    """
    asked = {id_ for id_, found in match.matches.items() if any(one.candidate.id in ids for one in found)}
    if not asked:
        return None
    matches = {
        id_: tuple([one for one in found if one.candidate.id in ids]) if id_ in asked else found
        for id_, found in match.matches.items()
    }

    def narrowed(question: QuestionShown) -> QuestionShown:
        if question.query_id not in asked:
            return question
        return replace(question, choices=tuple([one for one in question.choices if one.held_id in ids]))

    return replace(match, matches=matches), replace(consent, questions=tuple(map(narrowed, consent.questions)))


def beside_others(
    consent: PresentationConsent, fresh: frozenset[str], left: MutableMapping[str, int]
) -> tuple[PresentationConsent, frozenset[str]]:
    """What is true of a recipient if everybody before it gets what they ask for (T171).

    `fresh` are credentials with a copy that nobody has seen, `left` how many of these there are; they are counted down.
    """
    named = {one.held_id for question in consent.questions for one in question.choices}
    spent = {id_ for id_ in named if id_ in fresh and not left.get(id_, 0)}
    for id_ in named & fresh - spent:
        left[id_] -= 1

    def cautioned(choice: ChoiceShown) -> ChoiceShown:
        if choice.held_id not in spent:
            return choice
        return replace(choice, cautions=(*choice.cautions, Caution.SHOWN_BEFORE))

    questions = tuple(
        [replace(one, choices=tuple([cautioned(choice) for choice in one.choices])) for one in consent.questions]
    )
    return replace(consent, questions=questions), fresh - spent


def first_choice(consent: PresentationConsent, ids: Set[str]) -> Mapping[str, str]:
    """What the form of a consent has at first: of several ways that are enough, the one with the document.

    Nothing that is optional is chosen for anybody.
    """
    offered = {one.query_id for one in consent.questions if any(choice.held_id in ids for choice in one.choices)}
    form = {}
    for place, way in enumerate(consent.ways):
        if way.required and len(way.options) > 1:
            fitting = [number for number, option in enumerate(way.options) if offered.intersection(option)]
            if fitting:
                form[f"way-{place}"] = str(fitting[0])
    return form
