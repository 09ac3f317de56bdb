"""docs/sovereignty/tested.md says for every promise of data sovereignty which tests hold it: they exist."""

from tests.support.tested_rules import missing_tests, read_rules, without_tests
from tests.support.tree import ROOT

PAGE = (ROOT / "docs/sovereignty/tested.md").read_text()


def test_every_promise_has_a_test_that_it_is_kept_and_one_that_its_opposite_is_refused():
    assert without_tests(read_rules(PAGE)) == []


def test_every_test_that_is_named_exists():
    assert missing_tests(read_rules(PAGE)) == []
