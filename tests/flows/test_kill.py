"""Issuer and verifier are killed at random points of their work; nothing that was said is lost, nothing is done twice.

A failure names its seed; `HOHEIT_KILL_SEED=<seed>` strikes the same blows again, after the same calls.
"""

import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import TypeVar

import pytest

from tests.support.killing import FailureNamesSeed, kill_seed
from tests.support.patient import Batch, Issuance, Presentation, Settled, new_key
from tests.support.processes import Call, Reply, Striker, plan_strikes
from tests.support.town import ISSUER, VERIFIER, ProcessTown, process_town
from tests.support.traces import check_issuer, check_verifier

T = TypeVar("T")

WALLETS = 3  # of each kind at the same time
KILLS = 10  # on each database
SOAK_ROUNDS = 25
RACES = 10
REPLAYS = 40


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def town(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProcessTown]:
    """An issuer and a verifier of two processes each, on each database."""
    folder: Path = tmp_path_factory.mktemp("town")
    if request.param == "sqlite":
        with process_town(folder, "") as running:
            yield running
        return
    cluster = request.getfixturevalue("postgres_cluster")
    database = cluster.take_database()
    with process_town(folder, cluster.url(database)) as running:
        yield running
    cluster.give_back(database)


@pytest.mark.kill
def test_kills_lose_nothing_and_repeat_nothing(town):
    """T219, T107, T121, T179"""
    live_through_kills(town, kill_seed())


@pytest.mark.soak
def test_hundreds_of_kills_lose_nothing_and_repeat_nothing(town):
    """T219; both ways in which a broken connection can end are met"""
    first = kill_seed(secrets.randbelow(1_000_000))
    lost = [settled for seed in range(first, first + SOAK_ROUNDS) for settled in live_through_kills(town, seed)]
    assert {settled.answered for settled in lost} == {True, False}


def live_through_kills(town: ProcessTown, seed: int) -> list[Settled]:
    """Let wallets work while processes die, then look at everything; the calls that were lost and sent again."""
    with FailureNamesSeed(seed):
        issuances, presentations = work_while_killing(town, Random(seed))
        calls = [settled for issuance in issuances for settled in calls_of(issuance)]
        calls += [presentation.settled for presentation in presentations if presentation.settled]
        check_issuer(town.issuer, issuances)
        check_verifier(town.verifier, presentations)
        after_all(town, Random(seed), issuances, presentations)
        check_issuer(town.issuer, issuances)
        check_verifier(town.verifier, presentations)
    return [settled for settled in calls if settled.lost]


def work_while_killing(town: ProcessTown, random: Random) -> tuple[list[Issuance], list[Presentation]]:
    """Everything that wallets know after KILLS processes died and came back."""
    stop = threading.Event()
    strikes = plan_strikes(random, KILLS, (ISSUER, VERIFIER))
    holders = [town.holder(Random(random.random())) for _ in range(WALLETS)]
    presenters = [town.presenter(Random(random.random())) for _ in range(WALLETS)]
    striker = Striker(town.services)
    with ThreadPoolExecutor(2 * WALLETS) as pool:
        issuing = [pool.submit(visit_until, stop, holder.visit) for holder in holders]
        presenting = [pool.submit(visit_until, stop, presenter.visit) for presenter in presenters]
        working: list[Future[list[Issuance]] | Future[list[Presentation]]] = [*issuing, *presenting]
        try:
            killed = sum(striker.strike(strike, lambda: any(f.done() for f in working)) for strike in strikes)
        finally:
            stop.set()
        issuances = [issuance for future in issuing for issuance in future.result()]
        presentations = [presentation for future in presenting for presentation in future.result()]
    assert killed == KILLS
    return issuances, presentations


def visit_until(stop: threading.Event, visit: Callable[[], T]) -> list[T]:
    """One conversation after the other."""
    done: list[T] = []
    while not stop.is_set():
        done.append(visit())
    return done


def calls_of(issuance: Issuance) -> list[Settled]:
    """The single-use calls of one conversation."""
    return [
        *([issuance.redeemed] if issuance.redeemed else []),
        *(batch.settled for batch in issuance.batches),
        *([issuance.notified] if issuance.notified else []),
    ]


