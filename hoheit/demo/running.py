"""The town while it runs: its services behind one port, the citizen's wallet, and what is told about it on the terminal."""

from __future__ import annotations

import logging
import secrets
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Event
from types import FrameType
from urllib.parse import urlsplit

from rich.console import Console

from hoheit.demo.places import PROVIDER, REGISTER, RELAY
from hoheit.demo.setting_up import EVERYBODY, Town, set_up_town
from hoheit.demo.telling import VERDICT, tell_beginning, tell_step, tell_what_to_try
from hoheit.demo.walk import Step, Walk
from hoheit.demo.web import start_page
from hoheit.registering import drive_apart
from protocol.encoding import encode_json
from protocol.errors import Unreachable
from protocol.exchange import Exchange, HttpRequest, send
from runtime import system
from runtime.hosts import HostSwitch, Service
from runtime.http import GuardedSender
from runtime.logs import set_up_logs
from runtime.seal import read_private, write_private
from runtime.serve import Listen, StartError, bind, running
from wallet.app import create_wallet, create_web, open_wallet
from wallet.config import WalletSettings

PASSPHRASE_FILE = "passphrase"
READY_SECONDS, READY_LOOKS = 20.0, 400


@dataclass(frozen=True, slots=True)
class RunningTown:
    """The town, up and reachable."""

    town: Town
    settings: WalletSettings
    as_json: bool
    console: Console

    def walk(self) -> bool:
        """Walk through the town and tell every step; whether all of it verified."""
        if not self.as_json:
            tell_beginning(self.town, self.console)
        with open_wallet(self.settings, _passphrase(self.town)) as opened:
            walk = Walk(self.town, opened)
            for number, step in enumerate(walk.go(), 1):
                self._tell(number, step)
        if not self.as_json:
            self.console.print(VERDICT[walk.complete])
        return walk.complete

    def stay(self) -> None:
        """Say what can be tried by hand, and wait until somebody ends it."""
        if not self.as_json:
            tell_what_to_try(self.town, self.town.wallet / PASSPHRASE_FILE, self.console)
        ended = Event()

        def end(_: int, __: FrameType | None) -> None:
            ended.set()

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, end)
        while not ended.wait(0.5):
            pass

    def _tell(self, number: int, step: Step) -> None:
        if self.as_json:
            print(encode_json({"step": number, **asdict(step)}).decode("utf-8"), flush=True)
        else:
            tell_step(number, step, self.console)


@contextmanager
def open_town(folder: Path, port: int, public_url: str = "", *, as_json: bool) -> Iterator[RunningTown]:
    """The town of a folder, made if it is not there, served while the block lasts.

    `public_url`: where others reach the port, by a proxy that passes on the host name and every name below it.

    Raises:
        StartError: the port is taken.
        DamagedError: something in the folder was altered.
    """
    # What goes beyond a registration does so on purpose here
    set_up_logs(service="demo", level=logging.ERROR)
    # A taken port is said before anything is made
    bind(Listen(port=port)).close()
    start = public_url or f"http://localhost:{port}"
    town = set_up_town(folder, start, now=system.now, random_bytes=system.random_bytes)
    settings = WalletSettings(
        data=town.wallet,
        language="en",
        public_url=town.wallet_address,
        haip=True,
        provider_url=town.address(PROVIDER),
        relay=f"{town.address(RELAY)}/relay",
        registrar_url=town.address(REGISTER),
    )
    if not settings.vault.exists():
        write_private(town.wallet / PASSPHRASE_FILE, secrets.token_urlsafe(16).encode("ascii"))
        create_wallet(settings, _passphrase(town))
    services: dict[str, Service] = {
        urlsplit(start).hostname or "": start_page(town, secret=system.random_bytes(32)),
        urlsplit(town.wallet_address).hostname or "": create_web(settings),
        **town.services(),
        **town.odd_services(),
    }
    set_up_logs(service="demo", level=logging.WARNING)
    with running(HostSwitch(services), Listen(port=port)):
        _wait_until_ready(town)
        yield RunningTown(town, settings, as_json, Console())


def _wait_until_ready(town: Town) -> None:
    """Wait until everybody who follows lists of whom to trust has looked at them once.

    Raises:
        StartError: somebody did not get ready in time.
    """
    sender = GuardedSender(allow_local=True)
    for place in EVERYBODY:
        for _ in range(READY_LOOKS):
            if drive_apart(_is_ready(town.address(place)), sender):
                break
            time.sleep(READY_SECONDS / READY_LOOKS)
        else:
            raise StartError(f"{dict(place.name)['en']} does not get ready")


def _is_ready(address: str) -> Exchange[bool]:
    try:
        return (yield from send(HttpRequest("GET", f"{address}/ready"))).status == 200
    except Unreachable:
        return False


def _passphrase(town: Town) -> str:
    return read_private(town.wallet / PASSPHRASE_FILE).decode("ascii")
