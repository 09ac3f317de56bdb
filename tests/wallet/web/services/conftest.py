"""A citizen's browser in front of a wallet that follows a registrar."""

import pytest

from runtime.anchors import write_anchor
from tests.wallet.service_town import REGISTRAR, ServiceWorld
from tests.wallet.web.visitor import Served


class ServedTown(Served):
    """A wallet that is served in a small town."""

    def __init__(self, folder, **settings):
        super().__init__(folder, ServiceWorld(None), registrar_url=REGISTRAR, **settings)
        pki = self.world.publisher.pki
        write_anchor(self.settings.anchors_folder, "registrar.pem", pki.root.pem, role=pki.role, name="The registrar")

    def fetch(self):
        """Have what the registrar publishes fetched."""
        opened = self.wallet()
        opened.run(opened.wallet.context.published.when_due())

    def services(self):
        """The services of the open wallet."""
        return self.wallet().wallet.services


@pytest.fixture
def served(tmp_path, monkeypatch):
    """A wallet that was made, and is closed."""
    monkeypatch.setenv("HOHEIT_ENV", "test")
    wallet = ServedTown(tmp_path / "wallet")
    wallet.create()
    yield wallet
    wallet.door.close()


@pytest.fixture
def there(served, citizen):
    """The browser of somebody whose wallet has the catalogue."""
    served.fetch()
    return citizen
