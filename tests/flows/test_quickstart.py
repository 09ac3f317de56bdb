"""From nothing to a partner whose requests a strict wallet accepts, by one command."""

import os
import subprocess
import sys
from contextlib import contextmanager

import pytest

from hoheit.registrar.quickstart import QuickPlace
from protocol.encoding import encode_json
from protocol.exchange import Exchange, HttpRequest, send
from protocol.fields import Fields
from runtime.anchors import AnchorFolder
from runtime.settings import Environment
from tests.support.ports import free_port
from tests.wallet.counterparts import QUICK
from verifier.cli.commands import make_api_key
from wallet.app import create_wallet, open_wallet
from wallet.config import WalletSettings

pytestmark = pytest.mark.flow

PASSPHRASE = "a long passphrase for a short life"


def command(place, *options):
    program = [
        sys.executable,
        "-c",
        "from hoheit.cli import main; main()",
        "registrar",
        "quickstart",
        str(place.folder),
    ]
    return [*program, "--port", str(place.port), *options]


def surroundings():
    return {name: value for name, value in os.environ.items() if not name.startswith("HOHEIT_")}


@contextmanager
def served(place):
    """What the command serves, from when it says so."""
    with subprocess.Popen(command(place), env=surroundings(), stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            told = []
            for line in process.stdout:
                told.append(line)
                if "Ask at" in line:
                    break
            yield "".join(told)
        finally:
            process.terminate()
        assert process.wait(20) == 0


def ask(place, key, use_case) -> Exchange[Fields]:
    headers = (("authorization", f"Bearer {key}"), ("content-type", "application/json"))
    body = encode_json({"use_case": use_case})
    response = yield from send(HttpRequest("POST", f"{place.partner_url}/api/requests", headers, body))
    assert response.status == 201, response.body
    return Fields(response.json("answer"), "answer")


def test_one_command_makes_a_partner_whom_a_strict_wallet_answers(tmp_path, monkeypatch):
    monkeypatch.setenv("HOHEIT_ENV", "demo")
    place = QuickPlace(tmp_path / "quick", free_port())
    with served(place) as told:
        assert "Kino Capitol is registered as NTRDE-HRB 4711, and may ask: over-18." in told
        settings = WalletSettings(
            env=Environment.DEMO, data=tmp_path / "wallet", anchors=place.wallet_anchors, haip=True, language="en"
        )
        create_wallet(settings, PASSPHRASE, QUICK)
        key = make_api_key(place.partner, "test")
        with open_wallet(settings, PASSPHRASE) as opened:
            link = opened.run(ask(place, key, "over-18")).text("uri")
            seen = opened.run(opened.wallet.presenting.look(link))
        standing = seen.consent.standing
        assert standing.answerable
        assert not standing.is_odd
        assert standing.registration is not None
        assert (standing.registration.name, standing.beyond) == ("Kino Capitol", ())
        assert standing.registration.purpose


def test_the_second_start_changes_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("HOHEIT_ENV", "demo")
    place = QuickPlace(tmp_path / "quick", free_port())
    first, second = (
        subprocess.run(
            command(place, "--once"), env=surroundings(), capture_output=True, text=True, timeout=60, check=True
        )
        for _ in range(2)
    )
    assert first.stdout == second.stdout
    assert AnchorFolder(place.wallet_anchors, lambda: 0).current().anchors == ()


@pytest.mark.parametrize(
    ("options", "problem"),
    [(("--identifier", "4711"), "identifier"), (("--use-case", "everything"), "use case")],
)
def test_what_cannot_be_registered_is_one_line(tmp_path, options, problem):
    place = QuickPlace(tmp_path / "quick", free_port())
    refused = subprocess.run(
        command(place, "--once", *options), env=surroundings(), capture_output=True, text=True, timeout=60, check=False
    )
    assert refused.returncode == 1
    assert refused.stderr.startswith("error: ")
    assert problem in refused.stderr


def test_production_is_no_place_for_it(tmp_path):
    place = QuickPlace(tmp_path / "quick", free_port())
    refused = subprocess.run(
        command(place),
        env={**surroundings(), "HOHEIT_ENV": "production"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert refused.returncode == 1
    assert "trying out" in refused.stderr
    assert not place.folder.exists()
