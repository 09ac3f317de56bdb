"""Getting registered from a folder: apply, wait, take into use, renew; and what goes wrong on the way leaves what was there."""

import json
from pathlib import Path

import pytest

from capabilities.registration.cli import register
from capabilities.registration.registering import FILE, go_on, read_party, registrar_of, start, take_over
from capabilities.registration.service import RegistrarClient, RegistrationCertificate
from protocol.errors import InvalidRequest, Malformed, NotFound, Unauthorized, Unreachable
from protocol.exchange import HttpResponse
from registrar.session import proposal_id
from runtime.driver import drive
from runtime.http import InProcessSender, NoSender
from runtime.registrations import MAX_FILE, read_registrations
from runtime.toml import write_toml
from tests.support.pki import NOW
from tests.support.registrar import CINEMA, OPERATOR, URL, agency, cinema, use
from verifier.config import VerifierSettings
from verifier.installation import SIGNING


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


def test_a_certificate_that_is_for_no_single_use_is_kept_under_a_name_of_its_own(office, registrant):
    apply(office, registrant, agency())
    office.approve(agency().identifier)
    for _ in range(2):
        run(office, go_on(registrant, now=NOW))
        assert [file.name for file in registrant.registrations.iterdir()] == ["all.jwt"]


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
    for altered in (b"registrar = 1", b"registrar =", b"\xff"):
        (registrant.data / FILE).write_bytes(altered)
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


def test_whoever_applied_from_here_gives_no_other_key_away(office, registrant):
    apply(office, registrant)
    with pytest.raises(FileExistsError):
        drive(take_over(registrant, "https://other.example", "key"), None, NoSender())


def test_the_command_calls_nobody_in_our_own_network(registrant):
    """T207"""
    with pytest.raises(Unreachable):
        register(registrant, VerifierSettings.read(registrant.data), "https://10.0.0.1", None, key="key", wait=False)


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


def test_what_a_registrar_leaves_out_of_a_certificate_is_empty():
    found = drive(RegistrarClient(URL).registration_certificates("key"), None, Answering(200, b'[{"jwt": "x"}]'))
    assert found == (RegistrationCertificate("", "x", ""),)
    said = Answering(200, b'[{"use": "a", "jwt": "x", "cwt": "y"}]')
    assert drive(RegistrarClient(URL).registration_certificates("key"), None, said) == (
        RegistrationCertificate("a", "x", "y"),
    )


class Changing(InProcessSender):
    """A registrar whose second registration certificate is changed on its way."""

    def __init__(self, office, **changed: str) -> None:
        super().__init__({"register.example": office.application})
        self.changed = changed

    async def send(self, request):
        response = await super().send(request)
        if request.url.endswith("/registration-certificates"):
            first, second = json.loads(response.body)
            body = json.dumps([first, {**second, **self.changed}]).encode()
            return HttpResponse(response.status, response.headers, body)
        return response


@pytest.mark.parametrize(
    "changed",
    [
        {"use": "../escape"},
        {"use": "a/b"},
        {"use": "a" * 300},
        {"jwt": "a" * (MAX_FILE + 1)},
        {"jwt": "é"},
        {"jwt": "a"},
    ],
    ids=["elsewhere", "below", "long name", "large", "no ASCII", "no certificate"],
)
def test_what_could_not_be_used_takes_the_place_of_nothing(office, registrant, changed):
    """T242: the folder is ours, whatever a registrar calls things; and what it gives is used as a whole or not at all."""
    apply(office, registrant)
    office.approve(CINEMA)
    run(office, go_on(registrant, now=NOW))
    apply(office, registrant, cinema(uses=[use(), use(id="name")]))
    office.approve(CINEMA)
    chain, before = leaf(registrant), read_registrations(registrant.registrations)
    with pytest.raises(Malformed):
        drive(go_on(registrant, now=NOW), None, Changing(office, **changed))
    assert (leaf(registrant), read_registrations(registrant.registrations)) == (chain, before)
    assert not list(Path(registrant.data).parent.glob("*.jwt"))


def test_a_file_that_is_no_text_is_named(tmp_path):
    file = tmp_path / "registration.toml"
    file.write_bytes(b"\xff")
    with pytest.raises(Malformed, match=r"registration\.toml"):
        read_party(file)


def never():
    raise AssertionError("nobody was to wait")


def test_the_command_says_how_it_stands_and_waits_if_it_shall(office, registrant, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("runtime.system.now", lambda: NOW)
    settings = VerifierSettings.read(registrant.data)
    file = tmp_path / "registration.toml"
    file.write_text(write_toml(cinema().to_dict()), encoding="utf-8")
    sender = InProcessSender({"register.example": office.application})
    assert not register(registrant, settings, URL, file, wait=False, sender=sender, pause=never)
    assert "the application waits for a decision" in capsys.readouterr().out
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
    settings = VerifierSettings.read(registrant.data)
    assert not register(registrant, settings, "", None, wait=True, sender=sender, pause=never)
    assert "refused: Who are you?. Nothing is registered" in capsys.readouterr().out


def test_nobody_waits_for_a_change_whose_registration_holds(office, registrant, capsys, monkeypatch):
    monkeypatch.setattr("runtime.system.now", lambda: NOW)
    apply(office, registrant)
    office.approve(CINEMA)
    apply(office, registrant, cinema(uses=[use(), use(id="name")]))
    settings, sender = VerifierSettings.read(registrant.data), InProcessSender({"register.example": office.application})
    assert register(registrant, settings, "", None, wait=True, sender=sender, pause=never)
    assert f"{CINEMA}: registered. A change waits for a decision.\n" in capsys.readouterr().out
