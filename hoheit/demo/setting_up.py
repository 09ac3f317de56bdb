"""Sets up the town in a folder: keys, certificates, settings, people, and who trusts whom. What is there already stays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from capabilities.accounts.service import new_clerk_code
from capabilities.registration.party import SECTOR_PLATFORM, WALLET_PROVIDER
from hoheit.demo.catalogue import entries, service_files
from hoheit.demo.oddities import register_odd
from hoheit.demo.places import (
    AGENCIES,
    ATTESTED,
    CLERK,
    COLLEGE,
    COUNTERS,
    ODD_PARTNERS,
    OPERATOR,
    PARTNERS,
    PEOPLE,
    PROVIDER,
    PROVIDING,
    REGISTER,
    REGISTERS,
    RELAY,
    SECTORS,
    SPORTS_CLUB,
    TOWN,
    USE_CASES,
    WALLET_HOST,
    Agency,
    Partner,
    Provider,
    Register,
)
from hoheit.registering import SERVICES, LocalRegister, Signboard, open_register, party_of
from issuer.app import SHIPPED_TYPES, known_types
from issuer.app import create_app as create_issuer
from issuer.app import open_store as open_issuer_store
from issuer.config import IssuerSettings
from issuer.database.register import SqlRegister
from issuer.installation import NewIssuer, set_up_issuer
from issuer.people import read_people
from protocol.encoding import JsonObject
from protocol.keys import RandomBytes
from registrar.app import create_app as create_registrar
from registrar.app import open_store as open_registrar_store
from registrar.config import RegistrarSettings
from registrar.installation import LISTS_FILE, NewRegistrar, set_up_registrar
from registrar.service.publications import LISTS
from runtime.anchors import INDEX, write_list_of_lists
from runtime.api_keys import ApiKeys, new_api_key
from runtime.hosts import Service
from runtime.installation import AUTHORITY_FILE
from runtime.seal import read_private, write_private
from verifier.app import create_app as create_verifier
from verifier.app import open_store as open_verifier_store
from verifier.config import VerifierSettings
from verifier.installation import ANCHORS, NewVerifier, set_up_verifier
from wallet.provider.app import create_app as create_provider
from wallet.provider.config import ProviderSettings
from wallet.provider.installation import NewProvider, set_up_provider

WALLET = "wallet"
KEY_FILE = "api-key"
CASE_KEY_FILE = "case-key"
CLERK_FILE = "clerk-code"
VERSION_FILE, VERSION = "version", "8"  # of how a town is laid out
OPERATOR_FILE = "operator-code"
STREET, POSTAL_CODE, PHONE = "Lindenweg 9", "01234", "+49 351 1234"
# What a sector's platform publishes: who may ask there, in whose word, and who issues
SECTOR_LISTS = ("sector",)

Place = Agency | Partner | Register | Provider
EVERYBODY = (*AGENCIES, COLLEGE, *PARTNERS, *COUNTERS, *ODD_PARTNERS)  # who knows others by lists


@dataclass(frozen=True, slots=True)
class Town:
    """The town in its folder, at its address: every place has a host name of its own below the town's.

    Names below `localhost` are this machine, for browsers and for our own sender.
    """

    folder: Path
    start: str  # the address of the first page, such as http://localhost:8480

    def address(self, place: Place) -> str:
        """Where a place is reached; also its identifier."""
        return self.below(place.id)

    @property
    def wallet_address(self) -> str:
        """Where the citizen's wallet is reached."""
        return self.below(WALLET_HOST)

    def below(self, label: str) -> str:
        """The address of a name below the town's."""
        scheme, _, place = self.start.partition("://")
        return f"{scheme}://{label}.{place}"

    def data(self, place: Place) -> Path:
        """The data folder of a place."""
        return self.folder / place.id

    def api_key(self, place: Place) -> str:
        """The key that the demo itself uses; in a real installation it never stands in a file beside the service."""
        return read_private(self.data(place) / KEY_FILE).decode("ascii")

    def case_key(self, place: Partner) -> str:
        """The key with which the demo reads what was sent to a place, as the place's own programs do."""
        return read_private(self.data(place) / CASE_KEY_FILE).decode("ascii")

    def clerk_code(self, agency: Agency | Partner) -> str:
        """The code with which whoever tries the demo signs in as a clerk."""
        return read_private(self.data(agency) / CLERK_FILE).decode("ascii")

    def operator_code(self, register: Register) -> str:
        """The code with which whoever tries the demo decides at a register."""
        return read_private(self.data(register) / OPERATOR_FILE).decode("ascii")

    @property
    def wallet(self) -> Path:
        """The folder of the citizen's wallet."""
        return self.folder / WALLET

    @property
    def wallet_anchors(self) -> Path:
        """Whom the citizen's wallet trusts."""
        return self.wallet / ANCHORS

    def odd_services(self) -> dict[str, Service]:
        """With whom something goes wrong, by host name."""
        return {
            _host(self.address(COLLEGE)): create_issuer(IssuerSettings.read(self.data(COLLEGE))),
            **{_host(self.address(p)): create_verifier(VerifierSettings.read(self.data(p))) for p in ODD_PARTNERS},
        }

    def services(self) -> dict[str, Service]:
        """Everybody else but the citizen, by host name."""
        return {
            **{_host(self.address(r)): create_registrar(RegistrarSettings.read(self.data(r))) for r in REGISTERS},
            _host(self.address(PROVIDER)): create_provider(ProviderSettings.read(self.data(PROVIDER))),
            **{_host(self.address(a)): create_issuer(IssuerSettings.read(self.data(a))) for a in AGENCIES},
            **{
                _host(self.address(p)): create_verifier(VerifierSettings.read(self.data(p)))
                for p in (*PARTNERS, *COUNTERS)
            },
        }


