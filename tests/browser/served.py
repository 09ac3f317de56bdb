"""A wallet that is served, for people in front of a browser."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from runtime.http import GuardedSender, Sender
from runtime.serve import Listen, running
from tests.support.browser import Window
from tests.support.ports import free_port
from wallet.app import create_web
from wallet.config import WalletSettings

PASSPHRASE = "four words for tests"


@dataclass(frozen=True, slots=True)
class ServedWallet:
    """Where it is, and where its data is."""

    url: str
    settings: WalletSettings

    def make(self, window: Window) -> None:
        """Make a wallet by hand, as a new user does; its first page is shown then."""
        page = window.page
        page.goto(self.url)
        page.get_by_label("Passphrase").fill(PASSPHRASE)
        page.get_by_label("The same again").fill(PASSPHRASE)
        page.get_by_role("button", name="Make my wallet").click()
        page.get_by_role("heading", name="Documents").wait_for()

    def unlock(self, window: Window) -> None:
        """Open it by hand."""
        window.page.get_by_label("Passphrase").fill(PASSPHRASE)
        window.page.get_by_role("button", name="Open", exact=True).click()


@contextmanager
def served_wallet(
    folder: Path, anchors: Path | None = None, *, port: int = 0, sender: Sender | None = None, **settings: object
) -> Iterator[ServedWallet]:
    """Serve a wallet while the block lasts; HOHEIT_ENV must be test or demo. `sender` is its way to the network."""
    port = port or free_port()
    url = f"http://localhost:{port}"
    known = WalletSettings.model_validate({"data": folder, "anchors": anchors, "public_url": url, **settings})
    with running(create_web(known, sender or GuardedSender(allow_local=True)), Listen(port=port)):
        yield ServedWallet(url, known)


__all__ = ["PASSPHRASE", "ServedWallet", "served_wallet"]
