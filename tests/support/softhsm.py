"""Tokens of the tests' own: SoftHSM, a PKCS#11 token in software, with a folder for each test."""

import contextlib
import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from runtime.key_token import TokenAccess

PIN = "4711-0815"
OTHER_PIN = "9999-0000"
_SO_PIN = "security officer"
_MODULES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/*/softhsm/libsofthsm2.so")


@dataclass(frozen=True, slots=True)
class SoftHsm:
    """A token, and what happens to it."""

    folder: Path
    label: str
    module: Path

    @property
    def pin_file(self) -> Path:
        """Where an operator keeps the PIN."""
        return self.folder / "pin"

    @property
    def settings(self) -> Path:
        """Where SoftHSM reads which tokens there are."""
        return self.folder / "softhsm2.conf"

    @property
    def access(self) -> TokenAccess:
        """How it is reached."""
        return TokenAccess(self.module, self.label, self.pin_file)

    @property
    def options(self) -> list[str]:
        """What `init` of any role is told."""
        return [
            "--hsm-module",
            str(self.module),
            "--hsm-token",
            self.label,
            "--hsm-pin-file",
            str(self.pin_file),
        ]

    def say_pin(self, pin: str) -> None:
        """Write another PIN into the file."""
        self.pin_file.write_text(f"{pin}\n")

    @contextlib.contextmanager
    def gone(self) -> Iterator[None]:
        """Somebody pulled the plug, while the block lasts."""
        away = self.folder / "away"
        (self.folder / "tokens").rename(away)
        try:
            yield
        finally:
            away.rename(self.folder / "tokens")

    def set_up_anew(self) -> None:
        """Everything in it is lost; the label and the PIN are the same."""
        shutil.rmtree(self.folder / "tokens")
        (self.folder / "tokens").mkdir()
        self.initialize()

    def initialize(self) -> None:
        """Make the token, as an operator does."""
        _run("--init-token", "--free", "--label", self.label, "--pin", PIN, "--so-pin", _SO_PIN)


def find_module() -> Path | None:
    """Where Debian puts it."""
    found = [path for pattern in _MODULES for path in Path("/").glob(pattern.lstrip("/"))]
    return next(iter(found), None) if shutil.which("softhsm2-util") else None


@pytest.fixture
def softhsm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SoftHsm:
    """A fresh token; without SoftHSM tests are skipped, or fail where HOHEIT_REQUIRE_SOFTHSM=1."""
    module = find_module()
    if module is None:
        reason = "softhsm2 is not installed (make test gets it)"
        if os.environ.get("HOHEIT_REQUIRE_SOFTHSM") == "1":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    made = fresh_token(tmp_path / "softhsm", module)
    monkeypatch.setenv("SOFTHSM2_CONF", str(made.settings))
    made.initialize()
    return made


def fresh_token(folder: Path, module: Path) -> SoftHsm:
    """A token in a folder of its own, to be initialized where SOFTHSM2_CONF names its settings."""
    made = SoftHsm(folder, f"test {uuid.uuid4().hex[:16]}", module)
    (folder / "tokens").mkdir(parents=True)
    made.settings.write_text(f"directories.tokendir = {folder / 'tokens'}\nlog.level = ERROR\n")
    made.pin_file.touch(mode=0o600)
    made.say_pin(PIN)
    return made


def _run(*arguments: str) -> None:
    subprocess.run(["softhsm2-util", *arguments], check=True, capture_output=True)
