"""A registrar's folder."""

import os

import pytest

from registrar.cli import app
from tests.support.commands import Commands

URL = "http://register.localhost:8000"
SEAT = ("--street", "Lindenweg 9", "--locality", "Lindenau", "--postal-code", "01234")
OPERATOR = ("--identifier", "NTRDE-HRA 99", "--email", "post@register.example", "--phone", "+49 30 99")


@pytest.fixture
def data(tmp_path, monkeypatch):
    for name in [name for name in os.environ if name.startswith("HOHEIT_REGISTRAR_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOHEIT_ENV", "demo")
    folder = tmp_path / "registrar"
    Commands(app).done(folder, "init", "--public-url", URL, "--name", "de=Registerstelle", *OPERATOR, *SEAT)
    return folder
