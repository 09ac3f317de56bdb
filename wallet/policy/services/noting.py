"""What a plan was told and the form of a service asks: shown with the request, and sent along only where it is ticked.

It is proposed to the form and attested by nobody (docs/decisions/0063). What is sent is what stood on the page: an answer that
was changed meanwhile, in another window, is not sent unseen.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from protocol.encoding import JsonObject, JsonValue
from protocol.errors import Conflict
from protocol.sovereignty.form import FormField
from protocol.sovereignty.journey import Journey
from protocol.sovereignty.service import Service
from protocol.trust.localized import in_language
from wallet.policy.showing import MAX_VALUE, plain

FIELD = "noted-"  # before the name of a question, in our own form


class NotedChanged(Conflict):
    """What was ticked is not what the plan says now; nothing was sent."""

    def __init__(self) -> None:
        super().__init__("an answer in the plan was changed meanwhile; nothing was sent")


@dataclass(frozen=True, slots=True)
class NotedShown:
    """One answer that a plan holds, and that the form asks for."""

    name: str  # of the question
    title: str
    value: JsonValue
    said: str  # in words; of yes and no: as a form has it

    @property
    def typed(self) -> str:
        """The answer as our own form carries it."""
        return as_typed(self.value)


def as_typed(value: JsonValue) -> str:
    """An answer as a field of a form has it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def noted_answers(service: Service, journey: Journey, taken: Collection[str], language: str) -> tuple[NotedShown, ...]:
    """The answers of a plan to questions that a service announced and whose form takes them; no other can be had."""
    asked = () if service.asks is None else service.asks.fields
    found = [(field, journey.answer_to(field)) for field in asked if field.name in taken]
    return tuple([_shown(field, value, language) for field, value in found if value is not None])


def ticked_answers(noted: Iterable[NotedShown], form: Mapping[str, str]) -> tuple[NotedShown, ...]:
    """What the citizen ticked.

    Raises:
        NotedChanged: the plan says something else now than stood beside the tick.
    """
    known = {f"{FIELD}{one.name}": one for one in noted}
    ticked = {name: text for name, text in form.items() if name.startswith(FIELD)}
    if any(name not in known or known[name].typed != text for name, text in ticked.items()):
        raise NotedChanged
    return tuple([one for name, one in known.items() if name in ticked])


def sent_along(answers: Iterable[NotedShown]) -> JsonObject:
    """What goes with the answer: by the names of the questions."""
    return {one.name: one.value for one in answers}


def _shown(field: FormField, value: JsonValue, language: str) -> NotedShown:
    titles = {choice.value: choice.title for choice in field.choices}
    title = titles.get(value, ()) if isinstance(value, str | int | float) else ()
    said = in_language(title, language) if title else as_typed(value)
    return NotedShown(field.name, plain(in_language(field.title, language), MAX_VALUE), value, plain(said, MAX_VALUE))
