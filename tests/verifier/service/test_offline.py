"""The verifier goes on without a network, also after a restart, for as long as the use case lets it; and says how old it is."""

import pytest
from sqlalchemy import select, update

from protocol.encoding import encode_json
from protocol.errors import Unavailable
from protocol.status.token import MEDIA_TYPE
from tests.support.pki import NOW
from tests.support.verifier import STATUS_URI, USE_CASE, Addresses, Counter, answers, issue_held, make_verifier
from tests.verifier.service.test_status import GOOD, REVOKED, publish, status_line
from verifier.database.status_lists import MAX_LISTS
from verifier.database.tables import status_lists
from verifier.policy import MAX_OFFLINE_STATUS
from verifier.store import StoredList

HOURS = 4 * 3600
OFFLINE = USE_CASE.replace("[title]", f"max_status_age_seconds = 60\noffline_status_age_seconds = {HOURS}\n[title]", 1)


@pytest.fixture
def started(database_url, agency):
    """Starts the verifier of one database; with a network or without one."""
    began: list[Counter] = []

    def start(*, network=None, clock=None, use_case=OFFLINE, **changes):
        counter = make_verifier(
            database_url, agency.anchors, use_cases=[use_case], network=network, clock=clock, seed=len(began), **changes
        )
        began.append(counter)
        return counter

    yield start
    for counter in began:
        counter.close()


def verdict_line(counter, agency, index=GOOD):
    made = counter.ask()
    counter.receive(made, answers(counter, made, issue_held(agency, status_index=index)))
    [line] = [line for line in counter.result(made).verdict.lines if line.check == "status"]
    return line


def kept(counter):
    with counter.store.database.reading() as connection:
        return connection.execute(select(status_lists)).all()


def test_it_goes_on_without_a_network_and_says_as_of_when(started, agency):
    counter = started()
    publish(counter, agency)
    assert verdict_line(counter, agency).as_of == NOW
    counter.network.answers.clear()
    counter.clock.forward(HOURS - 1)
    line = verdict_line(counter, agency)
    assert (line.passed, line.as_of) == (True, NOW)
    assert status_line(counter, agency, REVOKED) == (False, "the credential was revoked")
    counter.clock.forward(1)
    passed, reason = status_line(counter, agency, GOOD)
    assert passed is False
    assert reason.endswith("what was known of it is too old")


def test_a_restart_forgets_nothing(started, agency):
    counter = started()
    publish(counter, agency)
    verdict_line(counter, agency)
    again = started(network=Addresses(), clock=counter.clock)
    again.clock.forward(HOURS - 1)
    line = verdict_line(again, agency)
    assert (line.passed, line.as_of) == (True, NOW)
    assert status_line(again, agency, REVOKED) == (False, "the credential was revoked")
    assert again.network.calls == [STATUS_URI] * 2
    again.clock.forward(1)
    assert status_line(again, agency, GOOD)[0] is False


def test_after_a_restart_an_older_list_does_not_bring_a_credential_back(started, agency):
    """T071, and T216 for this part of the store."""
    counter = started()
    publish(counter, agency, issued_at=NOW, entries={GOOD: 1})
    status_line(counter, agency, GOOD)
    again = started(clock=counter.clock)
    again.clock.forward(61)
    publish(again, agency, issued_at=NOW - 10, entries={})
    assert status_line(again, agency, GOOD)[0] is False


def test_nothing_is_kept_where_no_use_case_wants_it(started, agency):
    counter = started(use_case=USE_CASE)
    publish(counter, agency)
    assert status_line(counter, agency, GOOD) == (True, "")
    assert kept(counter) == []


def test_what_is_kept_tells_nobody_whose_documents_are_shown_here(started, agency):
    counter = started()
    publish(counter, agency)
    verdict_line(counter, agency)
    assert "agency.example" not in str(kept(counter))


