"""What an answer told, sealed for the store and read again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from protocol.credential import ClaimPath
from protocol.encoding import JsonObject, JsonValue, decode_base64url, encode_base64url, encode_json
from protocol.fields import Fields
from protocol.oid4vp.verify import VerifiedResponse
from runtime.seal import Sealer
from verifier.acting import Acting


class AnswerContent(NamedTuple):
    """What an accepted answer told."""

    claims: JsonObject | None  # query id → list of claims; None: nothing may be seen
    binary: Mapping[str, tuple[ClaimPath, ...]]  # query id → claims that are bytes, null for every index
    acting: Acting | None = None  # who acted for whom; None: everybody for themselves
    answers: Mapping[str, JsonValue] = MappingProxyType(
        {}
    )  # what the wallet brought along for the form of a service; attested by nobody


NOTHING = AnswerContent(None, {})


def seal_answer(
    sealer: Sealer, request_id: str, verified: VerifiedResponse, acting: Acting | None, answers: JsonObject
) -> str:
    """An answer that was accepted, for the store."""
    claims = {query_id: list(held) for query_id, held in verified.claims.items()}
    binary = {query_id: [list(path) for path in paths] for query_id, paths in verified.binary.items()}
    plain = encode_json([claims, binary, acting.to_dict() if acting is not None else None, answers])
    return encode_base64url(sealer.seal(plain, f"answer {request_id}"))


def open_answer(sealer: Sealer, request_id: str, disclosed: str) -> AnswerContent:
    """What was sealed."""
    # The standard library's JSON: together with what we put around them, claims nest deeper than we read from others
    found = json.loads(sealer.open(decode_base64url(disclosed), f"answer {request_id}"))
    claims: JsonObject
    binary: dict[str, list[list[str | None]]]
    # What a program before this one sealed has the claims alone, nobody who acts, or no answers for a form
    answers: JsonObject
    parts = found if isinstance(found, list) else [found, {}]
    claims, binary, acting, answers = (*parts, *[None, {}][len(parts) - 2 :])[:4]
    return AnswerContent(
        claims,
        {query_id: tuple(tuple(path) for path in paths) for query_id, paths in binary.items()},
        Acting.from_fields(Fields(acting, "acting")) if acting is not None else None,
        answers,
    )
