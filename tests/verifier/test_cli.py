"""The commands of a partner: each does one thing and says so; what is wrong ends it with one line and status 1."""

import json
import os
from urllib.parse import urlsplit

import pytest

from protocol.encoding import sha256
from protocol.errors import Unauthorized
from protocol.oid4vp.verify import CheckName
from protocol.trust.anchors import Role, TrustAnchor, TrustAnchors
from runtime import system
from runtime.anchors import read_certificate
from runtime.api_keys import find_api_key
from runtime.driver import drive
from runtime.fingerprints import fingerprint_lines
from runtime.http import NoSender
from runtime.installation import AUTHORITY_FILE
from tests.support.commands import Commands
from tests.support.pki import NOW
from tests.support.verifier import Clock, answer_link, issue_held, wallet_drive
from verifier.app import create_app, open_anchors, open_store
from verifier.cli import app
from verifier.cli.commands import ask_once
from verifier.config import VerifierSettings

COMMANDS = Commands(app)
call, done, refused = COMMANDS.call, COMMANDS.done, COMMANDS.refused

URL = "http://library.localhost:8000"
PID = "eu.europa.ec.eudi.pid.1"
INIT = ("init", "--public-url", URL, "--name", "de=Stadtbücherei", "--name", "en=City library", "--use-case", "over-18")
AGE = ("age_equal_or_over", "18")


