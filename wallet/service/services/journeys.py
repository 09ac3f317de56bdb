"""Plans: from a life event or a wish to the steps that lead there; begun, left, gone on with, and forgotten. Kept sealed."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from protocol.encoding import JsonObject
from protocol.errors import Conflict, InvalidRequest, NotFound, ProtocolError
from protocol.exchange import Exchange
from protocol.sovereignty.form import FieldType, FormField
from protocol.sovereignty.holdings import Holdings
from protocol.sovereignty.journey import MAX_GOALS, Journey, Plan, plan_journey
from protocol.sovereignty.service import LifeEvent, Service
from runtime.conversation import slow
from wallet.policy.services.showing import JourneyShown, journey_shown
from wallet.service.context import WalletContext
from wallet.service.services.catalogue import ServiceCatalogueOf
from wallet.service_records import JourneyKept

MAX_JOURNEYS = 50


class NoPlan(Conflict):
    """No way leads there: the services on it need what only they themselves give, or there are more ways than are tried."""


class WrongAnswer(InvalidRequest):
    """An answer is not what a question asks for; nothing was kept."""

    def __init__(self, field: str) -> None:
        super().__init__("an answer is not what the question asks for")
        self.field = field


@dataclass(frozen=True, slots=True)
class _Look:
    """What a plan is made of, at one moment."""

    services: tuple[Service, ...]
    holdings: Holdings
    excluded: frozenset[str]


@dataclass(frozen=True, slots=True)
class Journeys:
    """All plans of one citizen."""

    context: WalletContext
    catalogue: ServiceCatalogueOf

    def kept(self) -> tuple[JourneyKept, ...]:
        """Every plan, oldest first."""
        return self.context.store.journeys()

    def find(self, journey_id: str) -> JourneyKept:
        """A plan.

        Raises:
            NotFound: there is none of this id.
        """
        for kept in self.kept():
            if kept.id == journey_id:
                return kept
        raise NotFound("this plan is not there any more")

    def preview(self, goals: Collection[str], event: LifeEvent | None = None) -> Exchange[JourneyShown]:
        """How a plan would look; nothing is kept."""
        return (yield from self._show(self._new("", goals, event)))

    def begin(self, goals: Collection[str], event: LifeEvent | None = None) -> Exchange[JourneyKept]:
        """Begin a plan.

        Raises:
            InvalidRequest: no goal, or too many.
            NotFound: a service is not offered.
            NoPlan: no way leads there.
            Conflict: there are too many plans.
        """
        if len(self.kept()) >= MAX_JOURNEYS:
            raise Conflict("there are too many plans; forget one first")
        kept = self._new(self.context.new_id(), goals, event)
        yield from self._show(kept)
        yield from self.context.save(put=[kept])
        return kept

    def show(self, journey_id: str) -> Exchange[JourneyShown]:
        """A plan as it stands now, made anew from what is held.

        Raises:
            NotFound: there is none of this id.
            NoPlan: no way leads there any more.
        """
        return (yield from self._show(self.find(journey_id)))

    def note(self, journey_id: str, service_id: str, typed: Mapping[str, str]) -> Exchange[None]:
        """Keep what the citizen answers, so that no later step asks it again. `typed`: field → text; empty: no answer.

        Raises:
            NotFound: no such plan or service.
            WrongAnswer: an answer is not what is asked for; nothing was kept.
        """
        kept, service = self.find(journey_id), self.catalogue.find(service_id)
        answers: JsonObject = {}
        for field in () if service.asks is None else service.asks.fields:
            text = typed.get(field.name, "").strip()
            if not text:
                continue
            try:
                answers[field.name] = _read(field, text)
                field.check(answers[field.name], "answer")
            except (ProtocolError, ValueError) as error:
                raise WrongAnswer(field.name) from error
        yield from self._change(kept, kept.read().noting(service, answers))

    def went_through(self, journey_id: str, service_id: str) -> Exchange[None]:
        """A service got what it needs, or the citizen says that it is done; what it gives is awaited from now on.

        A plan that was forgotten meanwhile stays forgotten.
        """
        for kept in self.kept():
            if kept.id == journey_id:
                yield from self._change(kept, kept.read().through(service_id))

    def again(self, journey_id: str, service_id: str) -> Exchange[None]:
        """Nothing came of a step: it is to be gone through once more.

        Raises:
            NotFound: there is no such plan.
        """
        kept = self.find(journey_id)
        yield from self._change(kept, kept.read().again(service_id))

    def forget(self, journey_id: str) -> Exchange[None]:
        """Destroy a plan with its answers.

        Raises:
            NotFound: there is no such plan.
        """
        yield from self.context.save(drop=[self.find(journey_id)])

    def _new(self, id_: str, goals: Collection[str], event: LifeEvent | None) -> JourneyKept:
        chosen = tuple(dict.fromkeys(goals))
        if not 0 < len(chosen) <= MAX_GOALS:
            raise InvalidRequest(f"a plan has 1 to {MAX_GOALS} goals")
        for goal in chosen:
            self.catalogue.find(goal)
        return JourneyKept.of(id_, "" if event is None else event.value, Journey(chosen), self.context.now())

    def _change(self, kept: JourneyKept, journey: Journey) -> Exchange[None]:
        yield from self.context.save(put=[JourneyKept.of(kept.id, kept.event, journey, kept.begun_at)])

    def _show(self, kept: JourneyKept) -> Exchange[JourneyShown]:
        context = self.context
        look = self._look()
        journey = kept.read()
        # What the citizen wants is theirs to decide, whatever a rule says; on the way nothing is taken that is not for them
        others = look.excluded - frozenset(journey.goals)
        try:
            plan: Plan = yield from slow(lambda: plan_journey(journey, look.services, look.holdings, excluded=others))
        except ProtocolError as error:
            raise NoPlan(error.description) from error
        return journey_shown(
            kept,
            plan,
            {service.id: service for service in look.services},
            held=context.store.credentials(),
            language=context.language,
            excluded=look.excluded,
        )

    def _look(self) -> _Look:
        services, holdings = self.catalogue.services(), self.catalogue.holdings()
        return _Look(services, holdings, self.catalogue.excluded(services, holdings))


def _read(field: FormField, text: str) -> str | int | float | bool:
    """What somebody typed, as the kind of value that a question wants."""
    if field.choices:
        for choice in field.choices:
            if str(choice.value) == text:
                return choice.value
        raise ValueError("is none of the choices")
    match field.type:
        case FieldType.BOOLEAN:
            if text not in ("yes", "no"):
                raise ValueError("is neither yes nor no")
            return text == "yes"
        case FieldType.INTEGER:
            return int(text)
        case FieldType.NUMBER:
            number = float(text.replace(",", "."))
            if not math.isfinite(number):
                raise ValueError("is no number")
            return number
        case FieldType.STRING:
            return text
