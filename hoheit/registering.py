"""A register on this machine, decided by whoever sets it up: partners and agencies get in it as they would over the network."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TypeVar
from urllib.parse import urlsplit

from capabilities.registration.party import SERVICE_PROVIDER, Party
from capabilities.registration.registering import KEY, Registrant, go_on, start, take_over
from capabilities.registration.uses import Use, write_credential
from issuer.app import known_types, open_types
from issuer.cli.registering import authority_pem, provided
from issuer.cli.registering import registrant_of as issuer_registrant
from issuer.config import IssuerSettings
from protocol.encoding import JsonObject, JsonValue
from protocol.exchange import Exchange
from protocol.sovereignty.service import Service
from protocol.trust.registration import RegisteredCredential
from registrar.app import make_application, open_registrar, open_store
from registrar.config import RegistrarSettings
from registrar.records import PartyState, ServiceState
from registrar.service import Registrar
from registrar.session import proposal_id
from runtime import system
from runtime.conversation import ConversationStore
from runtime.driver import Driver, drive
from runtime.http import InProcessSender, NoSender, Sender
from runtime.seal import replace_private
from runtime.settings import ServiceSettings
from verifier.app import open_use_cases, with_questions
from verifier.cli.registering import registrant_of as verifier_registrant
from verifier.cli.registering import use_of
from verifier.config import VerifierSettings
from verifier.once_only.description import read_services
from verifier.represented import ACCESS_LAW, IN_OWN_NAME

T = TypeVar("T")

SERVICES = "services"  # folder of once-only services in an installation
LAW = "GDPR Art. 6 (1) a, consent"


@dataclass(frozen=True, slots=True)
class Signboard:
    """What somebody writes down of themselves, beside what their installation knows."""

    identifier: str
    email: str
    phone: str = "+49 30 4711"
    country: str = "DE"
    street: str = "Lindenweg 1"
    locality: str = "Lindenau"
    postal_code: str = "01234"
    public_body: bool = False


@dataclass(frozen=True, slots=True)
class LocalRegister:
    """A registrar's folder, open."""

    settings: RegistrarSettings
    registrar: Registrar
    sender: InProcessSender

    def knows(self, identifier: str) -> bool:
        """Whether somebody is in the register, or was."""
        return self.registrar.context.store.party(identifier) is not None

    def let_go_on(self, identifier: str) -> None:
        """Let somebody who rests hold again, as after a walk that was cut short."""
        line = self.registrar.context.store.party(identifier)
        if line is not None and line.state is PartyState.SUSPENDED:
            self._run(self.registrar.parties.resume(identifier, "set-up"))

    def bar(self, identifier: str, reason: str) -> None:
        """End a registration for ever, with every certificate that hangs on it, if that did not happen before."""
        line = self.registrar.context.store.party(identifier)
        if line is not None and line.state is PartyState.REGISTERED:
            self._run(self.registrar.parties.remove(identifier, reason, "set-up"))

    def take_in_verifier(
        self,
        settings: VerifierSettings,
        board: Signboard,
        *,
        narrowed: Callable[[Use], Use] = lambda use: use,
        more: JsonObject | None = None,
    ) -> None:
        """Register a verifier for its use cases, and let it have its certificates.

        `narrowed`: what of a use it registers; `more`: further members of the registration.
        """
        uses = [narrowed(use) for use in uses_of(settings)]
        known = {**cockpit_of(settings), **(more or {})}
        party = party_of(settings, board, (SERVICE_PROVIDER,), uses=uses, more=known)
        self._take_in(verifier_registrant(settings), party)

    def take_in_issuer(
        self, settings: IssuerSettings, board: Signboard, entitlements: Sequence[str], types: Sequence[str] = ()
    ) -> None:
        """Register an issuer, with the authority that its documents hang on. `types`: ids; empty: those that it issues."""
        known = known_types(settings)
        kinds = [provided(known[name]) for name in types or open_types(settings)]
        party = party_of(
            settings,
            board,
            entitlements,
            provides=kinds,
            authorities=(authority_pem(settings),),
            more=cockpit_of(settings),
        )
        self._take_in(issuer_registrant(settings), party)

    def take_in_office(
        self, issuing: IssuerSettings, asking: VerifierSettings, board: Signboard, entitlements: Sequence[str]
    ) -> None:
        """Register one party that issues at one address and asks at another: each gets a certificate in its name."""
        kinds = [provided(kind) for kind in open_types(issuing).values()]
        services = (issuing, asking)
        both: JsonObject = {
            "addresses": [service.public_url for service in services],
            "cockpit_endpoints": [address for service in services for address in cockpit_of(service).values()] or None,
        }
        party = party_of(
            issuing,
            board,
            (*entitlements, SERVICE_PROVIDER),
            uses=uses_of(asking),
            provides=kinds,
            authorities=(authority_pem(issuing),),
            more=both,
        )
        issuer, verifier = issuer_registrant(issuing), verifier_registrant(asking)
        self._send(start(issuer, self.settings.public_url, party))
        self._approve(party.identifier)
        key = issuer.keys.secret(KEY).decode("ascii")
        self._send(take_over(verifier, self.settings.public_url, key))
        self._send(go_on(verifier, now=system.now()))
        # Registration certificates end those that were given before, so both show the same
        self._send(go_on(issuer, now=system.now()))
        for file in issuer.registrations.glob("*.jwt"):
            replace_private(verifier.registrations / file.name, file.read_bytes())

    def announce(self, settings: VerifierSettings, services: Sequence[Service]) -> None:
        """Put services of somebody who is registered into the catalogue, if nobody decided about them before.

        Raises:
            ValueError: one may not stand there; the message says why.
        """
        new = [service for service in services if self._is_undecided(service.id)]
        if not new:
            return
        key = verifier_registrant(settings).keys.secret(KEY).decode("ascii")
        stage = self._run(self.registrar.parties.registered(key))
        handed = self._run(self.registrar.offerings.hand_in(key, stage, [service.to_dict() for service in new]))
        if handed.problems:
            raise ValueError(handed.problems[0].sentence)
        for one in handed.offerings:
            self._run(self.registrar.offerings.approve(one.id, proposal_id(one.proposed), "set-up"))

    def _is_undecided(self, service: str) -> bool:
        line = self.registrar.context.store.services.find(service)
        return line is None or line.offering.state is ServiceState.NEW

    def take_in(self, party: Party) -> None:
        """Register somebody who needs no certificates of ours, because lists name them."""
        parties = self.registrar.parties
        self._run(parties.apply(party))
        self._approve(party.identifier)

    def _take_in(self, registrant: Registrant, party: Party) -> None:
        self._send(start(registrant, self.settings.public_url, party))
        self._approve(party.identifier)
        self._send(go_on(registrant, now=system.now()))

    def _send(self, work: Exchange[T]) -> T:
        return drive_apart(work, self.sender)

    def _approve(self, identifier: str) -> None:
        line = self._run(self.registrar.parties.line(identifier))
        self._run(self.registrar.parties.approve(identifier, proposal_id(line.proposed), "set-up"))

    def _run(self, work: Exchange[T]) -> T:
        return drive_apart(work, NoSender(), self.registrar.context.store)


