"""Stages and records as JSON text: a frozen dataclass is written as it is, and read back strictly by its annotations.

`[name, fields]`, where the name says which member of the union it is. A field that a newer program added has a default,
which stands for what older values lack. What does not fit otherwise is a StoredDataError, never a half-read value.
"""

from __future__ import annotations

import dataclasses
import enum
import types
import typing
from collections.abc import Callable
from typing import Generic, TypeVar

import orjson

T = TypeVar("T")
Reader = Callable[[object], object]


class StoredDataError(RuntimeError):
    """The store holds something that this program did not write: damaged, or from another version."""


class Codec(Generic[T]):
    """Writes and reads the members of one union of frozen dataclasses."""

    def __init__(self, *members: type[T]) -> None:
        self._readers: dict[str, Reader] = {member.__name__: _dataclass_reader(member) for member in members}

    def encode(self, value: T) -> str:
        """The text of a value."""
        return orjson.dumps([type(value).__name__, value]).decode("utf-8")

    def decode(self, text: str) -> T:
        """The value of a text that `encode` wrote.

        Raises:
            StoredDataError: it did not.
        """
        try:
            name, members = orjson.loads(text)
            value: T = self._readers[name](members)  # type: ignore[assignment]  # the reader makes what its name says
        except (ValueError, KeyError, TypeError) as error:
            raise StoredDataError("a stored value cannot be read") from error
        return value


def _reader(annotation: object) -> Reader | None:
    """How a value of this type is read back; None where JSON's own value is it."""
    if dataclasses.is_dataclass(annotation) and isinstance(annotation, type):
        return _dataclass_reader(annotation)
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return annotation
    origin = typing.get_origin(annotation)
    arguments = typing.get_args(annotation)
    if origin is tuple:
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return _sequence_reader(_reader(arguments[0]))
        return _fixed_reader([_reader(argument) for argument in arguments])
    if origin in (typing.Union, types.UnionType):
        inner = [argument for argument in arguments if argument is not type(None)]
        if len(inner) != 1:
            raise TypeError(f"a stored field must not be a union: {annotation}")
        return _optional_reader(_reader(inner[0]))
    if annotation in (str, int, bool, float):
        return None
    raise TypeError(f"a stored field cannot have this type: {annotation}")


def _dataclass_reader(kind: type) -> Reader:
    hints = typing.get_type_hints(kind)
    fields = [(field.name, _reader(hints[field.name])) for field in dataclasses.fields(kind)]
    defaults = {f.name: f.default for f in dataclasses.fields(kind) if f.default is not dataclasses.MISSING}

    def read(members: object) -> object:
        if not isinstance(members, dict):
            raise TypeError("not an object")
        if len(members) == len(fields):
            return kind(*[members[name] if reader is None else reader(members[name]) for name, reader in fields])
        there = {
            name: members[name] if reader is None else reader(members[name])
            for name, reader in fields
            if name in members
        }
        if len(there) != len(members):
            raise ValueError("other fields than this type has")
        return kind(**{**defaults, **there})

    return read


def _sequence_reader(element: Reader | None) -> Reader:
    def read(items: object) -> object:
        if not isinstance(items, list):
            raise TypeError("not a list")
        return tuple(items) if element is None else tuple([element(item) for item in items])

    return read


def _fixed_reader(elements: list[Reader | None]) -> Reader:
    def read(items: object) -> object:
        if not isinstance(items, list):
            raise TypeError("not a list")
        pairs = zip(elements, items, strict=True)
        return tuple([item if element is None else element(item) for element, item in pairs])

    return read


def _optional_reader(inner: Reader | None) -> Reader:
    def read(value: object) -> object:
        return value if value is None or inner is None else inner(value)

    return read
