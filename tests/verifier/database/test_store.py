"""The verifier's store, on both databases: once means once, and over means gone."""

import asyncio
import time

import pytest
from sqlalchemy import func, select

from protocol.errors import InvalidRequest, NotFound, ProtocolError
from runtime.conversation import Advance, Change, SessionKey
from runtime.sweep import sweep_once
from tests.support.verifier import USE_CASE, answers, make_verifier, reference_of
from verifier.database.tables import api_keys, conversations
from verifier.policy import MIN_KEEP
from verifier.session import REQUEST, Answered, Requested


def rows(counter, table):
    with counter.store.database.reading() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def everything(counter):
    """All that is stored, as one text."""
    tables = (conversations.sessions, conversations.keys, conversations.events, conversations.spent, api_keys)
    with counter.store.database.reading() as connection:
        return "\n".join(str(tuple(row)) for table in tables for row in connection.execute(select(table)).all())


def sweep(counter):
    return counter.store.sweep(now=counter.clock.now, limit=10_000)


def test_a_conversation_comes_back_as_it_was(stored_counter, held):
    made = stored_counter.ask(same_device=True)
    assert isinstance(stored_counter.stage(made), Requested)
    stored_counter.receive(made, answers(stored_counter, made, held))
    result = stored_counter.result(made)
    assert (result.state, result.disclosed) == ("accepted", {"pid": [{"family_name": "Mustermann"}]})
    assert len(result.verdict.lines) == 7


def test_no_secret_and_no_claim_stands_in_the_store_as_text(stored_counter, held):
    """T258, T261: claims and keys are sealed, codes and API keys are digests.

    T191, T192: nonce, state and key are gone after the answer.
    """
    made = stored_counter.ask(same_device=True)
    open_terms = stored_counter.stage(made).terms
    assert reference_of(made) not in everything(stored_counter)
    code = stored_counter.receive(made, answers(stored_counter, made, held)).redirect_uri.rpartition("=")[2]
    kept = everything(stored_counter)
    for secret in ("Mustermann", "Erika", code, stored_counter.api_key, reference_of(made), open_terms.nonce):
        assert secret not in kept
    assert open_terms.encryption_key not in kept
    assert open_terms.state not in kept


def test_an_answer_is_gone_after_its_time(tmp_path, agency, held):
    """T261: not one second longer is it shown, and the next sweep erases it; only that there was one stays."""
    longer = USE_CASE.replace("[title]", f"keep_seconds = {2 * MIN_KEEP}\n[title]", 1)
    counter = make_verifier(f"sqlite:///{tmp_path}/v.db", agency.anchors, use_cases=[longer])
    made = counter.ask()
    counter.receive(made, answers(counter, made, held))
    counter.clock.forward(2 * MIN_KEEP - 1)
    assert counter.result(made).disclosed
    assert sweep(counter) == 0
    counter.clock.forward(1)
    with pytest.raises(NotFound):
        counter.result(made)
    counter.clock.forward(1)
    assert sweep(counter) == 1
    assert (rows(counter, conversations.sessions), rows(counter, conversations.keys)) == (0, 0)
    assert "answer accepted" in everything(counter)
    counter.close()


def test_an_unanswered_question_does_not_stay_as_long_as_an_answer(tmp_path, agency):
    """T244: ten years of keeping are for answers."""
    longest = USE_CASE.replace("[title]", "keep_seconds = 315360000\n[title]", 1)
    counter = make_verifier(f"sqlite:///{tmp_path}/v.db", agency.anchors, use_cases=[longest])
    made = counter.ask()
    counter.clock.forward(300)
    assert counter.result(made).state == "expired"
    assert sweep(counter) == 0
    counter.clock.forward(MIN_KEEP + 1)
    assert sweep(counter) == 1
    with pytest.raises(NotFound):
        counter.result(made)
    counter.close()


def test_a_file_keeps_nothing_of_what_was_forgotten(tmp_path, agency, held):
    """T228: not even sealed, in free pages or in the log of SQLite."""
    counter = make_verifier(f"sqlite:///{tmp_path}/v.db", agency.anchors)
    made = counter.ask()
    counter.receive(made, answers(counter, made, held))
    stage = counter.stage(made)
    assert isinstance(stage, Answered)
    sealed = stage.disclosed.encode()
    counter.run(counter.verifier.requests.forget(made.id, counter.owner))
    counter.close()
    assert all(sealed not in path.read_bytes() for path in tmp_path.iterdir())


def test_ten_thousand_open_questions_end(stored_counter):
    """T244: they all expire, and a thousand are swept in less than a second."""
    stage = stored_counter.stage(stored_counter.ask())
    end = stage.asked.expires_at + MIN_KEEP
    rows_of_sessions = [
        {"id": 1000 + i, "stage": stored_counter.store._codec.encode(stage), "expires_at": end} for i in range(10_000)
    ]
    rows_of_keys = [
        {"kind": kind, "digest": f"{kind} {i}", "session_id": 1000 + i}
        for i in range(10_000)
        for kind in ("request", "request_uri")
    ]

    def fill(connection):
        connection.execute(conversations.sessions.insert(), rows_of_sessions)
        connection.execute(conversations.keys.insert(), rows_of_keys)

    stored_counter.store.database.write(fill)
    stored_counter.clock.forward(300 + MIN_KEEP + 1)
    began = time.monotonic()
    store = stored_counter.store
    gone = asyncio.run(
        sweep_once(stored_counter.driver, lambda limit: store.sweep(now=stored_counter.clock.now, limit=limit))
    )
    assert gone == 10_001
    assert time.monotonic() - began < 10
    assert (rows(stored_counter, conversations.sessions), rows(stored_counter, conversations.keys)) == (0, 0)


