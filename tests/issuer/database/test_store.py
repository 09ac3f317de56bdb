"""The issuer's store keeps what it says it keeps, on both databases."""

from dataclasses import replace

import pytest
from sqlalchemy import inspect, select

from capabilities.accounts.session import SignedIn
from capabilities.status_publisher.database import MAX_SWEPT_BLOCKS
from capabilities.status_publisher.policy import permuted_index
from capabilities.status_publisher.records import StatusListRecord
from issuer.database.tables import conversations, credentials, status_tables
from issuer.records import CredentialState, LetterCode, StateChanged
from issuer.session.stages import ANY_STAGE, CONVERSATION, Ended
from protocol.errors import Conflict, InvalidRequest, NotFound
from runtime.api_keys import ApiKey
from runtime.conversation import Advance, Begin, Change, Load, SessionKey
from tests.issuer.session.samples import (
    BATCH,
    GRANTED,
    INVITED,
    ISSUING,
    OFFERED,
    PUSHED,
    VISITED,
    credential,
)
from tests.support.pki import NOW

MISSING = InvalidRequest("missing")
FRESH = StatusListRecord("list", 2, 1024, bytes(16), 0, 0, NOW)


def begin(store, stage, *, records=(), key="one", expires_at=NOW + 1000):
    change = Change(stage, keys=(SessionKey.of(CONVERSATION, key),), records=tuple(records))
    [outcome] = store.commit([Begin(change, expires_at)])
    return outcome


def load(store, key="one"):
    return store.load(Load(SessionKey.of(CONVERSATION, key), MISSING))


def test_a_conversation_that_an_older_program_began_goes_on(store):
    """It knew nothing of attested wallets."""
    begin(store, ISSUING)
    table = conversations.sessions
    with store.database.reading() as connection:
        text = connection.execute(select(table.c.stage)).scalar_one()
    older = text.replace(',"wallet":null', "")
    assert older != text
    store.database.write(lambda connection: connection.execute(table.update().values(stage=older)))
    assert load(store) == ISSUING


EVERY_STAGE = [
    OFFERED,
    INVITED,
    PUSHED,
    VISITED,
    GRANTED,
    Ended("o", "withdrawn"),
    replace(ISSUING, by_details=("member",), requests=3, batches=(BATCH, BATCH), spent_refresh=("spent",)),
    replace(PUSHED, dpop_key="key", by_details=("member",), invited=INVITED),
    SignedIn("s", "Frau Berg", "code", NOW, NOW + 36_000),
]


@pytest.mark.parametrize("stage", EVERY_STAGE, ids=lambda stage: type(stage).__name__)
def test_every_stage_is_read_back_as_it_was(store, stage):
    begin(store, stage)
    assert load(store) == stage


def test_every_kind_of_stage_is_tried():
    assert {type(stage) for stage in EVERY_STAGE} == {*ANY_STAGE, SignedIn}


def test_credentials_are_kept_with_the_step_and_listed_newest_first(store):
    older, newer = credential("c1", 1), credential("c2", 2)
    newer = replace(newer, issued_at=NOW + 5)
    begin(store, ISSUING, records=[older, newer])
    assert store.credential("c1") == older
    assert store.credentials_of("anna") == (newer, older)
    assert store.credentials_of("bodo") == ()
    assert store.credential("c3") is None


def test_a_refused_step_leaves_no_record(store):
    begin(store, ISSUING)

    def refuse(_):
        raise InvalidRequest("no")

    [outcome] = store.commit([Advance(SessionKey.of(CONVERSATION, "one"), refuse, MISSING)])
    assert isinstance(outcome, InvalidRequest)
    assert store.credentials_of("anna") == ()


@pytest.fixture
def listed(store):
    """A status list with one credential in it."""
    block = store.status_lists.reserve_indices(2, 4, fresh=FRESH, now=NOW)
    begin(store, ISSUING, records=[credential("c1", block.indices[0])])
    return block


