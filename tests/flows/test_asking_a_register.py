"""A partner that only says where it is registered, our register, and a strict wallet: joined over HTTP by what is published."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx2
import pytest

from hoheit.registering import open_register
from hoheit.registrar.quickstart import QuickPlace, set_up_quickly
from hoheit.shown_registration import check_shown_registration
from protocol.errors import AccessDenied
from protocol.exchange import Exchange
from protocol.trust.anchors import Role
from protocol.trust.carried import REGISTRATION_CERT
from protocol.trust.dataset import REGISTRAR_DATASET
from registrar.app import create_app as create_registrar
from registrar.config import RegistrarSettings
from registrar.installation import LISTS_FILE
from registrar.records import CertificateKind
from registrar.service.parties import PartyService
from runtime import system
from runtime.anchors import AnchorFolder, write_anchor, write_list_of_lists
from runtime.api_keys import new_api_key
from runtime.driver import drive
from runtime.hosts import HostSwitch
from runtime.http import GuardedSender, NoSender
from runtime.serve import Listen, running
from tests.flows.parties import PASSPHRASE, QUICK, TRUST_LIST, Api, Parties, Services, Tap
from tests.support.ports import free_port
from tests.support.tree import ROOT
from verifier.app import create_app as create_verifier
from verifier.app import open_store as open_verifier_store
from verifier.config import VerifierSettings
from wallet.app import create_wallet, open_wallet
from wallet.config import WalletSettings
from wallet.policy.asking import AsksBeyond, Registered, RegistrationProblem, Unregistered, WronglyRegistered
from wallet.service.seen import RequestSeen

pytestmark = pytest.mark.flow

CINEMA, NAME = "NTRDE-HRB 4711", "Kino Capitol"
REGISTER_NAME = "Register for trying out"


@dataclass(frozen=True, slots=True)
class Cinema:
    """A partner that shows the dataset alone, the register that it is in, and a strict wallet that holds an identity card."""

    place: QuickPlace
    parties: Parties

    @property
    def asked(self) -> list[str]:
        """What the wallet asked the register."""
        register = f"{self.place.registrar_url}/wrp"
        return [request.url for request in self.parties.tap.seen if request.url.startswith(register)]

    @property
    def answers(self) -> list[str]:
        """Where the wallet sent answers."""
        return [request.url for request in self.parties.tap.seen if "/responses/" in request.url]

    def look(self) -> tuple[str, RequestSeen]:
        """The partner asks, and the citizen looks: the request's id, and what they see."""
        request = self.parties.verifier.post("/api/requests", use_case="over-18")
        seen = self.parties.wallet.run(self.parties.wallet.wallet.presenting.look(str(request["uri"])))
        return str(request["id"]), seen

    def ask(self, seen: RequestSeen) -> RequestSeen:
        """The citizen lets the register be asked."""
        return self.parties.wallet.run(self.parties.wallet.wallet.presenting.ask_register(seen))

    def share(self, seen: RequestSeen, choice: dict[str, tuple[str, ...]]) -> None:
        """The citizen says yes."""
        self.parties.wallet.run(self.parties.wallet.wallet.presenting.share(seen, choice))

    def decide(self, deed: Callable[[PartyService], Exchange[object]]) -> None:
        """An operator of the register decides something."""
        with open_register(RegistrarSettings.read(self.place.registrar)) as register:
            drive(deed(register.registrar.parties), register.registrar.context.store, NoSender())


