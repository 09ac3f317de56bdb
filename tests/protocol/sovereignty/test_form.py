import contextlib

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.encoding import JsonObject
from protocol.errors import Malformed, ProtocolError
from protocol.fields import Fields
from protocol.sovereignty.form import MAX_ANSWER, MAX_CHOICES, MAX_FIELDS, Form
from tests.protocol.sovereignty.services import ASKS
from tests.support.strategies import almost, json_values

TITLE = {"en": "x"}
ANSWERS: JsonObject = {
    "iban": "DE02120300000000202051",
    "since": "2026-02-28",
    "hours": 20.5,
    "children": 2,
    "pay": "m",
    "agreed": True,
}


def read(value):
    return Form.from_fields(Fields(value, "asks"))


def of(**field):
    """A form with one field."""
    return {"type": "object", "properties": {"x": {"type": "string", "title": TITLE, **field}}}


def test_a_form_that_is_read_is_written_as_it_was():
    assert read(ASKS).to_dict() == ASKS
    assert read({**ASKS, "additionalProperties": False}) == read(ASKS)
    assert [field.name for field in read(ASKS).fields] == list(ANSWERS)
    assert [field.required for field in read(ASKS).fields] == [True, False, False, False, False, True]


@pytest.mark.parametrize(
    ("form", "at"),
    [
        ({**ASKS, "$ref": "#"}, "asks"),
        ({**ASKS, "$defs": {}}, "asks"),
        ({**ASKS, "patternProperties": {}}, "asks"),
        ({**ASKS, "allOf": [ASKS]}, "asks"),
        ({**ASKS, "type": "array"}, "asks.type"),
        ({**ASKS, "additionalProperties": True}, "asks.additionalProperties"),
        ({**ASKS, "properties": {}}, "asks.properties"),
        ({**ASKS, "required": ["iban", "iban"]}, "asks.required"),
        ({**ASKS, "required": ["toString"]}, "asks.required"),
        ({"type": "object", "properties": {"__proto__": ASKS["properties"]["iban"]}}, "asks.properties"),
        ({"type": "object", "properties": {"a b": ASKS["properties"]["iban"]}}, "asks.properties"),
        (
            {"type": "object", "properties": {f"x{i}": ASKS["properties"]["iban"] for i in range(MAX_FIELDS + 1)}},
            "asks.properties",
        ),
        (of(pattern="(a+)+$"), "asks.properties.x"),
        (of(**{"$ref": "#"}), "asks.properties.x"),
        (of(type="object", properties={}), "asks.properties.x.type"),
        (of(type=["string", "null"]), "asks.properties.x.type"),
        (of(minimum=1), "asks.properties.x"),
        (of(type="integer", minLength=1), "asks.properties.x"),
        (of(type="boolean", enum=[True]), "asks.properties.x"),
        (of(format="uri"), "asks.properties.x.format"),
        (of(title=...), "asks.properties.x.title"),
        (of(title="x"), "asks.properties.x.title"),
        (of(title={"en": "<script>alert(1)</script>"}), "asks.properties.x.title.en"),
        (of(description={"en": "<img src=x onerror=alert(1)>"}), "asks.properties.x.description.en"),
        (of(enum=["<script>alert(1)</script>"]), "asks.properties.x.enum[0]"),
        (of(enum=["a", "a"]), "asks.properties.x"),
        (of(enum=["a", 1]), "asks.properties.x.enum[1]"),
        (of(enum=["a", None]), "asks.properties.x.enum[1]"),
        (of(enum=[""]), "asks.properties.x.enum[0]"),
        (of(enum=["x" * 257]), "asks.properties.x.enum[0]"),
        (of(enum=[str(i) for i in range(MAX_CHOICES + 1)]), "asks.properties.x.enum"),
        (of(enum=["a"], oneOf=[{"const": "a", "title": TITLE}]), "asks.properties.x"),
        (of(enum=["a"], oneOf=[{"const": "b", "title": TITLE}]), "asks.properties.x"),
        (of(oneOf=[{"const": "a"}]), "asks.properties.x.oneOf[0].title"),
        (of(oneOf=[{"const": "a", "title": TITLE, "not": {}}]), "asks.properties.x.oneOf[0]"),
        (of(oneOf=[{"const": "a", "title": TITLE}] * 2), "asks.properties.x"),
        (of(minLength=3, maxLength=2), "asks.properties.x"),
        (of(maxLength=MAX_ANSWER + 1), "asks.properties.x.maxLength"),
        (of(type="number", minimum=3, maximum=2.5), "asks.properties.x"),
        (of(type="number", minimum="3"), "asks.properties.x.minimum"),
        (of(type="number", maximum=True), "asks.properties.x.maximum"),
        (of(type="number", maximum=1e16), "asks.properties.x.maximum"),
    ],
)
def test_a_broken_form_is_refused_by_name(form, at):
    if "properties" in form:
        form["properties"] = {
            name: {k: v for k, v in field.items() if v is not ...} for name, field in form["properties"].items()
        }
    with pytest.raises(Malformed) as refusal:
        read(form)
    assert refusal.value.at == at


