"""Unlinkable use: when a cockpit may be called, so that neither address nor time tells who calls or that two calls are one.

Pure rules over what the wallet knows. What the sender owes besides (a connection and a TLS session of its own for each receipt,
no cookies, no redirects) is not seen here.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from typing import NamedTuple
from urllib.parse import urlsplit

from protocol.errors import Malformed, NotTrusted
from protocol.keys import RandomBytes
from protocol.sovereignty.cockpit import read_cockpit_endpoint

DAY = 86_400  # seconds
HOUR = 3600  # seconds


class NotCalled(StrEnum):
    """Why an endpoint is not called."""

    SHAPE = "shape"  # it can hold something that only one citizen's has
    OTHER_THAN_ANNOUNCED = "other_than_announced"
    OTHER_THAN_LISTED = "other_than_listed"  # the directory, which is the same for everybody, does not have it
    UNLISTED_IN_PERSON = "unlisted_in_person"  # nothing but the directory could vouch for it
    OTHER_HOST = "other_host"  # not where the answer went
    DIFFERS_BETWEEN_RECEIPTS = "differs_between_receipts"
    RECEIPT_DOES_NOT_MATCH = "receipt_does_not_match"  # the key may have been swapped


class MustNotCall(NotTrusted):
    """An endpoint that is not called, with the rule that it breaks."""

    def __init__(self, reason: NotCalled) -> None:
        super().__init__(f"cockpit endpoint: is not called ({reason})")
        self.reason = reason


class Place(NamedTuple):
    """What the wallet knows of the endpoint of one receipt."""

    endpoint: str  # of the receipt
    announced: str  # of the signed request
    listed: Collection[str] | None  # every address in the directory's entry for this partner; None: it has none
    answered_at: str | None  # `response_uri`, or the origin of the page; None: in person
    elsewhere: Collection[str] = ()  # endpoints of all other receipts of this partner
    matches: bool = True  # whether the receipt says what was sent


def check_callable(place: Place) -> str:
    """Check that a cockpit may be called, and hand out its endpoint.

    Where the directory has an entry nothing else counts: it is one document for everybody, and a host may serve as many
    addresses as it has visitors.

    Raises:
        MustNotCall: it may not, by the rule that is named.
    """
    if not place.matches:
        raise MustNotCall(NotCalled.RECEIPT_DOES_NOT_MATCH)
    try:
        read_cockpit_endpoint(place.endpoint, "cockpit endpoint")
    except Malformed as error:
        raise MustNotCall(NotCalled.SHAPE) from error
    if place.endpoint != place.announced:
        raise MustNotCall(NotCalled.OTHER_THAN_ANNOUNCED)
    if place.listed is not None:
        if place.endpoint not in place.listed:
            raise MustNotCall(NotCalled.OTHER_THAN_LISTED)
        return place.endpoint
    if place.answered_at is None:
        raise MustNotCall(NotCalled.UNLISTED_IN_PERSON)
    if _host(place.endpoint) != _host(place.answered_at):
        raise MustNotCall(NotCalled.OTHER_HOST)
    if any(other != place.endpoint for other in place.elsewhere):
        raise MustNotCall(NotCalled.DIFFERS_BETWEEN_RECEIPTS)
    return place.endpoint


def random_hour(random_bytes: RandomBytes) -> int:
    """The hour of the day (UTC) in which one receipt is refreshed in the background, if that is switched on at all."""
    while (byte := random_bytes(1)[0]) >= 240:  # the last 16 would make some hours more likely than others
        pass
    return byte % 24


def is_refresh_due(hour: int, *, last: int, now: int) -> bool:
    """Whether a receipt is to be refreshed now: in its own hour, and once in it."""
    return now // HOUR % 24 == hour and last // DAY != now // DAY


def _host(url: str) -> tuple[str, str, int]:
    """Scheme, host and port: another port is another server."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or (80 if parts.scheme == "http" else 443)