def test_states_change_and_the_list_goes_to_its_next_version(store, listed, clock):
    """T077, T080"""
    clock.move(10)
    for number, (wanted, entries) in enumerate(
        [
            (CredentialState.SUSPENDED, {listed.indices[0]: 2}),
            (CredentialState.VALID, {}),
            (CredentialState.REVOKED, {listed.indices[0]: 1}),
        ],
        start=1,
    ):
        changed = store.change_state("c1", wanted, actor="clerk", now=clock.now)
        assert changed.state is wanted
        assert store.credential("c1") == changed
        assert store.status_lists.status_entries("list") == entries
        record = store.status_lists.status_list("list")
        assert (record.version, record.changed_at) == (number, clock.now)


def test_copies_share_their_state_and_so_do_those_that_come_later(store):
    """T077, T080: what a clerk revokes is the card that the person sees, not one copy of it."""
    block = store.status_lists.reserve_indices(2, 8, fresh=FRESH, now=NOW)
    copies = [credential(f"c{n}", index) for n, index in enumerate(block.indices[:4], 1)]
    other = replace(credential("d1", block.indices[4]), configuration_id="badge")
    begin(store, ISSUING, records=copies[:2])
    begin(store, ISSUING, records=[other], key="other")

    def states():
        return {found.id: str(found.state) for found in store.credentials_of("anna")}

    store.change_state("c1", CredentialState.SUSPENDED, actor="clerk", now=NOW)
    assert states() == {"c1": "suspended", "c2": "suspended", "d1": "valid"}
    before = store.status_lists.status_list("list").version
    begin(store, ISSUING, records=copies[2:], key="later")
    assert states() == {"c1": "suspended", "c2": "suspended", "c3": "suspended", "c4": "suspended", "d1": "valid"}
    assert store.status_lists.status_list("list").version > before
    store.change_state("c4", CredentialState.VALID, actor="clerk", now=NOW)
    assert set(states().values()) == {"valid"}
    store.change_state("c2", CredentialState.REVOKED, actor="clerk", now=NOW)
    assert states() == {"c1": "revoked", "c2": "revoked", "c3": "revoked", "c4": "revoked", "d1": "valid"}
    assert set(store.status_lists.status_entries("list").values()) == {1}
    revoked = [(target, actor) for name, target, actor in _events(store) if name == "credential revoked"]
    assert revoked == [("c2", "clerk")]


def test_revoked_is_for_ever_and_twice_is_the_same_as_once(store, listed):
    """T080"""
    store.change_state("c1", CredentialState.REVOKED, actor="clerk", now=NOW)
    assert store.change_state("c1", CredentialState.REVOKED, actor="clerk", now=NOW).state is CredentialState.REVOKED
    for wanted in (CredentialState.VALID, CredentialState.SUSPENDED):
        with pytest.raises(Conflict):
            store.change_state("c1", wanted, actor="clerk", now=NOW)
    assert store.status_lists.status_list("list").version == 1
    assert _events(store) == [("credential revoked", "c1", "clerk")]


def _events(store):
    events = conversations.events
    with store.database.reading() as connection:
        return [
            tuple(row) for row in connection.execute(select(events.c.action, events.c.subject, events.c.actor)).all()
        ]


def test_an_unknown_credential_is_not_found(store):
    """T080"""
    with pytest.raises(NotFound):
        store.change_state("c1", CredentialState.REVOKED, actor="clerk", now=NOW)


def test_a_step_that_revokes_moves_the_list_too(store, listed, clock):
    clock.move(7)
    key = SessionKey.of(CONVERSATION, "one")
    change = Change(ISSUING, records=(StateChanged("c1", CredentialState.REVOKED),))
    store.commit([Advance(key, lambda _: change, MISSING)])
    assert store.status_lists.status_entries("list") == {listed.indices[0]: 1}
    record = store.status_lists.status_list("list")
    assert (record.version, record.changed_at) == (1, clock.now)


