"""While the wallet is served, open or closed, what the registrar publishes is followed."""

import asyncio

from runtime.driver import Driver
from tests.wallet.service_town import REGISTRAR, ServiceWorld
from wallet.app import create_web
from wallet.config import WalletSettings
from wallet.service.published import Published
from wallet.vault.published import PublishedFolder
from wallet.web import following as following_module
from wallet.web.following import following


def follow(world, published, seconds):
    """Serve for a moment, with nobody there."""

    async def serve():
        async with following(published, Driver(None, world)):
            await asyncio.sleep(seconds)

    asyncio.run(serve())


def test_it_is_fetched_while_the_wallet_is_closed(tmp_path, monkeypatch):
    monkeypatch.setattr(following_module, "LOOK_SECONDS", 0.01)
    world = ServiceWorld(None)
    published = Published(
        PublishedFolder(tmp_path / "published", 16 << 20), REGISTRAR, world.anchors, lambda: world.now
    )
    follow(world, published, 0.5)
    assert [one.url.rpartition("/")[2] for one in world.publisher.seen] == ["catalogue", "partners"]
    assert published.catalogue() is not None


def test_a_wallet_that_follows_nobody_rests(tmp_path):
    world = ServiceWorld(None)
    published = Published(PublishedFolder(tmp_path / "published", 16 << 20), "", world.anchors, lambda: world.now)
    follow(world, published, 0.05)
    assert world.publisher.seen == []


def test_what_was_fetched_while_closed_is_there_when_it_opens(tmp_path, monkeypatch):
    """The application and the wallet behind its door share what is known."""
    monkeypatch.setenv("HOHEIT_ENV", "test")
    seen = []
    monkeypatch.setattr("wallet.app.WalletOpener", lambda *_, published, **__: seen.append(published))
    monkeypatch.setattr("wallet.app.following", lambda published, driver: seen.append(published))
    create_web(WalletSettings(data=tmp_path / "wallet", registrar_url="https://registrar.example"))
    opener, followed = seen
    assert opener is followed
    assert opener.url == "https://registrar.example"
