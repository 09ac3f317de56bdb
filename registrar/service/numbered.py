"""What is published under numbers that rise: made when somebody asks and what it says has changed, or half its time is over.

However many workers there are: whoever has read a number is never given a lower one, and one number stands for one text.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import NamedTuple

from registrar.records import Publication
from registrar.service.context import RegistrarContext


class Draft(NamedTuple):
    """What is to be published, before it has a number and times."""

    basis: str
    sign: Callable[[int, int, int], str]  # number, issued at, next update → content


class _Known(NamedTuple):
    version: Hashable
    publication: Publication


@dataclass(frozen=True, slots=True)
class Numbered:
    """The publications of one registrar, as this worker knows them."""

    context: RegistrarContext
    _known: dict[str, _Known] = field(default_factory=dict)  # by name

    def current(
        self, name: str, lifetime: int, draft: Callable[[], Draft], version: Callable[[], Hashable] | None = None
    ) -> Publication:
        """What is published under a name now. `version`: changes with everything that the draft is made from."""
        store, now = self.context.store, self.context.now()
        # Read first: whatever comes while this is made counts for the next time
        seen = (version or store.version)()
        remembered = self._known.get(name)
        if (
            remembered is not None
            and remembered.version == seen
            and now < remembered.publication.issued_at + lifetime // 2
            # Another worker, whose clock is ahead, may have published a newer one
            and store.number(name) == remembered.publication.number
        ):
            return remembered.publication
        known = store.publication(name)
        wanted = draft()
        while known is None or known.basis != wanted.basis or now >= known.issued_at + lifetime // 2:
            known = self._next(name, lifetime, known, wanted, now)
            if known.basis == wanted.basis:
                break
            # Another worker was first, and may have looked before something happened that has to be told here
            wanted = draft()
        self._known[name] = _Known(seen, known)
        return known

    def _next(self, name: str, lifetime: int, known: Publication | None, wanted: Draft, now: int) -> Publication:
        number = known.number + 1 if known is not None else 1
        # Two clocks may differ; what readers see must never run back
        issued_at = max(now, known.issued_at) if known is not None else now
        ends = issued_at + lifetime
        content = wanted.sign(number, issued_at, ends)
        return self.context.store.publish(Publication(name, number, wanted.basis, content, issued_at, ends))
