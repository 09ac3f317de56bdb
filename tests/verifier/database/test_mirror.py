"""Receipts with their logs come from the store in one order, each with its own entries."""

from dataclasses import replace

from capabilities.cockpit.records import IssuedReceipt
from capabilities.usage_log.records import Used
from protocol.sovereignty.usage import Action, Use
from tests.protocol.sovereignty.disclosures import RECEIPT
from tests.support.partners import both
from tests.support.pki import NOW
from verifier.mirror import reflect
from verifier.usage import Logged

PURPOSE = both("Darum", "Because")


def test_each_receipt_comes_once_with_its_log_in_order(stored_counter):
    store = stored_counter.store
    ids = [f"{number:022}" for number in (3, 1, 2)]
    receipts = [IssuedReceipt(id_, _says(id_), "", "", "", NOW, RECEIPT.log_until) for id_ in ids]
    store.database.write(lambda connection: store.cockpit.write(connection, receipts))
    for id_ in ids[:2]:
        logged = Logged(id_, NOW + 9_000_000, ('{"pid":[["family_name"]]}',), ())
        uses = [Use(NOW, action, {"pid": (("family_name",),)}, by, PURPOSE) for action, by in _PAST]
        store.usage.record([Used(id_, logged.log_until, use) for use in uses])
    pasts = store.receipt_pasts
    first = pasts.pasts(after="", limit=2)
    second = pasts.pasts(after=first[-1].receipt.id, limit=2)
    assert [one.receipt.id for one in (*first, *second)] == sorted(ids)
    assert [[use.action for use in one.uses] for one in (*first, *second)] == [
        [each for each, _ in _PAST],
        [],
        [each for each, _ in _PAST],
    ]
    assert pasts.pasts(after=second[-1].receipt.id, limit=2) == ()
    [held] = reflect(pasts, now=NOW, page=1).purposes
    assert (held.shown, held.here, held.elsewhere) == (3, 2, 2)


_PAST = ((Action.RECEIVED, "checking service, automatically"), (Action.VIEWED, "program"), (Action.USED, "till"))


def _says(id_):
    return IssuedReceipt.of(replace(RECEIPT, id=id_), "").says