def test_a_list_never_says_that_it_changed_earlier_than_it_said_before(store, listed):
    """T071: a worker whose clock is behind must not make readers see time run back."""
    store.change_state("c1", CredentialState.SUSPENDED, actor="clerk", now=NOW + 50)
    store.change_state("c1", CredentialState.VALID, actor="clerk", now=NOW + 10)
    record = store.status_lists.status_list("list")
    assert (record.version, record.changed_at) == (2, NOW + 50)


def test_a_status_list_is_read_back_as_it_was_reserved(store):
    store.status_lists.reserve_indices(2, 4, fresh=FRESH, now=NOW)
    assert store.status_lists.status_list("list") == StatusListRecord("list", 2, 1024, bytes(16), 4, 0, NOW)
    assert store.status_lists.status_list("other") is None


def test_indices_follow_the_permutation_and_never_come_twice(store):
    """T078"""
    first = store.status_lists.reserve_indices(2, 300, fresh=FRESH, now=NOW)
    second = store.status_lists.reserve_indices(2, 300, fresh=FRESH, now=NOW)
    assert [*first.indices, *second.indices] == [permuted_index(FRESH, counter) for counter in range(600)]
    assert len({*first.indices, *second.indices}) == 600


def test_a_full_list_is_followed_by_a_fresh_one(store):
    """T078"""
    store.status_lists.reserve_indices(2, 1000, fresh=FRESH, now=NOW)
    next_list = StatusListRecord("next", 2, 1024, bytes(16), 0, 0, NOW)
    assert store.status_lists.reserve_indices(2, 25, fresh=next_list, now=NOW).list_id == "next"
    assert store.status_lists.reserve_indices(2, 24, fresh=next_list, now=NOW).list_id == "list"


def test_lists_of_another_width_are_lists_of_their_own(store):
    store.status_lists.reserve_indices(2, 4, fresh=FRESH, now=NOW)
    other = StatusListRecord("one bit", 1, 1024, bytes(16), 0, 0, NOW)
    assert store.status_lists.reserve_indices(1, 4, fresh=other, now=NOW).list_id == "one bit"


def test_two_credentials_never_share_an_index(store, listed):
    """T078: the database itself refuses, whatever the program does."""
    with pytest.raises(Exception, match=r"(?i)unique"):
        begin(store, ISSUING, records=[credential("c2", listed.indices[0])], key="two")
    assert store.credential("c2") is None


def test_credentials_without_a_status_share_nothing(store):
    begin(store, ISSUING, records=[replace(credential(name, 0), status_list="") for name in ("c1", "c2")])
    assert len(store.credentials_of("anna")) == 2
    assert store.status_lists.status_entries("") == {}


def test_the_sweep_voids_what_no_credential_got(store, listed):
    """T143: an index that was taken and not recorded is never valid."""
    assert store.sweep(before=NOW, now=NOW, limit=500) == 0
    assert store.status_lists.status_entries("list") == {}
    assert store.sweep(before=NOW + 1, now=NOW, limit=500) == 1
    used, *unused = listed.indices
    assert store.status_lists.status_entries("list") == dict.fromkeys(unused, 1)
    assert used not in store.status_lists.status_entries("list")
    assert store.status_lists.status_list("list").version == 1
    assert store.sweep(before=NOW + 1, now=NOW, limit=500) == 0


def test_a_block_that_was_used_up_changes_no_list(store):
    block = store.status_lists.reserve_indices(2, 2, fresh=FRESH, now=NOW)
    begin(store, ISSUING, records=[credential("c1", block.indices[0]), credential("c2", block.indices[1])])
    assert store.sweep(before=NOW + 1, now=NOW, limit=500) == 1
    assert store.status_lists.status_list("list").version == 0


