"""What the page for operators of a register tells them to type does what it says."""

import re
import tomllib

import pytest

from protocol.trust.list_types import ListType
from registrar.app import open_registrar, open_store
from registrar.config import RegistrarSettings
from runtime.driver import drive
from runtime.http import NoSender
from runtime.toml import write_toml
from tests.flows.test_registering_page import KEEPING, typed
from tests.support.registrar import authority_pem, cinema
from tests.support.tree import ROOT

pytestmark = pytest.mark.flow

PAGE = (ROOT / "docs/tutorials/operator.md").read_text(encoding="utf-8")
DECIDING, ENDING = re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
[SECTOR] = re.findall(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def folder(tmp_path):
    """A register, to which the cinema has applied."""
    made = typed(tmp_path, KEEPING.rsplit("hoheit registrar operator", 1)[0])
    assert made.returncode == 0, made.stderr
    store = open_store(RegistrarSettings.read(tmp_path / "register"))
    registrar = open_registrar(RegistrarSettings.read(tmp_path / "register"), store)
    drive(registrar.parties.apply(cinema(identifier="NTRDE-HRB 4711")), store, NoSender())
    store.database.dispose()
    return tmp_path


def test_an_application_is_read_approved_stopped_and_ended(folder):
    decided = typed(folder, DECIDING)
    assert decided.returncode == 0, decided.stderr
    assert "Kino Capitol" in decided.stdout
    assert decided.stdout.splitlines()[-1] == "NTRDE-HRB 4711: registered"
    ended = typed(folder, ENDING)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines() == [f"NTRDE-HRB 4711: {s}" for s in ("suspended", "registered", "removed")]


def test_a_sector_is_written_down_as_the_page_says(tmp_path):
    shown = re.sub(r"-----BEGIN.*END CERTIFICATE-----\n", authority_pem(), SECTOR, flags=re.DOTALL)
    members = tomllib.loads(shown)
    assert [one["type"] for one in members["lists"]] == [ListType.SECTOR]
    (tmp_path / "sector.toml").write_text(write_toml(cinema(uses=None, **members).to_dict()))
    checked = typed(tmp_path, "hoheit registrar check sector.toml")
    assert checked.returncode == 0, checked.stderr
