"""Whole conversations over HTTP: 16 connections, one server core, every acknowledged write durable.

Rounds take turns with raw verifications on the server's core: a machine that others use too is fast and slow by turns, and
a goal that scales by its speed has to be scaled by that of the same seconds.
"""

import asyncio
import os
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from issuer.installation import NewIssuer, set_up_issuer
from issuer.service.offers import GrantKind
from protocol.errors import NotFound
from tests.benchmarks.client import FORM, BenchWallet, Connection
from tests.benchmarks.crypto import raw_signatures
from tests.benchmarks.measure import CLIENT_CORE, SERVER_CORE, Report, Row, keep_to
from tests.benchmarks.preparing import make_answers, make_offers
from tests.benchmarks.serving import (
    CONNECTIONS,
    Kind,
    databases,
    environment,
    fresh_folder,
    serving,
    write_type,
)
from tests.support.ports import free_port
from verifier.installation import NewVerifier, set_up_verifier

ISSUANCES = 400  # in a round
ANSWERS = 800
ROUNDS = 13
VERIFICATIONS = 300  # before each round, and after it
MUST_ISSUE, MUST_ANSWER = 700.0, 1200.0  # a second, where the raw verification takes REFERENCE
REFERENCE = 42.0  # µs
_MISSING = NotFound("no such request")
TYPE = "bench"


@dataclass(frozen=True, slots=True)
class _Round:
    """What was done in some seconds, and how fast the machine was in them."""

    rate: float  # conversations a second
    raw_verify: float  # µs, the mean of before and after


def measure_load(report: Report) -> None:
    """Issuance and presentation over HTTP on both databases; targets are scaled by the speed of this machine."""
    with databases() as kinds:
        for kind in kinds:
            for what, measure, must in (
                ("issuance (token, nonce, credential)", _issuances, MUST_ISSUE),
                ("answer (direct_post.jwt)", _answers, MUST_ANSWER),
            ):
                rounds = measure(kind)
                name, rate = f"{what} over HTTP, {kind.name}", statistics.median(each.rate for each in rounds)
                if not kind.is_embedded:
                    report.add(Row(name, rate, "1/s"))
                    continue
                ratio = statistics.median(each.rate / (must * REFERENCE / each.raw_verify) for each in rounds)
                report.add(Row(name, rate, "1/s", ratio, f"{rate / ratio:.0f}/s", 1.0))


def _issuances(kind: Kind) -> list[_Round]:
    with fresh_folder() as data:
        port = free_port()
        identifier = f"http://agency.localhost:{port}"
        write_type(data / "types", TYPE)
        settings = {"HOHEIT_ISSUER_TYPES_FOLDER": str(data / "types")}
        set_up_issuer(
            NewIssuer(data, identifier, (("de", "Amt"),), types=(TYPE,), database_url=kind.new_url()),
            now=int(time.time()),
            random_bytes=os.urandom,
        )
        with environment(settings):
            codes = [
                offer.offer.pre_authorized_code or ""
                for offer in make_offers(data, TYPE, GrantKind.PRE_AUTHORIZED_CODE, ISSUANCES * ROUNDS)
            ]

        async def round_of(connections: Sequence[Connection], number: int) -> None:
            waiting = iter(codes[number * ISSUANCES : (number + 1) * ISSUANCES])

            async def work(connection: Connection) -> None:
                wallet = BenchWallet(connection, identifier, TYPE)
                for code in waiting:
                    await wallet.issue(code)

            await asyncio.gather(*map(work, connections))

        with serving("issuer", data, port, settings):
            return asyncio.run(_rounds(round_of, "agency.localhost", port, ISSUANCES))


def _answers(kind: Kind) -> list[_Round]:
    with fresh_folder() as data:
        port = free_port()
        new = NewVerifier(data, f"http://library.localhost:{port}", (("de", "Bücherei"),), database_url=kind.new_url())
        set_up_verifier(new, now=int(time.time()), random_bytes=os.urandom)
        answers = _make_answers(data, ANSWERS * ROUNDS)

        async def round_of(connections: Sequence[Connection], number: int) -> None:
            waiting = iter(answers[number * ANSWERS : (number + 1) * ANSWERS])

            async def work(connection: Connection) -> None:
                for path, body in waiting:
                    (await connection.post(path, body, {"content-type": FORM})).expect(200)

            await asyncio.gather(*map(work, connections))

        with serving("verifier", data, port):
            return asyncio.run(_rounds(round_of, "library.localhost", port, ANSWERS))


async def _rounds(
    round_of: Callable[[Sequence[Connection], int], Awaitable[None]], host: str, port: int, count: int
) -> list[_Round]:
    """Rounds of so many conversations each."""
    connections = [await Connection.open(host, port) for _ in range(CONNECTIONS)]
    _, verify = raw_signatures()
    rounds = []
    before = _on_the_servers_core(verify)
    for number in range(ROUNDS):
        began = time.perf_counter()
        await round_of(connections, number)
        seconds = time.perf_counter() - began
        after = _on_the_servers_core(verify)
        rounds.append(_Round(count / seconds, (before + after) / 2))
        before = after
    for connection in connections:
        await connection.close()
    return rounds


def _on_the_servers_core(call: Callable[[], object]) -> float:
    """What a call costs there now, while the server has nothing to do: µs of processor time."""
    keep_to(SERVER_CORE)
    began = time.process_time_ns()
    for _ in range(VERIFICATIONS):
        call()
    spent = time.process_time_ns() - began
    keep_to(CLIENT_CORE)
    return spent / VERIFICATIONS / 1000


def _make_answers(data: Path, count: int) -> list[tuple[str, bytes]]:
    """Open requests and what a wallet answers to each: path and body."""
    return [(answer.path, answer.body) for answer in make_answers(data, count, response_mode="direct_post.jwt")]
