"""Whose receipts are: what happened finds every log that it belongs into, on both databases, and no other."""

from sqlalchemy import select

from capabilities.cockpit.records import IssuedReceipt
from issuer.database.receipts import LOOKED_UP_AT_ONCE
from issuer.database.tables import document_receipts
from issuer.usage import ISSUED, OPENED
from issuer.usage_records import DocumentReceipt, GivenReceipt, OfDocument, OfPerson, What
from protocol.sovereignty.usage import Action
from runtime.conversation import Begin, Change, SessionKey
from tests.issuer.session.samples import OFFERED
from tests.support.pki import DAY, NOW

USED = What(Action.USED, "service", ISSUED)
VIEWED = What(Action.VIEWED, "clerk", OPENED)
UNTIL = NOW + 100 * DAY


def give(store, name, *, subject="anna", session="talk", configuration="card", until=UNTIL):
    """A receipt goes out."""
    id_ = name.ljust(22, "-")
    claims = {configuration: (("given_name",),)}
    document = DocumentReceipt(id_, subject, session, configuration, configuration.split("-")[0], claims, until)
    issued = IssuedReceipt(id_, "{}", "token", f"key {name}", "", NOW, until)
    change = Change(OFFERED, keys=(SessionKey.of("test", name),), records=(issued, GivenReceipt(document, USED)))
    store.commit([Begin(change, NOW + 1000)])
    return id_


def actions(store, receipt):
    return [one.members["action"] for one in store.usage.entries(receipt, after=-1, limit=100)]


def test_what_happened_to_a_person_is_in_each_of_their_logs_and_in_nobody_elses(store):
    card, badge = give(store, "card"), give(store, "badge", session="other", configuration="badge")
    bodos = give(store, "bodo", subject="bodo", session="third")
    store.log([OfPerson("anna", VIEWED)])
    assert [actions(store, one) for one in (card, badge, bodos)] == [["used", "viewed"], ["used", "viewed"], ["used"]]


def test_what_happened_to_a_document_is_in_its_log_whichever_form_it_has(store):
    card, other = give(store, "card", configuration="card-mdoc"), give(store, "other", session="other")
    store.log([OfDocument("talk", "card", VIEWED)])
    assert (actions(store, card), actions(store, other)) == (["used", "viewed"], ["used"])


def test_a_new_receipt_of_the_same_configuration_takes_over_and_of_another_does_not(store):
    first, second = give(store, "first"), give(store, "second")
    form = give(store, "form", configuration="card-mdoc")
    store.log([OfPerson("anna", VIEWED)])
    assert actions(store, first) == ["used", "used"]
    assert actions(store, second) == actions(store, form) == ["used", "viewed"]


def test_nothing_is_written_once_a_log_is_over(store, clock):
    card = give(store, "card", until=NOW + 10)
    clock.now = NOW + 10
    store.log([OfPerson("anna", VIEWED)])
    assert actions(store, card) == ["used"]


def test_many_people_are_looked_up_at_once(store):
    last = give(store, "last", subject=f"person-{LOOKED_UP_AT_ONCE}")
    first = give(store, "first", subject="person-0", session="other")
    store.note_changes([f"person-{n}" for n in range(LOOKED_UP_AT_ONCE + 1)], due_at=NOW, actor="import", what=VIEWED)
    assert [actions(store, one) for one in (first, last)] == [["used", "viewed"]] * 2


def test_a_sweep_forgets_whose_a_receipt_was(store, clock):
    give(store, "card", until=NOW + 10)
    give(store, "other", session="other")
    clock.now = NOW + 10
    while store.sweep(before=NOW, now=clock.now, limit=10):
        pass
    with store.database.reading() as connection:
        left = connection.scalars(select(document_receipts.c.receipt)).all()
    assert [one.rstrip("-") for one in left] == ["other"]
    assert store.cockpit.by_key("key card") is None
