"""The source tree as tests of the architecture see it."""

import ast
import os
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("protocol", "runtime", "capabilities", "issuer", "wallet", "verifier", "registrar", "hoheit")


def existing_packages() -> tuple[str, ...]:
    """The packages of the house that stand already."""
    return tuple(name for name in PACKAGES if (ROOT / name / "__init__.py").exists())


def modules(*packages: str) -> tuple[Path, ...]:
    """The Python files of some packages, or of all, in a fixed order."""
    return tuple(file for name in packages or PACKAGES for file in sorted((ROOT / name).rglob("*.py")))


@cache
def parse(file: Path) -> ast.Module:
    """The syntax tree of one Python file."""
    return ast.parse(file.read_bytes(), str(file))


def name(file: Path) -> str:
    """A path as messages show it."""
    return file.relative_to(ROOT).as_posix()


def project_files() -> tuple[Path, ...]:
    """Every file that is committed or would be; without git, every file outside hidden and built folders."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listing.returncode == 0:
        files = [ROOT / os.fsdecode(path) for path in listing.stdout.split(b"\0") if path]
    else:
        files = list(_walk(ROOT))
    return tuple(sorted(file for file in files if file.is_file()))


def _walk(folder: Path) -> Iterator[Path]:
    built = {"__pycache__", "build", "dist"}
    for path in folder.iterdir():
        if path.is_dir():
            if path.name not in built and (path.name == ".ci" or not path.name.startswith(".")):
                yield from _walk(path)
        else:
            yield path
