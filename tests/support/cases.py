"""Our own test data: JSON files in tests/cases that hold named cases under a few keys."""

import json
from typing import Any

import pytest

from tests.support.tree import ROOT


def cases(file: str, key: str) -> pytest.MarkDecorator:
    """Run a test once for each case in the list `key` of tests/cases/`file`, as its argument `case`."""
    return pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in read_cases(file, key)])


def read_cases(file: str, key: str) -> list[dict[str, Any]]:
    """The list `key` of tests/cases/`file`; an empty list would test nothing and is refused.

    Raises:
        ValueError: there are no cases, or two share a name.
    """
    found: list[dict[str, Any]] = json.loads((ROOT / "tests" / "cases" / file).read_bytes())[key]
    names = {case["name"] for case in found}
    if not found or len(names) != len(found):
        raise ValueError(f"tests/cases/{file}: {key} needs cases, each with a name of its own")
    return found
