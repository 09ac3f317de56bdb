"""Test vectors that are published: made by our tests, and checked by them to be what is made now."""

import json
import os
from typing import Any

from tests.support.tree import ROOT

FOLDER = ROOT / "docs" / "sovereignty" / "vectors"


def published(name: str, current: dict[str, Any]) -> dict[str, Any]:
    """What is published under a name. With HOHEIT_WRITE_VECTORS=1 it becomes what is made now."""
    file = FOLDER / name
    if current and os.environ.get("HOHEIT_WRITE_VECTORS") == "1":
        file.write_text(json.dumps(current, indent=1, ensure_ascii=False) + "\n")
    found: dict[str, Any] = json.loads(file.read_bytes())
    return found
