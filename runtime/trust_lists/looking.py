"""How the lists of a folder of anchors stand, for a person who looks after them; nothing is fetched."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from protocol.errors import ProtocolError
from runtime.anchors import read_index
from runtime.trust_lists.configured import FollowedList
from runtime.trust_lists.kept import KeptLists
from runtime.trust_lists.standing import everything


class ListState(NamedTuple):
    """One list that is followed."""

    url: str
    good_until: int  # epoch seconds; 0: it makes nobody trusted
    problem: str  # why; empty: it is good


def look_at_lists(folder: Path, *, now: int) -> tuple[ListState, ...]:
    """Every list of a folder, and those that a list of lists names.

    Raises:
        Malformed: the folder is wrong.
    """
    followed, kept = read_index(folder).followed, KeptLists.beside(folder)
    above = [_look(one, kept, now) for one in followed.lists_of_lists]
    named = {
        one: kept.read(one, now=now).says.pointers
        for one, state in zip(followed.lists_of_lists, above, strict=True)
        if not state.problem
    }
    below = [_look(one, kept, now) for one in everything(followed, lambda one: named.get(one, ()))]
    return (*above, *below)


def _look(one: FollowedList, kept: KeptLists, now: int) -> ListState:
    try:
        found = kept.read(one, now=now)
    except ProtocolError as error:
        return ListState(one.url, 0, error.description)
    return ListState(one.url, min(found.says.next_update, found.signer.not_after), "")
