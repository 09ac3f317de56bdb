"""What the page about getting registered tells people to type does what it says."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from capabilities.registration.entries import read_services
from registrar.announcing import check_entry, read_entries
from runtime.toml import write_toml
from tests.support.registrar import cinema, use
from tests.support.tree import ROOT

pytestmark = pytest.mark.flow

PAGE = (ROOT / "docs/tutorials/registering.md").read_text(encoding="utf-8")
QUICK, BY_COMMAND, HANDING_IN, KEEPING = re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)

[SERVICES] = re.findall(r"^```json\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def typed(folder, script, **more):
    variables = {name: value for name, value in os.environ.items() if not name.startswith("HOHEIT_")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{variables['PATH']}"
    return subprocess.run(
        ["sh"], check=False, input=f"set -e\n{script}", cwd=folder, env={**variables, "PATH": path, **more},
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip


def test_one_command_sets_up_a_partner(tmp_path):
    done = typed(tmp_path, QUICK.strip() + " --once")
    assert done.returncode == 0, done.stderr
    assert "is registered as" in done.stdout
    assert (tmp_path / "trial" / "wallet-anchors" / "anchors.toml").exists()


def test_a_verifier_writes_down_what_it_asks_and_looks_whether_it_is_covered(tmp_path):
    write, check, lint, register = BY_COMMAND.splitlines()
    setting_up = (
        'hoheit verifier init --data verifier --public-url https://kino.example --name "de=Kino" --use-case over-18\n'
    )
    written = typed(tmp_path, setting_up + write)
    assert written.returncode == 0, written.stderr
    assert "over-18" in (tmp_path / "registration.toml").read_text()
    both = [
        *use()["credentials"],
        {
            "format": "mso_mdoc",
            "doctype_value": "eu.europa.ec.eudi.pid.1",
            "claims": [["eu.europa.ec.eudi.pid.1", "age_over_18"]],
        },
    ]
    (tmp_path / "registration.toml").write_text(write_toml(cinema(uses=[use(credentials=both)]).to_dict()))
    (tmp_path / "use_cases").mkdir()
    (tmp_path / "use_cases" / "over-18.toml").write_text((ROOT / "verifier/use_cases/over-18.toml").read_text())
    looked = typed(tmp_path, f"{check}\n{lint}")
    assert (looked.returncode, looked.stdout.count("✓")) == (0, 2), looked.stderr
    # Nobody keeps a register at this address
    refused = typed(tmp_path, register.replace("--wait ", ""))
    assert refused.returncode == 1
    assert refused.stderr.startswith("error: ")


def test_a_register_is_set_up_with_somebody_who_decides(tmp_path):
    setting_up, serve = KEEPING.rsplit("hoheit registrar serve", 1)
    done = typed(tmp_path, setting_up)
    assert done.returncode == 0, done.stderr
    assert "Sign in at https://register.example/operator" in done.stdout
    assert serve.strip() == "--data register"


def test_the_services_of_the_page_can_be_handed_in_by_whoever_is_registered(tmp_path):
    services, unreadable = read_entries(read_services(SERVICES.encode(), "services.json"))
    assert unreadable == ()
    assert [problem.sentence for one in services for problem in check_entry(one, cinema(), tuple)] == []
    (tmp_path / "services.json").write_text(SERVICES)
    setting_up = (
        'hoheit verifier init --data verifier --public-url https://kino.example --name "de=Kino" --use-case over-18\n'
    )
    # Whoever is in no register has nowhere to hand them in
    refused = typed(tmp_path, setting_up + HANDING_IN)
    assert refused.returncode == 1
    assert refused.stderr.startswith("error: ")
    assert "registration.toml" in refused.stderr
