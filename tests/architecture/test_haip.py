"""docs/haip.md says for every rule of HAIP 1.0 which test accepts and which refuses: both exist, and no section is left out."""

import ast
import re
from typing import NamedTuple

import pytest

from tests.support.tree import ROOT, parse

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
TEST = re.compile(r"`([^`]+)`")


class Row(NamedTuple):
    """A rule on one side."""

    section: str
    rule: str
    side: str
    accepted: tuple[str, ...]
    refused: tuple[str, ...]


def cells(part):
    """The rows of the tables in a part of the page, without their heads."""
    split = ([cell.strip() for cell in line.strip("| ").split(" | ")] for line in part.splitlines())
    return [row for row in split if re.fullmatch(r"[\d.]+", row[0])]


def page():
    """What is tested, and the sections of what is not yet."""
    tested, not_yet = (ROOT / "docs/haip.md").read_text().split("## Not yet")
    rows = [
        Row(section, rule, side, *(tuple(TEST.findall(cell)) for cell in tests))
        for section, rule, side, *tests in cells(tested)
    ]
    return rows, {row[0] for row in cells(not_yet)}


def test_every_section_with_rules_is_there_for_every_side_that_it_binds():
    rows, not_yet = page()
    found = {section: {row.side for row in rows if row.section == section} for section in {row.section for row in rows}}
    assert found == BOUND
    assert not_yet >= NOT_YET


def test_every_rule_has_a_test_that_accepts_and_one_that_refuses():
    assert [row for row in page()[0] if not (row.rule and row.accepted and row.refused)] == []


def test_every_test_that_is_named_exists():
    named = {test for row in page()[0] for test in (*row.accepted, *row.refused)}
    assert sorted(test for test in named if not exists(test)) == []


def exists(test):
    """Whether a file has a test of this name at its top."""
    file, _, name = test.partition("::")
    path = ROOT / file
    if not (name.startswith("test_") and path.name.startswith("test_") and path.is_file()):
        return False
    return any(isinstance(node, ast.FunctionDef) and node.name == name for node in parse(path).body)


@pytest.mark.parametrize(
    "test",
    [
        "tests/architecture/test_haip.py",
        "tests/architecture/test_haip.py::test_that_is_not_there",
        "tests/architecture/test_haip.py::exists",
        "tests/architecture/nowhere.py::test_every_test_that_is_named_exists",
    ],
)
def test_what_is_no_test_does_not_count(test):
    assert exists("tests/architecture/test_haip.py::test_every_test_that_is_named_exists")
    assert not exists(test)
