"""The same conversation with all extras, with one of them left out, and with none: what each costs a service over HTTP.

Services of all variants run at the same time and take turns, so a slow moment of the machine meets them all. Beside the
conversations in a second, the service's own processor time is looked at: what the client costs is not in it.
"""

import asyncio
import contextlib
import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple, Protocol

from cryptography.hazmat.primitives.asymmetric import ec

from tests.benchmarks.client import Connection
from tests.benchmarks.crypto import raw_signatures
from tests.benchmarks.measure import Report, Row, microseconds_of
from tests.benchmarks.serving import CONNECTIONS, Kind, Server, fresh_folder

ROUNDS = 3


class Extra(StrEnum):
    """What HAIP 1.0 asks for beyond the plain conversation."""

    ATTESTATION = "client attestation"
    DPOP = "DPoP"
    KEYS = "key attestation"
    ENCRYPTION = "encryption"
    REGISTRATION = "registration certificate"


Extras = frozenset[Extra]


class Raw(NamedTuple):
    """Raw operations on P-256: how many a service cannot do without, or what each takes in microseconds."""

    verify: float = 0
    sign: float = 0
    agree: float = 0
    generate: float = 0

    def cost(self, each: "Raw") -> float:
        """What these take, in microseconds."""
        return sum(count * cost for count, cost in zip(self, each, strict=True))


class Conversing(Protocol):
    """A wallet in front of one service."""

    async def converse(self, connection: Connection) -> Callable[[], None]:
        """One whole conversation. What comes back checks what was heard, as a wallet does; that is never measured."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A service that is ready, with a wallet for each connection."""

    host: str
    port: int
    server: Server
    wallets: Sequence[Conversing]


class SetUp(Protocol):
    """Sets up a service in an empty folder, with as many conversations prepared as are asked for, and serves."""

    def __call__(self, data: Path, kind: Kind, extras: Extras, count: int) -> AbstractContextManager[Stage]: ...


@dataclass(frozen=True, slots=True)
class Subject:
    """One kind of conversation."""

    name: str
    set_up: SetUp
    plain: Raw
    extras: dict[Extra, Raw]  # what each adds of raw operations

    def raw(self, extras: Extras) -> Raw:
        """The raw operations that a service cannot do without."""
        added = [self.extras[extra] for extra in extras]
        return Raw(*[sum(counts) for counts in zip(self.plain, *added, strict=True)])


class Spent(NamedTuple):
    """What one conversation took in a round, in microseconds."""

    elapsed: float
    processor: float


def raw_costs() -> Raw:
    """What the raw operations take now."""
    private, other = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1()).public_key()
    sign, verify, agree, generate = microseconds_of(
        *raw_signatures(),
        lambda: private.exchange(ec.ECDH(), other),
        lambda: ec.generate_private_key(ec.SECP256R1()),
    )
    return Raw(verify, sign, agree, generate)


def measure_subject(report: Report, subject: Subject, kind: Kind, *, count: int, rounds: int = ROUNDS) -> None:
    """Rows for a conversation on a database: in all, and where the database is part of the service, for each extra.

    `count` conversations make a round.
    """
    whole, plain = Extras(subject.extras), Extras()
    # What PostgreSQL needs itself would be missing in the processor time
    singly = {extra: whole - {extra} for extra in subject.extras} if kind.is_embedded else {}
    variants = [whole, plain, *singly.values()]
    each = raw_costs()
    spent = dict(zip(variants, _compare(subject, kind, variants, count, rounds), strict=True))
    for name, extras in (("with all of HAIP", whole), ("plain", plain)):
        _add_whole(report, f"{subject.name}, {name}", spent[extras], spent[plain], kind)
        if kind.is_embedded:
            _add_processor(
                report, f"{subject.name}, {name}", subject.raw(extras).cost(each), spent[extras], spent[plain]
            )
    for extra, rest in singly.items():
        without, least = (statistics.median(one.processor for one in spent[extras]) for extras in (rest, plain))
        name = f"{subject.name} without {extra}: processor time"
        report.add(Row(name, without, "µs", least / without if without else None, "the plain one"))
        _add_extra(report, f"{subject.name}: {extra}", subject.extras[extra].cost(each), spent[whole], spent[rest])


def _compare(subject: Subject, kind: Kind, variants: Sequence[Extras], count: int, rounds: int) -> list[list[Spent]]:
    with contextlib.ExitStack() as stack:
        stages = []
        for extras in variants:
            data = stack.enter_context(fresh_folder())
            stages.append(stack.enter_context(subject.set_up(data, kind, extras, CONNECTIONS + count * rounds)))
        return asyncio.run(_take_turns(stages, count, rounds))


async def _take_turns(stages: Sequence[Stage], count: int, rounds: int) -> list[list[Spent]]:
    spent: list[list[Spent]] = [[] for _ in stages]
    for stage in stages:
        await _round(stage, CONNECTIONS, checked=True)
    for _ in range(rounds):
        for found, stage in zip(spent, stages, strict=True):
            processor, began = stage.server.seconds(), time.perf_counter()
            await _round(stage, count, checked=False)
            elapsed = time.perf_counter() - began
            found.append(Spent(1e6 * elapsed / count, 1e6 * (stage.server.seconds() - processor) / count))
    return spent


async def _round(stage: Stage, count: int, *, checked: bool) -> None:
    """So many conversations, on fresh connections: a service closes those that wait for their turn."""
    waiting = iter(range(count))

    async def work(wallet: Conversing) -> None:
        connection = await Connection.open(stage.host, stage.port)
        for _ in waiting:
            check = await wallet.converse(connection)
            if checked:
                check()
        await connection.close()

    await asyncio.gather(*map(work, stage.wallets))


def _add_whole(report: Report, name: str, spent: Sequence[Spent], plain: Sequence[Spent], kind: Kind) -> None:
    elapsed, least = (statistics.median(one.elapsed for one in found) for found in (spent, plain))
    against = "the plain one" if spent is not plain else ""
    ratio = least / elapsed if spent is not plain else None
    report.add(Row(f"{name}, {kind.name}", 1e6 / elapsed, "1/s", ratio, against))


def _add_processor(report: Report, name: str, raw: float, spent: Sequence[Spent], plain: Sequence[Spent]) -> None:
    needed, least = (statistics.median(one.processor for one in found) for found in (spent, plain))
    report.add(Row(f"{name}: processor time", needed, "µs", raw / needed, "its raw cryptography"))
    if spent is not plain:
        report.add(Row(f"{name}: processor time", needed, "µs", least / needed, "the plain one"))


def _add_extra(report: Report, name: str, raw: float, whole: Sequence[Spent], rest: Sequence[Spent]) -> None:
    """What an extra costs is what the whole needs more than the rest, round by round."""
    more = statistics.median(one.processor - other.processor for one, other in zip(whole, rest, strict=True))
    ratio = raw / more if raw and more > 0 else None  # None: no cryptography, or less than can be told
    report.add(Row(name, more, "µs", ratio, "its raw cryptography" if ratio is not None else ""))
