"""Documents and the register: how long a wallet may fetch one anew, and what becomes of one that is not true any more.

    [renewal]
    days = 730                   # from the first time on; after that the person asks again. By default 90
    on_change = "replace"        # replace: the old one holds until the wallet has the new one, at most for `grace_days`
                                 # revoke: it ends at once, and the wallet can fetch a new one
                                 # keep: it stays as it is; what it says was true when it was given
    grace_days = 14
    at_once = [["address"]]      # with `replace`: a change of these, or of what lies in them, ends the old one at once
    when_gone = "revoke"         # or keep: what becomes of it when its person is in the register no more

Nothing of what a document says is kept here: a keyed digest of each value tells whether the register still says the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TypeVar

from issuer.claim_declarations import check_members
from protocol.encoding import JsonObject, JsonValue, encode_json, read_json, read_json_object
from protocol.errors import Malformed
from protocol.fields import Fields

DAY = 86_400  # seconds
MAX_DAYS = 3650
MAX_GRACE_DAYS = 90
MAX_AT_ONCE = 50
MAX_STEPS = 8  # of a path
DIGEST_BYTES = 16

_MEMBERS = frozenset(("days", "on_change", "grace_days", "at_once", "when_gone"))

LeafPath = tuple[str, ...]  # names only: an array is one value
W = TypeVar("W", bound=StrEnum)
Digest = Callable[[bytes, bytes], str]  # keyed, of a claim's path and its value, each as JSON


class OnChange(StrEnum):
    """What becomes of a document when the register says otherwise."""

    REPLACE = "replace"
    REVOKE = "revoke"
    KEEP = "keep"


class WhenGone(StrEnum):
    """What becomes of a document when its person is in the register no more."""

    REVOKE = "revoke"
    KEEP = "keep"


class Fate(StrEnum):
    """What becomes of one document."""

    SAME = "same"  # it says what the register says
    STAYS = "stays"  # it says something else, and may, or it cannot be revoked
    REPLACED = "replaced"  # it holds until the wallet has another one, for some days
    AT_ONCE = "at once"  # it ends now, and the wallet can fetch another one
    ENDED = "ended"  # it ends now, for ever


@dataclass(frozen=True, slots=True)
class RenewalPolicy:
    """What a type says about renewal; the defaults are those of a type that says nothing."""

    days: int = 90
    on_change: OnChange = OnChange.REPLACE
    grace_days: int = 14
    at_once: tuple[LeafPath, ...] = ()
    when_gone: WhenGone = WhenGone.REVOKE

    def renewable_until(self, began_at: int) -> int:
        """Until when (epoch seconds) a document that was first given at a moment may be fetched anew."""
        return began_at + self.days * DAY

    def is_at_once(self, changed: tuple[LeafPath, ...]) -> bool:
        """Whether one of these changes makes a document false in a way that matters."""
        return any(path[: len(part)] == part for path in changed for part in self.at_once)


USUAL = RenewalPolicy()


@dataclass(frozen=True, slots=True)
class Judged:
    """What becomes of a document, and which of its values are why."""

    fate: Fate
    changed: tuple[LeafPath, ...] = ()


def read_renewal(asked: Fields | None) -> RenewalPolicy:
    """The `[renewal]` of a type.

    Raises:
        Malformed: a member is unknown or wrong.
    """
    if asked is None:
        return USUAL
    check_members(asked, _MEMBERS)
    days = asked.optional_integer("days", minimum=1, maximum=MAX_DAYS)
    grace = asked.optional_integer("grace_days", minimum=1, maximum=MAX_GRACE_DAYS)
    return RenewalPolicy(
        days=USUAL.days if days is None else days,
        on_change=_word(asked, "on_change", OnChange, USUAL.on_change),
        grace_days=USUAL.grace_days if grace is None else grace,
        at_once=_paths(asked),
        when_gone=_word(asked, "when_gone", WhenGone, USUAL.when_gone),
    )


def leaves(claims: JsonObject) -> Iterator[tuple[LeafPath, JsonValue]]:
    """Every value of a document with its path; an array is one value."""
    todo: list[tuple[LeafPath, JsonObject]] = [((), claims)]
    while todo:
        before, members = todo.pop()
        for name, value in members.items():
            if isinstance(value, dict):
                todo.append(((*before, name), value))
            else:
                yield (*before, name), value


def said(claims: JsonObject, places: Mapping[LeafPath, LeafPath], digest: Digest) -> dict[LeafPath, str]:
    """What is remembered of a document: a digest of each value, by the path of its claim.

    `places` are the claims' own paths of the elements of an mdoc, by namespace and identifier.
    """
    found: dict[LeafPath, str] = {}
    for path, value in leaves(claims):
        own = (*places[path[:2]], *path[2:]) if path[:2] in places else path
        found[own] = digest(path_name(own), encode_json(value))
    return found


@lru_cache(maxsize=4096)
def path_name(path: LeafPath) -> bytes:
    """A path as JSON. Cached: it comes from a type, so there are few, and each document has all of its type's."""
    return encode_json(list(path))


