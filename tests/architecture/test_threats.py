"""Tests name the threats they cover by number; a number that does not exist covers nothing."""

import re

from tests.support.tree import ROOT, name

LAST_THREAT = 264
NUMBER = re.compile(r"\bT(\d{3})\b")


def test_every_threat_that_a_test_names_exists():
    files = [path for path in (ROOT / "tests").rglob("*") if path.suffix in {".py", ".json"}]
    named = {name(file): {int(number) for number in NUMBER.findall(file.read_text())} for file in files}
    unknown = {file: sorted(n for n in numbers if not 1 <= n <= LAST_THREAT) for file, numbers in named.items()}
    assert {file: numbers for file, numbers in unknown.items() if numbers} == {}
