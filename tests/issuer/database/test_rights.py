"""What is noted of a document is found and erased on both databases, with the step that says so and nobody else's with it."""

import pytest
from sqlalchemy import insert, select

from capabilities.cockpit.records import IssuedReceipt
from capabilities.cockpit.rights_case import RightsCase, RightsChange, step_to
from issuer.database.store import SqlIssuerStore
from issuer.database.tables import credentials, document_receipts, mandates, offers, register_changes, said_claims
from issuer.records import CredentialState, IssuedCredential, OfferRecord, Record, SaidClaims
from issuer.rights import Erase, LookAgain
from issuer.session.stages import CONVERSATION
from issuer.usage import ISSUED
from issuer.usage_records import DocumentReceipt, GivenReceipt, What
from protocol.errors import Conflict
from protocol.sovereignty.due_dates import first_due
from protocol.sovereignty.rights import Right
from protocol.sovereignty.rights_status import RightsStatus, State
from protocol.sovereignty.usage import Action
from runtime.conversation import Begin, Change, Event, SessionKey
from runtime.database.engine import Database
from tests.issuer.session.samples import OFFERED
from tests.support.issuer import Clock
from tests.support.migrated import migrate_quickly
from tests.support.pki import DAY, NOW

USED = What(Action.USED, "service", ISSUED)
UNTIL = NOW + 100 * DAY


@pytest.fixture
def store(database_url):
    store = SqlIssuerStore(Database(database_url, "issuer"), Clock())
    migrate_quickly(store)
    yield store
    store.database.dispose()


def copy(name, session, configuration, index, subject="anna"):
    return IssuedCredential(
        id=name, configuration_id=configuration, subject=subject, session_id=session, status_list="list",
        status_index=index, holder_key=f"key-{name}", issued_at=NOW, expires_at=NOW + DAY, said=f"said-{name}",
    )  # fmt: skip


def give(store, session, *configurations, subject="anna", first=0):
    """A conversation that gave a receipt and a copy for each configuration; the receipts."""
    made: list[str] = []
    records: list[Record] = [OfferRecord(session, subject, NOW)]
    for number, configuration in enumerate(configurations):
        name = f"{session}-{configuration}"
        id_ = name.ljust(22, "-")
        claims = {configuration: (("given_name",),)}
        document = DocumentReceipt(id_, subject, session, configuration, configuration, claims, UNTIL)
        issued = IssuedReceipt(id_, "{}", "token", f"key {name}", "", NOW, UNTIL)
        records += [
            issued, GivenReceipt(document, USED), copy(name, session, configuration, first + number, subject),
            SaidClaims(f"said-{name}", "{}", NOW + DAY),
        ]  # fmt: skip
        made.append(id_)
    store.commit([Begin(Change(OFFERED, keys=(SessionKey.of(CONVERSATION, session),), records=tuple(records)), UNTIL)])
    return made


def ask(store, receipt, *records, name="q"):
    """A request that is done at once with these records."""
    status = RightsStatus(name * 22, "A" * 43, Right.ERASURE, State.RECEIVED, first_due(NOW), NOW)
    fresh = RightsCase(name * 22, receipt, name * 22, "sealed", NOW, UNTIL, status)
    return store.rights.take(fresh, lambda case, _: RightsChange(step_to(case, State.DONE, now=NOW), records))


def column(store, of):
    with store.database.reading() as connection:
        return sorted(connection.execute(select(of)).scalars().all())


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
