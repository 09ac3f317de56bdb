"""The commands for once-only services, their clerks and the programs that read their cases."""

import json
import os
import re

import pytest

from capabilities.accounts.service import clerk_code_digest
from capabilities.registration.uses import Use
from protocol.fields import Fields
from protocol.sovereignty.service import Service
from runtime.api_keys import api_key_digest
from tests.support.commands import Commands
from tests.support.services import FORWARD, OTHER, SERVICE
from verifier.app import open_store
from verifier.cli import app, services
from verifier.cli.registering import use_of_service
from verifier.config import VerifierSettings
from verifier.once_only.description import read_services

COMMANDS, SERVICES = Commands(app), Commands(services)
done, refused = COMMANDS.done, COMMANDS.refused
URL = "http://library.localhost:8000"
INIT = ("init", "--public-url", URL, "--name", "en=City library", "--use-case", "over-18")


@pytest.fixture(autouse=True)
def _demo(monkeypatch):
    for name in [name for name in os.environ if name.startswith("HOHEIT_VERIFIER_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOHEIT_ENV", "demo")


@pytest.fixture
def office(tmp_path):
    """A verifier with two services."""
    data = tmp_path / "verifier"
    done(data, *INIT)
    (data / "services").mkdir()
    for name, text in (("child-benefit", SERVICE), ("allowance", OTHER)):
        (data / "services" / f"{name}.toml").write_text(text, encoding="utf-8")
    return data


def test_services_are_listed_with_their_addresses(office):
    lines = [json.loads(line) for line in SERVICES.done(office, "list", "--json").splitlines()]
    assert [line["id"] for line in lines] == ["allowance", "child-benefit"]
    assert lines[1]["start"] == f"{URL}/services/child-benefit/start"
    assert f"child-benefit: Kindergeld\n  {URL}/services/child-benefit\n" in SERVICES.done(office, "list")


def test_a_service_that_takes_what_is_forwarded_says_where(office):
    (office / "services" / "new-name.toml").write_text(FORWARD, encoding="utf-8")
    lines = [json.loads(line) for line in SERVICES.done(office, "list", "--json").splitlines()]
    assert [line.get("forward") for line in lines] == [None, None, f"{URL}/services/new-name/forward"]
    [entry] = json.loads(SERVICES.done(office, "entry", "new-name"))["services"]
    assert entry["forward"] == f"{URL}/services/new-name/forward"


def test_a_file_that_is_wrong_is_named_with_its_place(office):
    (office / "services" / "wrong.toml").write_text(OTHER.replace('type = "string"', 'type = "text"'), encoding="utf-8")
    assert "wrong.toml.fields[0].type" in SERVICES.refused(office, "list")


def test_the_entry_is_what_a_catalogue_takes(office):
    [entry] = json.loads(SERVICES.done(office, "entry", "child-benefit"))["services"]
    service = Service.from_fields(Fields(entry, "service"))
    assert (service.start, service.registration) == (f"{URL}/services/child-benefit/start", "child-benefit")
    assert len(json.loads(SERVICES.done(office, "entry"))["services"]) == 2
    SERVICES.refused(office, "entry", "nothing")


def test_a_service_is_registered_with_what_it_asks_and_how_long_it_keeps(office):
    found = read_services(office / "services")
    use = use_of_service(found["child-benefit"])
    assert isinstance(use, Use)
    assert (use.id, use.retention_days, use.legal_basis) == ("child-benefit", 30, "GDPR Art. 6 (1) e")
    assert [credential.claims for credential in use.credentials] == [
        (("family_name",),),
        (("family_name",),),
        (("given_name",),),
    ]
    assert use_of_service(found["allowance"]) is None
    assert 'id = "child-benefit"' in done(office, "registration")


def test_a_clerk_and_a_program_get_what_is_shown_once_and_lose_it(office):
    code = done(office, "clerk", "Ada").splitlines()[0]
    key = done(office, "case-key", "system").strip()
    store = open_store(VerifierSettings.read(office))
    try:
        assert store.clerk_codes.find(clerk_code_digest(code)).name == "Ada"
        assert store.case_keys.find(api_key_digest(key)).name == "system"
        assert store.api_keys.find(api_key_digest(key)) is None
        done(office, "revoke-clerk", "Ada")
        done(office, "revoke-case-key", "system")
        assert store.clerk_codes.find(clerk_code_digest(code)) is None
        assert store.case_keys.find(api_key_digest(key)) is None
    finally:
        store.database.dispose()
    refused(office, "revoke-clerk", "Ada")
    refused(office, "revoke-case-key", "system")


def test_the_secret_of_a_webhook_is_the_same_each_time_and_another_for_each_service(office):
    secret = SERVICES.done(office, "webhook-secret", "child-benefit").strip()
    assert re.fullmatch(r"[0-9a-f]{64}", secret)
    assert SERVICES.done(office, "webhook-secret", "child-benefit").strip() == secret
    assert SERVICES.done(office, "webhook-secret", "allowance").strip() != secret
