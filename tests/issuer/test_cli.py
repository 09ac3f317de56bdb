"""The commands of an agency: each does one thing and says so; what is wrong ends it with one line and status 1."""

import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys

import pytest

from capabilities.accounts.service import WrongClerkCode
from issuer.cli import app
from issuer.cli.commands import opened
from issuer.config import IssuerSettings
from issuer.database.tables import credentials as credential_table
from issuer.records import CredentialState
from protocol.encoding import sha256
from protocol.errors import Unauthorized
from protocol.trust.anchors import Role
from runtime.api_keys import find_api_key
from runtime.fingerprints import fingerprint_lines
from runtime.installation import AUTHORITY_FILE
from tests.support.commands import Commands
from tests.support.tree import ROOT

COMMANDS = Commands(app)
call, done, refused = COMMANDS.call, COMMANDS.done, COMMANDS.refused

URL = "http://agency.localhost:8000"
TOWN = ROOT / "hoheit/demo/town/people.csv"
HEAVY = ("fastapi", "sqlalchemy", "starlette", "uvicorn", "httpx2", "cryptography")


@pytest.fixture(autouse=True)
def _demo(monkeypatch):
    for name in [name for name in os.environ if name.startswith("HOHEIT_ISSUER_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOHEIT_ENV", "demo")


@pytest.fixture
def data(tmp_path):
    return tmp_path / "issuer"


def init(data, *more):
    return ["init", "--public-url", URL, "--name", "de=Bürgeramt", "--name", "en=Office", *more]


@pytest.fixture
def agency(data):
    """An agency with the people of the demo town."""
    done(data, *init(data))
    done(data, "import-people", TOWN)
    return data


def fingerprint(data):
    """That of the authority, as openssl would say it."""
    return sha256(ssl.PEM_cert_to_DER_cert((data / AUTHORITY_FILE).read_text())).hex()


def test_a_new_agency_is_told_what_is_secret_and_what_to_hand_on(data):
    said = done(data, *init(data, "--type", "pid"))
    assert str(data / "authority.pem") in said
    assert all(f"  {line}\n" in said for line in fingerprint_lines(fingerprint(data)))
    assert "seal.key" in said
    assert (data / "issuer.toml").exists()


def test_a_database_that_was_asked_for_is_kept(data, tmp_path):
    url = f"sqlite:///{tmp_path}/elsewhere.db"
    done(data, *init(data, "--type", "pid", "--database-url", url))
    assert IssuerSettings.read(data).database == url


def offered(data):
    """Whether requests can be encrypted."""
    with opened(data) as desk:
        return desk.issuer.metadata.issuer.request_encryption is not None


def test_an_older_agency_gets_its_encryption_key_by_a_command(agency):
    assert offered(agency)
    before = (agency / "encryption.key").read_bytes()
    assert "encryption.key" in refused(agency, "encryption-key"), "there is one, and requests on their way are for it"
    assert (agency / "encryption.key").read_bytes() == before
    (agency / "encryption.key").unlink()
    assert not offered(agency)
    done(agency, "encryption-key")
    assert offered(agency)


def test_a_wallet_provider_is_trusted_by_a_command(agency, tmp_path):
    pem = tmp_path / "provider.pem"
    pem.write_bytes((agency / AUTHORITY_FILE).read_bytes())
    assert "Wallet maker" in done(agency, "trust", pem, "--name", "Wallet maker")
    with opened(agency) as desk:
        [anchor] = desk.issuer.context.anchors().anchors
    assert (anchor.role, anchor.name) == (Role.WALLET_PROVIDER, "Wallet maker")
    pem.write_text("nothing")
    assert "PEM" in refused(agency, "trust", pem, "--name", "Another")


def test_an_agency_is_set_up_once(agency):
    before = (agency / "issuer.toml").read_bytes()
    assert "already" in refused(agency, *init(agency))
    assert (agency / "issuer.toml").read_bytes() == before


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (["--type", "passport"], "there is no credential type passport"),
        (["--name", "Bürgeramt"], "--name"),
        (["--name", "de="], "--name"),
        (["--public-url", "https://agency.example/"], "public_url"),
        (["--public-url", "agency.example"], "public_url"),
        (["--database-url", "mysql://x"], "database_url"),
    ],
)
def test_a_wrong_word_leaves_nothing_half_made(data, change, named):
    """T252."""
    assert named in refused(data, *init(data, *change))
    assert not data.exists()