def test_fifty_answers_at_once_are_one(database_url, agency, held):
    """T179: over two workers, exactly one is accepted, and all the others get one harmless answer."""
    workers = [make_verifier(database_url, agency.anchors, seed=seed) for seed in (7, 8)]
    made = workers[0].ask(same_device=True)
    form = answers(workers[0], made, held)

    async def post_all():
        posts = [
            workers[i % 2].driver.run(workers[i % 2].verifier.answers.receive(reference_of(made), form))
            for i in range(50)
        ]
        return await asyncio.gather(*posts, return_exceptions=True)

    outcomes = asyncio.run(post_all())
    accepted = [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]
    assert len(accepted) == 1
    assert accepted[0].redirect_uri
    refused = {str(outcome) for outcome in outcomes if isinstance(outcome, InvalidRequest)}
    assert refused == {"state: belongs to no open request"}
    assert sum(isinstance(outcome, InvalidRequest) for outcome in outcomes) == 49
    with workers[0].store.database.reading() as connection:
        events = connection.execute(select(conversations.events.c.action)).scalars().all()
    assert events.count("answer accepted") == 1
    assert workers[0].result(made).state == "accepted"
    for worker in workers:
        worker.close()


def test_a_yes_and_a_no_at_once_are_one_of_them(database_url, agency, held):
    """T179."""
    workers = [make_verifier(database_url, agency.anchors, seed=seed) for seed in (7, 8)]
    made = workers[0].ask()
    forms = [answers(workers[0], made, held), {"error": "access_denied"}]

    async def post_all():
        posts = [
            workers[i % 2].driver.run(workers[i % 2].verifier.answers.receive(reference_of(made), forms[i // 2 % 2]))
            for i in range(20)
        ]
        return await asyncio.gather(*posts, return_exceptions=True)

    outcomes = asyncio.run(post_all())
    assert sum(not isinstance(outcome, ProtocolError) for outcome in outcomes) == 1
    assert workers[0].result(made).state in {"accepted", "declined"}
    for worker in workers:
        worker.close()


def test_a_code_is_collected_once_by_two_workers(database_url, agency, held):
    """T183."""
    workers = [make_verifier(database_url, agency.anchors, seed=seed) for seed in (7, 8)]
    made = workers[0].ask(owner="", browser="cookie", same_device=True)
    accepted = workers[0].receive(made, answers(workers[0], made, held))
    code = accepted.redirect_uri.rpartition("=")[2]

    async def collect_all():
        calls = [workers[i % 2].driver.run(workers[i % 2].verifier.answers.collect(code, "cookie")) for i in range(20)]
        return await asyncio.gather(*calls, return_exceptions=True)

    outcomes = asyncio.run(collect_all())
    assert [outcome for outcome in outcomes if not isinstance(outcome, NotFound)] == [made.id]
    for worker in workers:
        worker.close()


def test_keys_of_the_api_are_known_until_they_are_revoked(stored_counter):
    store = stored_counter.store
    assert store.api_keys.find(stored_counter.owner).name == "library desk"
    assert store.api_keys.find("unknown") is None
    stored_counter.new_api_key("shop")
    stored_counter.new_api_key("shop")
    assert store.api_keys.revoke("shop") == 2
    assert store.api_keys.revoke("shop") == 0
    assert store.api_keys.find(stored_counter.owner) is not None
    assert store.api_keys.revoke("library desk") == 1
    assert store.api_keys.find(stored_counter.owner) is None


def test_names_and_ids_are_values_and_never_sql(stored_counter):
    """T224."""
    for text in ("'; DROP TABLE sessions; --", "%", "_", "x" * 100_000, "ünïcode"):
        assert stored_counter.store.api_keys.find(text) is None
        assert stored_counter.store.api_keys.revoke(text) == 0
        with pytest.raises(NotFound):
            stored_counter.run(stored_counter.verifier.answers.result(text, stored_counter.owner))
    assert rows(stored_counter, api_keys) == 1


def test_migrating_twice_changes_nothing(stored_counter):
    made = stored_counter.ask()
    stored_counter.store.migrate()
    assert stored_counter.result(made).state == "requested"


def test_a_change_may_move_the_end_of_a_session(stored_counter):
    """What `Change.expires_at` promises: a session lives until then, and no longer."""
    made = stored_counter.ask()
    key = SessionKey.of(REQUEST, made.id)
    stage = stored_counter.stage(made)
    opened = type(stage)(stage.asked, stage.terms)
    stored_counter.store.commit([Advance(key, lambda _: Change(opened, expires_at=5_000_000_000), NotFound("x"))])
    stored_counter.clock.forward(10 * MIN_KEEP)
    assert sweep(stored_counter) == 0
