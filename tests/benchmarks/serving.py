"""What the measures over HTTP stand on: databases, data folders, a server on a core of its own, signing parties."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path

from cryptography.hazmat.primitives import serialization

from protocol.formats import IssuerSigner
from protocol.keys import P256Key
from protocol.x509 import Certificate
from runtime.certificates import Authority, CertificateNames, make_authority
from runtime.http import GuardedSender
from tests.benchmarks.measure import SERVER_CORE
from tests.benchmarks.samples import CLAIMS, VCT
from tests.support.postgres import find_binaries, running_cluster

CONNECTIONS = 16
START_SECONDS = 60.0  # several start at the same time
NOBODY = GuardedSender(allow_local=False)


@dataclass(frozen=True, slots=True)
class Kind:
    """A database to measure on."""

    name: str
    new_url: Callable[[], str]  # of a database that is empty; an empty address is SQLite in the data folder
    is_embedded: bool


SQLITE = Kind("SQLite", str, is_embedded=True)


@contextlib.contextmanager
def databases() -> Iterator[list[Kind]]:
    """SQLite, and PostgreSQL where it is installed; its server shares the client's core."""
    binaries = find_binaries()
    if binaries is None:
        yield [SQLITE]
        return
    with running_cluster(binaries, waits_for_disk=True) as cluster:
        yield [SQLITE, Kind("PostgreSQL", lambda: cluster.url(cluster.create_database()), is_embedded=False)]


@dataclass(frozen=True, slots=True)
class Server:
    """A server under load."""

    pid: int

    def seconds(self) -> float:
        """The processor time that it has needed so far, all threads together."""
        numbers = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(numbers[11]) + int(numbers[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def serving(role: str, data: Path, port: int, settings: Mapping[str, str] | None = None) -> Iterator[Server]:
    """A role's server; `settings` are further variables of its environment."""
    command = [sys.executable, "-m", "tests.benchmarks.server", role, str(data), str(port), str(SERVER_CORE)]
    environment = {**os.environ, "HOHEIT_ENV": "test", **(settings or {})}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port, process)
        yield Server(process.pid)
    finally:
        process.terminate()
        process.wait(timeout=15)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """The port is bound before the service is ready, so only an answer says that it is."""
    ends = time.monotonic() + START_SECONDS
    while time.monotonic() < ends and process.poll() is None:
        with contextlib.suppress(OSError), contextlib.closing(HTTPConnection("127.0.0.1", port, timeout=5)) as asking:
            asking.request("GET", "/live")
            if asking.getresponse().status == HTTPStatus.OK:
                return
        time.sleep(0.05)
    raise RuntimeError("the server under load did not start")


@contextlib.contextmanager
def fresh_folder() -> Iterator[Path]:
    """A folder for an installation, which goes with it."""
    folder = Path(tempfile.mkdtemp(prefix="hoheit-bench-"))
    os.environ["HOHEIT_ENV"] = "test"
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextlib.contextmanager
def environment(settings: Mapping[str, str]) -> Iterator[None]:
    """This process reads settings as a server does that is told these variables."""
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def write_type(folder: Path, name: str, more: str = "") -> None:
    """A credential type with the same twenty claims as everywhere in these measures; `more` goes before its name."""
    folder.mkdir(parents=True, exist_ok=True)
    claims = "".join(
        f'[[claims]]\npath = ["{name}"]\ntype = "text"\nlabel = {{ en = "{name}", de = "{name}" }}\nmandatory = true\n\n'
        for name in CLAIMS
    )
    names = '[name]\nde = "Messung"\nen = "Measure"\n\n[description]\nde = "Messung."\nen = "Measure."\n\n'
    look = '[look]\nbackground_color = "#1F6F5C"\ntext_color = "#FFFFFF"\n\n'
    text = f'id = "{name}"\nvct = "{VCT}"\nvalidity_days = 30\n\n{more}{names}{look}{claims}'
    (folder / f"{name}.toml").write_text(text)


def signing_party(name: str) -> tuple[Authority, IssuerSigner]:
    """An authority and whom it vouches for, with certificates that are valid today."""
    now, names = int(time.time()), CertificateNames("Bench", "Bench")
    key = P256Key.generate(os.urandom)
    authority = make_authority(P256Key.generate(os.urandom), names, now=now, days=30, random_bytes=os.urandom)
    leaf_names = CertificateNames(f"Bench {name}", f"Bench {name}")
    leaf = authority.issue_leaf(key.public_key, leaf_names, now=now, days=20, random_bytes=os.urandom)
    der = leaf.public_bytes(serialization.Encoding.DER)
    return authority, IssuerSigner(key, (Certificate.from_der(der).to_x5c(),))