def test_an_agency_on_this_machine_is_for_demo_and_test_only(data, monkeypatch):
    monkeypatch.setenv("HOHEIT_ENV", "production")
    assert "HOHEIT_ENV=production" in refused(data, *init(data))
    assert not data.exists()


def test_people_are_in_the_register_after_an_import(agency):
    with opened(agency) as desk:
        record = desk.run(desk.issuer.context.register.fetch("erika"))
    assert record["given_name"] == "Erika Maria"


def test_an_import_replaces_what_was_known_of_a_person_and_nobody_else(agency, tmp_path):
    table = tmp_path / "new.csv"
    table.write_text("subject,given_name\nerika,Rika\n")
    assert "1 people" in done(agency, "import-people", table)
    with opened(agency) as desk:
        assert desk.run(desk.issuer.context.register.fetch("erika")) == {"given_name": "Rika"}
        assert desk.run(desk.issuer.context.register.fetch("max"))["family_name"] == "Mustermann"


def test_if_one_row_is_wrong_nobody_is_put_in(agency, tmp_path):
    table = tmp_path / "new.csv"
    table.write_text("subject,given_name,birthdate\nnina,Nina,1990-01-01\nolaf,Olaf,yesterday\n")
    assert refused(agency, "import-people", table) == "row 3, birthdate: must be a date, YYYY-MM-DD"
    assert refused(agency, "letter", "nina") == "the register knows no such person"


def test_a_table_that_is_not_there_is_named(agency, tmp_path):
    assert refused(agency, "import-people", tmp_path / "none.csv") == f"{tmp_path / 'none.csv'} is missing"


def test_people_of_a_register_by_http_are_not_put_in_here(agency, monkeypatch):
    monkeypatch.setenv("HOHEIT_ISSUER_REGISTER_KIND", "http")
    monkeypatch.setenv("HOHEIT_ISSUER_REGISTER_URL", "https://register.example")
    assert "by HTTP" in refused(agency, "import-people", TOWN)


def test_an_offer_is_a_link_and_a_code(agency):
    said = done(agency, "offer", "erika", "--type", "pid", "--type", "residence")
    assert said.startswith("openid-credential-offer://?credential_offer_uri=")
    assert re.search(r"Code: [0-9]{6}\.", said)
    assert f"{URL}/offers/" in said


def test_an_offer_for_programs_is_one_object(agency):
    said = json.loads(done(agency, "offer", "erika", "--type", "pid", "--no-tx-code", "--by-value", "--json"))
    assert said["uri"].startswith("openid-credential-offer://?credential_offer=")
    assert said["tx_code"] is None
    with opened(agency) as desk:
        assert desk.run(desk.issuer.offers.state(said["id"])) == "offered"


def test_an_offer_with_login_needs_no_code(agency):
    said = done(agency, "offer", "erika", "--type", "pid", "--login", "--by-value")
    assert "authorization_code" in said
    assert "Code:" not in said


@pytest.mark.parametrize(
    ("subject", "kind", "reason"),
    [
        ("nobody", "pid", "the register knows no such person"),
        ("max", "diploma", "degree: is not in the register"),
        ("max", "passport", "names one that is not issued here"),
    ],
)
def test_what_cannot_be_offered_is_said(agency, subject, kind, reason):
    assert reason in refused(agency, "offer", subject, "--type", kind)


