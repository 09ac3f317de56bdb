"""Mandates in the store: found by key and id, one step at a time, due once for one worker, and forgotten with their log."""

from dataclasses import replace

import pytest

from capabilities.usage_log.records import Used
from issuer.mandates import FORWARDED, MAX_OF_KEY, GivenMandate, Stepped, revoked
from protocol.errors import Conflict, NotFound
from protocol.sovereignty.forwarding import verify_mandate
from protocol.sovereignty.mandate_status import EndedMandate, Ending, begin, use
from protocol.sovereignty.recipient_terms import RecipientTerms
from protocol.sovereignty.usage import Action, Addressee, Use
from tests.protocol.sovereignty.test_forwarding import BANK_REGISTRATION, MANDATE
from tests.protocol.sovereignty.test_mandate_handover import GIVEN, TEXT
from tests.support.pki import DAY, NOW

RECEIPT = "receipt".ljust(22, "-")
UNTIL = NOW + 400 * DAY
TERMS = RecipientTerms.from_registration(BANK_REGISTRATION, MANDATE.type)
STAGE = begin(verify_mandate(GIVEN.raw, now=NOW), TERMS)
KEPT = GivenMandate("key", GIVEN.raw, TEXT, RECEIPT, UNTIL, "anna", "card", STAGE, known="digest")


def another(name, **changes):
    """A mandate of another id."""
    return replace(KEPT, stage=replace(STAGE, jti=name, hash=f"hash of {name}"), **changes)


def used(at):
    entry = Use(at, Action.FORWARDED, {"card": (("given_name",),)}, "service", FORWARDED, Addressee("Bank"))
    return (Used(RECEIPT, UNTIL, entry),)


def test_a_mandate_is_kept_as_it_was_given_and_found_by_its_key_alone(store):
    assert store.mandates.add(KEPT) == KEPT
    assert store.mandates.find("key", STAGE.jti) == KEPT
    assert store.mandates.find("another key", STAGE.jti) is None
    assert store.mandates.find("key", "another") is None


def test_the_same_mandate_is_added_once_and_the_first_one_stays(store):
    store.mandates.add(KEPT)
    assert store.mandates.add(replace(KEPT, handover="another", known="x")) == KEPT


def test_a_mandate_is_about_one_document_whoever_hands_it_over_again(store):
    """Its recipient has it as well, and may have a document of its own here."""
    store.mandates.add(KEPT)
    with pytest.raises(Conflict, match="another document"):
        store.mandates.add(replace(KEPT, key="of the recipient", subject="bodo"))
    assert store.mandates.find("of the recipient", STAGE.jti) is None
    assert store.mandates.find("key", STAGE.jti) == KEPT


def test_a_document_has_so_many_mandates_and_another_one_its_own(store):
    for number in range(MAX_OF_KEY):
        store.mandates.add(another(f"mandate-{number}"))
    with pytest.raises(Conflict):
        store.mandates.add(KEPT)
    assert store.mandates.find("key", STAGE.jti) is None
    assert store.mandates.add(replace(KEPT, key="other")).key == "other"


def test_a_step_is_taken_whole_with_what_it_logs(store):
    store.mandates.add(KEPT)
    stage = use(STAGE, TERMS, now=NOW)
    stepped = store.mandates.step("key", STAGE.jti, lambda found: Stepped(replace(found, stage=stage), used(NOW)))
    assert stepped == replace(KEPT, stage=stage)
    assert store.mandates.find("key", STAGE.jti) == stepped
    [entry] = store.usage.entries(RECEIPT, after=-1, limit=10)
    assert entry.members["action"] == "forwarded"


def test_a_step_that_fails_leaves_everything_as_it_was(store):
    store.mandates.add(KEPT)

    def fails(found):
        raise Conflict("no")

    with pytest.raises(Conflict):
        store.mandates.step("key", STAGE.jti, fails)
    with pytest.raises(NotFound):
        store.mandates.step("key", "another", Stepped)
    assert store.mandates.find("key", STAGE.jti) == KEPT
    assert store.usage.entries(RECEIPT, after=-1, limit=10) == ()


def test_what_ended_stays_ended_and_is_never_due(store):
    store.mandates.add(KEPT)
    ended = store.mandates.step("key", STAGE.jti, lambda found: revoked(found, now=NOW))
    assert ended.stage == EndedMandate(STAGE.jti, STAGE.hash, 0, Ending.REVOKED, NOW)
    assert store.mandates.find("key", STAGE.jti) == ended
    store.mandates.look_at("anna", now=NOW)
    assert store.mandates.claim(now=NOW, until=NOW + 300, limit=10) == ()


def test_whose_register_changed_is_due_once_until_the_lease_is_over(store):
    for name, subject in (("anna-1", "anna"), ("anna-2", "anna"), ("bodo-1", "bodo")):
        store.mandates.add(another(name, subject=subject))
    assert store.mandates.claim(now=NOW, until=NOW + 300, limit=10) == ()
    store.mandates.look_at("anna", now=NOW)
    [first] = store.mandates.claim(now=NOW, until=NOW + 300, limit=1)
    [second] = store.mandates.claim(now=NOW, until=NOW + 300, limit=10)
    assert {first.stage.jti, second.stage.jti} == {"anna-1", "anna-2"}
    assert (first.due_at, first.attempts) == (NOW + 300, 1)
    assert store.mandates.claim(now=NOW + 299, until=NOW + 600, limit=10) == ()
    again = store.mandates.claim(now=NOW + 300, until=NOW + 600, limit=10)
    assert [one.attempts for one in again] == [2, 2]


def test_mandates_are_forgotten_with_the_log_of_their_document(store):
    store.mandates.add(KEPT)
    store.mandates.add(another("later", log_until=UNTIL + 1))

    def forget(now, limit=10):
        return store.database.write(lambda connection: store.mandates.forget_expired(connection, now=now, limit=limit))

    assert forget(UNTIL - 1) == 0
    assert forget(UNTIL) == 1
    assert store.mandates.find("key", STAGE.jti) is None
    assert store.mandates.find("key", "later") is not None
