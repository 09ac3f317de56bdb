"""What a report adds to what is known, told by the reports alone."""

from dataclasses import replace

import pytest

from protocol.sovereignty.findings import GROWS_WITHIN, Rule
from protocol.sovereignty.usage_report import UsageReport, sign_usage_report, verify_usage_report
from tests.protocol.sovereignty.disclosures import RECEIPT
from tests.protocol.sovereignty.logs import RECEIVED, Log
from tests.support.partners import AGENCY, known_partners, partner_anchors
from tests.support.pki import NOW
from wallet.disclosure_records import UsageKnown
from wallet.policy.cockpit.usage_known import asked_of, learn


def told(known, says):
    """What is known after a report."""
    asked, pki = asked_of(known, RECEIPT.id, after=None, now=says.issued_at), known_partners()[AGENCY]
    text = sign_usage_report(says, pki.signer, pki.x5c)
    report = verify_usage_report(text, asked, partner=(AGENCY,), anchors=partner_anchors(), now=says.issued_at)
    return learn(known, report, asked, RECEIPT, now=says.issued_at).known


def rules(known):
    return [finding.rule for finding in known.findings]


@pytest.fixture
def begun():
    """A log of which the first entry is in no tree yet: nobody published a head."""
    log = Log(RECEIVED, receipt=RECEIPT.id)
    entries = tuple(map(log.reported, log.entries))
    return UsageReport(RECEIPT.id, NOW + 60, (), entries)


def test_a_first_report_without_a_head_is_no_log_that_stands_still(begun):
    known = told(UsageKnown(), begun)
    assert Rule.NO_NEW_HEAD not in rules(known)
    assert known.reported_at == NOW + 60


def test_a_log_that_does_not_grow_within_a_day_is_found(begun):
    known = told(UsageKnown(), begun)
    later = begun.issued_at + GROWS_WITHIN
    assert Rule.NO_NEW_HEAD not in rules(told(known, replace(begun, issued_at=later)))
    assert Rule.NO_NEW_HEAD in rules(told(known, replace(begun, issued_at=later + 1)))
