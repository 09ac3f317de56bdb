"""What was ended stays ended, also after an old copy of the database is restored; on both databases."""

import os
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from capabilities.status_publisher.kept_places import PlacesGiven
from capabilities.status_publisher.policy import BLOCK, LIST_SIZE
from issuer.database.ended_list import AT_ONCE, Ended, EndedList, Ends
from issuer.database.ending import ACTOR
from issuer.database.issued import row_of
from issuer.database.tables import credentials, metadata, status_tables
from issuer.policy import Reason
from issuer.records import CredentialState, StateChanged, Superseded
from issuer.service.uses import Uses
from issuer.session.stages import CONVERSATION, Issuing
from issuer.usage import ENDED_BEFORE
from protocol.errors import InvalidGrant, InvalidToken, NotFound, Unavailable
from protocol.oid4vci.notification import DELETED
from runtime.conversation import Advance, Change, Load, SessionKey
from tests.issuer.session.samples import credential
from tests.support.backups import Backup
from tests.support.issuer import ACTOR as CLERK
from tests.support.issuer import Desk, TestWallet, make_issuer
from tests.support.pki import DAY
from tests.support.status import status_list_of

MISSING = NotFound("no such conversation")
LOG = "_log"  # what of the store writes into logs


@dataclass
class Agency:
    """An issuer that can be restarted, and whose database can be put back."""

    url: str
    ended: EndedList
    desk: Desk
    logged: list[object] = field(default_factory=list)  # what the last start wrote into the logs of documents

    def restart(self):
        """Begin again as the program does; how much was ended once more."""
        self.desk.store.database.dispose()
        self.desk = make_issuer(self.url, clock=self.desk.clock, ended=self.ended)
        self.logged.clear()
        setattr(self.desk.store, LOG, lambda _, happened: self.logged.extend(happened))
        context = self.desk.issuer.context
        families = {kind.id: kind.family for kind in context.types.values()}
        what = Uses(context).decided(ENDED_BEFORE)
        return self.desk.store.end_again(now=self.desk.clock.now, families=families, what=what)

    @property
    def wallet(self):
        """A wallet that speaks to the issuer as it is now."""
        return TestWallet(self.desk)

    def issue(self, *names, copies=1):
        """Tokens, and what came with them of each of these."""
        tokens = self.wallet.redeem(self.desk.offer(*(names or ("member",))))
        for name in names or ("member",):
            self.wallet.issue(tokens, name, [self.wallet.new_key() for _ in range(copies)])
        return tokens

    def held(self):
        """What Anna has."""
        return self.desk.store.credentials_of("anna")

    def revoke(self, one, reason="wrong"):
        """Have a clerk revoke it."""
        self.desk.run(self.desk.issuer.status.change(one.id, CredentialState.REVOKED, CLERK, reason))

    def published(self, one):
        """What everybody reads of it."""
        return status_list_of(self.desk, one.status_list).get(one.status_index)

    def copy(self):
        """A backup; calling it puts it back."""
        kept = Backup(self.desk.store.database, metadata)
        return lambda: kept.restore(self.desk.store.database)


@pytest.fixture
def agency(database_url, tmp_path):
    """An issuer that has run before."""
    ended = EndedList.at(tmp_path / "ended")
    made = Agency(database_url, ended, make_issuer(database_url, ended=ended))
    assert made.restart() == 0
    yield made
    made.desk.store.database.dispose()


def trail(agency, *actions):
    return [
        (line.subject, line.actor, line.detail) for line in agency.desk.store.audit(limit=100) if line.action in actions
    ]


def ended(agency):
    return [one for some in agency.ended.portions() for one in some]


def test_what_was_revoked_after_a_backup_is_revoked_before_anything_is_published(agency):
    """T077, T080, T114"""
    tokens = agency.issue(copies=3)
    copies = agency.held()
    other = agency.issue()
    restore = agency.copy()
    [kept] = [one for one in agency.held() if one not in copies]
    for one in copies:
        assert agency.published(one) == 0
    agency.revoke(copies[0])
    restore()
    assert {one.state for one in agency.held()} == {CredentialState.VALID}
    before = agency.desk.store.status_lists.status_list(kept.status_list).version
    assert agency.restart() == 3
    assert {one.id for one in agency.held() if one.state is CredentialState.REVOKED} == {one.id for one in copies}
    assert [agency.published(one) for one in (kept, *copies)] == [0, 1, 1, 1]
    assert agency.desk.store.status_lists.status_list(kept.status_list).version > before
    with pytest.raises(InvalidGrant):
        agency.wallet.renew(tokens)
    assert agency.wallet.renew(other)
    [(subject, actor, detail)] = trail(agency, "credential revoked")
    assert (subject in {one.id for one in copies}, actor, detail) == (True, ACTOR, Reason.ENDED_BEFORE)
    # Nothing is done twice
    assert agency.restart() == 0
    assert len(trail(agency, "credential revoked")) == 1


