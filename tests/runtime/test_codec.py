"""Stages as text: written as they are, read back strictly."""

from dataclasses import dataclass
from enum import StrEnum

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.codec import Codec, StoredDataError


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True)
class Inner:
    text: str
    pair: tuple[str, int]


@dataclass(frozen=True, slots=True)
class Whole:
    number: int
    good: bool
    share: float
    colour: Colour
    names: tuple[str, ...]
    inners: tuple[Inner, ...]
    one: Inner | None
    word: str | None = None


@dataclass(frozen=True, slots=True)
class Empty:
    pass


CODEC: Codec[Whole | Empty] = Codec(Whole, Empty)
WHOLE = Whole(1, True, 0.5, Colour.RED, ("a", "ü"), (Inner("x", ("y", 2)),), Inner("\x00", ("", 0)))


@pytest.mark.parametrize("value", [WHOLE, Empty(), Whole(0, False, 0.0, Colour.BLUE, (), (), None, "w")])
def test_a_value_comes_back_as_it_was(value):
    assert CODEC.decode(CODEC.encode(value)) == value
    assert type(CODEC.decode(CODEC.encode(value))) is type(value)


INTEGERS = st.integers(-(2**63), 2**63 - 1)
INNERS = st.builds(Inner, st.text(max_size=20), st.tuples(st.text(max_size=5), INTEGERS))
WHOLES = st.builds(
    Whole,
    number=INTEGERS,
    good=st.booleans(),
    share=st.floats(allow_nan=False, allow_infinity=False),
    colour=st.sampled_from(Colour),
    names=st.lists(st.text(max_size=20), max_size=3).map(tuple),
    inners=st.lists(INNERS, max_size=2).map(tuple),
    one=st.none() | INNERS,
    word=st.none() | st.text(max_size=20),
)


@given(WHOLES)
def test_any_value_comes_back_as_it_was(value):
    assert CODEC.decode(CODEC.encode(value)) == value


def altered(**members):
    name, value = orjson.loads(CODEC.encode(WHOLE))
    return orjson.dumps([name, {**value, **members}]).decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        '["Whole"]',
        '["Other", {}]',
        '[["Whole"], {}]',
        '["Whole", []]',
        '["Empty", {"more": 1}]',
        '["Empty", {}, 1]',
        altered(more=1),
        altered(colour="green"),
        altered(names="ab"),
        altered(inners=[{"text": "x"}]),
        altered(inners={}),
        altered(one={"text": "x", "pair": ["y"]}),
        altered(one={"text": "x", "pair": ["y", 1, 2]}),
        altered(one={"text": "x", "pair": "yz"}),
        altered(one=1),
    ],
)
def test_what_another_program_wrote_is_refused(text):
    with pytest.raises(StoredDataError):
        CODEC.decode(text)


def without(member):
    name, value = orjson.loads(CODEC.encode(WHOLE))
    return orjson.dumps([name, {key: held for key, held in value.items() if key != member}]).decode()


@pytest.mark.parametrize("member", ["number", "good", "share", "colour", "names", "inners", "one"])
def test_a_missing_field_is_refused(member):
    with pytest.raises(StoredDataError):
        CODEC.decode(without(member))


def test_a_field_that_an_older_program_did_not_know_has_its_default():
    assert CODEC.decode(without("word")) == WHOLE


def test_another_field_in_the_place_of_a_missing_one_is_refused():
    name, value = orjson.loads(without("word"))
    with pytest.raises(StoredDataError):
        CODEC.decode(orjson.dumps([name, {**value, "more": 1}]).decode())


@given(st.text(max_size=30) | st.lists(st.none() | st.integers() | st.text(max_size=5), max_size=3).map(str))
def test_no_text_escapes_the_one_error(text):
    try:
        CODEC.decode(text)
    except StoredDataError:
        return
    assert text.startswith("[")


@pytest.mark.parametrize("kind", [bytes, dict[str, str], list[str], int | str, object])
def test_a_field_that_cannot_be_stored_is_a_mistake_at_the_start(kind):
    odd: type[object] = dataclass(frozen=True)(type("Odd", (), {"__annotations__": {"field": kind}}))
    with pytest.raises(TypeError, match="stored field"):
        Codec(odd)
