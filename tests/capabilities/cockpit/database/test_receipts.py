"""Whose a receipt is: one key opens one, and the first that comes for a claim keeps it, on both databases."""

from dataclasses import replace

import pytest

from capabilities.cockpit.records import IssuedReceipt
from issuer.database.store import SqlIssuerStore
from runtime.database.engine import Database
from tests.issuer.database.giving import UNTIL, give
from tests.support.issuer import Clock
from tests.support.migrated import migrate_quickly
from tests.support.pki import NOW

IN_PERSON = IssuedReceipt("in-person".ljust(22, "-"), "{}", "", "", "claim", NOW, UNTIL)
BOUND = replace(IN_PERSON, key="key of the wallet", token="signed", says='{"key": 1}')


@pytest.fixture
def store(database_url):
    store = SqlIssuerStore(Database(database_url, "issuer"), Clock())
    migrate_quickly(store)
    store.database.write(lambda connection: store.cockpit.write(connection, [IN_PERSON]))
    yield store
    store.database.dispose()


def test_the_first_key_that_comes_for_a_claim_keeps_it(store):
    assert store.cockpit.by_claim("claim") == IN_PERSON
    assert store.cockpit.bind(BOUND) == BOUND
    assert store.cockpit.by_key(BOUND.key) == BOUND
    # Whoever calls again gets the same, and whoever comes after them what is theirs: nothing
    assert store.cockpit.bind(replace(BOUND, token="signed anew")) == BOUND
    assert store.cockpit.bind(replace(BOUND, key="key of another")) == BOUND
    assert store.cockpit.by_key("key of another") is None


def test_a_key_that_opens_another_receipt_opens_no_second_one(store):
    [card] = give(store, "talk", "card")
    assert store.cockpit.bind(replace(BOUND, key="key talk-card")) is None
    assert store.cockpit.by_claim("claim") == IN_PERSON
    assert store.cockpit.by_key("key talk-card").id == card


def test_a_claim_that_is_not_the_receipts_binds_nothing(store):
    assert store.cockpit.bind(replace(BOUND, claim="another")) == IN_PERSON
    assert store.cockpit.bind(replace(BOUND, id="nothing")) is None
    assert store.cockpit.by_key(BOUND.key) is None
