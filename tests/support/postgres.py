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
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import psycopg
import pytest
from psycopg import sql

from tests.support.ports import free_port

USER = "hoheit"
START_SECONDS = 30
START_ATTEMPTS = 3
_END_OTHERS = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_SCHEMAS = "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'"


@dataclass(frozen=True, slots=True)
class PostgresCluster:
    """A running server on loopback that trusts every local connection."""

    port: int
    process: subprocess.Popen[bytes]
    home: Path
    waits_for_disk: bool
    _empty: list[str] = field(default_factory=list)

    def url(self, database: str) -> str:
        """The SQLAlchemy URL of one database."""
        return f"postgresql+psycopg://{USER}@127.0.0.1:{self.port}/{database}"

    def create_database(self) -> str:
        """Make an empty database and return its name."""
        database = f"test_{uuid.uuid4().hex}"
        with psycopg.connect(_address(self.port), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
        return database

    def take_database(self) -> str:
        """An empty database; one that was given back, if there is one."""
        return self._empty.pop() if self._empty else self.create_database()

    def give_back(self, database: str) -> None:
        """Empty a database for the next one who takes it, also under connections that a test left open.

        Making one copies some 7 MB, and takes as long as a test.
        """
        with psycopg.connect(_address(self.port, database), autocommit=True) as connection:
            connection.execute(_END_OTHERS)
            schemas = [sql.Identifier(name) for (name,) in connection.execute(_SCHEMAS)]
            connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.SQL(", ").join(schemas)))
            connection.execute("CREATE SCHEMA public")
        self._empty.append(database)

    @contextlib.contextmanager
    def restarted(self, binaries: Path) -> Iterator[None]:
        """The same server once more, after its process ended, while the block lasts."""
        process = _start(binaries, self.home, self.port, _server_owner(), self.waits_for_disk)
        try:
            if not _accepts_connections(process, self.port):
                raise RuntimeError("PostgreSQL did not start again")
            yield
        finally:
            _stop(process)


@contextlib.contextmanager
def running_cluster(binaries: Path, *, waits_for_disk: bool = False) -> Iterator[PostgresCluster]:
    """Start a cluster in a folder of its own; whatever happens inside, both are gone afterwards.

    In tests it is processes that die, never the machine: what was written is the kernel's then, and waiting for the disk would
    test the disk. Where time is measured the server waits for it.
    """
    owner = _server_owner()
    # Not pytest's own folder: a socket's path may have 107 bytes, and another user must get there.
    home = Path(tempfile.mkdtemp(prefix="hoheit-pg-", dir="/tmp"))
    if owner.user is not None and owner.group is not None:
        os.chown(home, owner.user, owner.group)
    try:
        _initialise(binaries, home, owner)
        for _ in range(START_ATTEMPTS):
            port = free_port()
            process = _start(binaries, home, port, owner, waits_for_disk)
            try:
                if _accepts_connections(process, port):
                    yield PostgresCluster(port, process, home, waits_for_disk)
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
    database = postgres_cluster.take_database()
    yield postgres_cluster.url(database)
    postgres_cluster.give_back(database)


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
            made[name] = cluster.take_database()
        return cluster.url(made[name])

    yield url
    for database in made.values():
        cluster.give_back(database)


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


def _start(binaries: Path, home: Path, port: int, owner: _Owner, waits_for_disk: bool) -> subprocess.Popen[bytes]:
    command = [str(binaries / "postgres"), "-D", str(home / "data"), "-p", str(port), "-k", str(home)]
    command += ["-c", "listen_addresses=127.0.0.1", "-c", "max_connections=100"]
    command += ["-c", f"fsync={'on' if waits_for_disk else 'off'}"]
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


def _address(port: int, database: str = "postgres") -> str:
    return f"host=127.0.0.1 port={port} user={USER} dbname={database}"
