"""What was ended stays ended, also after an old copy of the database is restored; on both databases."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from capabilities.status_publisher.policy import BLOCK, LIST_SIZE
from issuer.database.ended_list import AT_ONCE, EndedList, Ends
from issuer.database.ending import ACTOR
from issuer.database.tables import status_tables
from issuer.policy import Reason
from issuer.records import CredentialState, StateChanged, Superseded
from issuer.session.stages import CONVERSATION, Issuing
from issuer.usage import ENDED_BEFORE
from protocol.errors import InvalidGrant, InvalidToken, NotFound
from protocol.oid4vci.notification import DELETED
from runtime.conversation import Advance, Change, Load, SessionKey
from tests.issuer.database.agency import agency, ended, ended_of
from tests.support.issuer import ACTOR as CLERK

__all__ = ["agency"]

MISSING = NotFound("no such conversation")


def trail(agency, *actions):
    return [
        (line.subject, line.actor, line.detail) for line in agency.desk.store.audit(limit=100) if line.action in actions
    ]


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
