"""The checks that everything hangs on, each taken away once: some test has to notice (make soak).

What came of it stands in docs/mutation.md, which the run writes.
"""

from collections import Counter
from pathlib import Path

import pytest

from tests.support.mutation import Kind, Mutant, Target, Verdict, mutants, try_mutants
from tests.support.tree import ROOT, modules, name

REPORT = ROOT / "docs" / "mutation.md"
BY_HAND = "\n## Checks of newer modules"
# Without one of these something would pass that must not
GRAVE = {Kind.DELETED_CHECK, Kind.DROPPED_OPERAND}

MODULE = """
LIMIT = 3

def read(value, log):
    if value is None or value == 0:
        raise ValueError
    log(value)
    if value > LIMIT:
        return 9
    elif value in (1, 2):
        raise KeyError
    return value if value < 2 else 0
"""


def targets() -> list[Target]:
    """What is mutated, and which tests have to notice; those that mirror a module come first."""
    files = [name(file) for file in modules("protocol/sdjwt") if file.name != "__init__.py"]
    files += ["protocol/oid4vp/verify.py", "protocol/oid4vci/proof.py"]
    found = []
    for file in files:
        folder, stem = ROOT / "tests" / Path(file).parent, Path(file).stem
        own = [*folder.glob(f"test_{stem}.py"), *sorted(folder.glob(f"test_{stem}_*.py"))]
        others = [folder] if file.startswith("protocol/sdjwt/") else []
        found.append(Target(file, tuple(name(path) for path in (*own, *others))))
    return found


def report(verdicts: list[Verdict]) -> str:
    """The table for docs/mutation.md."""
    lines = [
        "# Mutation run",
        "",
        "Written by `tests/attacks/test_mutation.py` (`make soak`). Each mutant is a module with one thing wrong: a check",
        "or one of its conditions deleted, a condition negated, a comparison swapped, a boundary moved by one, a call whose",
        "result nobody uses dropped. The tests of the module run against it; it survives if they all pass.",
        "",
        "| module | mutants | noticed | survived |",
        "|---|---|---|---|",
    ]
    files = dict.fromkeys(verdict.mutant.file for verdict in verdicts)
    lines += [_row(f"`{file}`", [verdict for verdict in verdicts if verdict.mutant.file == file]) for file in files]
    lines += ["", "| what was wrong | mutants | noticed | survived |", "|---|---|---|---|"]
    lines += [_row(str(kind), [verdict for verdict in verdicts if verdict.mutant.kind is kind]) for kind in Kind]
    lines.append(_row("all", verdicts))
    survivors = [verdict.mutant for verdict in verdicts if verdict.survived]
    if survivors:
        lines += ["", "## Survivors", "", "| where | what was wrong | why nobody notices |", "|---|---|---|"]
        lines += [f"| `{m.file}` | `{_cell(m.change)}` | {HARMLESS.get(m.place, '')} |" for m in survivors]
    return "\n".join(lines) + "\n"


def _row(label: str, verdicts: list[Verdict]) -> str:
    survived = Counter(verdict.survived for verdict in verdicts)
    return f"| {label} | {len(verdicts)} | {survived[False]} | {survived[True]} |"


def _cell(text: str) -> str:
    return text.replace("`", "'").replace("|", "\\|")


# Survivors that behave like the original, by place: reason
_ISSUE = (
    "protocol/sdjwt/issue.py: members={name: _frame(branch) for name, branch in tree.items()"
    " if name is not None and name != _HERE"
)
HARMLESS: dict[str, str] = {
    "protocol/sdjwt/issue.py: if part.members and isinstance(item, dict): → without `part.members`": (
        "an object with nothing to hide is copied instead of kept"
    ),
    f"{_ISSUE} → without `name is not None`": "no member of a JSON object is called None",
    f"{_ISSUE} → without `name != _HERE`": "the mark is no text, so no member is called like it",
    'protocol/sdjwt/issuer_key.py: return IssuerKey(document.key(header.kid or "", "assertionMethod"), party)'
    " → without `''`": "no key of a document is called None either",
    "protocol/sdjwt/issuer_key.py: jwks = yield from _fetch(jwks_uri or \"\") → without `''`": (
        "without keys there is an address, as was checked before; the text is there for the types"
    ),
    "protocol/sdjwt/type_metadata.py: return _label(claim.display or (), language) if claim else None → without `()`": (
        "a claim that was chosen has labels; the tuple is there for the types"
    ),
}


def test_everything_that_can_go_wrong_with_a_module_goes_wrong_once():
    made = mutants("module.py", MODULE)
    assert Counter(mutant.kind for mutant in made) == {
        Kind.DELETED_CHECK: 3,
        Kind.DROPPED_OPERAND: 2,
        Kind.NEGATED_CONDITION: 4,
        Kind.SWAPPED_COMPARISON: 7,
        Kind.MOVED_BOUNDARY: 6,
        Kind.DROPPED_CALL: 1,
    }
    assert len({mutant.source for mutant in made}) == len(made)
    for mutant in made:
        compile(mutant.source, mutant.file, "exec")


def test_a_mutant_says_where_and_what_it_is():
    checks = [mutant for mutant in mutants("module.py", MODULE) if mutant.kind is Kind.DELETED_CHECK]
    assert checks[0].place == "module.py: if value is None or value == 0: → deleted"
    assert "if False:\n        raise ValueError" in checks[0].source


def test_every_module_that_has_to_be_mutated_is():
    files = [target.file for target in targets()]
    assert {"protocol/sdjwt/verify.py", "protocol/oid4vp/verify.py", "protocol/oid4vci/proof.py"} <= set(files)
    assert all(target.tests for target in targets())


def test_the_report_counts_and_names_what_survived():
    mutant = Mutant("a.py", 1, Kind.DELETED_CHECK, "if x: → deleted", "")
    text = report([Verdict(mutant, survived=True), Verdict(mutant, survived=False)])
    assert "| `a.py` | 2 | 1 | 1 |" in text
    assert "| `a.py` | `if x: → deleted` |" in text
    assert "Survivors" not in report([Verdict(mutant, survived=False)])


@pytest.mark.soak
def test_no_check_can_be_taken_away_unnoticed(tmp_path):
    verdicts = try_mutants(targets(), tmp_path)
    # What was run by hand stands below, and stays
    _, by_hand, rest = REPORT.read_text().partition(BY_HAND)
    REPORT.write_text(report(verdicts) + by_hand + rest)
    survivors = [verdict.mutant for verdict in verdicts if verdict.survived]
    assert [mutant.place for mutant in survivors if mutant.kind in GRAVE and mutant.place not in HARMLESS] == []
