"""What somebody had erased stays erased, also after an old copy of the database is restored."""

import pytest
from sqlalchemy import text as sql

from capabilities.cockpit.erase_list import EraseList
from protocol.sovereignty.rights import Right
from protocol.sovereignty.rights_status import State
from protocol.sovereignty.usage import Action
from protocol.trust.anchors import TrustAnchors
from runtime.lasting_list import LastingList
from tests.verifier.citizen import OTHER_KEY
from tests.verifier.service.given import Given, library
from verifier.database.store import ERASED_RECEIPT
from verifier.session import Answered, Forgotten


@pytest.fixture
def kept(tmp_path):
    return EraseList(LastingList(tmp_path / "erased", ERASED_RECEIPT))


@pytest.fixture
def counter(database_url, agency, kept):
    made = library(database_url, TrustAnchors([agency.anchor]))
    made.store._erased = kept
    yield made
    made.close()


def copy(counter, name):
    """All rows of a table, and what puts them back."""
    with counter.store.database.reading() as connection:
        rows = [dict(row._mapping) for row in connection.execute(sql(f"select * from {name}"))]

    def restore():
        def work(connection):
            connection.execute(sql(f"delete from {name}"))
            for row in rows:
                columns, values = ", ".join(row), ", ".join(f":{column}" for column in row)
                connection.execute(sql(f"insert into {name} ({columns}) values ({values})"), row)

        counter.store.database.write(work)

    return restore


def test_an_erasure_is_repeated_after_an_old_copy_was_restored(counter, held, kept):
    given, other = Given(counter, held), Given(counter, held, OTHER_KEY)
    restores = [copy(counter, name) for name in ("sessions", "session_keys", "cockpit_rights")]
    assert given.asker.ask(Right.ERASURE).state is State.DONE
    assert list(kept.lasting.lines()) == [given.receipt.id]
    for restore in restores:
        restore()
    assert isinstance(counter.stage(given.made), Answered)
    assert counter.store.erase_again(now=counter.clock.now) == 1
    assert isinstance(counter.stage(given.made), Forgotten)
    assert isinstance(counter.stage(other.made), Answered)
    assert given.log()[-1] is Action.ERASED
    # Nothing is done twice
    assert counter.store.erase_again(now=counter.clock.now) == 0
    assert list(kept.lasting.lines()) == [given.receipt.id]


def test_what_cannot_be_written_down_is_not_erased(counter, held, kept, tmp_path):
    (tmp_path / "erased").write_text("no folder")
    given = Given(counter, held)
    token = given.asker.token(Right.ERASURE)
    assert given.asker.call("POST", body=token.encode()).status == 503
    assert isinstance(counter.stage(given.made), Answered)
    (tmp_path / "erased").unlink()
    assert given.asker.post(token, Right.ERASURE).state is State.DONE


def test_restricting_is_not_erasing(counter, held, kept):
    Given(counter, held).asker.ask(Right.RESTRICTION)
    assert list(kept.lasting.lines()) == []
