"""Every service is set up, served and looked after with its keys in a PKCS#11 token, by the same three options."""

import json
import os
import tomllib
from pathlib import Path

import pytest
from typer import Typer

from hoheit.cli import build
from hoheit.doctor import check_keys, check_machine
from issuer.cli import app as issuer
from registrar.cli import app as registrar
from runtime.key_token import KeyReference, KeyUse, open_token
from runtime.seal import read_private
from tests.support.commands import Commands
from tests.support.softhsm import OTHER_PIN, PIN
from verifier.cli import app as verifier
from wallet.provider.cli import app as provider

OPERATOR = [
    *("--identifier", "NTRDE-HRB 1", "--email", "post@register.example", "--phone", "+49 30 1"),
    *("--street", "Am Markt 1", "--locality", "Lindenau", "--postal-code", "01234"),
]
# No address of ours, so that nothing listens if it got that far
SERVE = ["serve", "--host", "192.0.2.1"]
ROLES: dict[str, tuple[Typer, list[str]]] = {
    "issuer": (issuer, []),
    "verifier": (verifier, []),
    "registrar": (registrar, OPERATOR),
    "provider": (provider, []),
}


@pytest.fixture(autouse=True)
def _demo(monkeypatch):
    for name in [name for name in os.environ if name.startswith("HOHEIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOHEIT_ENV", "demo")


@pytest.fixture(params=list(ROLES))
def role(request):
    return request.param


@pytest.fixture
def data(tmp_path, role):
    return tmp_path / role


def commands(role):
    return Commands(ROLES[role][0])


def init(role, *more):
    return ["init", "--public-url", "http://service.localhost:8000", "--name", "en=Service", *ROLES[role][1], *more]


@pytest.fixture
def service(softhsm, role, data):
    commands(role).done(data, *init(role, *softhsm.options))
    return data


def test_no_private_key_is_in_the_folder(service, role, softhsm):
    keys = [file for file in service.glob("*.key") if file.name != "seal.key"]
    assert keys
    for file in keys:
        reference = KeyReference.from_uri(read_private(file).decode(), file.name)
        assert reference.label == f"{role} {file.stem}"
        assert open_token(softhsm.access).find_key(reference).public_key.crv == "P-256"
    settings = tomllib.loads((service / f"{role}.toml").read_text())
    assert {name: value for name, value in settings.items() if name.startswith("hsm")} == {
        "hsm_module": str(softhsm.module),
        "hsm_token": softhsm.label,
        "hsm_pin_file": str(softhsm.pin_file),
    }
    assert not any(PIN.encode() in file.read_bytes() for file in service.iterdir() if file.is_file())


def test_a_wrong_pin_ends_a_service_before_it_starts(service, role, softhsm):
    """T252"""
    softhsm.say_pin(OTHER_PIN)
    said = commands(role).refused(service, *SERVE)
    assert said == f"the PIN of the token {softhsm.label} is wrong; it is not tried again"


def test_a_token_that_is_away_ends_a_service_before_it_starts(service, role, softhsm):
    """T252"""
    with softhsm.gone():
        said = commands(role).refused(service, *SERVE)
    assert softhsm.label in said


def test_a_token_that_is_not_there_leaves_nothing_half_made(softhsm, role, data):
    """T252"""
    with softhsm.gone():
        assert softhsm.label in commands(role).refused(data, *init(role, *softhsm.options))
    assert not data.exists()
    commands(role).done(data, *init(role, *softhsm.options))


@pytest.mark.parametrize("left_out", [0, 2, 4])
def test_half_of_what_is_to_be_said_is_refused(softhsm, role, data, left_out):
    """T252"""
    options = [*softhsm.options]
    del options[left_out : left_out + 2]
    said = commands(role).refused(data, *init(role, *options))
    assert said == "hsm_module, hsm_token and hsm_pin_file are said together"
    assert not data.exists()


def test_a_pin_may_come_by_the_environment_but_never_stands_in_the_settings(softhsm, role, data, monkeypatch):
    monkeypatch.setenv(f"HOHEIT_{role.upper()}_HSM_PIN", PIN)
    commands(role).done(data, *init(role, *softhsm.options[:4]))
    assert PIN not in (data / f"{role}.toml").read_text()
    [line] = check_keys(data)
    assert line.good
    with (data / f"{role}.toml").open("r+") as file:
        text = file.read()
        file.seek(0)
        file.write(f'hsm_pin = "{PIN}"\n{text}')
    said = commands(role).refused(data, *SERVE)
    assert "hsm_pin is said by hsm_pin_file" in said
    assert PIN not in said


def test_the_doctor_says_whether_the_keys_are_there(service, role, softhsm):
    [line] = check_keys(service)
    assert line.good
    assert line.what.endswith(f"can be used, in the token {softhsm.label}")
    with softhsm.gone():
        [line] = check_keys(service)
    assert line.good is False
    assert softhsm.label in line.what
    assert Path(line.advice.removeprefix("see ")).exists()


def test_the_doctor_finds_a_key_that_was_lost(service, role, softhsm):
    name = next(file.stem for file in service.glob("*.key") if file.name != "seal.key")
    token = open_token(softhsm.access)
    token.destroy_key(KeyReference.from_uri((service / f"{name}.key").read_text(), name))
    [line] = check_keys(service)
    assert line.good is False
    assert f"the key {role} {name} is not in the token" in line.what


def test_the_doctor_finds_keys_of_a_folder_without_a_token_too(role, data, tmp_path):
    commands(role).done(data, *init(role))
    [line] = check_keys(data)
    assert line.good
    assert line.what.endswith("sealed in the folder")
    (data / "authority.key").write_bytes(b"\x01damaged")
    [line] = check_keys(data)
    assert line.good is False
    [line] = check_keys(tmp_path)
    assert line.good is False
    assert "no service was set up here" in line.what


def test_the_doctor_says_which_setting_is_wrong(service, role):
    (service / f"{role}.toml").write_text("public_url = 3\n")
    [line] = check_keys(service)
    assert line.good is False
    assert "public_url" in line.what


def test_the_command_looks_at_folders(service, role, softhsm, capsys):
    with pytest.raises(SystemExit) as end:
        build("doctor")(["doctor", "--json", "--data", str(service)])
    lines = json.loads(capsys.readouterr().out)
    assert end.value.code == 0
    assert any(softhsm.label in line["what"] and line["good"] for line in lines)


def test_the_doctor_says_whether_tokens_can_be_used(tmp_path):
    assert "keys can live in a PKCS#11 token" in [line.what for line in check_machine(tmp_path)]


def test_an_issuer_that_is_older_gets_its_key_for_decryption_in_the_token(softhsm, tmp_path):
    data = tmp_path / "issuer"
    commands("issuer").done(data, *init("issuer", *softhsm.options))
    (data / "encryption.key").unlink()
    commands("issuer").done(data, "encryption-key")
    reference = KeyReference.from_uri((data / "encryption.key").read_text(), "encryption.key")
    made = open_token(softhsm.access).make_key(KeyReference("peer", b"\x01"), KeyUse.AGREE)
    key = open_token(softhsm.access).find_key(reference)
    assert key.agree(made.public_key) == made.agree(key.public_key)
