"""What an answer told, sealed for the store and read again."""

from __future__ import annotations

import json
from collections.abc import Mapping

from protocol.credential import ClaimPath
from protocol.encoding import JsonObject, decode_base64url
from runtime.seal import Sealer


def open_answer(
    sealer: Sealer, request_id: str, disclosed: str
) -> tuple[JsonObject, Mapping[str, tuple[ClaimPath, ...]]]:
    """Query id → list of claims, and which of them are bytes."""
    found = json.loads(sealer.open(decode_base64url(disclosed), f"answer {request_id}"))
    claims: JsonObject
    binary: dict[str, list[list[str | None]]]
    # What a program before this one sealed has the claims alone
    claims, binary = found if isinstance(found, list) else (found, {})
    return claims, {query_id: tuple(tuple(path) for path in paths) for query_id, paths in binary.items()}