def _host(address: str) -> str:
    return urlsplit(address).hostname or ""


def set_up_town(folder: Path, start: str, *, now: Callable[[], int], random_bytes: RandomBytes) -> Town:
    """The town of a folder; whatever is missing in it is made.

    Raises:
        ValueError: the folder holds a town of another version, whose people would not trust one another by lists.
    """
    town = Town(folder, start)
    _check_version(folder)
    for register in REGISTERS:
        if not RegistrarSettings.file(town.data(register)).exists():
            _set_up_register(town, register, now(), random_bytes)
    if not ProviderSettings.file(town.data(PROVIDER)).exists():
        new = NewProvider(town.data(PROVIDER), town.address(PROVIDER), PROVIDER.name, open_enrolment=True)
        set_up_provider(new, now=now(), random_bytes=random_bytes)
    for agency in (*AGENCIES, COLLEGE):
        if not IssuerSettings.file(town.data(agency)).exists():
            _set_up_agency(town, agency, now(), random_bytes)
    for partner in (*PARTNERS, *COUNTERS, *ODD_PARTNERS, SPORTS_CLUB):
        if not VerifierSettings.file(town.data(partner)).exists():
            _set_up_partner(town, partner, now(), random_bytes)
    for place in PROVIDING:
        if not (town.data(place) / CLERK_FILE).exists():
            _employ_clerk(town, place, now(), random_bytes)
    for anchors in (town.wallet_anchors, *(town.data(place) / ANCHORS for place in EVERYBODY)):
        if not (anchors / INDEX).exists():
            # One certificate is all that anybody has to trust: the lists say the rest
            signer = (town.data(REGISTER) / LISTS_FILE).read_bytes()
            write_list_of_lists(anchors, f"{town.address(REGISTER)}/lists/registrars", signer)
    for register in REGISTERS:
        _register_everybody(town, register)
    return town


def _check_version(folder: Path) -> None:
    mark = folder / VERSION_FILE
    if not folder.exists() or not any(folder.iterdir()):
        write_private(mark, VERSION.encode("ascii"))
    elif not mark.exists() or read_private(mark) != VERSION.encode("ascii"):
        raise ValueError(
            f"the town in {folder} is of another version; delete this folder, or name another one with --data"
        )


def _set_up_register(town: Town, register: Register, now: int, random_bytes: RandomBytes) -> None:
    data = town.data(register)
    seat = (STREET, TOWN, POSTAL_CODE)
    new = NewRegistrar(data, town.address(register), register.name, register.identifier, register.email, PHONE, seat)
    set_up_registrar(new, now=now, random_bytes=random_bytes)
    store = open_registrar_store(RegistrarSettings.read(data))
    _let_in(store.api_keys, data, now, random_bytes)
    code, kept = new_clerk_code(OPERATOR, now=now, random_bytes=random_bytes)
    store.operator_codes.put(kept)
    write_private(data / OPERATOR_FILE, code.encode("ascii"))
    store.database.dispose()


def _register_everybody(town: Town, register: Register) -> None:
    """Whoever belongs into a register and is not there yet gets in, with every certificate in use."""
    with open_register(RegistrarSettings.read(town.data(register))) as office:
        counters = {counter.identifier: counter for counter in COUNTERS}
        for agency in AGENCIES:
            if agency.register is register and not office.knows(agency.identifier):
                board = Signboard(agency.identifier, f"post@{agency.id}.example", public_body=True)
                settings = IssuerSettings.read(town.data(agency))
                if counter := counters.get(agency.identifier):
                    asking = VerifierSettings.read(town.data(counter))
                    office.take_in_office(settings, asking, board, agency.entitlements)
                else:
                    office.take_in_issuer(settings, board, agency.entitlements)
        for partner in (*PARTNERS, *COUNTERS):
            if partner.register is register and not office.knows(partner.identifier):
                board = Signboard(partner.identifier, f"post@{partner.id}.example")
                office.take_in_verifier(VerifierSettings.read(town.data(partner)), board)
        if register is REGISTER:
            register_odd(office, town.data)
            for place in PROVIDING:
                office.announce(VerifierSettings.read(town.data(place)), entries(place.id, town.below))
            _name_the_others(town, office)


