"""Published test vectors, which live beside the repository or where HOHEIT_VECTORS says."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.support.tree import ROOT


def vectors(path: str) -> Path:
    """The file or folder of one vector; without it the test is skipped, or fails where vectors are required.

    At module level it skips the whole module.
    """
    found = _home() / path
    if not found.exists():
        refuse_missing(f"test vectors {path} are missing")
    return found


def read_vector(path: str) -> Any:
    """One JSON vector."""
    return json.loads(vectors(path).read_bytes())


def vector_files(pattern: str) -> list[Any]:
    """Every vector that a glob pattern finds, as parameters for `pytest.mark.parametrize`.

    Where there are none, one parameter stands for them all and is skipped or fails with the reason.
    """
    home = _home()
    files = sorted(home.glob(pattern))
    if not files:
        reason = f"test vectors {pattern} are missing"
        return [pytest.param(None, marks=pytest.mark.no_vectors(reason), id="missing")]
    return [pytest.param(file, id=str(file.relative_to(home))) for file in files]


def refuse_missing(reason: str) -> None:
    """Skip, or fail where HOHEIT_REQUIRE_VECTORS=1 makes vectors part of the verdict."""
    if os.environ.get("HOHEIT_REQUIRE_VECTORS") == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason, allow_module_level=True)


def _home() -> Path:
    return Path(os.environ.get("HOHEIT_VECTORS") or ROOT.parent / "shared" / "vectors")
