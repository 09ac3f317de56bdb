"""Rules of the house that no linter knows."""

import ast
import re
from pathlib import Path

import pytest

from tests.support.tree import ROOT, existing_packages, modules, name, parse

# "A function that finds no home has not found its idea yet."
NAMES_WITHOUT_AN_IDEA = {"common", "helper", "helpers", "manager", "managers", "misc", "util", "utils"}
# The outermost edges, where whatever is left becomes a response, an exit code or a retry.
MAY_CATCH_EVERYTHING = {"hoheit/cli.py", "runtime/asgi.py", "runtime/driver.py"}
LONGEST = 400
# Folders of tests that mirror no package.
OTHER_TESTS = {"architecture", "attacks", "benchmarks", "browser", "cases", "flows", "interop", "support"}
UNFINISHED = re.compile(r"\b(?:NotImplemented" + r"Error|TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")


def catches_everything(tree: ast.Module) -> list[int]:
    """The lines of handlers for any exception at all."""
    handlers = [node for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler)]
    return [handler.lineno for handler in handlers if handler.type is None or _names_everything(handler.type)]


def _names_everything(caught: ast.expr) -> bool:
    parts = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(isinstance(part, ast.Name) and part.id in {"Exception", "BaseException"} for part in parts)


def mirrors(folder: Path) -> bool:
    """Whether a folder of tests belongs to a package or module of the same path, or to none by design."""
    return folder.parts[0] in OTHER_TESTS or (ROOT / folder).is_dir() or (ROOT / folder).with_suffix(".py").is_file()


def test_no_module_is_named_after_nothing():
    assert [name(file) for file in modules() if NAMES_WITHOUT_AN_IDEA & {file.stem, file.parent.name}] == []


def test_no_file_outgrows_its_idea():
    lengths = {name(file): len(file.read_text().splitlines()) for file in modules() if "migrations" not in file.parts}
    assert {file: lines for file, lines in lengths.items() if lines > LONGEST} == {}


def test_only_the_outermost_edge_catches_everything():
    found = {name(file): lines for file in modules() if (lines := catches_everything(parse(file)))}
    assert {file: lines for file, lines in found.items() if file not in MAY_CATCH_EVERYTHING} == {}


def test_nothing_is_left_unfinished():
    files = [*modules(), *(ROOT / "tests").rglob("*.py")]
    assert {name(file): found for file in files if (found := UNFINISHED.findall(file.read_text()))} == {}


def test_tests_mirror_the_source():
    tests = ROOT / "tests"
    folders = {file.parent.relative_to(tests) for file in tests.rglob("test_*.py")} - {Path()}
    assert [str(folder) for folder in sorted(folders) if not mirrors(folder)] == []


def test_import_linter_knows_every_package(pytestconfig):
    contracts = (ROOT / "pyproject.toml").read_text().split("[tool.importlinter]")[1]
    known = contracts.split("root_packages = ")[1].split("]")[0]
    assert [package for package in existing_packages() if f'"{package}"' not in known] == []


@pytest.mark.parametrize("handler", ["except:", "except Exception:", "except (ValueError, BaseException) as error:"])
def test_a_handler_of_everything_is_seen(handler):
    assert catches_everything(ast.parse(f"try:\n    pass\n{handler}\n    pass")) == [3]


def test_a_narrow_handler_is_free():
    assert catches_everything(ast.parse("try:\n    pass\nexcept (KeyError, OSError):\n    pass")) == []
