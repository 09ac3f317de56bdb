"""A journey: the services on the way to what a citizen wants, in an order in which each has what it needs.

The plan is made anew from what is held whenever it is looked at, so a journey is left and resumed by keeping where it leads,
what was done, and what was answered. Of the plans that leave the least to be found elsewhere it is one with the fewest steps
(docs/sovereignty/rules.md).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Self

from protocol.encoding import JsonObject, JsonValue, encode_json
from protocol.errors import Malformed
from protocol.fields import Fields
from protocol.sovereignty.form import FormField
from protocol.sovereignty.holdings import Holdings
from protocol.sovereignty.needs import Readiness, Want, check_needs
from protocol.sovereignty.route import Giver, Kind, Requirement, Stop, find_route
from protocol.sovereignty.service import MAX_ID, LifeEvent, Service
from protocol.sovereignty.suggestions import Givers

MAX_GOALS = 64
MAX_DONE = 256
MAX_ANSWERS = 1000


class Answer(NamedTuple):
    """What the citizen answered to a question."""

    name: str
    question: JsonObject  # as `FormField.question` has it: without its words
    value: JsonValue

    def to_dict(self) -> JsonObject:
        """The form in which it is kept."""
        return {"name": self.name, "question": self.question, "value": self.value}


@dataclass(frozen=True, slots=True)
class Journey:
    """Where it leads, and how far it has come. It holds personal data and is kept sealed."""

    goals: tuple[str, ...]  # ids of services
    done: tuple[str, ...] = ()  # ids of services; what they give may still be on its way
    answers: tuple[Answer, ...] = ()

    @classmethod
    def from_dict(cls, value: object) -> Self:
        """Read what was kept.

        Raises:
            Malformed: a member is missing or has the wrong shape.
        """
        journey = Fields(value, "journey")
        return cls(
            goals=_read_ids(journey, "goals", MAX_GOALS),
            done=_read_ids(journey, "done", MAX_DONE) if "done" in journey else (),
            answers=tuple(
                [
                    Answer(one.text("name"), one.object("question").members, one.required("value"))
                    for one in journey.optional_objects("answers", max_items=MAX_ANSWERS)
                ]
            ),
        )

    def to_dict(self) -> JsonObject:
        """The form in which it is kept."""
        members: JsonObject = {"goals": list[JsonValue](self.goals)}
        if self.done:
            members["done"] = list[JsonValue](self.done)
        if self.answers:
            members["answers"] = [answer.to_dict() for answer in self.answers]
        return members

    def after(self, service: Service, answers: JsonObject) -> Journey:
        """The journey once a service was gone through; a later answer to the same question replaces the earlier one.

        Raises:
            Malformed: an answer is not what the service asked for.
        """
        given = {} if service.asks is None else service.asks.read_answers(answers)
        return self._with(service, given).through(service.id)

    def noting(self, service: Service, answers: JsonObject) -> Journey:
        """The journey with what the citizen knows already; what is not answered is asked where the service is gone through.

        Raises:
            Malformed: an answer is not what the service asks for.
        """
        fields = {} if service.asks is None else {field.name: field for field in service.asks.fields}
        if not answers.keys() <= fields.keys():
            raise Malformed("answers", "answers something that was not asked")
        for name, answer in answers.items():
            fields[name].check(answer, f"answers.{name}")
        return self._with(service, answers)

    def through(self, service_id: str) -> Journey:
        """The journey once a service was gone through, whose answers were not noted here."""
        return replace(self, done=tuple(dict.fromkeys((*self.done, service_id)))[-MAX_DONE:])

    def answer_to(self, field: FormField) -> JsonValue:
        """What was answered to a question; None: nothing."""
        key = _key(field.name, field.question())
        return next((one.value for one in self.answers if _key(one.name, one.question) == key), None)

    def _with(self, service: Service, given: JsonObject) -> Journey:
        fields = () if service.asks is None else service.asks.fields
        new = [Answer(one.name, one.question(), given[one.name]) for one in fields if one.name in given]
        replaced = {_key(answer.name, answer.question) for answer in new}
        kept = [answer for answer in self.answers if _key(answer.name, answer.question) not in replaced]
        return replace(self, answers=(*kept, *new)[-MAX_ANSWERS:])

    def again(self, service_id: str) -> Journey:
        """The journey with a service to be gone through once more, because nothing came of it."""
        return replace(self, done=tuple([one for one in self.done if one != service_id]))


class Fetched(NamedTuple):
    """A proof that a step needs and an earlier one gives."""

    query_id: str
    service_id: str


@dataclass(frozen=True, slots=True)
class Step:
    """One service on the way."""

    service: Service
    at_hand: tuple[str, ...]  # ids of credential queries that something held answers
    fetched: tuple[Fetched, ...]  # what is fetched on the way
    awaited: tuple[Fetched, ...]  # what a service that is done has yet to give
    elsewhere: tuple[Want, ...]  # what nobody in the catalogue gives
    asks: tuple[FormField, ...]  # what is asked here for the first time
    known: tuple[FormField, ...]  # what was answered before


@dataclass(frozen=True, slots=True)
class Plan:
    """What is still to be done, in its order."""

    steps: tuple[Step, ...]
    gone: tuple[str, ...]  # goals that the catalogue no longer has, or that do not come into question


def goals_for(services: Sequence[Service], event: LifeEvent, *, excluded: Collection[str] = ()) -> tuple[str, ...]:
    """The services of a life event, for the citizen to choose from."""
    return tuple([one.id for one in services if event in one.life_events and one.id not in excluded])


def plan_journey(
    journey: Journey, services: Sequence[Service], holdings: Holdings, *, excluded: Collection[str] = ()
) -> Plan:
    """The steps that are left; `excluded` are services that do not come into question, by their rule or by choice.

    Raises:
        Malformed: services on the way need what only they themselves give in the end.
        TooLarge: there are more ways than we try.
    """
    known = {one.id: one for one in services if one.id not in excluded}
    open_goals = [one for one in journey.goals if one not in journey.done]
    needs = _Needs(known, [known[one] for one in journey.done if one in known], holdings)
    answered = {_key(answer.name, answer.question) for answer in journey.answers}
    steps = []
    for stop in find_route([one for one in open_goals if one in known], needs.requirements):
        step = needs.step(stop, answered)
        answered.update([_key(field.name, field.question()) for field in step.asks])
        steps.append(step)
    return Plan(tuple(steps), tuple([one for one in open_goals if one not in known]))


class _Needs:
    """What each service needs, and who gives it; looked up once, and only of services that may lie on the way."""

    __slots__ = ("_givers", "_holdings", "_pending", "_readiness", "_requirements", "_services")

    def __init__(self, services: dict[str, Service], done: Sequence[Service], holdings: Holdings) -> None:
        self._services = services
        self._holdings = holdings
        self._givers = Givers(services.values())
        self._pending = Givers(done)
        self._readiness: dict[str, Readiness] = {}
        self._requirements: dict[str, tuple[Requirement, ...]] = {}

    def requirements(self, id_: str) -> tuple[Requirement, ...]:
        """What has to be had before a service can be gone through."""
        found = self._requirements.get(id_)
        if found is None:
            ready = self._readiness[id_] = check_needs(self._services[id_].needs, self._holdings)
            found = self._requirements[id_] = tuple(
                [
                    tuple([tuple([self._sources(id_, want) for want in option]) for option in one])
                    for one in ready.lacking
                ]
            )
        return found

    def step(self, stop: Stop, answered: Collection[_Key]) -> Step:
        """One step of the plan, with what it asks beyond what was answered."""
        service, ready = self._services[stop.id], self._readiness[stop.id]
        met = [
            (want, giver)
            for options, taken in zip(ready.lacking, stop.taken, strict=True)
            for want, giver in zip(options[taken.option], taken.givers, strict=True)
        ]
        fields = () if service.asks is None else service.asks.fields
        return Step(
            service=service,
            at_hand=ready.at_hand,
            fetched=_from(Kind.SERVICE, met),
            awaited=_from(Kind.AWAITED, met),
            elsewhere=tuple([want for want, giver in met if giver.kind is Kind.ELSEWHERE]),
            asks=tuple([field for field in fields if _key(field.name, field.question()) not in answered]),
            known=tuple([field for field in fields if _key(field.name, field.question()) in answered]),
        )

    def _sources(self, id_: str, want: Want) -> tuple[Giver, ...]:
        """Who gives what is wanted. What nobody gives, the citizen has to find elsewhere."""
        types = want.gap.types
        # What a service gave and is over has to be given again; what it has not given yet is on its way
        coming = [named for named in types if not self._holdings.has_ended(named)]
        awaited = [Giver(Kind.AWAITED, one.id) for one in self._pending.of(coming, but=id_)]
        services = [Giver(Kind.SERVICE, one.id) for one in self._givers.of(types, but=id_)]
        if services:
            return (*awaited, *services)
        # The same proof counts once, whoever wants it
        names = [named.name for named in types] or [id_, want.query_id]
        return (Giver(Kind.ELSEWHERE, " ".join(names)),)


_Key = tuple[str, bytes]


def _key(name: str, question: JsonObject) -> _Key:
    """What makes two questions the same."""
    return name, encode_json(dict(sorted(question.items())))


def _from(kind: Kind, met: Sequence[tuple[Want, Giver]]) -> tuple[Fetched, ...]:
    return tuple([Fetched(want.query_id, giver.id) for want, giver in met if giver.kind is kind])


def _read_ids(journey: Fields, name: str, longest: int) -> tuple[str, ...]:
    ids = journey.texts(name, max_items=longest)
    if len(set(ids)) != len(ids) or any(len(one) > MAX_ID for one in ids):
        raise Malformed(journey.path(name), f"must have ids of at most {MAX_ID} characters, each once")
    return ids
