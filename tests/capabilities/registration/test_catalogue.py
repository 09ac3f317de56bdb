"""A party hands in its services with the command that registers it, and takes one back."""

import pytest

from capabilities.registration.cli import register
from capabilities.registration.entries import MAX_SERVICES_FILE, read_services
from capabilities.registration.options import CatalogueOptions
from capabilities.registration.registering import hand_in, start
from capabilities.registration.service import RegistrarClient
from protocol.encoding import encode_json
from protocol.errors import InvalidRequest, Malformed, NotFound, TooLarge, Unreachable
from protocol.exchange import HttpResponse
from registrar.records import ServiceState
from runtime.driver import drive
from runtime.http import InProcessSender
from runtime.toml import write_toml
from tests.support.announced import entry
from tests.support.pki import NOW
from tests.support.registrar import CINEMA, URL, cinema
from verifier.config import VerifierSettings


@pytest.fixture
def services(tmp_path):
    file = tmp_path / "services.json"
    file.write_bytes(encode_json({"services": [entry()]}))
    return file


def command(office, registrant, monkeypatch, file=None, **catalogue):
    monkeypatch.setattr("runtime.system.now", lambda: NOW)
    sender = InProcessSender({"register.example": office.application})
    settings = VerifierSettings.read(registrant.data)
    options = CatalogueOptions(**catalogue)
    return register(registrant, settings, URL, file, wait=False, catalogue=options, sender=sender)


def test_services_are_handed_in_once_the_party_is_registered(office, registrant, services, monkeypatch, capsys):
    file = services.parent / "registration.toml"
    file.write_text(write_toml(cinema().to_dict()))
    assert not command(office, registrant, monkeypatch, file, services=services)
    assert "Run this command again then." in capsys.readouterr().out
    assert office.store.services.find("film-club") is None
    office.approve(CINEMA)
    assert command(office, registrant, monkeypatch, services=services)
    assert "service film-club: new · waits for a decision" in capsys.readouterr().out
    assert command(office, registrant, monkeypatch, withdraw="film-club")
    assert "service film-club: withdrawn\n" in capsys.readouterr().out
    assert office.store.services.find("film-club").offering.state is ServiceState.WITHDRAWN
    with pytest.raises(NotFound, match="no service of this id"):
        command(office, registrant, monkeypatch, withdraw="nothing/..")


def test_what_is_wrong_is_told_in_sentences(office, registrant, monkeypatch, tmp_path):
    sender = InProcessSender({"register.example": office.application})
    drive(start(registrant, URL, cinema()), None, sender)
    office.approve(CINEMA)
    bad = entry(start="https://evil.example", registration="nope")
    with pytest.raises(InvalidRequest) as refusal:
        drive(hand_in(registrant, [bad]), None, sender)
    assert "film-club: begins on a host that you did not register: evil.example · film-club: belongs to" in str(
        refusal.value
    )


def test_a_broken_file_is_told_before_anything_is_sent(office, registrant, monkeypatch, tmp_path):
    file = tmp_path / "services.json"
    file.write_text("{")
    with pytest.raises(Malformed):
        command(office, registrant, monkeypatch, tmp_path / "no.toml", services=file)


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", Malformed),
        (b"[]", Malformed),
        (b"1", Malformed),
        (b'{"services": {}}', Malformed),
        (encode_json([entry()] * 101), TooLarge),
        (b" " * (MAX_SERVICES_FILE + 1), TooLarge),
    ],
    ids=["nothing", "empty", "number", "object", "many", "large"],
)
def test_what_is_no_file_of_services_is_refused(content, error):
    with pytest.raises(error):
        read_services(content, "services.json")


@pytest.mark.parametrize("body", [b"{}", b'[{"id": 1}]', b'[{"id": "a", "state": 1}]', b"["])
def test_an_answer_that_cannot_be_read_is_refused(body):
    class Liar:
        async def send(self, request):
            return HttpResponse(200, (("content-type", "application/json"),), body)

    with pytest.raises((Malformed, Unreachable)):
        drive(RegistrarClient(URL).services("key"), None, Liar())
