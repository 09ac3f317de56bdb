"""Writes TOML for people to go on with; it is read with `tomllib`."""

from __future__ import annotations

from collections.abc import Mapping

from protocol.encoding import JsonObject, JsonValue, encode_json


def toml_text(value: str) -> str:
    """A TOML basic string, which is written as JSON's; only a delete character is one thing more to escape."""
    return encode_json(value).decode("utf-8").replace("\x7f", "\\u007f")


def write_toml(members: JsonObject) -> str:
    """A document: plain members first, then a table for each object, and one for each object of a list of them."""
    plain = {name: value for name, value in members.items() if not _is_table(value) and not _are_tables(value)}
    lines = [f"{_key(name)} = {_value(value)}" for name, value in plain.items() if value is not None]
    for name, value in members.items():
        if isinstance(value, dict):
            lines += ["", f"[{_key(name)}]", *_members(value)]
        elif _are_tables(value) and isinstance(value, list):
            for item in value:
                lines += ["", f"[[{_key(name)}]]", *(_members(item) if isinstance(item, dict) else [])]
    return "\n".join([*lines, ""])


def _is_table(value: JsonValue) -> bool:
    return isinstance(value, dict)


def _are_tables(value: JsonValue) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) and len(item) > 2 for item in value)


def _members(table: Mapping[str, JsonValue]) -> list[str]:
    return [f"{_key(name)} = {_value(value)}" for name, value in table.items() if value is not None]


def _value(value: JsonValue) -> str:
    if isinstance(value, str):
        return toml_text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, dict):
        return f"{{ {', '.join(_members(value))} }}" if value else "{}"
    raise ValueError("TOML has no null")


def _key(name: str) -> str:
    return name if name.isascii() and name.replace("_", "").replace("-", "").isalnum() else toml_text(name)