def _name_the_others(town: Town, office: LocalRegister) -> None:
    """The town's register puts the sectors' platforms and the wallet provider on its lists."""
    for sector in SECTORS:
        office.let_go_on(sector.identifier)
        if not office.knows(sector.identifier):
            settings = RegistrarSettings.read(town.data(sector))
            signer = (town.data(sector) / LISTS_FILE).read_text(encoding="ascii")
            published: JsonObject = {
                "lists": [{"type": LISTS[name], "url": f"{town.address(sector)}/lists/{name}"} for name in SECTOR_LISTS]
            }
            board = Signboard(sector.identifier, sector.email)
            office.take_in(party_of(settings, board, (SECTOR_PLATFORM,), authorities=(signer,), more=published))
    if not office.knows(PROVIDER.identifier):
        provider = ProviderSettings.read(town.data(PROVIDER))
        authority = (town.data(PROVIDER) / AUTHORITY_FILE).read_text(encoding="ascii")
        board = Signboard(PROVIDER.identifier, f"post@{PROVIDER.id}.example")
        office.take_in(party_of(provider, board, (WALLET_PROVIDER,), authorities=(authority,)))


def _set_up_agency(town: Town, agency: Agency, now: int, random_bytes: RandomBytes) -> None:
    data = town.data(agency)
    new = NewIssuer(
        data,
        town.address(agency),
        agency.name,
        agency.types,
        types_folder=_types_folder(data, agency),
        wallet_url=town.wallet_address,
        haip=True,
    )
    set_up_issuer(new, now=now, random_bytes=random_bytes)
    settings = IssuerSettings.read(data)
    store = open_issuer_store(settings)
    people = read_people(PEOPLE.read_bytes(), known_types(settings).values())
    SqlRegister(store.database).put(people)
    _let_in(store.api_keys, data, now, random_bytes)
    code, kept = new_clerk_code(CLERK, now=now, random_bytes=random_bytes)
    store.clerk_codes.put(kept)
    write_private(data / CLERK_FILE, code.encode("ascii"))
    store.database.dispose()


def _types_folder(data: Path, agency: Agency) -> str:
    """Where the agency's own types are: shipped ones that want attested keys here. Empty: it has none."""
    folder = data / "types"
    for name in agency.attested:
        text = (SHIPPED_TYPES / f"{name}.toml").read_bytes() + ATTESTED.read_bytes()
        write_private(folder / f"{name}.toml", text)
        logo = SHIPPED_TYPES / f"{name}.svg"
        write_private(folder / logo.name, logo.read_bytes())
    return str(folder) if agency.attested else ""


def _set_up_partner(town: Town, partner: Partner, now: int, random_bytes: RandomBytes) -> None:
    data = town.data(partner)
    folder = data / USE_CASES.name
    for file in USE_CASES.glob("*.toml"):
        write_private(folder / file.name, file.read_bytes())
    for name, text in service_files(partner.id, town.below).items():
        write_private(data / SERVICES / name, text.encode("utf-8"))
    new = NewVerifier(
        data,
        town.address(partner),
        partner.name,
        partner.use_cases,
        use_cases_folder=str(folder) if partner.use_cases else "",
        wallet_url=town.wallet_address,
        haip=True,
        relay=partner == RELAY,
        own_use_cases_only=not partner.use_cases,
    )
    set_up_verifier(new, now=now, random_bytes=random_bytes)
    store = open_verifier_store(VerifierSettings.read(data))
    _let_in(store.api_keys, data, now, random_bytes)
    _let_in(store.case_keys, data, now, random_bytes, CASE_KEY_FILE)
    store.database.dispose()


def _employ_clerk(town: Town, place: Partner, now: int, random_bytes: RandomBytes) -> None:
    """Somebody decides about what is sent to a place."""
    store = open_verifier_store(VerifierSettings.read(town.data(place)))
    code, kept = new_clerk_code(CLERK, now=now, random_bytes=random_bytes)
    store.clerk_codes.put(kept)
    write_private(town.data(place) / CLERK_FILE, code.encode("ascii"))
    store.database.dispose()


def _let_in(keys: ApiKeys, data: Path, now: int, random_bytes: RandomBytes, file: str = KEY_FILE) -> None:
    """Give the walk through the town a key of this service's API."""
    key, record = new_api_key("demo", now=now, random_bytes=random_bytes)
    keys.put(record)
    write_private(data / file, key.encode("ascii"))
