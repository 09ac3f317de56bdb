"""What a citizen noted before, carried to a service's form: how the verifier announces it, and how the wallet answers.

Both are extras like the cockpit key: whoever does not know them ignores them, and whatever is wrong with them is ignored as
well. What comes is nobody's attestation. It is what somebody typed, only typed earlier: a proposal for the form, which shows
it before anything is sent (docs/sovereignty/catalogue.md).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from protocol.encoding import JsonObject, JsonValue
from protocol.sovereignty.form import MAX_ANSWER, MAX_FIELDS, Form

TAKES_ANSWERS = "takes_answers"
ANSWERS = "answers"

MAX_TOTAL = 64 * 1024  # characters of all answers together
_MAX_COUNT = 10**15  # either way from zero, as a form has it
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")


def announce_answers(names: Iterable[str]) -> JsonObject:
    """The member of `client_metadata`: the questions whose answers the form takes; what nobody would read is a ValueError."""
    found = tuple(names)
    if not found or _read_names(list(found)) != found:
        raise ValueError("a form takes answers to 1 to 64 questions of its own, each once")
    return {TAKES_ANSWERS: list(found)}


def announced_answers(client_metadata: Mapping[str, object]) -> tuple[str, ...]:
    """The questions whose answers a verifier takes; empty: none, or none that can be read.

    It counts for nothing in an unsigned request, nor where the answer would not be encrypted.
    """
    return _read_names(client_metadata.get(TAKES_ANSWERS))


def answers_member(answers: Mapping[str, JsonValue]) -> JsonObject:
    """What stands next to `vp_token`, inside what is encrypted, and nowhere else; what nobody would read is a ValueError."""
    if not answers or read_answers_member({ANSWERS: dict(answers)}) != answers:
        raise ValueError("answers are texts, numbers, yes or no, by the names of questions")
    return {ANSWERS: dict(answers)}


def read_answers_member(members: Mapping[str, object]) -> JsonObject:
    """The answers next to a `vp_token`; empty: there are none, or malformed ones, which are ignored as a whole.

    Whether they were asked for, and are answers to what was asked, is not checked: see `fitting`.
    """
    value = members.get(ANSWERS)
    if not isinstance(value, dict) or not 0 < len(value) <= MAX_FIELDS:
        return {}
    left = MAX_TOTAL
    for name, answer in value.items():
        if not _NAME.fullmatch(name) or not _is_answer(answer):
            return {}
        left -= len(name) + (len(answer) if isinstance(answer, str) else 0)
    return dict(value) if left >= 0 else {}


def fitting(answers: Mapping[str, JsonValue], form: Form, taken: Collection[str]) -> JsonObject:
    """The answers to questions of a form that are taken, as far as each is what was asked for; the others are left out."""
    found: JsonObject = {}
    for field in form.fields:
        if field.name in taken and field.name in answers and field.takes(answers[field.name]):
            found[field.name] = answers[field.name]
    return found


def _read_names(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not 0 < len(value) <= MAX_FIELDS:
        return ()
    names = tuple([name for name in value if isinstance(name, str) and _NAME.fullmatch(name)])
    return names if len(names) == len(value) == len(set(names)) else ()


def _is_answer(answer: object) -> bool:
    match answer:
        case str():
            return len(answer) <= MAX_ANSWER and "\x00" not in answer
        case bool():
            return True
        case int() | float():
            return abs(answer) <= _MAX_COUNT  # nor NaN
        case _:
            return False
