"""The server under load: one role on one core. `python -m tests.benchmarks.server issuer|verifier DATA PORT CORE`."""

import importlib
import sys
from functools import partial
from pathlib import Path

from runtime.serve import Application, Listen, serve
from tests.benchmarks.measure import keep_to


def make_app(role: str, data: Path) -> Application:
    """The application of a role, from its data folder."""
    settings = getattr(importlib.import_module(f"{role}.config"), f"{role.title()}Settings").read(data)
    app: Application = importlib.import_module(f"{role}.app").create_app(settings)
    return app


def main(role: str, data: str, port: str, core: str) -> None:
    """Serve until told to stop."""
    keep_to(int(core))
    serve(partial(make_app, role, Path(data)), Listen(port=int(port)), service=role)


if __name__ == "__main__":
    main(*sys.argv[1:])
