"""What only a verifier can be told; what all services share has its tests with the issuer's settings."""

import os

import pytest
from pydantic import ValidationError

from runtime import system
from runtime.settings import setting_problem
from verifier.app import SHIPPED_USE_CASES, open_store, open_use_cases, open_verifier
from verifier.config import VerifierSettings
from verifier.installation import NewVerifier, set_up_verifier
from verifier.registration import Shown

FILE = 'public_url = "https://library.example"\n[name]\nde = "Stadtbücherei"\n'


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch):
    for name in [name for name in os.environ if name.startswith("HOHEIT_")]:
        monkeypatch.delenv(name)


def settings(folder, text=FILE):
    VerifierSettings.file(folder).write_text(text, encoding="utf-8")
    return VerifierSettings.read(folder)


def problem(folder, text):
    with pytest.raises(ValidationError) as refusal:
        settings(folder, text)
    return setting_problem(refusal.value)


def test_the_default_is_a_file_of_sqlite_in_the_folder(tmp_path):
    assert settings(tmp_path).database == f"sqlite:///{tmp_path}/verifier.db"


def test_a_wallet_in_the_browser_is_offered_where_the_settings_name_one(tmp_path):
    new = NewVerifier(
        tmp_path / "v", "https://library.example", (("de", "Stadtbücherei"),), wallet_url="https://wallet.example"
    )
    set_up_verifier(new, now=system.now(), random_bytes=system.random_bytes)
    read = VerifierSettings.read(new.data)
    store = open_store(read)
    assert open_verifier(read, store).context.wallet_url == "https://wallet.example"
    store.database.dispose()


def test_the_environment_wins_over_the_file(tmp_path, monkeypatch):
    monkeypatch.setenv("HOHEIT_VERIFIER_USE_CASES", '["over-18"]')
    monkeypatch.setenv("HOHEIT_VERIFIER_DATA", "elsewhere")
    read = settings(tmp_path, 'use_cases = ["library-card"]\n' + FILE)
    assert (read.use_cases, read.data) == (("over-18",), tmp_path)


@pytest.mark.parametrize("env", ["production", "demo"])
def test_an_anchor_for_tests_is_refused_elsewhere(tmp_path, monkeypatch, env):
    monkeypatch.setenv("HOHEIT_ENV", env)
    assert problem(tmp_path, 'extra_anchor = "root.pem"\n' + FILE) == "extra_anchor needs HOHEIT_ENV=test"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (FILE.replace("https://library.example", "https://library.localhost"), "public_url"),
        ("publik = 1\n" + FILE, "publik"),
        ('database_url = "oracle://MARKER"\n' + FILE, "database_url"),
        (FILE.replace("[name]", "[names]"), "names"),
    ],
)
def test_a_wrong_setting_is_one_line_with_its_name_and_without_its_value(tmp_path, text, named):
    """T252, T258."""
    line = problem(tmp_path, text)
    assert named in line
    assert "MARKER" not in line


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("public_url = ", r"verifier\.toml: is not TOML"),
        ('env = "test"\n' + FILE, r"verifier\.toml: env is said by HOHEIT_ENV"),
        ('data = "."\n' + FILE, r"verifier\.toml: data is said by the command"),
    ],
)
def test_a_wrong_file_is_named(tmp_path, text, problem):
    """T252."""
    with pytest.raises(ValueError, match=problem):
        settings(tmp_path, text)


def test_a_use_case_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ValueError, match="there is no use case over-21"):
        open_use_cases(settings(tmp_path, 'use_cases = ["over-21"]\n' + FILE))


def test_the_use_cases_that_are_shipped_can_be_left_out(tmp_path):
    folder = tmp_path / "own"
    folder.mkdir()
    shipped = (SHIPPED_USE_CASES / "over-18.toml").read_text(encoding="utf-8")
    (folder / "adult.toml").write_text(shipped.replace('id = "over-18"', 'id = "adult"'), encoding="utf-8")
    for only, found in (
        (False, {"adult", "over-18", "medicine", "library-sign-up", "driving-licence"}),
        (True, {"adult"}),
    ):
        new = NewVerifier(
            tmp_path / str(only), "https://library.example", (("de", "Bücherei"),), use_cases_folder=str(folder),
            own_use_cases_only=only,
        )  # fmt: skip
        set_up_verifier(new, now=system.now(), random_bytes=system.random_bytes)
        assert set(open_use_cases(VerifierSettings.read(new.data))) == found


def test_a_verifier_shows_its_certificate_unless_it_is_told_to_show_the_dataset_alone(tmp_path):
    new = NewVerifier(tmp_path / "v", "https://library.example", (("de", "Stadtbücherei"),))
    set_up_verifier(new, now=system.now(), random_bytes=system.random_bytes)
    assert VerifierSettings.read(new.data).show_registration is Shown.CERTIFICATE
    file = VerifierSettings.file(new.data)
    file.write_text('show_registration = "dataset"\n' + file.read_text(encoding="utf-8"), encoding="utf-8")
    read = VerifierSettings.read(new.data)
    store = open_store(read)
    assert open_verifier(read, store).context.shown is Shown.DATASET
    store.database.dispose()


def test_another_way_of_showing_a_registration_is_refused_by_name(tmp_path):
    assert "show_registration" in problem(tmp_path, 'show_registration = "nothing"\n' + FILE)
