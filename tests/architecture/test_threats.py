"""Tests name the threats they cover by number; a number that does not exist covers nothing."""

import re

from tests.support.tree import ROOT, name

LAST_THREAT = 264
NUMBER = re.compile(r"\bT(\d{3})\b")
RANGE = re.compile(r"\bT(\d{3})(?:–T(\d{3}))?")


def named_numbers():
    """The numbers of threats that each file of the tests names."""
    files = [path for path in (ROOT / "tests").rglob("*") if path.suffix in {".py", ".json"}]
    return {name(file): {int(number) for number in NUMBER.findall(file.read_text())} for file in files}


def numbers_in_first_column(table):
    """The numbers that a table is about, ranges spelled out."""
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| T")]
    found = [RANGE.findall(cell) for cell in cells]
    return {number for ranges in found for a, b in ranges for number in range(int(a), int(b or a) + 1)}


def test_every_threat_that_a_test_names_exists():
    named = named_numbers()
    unknown = {file: sorted(n for n in numbers if not 1 <= n <= LAST_THREAT) for file, numbers in named.items()}
    assert {file: numbers for file, numbers in unknown.items() if numbers} == {}


def test_every_threat_is_tested_or_said_not_to_apply():
    tested = set().union(*named_numbers().values())
    tables, waiting = (
        numbers_in_first_column(part) for part in (ROOT / "docs/threats.md").read_text().split("## Not yet")
    )
    everything = set(range(1, LAST_THREAT + 1))
    assert sorted(everything - tested - waiting) == []
    assert sorted(tested & waiting) == []
    assert sorted(everything - tables - waiting) == []
