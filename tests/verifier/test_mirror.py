"""What a partner was shown, holds, passed on and must erase, counted from receipts and their logs."""

from dataclasses import replace

import pytest

from protocol.encoding import encode_json
from protocol.sovereignty.durations import Duration, Retention
from protocol.sovereignty.receipt import LegalBasis, Outcome
from protocol.sovereignty.usage import Action, Addressee, Use
from tests.protocol.sovereignty.disclosures import RECEIPT
from tests.support.partners import both
from tests.support.pki import DAY, NOW
from verifier.mirror import Kept, ReceiptPast, kept, reflect

SERVICE, PROGRAM, COUNTER = "checking service, automatically", "program, through the interface", "Schalter"
BANK, CLUB = Addressee("Bank", "DE.1"), Addressee("Club")
MONTH = Retention(Duration.from_text("P30D", "retention"))


def use(action, by=SERVICE, to=None):
    return Use(NOW, action, RECEIPT.claims, by, both("Darum", "Because"), to)


def past(*uses, number=0, **changes):
    receipt = replace(RECEIPT, id=f"{number:022}", issued_at=NOW, retention=MONTH, log_until=NOW + 365 * DAY)
    return ReceiptPast(replace(receipt, **changes), uses)


class Shelf:
    """Receipts in memory; remembers how many it was asked for at a time."""

    def __init__(self, *pasts):
        self.all = sorted(pasts, key=lambda one: one.receipt.id)
        self.asked = []

    def pasts(self, *, after, limit):
        self.asked.append(limit)
        return tuple([one for one in self.all if one.receipt.id > after][:limit])


CAME, GONE = use(Action.RECEIVED), use(Action.ERASED)


@pytest.mark.parametrize(
    ("uses", "expected"),
    [
        ((), Kept(False, False, ())),
        ((CAME,), Kept(True, False, ())),
        ((CAME, use(Action.VIEWED, COUNTER)), Kept(True, False, ())),
        ((CAME, use(Action.VIEWED, PROGRAM)), Kept(True, True, ())),
        ((CAME, use(Action.USED, "accounting")), Kept(True, True, ())),
        ((CAME, use(Action.USED, "accounting"), use(Action.ERASED, "accounting")), Kept(True, False, ())),
        ((CAME, use(Action.VIEWED, PROGRAM), GONE), Kept(False, False, ())),
        ((CAME, GONE, use(Action.USED, "accounting")), Kept(False, True, ())),
        ((CAME, GONE), Kept(False, False, ())),
        (
            (CAME, use(Action.FORWARDED, to=BANK), use(Action.FORWARDED, to=BANK), use(Action.FORWARDED, to=CLUB)),
            Kept(True, False, (BANK, CLUB)),
        ),
        ((CAME, use(Action.RECIPIENT_TOLD, to=BANK)), Kept(True, False, ())),
    ],
    ids=range(11),
)
def test_a_log_says_what_is_kept(uses, expected):
    assert kept(uses) == expected


def test_what_serves_one_purpose_is_counted_together():
    shelf = Shelf(
        past(CAME, number=1),
        past(CAME, use(Action.FORWARDED, to=BANK), number=2, legal_basis=LegalBasis.CONTRACT),
        past(CAME, GONE, number=3),
        past(CAME, GONE, number=4, outcome=Outcome.REJECTED, claims={"pid": (("secret",),)}),
        past(CAME, number=5, purpose=both("Anderes", "Another")),
    )
    mirror = reflect(shelf, now=NOW)
    first, second = mirror.purposes
    assert (first.purpose, second.purpose) == (RECEIPT.purpose, both("Anderes", "Another"))
    assert (first.shown, first.rejected, first.here, first.elsewhere) == (3, 1, 2, 0)
    assert first.legal_bases == (RECEIPT.legal_basis, LegalBasis.CONTRACT)
    assert first.passed_on == {BANK: 1}
    assert ("secret",) not in first.claims
    assert mirror.is_whole


def test_one_service_with_the_same_words_as_another_is_another():
    mirror = reflect(Shelf(past(CAME, number=1, service="a"), past(CAME, number=2, service="b")), now=NOW)
    assert {one.service for one in mirror.purposes} == {"a", "b"}


def test_what_must_be_erased_is_what_is_held_and_no_more():
    after = Retention(MONTH.lasts, both("Rückgabe", "return"))
    shelf = Shelf(
        past(CAME, number=1, issued_at=NOW - 5 * DAY),
        past(CAME, number=2, issued_at=NOW - 3 * DAY),
        past(CAME, number=3, issued_at=NOW - 30 * DAY),  # late to the second
        past(CAME, GONE, use(Action.USED, "accounting"), number=4, issued_at=NOW - 31 * DAY),
        past(CAME, GONE, number=5, issued_at=NOW - 40 * DAY),
        past(CAME, number=6, retention=after),
        past(CAME, GONE, number=7, issued_at=NOW - 29 * DAY),
    )
    [held] = reflect(shelf, now=NOW).purposes
    assert (held.next_erasure, held.late, held.open_end) == (NOW + 25 * DAY, 2, 1)
    assert held.retentions == (MONTH, after)


def test_what_is_late_stands_first():
    shelf = Shelf(
        *[past(CAME, number=number) for number in range(3)],
        past(CAME, number=9, purpose=both("Spät", "Late"), issued_at=NOW - 40 * DAY),
    )
    assert [one.late for one in reflect(shelf, now=NOW).purposes] == [1, 0]


@pytest.mark.parametrize(("limit", "is_whole", "shown"), [(6, False, 6), (7, True, 7), (None, True, 7)])
def test_so_many_are_counted_a_page_at_a_time(limit, is_whole, shown):
    shelf = Shelf(*[past(CAME, number=number) for number in range(7)])
    mirror = reflect(shelf, now=NOW, limit=limit, page=3)
    assert (mirror.is_whole, mirror.purposes[0].shown) == (is_whole, shown)
    assert set(shelf.asked) == {3}


def test_it_names_purposes_and_organisations_and_no_answer():
    shelf = Shelf(past(CAME, use(Action.FORWARDED, to=BANK), use(Action.FORWARDED, to=CLUB), number=1))
    [held] = reflect(shelf, now=NOW).purposes
    said = held.to_dict()
    assert said["passed_on"] == [
        {"name": "Bank", "identifier": "DE.1", "answers": 1},
        {"name": "Club", "answers": 1},
    ]
    assert said["must_erase"] == {"next": NOW + 30 * DAY, "late": 0, "open_end": 0}
    assert said["held"] == {"here": 1, "elsewhere": 0}
    receipt = shelf.all[0].receipt
    for secret in (
        receipt.id,
        receipt.request,
        receipt.key,
        *(hash_ for each in receipt.presentations.values() for hash_ in each),
    ):
        assert secret.encode() not in encode_json(said)