@pytest.fixture(autouse=True)
def _demo(monkeypatch):
    for name in [name for name in os.environ if name.startswith("HOHEIT_VERIFIER_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOHEIT_ENV", "demo")


@pytest.fixture
def data(tmp_path):
    return tmp_path / "verifier"


@pytest.fixture
def library(data):
    """A verifier that was set up and trusts nobody yet."""
    done(data, *INIT)
    return data


def test_a_new_partner_is_told_the_fingerprint_that_wallets_compare(data):
    said = done(data, *INIT)
    authority = read_certificate((data / AUTHORITY_FILE).read_bytes(), AUTHORITY_FILE)
    assert all(f"  {line}\n" in said for line in fingerprint_lines(sha256(authority.der).hex()))


@pytest.fixture
def root(tmp_path, agency):
    """The authority of the agency, as a file."""
    file = tmp_path / "root.pem"
    file.write_bytes(agency.root.pem)
    return file


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def test_a_new_verifier_says_where_its_authority_is(data):
    said = done(data, *INIT)
    assert said.startswith(f"Stadtbücherei can be served now, from {data}\n")
    assert str(data / "authority.pem") in said
    settings = VerifierSettings.read(data)
    assert (settings.public_url, settings.use_cases) == (URL, ("over-18",))


def test_a_verifier_is_set_up_once(library):
    before = {file.name: file.read_bytes() for file in library.iterdir()}
    assert "there is an installation here already" in refused(library, *INIT)
    assert {file.name: file.read_bytes() for file in library.iterdir()} == before


@pytest.mark.parametrize(
    ("more", "named"),
    [
        (("--name", "Stadtbücherei"), "--name"),
        (("--name", "=x"), "--name"),
        (("--name", "de="), "--name"),
        (("--use-case", "over-21"), "over-21"),
        (("--database-url", "oracle://MARKER"), "database_url"),
    ],
)
def test_a_wrong_word_leaves_nothing_half_made(data, more, named):
    """T252."""
    said = refused(data, *INIT, *more)
    assert named in said
    assert "MARKER" not in said
    assert not data.exists()


def test_a_verifier_on_this_machine_is_for_demo_and_test_only(data, monkeypatch):
    monkeypatch.setenv("HOHEIT_ENV", "production")
    assert "public_url" in refused(data, *INIT)


def test_a_database_that_was_asked_for_is_kept(data, tmp_path):
    url = f"sqlite:///{tmp_path}/elsewhere.db"
    done(data, *INIT, "--database-url", url)
    assert VerifierSettings.read(data).database == url


def test_an_api_key_is_printed_works_and_is_revoked_by_its_name(library):
    """T230."""
    key = done(library, "api-key", "till").strip()
    store = open_store(VerifierSettings.read(library))
    assert drive(find_api_key(store.api_keys, key), store, NoSender()).name == "till"
    assert done(library, "revoke-api-key", "till") == "Revoked: 1\n"
    with pytest.raises(Unauthorized):
        drive(find_api_key(store.api_keys, key), store, NoSender())
    store.database.dispose()
    assert refused(library, "revoke-api-key", "till") == "there is no key of this name that is good"


def test_what_waits_for_the_hour_is_appended_to_the_usage_log_when_somebody_wants_it(library):
    assert done(library, "append-usage") == "Appended: 64\n"  # the first block of a new log
    assert done(library, "append-usage") == "Appended: 0\n"


def test_whom_nobody_trusts_cannot_answer(library, root):
    said = call(library, "use-cases")
    assert said.exit_code == 1
    types = "eu.europa.ec.eudi.pid.1, urn:eudi:pid:1"
    assert said.stdout.startswith(f"✗ over-18: Sind Sie über 18? ({types})\n    nobody who may issue")
    assert said.stdout.count("nobody who may issue") == 2
    assert done(library, "trust", root, "--name", "Registry", "--type", "urn:eudi:pid:1") == (
        "Trusted as Registry: urn:eudi:pid:1\n"
    )
    # Who can be believed for one form is enough, because either will do
    assert done(library, "use-cases") == f"✓ over-18: Sind Sie über 18? ({types})\n"
    assert lines(done(library, "use-cases", "--json"))[0]["problems"] == []


def test_an_authority_for_another_type_is_no_help(library, root):
    done(library, "trust", root, "--name", "University", "--type", "urn:example:diploma")
    assert call(library, "use-cases").exit_code == 1


def test_only_a_certificate_is_trusted(library, root):
    """T252."""
    root.write_text("no certificate")
    assert "root.pem" in refused(library, "trust", root, "--name", "Registry")
    assert open_anchors(VerifierSettings.read(library))().anchors == ()


def test_asking_for_what_is_not_there_is_said(library):
    assert refused(library, "ask", "over-21") == "use_case: there is none of this name"


@pytest.fixture
def clock(monkeypatch):
    """The time of the samples, which moves when it is told to."""
    made = Clock()
    monkeypatch.setattr(system, "now", made)
    return made


@pytest.fixture
def asking(clock, data, root):
    """A verifier that was set up and asks at the time of the samples, and trusts the agency."""
    done(data, *INIT)
    done(data, "trust", root, "--name", "Registry")
    return data


def test_a_question_is_shown_waits_and_tells_what_was_found(asking, agency, capsys):
    shown = []

    def wallet():
        shown.extend(lines(capsys.readouterr().out))
        answer(asking, shown[0]["uri"], issue_held(agency, {"age_equal_or_over": {"18": True}}, disclosable=[AGE]))
        capsys.readouterr()  # what the server says

    assert ask_once(asking, "over-18", as_json=True, wait=wallet)
    (state,) = lines(capsys.readouterr().out)
    assert state["state"] == "accepted"
    assert [check["check"] for check in state["verdict"]["checks"]] == [str(name) for name in CheckName]


def test_people_see_a_code_and_a_line_for_every_check(asking, agency, capsys):
    shown = []

    def wallet():
        shown.append(capsys.readouterr().out)
        held = issue_held(agency, {"age_equal_or_over": {"18": True}}, disclosable=[AGE], expires_at=NOW - 3600)
        answer(asking, shown[0].split()[0], held)
        capsys.readouterr()  # what the server says

    assert not ask_once(asking, "over-18", as_json=False, wait=wallet)
    assert "█" in shown[0]
    said = capsys.readouterr().out
    assert said.startswith("The request was refused.\n")
    assert "✗ valid now: credential: has expired" in said
    assert len(said.splitlines()) == 1 + len(CheckName)


def test_a_question_that_nobody_answers_expires(asking, clock, capsys):
    def sleep():
        clock.now += 3600

    assert not ask_once(asking, "over-18", as_json=False, wait=sleep)
    assert capsys.readouterr().out.endswith("The request has expired.\n")


def answer(data, link, held):
    """Answer a request as a wallet that knows this verifier."""
    settings = VerifierSettings.read(data)
    certificate = read_certificate((data / AUTHORITY_FILE).read_bytes(), AUTHORITY_FILE)
    anchors = TrustAnchors([TrustAnchor(certificate, Role.VERIFIER, "City library")])
    wallet_drive(answer_link(link, held, anchors=anchors, now=NOW), {urlsplit(URL).netloc: create_app(settings)})


ARGUMENTS = {
    "api-key": ["x"],
    "revoke-api-key": ["x"],
    "trust": ["root.pem", "--name", "x"],
    "use-cases": [],
    "ask": ["over-18"],
    "migrate": [],
    "serve": [],
}


@pytest.mark.parametrize("command", ARGUMENTS)
def test_every_command_says_that_the_folder_was_not_set_up(data, command):
    """T252."""
    assert refused(data, command, *ARGUMENTS[command]) == f"{data / 'verifier.toml'} is missing"
    assert not data.exists()


def test_asking_says_which_key_is_missing(library):
    """T252."""
    (library / "seal.key").unlink()
    assert refused(library, "ask", "over-18") == f"{library / 'seal.key'} is missing"


def test_several_workers_need_postgresql(library):
    assert "PostgreSQL" in refused(library, "serve", "--workers", "2")


def test_migrating_twice_changes_nothing(library):
    assert done(library, "migrate") == done(library, "migrate") == "The database is ready.\n"
