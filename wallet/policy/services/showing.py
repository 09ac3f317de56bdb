"""Services, suggestions and plans in the citizen's words. What a provider wrote is made plain, as every stranger's text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from protocol.encoding import JsonValue
from protocol.sovereignty.comparing import Why
from protocol.sovereignty.eligibility import Eligibility, Gap, Reason, Truth
from protocol.sovereignty.form import FormField
from protocol.sovereignty.journey import Plan, Step
from protocol.sovereignty.needs import Want
from protocol.sovereignty.rules import CredentialType
from protocol.sovereignty.service import LifeEvent, Service
from protocol.sovereignty.suggestions import MissingProof, Rank, Suggestion
from protocol.sovereignty.wording import Wording
from protocol.trust.localized import in_language
from wallet.policy.representing import named_with_whom
from wallet.policy.services.holding import types_of
from wallet.policy.services.whom import Aimed, concerns_others
from wallet.policy.showing import MAX_VALUE, credential_name, plain
from wallet.records import HeldCredential
from wallet.service_records import JourneyKept

NOBODY = Aimed()


@dataclass(frozen=True, slots=True)
class ServiceShown:
    """A service as people see it."""

    id: str
    name: str
    summary: str
    provider: str
    events: tuple[LifeEvent, ...]
    host: str  # where it begins


@dataclass(frozen=True, slots=True)
class ReasonShown:
    """One sentence of a rule."""

    text: str
    good: bool  # it speaks for the citizen
    known: bool
    negated: bool  # it says what must not be
    renew: bool  # it is not known because a document has run out


@dataclass(frozen=True, slots=True)
class ProofShown:
    """A proof that is missing."""

    name: str  # as a held document of the kind is called; empty: nothing is known but who gives it
    renew: bool  # one is held, and has run out
    givers: tuple[ServiceShown, ...]
    types: tuple[CredentialType, ...]


@dataclass(frozen=True, slots=True)
class SuggestionShown:
    """A service that may fit, and why."""

    service: ServiceShown
    rank: Rank
    reasons: tuple[ReasonShown, ...]
    missing: tuple[ProofShown, ...]
    unclear: bool
    asks: int  # questions


@dataclass(frozen=True, slots=True)
class QuestionShown:
    """What a service asks, and what was answered to it before."""

    field: FormField
    title: str
    description: str
    choices: tuple[tuple[str, str], ...]  # value as a form has it, and what people read; empty: free
    answer: JsonValue  # None: nothing yet
    asked_before: bool  # by an earlier step of the plan


@dataclass(frozen=True, slots=True)
class StepShown:
    """One service on the way."""

    service: ServiceShown
    at_hand: tuple[str, ...]  # names of documents
    fetched: tuple[str, ...]  # names of services that give what is needed, all earlier steps
    awaited: tuple[str, ...]  # names of services that have yet to give it
    elsewhere: tuple[ProofShown, ...]
    questions: tuple[QuestionShown, ...]
    gives: bool  # whether a document comes of it
    excluded: bool  # its rule says that it is not for the citizen
    about_other: bool = False  # it is about whom the plan is for

    @property
    def ready(self) -> bool:
        """Whether it can be begun now."""
        return not (self.fetched or self.awaited or self.elsewhere)


@dataclass(frozen=True, slots=True)
class JourneyShown:
    """A plan."""

    id: str
    event: LifeEvent | None
    goals: tuple[str, ...]  # names
    steps: tuple[StepShown, ...]
    done: tuple[ServiceShown, ...]
    gone: int  # goals that do not come into question any more
    aimed: Aimed = NOBODY  # for whom it is

    @property
    def over(self) -> bool:
        """Whether nothing is left to do."""
        return not self.steps


def service_shown(service: Service, language: str) -> ServiceShown:
    """A service in a language."""
    return ServiceShown(
        id=service.id,
        name=_said(service.name, language),
        summary=_said(service.summary, language),
        provider=plain(service.provider.name),
        events=service.life_events,
        host=plain(urlsplit(service.start).netloc),
    )


def suggestion_shown(suggestion: Suggestion, held: Iterable[HeldCredential], language: str) -> SuggestionShown:
    """A suggestion with its reasons."""
    held = tuple(held)
    asks = suggestion.service.asks
    return SuggestionShown(
        service=service_shown(suggestion.service, language),
        rank=suggestion.rank,
        reasons=reasons_shown(suggestion.eligibility, language),
        missing=tuple([proof_shown(missing, held, language) for missing in suggestion.missing]),
        unclear=suggestion.unclear,
        asks=0 if asks is None else len(asks.fields),
    )


def reasons_shown(eligibility: Eligibility, language: str) -> tuple[ReasonShown, ...]:
    """Why a rule stands as it does, each sentence once."""
    return tuple(dict.fromkeys([_reason_shown(reason, language) for reason in eligibility.reasons]))


def proof_shown(missing: MissingProof, held: Iterable[HeldCredential], language: str) -> ProofShown:
    """A proof that is missing, and who gives it."""
    return ProofShown(
        name=_name_of(missing.gap, held, language),
        renew=missing.gap.why is Why.ENDED,
        givers=tuple([service_shown(giver, language) for giver in missing.givers]),
        types=missing.gap.types,
    )


def journey_shown(
    kept: JourneyKept,
    plan: Plan,
    services: Mapping[str, Service],
    *,
    held: Iterable[HeldCredential],
    language: str,
    excluded: frozenset[str] = frozenset(),
    aimed: Aimed = NOBODY,
    about_others: frozenset[CredentialType] = frozenset(),
) -> JourneyShown:
    """A plan in plain words.

    `excluded` are goals of which a rule says that they are not for the citizen; `about_others` are kinds of documents that are
    about somebody else.
    """
    held, journey = tuple(held), kept.read()
    names = {id_: _said(service.name, language) for id_, service in services.items()}
    steps = []
    for step in plan.steps:
        fields = () if step.service.asks is None else step.service.asks.fields
        questions = [_question_shown(one, journey.answer_to(one), language, before=one in step.known) for one in fields]
        steps.append(
            StepShown(
                service=service_shown(step.service, language),
                at_hand=_at_hand(step, held, language),
                fetched=tuple(dict.fromkeys([names[one.service_id] for one in step.fetched])),
                awaited=tuple(dict.fromkeys([names[one.service_id] for one in step.awaited])),
                elsewhere=tuple([_want_shown(want, held, language) for want in step.elsewhere]),
                questions=tuple(questions),
                gives=bool(step.service.gives),
                excluded=step.service.id in excluded,
                about_other=concerns_others(step.service, about_others),
            )
        )
    return JourneyShown(
        id=kept.id,
        event=LifeEvent(kept.event) if kept.event in tuple(LifeEvent) else None,
        goals=tuple([names[goal] for goal in journey.goals if goal in services]),
        steps=tuple(steps),
        done=tuple([service_shown(services[one], language) for one in journey.done if one in services]),
        gone=len(plan.gone),
        aimed=aimed,
    )


def _question_shown(field: FormField, answer: JsonValue, language: str, *, before: bool) -> QuestionShown:
    return QuestionShown(
        field=field,
        title=_said(field.title, language),
        description=_said(field.description, language) if field.description else "",
        choices=tuple(
            [
                (str(choice.value), _said(choice.title, language) if choice.title else plain(str(choice.value)))
                for choice in field.choices
            ]
        ),
        answer=answer,
        asked_before=before,
    )


def _at_hand(step: Step, held: tuple[HeldCredential, ...], language: str) -> tuple[str, ...]:
    needs = step.service.needs
    asked = [] if needs is None else [one for one in needs.credentials if one.id in step.at_hand]
    names = [
        named_with_whom(one, held, language)
        for query in asked
        for one in held
        if one.format == query.format
        and (query.meta.is_empty or any(query.meta.includes(t.name) for t in types_of(one)))
    ]
    return tuple(dict.fromkeys(names))


def _want_shown(want: Want, held: tuple[HeldCredential, ...], language: str) -> ProofShown:
    return ProofShown(_name_of(want.gap, held, language), want.gap.why is Why.ENDED, (), want.gap.types)


def _reason_shown(reason: Reason, language: str) -> ReasonShown:
    known = reason.truth is not Truth.UNKNOWN
    return ReasonShown(
        text=_said(reason.because, language),
        good=known and (reason.truth is Truth.MET) is not reason.negated,
        known=known,
        negated=reason.negated,
        renew=reason.why is Why.ENDED,
    )


def _name_of(gap: Gap, held: Iterable[HeldCredential], language: str) -> str:
    """What a proof is called, where one like it was held before."""
    for one in held:
        if not set(gap.types).isdisjoint(types_of(one)):
            return credential_name(one.described(), language)
    return ""


def _said(texts: Wording, language: str) -> str:
    return plain(in_language(texts, language), MAX_VALUE)