def test_a_letter_code_is_printed_in_groups_of_four(agency):
    assert re.fullmatch(r"([A-Z2-9]{4}-){3}[A-Z2-9]{4}\n", done(agency, "letter", "erika"))


def test_an_api_key_is_printed_and_works(agency):
    key = done(agency, "api-key", "front desk").strip()
    with opened(agency) as desk:
        assert desk.run(find_api_key(desk.store.api_keys, key)).name == "front desk"


def test_a_revoked_key_works_no_more(agency):
    """T230"""
    key = done(agency, "api-key", "front desk").strip()
    assert done(agency, "revoke-api-key", "front desk") == "Revoked: 1\n"
    with opened(agency) as desk, pytest.raises(Unauthorized):
        desk.run(find_api_key(desk.store.api_keys, key))
    assert refused(agency, "revoke-api-key", "front desk") == "there is no key of this name that is good"


def test_a_clerk_s_code_is_printed_with_the_address_of_the_desk_and_works(agency):
    said = done(agency, "clerk", "Frau Berg")
    code = said.splitlines()[0]
    assert re.fullmatch(r"([A-Z2-9]{4}-){5}[A-Z2-9]{4}", code)
    assert f"{URL}/desk" in said
    with opened(agency) as desk:
        secret = desk.run(desk.issuer.clerks.sign_in(code, "browser"))
        assert desk.run(desk.issuer.clerks.visit(secret)).clerk == "Frau Berg"


def test_a_revoked_clerk_is_out_and_no_other(agency):
    """T230"""
    codes = [done(agency, "clerk", name).splitlines()[0] for name in ("Frau Berg", "Herr Tal")]
    assert done(agency, "revoke-clerk", "Frau Berg") == "Revoked: 1\n"
    assert refused(agency, "revoke-clerk", "Frau Berg") == "there is no sign-in code of this name that is good"
    assert "characters that can be printed" in refused(agency, "clerk", "a\nb")
    with opened(agency) as desk:
        with pytest.raises(WrongClerkCode):
            desk.run(desk.issuer.clerks.sign_in(codes[0], "browser"))
        assert desk.run(desk.issuer.clerks.sign_in(codes[1], "browser"))
        made = [(line.action, line.subject, line.actor) for line in desk.store.audit(limit=9)]
    assert ("clerk code made", "Herr Tal", "command line") in made
    assert ("clerk code revoked", "Frau Berg", "command line") in made


@pytest.fixture
def issued(agency):
    """A credential that was issued to Erika."""
    row = {
        "id": "c-1",
        "configuration_id": "pid",
        "subject": "erika",
        "session_id": "s",
        "status_list": "",
        "status_index": 0,
        "holder_key": "",
        "issued_at": 1_800_000_000,
        "expires_at": 1_900_000_000,
        "state": "valid",
    }
    with opened(agency) as desk:
        desk.store.database.write(lambda connection: connection.execute(credential_table.insert().values(row)))
    return agency


def test_credentials_of_a_person_are_listed(issued):
    assert done(issued, "credentials", "erika") == "c-1  pid  valid  good until 2030-03-17 17:46 UTC\n"
    [line] = done(issued, "credentials", "erika", "--json").splitlines()
    assert json.loads(line) == {
        "id": "c-1",
        "credential_configuration_id": "pid",
        "subject": "erika",
        "state": "valid",
        "issued_at": 1_800_000_000,
        "expires_at": 1_900_000_000,
    }
    assert done(issued, "credentials", "max") == "Nothing was issued to this person.\n"
    assert done(issued, "credentials", "max", "--json") == ""


def test_a_credential_is_suspended_reinstated_and_revoked_for_ever(issued):
    """T080."""
    for command, state in (("suspend", "suspended"), ("reinstate", "valid"), ("revoke", "revoked")):
        assert f"  {state}  " in done(issued, command, "c-1")
        with opened(issued) as desk:
            found = desk.store.credential("c-1")
            assert found is not None
            assert found.state is CredentialState(state)
    for command in ("suspend", "reinstate"):
        assert "stays so" in refused(issued, command, "c-1")


