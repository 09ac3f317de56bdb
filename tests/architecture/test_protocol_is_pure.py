"""The protocol floor touches no network, disk, clock, randomness, environment or log."""

import ast

import pytest

from tests.support.tree import modules, name, parse

NETWORK = ("ftplib", "http.client", "http.server", "select", "selectors", "smtplib", "socket", "ssl", "urllib.request")
DISK = ("glob", "os", "pathlib", "shutil", "sqlite3", "tempfile")
CLOCK_AND_RANDOMNESS = ("nacl.utils", "random", "secrets", "time", "uuid")
SURROUNDINGS = ("getpass", "locale", "logging", "platform", "sys", "warnings")
CONCURRENCY = ("asyncio", "concurrent", "multiprocessing", "signal", "subprocess", "threading")
EFFECTS = (*NETWORK, *DISK, *CLOCK_AND_RANDOMNESS, *SURROUNDINGS, *CONCURRENCY)
CALLS = {"open", "print", "input", "breakpoint", "exec", "eval", "compile", "__import__"}
# A record may have a member of such a name: `expected.now` is a parameter, `datetime.now` is a clock.
CLOCKS = {"date", "datetime"}
READINGS = {"now", "utcnow", "today"}


def impurities(tree: ast.Module) -> list[str]:
    """What a module does that the ground floor may not."""
    found = []
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                imported = [alias.name for alias in names]
            case ast.ImportFrom(module=str(module), names=names):
                imported = [module, *(f"{module}.{alias.name}" for alias in names)]
                if module == "typing" and any(alias.name == "Any" for alias in names):
                    found.append(f"line {node.lineno}: Any; hostile input is object")
            case ast.Call(func=ast.Name(id=called)) if called in CALLS:
                found.append(f"line {node.lineno}: {called}()")
                continue
            case ast.Attribute(attr="urandom"):
                found.append(f"line {node.lineno}: .urandom")
                continue
            case ast.Attribute(attr=reading, value=ast.Name(id=owner) | ast.Attribute(attr=owner)) if (
                reading in READINGS and owner in CLOCKS
            ):
                found.append(f"line {node.lineno}: {owner}.{reading}")
                continue
            case _:
                continue
        found += [f"line {node.lineno}: import of {effect}" for effect in EFFECTS if _imports(imported, effect)]
    return found


def _imports(imported: list[str], effect: str) -> bool:
    return any(module == effect or module.startswith(f"{effect}.") for module in imported)


def test_the_protocol_floor_has_no_effects():
    assert {name(file): found for file in modules("protocol") if (found := impurities(parse(file)))} == {}


@pytest.mark.parametrize(
    "source",
    [
        "import os",
        "import os.path",
        "from urllib import request",
        "from urllib.request import urlopen",
        "from http.client import HTTPSConnection",
        "from nacl.utils import random",
        "from nacl import utils",
        "def f():\n    import time",
        "from typing import Any",
        "open('x')",
        "print(1)",
        "datetime.datetime.now()",
        "clock = date.today",
        "datetime.utcnow()",
        "rng.urandom(1)",
    ],
)
def test_an_effect_is_seen(source):
    assert impurities(ast.parse(source))


@pytest.mark.parametrize(
    "source",
    [
        "from urllib.parse import urlsplit",
        "import datetime",
        "import hashlib",
        "from http import HTTPStatus",
        "import nacl.bindings",
        "expected.now",
    ],
)
def test_what_only_computes_is_free(source):
    assert impurities(ast.parse(source)) == []
