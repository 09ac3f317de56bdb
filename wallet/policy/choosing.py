"""The consent to a request as a form: what can be chosen, and what was. Nothing that is not needed is chosen for anybody.

Fields are named by places in the consent that is on the screen, so a form can name nothing else: `way-0` is an option of the
first way or empty for nothing, `choice-1` a document for the second question, `choice-1-0` one of several.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from protocol.errors import InvalidRequest
from wallet.policy.presenting import ChoiceShown, PresentationConsent, QuestionShown, WayShown

Choice = dict[str, tuple[str, ...]]


class ChoiceMissing(InvalidRequest):
    """Something that is needed was not chosen yet; nothing was sent."""


class NothingChosen(ChoiceMissing):
    """Everything was optional, and nothing was chosen; nothing was sent."""


@dataclass(frozen=True, slots=True)
class QuestionForm:
    """A question within an option: with its documents where it comes first, only named where it comes again."""

    place: int
    shown: QuestionShown
    first: bool


@dataclass(frozen=True, slots=True)
class WayForm:
    """One part of the form: one of its options is enough, or, if it is not required, none."""

    place: int
    required: bool
    options: tuple[tuple[QuestionForm, ...], ...]

    @property
    def decided(self) -> bool:
        """Whether nothing is left to decide about which option it is."""
        return self.required and len(self.options) == 1


def ways_of(consent: PresentationConsent) -> tuple[WayForm, ...]:
    """The parts of the form, what is required first."""
    places = {question.query_id: place for place, question in enumerate(consent.questions)}
    seen: set[str] = set()
    forms = []
    for place, way in sorted(enumerate(consent.ways), key=lambda item: not item[1].required):
        options = []
        for option in way.options:
            options.append(
                tuple([QuestionForm(places[i], consent.questions[places[i]], i not in seen) for i in option])
            )
            seen.update(option)
        if options:
            forms.append(WayForm(place, way.required, tuple(options)))
    return tuple(forms)


def read_choice(consent: PresentationConsent, form: Mapping[str, str]) -> Choice:
    """What a person chose: ids of documents by id of question, as `Presenting.share` wants it.

    Raises:
        ChoiceMissing: something that is needed was not chosen.
        InvalidRequest: the form names something that is not on the page.
    """
    places = {question.query_id: place for place, question in enumerate(consent.questions)}
    choice: Choice = {}
    for place, way in enumerate(consent.ways):
        for query_id in _option(way, form.get(f"way-{place}", "")):
            number = places[query_id]
            choice[query_id] = _documents(consent.questions[number], number, form)
    if not choice:
        raise NothingChosen("nothing was chosen; nothing was sent")
    return choice


def chosen_documents(consent: PresentationConsent, choice: Mapping[str, tuple[str, ...]]) -> tuple[ChoiceShown, ...]:
    """The documents of a choice, with exactly what the other side sees of them."""
    return tuple(
        found
        for question in consent.questions
        for found in question.choices
        if found.held_id in choice.get(question.query_id, ())
    )


def _option(way: WayShown, value: str) -> tuple[str, ...]:
    if not way.options:
        return ()
    if way.required and len(way.options) == 1:
        return way.options[0]
    if not value:
        if way.required:
            raise ChoiceMissing("one of these has to be chosen; nothing was sent")
        return ()
    return way.options[_place(value, len(way.options))]


def _documents(question: QuestionShown, place: int, form: Mapping[str, str]) -> tuple[str, ...]:
    choices = question.choices
    if len(choices) == 1:
        return (choices[0].held_id,)
    if question.several:
        ticked = [found.held_id for i, found in enumerate(choices) if f"choice-{place}-{i}" in form]
    else:
        value = form.get(f"choice-{place}", "")
        ticked = [choices[_place(value, len(choices))].held_id] if value else []
    if not ticked:
        raise ChoiceMissing("one of these documents has to be chosen; nothing was sent")
    return tuple(ticked)


def _place(value: str, count: int) -> int:
    if not (value.isascii() and value.isdecimal() and len(value) < 5 and int(value) < count):
        raise InvalidRequest("the form names something that is not on the page; nothing was sent")
    return int(value)