def write_said(digests: Mapping[LeafPath, str]) -> str:
    """As it is stored."""
    return encode_json({path_name(path).decode(): digest for path, digest in digests.items()}).decode()


def read_said(text: str) -> dict[LeafPath, str]:
    """As it was stored.

    Raises:
        Malformed: it was not written here.
    """
    found: dict[LeafPath, str] = {}
    for name, digest in read_json_object(text.encode(), "said").items():
        steps = read_json(name.encode(), "said")
        if isinstance(steps, list) and isinstance(digest, str):
            found[tuple([str(step) for step in steps])] = digest
    return found


def judge(
    policy: RenewalPolicy,
    before: Mapping[LeafPath, str],
    now_says: Mapping[LeafPath, str] | None,
    *,
    gone: bool,
    revocable: bool,
) -> Judged:
    """What becomes of a document that said `before`.

    `now_says` is None where the register has not what the document must hold: then its person is entitled to it no more.
    `gone`: they are in the register no more. What cannot be revoked ends by its own date alone.
    """
    if gone:
        ends = revocable and policy.when_gone is WhenGone.REVOKE
        return Judged(Fate.ENDED if ends else Fate.STAYS)
    if now_says is None:
        return Judged(Fate.ENDED if revocable and policy.on_change is not OnChange.KEEP else Fate.STAYS)
    paths = (*before, *(path for path in now_says if path not in before))
    changed = tuple(path for path in paths if before.get(path) != now_says.get(path))
    if not changed:
        return Judged(Fate.SAME)
    if not revocable or policy.on_change is OnChange.KEEP:
        return Judged(Fate.STAYS, changed)
    if policy.on_change is OnChange.REVOKE or policy.is_at_once(changed):
        return Judged(Fate.AT_ONCE, changed)
    return Judged(Fate.REPLACED, changed)


def _word(asked: Fields, name: str, words: type[W], usual: W) -> W:
    text = asked.optional_text(name)
    if text is None:
        return usual
    found = next((word for word in words if word == text), None)
    if found is None:
        raise Malformed(asked.path(name), f"must be one of {', '.join(words)}")
    return found


def _paths(asked: Fields) -> tuple[LeafPath, ...]:
    """Paths of names, as a type's claims have them."""
    at = asked.path("at_once")
    found: list[LeafPath] = []
    for steps in asked.optional_array("at_once", max_items=MAX_AT_ONCE) or ():
        names = tuple([step for step in steps if isinstance(step, str)]) if isinstance(steps, list) else ()
        if not names or not isinstance(steps, list) or len(names) != len(steps) or len(names) > MAX_STEPS:
            raise Malformed(at, "must hold paths that are made of names")
        found.append(names)
    return tuple(found)
