"""The commands of a provider's operator, from an empty folder to a blocked wallet; what is wrong ends in one line."""

import json
import os

import pytest
from starlette.testclient import TestClient

from protocol.errors import InvalidRequest
from protocol.exchange import HttpResponse, run
from protocol.oauth.client_attestation import verify_client_attestation
from protocol.trust.anchors import Role, TrustAnchor, TrustAnchors
from protocol.wallet_unit.errors import EnrolmentRequired, UnitRevoked
from protocol.wallet_unit.messages import unit_id
from protocol.wallet_unit.provider import ProviderClient
from runtime import system
from runtime.anchors import read_certificate
from runtime.installation import AUTHORITY_FILE
from tests.support.commands import Commands
from tests.support.pki import seeded_key
from wallet.cli import app as wallet_app
from wallet.provider.app import create_app
from wallet.provider.cli import app
from wallet.provider.config import ProviderSettings

COMMANDS = Commands(app)
done, refused = COMMANDS.done, COMMANDS.refused

URL = "http://wallets.localhost:8765"
INIT = ("init", "--public-url", URL, "--name", "de=Brieftaschen", "--name", "en=Wallets")
KEY = seeded_key(51)
UNIT = unit_id(KEY.public_key)


@pytest.fixture(autouse=True)
def _test(monkeypatch):
    for name in [name for name in os.environ if name.startswith("HOHEIT_PROVIDER_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOHEIT_ENV", "test")


@pytest.fixture
def data(tmp_path):
    """A provider that was set up."""
    folder = tmp_path / "provider"
    done(folder, *INIT)
    return folder


class Serving:
    """The application of a folder, with a wallet that talks to it."""

    def __init__(self, data):
        self.http = TestClient(create_app(ProviderSettings.read(data)), base_url=URL)

    def __enter__(self):
        self.http.__enter__()
        return self

    def __exit__(self, *error):
        self.http.__exit__(*error)

    def perform(self, request):
        response = self.http.request(
            request.method, request.url, headers=dict(request.headers), content=request.body or None
        )
        return HttpResponse(response.status_code, tuple(response.headers.items()), response.content)

    def ask(self, make):
        return run(make(ProviderClient(URL, KEY, "1.0", system.now)), self.perform)


def test_a_wallet_comes_with_a_code_is_vouched_for_and_is_blocked(data):
    code = done(data, "enrol", "--label", "order 4711").strip()
    with Serving(data) as serving:
        assert serving.ask(lambda wallet: wallet.register(code)).name == (("de", "Brieftaschen"), ("en", "Wallets"))
        text = serving.ask(lambda wallet: wallet.attest_client(seeded_key(52))).attestation
        authority = read_certificate((data / AUTHORITY_FILE).read_bytes(), AUTHORITY_FILE)
        anchors = TrustAnchors([TrustAnchor(authority, Role.WALLET_PROVIDER, "Wallets")])
        says = verify_client_attestation(text, anchors=anchors, now=system.now()).says
        assert says.client_id == URL
        statement = serving.http.get(says.certification)
        assert "nobody" in statement.text
        assert statement.headers["content-type"] == "text/plain; charset=utf-8"
        (unit,) = [json.loads(line) for line in done(data, "units", "--json").splitlines()]
        assert (unit["id"], unit["state"], unit["label"]) == (UNIT, "active", "order 4711")
        assert UNIT in done(data, "units")
        assert done(data, "units", "zz") == ""
        assert done(data, "revoke", UNIT[:8], "--reason", "lost") == f"Blocked for ever: {UNIT}\n"
        assert json.loads(done(data, "units", "--json"))["state"] == "revoked"
        with pytest.raises(UnitRevoked):
            serving.ask(lambda wallet: wallet.attest_client(seeded_key(53)))


def test_a_provider_that_is_open_is_set_up_so(tmp_path):
    data = tmp_path / "open"
    done(data, *INIT, "--open-enrolment")
    assert ProviderSettings.read(data).open_enrolment
    with Serving(data) as serving:
        serving.ask(lambda wallet: wallet.register())


def test_without_being_open_it_is_not(data):
    assert not ProviderSettings.read(data).open_enrolment
    with Serving(data) as serving, pytest.raises(EnrolmentRequired):
        serving.ask(lambda wallet: wallet.register())


def test_a_request_for_another_address_finds_nobody(data):
    with Serving(data) as serving, pytest.raises(InvalidRequest):
        run(
            ProviderClient(URL, KEY, "1.0", lambda: system.now() - 10_000).register(),
            serving.perform,
        )


@pytest.mark.parametrize("unit", ["", "zz", "-"])
def test_a_wallet_that_is_not_there_cannot_be_blocked(data, unit):
    assert "no wallet" in refused(data, "revoke", "--", unit)


def test_nothing_is_overwritten(data):
    assert refused(data, *INIT)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("init", "--public-url", URL, "--name", "x"), "--name"),
        (("init", "--public-url", "ftp://x", "--name", "de=x"), "public_url"),
        (("init", "--public-url", URL, "--name", "de=x", "--database-url", "mysql://x"), "database_url"),
    ],
)
def test_a_mistake_leaves_no_half_made_folder(tmp_path, arguments, problem):
    assert problem in refused(tmp_path / "new", *arguments)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("command", ["serve", "migrate", "enrol", "units"])
def test_a_folder_that_was_not_set_up_is_said_to_be_missing(tmp_path, command):
    assert "provider.toml is missing" in refused(tmp_path, command)


def test_several_workers_need_postgresql(data):
    assert "PostgreSQL" in refused(data, "serve", "--workers", "2")


def test_the_commands_stand_below_those_of_the_wallet(data):
    assert Commands(wallet_app).app is wallet_app
    names = [group.name for group in wallet_app.registered_groups]
    assert names == ["services", "rights", "mandates", "provider"]
    assert done(data, "migrate") == "The database is ready.\n"


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [("KEY_STORAGE", "perfect", "key_storage"), ("PUBLIC_URL", "http://x.example", "public_url")],
)
def test_a_wrong_setting_is_named(data, monkeypatch, name, value, problem):
    monkeypatch.setenv(f"HOHEIT_PROVIDER_{name}", value)
    assert problem in refused(data, "units")
