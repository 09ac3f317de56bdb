"""A PostgreSQL of the tests' own: one cluster per session, one fresh database per test."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import psycopg
import pytest
from psycopg import sql

from tests.support.ports import free_port

USER = "hoheit"
START_SECONDS = 30
START_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class PostgresCluster:
    """A running server on loopback that trusts every local connection."""

    port: int
    process: subprocess.Popen[bytes]
    home: Path

    def url(self, database: str) -> str:
        """The SQLAlchemy URL of one database."""
        return f"postgresql+psycopg://{USER}@127.0.0.1:{self.port}/{database}"

    def create_database(self, template: str = "template1") -> str:
        """Make a database from a template, say one that was migrated before, and return its name."""
        database = f"test_{uuid.uuid4().hex}"
        self._run(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(database), sql.Identifier(template)))
        return database

    def drop_database(self, database: str) -> None:
        """Remove a database, also under connections that a test left open."""
        self._run(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(database)))

    @contextlib.contextmanager
    def restarted(self, binaries: Path) -> Iterator[None]:
        """The same server once more, after its process ended, while the block lasts."""
        process = _start(binaries, self.home, self.port, _server_owner())
        try:
            if not _accepts_connections(process, self.port):
                raise RuntimeError("PostgreSQL did not start again")
            yield
        finally:
            _stop(process)

    def _run(self, statement: sql.Composed) -> None:
        with psycopg.connect(_address(self.port), autocommit=True) as connection:
            connection.execute(statement)


@contextlib.contextmanager
def running_cluster(binaries: Path) -> Iterator[PostgresCluster]:
    """Start a cluster in a folder of its own; whatever happens inside, both are gone afterwards."""
    owner = _server_owner()
    # Not pytest's own folder: a socket's path may have 107 bytes, and another user must get there.
    home = Path(tempfile.mkdtemp(prefix="hoheit-pg-", dir="/tmp"))
    if owner.user is not None and owner.group is not None:
        os.chown(home, owner.user, owner.group)
    try:
        _initialise(binaries, home, owner)
        for _ in range(START_ATTEMPTS):
            port = free_port()
            process = _start(binaries, home, port, owner)
            try:
                if _accepts_connections(process, port):
                    yield PostgresCluster(port, process, home)
                    return
            finally:
                _stop(process)
        raise RuntimeError(f"PostgreSQL did not start:\n{(home / 'log').read_text(errors='replace')[-4000:]}")
    finally:
        shutil.rmtree(home, ignore_errors=True)


def find_binaries() -> Path | None:
    """Where Debian puts the newest server; its programs are not on the PATH."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres") if os.access(path, os.X_OK)]
    return max(found, key=lambda folder: int(folder.parent.name.split(".")[0]), default=None)


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[PostgresCluster]:
    """The session's server; without PostgreSQL tests are skipped, or fail where HOHEIT_REQUIRE_POSTGRES=1."""
    binaries = find_binaries()
    if binaries is None:
        reason = "PostgreSQL is not installed (make test gets it)"
        if os.environ.get("HOHEIT_REQUIRE_POSTGRES") == "1":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    with running_cluster(binaries) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def postgres_url(postgres_cluster: PostgresCluster) -> str:
    """A database that the tests of a session share: for whoever brings names of their own."""
    return postgres_cluster.url(postgres_cluster.create_database())


@pytest.fixture
def fresh_postgres_url(postgres_cluster: PostgresCluster) -> Iterator[str]:
    """An empty database for one test."""
    database = postgres_cluster.create_database()
    yield postgres_cluster.url(database)
    postgres_cluster.drop_database(database)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind that we support, one after the other."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'hoheit.db'}"
    url: str = request.getfixturevalue("fresh_postgres_url")
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_urls(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Any number of empty databases by name, all of one kind and then all of the other: one for each party."""
    if request.param == "sqlite":
        yield lambda name: f"sqlite:///{tmp_path / name}.db"
        return
    cluster: PostgresCluster = request.getfixturevalue("postgres_cluster")
    made: dict[str, str] = {}

    def url(name: str) -> str:
        if name not in made:
            made[name] = cluster.create_database()
        return cluster.url(made[name])

    yield url
    for database in made.values():
        cluster.drop_database(database)


@dataclass(frozen=True, slots=True)
class _Owner:
    """Whom the server runs as; None means ourselves."""

    user: int | None = None
    group: int | None = None


def _server_owner() -> _Owner:
    """Ourselves, but never root, which PostgreSQL refuses."""
    if os.geteuid() != 0:
        return _Owner()
    account = pwd.getpwnam("postgres")
    return _Owner(account.pw_uid, account.pw_gid)


def _initialise(binaries: Path, home: Path, owner: _Owner) -> None:
    command = [str(binaries / "initdb"), "--pgdata", str(home / "data"), "--username", USER, "--auth", "trust"]
    command += ["--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync", "--no-instructions"]
    with (home / "log").open("ab") as log:
        _spawn(command, home, log, owner).wait()


def _start(binaries: Path, home: Path, port: int, owner: _Owner) -> subprocess.Popen[bytes]:
    command = [str(binaries / "postgres"), "-D", str(home / "data"), "-p", str(port), "-k", str(home)]
    command += ["-c", "listen_addresses=127.0.0.1", "-c", "max_connections=100", "-c", "fsync=on"]
    # Should the test run itself be killed, the kernel ends the server for us.
    setpriv = shutil.which("setpriv")
    dying_with_us = [setpriv, "--pdeathsig", "QUIT", "--"] if setpriv else []
    with (home / "log").open("ab") as log:
        return _spawn([*dying_with_us, *command], home, log, owner)


def _spawn(command: Sequence[str], home: Path, log: BinaryIO, owner: _Owner) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        cwd=home,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
        user=owner.user,
        group=owner.group,
        extra_groups=None if owner.user is None else [],
    )


def _accepts_connections(process: subprocess.Popen[bytes], port: int) -> bool:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(_address(port), connect_timeout=2).close()
            return True
        time.sleep(0.05)
    return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ask for a fast shutdown, then end the whole group of processes."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=10)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _address(port: int) -> str:
    return f"host=127.0.0.1 port={port} user={USER} dbname=postgres"
