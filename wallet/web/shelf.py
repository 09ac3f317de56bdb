"""What was looked at and waits for an answer: offers, requests, documents that came. In memory, for a while, while open."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from protocol.errors import NotFound, ProtocolError
from protocol.keys import RandomBytes

T = TypeVar("T")

MAX_THINGS = 50
LIFETIME = 900  # seconds


class Gone(NotFound):
    """It was answered already, is too old, or never was there; nothing was done now."""


class StillAtWork(Gone):
    """It is being answered right now, as a first click wants; `page` shows how that goes on."""

    def __init__(self, page: str) -> None:
        super().__init__("this is being answered")
        self.page = page


@dataclass(frozen=True, slots=True)
class AtWork:
    """Lies in the place of something that is being answered."""

    page: str  # of ours, where one sees what becomes of it
    pending: str = ""  # id of the issuance that is being fetched


@dataclass(slots=True)
class Shelf:
    """Things by a number that nobody guesses. When it is full, the oldest goes."""

    now: Callable[[], int]  # epoch seconds
    random_bytes: RandomBytes
    _things: dict[str, tuple[int, object]] = field(default_factory=dict)

    def put(self, thing: object) -> str:
        """Lay something there; its number comes back."""
        number = self.random_bytes(16).hex()
        self.replace(number, thing)
        return number

    def look(self, number: str, kind: type[T]) -> T:
        """See something that stays there.

        Raises:
            StillAtWork: somebody clicked before, and that is not done yet.
            Gone: it is not there, or is another kind of thing.
        """
        since, thing = self._things.get(number, (0, None))
        if not 0 <= self.now() - since < LIFETIME:
            raise Gone("this is too old")
        if isinstance(thing, AtWork) and not issubclass(AtWork, kind):
            raise StillAtWork(thing.page)
        if not isinstance(thing, kind):
            raise Gone("this was answered already, or never was here")
        return thing

    def find(self, kind: type[T], fits: Callable[[T], bool]) -> str:
        """The number of something of a kind that fits.

        Raises:
            Gone: there is none.
        """
        for number, (since, thing) in self._things.items():
            if isinstance(thing, kind) and 0 <= self.now() - since < LIFETIME and fits(thing):
                return number
        raise Gone("this was answered already, or never was here")

    def take(self, number: str, kind: type[T]) -> T:
        """Take something away, so that it is answered once: a second click or window finds it gone.

        Raises:
            StillAtWork, Gone: see `look`.
        """
        thing = self.look(number, kind)
        del self._things[number]
        return thing

    def replace(self, number: str, thing: object) -> None:
        """Lay something under a number: what became of the thing before, or that again if it could not be answered."""
        self._things.pop(number, None)
        while len(self._things) >= MAX_THINGS:
            del self._things[next(iter(self._things))]
        self._things[number] = (self.now(), thing)

    @contextmanager
    def answering(self, number: str, kind: type[T], page: str) -> Iterator[T]:
        """Take something away to answer it. Whoever comes meanwhile is told that it is at work; see `page` of `AtWork`.

        The block lays what became of it under the same number, or nothing. When it could not be answered, it lies there again.

        Raises:
            StillAtWork, Gone: see `look`.
        """
        thing = self.take(number, kind)
        self.replace(number, AtWork(page))
        try:
            yield thing
        except ProtocolError:
            self.replace(number, thing)
            raise
        finally:
            if isinstance(self._things.get(number, (0, None))[1], AtWork):
                del self._things[number]