def test_a_kept_list_that_was_altered_does_not_answer(started, agency, capsys):
    """T215: sealed for its address; what is damaged is a line in the log, and no reason to stop."""
    counter = started()
    publish(counter, agency)
    verdict_line(counter, agency)
    [row] = kept(counter)
    damaged = bytes([*row.sealed[:-1], row.sealed[-1] ^ 1])
    counter.store.database.write(lambda c: c.execute(update(status_lists).values(sealed=damaged)))
    again = started(network=Addresses(), clock=counter.clock)
    assert status_line(again, agency, GOOD)[0] is False
    assert "is damaged" in capsys.readouterr().out


def test_what_is_kept_is_verified_anew(started, agency):
    """T069: whom the list was signed by is asked again, with the anchors of now."""
    counter = started()
    publish(counter, agency)
    verdict_line(counter, agency)
    other = encode_json({"media_type": MEDIA_TYPE, "fetched_at": NOW}) + b"\nno.list.atall"
    sealed = counter.verifier.context.sealer.seal(other, f"status list {STATUS_URI}")
    counter.store.database.write(lambda c: c.execute(update(status_lists).values(sealed=sealed)))
    again = started(network=Addresses(), clock=counter.clock)
    assert status_line(again, agency, GOOD)[0] is False


def test_a_list_is_not_written_again_for_every_answer(started, agency):
    counter = started(use_case=OFFLINE.replace("max_status_age_seconds = 60", "max_status_age_seconds = 1"))
    for seconds, written_at in ((0, NOW), (30, NOW), (29, NOW), (1, NOW + 60)):
        counter.clock.forward(seconds)
        publish(counter, agency, issued_at=counter.clock.now)
        verdict_line(counter, agency)
        assert [row.fetched_at for row in kept(counter)] == [written_at]
    assert len(counter.network.calls) == 4


@pytest.mark.parametrize(("use_case", "times"), [(OFFLINE, 1), (USE_CASE, 0)], ids=["wanted", "not wanted"])
def test_what_is_kept_is_read_once_and_only_where_it_is_wanted(started, agency, use_case, times):
    counter = started(use_case=use_case)
    publish(counter, agency)
    lists, asked = counter.store.status_lists, []

    class Watched(Away):
        def find(self, address):
            asked.append(address)
            return lists.find(address)

    counter.store.status_lists = Watched()
    for _ in range(2):
        assert verdict_line(counter, agency).passed
    assert len(asked) == times


class Away:
    """A store of lists that does not answer."""

    def find(self, address):
        raise Unavailable("the store is away")

    def keep(self, kept):
        raise Unavailable("the store is away")


def test_a_store_that_is_away_does_not_stop_an_answer(started, agency, capsys):
    counter = started()
    publish(counter, agency)
    counter.store.status_lists = Away()
    assert verdict_line(counter, agency).passed
    assert capsys.readouterr().out.count("the store is away") == 2


def test_the_sweep_forgets_lists_that_nobody_may_use_any_more(started, agency):
    counter = started()
    publish(counter, agency)
    verdict_line(counter, agency)
    for seconds, left in ((MAX_OFFLINE_STATUS, 1), (1, 0)):
        counter.clock.forward(seconds)
        counter.store.sweep(now=counter.clock.now, limit=100)
        assert len(kept(counter)) == left


def test_only_so_many_are_kept_and_the_newest_of_each(started):
    lists = started().store.status_lists
    for i in range(MAX_LISTS + 3):
        lists.keep(StoredList(f"{i}", NOW + i, b"x"))
    assert lists.find("2") is None
    assert lists.find("3") is not None
    lists.keep(StoredList("9", NOW, b"older"))
    assert lists.find("9") == StoredList("9", NOW + 9, b"x")
    lists.keep(StoredList("9", NOW + 1000, b"newer"))
    assert lists.find("9") == StoredList("9", NOW + 1000, b"newer")


def test_so_many_bytes_are_kept_and_always_the_newest(started, monkeypatch):
    monkeypatch.setattr("verifier.database.status_lists.MAX_BYTES", 10)
    lists = started().store.status_lists
    for name, size in (("a", 4), ("b", 4), ("c", 4), ("d", 11)):
        lists.keep(StoredList(name, NOW + ord(name), b"x" * size))
        if name == "c":
            assert [lists.find(n) is not None for n in "abc"] == [False, True, True]
    assert [lists.find(n) is not None for n in "abcd"] == [False, False, False, True]
