"""Mutants: the source with one thing wrong, each tried against the tests that should notice (make soak)."""

import ast
import contextlib
import copy
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from queue import SimpleQueue
from typing import Self

from tests.support.tree import ROOT
from tests.support.vectors import vectors

TIMEOUT = 120  # seconds for one mutant: one that never ends was noticed too
_CODE = ("protocol", "runtime", "capabilities", "issuer", "wallet", "verifier", "registrar", "hoheit")
# Tests compare the code with what its pages promise, and with the vectors published there
COPIED = (*_CODE, "tests", "docs", "pyproject.toml")
LONGEST_LINE = 100  # characters of a line in a table


class Kind(StrEnum):
    """What is wrong with a mutant."""

    DELETED_CHECK = "deleted check"
    DROPPED_OPERAND = "dropped operand"
    NEGATED_CONDITION = "negated condition"
    SWAPPED_COMPARISON = "swapped comparison"
    MOVED_BOUNDARY = "moved boundary"
    DROPPED_CALL = "dropped call"


@dataclass(frozen=True, slots=True)
class Mutant:
    """One file with one thing wrong."""

    file: str  # path below the root
    line: int
    kind: Kind
    change: str  # the line as it was, and what became of it
    source: str

    @property
    def place(self) -> str:
        """Where it is, as it stays when lines move: file and text."""
        return f"{self.file}: {self.change}"


@dataclass(frozen=True, slots=True)
class Target:
    """A module, and the tests that have to notice whatever is wrong with it; the likeliest first."""

    file: str
    tests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a mutant."""

    mutant: Mutant
    survived: bool


def mutants(file: str, source: str) -> list[Mutant]:
    """Every mutant of a module."""
    tree = ast.parse(source)
    lines = source.splitlines()
    found: dict[str, Mutant] = {}
    for kind, node, change in _changes(tree):
        mutated, what = _apply(tree, node, change)
        text = lines[node.lineno - 1].strip()[:LONGEST_LINE]
        found.setdefault(mutated, Mutant(file, node.lineno, kind, f"{text} → {what}", mutated))
    found.pop(ast.unparse(tree), None)
    return list(found.values())


def try_mutants(
    targets: Sequence[Target], scratch: Path, *, processes: int = 2, kinds: Collection[Kind] = tuple(Kind)
) -> list[Verdict]:
    """Run the tests against every mutant of these kinds, each written into a copy of the tree below `scratch`.

    Raises:
        AssertionError: the tests fail without any mutant, so that their failing would say nothing.
    """
    laboratories: SimpleQueue[_Laboratory] = SimpleQueue()
    work = [
        (mutant, target)
        for target in targets
        for mutant in mutants(target.file, (ROOT / target.file).read_text())
        if mutant.kind in kinds
    ]

    def attempt(item: tuple[Mutant, Target]) -> Verdict:
        mutant, target = item
        laboratory = laboratories.get()
        try:
            return Verdict(mutant, laboratory.passes(mutant.file, mutant.source, target.tests))
        finally:
            laboratories.put(laboratory)

    with contextlib.ExitStack() as stack, ThreadPoolExecutor(processes) as pool:
        for i in range(processes):
            laboratories.put(stack.enter_context(_Laboratory.opened(scratch / f"copy-{i}")))
        laboratory = laboratories.get()
        for target in targets:
            source = (ROOT / target.file).read_text()
            assert laboratory.passes(target.file, source, target.tests), f"{target.file}: its tests fail anyway"
            assert not laboratory.passes(target.file, f"{source}\nassert False\n", target.tests), (
                "not the copy is tested"
            )
        laboratories.put(laboratory)
        return list(pool.map(attempt, work))


# Forks for every run, so that what all tests import is imported once
_SERVER = """
import json, os, signal, sys
import cryptography.x509, fastapi, hypothesis.strategies, multiformats, nacl.signing, orjson, psycopg, pydantic_settings, pytest
import sqlalchemy, starlette.testclient
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        signal.alarm({timeout})
        silence = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(silence, stream)
        os._exit(pytest.main(["-x", "-q", "-p", "no:cacheprovider", *json.loads(line)]))
    _, status = os.waitpid(child, 0)
    print(status, flush=True)
