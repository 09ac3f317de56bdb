"""The part of a credential's claims that some paths name, in the form of the whole."""

from __future__ import annotations

from collections.abc import Iterable

import orjson

from protocol.credential import ClaimPath
from protocol.encoding import JsonObject, JsonValue, encode_base64url, sha256

_NOTHING = object()


def select_data(claims: JsonObject, paths: Iterable[ClaimPath]) -> JsonObject:
    """What the paths name, and nothing beside it; a path that leads nowhere adds nothing.

    Paths have names and null; an index, behind which another element may stand tomorrow, leads nowhere.
    """
    found = _select(claims, list(paths))
    return found if isinstance(found, dict) else {}


def holds_only(data: JsonObject, paths: Iterable[ClaimPath]) -> bool:
    """Whether data has nothing but what the paths name."""
    return spelled(select_data(data, paths)) == spelled(data)


def spelled(value: JsonValue) -> bytes:
    """One spelling of a value, in which true is not 1 and the order of members does not count."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def hash_value(value: JsonValue) -> str:
    """The unpadded base64url SHA-256 of a value: for sealed places alone, as short values can be guessed."""
    return encode_base64url(sha256(spelled(value)))


def _select(value: JsonValue, paths: list[ClaimPath]) -> object:
    if any(not path for path in paths):
        return value
    if isinstance(value, dict):
        members: JsonObject = {}
        for name, inner in value.items():
            deeper = [path[1:] for path in paths if path[0] == name]
            if deeper and (found := _select(inner, deeper)) is not _NOTHING:
                members[name] = found  # type: ignore[assignment]  # whatever is not _NOTHING is a part of the value
        return members or _NOTHING
    if isinstance(value, list):
        deeper = [path[1:] for path in paths if path[0] is None]
        items = [found for item in value if (found := _select(item, deeper)) is not _NOTHING] if deeper else []
        return items or _NOTHING
    return _NOTHING
