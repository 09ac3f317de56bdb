"""What was ended as it is written down: durable before the database commits, a line each, a file for each year."""

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import insert

from capabilities.status_publisher.kept_places import PlacesGiven
from capabilities.status_publisher.policy import LIST_SIZE
from issuer.database.ended_list import Ended, EndedList, Ends
from issuer.database.issued import row_of
from issuer.database.tables import credentials
from issuer.records import CredentialState, StateChanged
from protocol.errors import Unavailable
from tests.issuer.database.agency import Agency, agency, ended, ended_of
from tests.issuer.session.samples import credential
from tests.support.issuer import ACTOR as CLERK
from tests.support.issuer import make_issuer
from tests.support.pki import DAY

__all__ = ["agency"]


def test_what_cannot_be_written_down_is_not_revoked(agency, tmp_path):
    agency.issue()
    [one] = agency.held()
    (tmp_path / "ended").rename(tmp_path / "away")
    (tmp_path / "ended").write_text("no folder")
    with pytest.raises(Unavailable):
        agency.revoke(one)
    assert agency.held() == (one,)
    with pytest.raises(Unavailable):
        agency.desk.store.status_lists.reserve_indices(2, 8, fresh=None, now=agency.desk.clock.now)
    (tmp_path / "ended").unlink()
    (tmp_path / "away").rename(tmp_path / "ended")
    agency.revoke(one)
    assert agency.published(one) == 1


def test_it_is_durable_before_the_database_commits(agency, monkeypatch):
    """A program that dies at the commit has written it, and does it at its next start."""
    agency.issue()
    [one] = agency.held()
    synced = []
    monkeypatch.setattr(os, "fsync", lambda opened: synced.append(Path(f"/proc/self/fd/{opened}").readlink()))
    engine, begin = agency.desk.store.database.engine, type(agency.desk.store.database.engine).begin

    class Dying:
        def __init__(self):
            self.inner = begin(engine)

        def __enter__(self):
            return self.inner.__enter__()

        def __exit__(self, *_):
            self.inner.__exit__(RuntimeError, RuntimeError("dies"), None)
            raise RuntimeError("dies")

    monkeypatch.setattr(type(engine), "begin", lambda _: Dying())
    with pytest.raises(RuntimeError):
        agency.desk.store.change_state(one.id, CredentialState.REVOKED, actor=CLERK, now=agency.desk.clock.now)
    monkeypatch.undo()
    assert any(name.parent == agency.ended.lasting.folder for name in synced)
    assert agency.held() == (one,)
    assert agency.restart() == 1
    assert agency.published(one) == 1


def test_what_an_older_program_ended_is_written_down_at_the_first_start(database_url, tmp_path):
    ended_list = EndedList.at(tmp_path / "ended")
    agency = Agency(database_url, ended_list, make_issuer(database_url))
    tokens = agency.issue("member", "badge")
    agency.wallet.issue(tokens, "badge")
    restore = agency.copy()
    badges = [one for one in agency.held() if one.configuration_id == "badge"]
    [member] = [one for one in agency.held() if one.configuration_id == "member"]
    agency.revoke(member)
    reserved = agency.desk.store.status_lists.status_list(member.status_list).reserved
    assert not ended_list.is_whole()
    assert agency.restart() == 0
    assert ended_list.is_whole()
    kinds = {one.credential_id: one.ends for one in ended(agency)}
    [replaced] = [one.id for one in badges if one.state is CredentialState.REVOKED]
    assert kinds == {member.id: Ends.DOCUMENT, replaced: Ends.COPY}
    assert ended_list.places() == (PlacesGiven(member.status_list, 2, LIST_SIZE, reserved),)
    restore()
    assert agency.restart() == 1
    assert agency.published(member) == 1
    size = sum(file.stat().st_size for file in ended_list.lasting.folder.iterdir())
    agency.restart()
    assert sum(file.stat().st_size for file in ended_list.lasting.folder.iterdir()) == size
    agency.desk.store.database.dispose()


def test_what_had_expired_anyway_is_not_written_down_and_goes(database_url, tmp_path):
    ended_list = EndedList.at(tmp_path / "ended")
    agency = Agency(database_url, ended_list, make_issuer(database_url))
    agency.issue()
    [one] = agency.held()
    agency.revoke(one)
    agency.desk.clock.now = one.expires_at
    agency.restart()
    assert ended(agency) == []
    ended_list.note([replace(ended_of(one), expires_at=one.expires_at)])
    agency.desk.clock.now = one.expires_at + 366 * DAY
    agency.restart()
    assert ended(agency) == []
    agency.desk.store.database.dispose()


def test_lines_say_what_they_say():
    one = Ended(Ends.WALLET, "c1", "o", "list", 7, 1000)
    assert Ended.from_line(one.to_line()) == one
    unlisted = replace(one, status_list="", status_index=0)
    assert Ended.from_line(unlisted.to_line()) == unlisted
    given = PlacesGiven("list", 2, 1024, 256)
    assert PlacesGiven.from_line(given.to_line()) == given
    for line in ("", "whole", given.to_line(), "else c1 o list 7 1000", "copy c1 o list 7"):
        assert Ended.from_line(line) is None
    assert PlacesGiven.from_line(one.to_line()) is None


def test_years_are_files_and_one_write_each(agency):
    store = agency.desk.store
    copies = [replace(credential(f"c{n}", n), expires_at=agency.desk.clock.now + n * 200 * DAY) for n in range(1, 5)]
    store.database.write(
        lambda connection: connection.execute(
            insert(credentials), [{**row_of(one), "status_list": ""} for one in copies]
        )
    )
    changes = tuple(StateChanged(one.id, CredentialState.REVOKED) for one in copies)
    store.database.write(lambda connection: store._keep_records(connection, changes))
    found = {one.credential_id: one.expires_at for one in ended(agency)}
    assert found == {one.id: one.expires_at for one in copies}
    years = {f"{datetime.fromtimestamp(one.expires_at, UTC).year}.list" for one in copies}
    assert 1 < len(years) < len(copies)
    assert years < {file.name for file in agency.ended.lasting.folder.iterdir()}
