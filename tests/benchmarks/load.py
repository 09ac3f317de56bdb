"""Whole conversations over HTTP: 16 connections, one server core, every acknowledged write durable."""

import asyncio
import os
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from issuer.installation import NewIssuer, set_up_issuer
from issuer.service.offers import GrantKind
from protocol.errors import NotFound
from tests.benchmarks.client import FORM, BenchWallet, Connection
from tests.benchmarks.measure import Report, Row
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

ISSUANCES = 1500  # in a round
ANSWERS = 3000
ROUNDS = 3
MUST_ISSUE, MUST_ANSWER = 700.0, 1200.0  # a second, where the raw verification takes REFERENCE
REFERENCE = 42.0  # µs
_MISSING = NotFound("no such request")
TYPE = "bench"


def measure_load(report: Report, raw_verify: float) -> None:
    """Issuance and presentation over HTTP on both databases; targets are scaled by the speed of this machine."""
    scale = REFERENCE / raw_verify
    with databases() as kinds:
        for kind in kinds:
            for what, measure, must in (
                ("issuance (token, nonce, credential)", _issuances, MUST_ISSUE),
                ("answer (direct_post.jwt)", _answers, MUST_ANSWER),
            ):
                rate = measure(kind)
                gate = must * scale if kind.is_embedded else None
                row = Row(
                    f"{what} over HTTP, {kind.name}", rate, "1/s",
                    rate / gate if gate else None, f"{gate:.0f}/s" if gate else "", 1.0 if gate else None,
                )  # fmt: skip
                report.add(row)


def _issuances(kind: Kind) -> float:
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
            return asyncio.run(_rate(round_of, "agency.localhost", port, ISSUANCES))


def _answers(kind: Kind) -> float:
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
            return asyncio.run(_rate(round_of, "library.localhost", port, ANSWERS))


async def _rate(
    round_of: Callable[[Sequence[Connection], int], Awaitable[None]], host: str, port: int, count: int
) -> float:
    """Conversations a second: the median of the rounds."""
    connections = [await Connection.open(host, port) for _ in range(CONNECTIONS)]
    rates = []
    for number in range(ROUNDS):
        began = time.perf_counter()
        await round_of(connections, number)
        rates.append(count / (time.perf_counter() - began))
    for connection in connections:
        await connection.close()
    return statistics.median(rates)


def _make_answers(data: Path, count: int) -> list[tuple[str, bytes]]:
    """Open requests and what a wallet answers to each: path and body."""
    return [(answer.path, answer.body) for answer in make_answers(data, count, response_mode="direct_post.jwt")]
