"""Getting registered from a folder: apply, wait, take into use, renew; and what goes wrong on the way leaves what was there."""

from pathlib import Path

import pytest

from capabilities.registration.cli import register
from capabilities.registration.registering import CERTIFICATES, FILE, Registrant, go_on, registrar_of, start
from capabilities.registration.service import RegistrarClient
from protocol.errors import InvalidRequest, Malformed, NotFound, Unauthorized, Unreachable
from protocol.exchange import HttpResponse
from registrar.session import proposal_id
from runtime.certificates import CertificateNames
from runtime.driver import drive
from runtime.http import InProcessSender
from runtime.installation import open_keys
from runtime.registrations import read_registrations
from runtime.toml import write_toml
from tests.support.pki import NOW, seeded
from tests.support.registrar import CINEMA, OPERATOR, URL, cinema, use
from verifier.config import VerifierSettings
from verifier.installation import SIGNING, NewVerifier, set_up_verifier

NAMES = CertificateNames("Kino Capitol", "Kino Capitol")


@pytest.fixture
def registrant(tmp_path) -> Registrant:
    new = NewVerifier(tmp_path / "kino", "https://kino.example", (("de", "Kino Capitol"),))
    set_up_verifier(new, now=NOW, random_bytes=seeded(3))
    data = tmp_path / "kino"
    return Registrant(data, open_keys(data, None), SIGNING, NAMES, data / CERTIFICATES)


def run(office, work):
    return drive(work, None, InProcessSender({"register.example": office.application}))


def apply(office, registrant, party=None):
    return run(office, start(registrant, URL, party or cinema()))


def leaf(registrant):
    return registrant.keys.signer(SIGNING).x5c[0]


def test_certificates_are_in_use_as_soon_as_somebody_approved(office, registrant):
    before = leaf(registrant)
    assert apply(office, registrant).state == "applied"
    assert run(office, go_on(registrant, now=NOW)).waits
    assert leaf(registrant) == before
    office.approve(CINEMA)
    assert run(office, go_on(registrant, now=NOW)).state == "registered"
    assert leaf(registrant) != before
    [own] = read_registrations(registrant.registrations)
    assert (own.file, own.says.identifier) == ("over-18.jwt", CINEMA)
    assert registrar_of(registrant.data) == URL


def test_what_is_registered_no_more_is_shown_no_more(office, registrant):
    apply(office, registrant, cinema(uses=[use(), use(id="name")]))
    office.approve(CINEMA)
    run(office, go_on(registrant, now=NOW))
    assert {own.file for own in read_registrations(registrant.registrations)} == {"over-18.jwt", "name.jwt"}
    apply(office, registrant, cinema())
    office.approve(CINEMA)
    run(office, go_on(registrant, now=NOW))
    assert {own.file for own in read_registrations(registrant.registrations)} == {"over-18.jwt"}


def test_the_key_of_the_application_is_sealed(office, registrant):
    """T227"""
    apply(office, registrant)
    key = registrant.keys.secret("registration")
    assert all(key not in file.read_bytes() for file in registrant.data.iterdir() if file.is_file())


def test_nobody_registers_at_two_registrars_from_one_folder(office, registrant):
    apply(office, registrant)
    with pytest.raises(FileExistsError):
        run(office, start(registrant, "https://other.example", cinema()))


def test_who_never_applied_is_told_so(office, registrant):
    with pytest.raises(FileNotFoundError):
        run(office, go_on(registrant, now=NOW))
    (registrant.data / FILE).write_text("registrar = 1")
    with pytest.raises(Malformed):
        run(office, go_on(registrant, now=NOW))


def test_an_application_made_by_form_goes_on_by_command(office, registrant, monkeypatch):
    monkeypatch.setattr("runtime.system.now", lambda: NOW)
    key = office.register(cinema())
    settings, sender = VerifierSettings.read(registrant.data), InProcessSender({"register.example": office.application})
    with pytest.raises(Unauthorized):
        register(registrant, settings, URL, None, key="another", wait=False, sender=sender)
    assert not (registrant.data / FILE).exists()
    assert register(registrant, settings, URL, None, key=key, wait=False, sender=sender)
    assert read_registrations(registrant.registrations)
    with pytest.raises(FileExistsError):
        register(registrant, settings, URL, None, key=key, wait=False, sender=sender)