def test_all_wallets_are_looked_up_when_somebody_asks_for_it(issued):
    assert done(issued, "check-wallets") == "Documents that ended with their wallet: 0\n"


def test_an_unknown_credential_is_said(agency):
    assert refused(agency, "revoke", "c-2") == "no such credential"


def test_migrating_twice_changes_nothing(agency):
    assert done(agency, "migrate") == done(agency, "migrate") == "The database is ready.\n"


ARGUMENTS = {
    "api-key": ["x"],
    "revoke-api-key": ["x"],
    "clerk": ["x"],
    "revoke-clerk": ["x"],
    "import-people": [str(TOWN)],
    "offer": ["erika", "--type", "pid"],
    "letter": ["erika"],
    "credentials": ["erika"],
    "revoke": ["x"],
    "suspend": ["x"],
    "reinstate": ["x"],
    "migrate": [],
    "serve": [],
}


@pytest.mark.parametrize("command", ARGUMENTS)
def test_every_command_says_that_the_folder_was_not_set_up(data, command):
    """T252."""
    assert refused(data, command, *ARGUMENTS[command]) == f"{data / 'issuer.toml'} is missing"
    assert not data.exists()


@pytest.mark.parametrize("command", sorted(ARGUMENTS.keys() - {"migrate", "serve"}))
def test_every_command_says_which_key_is_missing(agency, command):
    """T252."""
    (agency / "seal.key").unlink()
    assert refused(agency, command, *ARGUMENTS[command]) == f"{agency / 'seal.key'} is missing"
    assert not (agency / "seal.key").exists()


@pytest.mark.parametrize("command", ["migrate", "serve", "letter"])
def test_a_database_that_is_not_there_is_said(agency, monkeypatch, command):
    """T252."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    monkeypatch.setenv("HOHEIT_ISSUER_DATABASE_URL", f"postgresql+psycopg://nobody@127.0.0.1:{port}/none")
    said = refused(agency, command, *ARGUMENTS[command], *(["--port", "0"] if command == "serve" else []))
    assert said.startswith("the store is away")


def test_a_key_that_was_altered_is_said(agency):
    """T215, T252."""
    key = agency / "signing.key"
    sealed = key.read_bytes()
    key.write_bytes(sealed[:-1] + bytes([sealed[-1] ^ 1]))
    assert "damaged" in refused(agency, "letter", "erika")


def test_several_workers_need_postgresql(agency):
    assert "PostgreSQL" in refused(agency, "serve", "--workers", "2")


def hoheit(data, *arguments):
    """The program in a process of its own."""
    command = [sys.executable, "-m", "hoheit", "issuer", *arguments, "--data", str(data)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)


def test_a_server_answers_and_ends_with_status_0_when_it_is_told_to(agency):
    """T251."""
    with hoheit(agency, "serve", "--port", "0") as server:
        assert server.stderr is not None
        address = json.loads(server.stderr.readline())["address"]
        with socket.create_connection(address.split(":"), timeout=10) as connection:
            connection.sendall(b"GET /live HTTP/1.1\r\nhost: agency.localhost\r\nconnection: close\r\n\r\n")
            assert connection.recv(100).startswith(b"HTTP/1.1 200 ")
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=30) == 0


def test_a_port_that_is_taken_is_said(agency):
    """T252."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refused(agency, "serve", "--port", port)
    assert said.startswith(f"cannot listen on 127.0.0.1 port {port}: another program listens there")


def test_help_loads_nothing_heavy():
    code = (
        "import sys\nfrom hoheit.cli import main\n"
        "sys.argv = ['hoheit', 'issuer', '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"print(sorted(set({HEAVY}) & set(sys.modules)))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert all(command in answer.stdout for command in ARGUMENTS)
    assert answer.stdout.rstrip().endswith("[]")
