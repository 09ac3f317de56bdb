"""Lists are fetched, and what is good is kept; whatever does not come leaves what is there until its own end."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlsplit

from protocol.errors import ProtocolError, Unreachable
from protocol.exchange import Exchange, HttpRequest, send
from protocol.trust.list_signature import VerifiedList
from protocol.trust.lists import ListPointer
from runtime.conversation import slow
from runtime.logs import get_logger
from runtime.trust_lists.configured import FollowedList, FollowedLists
from runtime.trust_lists.kept import KeptLists
from runtime.trust_lists.standing import everything, lacks_reader

FETCH_SECONDS = 10.0  # for one list; somebody may wait for it


class Fetched(NamedTuple):
    """What came of it."""

    good: int
    failed: int


def fetch_lists(followed: FollowedLists, kept: KeptLists, *, now: int) -> Exchange[Fetched]:
    """Fetch every list that is followed, and those that a list of lists points to; those that nobody follows any more go.

    A list that does not come, or is not to be believed, is a line in the log.
    """
    pointers: dict[FollowedList, tuple[ListPointer, ...]] = {}
    came: list[bool] = []
    away: set[str] = set()
    for above in followed.lists_of_lists:
        found = yield from _fetch(above, kept, now, away)
        came.append(found is not None)
        pointers[above] = found.says.pointers if found else (yield from _pointers_kept(above, kept, now))
    for url in dict.fromkeys(p.location for found_at in pointers.values() for p in found_at if lacks_reader(p)):
        get_logger().warning("trust lists", reason='trusted list: to read it takes the extra "trustlists"', address=url)
    lists = list(everything(followed, lambda above: pointers[above]))
    for one in lists:
        found = yield from _fetch(one, kept, now, away)
        came.append(found is not None)
    wanted = (*followed.lists_of_lists, *lists)
    yield from slow(lambda: kept.drop_others(wanted))
    return Fetched(came.count(True), came.count(False))


def _fetch(followed: FollowedList, kept: KeptLists, now: int, away: set[str]) -> Exchange[VerifiedList | None]:
    """A list as it is published now, kept; None if there is none that is good.

    `away` are the hosts that did not answer in this round: none of them is waited for twice.
    """
    host = urlsplit(followed.url).netloc
    if host in away:
        return None
    form = followed.form
    request = HttpRequest(
        "GET", followed.url, (("accept", form.media_type),), max_bytes=form.max_bytes, max_seconds=FETCH_SECONDS
    )
    try:
        try:
            response = yield from send(request)
        except Unreachable:
            away.add(host)
            raise
        if response.status != 200:
            raise Unreachable(f"trusted list: was answered with status {response.status}")
        raw = response.body.strip()
        return (yield from slow(lambda: kept.keep(followed, raw, now=now)))
    except ProtocolError as error:
        get_logger().warning("trust lists", reason=error.description, address=followed.url)
        return None


def _pointers_kept(above: FollowedList, kept: KeptLists, now: int) -> Exchange[tuple[ListPointer, ...]]:
    """Where a list of lists led before."""
    try:
        return (yield from slow(lambda: kept.read(above, now=now))).says.pointers
    except ProtocolError:
        return ()
