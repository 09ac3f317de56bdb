"""Members of an object are read with the type that they must have, and every refusal names the whole path."""

import contextlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.errors import Malformed, ProtocolError
from protocol.fields import MAX_ITEMS, MAX_TEXT, MAX_TIME, MAX_URL, Fields, is_local, read_https_url
from tests.support.strategies import json_values

Read = Callable[[Fields], object]

READERS: dict[str, Read] = {
    "required": lambda fields: fields.required("x"),
    "text": lambda fields: fields.text("x"),
    "integer": lambda fields: fields.integer("x"),
    "time": lambda fields: fields.time("x"),
    "object": lambda fields: fields.object("x").members,
    "array": lambda fields: fields.array("x"),
    "texts": lambda fields: fields.texts("x"),
    "objects": lambda fields: [item.members for item in fields.objects("x")],
    "https_url": lambda fields: fields.https_url("x"),
}
OPTIONAL: dict[str, tuple[Read, object]] = {
    "text": (lambda fields: fields.optional_text("x"), None),
    "integer": (lambda fields: fields.optional_integer("x"), None),
    "boolean": (lambda fields: fields.boolean("x", default=True), True),
    "object": (lambda fields: fields.optional_object("x"), None),
    "array": (lambda fields: fields.optional_array("x"), None),
    "possibly empty array": (lambda fields: fields.possibly_empty_array("x"), []),
    "texts": (lambda fields: fields.optional_texts("x"), ()),
    "objects": (lambda fields: fields.optional_objects("x"), ()),
    "https_url": (lambda fields: fields.optional_https_url("x"), None),
}
EVERY = {**READERS, **{f"optional {name}": read for name, (read, _) in OPTIONAL.items()}}
EVERY["optional time"] = lambda fields: fields.optional_time("x")


def member(value):
    return Fields({"x": value}, "offer")


def refused(read, fields):
    with pytest.raises(Malformed) as refusal:
        read(fields)
    return refusal.value


@pytest.mark.parametrize("value", [None, [], "x", 1, True, ()])
def test_only_an_object_has_members(value):
    with pytest.raises(Malformed) as refusal:
        Fields(value, "offer")
    assert refusal.value.at == "offer"


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_what_is_required_is_refused_when_it_is_absent_or_null(read):
    for fields in (Fields({}, "offer"), member(None)):
        error = refused(read, fields)
        assert (error.at, error.problem) == ("offer.x", "is missing")


@pytest.mark.parametrize(("read", "default"), OPTIONAL.values(), ids=OPTIONAL)
def test_what_is_optional_may_be_absent_or_null(read, default):
    assert read(Fields({}, "offer")) == default
    assert read(member(None)) == default


@pytest.mark.parametrize(
    ("name", "good"),
    [
        ("required", False),
        ("text", "ä"),
        ("integer", 0),
        ("integer", MAX_TIME),
        ("time", 0),
        ("time", MAX_TIME),
        ("object", {}),
        ("array", [None]),
        ("objects", [{"a": 1}]),
        ("https_url", "https://a.example"),
        ("optional boolean", False),
        ("optional time", 7),
        ("optional text", "x"),
        ("optional integer", 0),
        ("optional array", [1]),
        ("optional possibly empty array", [1]),
    ],
)
def test_a_good_member_comes_as_it_is(name, good):
    assert EVERY[name](member(good)) == good


@pytest.mark.parametrize("name", ["text", "optional text"])
@pytest.mark.parametrize("value", ["", 1, True, ["x"], {}, "a\0b", "x" * (MAX_TEXT + 1)])
def test_a_text_is_text_of_bounded_length(name, value):
    assert refused(EVERY[name], member(value)).at == "offer.x"
    assert member("x" * MAX_TEXT).text("x")


def test_a_text_may_be_bounded_closer():
    assert member("abc").text("x", max_length=3) == "abc"
    refused(lambda fields: fields.text("x", max_length=2), member("abc"))
    refused(lambda fields: fields.optional_text("x", max_length=2), member("abc"))


@pytest.mark.parametrize("name", ["integer", "optional integer"])
@pytest.mark.parametrize("value", [True, False, 1.0, "1", -1, MAX_TIME + 1, 2**63, [1], {}])
def test_an_integer_is_whole_and_in_bounds(name, value):
    refused(EVERY[name], member(value))


def test_bounds_of_an_integer_are_inclusive():
    for value in (3, 5):
        assert member(value).integer("x", minimum=3, maximum=5) == value
        assert member(value).optional_integer("x", minimum=3, maximum=5) == value
    for value in (2, 6):
        refused(lambda fields: fields.integer("x", minimum=3, maximum=5), member(value))
        refused(lambda fields: fields.optional_integer("x", minimum=3, maximum=5), member(value))


@pytest.mark.parametrize("name", ["time", "optional time"])
@pytest.mark.parametrize("value", ["1", True, False, -1, -0.5, 10**18, MAX_TIME + 0.5, [1], {}])
def test_a_time_is_a_number_that_a_date_can_be(name, value):  # T017
    refused(EVERY[name], member(value))


def test_a_fraction_of_a_second_is_cut_off():
    assert member(7.9).time("x") == 7


