"""What must stand in no committed file: the address of a package registry, a path of somebody's machine."""

import re

import pytest

from tests.support.tree import name, project_files

# Dots in brackets keep the patterns from finding themselves.
FORBIDDEN = re.compile(
    r"""
      (?:^|[/@.\s"'])(?:pypi|pythonhosted|npmjs|deb[.]debian|security[.]debian|snapshot[.]debian|unpkg|jsdelivr)[.](?:org|com|net)
    | (?:crates|ghcr|quay)[.]io
    | ^\s*(?:-i|-f|--index-url|--extra-index-url|--find-links|--trusted-host)\s
    | (?<![\w./~-])/(?:root|home/\w+|Users/\w+)/
    """,
    re.VERBOSE | re.MULTILINE,
)


def test_no_registry_and_no_machine_is_named():
    found = {}
    for file in project_files():
        text = file.read_bytes().decode("utf-8", errors="replace")
        if match := FORBIDDEN.search(text):
            found[name(file)] = match.group().strip()
    assert found == {}


@pytest.mark.parametrize(
    "line",
    [
        "https://files.python" + "hosted.org/packages/x",
        "see py" + "pi.org/project/x",
        "--index-url https://mirror.example/simple",
        "# via /ro" + "ot/x/pyproject.toml",
    ],
)
def test_a_registry_or_a_machine_is_seen(line):
    assert FORBIDDEN.search(line)


@pytest.mark.parametrize("line", ["https://agency.example/home/page", "--no-emit-index-url", "pip install -e ."])
def test_other_text_is_free(line):
    assert not FORBIDDEN.search(line)
