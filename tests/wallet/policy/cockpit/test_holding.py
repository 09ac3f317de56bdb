"""What a partner still has: by its receipt and by its own log, and nothing of what it erased or never kept."""

from dataclasses import replace

from protocol.encoding import encode_json
from protocol.sovereignty.durations import Retention
from protocol.sovereignty.receipt_check import Finding
from protocol.sovereignty.usage import Action, Addressee, UsageEntry
from tests.protocol.sovereignty.disclosures import RECEIPT, signed
from tests.support.partners import BANK, both
from tests.support.pki import NOW
from tests.wallet.cockpit import use
from tests.wallet.disclosures import disclosure
from wallet.disclosure_records import KeptReceipt, KnownUse, UsageKnown
from wallet.policy.cockpit.holding import Until, held_by_partner

ERASED = use(Action.ERASED, claims=RECEIPT.claims)


def kept(receipt=RECEIPT, *findings):
    """A receipt as it came."""
    return KeptReceipt(signed(receipt), NOW + 1, findings)


def did(*uses):
    """What the partner says that it did."""
    texts = [encode_json(UsageEntry(RECEIPT.id, n, one).to_dict()).decode() for n, one in enumerate(uses)]
    return UsageKnown(uses=tuple([KnownUse(n, "00", in_tree=True, entry=text) for n, text in enumerate(texts)]))


def held(now=NOW, **changes):
    """What is there of one answer; None: nothing."""
    found = held_by_partner([disclosure(**changes)], now)
    assert len(found) <= 1
    return found[0] if found else None


def test_what_was_given_is_there_until_its_time_is_over_and_overdue_after_that():
    ends = RECEIPT.retention.ends(NOW)
    found = held(ends, receipt=kept())
    assert (found.until, found.gone_at, found.overdue) == (Until.TIME, ends, False)
    assert [document.query_id for document, _ in found.documents] == ["pid", "card"]
    assert found.recipients == ("Town",)
    assert held(ends + 1, receipt=kept()).overdue


def test_what_comes_from_a_register_was_there_before():
    assert held(receipt=kept(), issued=True) is None


def test_what_was_erased_as_a_whole_is_gone_and_a_part_of_it_alone():
    assert held(receipt=kept(), usage=did(ERASED)) is None
    found = held(receipt=kept(), usage=did(use(Action.ERASED, claims={"pid": (("family_name",),)})))
    left = {document.query_id: claims for document, claims in found.documents}
    assert left == {"pid": (("nationalities", None),), "card": ()}


def test_what_is_not_kept_is_gone_at_once():
    assert held(receipt=kept(replace(RECEIPT, retention=Retention(None)))) is None


def test_an_event_decides_where_the_receipt_says_so():
    until = replace(RECEIPT.retention, since=both("Ende der Bearbeitung", "End of the case"))
    found = held(receipt=kept(replace(RECEIPT, retention=until)))
    assert (found.until, found.gone_at, found.overdue) == (Until.EVENT, 0, False)


def test_without_a_receipt_that_counts_nobody_knows_until_when():
    for changes in ({}, {"receipt": kept(RECEIPT, Finding.PURPOSE)}, {"receipt": kept(RECEIPT, Finding.SIGNER)}):
        found = held(**changes)
        assert (found.receipt, found.until, found.gone_at, found.recipients) == (None, Until.UNKNOWN, 0, ())


def test_whoever_got_it_is_told_once():
    to_bank = use(Action.FORWARDED, to=Addressee("Bank", BANK.identifier))
    assert held(receipt=kept(), usage=did(use(), to_bank, to_bank)).shared_with == ("Bank",)


def test_the_newest_answer_comes_first():
    found = held_by_partner([disclosure("a", at=NOW), disclosure("b", at=NOW + 1)], NOW + 1)
    assert [one.disclosure.id for one in found] == ["b", "a"]
