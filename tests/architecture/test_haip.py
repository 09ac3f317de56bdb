"""docs/haip.md says for every rule of HAIP 1.0 which test accepts and which refuses: both exist, and no section is left out."""

from tests.support.tested_rules import missing_tests, read_rules, table_rows, without_tests
from tests.support.tree import ROOT

ISSUER, WALLET, VERIFIER = "issuer", "wallet", "verifier"
# The sections of HAIP 1.0 with MUST, MUST NOT or REQUIRED, and whom they bind
BOUND = {
    "3": {ISSUER, WALLET, VERIFIER},
    "4": {ISSUER, WALLET},
    "4.1": {ISSUER, WALLET},
    "4.2": {ISSUER, WALLET},
    "4.3": {ISSUER, WALLET},
    "4.4.1": {ISSUER, WALLET},
    "4.5.1": {ISSUER, WALLET},
    "5": {WALLET, VERIFIER},
    "5.1": {WALLET, VERIFIER},
    "5.2": {WALLET, VERIFIER},
    "5.3.1": {WALLET, VERIFIER},
    "5.3.2": {WALLET, VERIFIER},
    "6.1": {ISSUER, WALLET, VERIFIER},
    "6.1.1": {ISSUER, WALLET, VERIFIER},
    "6.1.1.1": {WALLET, VERIFIER},
    "7": {ISSUER, WALLET, VERIFIER},
    "8": {ISSUER, WALLET, VERIFIER},
}
NOT_YET = {"4.1"}  # images by address
TESTED, _, WAITING = (ROOT / "docs/haip.md").read_text().partition("## Not yet")


def test_every_section_with_rules_is_there_for_every_side_that_it_binds():
    rules = read_rules(TESTED)
    sections = {rule.section for rule in rules}
    assert {section: {rule.side for rule in rules if rule.section == section} for section in sections} == BOUND
    assert {row[0] for row in table_rows(WAITING)} >= NOT_YET


def test_every_rule_has_a_test_that_accepts_and_one_that_refuses():
    assert without_tests(read_rules(TESTED)) == []


def test_every_test_that_is_named_exists():
    assert missing_tests(read_rules(TESTED)) == []