def test_good_answers_come_in_the_order_of_the_form():
    read_back = read(ASKS).read_answers(dict(reversed(ANSWERS.items())))
    assert list(read_back.items()) == list(ANSWERS.items())
    assert read(ASKS).read_answers({"iban": "DE02120300000000202051", "agreed": False, "pay": None}) == {
        "iban": "DE02120300000000202051",
        "agreed": False,
    }


@pytest.mark.parametrize(
    ("changes", "at"),
    [
        ({"iban": ...}, "answers.iban"),
        ({"agreed": None}, "answers.agreed"),
        ({"iban": "x" * 14}, "answers.iban"),
        ({"iban": "x" * 35}, "answers.iban"),
        ({"iban": 15}, "answers.iban"),
        ({"since": "2026-02-29"}, "answers.since"),
        ({"hours": -0.1}, "answers.hours"),
        ({"hours": 60.6}, "answers.hours"),
        ({"hours": True}, "answers.hours"),
        ({"children": 4}, "answers.children"),
        ({"children": 1.5}, "answers.children"),
        ({"pay": "w"}, "answers.pay"),
        ({"agreed": 1}, "answers.agreed"),
        ({"agreed": "true"}, "answers.agreed"),
        ({"more": 1}, "answers"),
    ],
)
def test_an_answer_to_something_else_is_refused_by_name(changes, at):
    answers = {name: value for name, value in {**ANSWERS, **changes}.items() if value is not ...}
    with pytest.raises(Malformed) as refusal:
        read(ASKS).read_answers(answers)
    assert refusal.value.at == at


@pytest.mark.parametrize("text", ["x" * (MAX_ANSWER + 1), "a\x00b"])
def test_an_answer_has_a_cap_whatever_the_form_allows(text):
    with pytest.raises(Malformed):
        read(of()).read_answers({"x": text})


@pytest.mark.parametrize(("text", "good"), [("a@b.example", True), ("a b@c", False), ("a@", False), ("a@b@c", False)])
def test_an_address_looks_like_one(text, good):
    with contextlib.nullcontext() if good else pytest.raises(Malformed):
        read(of(format="email")).read_answers({"x": text})


@given(almost(ANSWERS))
def test_answers_are_judged_as_json_schema_judges_them(answers):
    # Titles are texts in several languages here, which JSON Schema does not know
    properties = {
        name: {keyword: value for keyword, value in field.items() if keyword not in ("title", "description")}
        for name, field in ASKS["properties"].items()
    }
    validator = jsonschema.Draft202012Validator(
        {**ASKS, "properties": properties, "additionalProperties": False},
        format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER,
    )
    # Null is an absent answer here
    given = {name: value for name, value in answers.items() if value is not None or name not in properties}
    try:
        read(ASKS).read_answers(answers)
        fits = True
    except Malformed:
        fits = False
    assert fits is validator.is_valid(given)


@given(st.one_of(json_values, almost(ASKS), almost(ASKS["properties"]["iban"]).map(lambda field: of(**field))))
def test_no_form_escapes_the_error_family(value):
    with contextlib.suppress(ProtocolError):
        assert read(read(value).to_dict()) == read(value)


@given(json_values)
def test_no_answers_escape_the_error_family(value):
    with contextlib.suppress(ProtocolError):
        read(ASKS).read_answers(value)


def test_a_question_is_the_same_whatever_its_words():
    one, other = (read(of(title={"en": title}, enum=["a"])).fields[0] for title in ("x", "y"))
    titled = read(of(oneOf=[{"const": "a", "title": TITLE}])).fields[0]
    assert one.question() == other.question() == titled.question()
    assert one.question() != read(of(enum=["b"])).fields[0].question()
    assert read(of()).fields[0].question() != read(of(format="date")).fields[0].question()