def test_nothing_is_ended_that_went_on(agency):
    agency.issue()
    restore = agency.copy()
    restore()
    assert agency.restart() == 0
    [one] = agency.held()
    assert (one.state, agency.published(one)) == (CredentialState.VALID, 0)


def test_what_was_issued_and_ended_after_a_backup_is_void_and_its_offer_gives_nothing(agency):
    """T078, T107: nobody here knows the credential any more, and its place is nobody else's."""
    made = agency.desk.offer()
    agency.issue()
    restore = agency.copy()
    [first] = agency.held()
    agency.wallet.issue(agency.wallet.redeem(made))
    [lost] = [one for one in agency.held() if one != first]
    agency.revoke(lost)
    restore()
    before = agency.desk.store.status_lists.status_list(lost.status_list).version
    assert agency.restart() == 1
    assert (agency.published(first), agency.published(lost)) == (0, 1)
    assert agency.desk.store.status_lists.status_list(lost.status_list).version > before
    with pytest.raises(InvalidGrant):
        agency.wallet.redeem(made)
    assert agency.desk.run(agency.desk.issuer.offers.state(made.id)) == "revoked"
    assert agency.restart() == 0


def test_no_place_is_handed_out_twice_after_a_backup_is_restored(agency):
    """T078"""
    agency.issue()
    restore = agency.copy()
    agency.restart()
    agency.issue()
    places = {(one.status_list, one.status_index) for one in agency.held()}
    assert len(places) == 2
    reserved = agency.desk.store.status_lists.status_list(agency.held()[0].status_list).reserved
    restore()
    assert agency.restart() == 0
    agency.issue()
    [found] = [one for one in agency.held() if (one.status_list, one.status_index) not in places]
    assert agency.desk.store.status_lists.status_list(found.status_list).reserved == reserved + BLOCK


def test_a_list_that_a_backup_does_not_have_comes_back_and_says_what_ended(agency):
    restore = agency.copy()
    agency.issue()
    agency.issue()
    alive, dead = agency.held()
    agency.revoke(dead)
    restore()
    assert agency.desk.store.status_lists.status_list(dead.status_list) is None
    assert agency.restart() == 1
    assert (agency.published(alive), agency.published(dead)) == (0, 1)
    record = agency.desk.store.status_lists.status_list(dead.status_list)
    assert (record.size, record.reserved) == (LIST_SIZE, LIST_SIZE)
    agency.issue()
    assert {one.status_list for one in agency.held()}.isdisjoint({dead.status_list})


def test_a_folder_that_knows_less_than_the_database_takes_nothing_back(agency, tmp_path):
    agency.issue()
    [one] = agency.held()
    lists = agency.desk.store.status_lists
    record = lists.status_list(one.status_list)
    agency.ended = EndedList.at(tmp_path / "older")
    agency.ended.note_whole(agency.desk.clock.now)
    agency.ended.note_places(record, 1, agency.desk.clock.now)
    assert agency.restart() == 0
    assert agency.desk.store.status_lists.status_list(one.status_list) == record


def test_the_log_of_a_document_says_that_it_ended_once_no_copy_is_left(agency):
    tokens = agency.issue(copies=2)
    restore = agency.copy()
    first, second = agency.held()
    agency.desk.store.database.write(
        lambda connection: agency.desk.store._keep_records(
            connection, [StateChanged(first.id, CredentialState.REVOKED)]
        )
    )
    restore()
    assert agency.restart() == 1
    assert agency.logged == []
    agency.revoke(second)
    restore()
    assert agency.restart() == 2
    [told] = agency.logged
    assert (told.session_id, told.family, told.what.why) == (second.session_id, "member", ENDED_BEFORE)
    with pytest.raises(InvalidGrant):
        agency.wallet.renew(tokens)


def test_what_is_not_in_a_status_list_ends_with_its_tokens_too(agency):
    tokens = agency.issue("ticket")
    restore = agency.copy()
    [one] = agency.held()
    agency.revoke(one)
    restore()
    assert agency.restart() == 1
    [one] = agency.held()
    assert one.state is CredentialState.REVOKED
    with pytest.raises(InvalidGrant):
        agency.wallet.renew(tokens)


