"""What was shared, as people read it."""

import base64
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from protocol.encoding import JsonObject, JsonValue, encode_base64url
from runtime.data_pictures import MAX_PORTRAIT
from tests.support.strategies import json_values
from verifier.use_case import AskedData, AskedDocument
from verifier.web.values import MAX_LINES, MAX_SHOWN, SharedLine, shared_documents


def picture_of(kind: str) -> str:
    """A small picture, as a document holds it."""
    file = io.BytesIO()
    Image.new("RGB", (3, 4)).save(file, kind)
    return f"data:image/{kind};base64,{base64.b64encode(file.getvalue()).decode()}"


PNG = picture_of("png")


def shown(value, language="en", binary=()):
    """The one value, asked by the path `a`."""
    asked = (AskedDocument("c", "Card", needed=True, data=(AskedData(("a",), "Label", needed=True),)),)
    [document] = shared_documents(asked, {"c": [{"a": value}]}, {"c": binary}, language)
    [found] = document.values
    assert (document.name, found.label) == ("Card", "Label")
    return found


def texts(value, language="en"):
    return [line.text for line in shown(value, language).lines]


@pytest.mark.parametrize(
    ("value", "language", "lines"),
    [
        ("Erika", "en", ["Erika"]),
        ("1964-08-12", "en", ["12 August 1964"]),
        ("1964-08-12", "de", ["12. August 1964"]),
        ("1964-13-12", "en", ["1964-13-12"]),
        ("1964-08-12T10:00", "en", ["1964-08-12T10:00"]),
        ("\u0661\u0669\u0666\u0664-08-12", "en", ["\u0661\u0669\u0666\u0664-08-12"]),
        (7, "en", ["7"]),
        (["DE", "FR"], "en", ["DE", "FR"]),
        ([], "en", []),
        (None, "en", []),
        ("x" * (MAX_SHOWN + 1), "en", ["x" * MAX_SHOWN + "…"]),
    ],
)
def test_a_value_is_written_for_people(value, language, lines):
    assert texts(value, language) == lines


@pytest.mark.parametrize(
    ("path", "value", "language", "lines"),
    [
        (("nationalities",), ["DE", "FR"], "en", ["Germany (DE)", "France (FR)"]),
        (("nationalities", None), ["DE"], "de", ["Deutschland (DE)"]),
        (("nationalities", 0), ["DE"], "de", ["Deutschland (DE)"]),
        (("issuing_country",), "QQ", "en", ["QQ"]),
        (("issuing_country",), 7, "en", ["7"]),
        (("given_name",), "DE", "en", ["DE"]),
    ],
)
def test_a_country_has_a_name_where_a_country_stands(path, value, language, lines):
    asked = (AskedDocument("c", "Card", needed=True, data=(AskedData(path, "Label", needed=True),)),)
    [document] = shared_documents(asked, {"c": [{path[0]: value}]}, {}, language)
    assert [line.text for line in document.values[0].lines] == lines


def test_yes_and_no_are_left_to_the_readers_language():
    assert shown(True).lines == (SharedLine("", truth=True),)
    assert shown([False]).lines == (SharedLine("", truth=False),)


def test_members_of_an_object_are_named():
    lines = shown({"postal_code": "12345", "of": {"age": True}}).lines
    assert lines == (SharedLine("12345", part="postal code"), SharedLine("", truth=True, part="of, age"))


def test_members_are_called_as_the_use_case_calls_them_and_come_in_its_order():
    path = ("org.iso.18013.5.1", "driving_privileges")
    parts = (("vehicle_category_code", "Klasse"), ("issue_date", "seit"))
    asked = (AskedDocument("c", "Card", needed=True, data=(AskedData(path, "Label", needed=True, parts=parts),)),)
    privileges: list[JsonValue] = [
        {"codes": [{"code": "78"}], "issue_date": "2006-09-05", "vehicle_category_code": "B"}
    ]
    [document] = shared_documents(asked, {"c": [{path[0]: {path[1]: privileges}}]}, {}, "de")
    [value] = document.values
    assert [(line.part, line.text) for line in value.lines] == [
        ("Klasse", "B"),
        ("seit", "5. September 2006"),
        ("codes, code", "78"),
    ]


def test_a_list_without_end_ends():
    assert len(shown(["x"] * (MAX_LINES + 5)).lines) == MAX_LINES


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
def test_a_picture_is_shown_as_one(kind):
    picture = picture_of(kind)
    found = shown(picture)
    assert (found.picture, found.lines) == (picture, ())


@pytest.mark.parametrize(
    "text",
    [
        "https://evil.example/x.png",
        "data:text/html;base64,AAAA",
        "data:image/svg+xml;base64,AAAA",
        PNG + '" onerror="alert(1)',
        "javascript:alert(1)",
        "data:image/png;base64," + "A" * MAX_PORTRAIT,
        PNG.replace("png", "jpeg"),
    ],
)
def test_what_is_no_small_picture_of_pixels_is_a_text(text):
    """T235: nothing is loaded from elsewhere, and nothing that a holder wrote becomes a part of the page."""
    assert shown(text).picture == ""


def test_documents_come_in_the_order_in_which_they_were_asked_and_unknown_ones_last():
    asked = tuple(AskedDocument(name, name, needed=True, data=()) for name in ("b", "a", "never shared"))
    disclosed: JsonObject = {"unknown": [{"some_name": "x"}], "a": [{}], "b": [{}, {}]}
    found = shared_documents(asked, disclosed, {}, "en")
    assert [document.name for document in found] == ["b", "b", "a", ""]
    [value] = found[-1].values
    assert (value.label, value.lines) == ("some name", (SharedLine("x"),))


def test_of_what_was_not_shared_nothing_is_shown():
    data = (AskedData(("a",), "A", needed=True), AskedData(("b", None, "c"), "C", needed=False))
    asked = (AskedDocument("c", "Card", needed=True, data=data),)
    [document] = shared_documents(asked, {"c": [{"b": [{"c": 1}, {"c": 2}]}]}, {}, "en")
    [value] = document.values
    assert (value.label, [line.text for line in value.lines]) == ("C", ["1", "2"])


@given(json_values, st.sampled_from(["de", "en"]))
def test_nothing_that_can_be_disclosed_breaks_the_page(value, language):
    assert len(shown(value, language).lines) <= MAX_LINES


def test_bytes_are_a_picture_or_said_to_be_none():
    """T152, T235: an mdoc's bytes come as text that looks like any other."""
    data = base64.b64decode(PNG.partition(",")[2])
    assert shown(encode_base64url(data), binary=[("a",)]).picture == PNG
    assert shown(encode_base64url(b"a template of a face"), binary=[("a",)]).lines == (SharedLine("", is_bytes=True),)
    assert shown(encode_base64url(data)).picture == "", "a text is no picture because it could be one"


def test_bytes_inside_of_something_are_not_read_aloud():
    value = {"marks": [encode_base64url(b"x"), encode_base64url(b"y")], "name": "left thumb"}
    lines = shown(value, binary=[("a", "marks", None)]).lines
    assert lines == (
        SharedLine("", part="marks", is_bytes=True), SharedLine("", part="marks", is_bytes=True),
        SharedLine("left thumb", part="name"),
    )  # fmt: skip