def test_many_blocks_make_the_sweep_come_again_at_once(store):
    """T244"""
    for _ in range(MAX_SWEPT_BLOCKS + 1):
        store.status_lists.reserve_indices(2, 2, fresh=FRESH, now=NOW)
    assert store.sweep(before=NOW + 1, now=NOW, limit=500) == 500
    assert store.sweep(before=NOW + 1, now=NOW, limit=500) == 1
    with store.database.reading() as connection:
        assert len(connection.execute(select(status_tables.voids)).all()) == 2 * (MAX_SWEPT_BLOCKS + 1)


def test_the_sweep_forgets_what_has_expired_and_keeps_the_rest(store):
    """T244"""
    begin(store, OFFERED, key="one", expires_at=NOW - 1)
    begin(store, INVITED, key="two", expires_at=NOW)
    store.put_letter_code(LetterCode("a", "anna", NOW - 1), actor="clerk", now=NOW)
    store.put_letter_code(LetterCode("b", "berta", NOW), actor="clerk", now=NOW)
    assert store.sweep(before=0, now=NOW, limit=500) == 2
    with pytest.raises(InvalidRequest):
        load(store, "one")
    assert load(store, "two") == INVITED
    assert store.letter_code("a") is None
    assert store.letter_code("b") == LetterCode("b", "berta", NOW)


def test_one_sweep_takes_no_more_than_its_limit(store):
    for number in range(5):
        store.put_letter_code(LetterCode(str(number), str(number), NOW - 1), actor="clerk", now=NOW)
        begin(store, OFFERED, key=str(number), expires_at=NOW - 1)
    assert store.sweep(before=0, now=NOW, limit=3) == 6
    assert store.sweep(before=0, now=NOW, limit=3) == 4


def test_a_letter_code_is_kept_with_whoever_had_it_made(store):
    """T243"""
    store.put_letter_code(LetterCode("a", "anna", NOW + 5), actor="clerk", now=NOW)
    assert store.letter_code("a") == LetterCode("a", "anna", NOW + 5)
    assert _events(store) == [("letter written", "anna", "clerk")]


def test_of_a_person_s_letters_the_newest_counts(store):
    for digest, subject in (("a", "anna"), ("b", "berta"), ("c", "anna")):
        store.put_letter_code(LetterCode(digest, subject, NOW + 5), actor="clerk", now=NOW)
    assert [store.letter_code(digest) is not None for digest in "abc"] == [False, True, True]


def test_a_revoked_api_key_is_not_found(store):
    """T230"""
    for digest, name in (("a", "desk"), ("b", "desk"), ("c", "other")):
        store.api_keys.put(ApiKey(digest, name, NOW))
    assert store.api_keys.find("a") == ApiKey("a", "desk", NOW)
    assert store.api_keys.find("z") is None
    assert store.api_keys.revoke("desk") == 2
    assert store.api_keys.revoke("desk") == 0
    assert (store.api_keys.find("a"), store.api_keys.find("b")) == (None, None)
    assert store.api_keys.find("c") == ApiKey("c", "other", NOW)


def test_migrating_again_changes_nothing(store):
    begin(store, OFFERED)
    store.migrate()
    assert load(store) == OFFERED


def test_the_migrated_tables_are_those_that_the_program_uses(store):
    with store.database.reading() as connection:
        found = inspect(connection)
        schema = None if store.database.is_sqlite else "issuer"
        for table in credentials.metadata.sorted_tables:
            columns = {column["name"]: column for column in found.get_columns(table.name, schema=schema)}
            assert set(columns) == {column.name for column in table.columns}, table.name
            for column in table.columns:
                assert columns[column.name]["nullable"] == column.nullable, f"{table.name}.{column.name}"
            keys = found.get_pk_constraint(table.name, schema=schema)["constrained_columns"]
            assert keys == [column.name for column in table.primary_key], table.name
            indexes = {
                (tuple(i["column_names"]), bool(i["unique"]))
                for i in found.get_indexes(table.name, schema=schema)
                if not i.get("duplicates_constraint")  # of columns that are unique, where the table says it itself
            }
            declared = {(tuple(c.name for c in i.columns), bool(i.unique)) for i in table.indexes}
            assert indexes == declared, table.name