@contextmanager
def served(services: Services, place: QuickPlace) -> Iterator[Api]:
    """The register and the partner, which trusts the agency; the partner's API."""
    write_anchor(
        place.partner / "anchors",
        "issuer.pem",
        (services.anchors / "issuer.pem").read_bytes(),
        role=Role.ISSUER,
        name=TRUST_LIST,
    )
    settings = VerifierSettings.read(place.partner)
    store = open_verifier_store(settings)
    key, record = new_api_key("tests", now=system.now(), random_bytes=system.random_bytes)
    store.api_keys.put(record)
    store.database.dispose()
    apps = {
        urlsplit(place.registrar_url).hostname or "": create_registrar(RegistrarSettings.read(place.registrar)),
        urlsplit(place.partner_url).hostname or "": create_verifier(settings),
    }
    # By the name that it is served under, wherever this machine thinks that is
    headers = {"authorization": f"Bearer {key}", "host": urlsplit(place.partner_url).netloc}
    with (
        running(HostSwitch(apps), Listen(port=place.port)),
        httpx2.Client(headers=headers, trust_env=False, timeout=10) as client,
    ):
        yield Api(f"http://127.0.0.1:{place.port}", client)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> QuickPlace:
    """A register and a partner in it that shows no certificate; not served yet."""
    monkeypatch.setenv("HOHEIT_ENV", "test")
    place = QuickPlace(tmp_path / "quick", free_port())
    set_up_quickly(place, NAME, CINEMA, ("over-18",))
    file = VerifierSettings.file(place.partner)
    file.write_text(f'show_registration = "dataset"\n{file.read_text(encoding="utf-8")}', encoding="utf-8")
    return place


@pytest.fixture
def cinema(services: Services, place: QuickPlace, tmp_path: Path) -> Iterator[Cinema]:
    """Everybody; the wallet knows the register by the list alone."""
    anchors = tmp_path / "anchors"
    write_anchor(
        anchors, "issuer.pem", (services.anchors / "issuer.pem").read_bytes(), role=Role.ISSUER, name=TRUST_LIST
    )
    write_list_of_lists(anchors, f"{place.registrar_url}/lists/registrars", (place.registrar / LISTS_FILE).read_bytes())
    settings = WalletSettings(data=tmp_path / "wallet", anchors=anchors, language="en", strict=True)
    create_wallet(settings, PASSPHRASE, QUICK)
    tap = Tap(GuardedSender(allow_local=True))
    with (
        served(services, place) as partner,
        open_wallet(settings, PASSPHRASE, tap, now=services.clock) as wallet,
    ):
        parties = Parties(services.clock, services.issuer, partner, wallet, tap)
        parties.receive("pid")
        yield Cinema(place, parties)


def gives_nothing(cinema: Cinema, request: str, seen: RequestSeen) -> None:
    """Whatever the citizen says, nothing leaves, and the partner still waits."""
    assert not seen.consent.answerable
    [held] = cinema.parties.wallet.vault.credentials()
    with pytest.raises(AccessDenied):
        cinema.share(seen, {"pid": (held.id,)})
    assert cinema.answers == []
    assert cinema.parties.verdict({"id": request})["state"] == "opened"


def test_from_the_list_to_the_register_and_its_answer_to_what_is_shared(cinema: Cinema) -> None:
    request, seen = cinema.look()
    infos = {info.format: info.data for info in seen.verified.request.verifier_info}
    assert REGISTRATION_CERT not in infos
    dataset = infos[REGISTRAR_DATASET]
    assert isinstance(dataset, dict)
    # Letter by letter what the list has: another wallet may compare it so
    [register] = cinema.parties.wallet.wallet.presenting.context.registers()
    assert dataset["registryURI"] == register.url == f"{cinema.place.registrar_url}/wrp"
    assert (dataset["intendedUseIdentifier"], register.name) == ("over-18", REGISTER_NAME)

    assert isinstance(seen.standing, Unregistered)
    assert seen.consent.standing.register == REGISTER_NAME
    gives_nothing(cinema, request, seen)
    assert cinema.asked == []

    answered = cinema.ask(seen)
    assert cinema.asked == [f"{register.url}/{quote(CINEMA)}"]
    assert isinstance(answered.standing, Registered)
    assert answered.consent.standing.registration is not None
    assert answered.consent.standing.registration.registered_by == REGISTER_NAME
    cinema.share(answered, answered.default_choice())
    found = cinema.parties.verdict({"id": request})
    assert (found["state"], found["claims"]) == ("accepted", {"pid": [{"age_equal_or_over": {"18": True}}]})


