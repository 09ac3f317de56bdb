"""What was erased because somebody asked for it, outside of the database: a restored old copy of it is erased again.

What a line names is the role's own; it is random and says nothing of anybody.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from runtime.lasting_list import LastingList

AT_ONCE = 500  # lines in one transaction


@dataclass(frozen=True, slots=True)
class EraseList:
    """The list of one role. It is written before the database is told, and never the other way round."""

    lasting: LastingList

    def note(self, lines: Sequence[str], until: int) -> None:
        """Write down an erasure, durably; `until` (epoch seconds): nothing is kept longer.

        Raises:
            Unavailable: it cannot be written, so nothing may be erased yet.
        """
        self.lasting.note(lines, until)

    def erase_again(self, erase: Callable[[Sequence[str]], int], *, now: int) -> int:
        """Have everything erased that is there although it was erased; how much that was. Files that are over go first.

        `erase` gets some lines, each once, and says how much of it was there.
        """
        self.lasting.forget_before(now)
        return sum(erase(tuple(dict.fromkeys(portion))) for portion in self.lasting.portions(AT_ONCE))
