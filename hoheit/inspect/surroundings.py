"""What an explanation may lean on besides the thing itself: the time, and whom this machine trusts."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from protocol.errors import Malformed
from protocol.fields import Fields
from protocol.trust.anchors import TrustAnchors


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The instant that times are compared with, and the trust anchors; None where none were given."""

    now: int  # epoch seconds
    anchors: TrustAnchors | None = None


def moment(seconds: int) -> str:
    """An instant for people, in UTC."""
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def times(claims: Fields) -> dict[str, str]:
    """The times among the claims, for people; what is no time is left out."""
    found = {}
    for name, meaning in (("iat", "made"), ("nbf", "valid from"), ("exp", "valid until")):
        try:
            at = claims.optional_time(name)
        except Malformed:
            continue
        if at is not None:
            found[meaning] = moment(at)
    return found