def test_who_rests_in_the_register_gets_nothing_and_then_goes_on(cinema: Cinema) -> None:
    request, seen = cinema.look()
    cinema.decide(lambda parties: parties.suspend(CINEMA, "because", "test"))
    answered = cinema.ask(seen)
    assert isinstance(answered.standing, WronglyRegistered)
    assert answered.standing.problem is RegistrationProblem.NOT_IN_REGISTER
    gives_nothing(cinema, request, answered)
    [proof] = cinema.parties.wallet.vault.evidence()
    assert proof.finding == "registration: not_in_register"

    cinema.decide(lambda parties: parties.resume(CINEMA, "test"))
    again = cinema.ask(seen)
    assert isinstance(again.standing, Registered)
    cinema.share(again, again.default_choice())
    assert cinema.parties.verdict({"id": request})["state"] == "accepted"


def test_whose_certificate_rests_is_not_even_asked_about(cinema: Cinema) -> None:
    """The list of revoked certificates comes before any register."""
    cinema.decide(lambda parties: parties.suspend(CINEMA, "because", "test"))
    request, seen = cinema.look()
    assert isinstance(seen.standing, WronglyRegistered)
    assert seen.standing.problem is RegistrationProblem.BARRED_FOR_NOW
    gives_nothing(cinema, request, cinema.ask(seen))
    assert cinema.asked == []


def test_t091_whoever_asks_with_a_revoked_certificate_gets_nothing_and_stands_under_nobody(cinema: Cinema) -> None:
    wallet = cinema.parties.wallet
    _, seen = cinema.look()
    answered = cinema.ask(seen)
    cinema.share(answered, answered.default_choice())
    assert wallet.vault.log()[-1].organisation == f"DE {CINEMA}"

    with open_register(RegistrarSettings.read(cinema.place.registrar)) as register:
        registrar, store = register.registrar, register.registrar.context.store
        given = drive(registrar.parties.certificates_of(CINEMA), store, NoSender())
        [access] = [one for one in given if one.kind is CertificateKind.ACCESS]
        drive(registrar.certificates.revoke(access.id, "test"), store, NoSender())
    # An hour later
    wallet.wallet.presenting.context.known_crls.clear()
    cinema.parties.tap.seen.clear()
    request, seen = cinema.look()
    assert isinstance(seen.standing, WronglyRegistered)
    assert seen.standing.problem is RegistrationProblem.BARRED
    gives_nothing(cinema, request, seen)
    asker, entry = seen.consent.asker, wallet.vault.log()[-1]
    assert (asker.name, asker.trusted_by, asker.organisation, asker.calls_itself) == ("", "", "", NAME)
    assert (entry.action, entry.party, entry.trusted_by, entry.organisation) == ("barred", NAME, "", "")


def test_who_asks_for_more_than_the_register_has_gets_nothing_of_it_and_the_answer_is_kept(
    services: Services, place: QuickPlace, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    text = (ROOT / "verifier/use_cases/over-18.toml").read_text(encoding="utf-8")
    (tmp_path / "wider").mkdir()
    wider = text.replace("    { path = [", '    { path = ["birthdate"] },\n    { path = [', 1)
    (tmp_path / "wider" / "over-18.toml").write_text(wider, encoding="utf-8")
    file = VerifierSettings.file(place.partner)
    setting = f'use_cases_folder = "{tmp_path / "wider"}"'
    file.write_text(f"{setting}\n{file.read_text(encoding='utf-8')}", encoding="utf-8")
    cinema: Cinema = request.getfixturevalue("cinema")
    made, seen = cinema.look()
    answered = cinema.ask(seen)
    assert isinstance(answered.standing, AsksBeyond)
    assert [found.path for found in answered.standing.beyond] == [("birthdate",)]
    gives_nothing(cinema, made, answered)
    [proof] = cinema.parties.wallet.vault.evidence()
    assert proof.register_answer == answered.standing.registration.answer != ""


def test_the_doctor_hears_what_the_wallet_hears(cinema: Cinema) -> None:
    folder, sender = cinema.place.partner, GuardedSender(allow_local=True)
    drive(AnchorFolder(folder / "anchors", system.now).refresh(), None, sender)
    [_, good] = drive(check_shown_registration(folder, system.now()), None, sender)
    assert (good.good, good.what) == (True, f"use case over-18: {REGISTER_NAME} says that it is registered")
    cinema.decide(lambda parties: parties.suspend(CINEMA, "because", "test"))
    [_, resting] = drive(check_shown_registration(folder, system.now()), None, sender)
    assert resting.good is False
