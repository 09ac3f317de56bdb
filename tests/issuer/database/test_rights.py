"""What is noted of a document is found and erased on both databases, with the step that says so and nobody else's with it."""

import pytest
from sqlalchemy import insert

from capabilities.cockpit.attached import Attached, Detached, Sent
from capabilities.cockpit.rights_case import RightsChange, SealedFile
from issuer.database.tables import credentials, document_receipts, mandates, offers, register_changes, said_claims
from issuer.records import CredentialState
from issuer.rights import Erase, LookAgain
from issuer.session.stages import CONVERSATION
from protocol.errors import Conflict
from runtime.conversation import Event, SessionKey
from tests.issuer.database.giving import UNTIL, ask, column, give
from tests.support.pki import NOW


def test_what_is_held_are_the_copies_of_the_conversation(store):
    [card, _] = give(store, "talk", "card", "badge")
    give(store, "other", "card", first=5)
    held = store.rights.held(card)
    assert held.document is not None
    assert held.document.subject == "anna"
    assert sorted(one.id for one in held.copies) == ["talk-badge", "talk-card"]
    assert [one.id for one in held.only({"card"}).copies] == ["talk-card"]
    assert store.rights.held("nothing").document is None


def test_one_document_is_erased_and_the_other_of_the_conversation_stays_as_it_is(store):
    [card, badge] = give(store, "talk", "card", "badge")
    give(store, "other", "card", first=5)
    ask(store, card, Erase(card, ("card",)))
    assert column(store, credentials.c.subject) == ["", "anna", "anna"]
    assert column(store, credentials.c.holder_key) == ["", "key-other-card", "key-talk-badge"]
    assert column(store, said_claims.c.id) == ["said-other-card", "said-talk-badge"]
    assert column(store, document_receipts.c.subject) == ["", "anna", "anna"]
    assert column(store, offers.c.id) == ["other", "talk"]
    assert store.rights.held(badge).only({"badge"}).copies[0].state is CredentialState.VALID
    assert store.rights.held(card).document is None
    with store.database.reading() as connection:
        assert store.locked(connection, SessionKey.of(CONVERSATION, "talk")) is not None


def test_with_the_last_document_the_conversation_goes_and_with_it_the_offer(store):
    [card, badge] = give(store, "talk", "card", "badge")
    give(store, "other", "card", first=5)
    ask(store, card, Erase(card, ("card",)))
    ask(store, badge, Erase(badge, ("badge",)), name="z")
    assert column(store, offers.c.id) == ["other"]
    assert len(column(store, credentials.c.status_index)) == 3  # T078: their places stay taken
    with store.database.reading() as connection:
        assert store.locked(connection, SessionKey.of(CONVERSATION, "talk")) is None
        assert store.locked(connection, SessionKey.of(CONVERSATION, "other")) is not None


def test_where_no_list_of_what_was_erased_is_kept_nothing_is_erased_again(store):
    [card, badge] = give(store, "talk", "card", "badge")
    ask(store, card, Erase(card, ("card",)))
    assert store.rights.erase_again(by="office", now=NOW) == 0
    assert store.rights.held(badge).document is not None


def test_what_was_to_be_forwarded_for_it_goes_too(store):
    [card] = give(store, "talk", "card")
    [other] = give(store, "other", "card", first=5)
    row = {one.name: 0 if one.type.python_type is int else "" for one in mandates.columns}
    store.database.write(
        lambda connection: connection.execute(
            insert(mandates),
            [{**row, "hash": one, "key": one, "jti": one, "receipt": one} for one in (card, other)],
        )
    )
    ask(store, card, Erase(card, ("card",)))
    assert column(store, mandates.c.receipt) == [other]


def test_a_step_that_is_refused_erases_nothing(store):
    [card] = give(store, "talk", "card")
    done = ask(store, card)

    def step(_case, _held):
        raise Conflict("no")

    with pytest.raises(Conflict):
        store.rights.advance(done.id, step)
    assert column(store, credentials.c.subject) == ["anna"]


def test_a_person_is_looked_at_again_and_the_trail_says_what_was_done(store):
    [card] = give(store, "talk", "card")
    ask(store, card, LookAgain("anna"), Event("rights request done", "q" * 22, actor="Frau Berg"))
    assert column(store, register_changes.c.subject) == ["anna"]
    assert store.audit(limit=1)[0].action == "rights request done"


def test_an_answered_request_goes_when_its_time_is_over_and_its_receipt_after_it(store):
    [card] = give(store, "talk", "card")
    ask(store, card)
    store.sweep(before=NOW, now=UNTIL - 1, limit=100)
    assert store.rights.find("q" * 22) is not None
    assert store.cockpit.by_id(card) is not None
    store.sweep(before=NOW, now=UNTIL, limit=100)
    assert store.rights.find("q" * 22) is None
    assert store.cockpit.by_id(card) is None


def test_a_file_is_there_once_however_often_an_answer_brings_it(store):
    [card] = give(store, "talk", "card")
    ask(store, card)

    def bring(text):
        return lambda case, _: RightsChange(case, files=(SealedFile("same", text),))

    assert [store.rights.advance("q" * 22, bring(text)) is not None for text in ("first", "second")] == [True, True]
    assert store.rights.file("q" * 22, "same") == "second"


def test_a_file_that_waits_is_held_with_its_request_until_it_is_taken_back(store):
    [card] = give(store, "talk", "card")
    ask(store, card)
    id_ = "q" * 22
    files = [Attached(id_, hash_, "sealed", 7) for hash_ in ("one", "two", "three")]
    for file in files:
        kept = (SealedFile(file.hash, "jwe"),)
        store.rights.advance(id_, lambda case, _, kept=kept, file=file: RightsChange(case, (), kept, (file,)))
    assert {file.hash for file in store.rights.held(card).attached} == {"one", "two", "three"}
    store.rights.advance(id_, lambda case, _: RightsChange(case, attached=(Detached(id_, "one"), Sent(id_))))
    # What was sent stays
    store.rights.advance(id_, lambda case, _: RightsChange(case, attached=(Detached(id_),)))
    assert {(file.hash, file.sent) for file in store.rights.held(card).attached} == {("two", True), ("three", True)}
    assert [store.rights.file(id_, file.hash) for file in files] == ["", "jwe", "jwe"]
