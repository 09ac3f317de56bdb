"""The one command: it is there at once, and says in one line what went wrong."""

import subprocess
import sys

import pytest

from hoheit.cli import COMMANDS


def hoheit(*arguments: str, code: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    command = [sys.executable, "-m", "hoheit", *arguments] if code is None else [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_help_lists_every_command_and_loads_nothing_heavy():
    code = (
        "import sys; sys.argv = ['hoheit', '--help']\n"
        "from hoheit.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(sorted({'fastapi', 'sqlalchemy', 'starlette', 'uvicorn', 'httpx2'} & set(sys.modules)))"
    )
    answer = hoheit(code=code)
    assert all(name in answer.stdout for name in COMMANDS)
    assert answer.stdout.strip().endswith("[]")


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_explains_itself(name):
    answer = hoheit(name, "--help")
    assert answer.returncode == 0, answer.stderr
    assert "Usage: " in answer.stdout


def test_what_a_peer_caused_is_one_line_and_status_1():
    answer = hoheit("inspect", "hello")
    assert answer.returncode == 1
    assert answer.stdout == ""
    assert answer.stderr == "error: input: is no token, link, certificate, DID or message that is known here\n"


def test_an_unknown_command_is_refused():
    assert hoheit("conquer").returncode == 2


def test_the_version_is_said():
    assert hoheit("--version").stdout.strip() == "0.1.0"