def uses_of(settings: VerifierSettings) -> list[Use]:
    """What a verifier registers for: its use cases, and its once-only services."""
    privacy = f"{settings.public_url}/privacy"
    use_cases = open_use_cases(settings)
    uses = [use_of(one, privacy_policy=privacy, legal_basis=LAW) for one in use_cases.values()]
    folder = settings.data / SERVICES
    services = read_services(folder) if folder.exists() else {}
    in_own_name = with_questions(use_cases, services).get(IN_OWN_NAME)
    if in_own_name is not None:
        uses.append(use_of(in_own_name, privacy_policy=privacy, legal_basis=ACCESS_LAW))
    for service in services.values():
        if service.use_case is not None:
            use = use_of(service.use_case, privacy_policy=service.privacy_policy, legal_basis=service.legal_basis)
            uses.append(replace(use, retention_days=service.retention_days))
    return uses


def cockpit_of(settings: VerifierSettings | IssuerSettings) -> JsonObject:
    """Where citizens follow what becomes of their data, as it is registered."""
    return {"cockpit_endpoint": f"{settings.public_url}/cockpit"} if settings.cockpit else {}


def drive_apart(work: Exchange[T], sender: Sender, store: ConversationStore | None = None) -> T:
    """In a thread of its own: whoever sets up may run an event loop, and two do not fit into one thread."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: drive(work, store, sender)).result()


@contextmanager
def open_register(settings: RegistrarSettings) -> Iterator[LocalRegister]:
    """The register of a folder."""
    store = open_store(settings)
    registrar = open_registrar(settings, store)
    driver = Driver(store, NoSender())

    application = make_application(registrar, driver)
    try:
        host = urlsplit(settings.public_url).netloc
        yield LocalRegister(settings, registrar, InProcessSender({host: application}))
    finally:
        driver.close()
        store.database.dispose()


def party_of(
    settings: ServiceSettings,
    board: Signboard,
    entitlements: Sequence[str],
    *,
    uses: Sequence[Use] = (),
    provides: Sequence[RegisteredCredential] = (),
    authorities: Sequence[str] = (),
    more: JsonObject | None = None,
) -> Party:
    """Somebody as they register."""
    name = next(iter(settings.name.values()))
    members: dict[str, JsonValue] = {
        "identifier": board.identifier,
        "country": board.country,
        "legal_name": name,
        "trade_name": name,
        "entitlements": [*entitlements],
        "public_body": board.public_body,
        "info_uri": settings.public_url,
        "support_uri": f"mailto:{board.email}",
        "email": board.email,
        "phone": board.phone,
        "address": {"street": board.street, "locality": board.locality, "postal_code": board.postal_code},
        "services": [dict[str, JsonValue](settings.name)],
        "addresses": [settings.public_url],
        "supervisory_authority": AUTHORITY,
        "uses": [use.to_dict() for use in uses] or None,
        "provides": [write_credential(credential) for credential in provides] or None,
        "authorities": [*authorities] or None,
        **(more or {}),
    }
    return Party.from_dict({member: value for member, value in members.items() if value is not None})


AUTHORITY: JsonObject = {
    "name": "Der Datenschutzbeauftragte des Landes",
    "country": "DE",
    "email": "beschwerde@datenschutz.example",
    "uri": "https://datenschutz.example/beschwerde",
}