def test_what_follows_from_a_file_is_sent_with_it_and_said(office, registrant, tmp_path, capsys):
    file = tmp_path / "registration.toml"
    file.write_text(write_toml(cinema().to_dict()))
    settings, sender = VerifierSettings.read(registrant.data), InProcessSender({"register.example": office.application})
    more = cinema(uses=[use(), use(id="name")])
    register(registrant, settings, URL, file, wait=False, sender=sender, complete=lambda _: more)
    assert "name is registered too" in capsys.readouterr().out
    office.approve(CINEMA)
    run(office, go_on(registrant, now=NOW))
    assert {own.file for own in read_registrations(registrant.registrations)} == {"over-18.jwt", "name.jwt"}


def test_a_suspended_party_keeps_what_it_has_and_is_told_why(office, registrant):
    apply(office, registrant)
    office.approve(CINEMA)
    run(office, go_on(registrant, now=NOW))
    chain = leaf(registrant)
    office.run(office.registrar.parties.suspend(CINEMA, "asked too much", OPERATOR))
    standing = run(office, go_on(registrant, now=NOW))
    assert (standing.state, standing.reason) == ("suspended", "asked too much")
    assert leaf(registrant) == chain


class Answering:
    """A registrar that answers as it is told to."""

    def __init__(self, status: int, body: bytes, media_type: str = "application/json") -> None:
        self.response = HttpResponse(status, (("content-type", media_type),), body)

    async def send(self, _):
        return self.response


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (401, b"{}", Unauthorized),
        (404, b"{}", NotFound),
        (409, b'{"error_description": "taken"}', InvalidRequest),
        (400, b"\xff", InvalidRequest),
        (500, b"", Unreachable),
        (201, b"{}", Malformed),
        (201, b"[]", Malformed),
    ],
)
def test_whatever_a_registrar_answers_has_a_name(status, body, error):
    with pytest.raises(error) as refusal:
        drive(RegistrarClient(URL).apply(cinema()), None, Answering(status, body))
    if status == 409:
        assert "taken" in refusal.value.description


@pytest.mark.parametrize("use_id", ["../escape", "a/b"])
def test_a_use_never_names_a_file_elsewhere(office, registrant, use_id):
    """T242: the folder is ours, whatever a registrar calls things."""
    apply(office, registrant)
    office.approve(CINEMA)

    class Renaming(InProcessSender):
        async def send(self, request):
            response = await super().send(request)
            if request.url.endswith("/registration-certificates"):
                body = response.body.replace(b'"over-18"', b'"' + use_id.encode() + b'"')
                return HttpResponse(response.status, response.headers, body)
            return response

    sender = Renaming({"register.example": office.application})
    with pytest.raises(Malformed):
        drive(go_on(registrant, now=NOW), None, sender)
    assert not list(Path(registrant.data).parent.glob("*.jwt"))


def test_the_command_says_how_it_stands_and_waits_if_it_shall(office, registrant, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("runtime.system.now", lambda: NOW)
    settings = VerifierSettings.read(registrant.data)
    file = tmp_path / "registration.toml"
    file.write_text(write_toml(cinema().to_dict()), encoding="utf-8")
    sender = InProcessSender({"register.example": office.application})
    assert not register(registrant, settings, URL, file, wait=False, sender=sender)
    assert "waits for a decision" in capsys.readouterr().out
    approved = []

    def pause():
        approved.append(office.approve(CINEMA))

    assert register(registrant, settings, "", None, wait=True, sender=sender, pause=pause)
    assert len(approved) == 1
    assert "wallets see who asks" in capsys.readouterr().out


def test_an_applicant_who_was_refused_reads_why(office, registrant, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("runtime.system.now", lambda: NOW)
    apply(office, registrant)
    line = office.store.party(CINEMA)
    office.run(office.registrar.parties.refuse(CINEMA, proposal_id(line.proposed), "Who are you?", OPERATOR))
    sender = InProcessSender({"register.example": office.application})
    assert not register(registrant, VerifierSettings.read(registrant.data), "", None, wait=True, sender=sender)
    assert "Who are you?" in capsys.readouterr().out
