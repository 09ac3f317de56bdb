"""What the README tells people to type is there."""

import re

import pytest
import typer.main

from hoheit.cli import build
from tests.support.tree import ROOT

pytestmark = pytest.mark.flow

README = (ROOT / "README.md").read_text(encoding="utf-8")
TYPED = sorted(set(re.findall(r"^(?:make|hoheit) .+$|(?<=`)(?:make|hoheit) [^`]+(?=`)", README, re.MULTILINE)))


def test_the_readme_tells_what_to_type():
    assert {"make demo", "make test"} < set(TYPED)


@pytest.mark.parametrize("line", [line for line in TYPED if line.startswith("make")])
def test_a_target_of_the_readme_exists(line):
    target = line.split()[1]
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("line", [line for line in TYPED if line.startswith("hoheit")])
def test_a_command_of_the_readme_exists(line):
    _, *words = line.split()
    command = typer.main.get_command(build(words[0]))
    for word in words:
        if word == "--help" or not hasattr(command, "commands"):
            break
        assert word in command.commands
        command = command.commands[word]
    assert not hasattr(command, "commands") or words[-1] == "--help"
