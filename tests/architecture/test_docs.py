"""The documents speak of what is there: no path leads nowhere, and every specification's code is on the map."""

import re

import pytest

from tests.support.tree import ROOT, modules, name

SPAN = re.compile(r"`([^`\n]+)`")
# A path begins with something that stands at the top: a folder, or a file of the project by its whole name.
PATH = re.compile(
    r"(?:\.ci|deploy|docs|hoheit|issuer|protocol|requirements|runtime|tests|verifier|wallet)/[\w./-]*|[\w-]+\.(?:toml|md)|Makefile"
)


def named_paths(text: str) -> set[str]:
    """The paths that a text names in backticks."""
    return {span for span in SPAN.findall(text) if PATH.fullmatch(span)}


@pytest.mark.parametrize(
    "document",
    [
        "README.md",
        "docs/map.md",
        "docs/haip.md",
        "docs/sovereignty/tested.md",
        "docs/threats.md",
        "docs/contributing.md",
    ],
)
def test_every_path_that_is_named_exists(document):
    named = named_paths((ROOT / document).read_text())
    assert sorted(path for path in named if not (ROOT / path).exists()) == []


def test_every_module_of_the_ground_is_on_the_map():
    ground = {name(file) for file in modules("protocol") if file.name != "__init__.py"}
    assert sorted(ground - named_paths((ROOT / "docs/map.md").read_text())) == []


def test_paths_are_told_from_other_code():
    text = "`protocol/x509.py` `tests/flows` `pyproject.toml` `make demo` `dc+sd-jwt` `/api/openapi.json`"
    assert named_paths(text) == {"protocol/x509.py", "tests/flows", "pyproject.toml"}
