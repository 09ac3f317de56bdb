"""The verifier's pure decisions: how long things live, and which questions it can judge the answers to."""

from __future__ import annotations

from dataclasses import dataclass

from protocol.dcql.query import DcqlQuery
from protocol.errors import Unsupported
from protocol.formats import format_of

MIN_KEEP = 600  # seconds that every answer stays, so that whoever asked can fetch it
MIN_KEEP_IN_PERSON = 60  # seconds, in which somebody at a counter looks at it
MAX_OFFLINE_STATUS = 7 * 86_400  # seconds: longer than that no status is kept for when there is no network
MAX_RENEWALS = 5  # of one request's code; then a person has to say that they are still there


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long everything lives, in seconds."""

    request: int = 300
    status_age: int = 86_400  # how old a status may be, where a use case says nothing


def kept_for(keep: int, *, in_person: bool = False) -> int:
    """How long an answer stays, in seconds, for a use case that asks for `keep`."""
    return max(keep, MIN_KEEP_IN_PERSON if in_person else MIN_KEEP)


def is_running_out(expires_at: int, lifetimes: Lifetimes, *, now: int) -> bool:
    """Whether a code is in the last fifth of its life, in which nobody should begin to scan it."""
    return now >= expires_at - lifetimes.request // 5


def check_judgeable(query: DcqlQuery, at: str) -> None:
    """Check that this verifier can judge whatever answers a query; a question whose answer is always no is not asked.

    Raises:
        Unsupported: a format, or a way to name authorities, that cannot be verified here.
    """
    for asked in query.credentials:
        format_of(asked.format)
        # Lists and federations are not looked up here, so no answer could ever fit them
        if any(authority.type != "aki" for authority in asked.trusted_authorities):
            raise Unsupported(f"{at}.credentials: {asked.id} names authorities in a way that is not known here")
