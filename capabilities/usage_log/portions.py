"""What a receipt names, in portions that an entry has room for: a receipt may name more claims than one entry can."""

from __future__ import annotations

from collections.abc import Iterator

from protocol.credential import ClaimPath
from protocol.encoding import encode_json, read_json_object
from protocol.fields import Fields
from protocol.sovereignty.claims import ClaimsByQuery, read_claims_by_query, write_claims_by_query

MAX_CLAIMS = 5 * 1024  # bytes of them in one entry


def portions(claims: ClaimsByQuery) -> Iterator[ClaimsByQuery]:
    """Claims in portions, nothing lost and nothing twice."""
    portion: dict[str, tuple[ClaimPath, ...]] = {}
    room = MAX_CLAIMS
    for id_, path in [(id_, path) for id_, paths in claims.items() for path in paths or (None,)]:
        size = len(encode_json([id_, path]))
        if portion and size > room:
            yield portion
            portion, room = {}, MAX_CLAIMS
        portion[id_] = (*portion.get(id_, ()), *(() if path is None else (path,)))
        room -= size
    yield portion


def write_portion(claims: ClaimsByQuery) -> str:
    """A portion as it is kept: query id → paths, as the receipt has them, never values."""
    return encode_json(write_claims_by_query(claims)).decode()


def read_portion(text: str) -> ClaimsByQuery:
    """A portion that `write_portion` wrote."""
    return read_claims_by_query(Fields({"claims": read_json_object(text.encode(), "claims")}, "receipt"), "claims")
