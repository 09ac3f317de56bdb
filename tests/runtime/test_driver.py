"""Drivers: effects are carried out, steps are committed in groups, nobody waits for ever."""

import asyncio
import threading
from collections.abc import Sequence

import pytest

from protocol.errors import InvalidGrant, ProtocolError, Unavailable
from protocol.exchange import Exchange, HttpRequest, send
from runtime import driver as driver_module
from runtime.conversation import Advance, Begin, Load, advance, begin, load, slow
from runtime.driver import MAX_GROUP, Driver, drive
from tests.support.conversations import MISSING, SPENT, Echo, Open, add_one, name, open_counters, spend, start
from tests.support.pki import NOW


@pytest.fixture
def store(tmp_path):
    opened = open_counters(f"sqlite:///{tmp_path / 'counters.db'}")
    opened.commit([start("a"), start("b")])
    yield opened
    opened.database.dispose()


class Held:
    """A store whose commits wait until they are let go, and are counted."""

    def __init__(self, store):
        self.store = store
        self.groups: list[int] = []
        self.began = threading.Event()
        self.go_on = threading.Event()

    def load(self, effect: Load) -> object:
        return self.store.load(effect)

    def commit(
        self, effects: Sequence[Advance[object, object] | Begin[object, object]]
    ) -> list[object | ProtocolError]:
        self.groups.append(len(effects))
        self.began.set()
        assert self.go_on.wait(10)
        answers: list[object | ProtocolError] = self.store.commit(effects)
        return answers


def count(value: str, **change) -> Exchange[object]:
    effect = add_one(value, **change)
    return advance(effect.key, effect.step, effect.missing)


def whole_conversation() -> Exchange[list[object]]:
    """Uses every effect there is."""
    seen: list[object] = [(yield from begin(start("new", 7).change, NOW + 60))]
    seen.append((yield from count("new")))
    seen.append((yield from load(name("new"), MISSING, Open)))
    response = yield from send(HttpRequest("GET", "https://a.example/"))
    seen.append(response.body)
    seen.append((yield from slow(lambda: threading.current_thread().name)))
    for attempt in (
        count("missing"),
        load(name("missing"), MISSING, Open),
        send(HttpRequest("GET", "https://missing.example/")),
        slow(_refuse),
    ):
        try:
            yield from attempt
        except ProtocolError as error:
            seen.append(error.code)
    return seen


def _refuse() -> None:
    raise InvalidGrant("no")


EXPECTED = [Open(7), Open(8), Open(8), b"https://a.example/"]
ERRORS = ["not_found", "not_found", "temporarily_unavailable", "invalid_grant"]


def test_a_driver_carries_out_every_effect(store):
    async def main():
        driver = Driver(store, Echo(), loads_in_thread=True)
        try:
            return await driver.run(whole_conversation())
        finally:
            driver.close()

    seen = asyncio.run(main())
    assert seen[:4] == EXPECTED
    assert seen[4].startswith("slow")
    assert seen[5:] == ERRORS


def test_a_command_carries_out_every_effect_too(store):
    echo = Echo()
    seen = drive(whole_conversation(), store, echo)
    assert seen[:4] == EXPECTED
    assert seen[4] == threading.current_thread().name
    assert seen[5:] == ERRORS
    assert len(echo.loops) == 1


def test_a_refusal_leaves_the_driver_as_it_was_raised(store):
    async def main():
        driver = Driver(store, Echo())
        try:
            await driver.run(count("a", spend=(spend("n"),)))
            with pytest.raises(InvalidGrant) as refusal:
                await driver.run(count("b", spend=(spend("n"),)))
        finally:
            driver.close()
        return refusal.value

    assert asyncio.run(main()) is SPENT
    with pytest.raises(InvalidGrant):
        drive(count("b", spend=(spend("n"),)), store, Echo())


@pytest.mark.parametrize("effect", [object(), None, 7])
def test_an_effect_that_nobody_knows_is_a_mistake(store, effect):
    def odd() -> Exchange[None]:
        yield effect

    async def main():
        driver = Driver(store, Echo())
        try:
            await driver.run(odd())
        finally:
            driver.close()

    with pytest.raises(TypeError, match="nobody carries out"):
        asyncio.run(main())
    with pytest.raises(TypeError, match="nobody carries out"):
        drive(odd(), store, Echo())


def test_a_driver_without_a_store_has_no_sessions():
    async def main():
        driver = Driver(None, Echo())
        try:
            await driver.run(count("a"))
        finally:
            driver.close()

    with pytest.raises(TypeError, match="no store"):
        asyncio.run(main())
    with pytest.raises(TypeError, match="nobody carries out"):
        drive(count("a"), None, Echo())


def while_one_commits(store, others, then):
    """Let one step commit, start others meanwhile, do something with them, and let all go on; the groups and the answers."""
    held = Held(store)

    async def main():
        driver = Driver(held, Echo())
        first = asyncio.create_task(driver.run(count("a")))
        while not held.began.is_set():
            await asyncio.sleep(0)
        tasks = [asyncio.create_task(driver.run(exchange)) for exchange in others]
        await asyncio.sleep(0)
        then(tasks)
        held.go_on.set()
        answers = await asyncio.gather(first, *tasks, return_exceptions=True)
        driver.close()
        return answers

    return asyncio.run(main()), held.groups


