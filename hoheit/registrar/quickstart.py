"""From nothing to a partner whose requests a strict wallet accepts: a register, a partner in it, both served on one port."""

from __future__ import annotations

import logging
import signal
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from types import FrameType
from urllib.parse import urlsplit

from hoheit.registering import Signboard, open_register
from registrar.app import create_app as create_registrar
from registrar.config import RegistrarSettings
from registrar.installation import LISTS_FILE, NewRegistrar, set_up_registrar
from runtime import system
from runtime.anchors import write_list_of_lists
from runtime.commands import explained
from runtime.hosts import HostSwitch, Service
from runtime.logs import set_up_logs
from runtime.serve import Listen, bind, running
from verifier.app import create_app as create_verifier
from verifier.config import VerifierSettings
from verifier.installation import ANCHORS, NewVerifier, set_up_verifier

REGISTRAR = "register"
PARTNER = "partner"
WALLET_ANCHORS = "wallet-anchors"  # what a wallet trusts to accept this partner


@dataclass(frozen=True, slots=True)
class QuickPlace:
    """Where everything is, and how it is reached."""

    folder: Path
    port: int

    @property
    def registrar_url(self) -> str:
        """Of the register."""
        return f"http://{REGISTRAR}.localhost:{self.port}"

    @property
    def partner_url(self) -> str:
        """Of the partner."""
        return f"http://{PARTNER}.localhost:{self.port}"

    @property
    def registrar(self) -> Path:
        """The register's folder."""
        return self.folder / REGISTRAR

    @property
    def partner(self) -> Path:
        """The partner's folder."""
        return self.folder / PARTNER

    @property
    def wallet_anchors(self) -> Path:
        """A folder of anchors for a wallet."""
        return self.folder / WALLET_ANCHORS


@explained()
def start_quickly(
    folder: Path, name: str, identifier: str, use_cases: tuple[str, ...], port: int, *, once: bool
) -> None:
    """Set up what is not there, and serve it until somebody ends it.

    Raises:
        StartError: the port is taken.
        ValueError: there is no such use case.
        Malformed: an identifier that no register takes.
    """
    set_up_logs(service="quickstart", level=logging.WARNING)
    bind(Listen(port=port)).close()
    place = QuickPlace(folder, port)
    set_up_quickly(place, name, identifier, use_cases)
    print(f"{name} is registered as {identifier}, and may ask: {', '.join(use_cases)}.")
    print(f"The partner, with its own settings, keys and certificates: {place.partner}")
    print(f"The register: {place.registrar}")
    print(f"A wallet that trusts it: hoheit wallet … with HOHEIT_WALLET_ANCHORS={place.wallet_anchors}")
    if once:
        return
    services: dict[str, Service] = {
        urlsplit(place.registrar_url).hostname or "": create_registrar(RegistrarSettings.read(place.registrar)),
        urlsplit(place.partner_url).hostname or "": create_verifier(VerifierSettings.read(place.partner)),
    }
    with running(HostSwitch(services), Listen(port=port)):
        print(f"\nAsk at {place.partner_url}/ — it shows a code for wallets. Ctrl-C ends it.", flush=True)
        _wait()


def set_up_quickly(place: QuickPlace, name: str, identifier: str, use_cases: tuple[str, ...]) -> None:
    """A register and a partner in it, with every certificate in use; what is there already stays."""
    now, random_bytes = system.now(), system.random_bytes
    if not RegistrarSettings.file(place.registrar).exists():
        new = NewRegistrar(
            place.registrar,
            place.registrar_url,
            (("en", "Register for trying out"),),
            "NTRDE-HRB 1",
            "register@localhost.example",
            "+49 30 1",
            ("Lindenweg 9", "Lindenau", "01234"),
        )
        set_up_registrar(new, now=now, random_bytes=random_bytes)
    signer = (place.registrar / LISTS_FILE).read_bytes()
    lists = f"{place.registrar_url}/lists/registrars"
    if not VerifierSettings.file(place.partner).exists():
        partner = NewVerifier(place.partner, place.partner_url, (("en", name),), use_cases, haip=True)
        set_up_verifier(partner, now=now, random_bytes=random_bytes)
        write_list_of_lists(place.partner / ANCHORS, lists, signer)
        with open_register(RegistrarSettings.read(place.registrar)) as register:
            board = Signboard(identifier, "partner@localhost.example")
            register.take_in_verifier(VerifierSettings.read(place.partner), board)
    if not place.wallet_anchors.exists():
        write_list_of_lists(place.wallet_anchors, lists, signer)


def _wait() -> None:
    ended = Event()

    def end(_: int, __: FrameType | None) -> None:
        ended.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    while not ended.wait(0.5):
        pass