def after_all(town: ProcessTown, random: Random, issuances: list[Issuance], presentations: list[Presentation]) -> None:
    """What was open is still good, once; what was used is not."""
    holder, presenter = town.holder(random), town.presenter(random)
    for issuance in issuances:
        if issuance.redeemed is None:
            holder.redeem(issuance)
        if issuance.access_token and not issuance.batches:
            holder.ask(issuance)
    for presentation in presentations:
        if presentation.settled is None:
            presenter.answer(presentation)
    for issuance in most_telling(random, issuances, lambda issuance: issuance.redeemed):
        assert refusal(holder.service.call(holder.token_call(issuance), random)) == "invalid_grant"
    fresh = holder.take_offer()
    holder.redeem(fresh)
    batches = [batch for issuance in issuances for batch in issuance.batches]
    for batch in most_telling(random, batches, lambda batch: batch.settled):
        again = holder.credential_call(fresh, (new_key(random),), batch.nonce)
        assert refusal(holder.service.call(again, random)) == "invalid_nonce"
    for presentation in most_telling(random, presentations, lambda presentation: presentation.settled):
        assert refusal(presenter.service.call(presentation.answer, random)) == "invalid_request"
        state = presenter.state(presentation)
        assert state["state"] == ("declined" if presentation.declines else "accepted")
        if not presentation.declines:
            assert state["verdict"]["accepted"]
            assert state["claims"] == {"pid": [{"family_name": "Mustermann"}]}


@pytest.mark.kill
def test_two_processes_that_race_for_one_code_redeem_it_once(town):
    """T107, T108"""
    random = Random(1)
    holder = town.holder(random)
    for _ in range(RACES):
        issuance = holder.take_offer()
        calls = [holder.token_call(issuance) for _ in town.services[ISSUER].processes]
        winner = check_one_wins(race(town, ISSUER, calls), "invalid_grant")
        issuance.redeemed = Settled(winner, lost=False, answered=True)
        issuance.access_token = winner.json()["access_token"]
        check_issuer(town.issuer, [issuance])


@pytest.mark.kill
def test_two_processes_that_race_for_one_nonce_take_it_once(town):
    """T121, T143"""
    random = Random(2)
    holder = town.holder(random)
    for _ in range(RACES):
        issuance = holder.take_offer()
        holder.redeem(issuance)
        nonce = holder.c_nonce()
        keys = [(new_key(random),) for _ in town.services[ISSUER].processes]
        replies = race(town, ISSUER, [holder.credential_call(issuance, key, nonce) for key in keys])
        winner = check_one_wins(replies, "invalid_nonce")
        credentials = tuple(item["credential"] for item in winner.json()["credentials"])
        settled = Settled(winner, lost=False, answered=True)
        issuance.batches.append(Batch(keys[replies.index(winner)], nonce, settled, credentials))
        check_issuer(town.issuer, [issuance])


@pytest.mark.kill
def test_two_processes_that_race_for_one_answer_take_it_once(town):
    """T179"""
    presenter = town.presenter(Random(3))
    for _ in range(RACES):
        presentation = presenter.take_request()
        replies = race(town, VERIFIER, [presentation.answer for _ in town.services[VERIFIER].processes])
        winner = check_one_wins(replies, "invalid_request")
        presentation.settled = Settled(winner, lost=False, answered=True)
        check_verifier(town.verifier, [presentation])


def race(town: ProcessTown, role: str, calls: Sequence[Call]) -> list[Reply]:
    """Send one call to each process of a role at the same moment."""
    service, start = town.services[role], threading.Barrier(len(calls))

    def send(number: int) -> Reply:
        start.wait()
        return service.call(calls[number], Random(number), at=number)

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(send, range(len(calls))))


def check_one_wins(replies: Sequence[Reply], error: str) -> Reply:
    """Exactly one call was granted, and the others were refused for the right reason."""
    [winner] = [reply for reply in replies if reply.status == 200]
    assert {refusal(reply) for reply in replies if reply is not winner} == {error}
    return winner


def refusal(reply: Reply) -> str:
    """The error code of a refusal."""
    return reply.error if 400 <= reply.status < 500 else f"status {reply.status}"


def most_telling(random: Random, things: Sequence[T], settled: Callable[[T], Settled | None]) -> list[T]:
    """All whose calls were lost at first, and some of the others."""
    lost = [thing for thing in things if (found := settled(thing)) is not None and found.lost]
    others = [thing for thing in things if (found := settled(thing)) is not None and not found.lost]
    return lost + random.sample(others, min(len(others), REPLAYS))
