"""One process of a role: `python -m tests.support.server issuer|verifier DATA PORT`. Little is imported, so it starts fast."""

import importlib
import sys
from functools import partial
from pathlib import Path

from runtime.serve import Application, Listen, serve


def make_app(role: str, data: Path) -> Application:
    """The application of a role, from its data folder."""
    settings = importlib.import_module(f"{role}.config").read_settings(data)
    app: Application = importlib.import_module(f"{role}.app").create_app(settings)
    return app


def main(role: str, data: str, port: str) -> None:
    """Serve until told to stop, or killed."""
    serve(partial(make_app, role, Path(data)), Listen(port=int(port)), service=role)


if __name__ == "__main__":
    main(*sys.argv[1:])
