"""Wiring: settings → store, keys → wallet provider → web application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from capabilities.status_publisher.policy import BLOCK_LIFETIME
from runtime import system
from runtime.asgi import add_health, create_application
from runtime.database.engine import Database
from runtime.driver import Driver
from runtime.http import NoSender
from runtime.installation import open_keys
from runtime.logs import get_logger
from runtime.sweep import sweeping
from wallet.provider.api import provider_endpoints
from wallet.provider.config import ProviderSettings
from wallet.provider.database.ended_list import BlockedWallets
from wallet.provider.database.store import SqlProviderStore
from wallet.provider.installation import ENDED, SECRET, SIGNING
from wallet.provider.policy import ProviderPolicy
from wallet.provider.service import ProviderContext, WalletProvider, WalletSolution

WALLET_STATEMENT = "certification/wallet"
KEYS_STATEMENT = "certification/keys"
_STATEMENTS = {
    WALLET_STATEMENT: "This wallet is certified by nobody. That a request comes from it is shown by a key that it registered"
    " with; the device and the program are not attested.\n",
    KEYS_STATEMENT: "Keys are kept in a file that is sealed by a passphrase. There is no secure device (WSCD), and nobody has"
    " certified how they are kept.\n",
}


def open_store(settings: ProviderSettings) -> SqlProviderStore:
    """The provider's store, brought to this program's version."""
    blocked = BlockedWallets.at(settings.ended or settings.data / ENDED)
    store = SqlProviderStore(Database(settings.database, "provider"), system.now, blocked)
    store.migrate()
    return store


def open_provider(settings: ProviderSettings, store: SqlProviderStore) -> WalletProvider:
    """The wallet provider of a data folder, ready to serve."""
    keys = open_keys(settings.data, settings.key_token)
    address = settings.public_url
    return WalletProvider.of(
        ProviderContext(
            identifier=address,
            name=tuple(settings.name.items()),
            solution=WalletSolution(
                name=settings.wallet_name,
                client_id=settings.client_id or address,
                certification=settings.wallet_certification or f"{address}/{WALLET_STATEMENT}",
                key_certification=settings.key_certification or f"{address}/{KEYS_STATEMENT}",
                key_storage=settings.key_storage,
                user_authentication=settings.user_authentication,
            ),
            store=store,
            signing=keys.signer(SIGNING),
            secret=keys.secret(SECRET),
            policy=ProviderPolicy(
                open_enrolment=settings.open_enrolment, refused_versions=frozenset(settings.refused_versions)
            ),
            now=system.now,
            random_bytes=system.random_bytes,
        )
    )


def create_app(settings: ProviderSettings) -> FastAPI:
    """The web application of a wallet provider. It holds connections from its start-up to its shutdown."""
    store = open_store(settings)
    if count := store.end_again(now=system.now()):
        get_logger().warning("ended once more what had ended and the database did not know", count=count)
    provider = open_provider(settings, store)
    return serve_provider(provider, store, metrics_key=settings.metrics_key)


def serve_provider(provider: WalletProvider, store: SqlProviderStore, *, metrics_key: str = "") -> FastAPI:
    """The web application around a provider, which calls nobody; at its shutdown it closes the store."""
    driver = Driver(store, NoSender(), loads_in_thread=not store.database.is_sqlite)

    def sweep(limit: int) -> int:
        now = provider.context.now()
        return store.sweep(before=now - 2 * BLOCK_LIFETIME, now=now, limit=limit)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with sweeping(driver, sweep):
            yield
        driver.close()
        store.database.dispose()

    application = create_application(
        title="Hoheit wallet provider",
        secure=provider.context.identifier.startswith("https://"),
        lifespan=lifespan,
        endpoints=provider_endpoints(provider, driver, _STATEMENTS),
    )
    application.state.provider = provider
    application.state.driver = driver
    add_health(application, driver, store.database.check, metrics_key=metrics_key)
    return application
