"""Until when a receipt can be collected: for thirty days, and until its end by whoever could not know of it."""

from dataclasses import replace

import pytest

from capabilities.cockpit.records import COLLECTABLE, IssuedReceipt
from tests.protocol.sovereignty.disclosures import RECEIPT

HASH = RECEIPT.request
OTHER = next(iter(RECEIPT.presentations.values()))[0]
LATE = RECEIPT.issued_at + COLLECTABLE


def kept(**changes):
    return IssuedReceipt.of(replace(RECEIPT, represented=(), log_until=LATE + 1000, **changes), "token")


def test_a_receipt_of_an_answer_is_collected_for_thirty_days():
    assert kept().is_collectable(LATE - 1)
    assert not kept().is_collectable(LATE)


def test_a_receipt_of_a_mandate_is_collected_until_its_log_ends():
    of_mandate = kept(presentations={"urn:test:card:1": (HASH,)})
    assert of_mandate.is_collectable(LATE)
    assert of_mandate.is_collectable(LATE + 999)
    assert not of_mandate.is_collectable(LATE + 1000)


@pytest.mark.parametrize(
    "presentations",
    [{"pid": (OTHER,)}, {"pid": (HASH, OTHER)}, {"pid": (HASH,), "other": (OTHER,)}, {"a": (HASH,), "b": (HASH,)}],
    ids=["another", "one more", "of two queries", "twice"],
)
def test_whatever_else_was_presented_is_no_mandate(presentations):
    assert not kept(presentations=presentations).is_collectable(LATE)
