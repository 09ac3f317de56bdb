"""Plans: from a life event or a wish to the steps that lead there; begun, left, gone on with, and forgotten. Kept sealed."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from protocol.encoding import JsonObject
from protocol.errors import Conflict, InvalidRequest, NotFound, ProtocolError
from protocol.exchange import Exchange
from protocol.sovereignty.form import FieldType, FormField
from protocol.sovereignty.journey import MAX_GOALS, Journey, Plan, plan_journey
from protocol.sovereignty.service import LifeEvent, Service
from runtime.conversation import slow
from wallet.policy.people import Aim, Named
from wallet.policy.services.showing import JourneyShown, journey_shown
from wallet.policy.services.whom import (
    Aimed,
    Meant,
    aimed,
    can_be_own,
    chosen_whom,
    gives_again,
    on_the_way,
    people_concerned,
    types_about_others,
)
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


class WhomOpen(Conflict):
    """Documents of several people would do, and nobody said for whom the plan is; nothing was begun."""

    def __init__(self) -> None:
        super().__init__("for whom the plan is has to be said first; nothing was begun")


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

    def preview(self, goals: Collection[str], event: LifeEvent | None = None, whom: str = "") -> Exchange[JourneyShown]:
        """How a plan would look; nothing is kept. `whom`: for whom, by the id of an option; empty: that is not said yet."""
        return (yield from self._show(self._new("", goals, event, whom)))

    def begin(self, goals: Collection[str], event: LifeEvent | None = None, whom: str = "") -> Exchange[JourneyKept]:
        """Begin a plan. Where it can be for one person only, that is kept, whoever turns up later.

        Raises:
            InvalidRequest: no goal, or too many, or `whom` is none of the options.
            NotFound: a service is not offered.
            NoPlan: no way leads there.
            Conflict: there are too many plans.
        """
        if len(self.kept()) >= MAX_JOURNEYS:
            raise Conflict("there are too many plans; forget one first")
        kept = self._bound(self._new(self.context.new_id(), goals, event, whom))
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

    def choose(self, journey_id: str, whom: str) -> Exchange[None]:
        """Say for whom a plan is.

        Raises:
            NotFound: there is none of this id.
            InvalidRequest: this is none of the options; nothing was changed.
        """
        kept = self.find(journey_id)
        yield from self.context.save(put=[self._chosen(kept, whom)])

    def settle(self, journey_id: str) -> Exchange[Aim | None]:
        """For whom a plan is, from now on: whoever turns up later does not open the question again.

        Raises:
            NotFound: there is none of this id.
            WhomOpen: it has to be asked; nothing was begun.
        """
        kept = self.find(journey_id)
        found = self._aimed(kept)
        if found.asks:
            raise WhomOpen
        bound = self._bound(kept)
        if bound != kept:
            yield from self.context.save(put=[bound])
        return found.aim

    def aim(self, journey_id: str) -> Aim | None:
        """For whom a plan is; None: for nobody in particular, or nobody said yet, or it was forgotten."""
        found = [self._aimed(kept).aim for kept in self.kept() if kept.id == journey_id]
        return found[0] if found else None

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

    def _new(self, id_: str, goals: Collection[str], event: LifeEvent | None, whom: str) -> JourneyKept:
        chosen = tuple(dict.fromkeys(goals))
        if not 0 < len(chosen) <= MAX_GOALS:
            raise InvalidRequest(f"a plan has 1 to {MAX_GOALS} goals")
        for goal in chosen:
            self.catalogue.find(goal)
        kept = JourneyKept.of(id_, "" if event is None else event.value, Journey(chosen), self.context.now())
        return self._chosen(kept, whom) if whom else kept

    def _chosen(self, kept: JourneyKept, whom: str) -> JourneyKept:
        meant = chosen_whom(whom, self._aimed(kept).options, self._concerned(kept))
        return replace(kept, whom=meant.write())

    def _change(self, kept: JourneyKept, journey: Journey) -> Exchange[None]:
        yield from self.context.save(put=[JourneyKept.of(kept.id, kept.event, journey, kept.begun_at, kept.whom)])

    def _show(self, kept: JourneyKept) -> Exchange[JourneyShown]:
        context = self.context
        found = self._aimed(kept)
        services, holdings = self.catalogue.services(), self.catalogue.holdings(found.aim)
        excluded = self.catalogue.excluded(services, holdings)
        journey = kept.read()
        # What the citizen wants is theirs to decide, whatever a rule says; on the way nothing is taken that is not for them
        others = excluded - frozenset(journey.goals)
        try:
            plan: Plan = yield from slow(lambda: plan_journey(journey, services, holdings, excluded=others))
        except ProtocolError as error:
            raise NoPlan(error.description) from error
        held, people = context.store.credentials(), self.catalogue.people()
        return journey_shown(
            kept,
            plan,
            {service.id: service for service in services},
            held=people.fitting(held, found.aim),
            language=context.language,
            excluded=excluded,
            aimed=found,
            about_others=types_about_others([step.service for step in plan.steps], held, people),
        )

    def _aimed(self, kept: JourneyKept) -> Aimed:
        held, people, goals = self.context.store.credentials(), self.catalogue.people(), self._goals(kept)
        return aimed(
            Meant.read(kept.whom),
            self._concerned(kept),
            people,
            me=can_be_own(goals, self.catalogue.holdings(), self.catalogue.holdings(Aim(None))),
            again=gives_again(goals, held, people),
        )

    def _concerned(self, kept: JourneyKept) -> tuple[Named, ...]:
        held, people = self.context.store.credentials(), self.catalogue.people()
        way = on_the_way(self._goals(kept), self.catalogue.services(), held, people)
        return people_concerned(way, held, people)

    def _goals(self, kept: JourneyKept) -> list[Service]:
        goals = kept.read().goals
        return [one for one in self.catalogue.services() if one.id in goals]

    def _bound(self, kept: JourneyKept) -> JourneyKept:
        """With whom it is for, where that is one person; before anybody is there it is for whoever comes."""
        found = self._aimed(kept)
        if found.aim is not None and found.aim.whom is not None:
            return replace(kept, whom=Meant(True, found.aim.whom).write())
        return kept if kept.whom or found.asks else replace(kept, whom=Meant(new=True).write())


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
