"""Settings: one file, overridden by the environment, refused in one line that names the setting and no value."""

import os

import pytest
from pydantic import ValidationError

from issuer.app import SHIPPED_TYPES, open_types
from issuer.config import IssuerSettings
from issuer.credential_types import read_types
from runtime.settings import Environment, setting_problem

SHIPPED = set(read_types(SHIPPED_TYPES))
FILE = 'public_url = "https://agency.example"\n[name]\nde = "Bürgeramt"\n'


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch):
    for name in [name for name in os.environ if name.startswith("HOHEIT_")]:
        monkeypatch.delenv(name)


def settings(folder, text=FILE):
    IssuerSettings.file(folder).write_text(text, encoding="utf-8")
    return IssuerSettings.read(folder)


def problem(folder, text=FILE):
    with pytest.raises(ValidationError) as refusal:
        settings(folder, text)
    return setting_problem(refusal.value)


def test_the_default_is_production_and_strict(tmp_path):
    read = settings(tmp_path)
    assert read.env is Environment.PRODUCTION
    assert read.require_dpop
    assert not read.automatic_login
    assert not read.fixed_tx_code
    assert read.data == tmp_path


def test_the_environment_wins_over_the_file(tmp_path, monkeypatch):
    monkeypatch.setenv("HOHEIT_ISSUER_REQUIRE_DPOP", "false")
    monkeypatch.setenv("HOHEIT_ISSUER_TYPES", '["pid"]')
    read = settings(tmp_path, "require_dpop = true\n" + FILE)
    assert not read.require_dpop
    assert read.types == ("pid",)


def test_the_folder_that_was_asked_for_wins_over_the_environments(tmp_path, monkeypatch):
    monkeypatch.setenv("HOHEIT_ISSUER_DATA", "elsewhere")
    assert settings(tmp_path).data == tmp_path


@pytest.mark.parametrize("env", ["production", "demo"])
@pytest.mark.parametrize("setting", ['fixed_tx_code = "123456"', "automatic_login = true"])
def test_what_is_for_tests_is_refused_elsewhere(tmp_path, monkeypatch, env, setting):
    monkeypatch.setenv("HOHEIT_ENV", env)
    assert problem(tmp_path, f"{setting}\n{FILE}") == "fixed_tx_code and automatic_login need HOHEIT_ENV=test"


@pytest.mark.parametrize("setting", ['fixed_tx_code = "123456"', "automatic_login = true"])
def test_tests_may_have_what_is_for_tests(tmp_path, monkeypatch, setting):
    monkeypatch.setenv("HOHEIT_ENV", "test")
    assert settings(tmp_path, f"{setting}\n{FILE}").env is Environment.TEST


LOCAL = FILE.replace("https://agency.example", "http://agency.localhost:8000")


def test_an_address_of_this_machine_is_refused_in_production(tmp_path, monkeypatch):
    assert problem(tmp_path, LOCAL).startswith("public_url is an address of this machine")
    register = 'register_kind = "http"\nregister_url = "https://register.localhost"\n' + FILE
    assert problem(tmp_path, register).startswith("register_url is an address of this machine")
    monkeypatch.setenv("HOHEIT_ENV", "demo")
    assert settings(tmp_path, LOCAL).public_url == "http://agency.localhost:8000"
    assert settings(tmp_path, register).register_url == "https://register.localhost"


@pytest.mark.parametrize("line", ['env = "test"', 'data = "elsewhere"'])
def test_a_file_cannot_say_where_it_stands(tmp_path, line):
    """What HOHEIT_ENV=production refuses must not come back through a file."""
    with pytest.raises(ValueError, match="not by a file"):
        settings(tmp_path, f"{line}\n{FILE}")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "public_url"),
        ('public_url = "https://agency.example"', "name"),
        ('public_url = "https://agency.example"\nname = {}', "name"),
        (FILE.replace("https:", "http:"), "public_url"),
        (FILE.replace(".example", ".example/"), "public_url"),
        (FILE.replace(".example", ".example?a=b"), "public_url"),
        (FILE.replace("agency", "me:MARKER@agency"), "public_url"),
        ("publik = 1\n" + FILE, "publik"),
        ('require_dpop = "MARKER"\n' + FILE, "require_dpop"),
        ('database_url = "oracle://MARKER"\n' + FILE, "database_url"),
        ('database_url = "MARKER"\n' + FILE, "database_url"),
        ('register_kind = "ldap"\n' + FILE, "register_kind"),
        ('register_url = "https://MARKER.example"\n' + FILE, "register_url"),
        ('register_kind = "http"\n' + FILE, "register_url"),
        ('register_kind = "http"\nregister_url = "http://MARKER.example"\n' + FILE, "register_url"),
        ('register_kind = "http"\nregister_url = "https://MARKER.example/"\n' + FILE, "register_url"),
    ],
)
def test_a_wrong_setting_is_one_line_with_its_name_and_without_its_value(tmp_path, text, named):
    """T252, T258."""
    line = problem(tmp_path, text)
    assert named in line
    assert "MARKER" not in line
    assert "\n" not in line


@pytest.mark.parametrize("code", ["1234", "1234567", "12345a", "१२३४५६"])
def test_a_fixed_code_looks_like_every_other(tmp_path, monkeypatch, code):
    monkeypatch.setenv("HOHEIT_ENV", "test")
    assert "fixed_tx_code" in problem(tmp_path, f'fixed_tx_code = "{code}"\n{FILE}')


def test_a_file_that_is_no_toml_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"issuer\.toml: is not TOML"):
        settings(tmp_path, "public_url = ")


def test_a_folder_that_was_not_set_up_is_said(tmp_path):
    with pytest.raises(FileNotFoundError):
        IssuerSettings.read(tmp_path)


def test_secrets_are_not_shown(tmp_path):
    """T258."""
    read = settings(tmp_path, f'register_key = "MARKER"\nmetrics_key = "MARKER"\n{FILE}')
    assert "MARKER" not in repr(read)


def test_all_types_are_issued_unless_some_are_named(tmp_path):
    assert set(open_types(settings(tmp_path))) == SHIPPED
    assert list(open_types(settings(tmp_path, 'types = ["residence", "diploma"]\n' + FILE))) == ["residence", "diploma"]
    with pytest.raises(ValueError, match="there is no credential type passport"):
        open_types(settings(tmp_path, 'types = ["passport"]\n' + FILE))


def test_an_operators_own_type_wins_over_the_shipped_one(tmp_path):
    own = tmp_path / "types"
    own.mkdir()
    (own / "pid.toml").write_text(
        'id = "pid"\nvct = "urn:eudi:pid:de:1"\nvalidity_days = 7\n[name]\nde = "Ausweis"\n'
        '[[claims]]\npath = ["family_name"]\ntype = "text"\nlabel = { de = "Nachname" }\n'
    )
    types = open_types(settings(tmp_path, f'types_folder = "{own}"\n{FILE}'))
    assert types["pid"].type == "urn:eudi:pid:de:1"
    # Of the identity card there is the own form alone
    assert set(types) == SHIPPED - {"pid-mdoc"}
