"""A wallet provider to test with: a clock that can be moved, a store, and the HTTP that wallets reach it by.

office = make_provider(database_url)
answer = office.wallet(ProviderClient(PROVIDER, key, "1", office.clock).register())
"""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from starlette.testclient import TestClient

from protocol.exchange import Exchange, HttpRequest, HttpResponse, run
from protocol.formats import IssuerSigner
from protocol.keys import P256Key
from protocol.status.bits import StatusList
from protocol.status.token import verify_status_list_token
from protocol.trust.anchors import Role
from protocol.wallet_unit.provider import ProviderClient
from runtime.database.engine import Database
from runtime.driver import drive
from runtime.http import NoSender
from tests.support.migrated import migrate_quickly
from tests.support.pki import DAY, NOW, Pki, Template, make_pki, seeded, seeded_key
from wallet.provider.app import serve_provider
from wallet.provider.database.ended_list import BlockedWallets
from wallet.provider.database.store import SqlProviderStore
from wallet.provider.policy import ProviderPolicy
from wallet.provider.service import ProviderContext, WalletProvider, WalletSolution

PROVIDER = "https://wallets.example"
CLIENT_ID = "https://wallets.example"
T = TypeVar("T")


@dataclass(slots=True)
class Clock:
    """The time, which moves when it is told to."""

    now: int = NOW

    def __call__(self) -> int:
        return self.now


@dataclass(slots=True)
class Office:
    """A provider with all that it stands on. It answers requests as a host of its own, so a test's network can have it."""

    provider: WalletProvider
    store: SqlProviderStore
    clock: Clock
    pki: Pki
    http: TestClient

    def respond(self, request: HttpRequest) -> HttpResponse:
        """Answer a wallet's request, over HTTP."""
        answer = self.http.request(
            request.method, request.url, headers=dict(request.headers), content=request.body or None
        )
        headers = tuple((name.lower(), value) for name, value in answer.headers.items())
        return HttpResponse(answer.status_code, headers, answer.content)

    def wallet(self, exchange: Exchange[T]) -> T:
        """Drive a wallet's exchange with this provider."""

        def perform(effect: object) -> object:
            assert isinstance(effect, HttpRequest)
            return self.respond(effect)

        return run(exchange, perform)

    def run(self, exchange: Exchange[T]) -> T:
        """Drive an exchange of the provider's own, in a thread: a browser's or a wallet's loop may run in this one."""
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(drive, exchange, self.store, NoSender()).result()

    def client(self, key: P256Key | None = None, version: str = "1.0") -> ProviderClient:
        """A wallet with a key."""
        return ProviderClient(PROVIDER, key or seeded_key(51), version, self.clock)

    def registered(self, key: P256Key | None = None) -> ProviderClient:
        """A wallet that is registered, with a code."""
        client = self.client(key)
        self.wallet(client.register(self.run(self.provider.invite("order 4711"))))
        return client

    def post(self, request: str) -> Any:
        """Post a request; status and JSON."""
        answer = self.http.post(f"{PROVIDER}/unit", json={"request": request})
        return answer.status_code, json.loads(answer.content)

    def statuses(self, uri: str) -> StatusList:
        """A status list as anybody reads it, its signature, address and times checked."""
        answer = self.http.get(uri)
        assert answer.status_code == 200
        return verify_status_list_token(
            answer.text, uri=uri, key=self.pki.public_key, now=self.clock.now, max_age=86_400
        ).statuses

    def sweep(self) -> int:
        """Forget what is over."""
        return self.store.sweep(before=self.clock.now - 3600, now=self.clock.now, limit=1000)

    def close(self) -> None:
        """Let go of the store."""
        self.http.close()
        self.store.database.dispose()


def make_provider(
    database_url: str,
    *,
    policy: ProviderPolicy | None = None,
    template: Template | None = None,
    seed: int = 61,
    blocked: BlockedWallets | None = None,
) -> Office:
    """A provider on a database."""
    clock = Clock()
    pki = make_pki(
        template or Template(common_name="Wallets Ltd", not_after=NOW + 3650 * DAY),
        key=seeded_key(60),
        role=Role.WALLET_PROVIDER,
    )
    store = SqlProviderStore(Database(database_url, "provider"), clock, blocked)
    migrate_quickly(store)
    provider = WalletProvider.of(
        ProviderContext(
            identifier=PROVIDER,
            name=(("en", "Wallets Ltd"), ("de", "Brieftaschen GmbH")),
            solution=WalletSolution(
                "Hoheit", CLIENT_ID, f"{PROVIDER}/c", f"{PROVIDER}/k", "iso_18045_basic", "iso_18045_basic"
            ),
            store=store,
            signing=IssuerSigner(pki.signer, pki.x5c),
            secret=b"s" * 32,
            policy=policy or ProviderPolicy(),
            now=clock,
            random_bytes=seeded(seed),
        )
    )
    application = serve_provider(provider, store)
    return Office(
        provider, store, clock, pki, TestClient(application, base_url=PROVIDER, raise_server_exceptions=False)
    )
