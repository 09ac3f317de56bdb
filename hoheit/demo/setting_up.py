"""Sets up the town in a folder: keys, certificates, settings, people, and who trusts whom. What is there already stays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from capabilities.accounts.service import new_clerk_code
from hoheit.demo.places import AGENCIES, CLERK, PARTNERS, PEOPLE, TRUST_LIST, WALLET_HOST, Agency, Partner
from issuer.app import create_app as create_issuer
from issuer.app import known_types, open_types
from issuer.app import open_store as open_issuer_store
from issuer.config import IssuerSettings
from issuer.database.register import SqlRegister
from issuer.installation import NewIssuer, set_up_issuer
from issuer.people import read_people
from protocol.keys import RandomBytes
from protocol.trust.anchors import Role
from runtime.anchors import INDEX, write_anchor
from runtime.api_keys import ApiKeys, new_api_key
from runtime.hosts import Service
from runtime.seal import read_private, write_private
from verifier.app import create_app as create_verifier
from verifier.app import open_store as open_verifier_store
from verifier.config import VerifierSettings
from verifier.installation import ANCHORS, NewVerifier, set_up_verifier

WALLET = "wallet"
KEY_FILE = "api-key"
CLERK_FILE = "clerk-code"
AUTHORITY_FILE = "authority.pem"


@dataclass(frozen=True, slots=True)
class Town:
    """The town in its folder, at its address: every place has a host name of its own below the town's.

    Names below `localhost` are this machine, for browsers and for our own sender.
    """

    folder: Path
    start: str  # the address of the first page, such as http://localhost:8480

    def address(self, place: Agency | Partner) -> str:
        """Where a place is reached; also its identifier."""
        return self._below(place.id)

    @property
    def wallet_address(self) -> str:
        """Where the citizen's wallet is reached."""
        return self._below(WALLET_HOST)

    def _below(self, label: str) -> str:
        scheme, _, place = self.start.partition("://")
        return f"{scheme}://{label}.{place}"

    def data(self, place: Agency | Partner) -> Path:
        """The data folder of a place."""
        return self.folder / place.id

    def api_key(self, place: Agency | Partner) -> str:
        """The key that the demo itself uses; in a real installation it never stands in a file beside the service."""
        return read_private(self.data(place) / KEY_FILE).decode("ascii")

    def clerk_code(self, agency: Agency) -> str:
        """The code with which whoever tries the demo signs in as a clerk."""
        return read_private(self.data(agency) / CLERK_FILE).decode("ascii")

    @property
    def wallet(self) -> Path:
        """The folder of the citizen's wallet."""
        return self.folder / WALLET

    @property
    def wallet_anchors(self) -> Path:
        """Whom the citizen's wallet trusts."""
        return self.wallet / ANCHORS

    def services(self) -> dict[str, Service]:
        """The agencies and partners, by host name."""
        issuers = {_host(self.address(a)): create_issuer(IssuerSettings.read(self.data(a))) for a in AGENCIES}
        verifiers = {_host(self.address(p)): create_verifier(VerifierSettings.read(self.data(p))) for p in PARTNERS}
        return {**issuers, **verifiers}


def _host(address: str) -> str:
    return urlsplit(address).hostname or ""


def set_up_town(folder: Path, start: str, *, now: Callable[[], int], random_bytes: RandomBytes) -> Town:
    """The town of a folder; whatever is missing in it is made."""
    town = Town(folder, start)
    for agency in AGENCIES:
        if not IssuerSettings.file(town.data(agency)).exists():
            _set_up_agency(town, agency, now(), random_bytes)
    for partner in PARTNERS:
        if not VerifierSettings.file(town.data(partner)).exists():
            _set_up_partner(town, partner, now(), random_bytes)
    for anchors in (town.wallet_anchors, *(town.data(partner) / ANCHORS for partner in PARTNERS)):
        if not (anchors / INDEX).exists():
            _trust_everybody(town, anchors)
    return town


def _set_up_agency(town: Town, agency: Agency, now: int, random_bytes: RandomBytes) -> None:
    data = town.data(agency)
    new = NewIssuer(data, town.address(agency), agency.name, agency.types, wallet_url=town.wallet_address)
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


def _set_up_partner(town: Town, partner: Partner, now: int, random_bytes: RandomBytes) -> None:
    data = town.data(partner)
    new = NewVerifier(data, town.address(partner), partner.name, partner.use_cases, wallet_url=town.wallet_address)
    set_up_verifier(new, now=now, random_bytes=random_bytes)
    store = open_verifier_store(VerifierSettings.read(data))
    _let_in(store.api_keys, data, now, random_bytes)
    store.database.dispose()


def _let_in(keys: ApiKeys, data: Path, now: int, random_bytes: RandomBytes) -> None:
    """Give the walk through the town a key of this service's API."""
    key, record = new_api_key("demo", now=now, random_bytes=random_bytes)
    keys.put(record)
    write_private(data / KEY_FILE, key.encode("ascii"))


def _trust_everybody(town: Town, anchors: Path) -> None:
    """Everybody in town trusts each agency for what it issues, and knows each partner by its certificate."""
    for agency in AGENCIES:
        types = open_types(IssuerSettings.read(town.data(agency)))
        vcts = tuple(credential_type.vct for credential_type in types.values())
        pem = (town.data(agency) / AUTHORITY_FILE).read_bytes()
        write_anchor(anchors, f"{agency.id}.pem", pem, role=Role.ISSUER, name=TRUST_LIST, types=vcts)
    for partner in PARTNERS:
        pem = (town.data(partner) / AUTHORITY_FILE).read_bytes()
        write_anchor(anchors, f"{partner.id}.pem", pem, role=Role.VERIFIER, name=TRUST_LIST)
