"""One process of a role, as a target for `multiprocessing`: it serves until it is told to stop, or killed."""

import multiprocessing
import os
import threading
from functools import partial
from multiprocessing.connection import wait
from pathlib import Path

import issuer.app
import issuer.config
import registrar.app
import registrar.config
import verifier.app
import verifier.config
import wallet.provider.app
import wallet.provider.config
from runtime.serve import Application, Listen, serve


def serve_issuer(data: Path) -> Application:
    """The application of an issuer's data folder."""
    return issuer.app.create_app(issuer.config.IssuerSettings.read(data))


def serve_verifier(data: Path) -> Application:
    """The application of a verifier's data folder."""
    return verifier.app.create_app(verifier.config.VerifierSettings.read(data))


def serve_registrar(data: Path) -> Application:
    """The application of a registrar's data folder."""
    return registrar.app.create_app(registrar.config.RegistrarSettings.read(data))


def serve_provider(data: Path) -> Application:
    """The application of a wallet provider's data folder."""
    return wallet.provider.app.create_app(wallet.provider.config.ProviderSettings.read(data))


ROLES = {
    "issuer": serve_issuer,
    "verifier": serve_verifier,
    "registrar": serve_registrar,
    "provider": serve_provider,
}


def main(role: str, data: Path, port: int, environment: dict[str, str], log: Path) -> None:
    """Serve a role; what it says goes into the log."""
    os.environ.clear()
    os.environ.update(environment)
    with log.open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    threading.Thread(target=die_with_parent, daemon=True).start()
    serve(partial(ROLES[role], data), Listen(port=port), service=role)


def die_with_parent() -> None:
    """Should the test run itself be killed, no server stays behind."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
