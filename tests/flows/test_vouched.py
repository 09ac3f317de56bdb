"""Under HAIP, over real connections: a wallet is vouched for, gets a document for attested keys, and both end together.

Our issuer, our wallet and our wallet provider, each served on a port of its own.
"""

import shutil
from contextlib import ExitStack
from dataclasses import dataclass, replace

import pytest

from hoheit.demo.places import PEOPLE
from issuer.app import SHIPPED_TYPES, known_types, open_issuer, serve_issuer
from issuer.app import open_store as open_issuer_store
from issuer.config import IssuerSettings
from issuer.database.register import SqlRegister
from issuer.database.store import SqlIssuerStore
from issuer.installation import NewIssuer, set_up_issuer
from issuer.people import read_people
from issuer.service import Issuer
from issuer.service.offers import GrantKind, OfferOrder
from protocol.oid4vci.client import IssuerRefused
from protocol.trust.anchors import Role
from runtime import system
from runtime.anchors import write_anchor
from runtime.driver import drive
from runtime.http import GuardedSender, NoSender
from runtime.serve import Listen, running
from tests.flows.parties import CITIZEN, PASSPHRASE, QUICK, Clock
from tests.support.ports import free_port
from wallet.app import create_wallet, open_wallet
from wallet.config import WalletSettings
from wallet.policy.cards import CardState
from wallet.policy.vouching import NotVouched, WhyUnvouched
from wallet.provider.app import open_provider, serve_provider
from wallet.provider.app import open_store as open_provider_store
from wallet.provider.config import ProviderSettings
from wallet.provider.installation import NewProvider, set_up_provider
from wallet.provider.service import WalletProvider
from wallet.service.opened import OpenWallet

pytestmark = pytest.mark.flow


@dataclass(frozen=True)
class Town:
    """Everybody, with the issuer's store beside the service that holds it."""

    clock: Clock
    issuer: Issuer
    store: SqlIssuerStore
    wallet: OpenWallet

    def offer(self, *forms):
        """An offer of a document for attested keys, with its code."""
        order = OfferOrder(
            forms or ("pid",), CITIZEN, GrantKind.PRE_AUTHORIZED_CODE, tx_code=True, by_reference=True, actor="clerk"
        )
        made = drive(self.issuer.offers.make(order), self.store, NoSender())
        return made.uri, made.tx_code

    def receive(self, *forms):
        """The citizen takes it and keeps what comes."""
        receiving, run = self.wallet.wallet.receiving, self.wallet.run
        link, code = self.offer(*forms)
        seen = run(receiving.look(link))
        pending = run(receiving.take(seen, code))
        return run(receiving.keep(run(receiving.fetch(pending, seen.contact))))

    def check_wallets(self):
        """What the issuer does twice a day; how many documents ended."""
        return drive(self.issuer.watch.look(), self.store, GuardedSender(allow_local=True))


def serve_a_provider(stack, folder, clock, trusting):
    """A provider whom the issuer trusts; its address."""
    port, data = free_port(), folder / "provider"
    address = f"http://localhost:{port}"
    new = NewProvider(data, address, (("en", "Wallets Ltd"),), open_enrolment=True)
    authority = set_up_provider(new, now=system.now(), random_bytes=system.random_bytes)
    write_anchor(trusting, "wallets.pem", authority, role=Role.WALLET_PROVIDER, name="The list of wallets")
    settings = ProviderSettings.read(data)
    store = open_provider_store(settings)
    provider = WalletProvider.of(replace(open_provider(settings, store).context, now=clock))
    stack.enter_context(running(serve_provider(provider, store), Listen(port=port)))
    return address


def serve_an_issuer(stack, folder, clock, trusting):
    """An issuer that follows HAIP, and wants attested keys."""
    port, data = free_port(), folder / "issuer"
    address = f"http://localhost:{port}"
    types = folder / "types"
    shutil.copytree(SHIPPED_TYPES, types)
    pid = (SHIPPED_TYPES / "pid.toml").read_text()
    (types / "pid.toml").write_text(f'{pid}\n[key_attestation]\nkey_storage = ["iso_18045_basic"]\n')
    new = NewIssuer(data, address, (("en", "City office"),), ("pid",))
    authority = set_up_issuer(new, now=system.now(), random_bytes=system.random_bytes)
    write_anchor(folder / "anchors", "issuer.pem", authority, role=Role.ISSUER, name="The list of the tests")
    settings = IssuerSettings.read(data).model_copy(update={"haip": True, "types_folder": types, "anchors": trusting})
    store = open_issuer_store(settings)
    SqlRegister(store.database).put(read_people(PEOPLE.read_bytes(), known_types(settings).values()))
    issuer = Issuer.of(replace(open_issuer(settings, store).context, now=clock))
    stack.enter_context(running(serve_issuer(issuer, store, GuardedSender(allow_local=True)), Listen(port=port)))
    return issuer, store


@pytest.fixture
def make_town(tmp_path, monkeypatch):
    """A wallet with a provider, or with none, and whether the issuer trusts that one."""
    monkeypatch.setenv("HOHEIT_ENV", "test")
    with ExitStack() as stack:

        def make(*, vouched=True, trusted=True):
            clock = Clock()
            trusting = tmp_path / "wallet-providers"
            address = serve_a_provider(stack, tmp_path, clock, trusting if trusted else tmp_path / "nowhere")
            issuer, store = serve_an_issuer(stack, tmp_path, clock, trusting)
            settings = WalletSettings(
                data=tmp_path / "wallet", anchors=tmp_path / "anchors", language="en", haip=True,
                provider_url=address if vouched else "",
            )  # fmt: skip
            create_wallet(settings, PASSPHRASE, QUICK)
            wallet = stack.enter_context(open_wallet(settings, PASSPHRASE, GuardedSender(allow_local=True), now=clock))
            return Town(clock, issuer, store, wallet)

        yield make


def test_a_document_comes_to_an_attested_wallet_and_ends_with_it(make_town):
    """TS3 1.5 §2.4.3: what hangs on a wallet that is blocked is revoked by the office itself."""
    town = make_town()
    [held] = town.receive()
    assert len(held.copies) > 1
    shown = town.wallet.wallet.vouching.shown()
    assert shown.name == "Wallets Ltd"
    # As long as the wallet is good, so is the document
    town.clock.ahead += 13 * 3600
    assert town.check_wallets() == 0
    town.wallet.run(town.wallet.wallet.vouching.report_lost())
    town.clock.ahead += 13 * 3600
    assert town.check_wallets() > 0
    [card] = town.wallet.run(town.wallet.wallet.keeping.look_up_status())
    assert card.state is CardState.REVOKED
    with pytest.raises(NotVouched) as refusal:
        town.wallet.run(town.wallet.wallet.receiving.look(town.offer()[0]))
    assert refusal.value.why is WhyUnvouched.BLOCKED


def test_a_wallet_that_nobody_vouches_for_asks_for_nothing(make_town):
    town = make_town(vouched=False)
    with pytest.raises(NotVouched) as refusal:
        town.receive()
    assert refusal.value.why is WhyUnvouched.NO_PROVIDER


def test_an_attestation_of_somebody_unknown_is_refused(make_town):
    """T105"""
    town = make_town(trusted=False)
    with pytest.raises(IssuerRefused) as refusal:
        town.receive()
    assert refusal.value.reason == "invalid_client"