"""


@dataclass(frozen=True, slots=True)
class _Laboratory:
    """A copy of the tree, and a process that runs its tests."""

    place: Path
    server: subprocess.Popen[str]

    @classmethod
    @contextlib.contextmanager
    def opened(cls, place: Path) -> Iterator[Self]:
        """One below a folder, for as long as it is needed."""
        place.mkdir(parents=True)
        for name in COPIED:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / name, place / name)
        environment = {
            **os.environ,
            "HOHEIT_VECTORS": str(vectors(".")),
            "PYTHONPATH": str(place),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        }
        command = [sys.executable, "-c", _SERVER.format(timeout=TIMEOUT)]
        with subprocess.Popen(
            command, cwd=place, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as server:
            yield cls(place, server)

    def passes(self, file: str, source: str, tests: tuple[str, ...]) -> bool:
        """Whether the tests pass with this source in the copy, which is as it was afterwards."""
        path = self.place / file
        original = path.read_text()
        _write(path, source)
        try:
            assert self.server.stdin is not None
            assert self.server.stdout is not None
            self.server.stdin.write(json.dumps(tests) + "\n")
            self.server.stdin.flush()
            return int(self.server.stdout.readline()) == 0
        finally:
            _write(path, original)


def _write(path: Path, source: str) -> None:
    """Write a source so that no bytecode of another one can stand for it."""
    path.write_text(source)
    for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*"):
        compiled.unlink()


Node = ast.stmt | ast.expr
# A change is made to a copy of a node and handed back with words for it.
Change = Callable[[ast.AST], tuple[ast.AST, str]]


def _apply(tree: ast.Module, node: ast.AST, change: Change) -> tuple[str, str]:
    """The source with one node changed, and the change in words."""
    twins = copy.deepcopy(tree)
    twin = _at(twins, _path_of(tree, node))
    changed, what = change(twin)
    parent, field, index = _path_of(tree, node)[-1]
    holder = _at(twins, _path_of(tree, node)[:-1])
    assert type(holder) is type(parent)
    if index is None:
        setattr(holder, field, changed)
    else:
        getattr(holder, field)[index] = changed
    return ast.unparse(ast.fix_missing_locations(twins)), what


Step = tuple[ast.AST, str, int | None]


def _path_of(tree: ast.AST, wanted: ast.AST) -> list[Step]:
    """The steps from the root to a node."""
    for field, value in ast.iter_fields(tree):
        items = list(enumerate(value)) if isinstance(value, list) else [(None, value)]
        for index, item in items:
            if item is wanted:
                return [(tree, field, index)]
            if isinstance(item, ast.AST):
                below = _path_of(item, wanted)
                if below:
                    return [(tree, field, index), *below]
    return []


def _at(tree: ast.AST, path: list[Step]) -> ast.AST:
    node = tree
    for _, field, index in path:
        value = getattr(node, field)
        node = value if index is None else value[index]
    return node


def _changes(tree: ast.Module) -> Iterator[tuple[Kind, Node, Change]]:
    """Every change that can be made, the gravest first."""
    nodes = [node for node in ast.walk(tree) if isinstance(node, Node)]
    checks = [node for node in nodes if isinstance(node, ast.If) and _is_check(node)]
    alone = {id(check.body[0]) for check in checks if len(check.body) == 1}
    for node in nodes:
        if node in checks:
            yield Kind.DELETED_CHECK, node, _never
        elif isinstance(node, ast.Raise) and id(node) not in alone:
            yield Kind.DELETED_CHECK, node, _delete
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            yield Kind.DROPPED_CALL, node, _delete
        if isinstance(node, ast.BoolOp):
            for i in range(len(node.values)):
                yield Kind.DROPPED_OPERAND, node, _drop(i)
        if isinstance(node, ast.If | ast.IfExp):
            yield Kind.NEGATED_CONDITION, node, _negate
        if isinstance(node, ast.Compare):
            for i, operator in enumerate(node.ops):
                for other in _SWAPS.get(type(operator), ()):
                    yield Kind.SWAPPED_COMPARISON, node, _swap(i, other)
            for side in (node.left, *node.comparators):
                if _is_number(side):
                    yield from _moves(side)
        if isinstance(node, ast.Assign) and _is_number(node.value):
            yield from _moves(node.value)


_SWAPS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}


def _is_check(node: ast.If) -> bool:
    """Whether what is inside an `if` leaves, so that the rest happens only where it does not hold."""
    return isinstance(node.body[-1], ast.Raise | ast.Return | ast.Continue)


def _is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) is int


def _delete(_: ast.AST) -> tuple[ast.AST, str]:
    return ast.Pass(), "deleted"


def _never(node: ast.AST) -> tuple[ast.AST, str]:
    assert isinstance(node, ast.If)
    node.test = ast.Constant(False)
    return node, "deleted"


def _negate(node: ast.AST) -> tuple[ast.AST, str]:
    assert isinstance(node, ast.If | ast.IfExp)
    node.test = ast.UnaryOp(ast.Not(), node.test)
    return node, "negated"


def _drop(index: int) -> Change:
    def change(node: ast.AST) -> tuple[ast.AST, str]:
        assert isinstance(node, ast.BoolOp)
        dropped = node.values.pop(index)
        return (node.values[0] if len(node.values) == 1 else node), f"without `{ast.unparse(dropped)}`"

    return change


def _swap(index: int, other: type[ast.cmpop]) -> Change:
    def change(node: ast.AST) -> tuple[ast.AST, str]:
        assert isinstance(node, ast.Compare)
        node.ops[index] = other()
        return node, f"`{ast.unparse(node)}`"

    return change


def _moves(number: ast.expr) -> Iterator[tuple[Kind, Node, Change]]:
    for by in (1, -1):
        yield Kind.MOVED_BOUNDARY, number, _move(by)


def _move(by: int) -> Change:
    def change(node: ast.AST) -> tuple[ast.AST, str]:
        assert isinstance(node, ast.Constant)
        assert isinstance(node.value, int)
        return ast.Constant(node.value + by), f"{node.value} is {node.value + by}"

    return change