def test_steps_that_arrive_during_a_commit_go_into_the_next_together(store):
    answers, groups = while_one_commits(store, [count("a") for _ in range(10)], lambda tasks: None)
    assert answers == [Open(number) for number in range(1, 12)]
    assert groups == [1, 10]


def test_a_group_has_a_bound(store):
    answers, groups = while_one_commits(store, [count("a") for _ in range(MAX_GROUP + 3)], lambda tasks: None)
    assert groups == [1, MAX_GROUP, 3]
    assert answers[-1] == Open(MAX_GROUP + 4)


def test_a_poisoned_step_fails_alone(store):
    """T254: the others of its group are committed, once."""

    def poisoned(stage):
        raise KeyError("a mistake of ours")

    others = [count("a"), advance(name("b"), poisoned, MISSING), count("a"), count("missing")]
    answers, groups = while_one_commits(store, others, lambda tasks: None)
    assert answers[:2] == [Open(1), Open(2)]
    assert isinstance(answers[2], KeyError)
    assert answers[3:] == [Open(3), MISSING]
    assert groups == [1, 4, 1, 1, 1, 1]


def test_a_request_that_is_given_up_does_not_disturb_its_group(store):
    """Its step may be committed; nobody is there to be told."""
    answers, _ = while_one_commits(store, [count("a"), count("b")], lambda tasks: tasks[0].cancel())
    assert answers[0] == Open(1)
    assert isinstance(answers[1], asyncio.CancelledError)
    assert answers[2] == Open(1)


def test_a_queue_that_is_full_refuses_and_changes_nothing(store, monkeypatch):
    """T245"""
    monkeypatch.setattr(driver_module, "MAX_WAITING", 2)
    answers, _ = while_one_commits(store, [count("a") for _ in range(4)], lambda tasks: None)
    assert answers[:3] == [Open(1), Open(2), Open(3)]
    assert all(isinstance(answer, Unavailable) for answer in answers[3:])
    assert store.load(Load(name("a"), MISSING)) == Open(3)


def test_too_many_slow_calls_are_refused(store, monkeypatch):
    monkeypatch.setattr(driver_module, "MAX_SLOW", 3)
    release = threading.Event()

    async def main():
        driver = Driver(store, Echo())
        tasks = [asyncio.create_task(driver.run(slow(lambda: release.wait(10)))) for _ in range(5)]
        await asyncio.sleep(0)
        release.set()
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        assert await driver.run(slow(lambda: "again")) == "again"
        driver.close()
        return answers

    answers = asyncio.run(main())
    assert answers[:3] == [True] * 3
    assert all(isinstance(answer, Unavailable) for answer in answers[3:])


def test_a_slow_call_does_not_stop_the_others(store):
    release = threading.Event()

    async def main():
        driver = Driver(store, Echo())
        waiting = asyncio.create_task(driver.run(slow(lambda: release.wait(10))))
        assert await driver.run(count("a")) == Open(1)
        assert not waiting.done()
        release.set()
        assert await waiting
        driver.close()

    asyncio.run(main())


def test_a_store_that_is_away_refuses_the_whole_group(store):
    """T223"""

    class Away:
        def load(self, effect):
            raise Unavailable("away")

        def commit(self, effects):
            raise Unavailable("away")

    async def main():
        driver = Driver(Away(), Echo())
        results = await asyncio.gather(*(driver.run(count("a")) for _ in range(5)), return_exceptions=True)
        driver.close()
        return results

    assert all(isinstance(answer, Unavailable) for answer in asyncio.run(main()))


def test_closing_lets_running_work_finish_and_nobody_wait(store):
    """T251"""
    held = Held(store)

    async def main():
        driver = Driver(held, Echo())
        running = asyncio.create_task(driver.run(count("a")))
        while not held.began.is_set():
            await asyncio.sleep(0)
        waiting = asyncio.create_task(driver.run(count("b")))
        await asyncio.sleep(0)
        threading.Timer(0.05, held.go_on.set).start()
        driver.close()
        results = await asyncio.gather(running, waiting, return_exceptions=True)
        with pytest.raises(Unavailable):
            await driver.run(count("b"))
        return results

    done, late = asyncio.run(main())
    assert done == Open(1)
    assert isinstance(late, Unavailable)
    assert store.load(Load(name("b"), MISSING)) == Open(0)


def test_an_exchange_is_closed_when_it_is_given_up(store):
    closed = []

    release = threading.Event()

    def patient() -> Exchange[None]:
        try:
            yield from slow(lambda: release.wait(10))
        finally:
            closed.append(True)

    async def main():
        driver = Driver(store, Echo())
        task = asyncio.create_task(driver.run(patient()))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        release.set()
        driver.close()

    asyncio.run(main())
    assert closed == [True]