def test_a_time_that_is_null_is_refused_even_where_it_is_optional():  # T017
    assert Fields({}, "offer").optional_time("x") is None
    refused(lambda fields: fields.optional_time("x"), member(None))


@pytest.mark.parametrize("value", ["true", 1, 0, [], {}])
def test_a_boolean_is_true_or_false(value):
    refused(EVERY["optional boolean"], member(value))


@pytest.mark.parametrize("name", ["array", "optional array", "texts", "optional texts", "objects", "optional objects"])
@pytest.mark.parametrize("value", [[], "x", {}, 1, True, [{}] * (MAX_ITEMS + 1), ["x"] * (MAX_ITEMS + 1)])
def test_an_array_has_one_element_at_least_and_an_end(name, value):
    refused(EVERY[name], member(value))


@pytest.mark.parametrize("value", ["x", {}, 1, True, False, [1] * (MAX_ITEMS + 1)])
def test_an_array_that_may_be_empty_is_still_an_array(value):
    assert member([]).possibly_empty_array("x") == []
    refused(EVERY["optional possibly empty array"], member(value))


@pytest.mark.parametrize("name", ["array", "optional_array", "possibly_empty_array", "texts", "optional_texts"])
def test_an_array_may_be_bounded_closer(name):
    assert len(getattr(member(["x"] * 2), name)("x", max_items=2)) == 2
    refused(lambda fields: getattr(fields, name)("x", max_items=2), member(["x"] * 3))
    for objects in ("objects", "optional_objects"):
        refused(lambda fields, read=objects: getattr(fields, read)("x", max_items=2), member([{}] * 3))


@pytest.mark.parametrize("item", [1, None, "", [], {}, "\0"])
def test_an_element_that_is_no_text_is_named(item):
    assert refused(READERS["texts"], member(["a", item])).at == "offer.x[1]"


@pytest.mark.parametrize("item", [1, None, "", []])
def test_an_element_that_is_no_object_is_named(item):
    assert refused(READERS["objects"], member([{}, item])).at == "offer.x[1]"


def test_a_path_grows_with_every_step_inward():
    inner = Fields({"a": {"b": [{"c": 1}]}}, "offer").object("a").objects("b")[0]
    assert refused(lambda fields: fields.text("c"), inner).at == "offer.a.b[0].c"
    assert inner.path("d") == "offer.a.b[0].d"


def test_a_member_is_in_an_object_unless_it_is_null():
    assert "x" in member(False)
    assert "x" not in member(None)
    assert "y" not in member(1)


# URLs


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example",
        "https://a.example/",
        "https://a.example:8443/p/a/t/h?query=1&b=%20",
        "https://xn--mnchen-3ya.example/~user/;a=b,c",
        "https://[2001:db8::1]/",
        "HTTPS://A.EXAMPLE/Path",
        "http://localhost",
        "http://localhost:8000/x",
        "http://wallet.localhost:8000/x",
    ],
)
def test_a_url_that_may_be_named_comes_as_it_is(url):
    assert read_https_url(url, "issuer") == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        None,
        1,
        "a.example",
        "//a.example",
        "https:a.example",
        "https:///path",
        "https://",
        "https://:443",
        "http://a.example",
        "http://localhost.example",
        "http://notlocalhost",
        "http://127.0.0.1",
        "ftp://a.example",
        "file:///etc/passwd",
        "gopher://a.example",
        "data:text/html,x",
        "javascript:alert(1)",
        "https://user@a.example",
        "https://user:pw@a.example",
        "https://@a.example",
        "https://a.example#",
        "https://a.example/#x",
        "https://a.example\\@b.example",
        "https://a.example/\\x",
        "https://a.example/a b",
        "https://a.example\t",
        "https://a.example\r\nX: y",
        "https://a.example/\x7f",
        "https://a.example/<script>",
        'https://a.example/"',
        "https://münchen.example",
        "https://a。example",
        "https://a.example:99999",
        "https://a.example:x",
        "https://[::1",
        "https://a.example/" + "a" * MAX_URL,
        " https://a.example",
        "https://\u212a.example",  # the sign for kelvin, a k in small letters
    ],
)
def test_a_url_that_may_not_be_named_is_refused(url):  # T206, T209
    with pytest.raises(Malformed) as refusal:
        read_https_url(url, "issuer")
    assert refusal.value.at == "issuer"
    assert not url or str(url) not in str(refusal.value)


@pytest.mark.parametrize(
    ("host", "local"),
    [("localhost", True), ("a.localhost", True), ("xlocalhost", False), ("localhost.example", False), ("", False)],
)
def test_this_machine_has_names_of_its_own(host, local):
    assert is_local(host) is local


@given(json_values, st.sampled_from(sorted(EVERY)))
@settings(max_examples=100)
def test_no_member_escapes_the_error_family(value, name):
    with contextlib.suppress(ProtocolError):
        EVERY[name](member(value))
    with contextlib.suppress(ProtocolError):
        EVERY[name](Fields(value, "offer"))


@given(st.from_regex(r"https?://[\[\]@:\\#?/a-z%. 0-9]{0,30}", fullmatch=True) | st.text(max_size=40))
@settings(max_examples=100)
def test_no_url_escapes_the_error_family(url):
    with contextlib.suppress(ProtocolError):
        assert read_https_url(url, "issuer") == url
