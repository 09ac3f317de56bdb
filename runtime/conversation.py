"""Conversations: stages, the one change that a step makes, and the effects that a service asks its driver for.

A role's conversation is a union of frozen stages; a step is a pure function from one stage to the next. The store runs
the step in its own transaction: that, and nothing else, makes codes, nonces, requests and responses single-use.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, Protocol, TypeVar

from protocol.errors import ProtocolError
from protocol.exchange import Exchange
from protocol.keys import Decrypter, Ed25519Key, P256Key, Signer

S = TypeVar("S")  # the role's union of stages
R = TypeVar("R")  # the role's union of records
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SessionKey:
    """One of the names a session is found by. Secrets (codes, tokens) enter as their SHA-256 only."""

    kind: str
    digest: str  # SHA-256 in hex

    @classmethod
    def of(cls, kind: str, value: str) -> SessionKey:
        """The key for a value as it travels."""
        return cls(kind, hashlib.sha256(value.encode()).hexdigest())


@dataclass(frozen=True, slots=True)
class Spend:
    """A value that may be used once: spent twice, the whole change is refused with `error`."""

    key: SessionKey
    expires_at: int  # epoch seconds; after it the value must be refused by its age
    error: ProtocolError


@dataclass(frozen=True, slots=True)
class Event:
    """A line of the audit trail: who did what to which thing; never a value, token or code."""

    action: str
    subject: str  # id of the thing
    actor: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Change(Generic[S, R]):
    """What a step does, committed as one: the next stage, new keys, dropped keys, spent values, records, events."""

    next: S
    keys: tuple[SessionKey, ...] = ()  # the session is found by these too, from now on
    drop: tuple[SessionKey, ...] = ()  # … and by these no longer
    spend: tuple[Spend, ...] = ()
    records: tuple[R, ...] = ()
    events: tuple[Event, ...] = ()
    expires_at: int | None = None  # epoch seconds: the session's end from now on; None: as it was


@dataclass(frozen=True, slots=True)
class Refused(Generic[S, R]):
    """A refusal that has to be remembered (a counted wrong code, a revoked family): committed, then raised."""

    next: S
    error: ProtocolError
    drop: tuple[SessionKey, ...] = ()
    records: tuple[R, ...] = ()
    events: tuple[Event, ...] = ()


Step = Callable[[S], "Change[S, R] | Refused[S, R]"]


@dataclass(frozen=True, slots=True)
class Load:
    """Effect: read the stage of a session, without changing it."""

    key: SessionKey
    missing: ProtocolError


@dataclass(frozen=True, slots=True)
class Advance(Generic[S, R]):
    """Effect: take a session one step further, exactly once. A step raises a `ProtocolError` to refuse without a trace."""

    key: SessionKey
    step: Step[S, R]
    missing: ProtocolError  # raised when no session has this key


@dataclass(frozen=True, slots=True)
class Begin(Generic[S, R]):
    """Effect: open a session with its first stage and keys (at least one key)."""

    change: Change[S, R]
    expires_at: int  # epoch seconds; after it (and a grace time) the sweep may forget the session


@dataclass(frozen=True, slots=True)
class Slow(Generic[T]):
    """Effect: run a call that takes long (Argon2id, PKCS#11, a register, an administration query) off the event loop."""

    call: Callable[[], T]


def load(key: SessionKey, missing: ProtocolError, stage: type[S] | tuple[type[S], ...]) -> Exchange[S]:
    """The stage of a session.

    Raises:
        ProtocolError: `missing`, when there is no session of this key, or it is in another stage.
    """
    found = yield Load(key, missing)
    if not isinstance(found, stage):
        raise missing.with_traceback(None)
    return found


def advance(key: SessionKey, step: Step[S, R], missing: ProtocolError) -> Exchange[S]:
    """Take one step; the new stage.

    Raises:
        ProtocolError: `missing`, what the step raised or refused with, or the error of a value spent before.
    """
    stage = yield Advance(key, step, missing)
    return stage  # type: ignore[return-value]  # the store hands back what the step made


def begin(change: Change[S, R], expires_at: int) -> Exchange[S]:
    """Open a session; its first stage."""
    yield Begin(change, expires_at)
    return change.next


def slow(call: Callable[[], T]) -> Exchange[T]:
    """The result of a call that takes long."""
    result = yield Slow(call)
    return result  # type: ignore[return-value]  # the driver hands back what the call returned


def with_key(key: Signer | Decrypter, call: Callable[[], T]) -> Exchange[T]:
    """What a call makes with a private key. A key in memory answers at once; any other may be in a token that takes long."""
    if isinstance(key, P256Key | Ed25519Key):
        return call()
    return (yield from slow(call))


def off_loop(exchange: Exchange[T]) -> Exchange[T]:
    """The same exchange, whose own work between its effects takes long, such as signing in a token: it is done in threads."""
    resume: Callable[[], object] = partial(next, exchange)
    try:
        while True:
            effect = yield from slow(partial(_resumed, resume))
            if isinstance(effect, _Ended):
                return effect.result  # type: ignore[return-value]  # what the exchange returned
            try:
                outcome = yield effect
            except ProtocolError as error:
                resume = partial(exchange.throw, error)
            else:
                resume = partial(exchange.send, outcome)
    finally:
        exchange.close()


@dataclass(frozen=True, slots=True)
class _Ended:
    result: object


def _resumed(resume: Callable[[], object]) -> object:
    """The next effect, or the end; a StopIteration cannot leave a thread."""
    try:
        return resume()
    except StopIteration as end:
        return _Ended(end.value)


class ConversationStore(Protocol):
    """The open sessions of one role; every step of a session happens exactly once."""

    def load(self, effect: Load) -> object:
        """Read a stage.

        Raises:
            ProtocolError: `effect.missing`.
        """

    def commit(
        self, effects: Sequence[Advance[object, object] | Begin[object, object]]
    ) -> list[object | ProtocolError]:
        """Carry out effects in one durable transaction, each wholly or, where it is refused, not at all.

        One answer each, in order: the stage that was reached, or the error that refused it. The answers are durable when
        this returns.

        Raises:
            Unavailable: the store is away; nothing was changed.
        """
