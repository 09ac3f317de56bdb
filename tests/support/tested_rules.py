"""Pages that name for every rule, and everybody whom it binds, the tests that hold it: `docs/haip.md` is one."""

import ast
import re
from typing import NamedTuple

from tests.support.tree import ROOT, parse

_TEST = re.compile(r"`([^`]+)`")


class HeldRule(NamedTuple):
    """One line of such a page."""

    section: str
    rule: str
    side: str
    kept: tuple[str, ...]  # tests of what keeps the rule
    refused: tuple[str, ...]  # tests of what breaks it


def table_rows(text: str) -> list[list[str]]:
    """The cells of every table in a text, line by line, without their heads."""
    lines = text.splitlines()
    heads = {number - 1 for number, line in enumerate(lines) if line.startswith("|---")}
    return [
        [cell.strip() for cell in line.strip("| ").split(" | ")]
        for number, line in enumerate(lines)
        if line.startswith("| ") and number not in heads
    ]


def read_rules(text: str) -> list[HeldRule]:
    """What the tables of a text say is tested; a line with another number of cells fails here."""
    return [
        HeldRule(section, rule, side, named_tests(kept), named_tests(refused))
        for section, rule, side, kept, refused in table_rows(text)
    ]


def named_tests(text: str) -> tuple[str, ...]:
    """What stands in backticks."""
    return tuple(_TEST.findall(text))


def without_tests(rules: list[HeldRule]) -> list[HeldRule]:
    """Lines that leave something empty."""
    return [each for each in rules if not (each.rule and each.side and each.kept and each.refused)]


def missing_tests(rules: list[HeldRule]) -> list[str]:
    """Tests that are named and are not there."""
    return sorted({test for each in rules for test in (*each.kept, *each.refused) if not is_test(test)})


def is_test(name: str) -> bool:
    """Whether a file has a test of this name at its top."""
    file, _, function = name.partition("::")
    path = ROOT / file
    if not (function.startswith("test_") and path.name.startswith("test_") and path.is_file()):
        return False
    return any(isinstance(node, ast.FunctionDef) and node.name == function for node in parse(path).body)
