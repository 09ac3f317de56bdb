"""A small land in one process: a register, an agency, two partners and citizens, all of it real, joined by a network.

What anybody sends is recorded byte for byte, time passes when it is told to, and a partner can be made to lie: its own software
runs, and between it and everybody else stands somebody who has its keys.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from fastapi import FastAPI

from issuer.database.store import SqlIssuerStore
from issuer.service import Issuer
from issuer.service.offers import GrantKind, MadeOffer, OfferOrder
from protocol.exchange import Exchange
from protocol.formats import IssuerSigner
from protocol.sovereignty.usage import HOUR
from registrar.database.store import SqlRegistrarStore
from registrar.installation import LISTS_FILE
from registrar.service import Registrar
from registrar.witnessed import OFFSET
from registrar.witnessing import witness_hour
from runtime import system
from runtime.anchors import write_list_of_lists
from runtime.api_keys import new_api_key
from runtime.driver import Driver
from runtime.installation import open_keys
from tests.flows.network import Network
from tests.flows.parties import Clock
from verifier.config import VerifierSettings
from verifier.database.store import SqlVerifierStore
from verifier.installation import SIGNING as ACCESS
from verifier.service import Verifier
from verifier.service.requests import MadeRequest, RequestOrder
from wallet.app import create_wallet, open_wallet
from wallet.cockpit_words import CockpitWords
from wallet.config import WalletSettings
from wallet.disclosure_records import Disclosure
from wallet.forwarding_records import MandateKept
from wallet.policy.documents import documents_of
from wallet.service import Wallet
from wallet.service.cockpit.collecting import Looked
from wallet.service.forwarding import Fate
from wallet.service.mandate_making import Span
from wallet.service.opened import OpenWallet
from wallet.vault.passphrase import KeyDerivation
from wallet.words import Words

T = TypeVar("T")

REGISTER, AGENCY = "https://register.example", "https://agency.example"
LIBRARY, BANK = "https://library.example", "https://bank.example"
SAYS = CockpitWords.of(Words("en"), "en", ())
PID = "urn:eudi:pid:1"
PASSPHRASE = "a passphrase for tests"
QUICK = KeyDerivation(2, 19 << 20)


@dataclass(slots=True)
class Partner:
    """A verifier with everything that it has."""

    land: "Land"
    settings: VerifierSettings
    store: SqlVerifierStore
    verifier: Verifier
    driver: Driver
    application: FastAPI

    @property
    def host(self) -> str:
        """Its name in the network."""
        return urlsplit(self.settings.public_url).netloc

    @property
    def keys(self) -> IssuerSigner:
        """The key and the certificates by which it signs: its operator has them."""
        return open_keys(self.settings.data, None).signer(ACCESS)

    def run(self, work: Exchange[T]) -> T:
        """Do something with its own service."""
        return asyncio.run(self.driver.run(work))

    def ask(self, use_case: str = "name", **order: object) -> MadeRequest:
        """Make a request."""
        members = {"use_case": use_case, "query": None, "owner": "tests", **order}
        return self.run(self.verifier.requests.make(RequestOrder(**members)))  # type: ignore[arg-type]  # names what there is

    def append(self) -> None:
        """Write what is pending into the tree, if the hour is over."""
        self.run(self.verifier.usage.append())

    def api_key(self) -> str:
        """A fresh key of its API."""
        key, record = new_api_key("tests", now=self.land.clock(), random_bytes=system.random_bytes)
        self.store.api_keys.put(record)
        return key

    def close(self) -> None:
        """Let go of threads and files."""
        self.driver.close()
        self.store.database.dispose()


@dataclass(slots=True)
class Citizen:
    """A wallet with its network."""

    land: "Land"
    name: str
    opened: OpenWallet
    folder: Path
    sends_as: str  # in the network

    @property
    def wallet(self) -> Wallet:
        """What the wallet can do."""
        return self.opened.wallet

    def run(self, work: Exchange[T]) -> T:
        """Do something with the wallet."""
        return self.opened.run(work)

    def follow(self) -> None:
        """Fetch what the register publishes, if it is time."""
        published = self.wallet.context.published
        assert published is not None
        self.run(published.when_due())

    def receive(self, configuration: str = "pid") -> None:
        """Take an offer of the agency."""
        receiving = self.wallet.receiving
        made = self.land.offer(configuration, self.name)
        seen = self.run(receiving.look(made.uri))
        pending = self.run(receiving.take(seen, made.tx_code))
        self.run(receiving.keep(self.run(receiving.fetch(pending, seen.contact))))

    def share(self, link: str) -> None:
        """Agree to what a link asks for."""
        presenting = self.wallet.presenting
        asked = self.run(presenting.look(link))
        self.run(presenting.share(asked, asked.default_choice()))

    def give(self, partner: Partner, use_case: str = "name") -> MadeRequest:
        """Answer a question of a partner."""
        made = partner.ask(use_case)
        self.share(made.uri)
        return made

    def instruct(self, service: str) -> MandateKept:
        """Forward the identity card to a service, and have the agency go on with it when its register changes."""
        documents = documents_of(self.opened.vault.credentials())
        [document] = [one for one in documents if any(form.type == PID for form in one.forms)]
        recipients = self.run(self.wallet.forwarding.ask(document, [service]))
        [asked] = recipients.asked
        choice = asked.seen.default_choice()
        [done] = self.run(self.wallet.forwarding.send(recipients, {service: choice}))
        assert done.fate is Fate.ARRIVED, done
        return self.run(self.wallet.mandates.give(recipients, service, choice, Span.YEAR))

    @property
    def disclosure(self) -> Disclosure:
        """The newest answer."""
        return self.opened.vault.disclosures()[-1]

    def look(self) -> Looked:
        """Ask the partner about the newest answer."""
        return self.run(self.wallet.cockpit.ask(self.disclosure))

    @property
    def rules(self) -> set[str]:
        """Every finding about what the partner of the newest answer says."""
        return {one.rule for one in self.disclosure.usage.findings}

    @property
    def sentences(self) -> list[str]:
        """The timeline as the citizen reads it."""
        timeline = self.wallet.cockpit.timeline()
        return [SAYS.line(item, timeline) for item in timeline.items]

    @property
    def receipt_sentences(self) -> list[str]:
        """What is wrong with the receipt of the newest answer."""
        receipt = self.disclosure.receipt
        assert receipt is not None
        return [SAYS.receipt_finding(finding) for finding in receipt.findings]

    def said_of(self, looked: Looked) -> str:
        """What the citizen reads who opened an answer; empty: all is well."""
        return SAYS.looked(looked, looked.disclosure.sent.name)


@dataclass(slots=True)
class Land:
    """Everybody."""

    folder: Path
    clock: Clock
    network: Network
    registrar: Registrar
    registrar_store: SqlRegistrarStore
    registrar_driver: Driver
    issuer: Issuer
    issuer_store: SqlIssuerStore
    issuer_driver: Driver
    partners: dict[str, Partner]

    @property
    def library(self) -> Partner:
        """The first partner."""
        return self.partners[LIBRARY]

    @property
    def bank(self) -> Partner:
        """The second one."""
        return self.partners[BANK]

    def offer(self, configuration: str, subject: str) -> MadeOffer:
        """An offer of the agency."""
        order = OfferOrder((configuration,), subject, GrantKind.PRE_AUTHORIZED_CODE, True, True, "tests")
        return asyncio.run(self.issuer_driver.run(self.issuer.offers.make(order)))

    def move(self, subject: str, **address: str) -> int:
        """The agency's register says another address; how much of it was forwarded by mandates."""
        patch = self.issuer.changes.patch(subject, {"address": {**address}}, "clerk:Ada")
        asyncio.run(self.issuer_driver.run(patch))
        return asyncio.run(self.issuer_driver.run(self.issuer.mandates.deliver()))

    def later(self, seconds: int) -> "Land":
        """Let time pass, and everybody do what they do every hour."""
        while seconds > 0:
            to_full_hour = HOUR - self.clock() % HOUR + OFFSET + 60
            step = min(seconds, to_full_hour if to_full_hour <= seconds else seconds)
            self.clock.ahead += step
            seconds -= step
            self.tick()
        return self

    def tick(self) -> None:
        """What is due now: logs grow, and the witness looks."""
        for partner in self.partners.values():
            partner.append()
        asyncio.run(self.issuer_driver.run(self.issuer.usage.append()))
        asyncio.run(witness_hour(self.registrar_driver, self.registrar.witness, "worker"))

    def next_hour(self) -> "Land":
        """Until the witness has looked again."""
        return self.later(HOUR - self.clock() % HOUR + OFFSET + 60)

    @contextmanager
    def citizen(self, name: str = "erika", folder: str = "") -> Iterator[Citizen]:
        """A wallet that trusts the register, and follows it."""
        data = self.folder / "wallets" / (folder or name)
        settings = WalletSettings(data=data, language="en", registrar_url=REGISTER)
        write_list_of_lists(settings.anchors_folder, f"{REGISTER}/lists/registrars", self._lists_signer())
        create_wallet(settings, PASSPHRASE, QUICK)
        with open_wallet(settings, PASSPHRASE, self.network.of(folder or name), now=self.clock) as opened:
            yield Citizen(self, name, opened, data, folder or name)

    def _lists_signer(self) -> bytes:
        return (self.folder / "register" / LISTS_FILE).read_bytes()
