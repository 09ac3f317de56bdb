"""Drives exchanges: sends what is to be sent, keeps slow calls off the event loop, commits steps in groups.

While one transaction is being made durable, the steps that arrive wait and go into the next one together; an answer leaves
after its step's commit. A disk flush is paid once for all of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from protocol.errors import ProtocolError, Unavailable
from protocol.exchange import Exchange, HttpRequest, run
from runtime.conversation import Advance, Begin, ConversationStore, Load, Slow, off_loop
from runtime.http import Sender

T = TypeVar("T")

MAX_GROUP = 64  # steps in one transaction
MAX_WAITING = 2000  # steps that wait; more are refused, so that the queue stays bounded
SLOW_THREADS = 8
MAX_SLOW = 500  # slow calls that run or wait; more are refused

Step = Advance[object, object] | Begin[object, object]


class Driver:
    """Runs exchanges of one role on one event loop."""

    def __init__(
        self,
        store: ConversationStore | None,
        sender: Sender,
        *,
        loads_in_thread: bool = False,
        works_in_thread: bool = False,
    ) -> None:
        """`loads_in_thread` is for stores across a network; a local file is read faster than a thread is woken.

        `works_in_thread` is for exchanges that sign in a token wherever they sign.
        """
        self._works_in_thread = works_in_thread
        self._store = store
        self._sender = sender
        self._loads_in_thread = loads_in_thread
        self._closed = False
        self._slow_calls = 0
        self._slow = ThreadPoolExecutor(SLOW_THREADS, thread_name_prefix="slow")
        self._commit_thread = ThreadPoolExecutor(1, thread_name_prefix="commit")
        self._waiting: list[tuple[Step, asyncio.Future[object]]] = []
        self._committing: asyncio.Task[None] | None = None

    async def run(self, exchange: Exchange[T]) -> T:
        """Drive an exchange to its end.

        Raises:
            ProtocolError: what the exchange raised.
        """
        if self._works_in_thread:
            exchange = off_loop(exchange)
        try:
            effect = next(exchange)
            while True:
                try:
                    outcome = await self._perform(effect)
                except ProtocolError as error:
                    effect = exchange.throw(error)
                else:
                    effect = exchange.send(outcome)
        except StopIteration as end:
            result: T = end.value
            return result
        finally:
            exchange.close()

    def close(self) -> None:
        """Let running calls finish and take no new ones."""
        self._closed = True
        self._commit_thread.shutdown()
        self._slow.shutdown()

    async def _perform(self, effect: object) -> object:
        match effect:
            case Advance() | Begin():
                return await self._commit(effect)
            case Load():
                store = self._its_store()
                if self._loads_in_thread:
                    return await self._in_thread(lambda: store.load(effect))
                return store.load(effect)
            case HttpRequest():
                return await self._sender.send(effect)
            case Slow():
                return await self._in_thread(effect.call)
            case _:
                raise TypeError(f"an effect that nobody carries out: {type(effect).__name__}")

    def _its_store(self) -> ConversationStore:
        if self._store is None:
            raise TypeError("this driver has no store")
        return self._store

    async def _in_thread(self, call: Callable[[], object]) -> object:
        if self._closed:
            raise _stopping()
        if self._slow_calls >= MAX_SLOW:
            raise Unavailable("too much is going on; nothing was changed, try again")
        self._slow_calls += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._slow, call)
        finally:
            self._slow_calls -= 1

    async def _commit(self, step: Step) -> object:
        store = self._its_store()
        if self._closed:
            raise _stopping()
        if len(self._waiting) >= MAX_WAITING:
            raise Unavailable("too much is going on; nothing was changed, try again")
        future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self._waiting.append((step, future))
        if self._committing is None:
            self._committing = asyncio.create_task(self._commit_all(store))
        outcome = await future
        if isinstance(outcome, ProtocolError):
            raise outcome.with_traceback(None)
        return outcome

    async def _commit_all(self, store: ConversationStore) -> None:
        """Commit group after group until nobody waits; whoever still waits when the driver is closed is refused."""
        loop = asyncio.get_running_loop()
        try:
            while self._waiting and not self._closed:
                group, self._waiting = self._waiting[:MAX_GROUP], self._waiting[MAX_GROUP:]
                steps = [step for step, _ in group]
                _answer(group, await loop.run_in_executor(self._commit_thread, _commit_group, store, steps))
        finally:
            self._committing = None
            rest, self._waiting = self._waiting, []
            _answer(rest, [_stopping()] * len(rest))


def _stopping() -> Unavailable:
    return Unavailable("this service is stopping; nothing was changed, try again")


def _answer(group: Sequence[tuple[Step, asyncio.Future[object]]], answers: Sequence[object | BaseException]) -> None:
    for (_, future), answer in zip(group, answers, strict=True):
        if future.done():
            continue
        if isinstance(answer, BaseException) and not isinstance(answer, ProtocolError):
            future.set_exception(answer)
        else:
            future.set_result(answer)


def _commit_group(store: ConversationStore, steps: list[Step]) -> list[object | BaseException]:
    """One transaction for all; if a step breaks it, one for each, so that only the broken one fails (T254)."""
    try:
        return list(store.commit(steps))
    except Unavailable as error:
        return [error] * len(steps)
    except Exception as error:  # handed to the request that caused it
        if len(steps) == 1:
            return [error]
        return [answer for step in steps for answer in _commit_group(store, [step])]


def drive(exchange: Exchange[T], store: ConversationStore | None, sender: Sender) -> T:
    """Drive an exchange to its end in this thread, for commands; not to be called where an event loop runs.

    Raises:
        ProtocolError: what the exchange raised.
    """
    # One loop for the whole exchange, because a sender may hold on to it
    with asyncio.Runner() as loop:

        def perform(effect: object) -> object:
            match effect:
                case Advance() | Begin() if store is not None:
                    [outcome] = store.commit([effect])
                    if isinstance(outcome, ProtocolError):
                        raise outcome
                    return outcome
                case Load() if store is not None:
                    return store.load(effect)
                case HttpRequest():
                    return loop.run(sender.send(effect))
                case Slow():
                    return effect.call()
                case _:
                    raise TypeError(f"an effect that nobody carries out: {type(effect).__name__}")

        return run(exchange, perform)