def issuing(agency, session_id):
    return agency.desk.store.load(Load(SessionKey.of(CONVERSATION, session_id), MISSING))


@pytest.mark.parametrize(("reason", "left"), [("wrong", ("badge",)), ("lost", ()), ("", ())])
def test_with_a_document_end_its_tokens_and_with_a_lost_wallet_all_of_them(agency, reason, left):
    """T114: as when it was ended first."""
    tokens = agency.issue("member", "badge")
    restore = agency.copy()
    [member] = [one for one in agency.held() if one.configuration_id == "member"]
    agency.revoke(member, reason)
    restore()
    assert agency.restart() == 1
    stage = issuing(agency, member.session_id)
    assert (stage.configuration_ids if isinstance(stage, Issuing) else ()) == left
    if left:
        assert agency.wallet.renew(tokens)
    else:
        with pytest.raises(InvalidToken):
            agency.wallet.issue(tokens, "badge")


def test_a_copy_that_was_replaced_ends_alone(agency):
    tokens = agency.issue()
    restore = agency.copy()
    [old] = agency.held()
    # The answer was lost, so the wallet asks again
    agency.wallet.issue(tokens)
    [new] = [one for one in agency.held() if one.id != old.id]
    assert [(one.credential_id, one.ends) for one in ended(agency)] == [(old.id, Ends.COPY)]
    restore()
    assert agency.restart() == 1
    assert (agency.published(old), agency.published(new)) == (1, 0)
    assert agency.wallet.renew(tokens)


def test_every_way_to_end_is_written_down(agency, monkeypatch):
    """A batch that the register contradicts, what is due, what a wallet deleted, what a new batch replaces."""
    store, now = agency.desk.store, agency.desk.clock.now
    for _ in range(2):
        agency.issue()
    contradicted, due = store.live_batches("anna", now=now)
    store.revoke_batch(contradicted, actor="register change", now=now)
    store.outdate(due, revoke_at=now + 5, actor="register change", now=now)
    assert store.revoke_due(now=now + 5, limit=10) == 1
    tokens = agency.wallet.redeem(agency.desk.offer())
    agency.wallet.notify(tokens, agency.wallet.issue(tokens).notification_id, DELETED)
    agency.issue()
    [last] = [one for one in agency.held() if one.state is CredentialState.VALID]
    [waiting] = store.live_batches("anna", now=now)
    store.outdate(waiting, revoke_at=now + 5, actor="register change", now=now)
    stage = issuing(agency, last.session_id)
    change = Change(stage, records=(Superseded(last.session_id, "member", ()),))
    store.commit([Advance(SessionKey.of(CONVERSATION, last.session_id), lambda _: change, MISSING)])
    assert {one.state for one in agency.held()} == {CredentialState.REVOKED}
    assert {one.credential_id for one in ended(agency)} == {one.id for one in agency.held()}
    assert {one.ends for one in ended(agency)} == {Ends.COPY}


def test_suspending_is_not_ending(agency):
    agency.issue()
    [one] = agency.held()
    for wanted in (CredentialState.SUSPENDED, CredentialState.VALID):
        agency.desk.run(agency.desk.issuer.status.change(one.id, wanted, CLERK))
    assert ended(agency) == []


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


def ended_of(one, ends=Ends.DOCUMENT):
    return Ended(ends, one.id, one.session_id, one.status_list, one.status_index, one.expires_at)


def test_with_what_more_ended_goes_first_however_often_it_stands_there(agency):
    tokens = agency.issue("member", "badge")
    [member] = [one for one in agency.held() if one.configuration_id == "member"]
    for ends in (Ends.COPY, Ends.DOCUMENT, Ends.WALLET, Ends.COPY):
        agency.ended.note([ended_of(member, ends)] * (AT_ONCE + 1))
    assert agency.restart() == 1
    with pytest.raises(InvalidGrant):
        agency.wallet.renew(tokens)


def test_a_place_that_somebody_has_is_not_voided(agency):
    """A line of a copy that was never written may name a place that was handed out once more."""
    agency.issue()
    [one] = agency.held()
    agency.ended.note([replace(ended_of(one), credential_id="unknown", ends=Ends.COPY)])
    agency.ended.note([replace(ended_of(one), credential_id="beyond", ends=Ends.COPY, status_index=LIST_SIZE)])
    agency.ended.note([replace(ended_of(one), credential_id="nowhere", ends=Ends.COPY, status_list="unknown")])
    assert agency.restart() == 0
    assert agency.published(one) == 0
    with agency.desk.store.database.reading() as connection:
        assert connection.execute(select(status_tables.voids)).all() == []


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
