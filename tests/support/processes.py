"""Services as processes of the operating system, several for one role on one database, which can be killed at any moment."""

import contextlib
import http.client
import json
import multiprocessing
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from random import Random

from tests.support.server import main

START_SECONDS = 30.0
ANSWER_SECONDS = 30.0
PORTS = range(12_000, 32_000)  # below those that the kernel hands out

# Processes fork from one that has imported everything, so that a start takes a moment and not a second
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.support.server", "tests.support.wallet_process", "tests.support.published_worker"])


@dataclass(frozen=True, slots=True)
class Call:
    """A request, byte for byte, so that exactly the same can be sent again."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back; header names are lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self):
        """The body, read as JSON."""
        return json.loads(self.body)

    @property
    def error(self) -> str:
        """The error code of a refusal."""
        return str(self.json()["error"])


class ConnectionLostError(Exception):
    """The connection broke after the request was sent: it was done or it was not, and the caller cannot know."""


class ServerProcess:
    """One process that serves a role. It is started again on the same port, as a supervisor would."""

    def __init__(self, role: str, data: Path, log: Path) -> None:
        self.role = role
        self.port = _free_port()
        self._data = data
        self._log = log
        self._process: BaseProcess | None = None

    def start(self) -> None:
        """Start, with the environment as it is now."""
        arguments = (self.role, self._data, self.port, dict(os.environ), self._log)
        self._process = FORKS.Process(target=main, args=arguments)
        self._process.start()

    def wait(self) -> None:
        """Wait until it listens."""
        ends = time.monotonic() + START_SECONDS
        while time.monotonic() < ends and self._process is not None and self._process.is_alive():
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            time.sleep(0.02)
        raise RuntimeError(f"the {self.role} did not start:\n{self.log()[-4000:]}")

    @property
    def pid(self) -> int:
        """Its number; 0 while it was not started."""
        return self._process.pid or 0 if self._process is not None else 0

    def log(self) -> str:
        """What it said so far."""
        return self._log.read_text(errors="replace")

    def kill(self) -> None:
        """SIGKILL: nothing is finished, flushed or closed."""
        if self._process is not None:
            self._process.kill()
            self._process.join()


@dataclass(slots=True)
class Service:
    """The processes of one role, behind one name."""

    identifier: str
    processes: tuple[ServerProcess, ...]
    # Called with the process that a request was sent to, before its answer is waited for
    on_sent: Callable[[ServerProcess], None] = field(default=lambda _: None)

    @classmethod
    def start(cls, role: str, identifier: str, data: Path, count: int) -> "Service":
        """Start a role's processes on its data folder."""
        processes = tuple(ServerProcess(role, data, data / f"log-{number}") for number in range(count))
        for process in processes:
            process.start()
        return cls(identifier, processes)

    def call(self, call: Call, random: Random, *, at: int | None = None) -> Reply:
        """Send a request to any process that listens, or to that number.

        Raises:
            ConnectionLostError: nobody knows whether it was done.
        """
        ends = time.monotonic() + START_SECONDS
        while True:
            process = random.choice(self.processes) if at is None else self.processes[at]
            connection = http.client.HTTPConnection("127.0.0.1", process.port, timeout=ANSWER_SECONDS)
            try:
                connection.connect()
            except ConnectionError:
                connection.close()
                if time.monotonic() > ends:
                    raise
                time.sleep(0.01)
                continue
            with contextlib.closing(connection):
                return self._converse(connection, call, process)

    def _converse(self, connection: http.client.HTTPConnection, call: Call, process: ServerProcess) -> Reply:
        host = self.identifier.partition("://")[2]
        try:
            connection.request(call.method, call.path, call.body, {"host": host, **dict(call.headers)})
            self.on_sent(process)
            response = connection.getresponse()
            headers = {name.lower(): value for name, value in response.getheaders()}
            return Reply(response.status, headers, response.read())
        except (ConnectionError, http.client.HTTPException) as error:
            raise ConnectionLostError from error


@dataclass(frozen=True, slots=True)
class Strike:
    """One blow: `after` so many calls of a role, `delay` seconds after the last of them was sent."""

    role: str
    after: int
    delay: float
    all_of_role: bool  # every process of the role at once, not only the one that works on the call
    again: float | None  # seconds into its start it is killed once more

    @property
    def kills(self) -> int:
        """How many processes die."""
        return (2 if self.all_of_role else 1) + (self.again is not None)


def plan_strikes(random: Random, kills: int, roles: tuple[str, ...]) -> list[Strike]:
    """Strikes that together kill exactly so many processes, of each role by turns."""
    strikes: list[Strike] = []
    while kills:
        strike = Strike(
            role=roles[len(strikes) % len(roles)],
            after=random.randint(5, 40),
            delay=random.uniform(0, 0.012),
            all_of_role=random.random() < 0.2 and kills >= 3,
            again=random.uniform(0, 0.3) if random.random() < 0.2 and kills >= 3 else None,
        )
        strikes.append(strike)
        kills -= strike.kills
    return strikes


class Striker:
    """Counts the calls of each role, and kills when a strike's moment has come."""

    def __init__(self, services: dict[str, Service]) -> None:
        self._services = services
        self._lock = threading.Lock()
        self._strike: Strike | None = None
        self._left = 0
        self._victims: list[ServerProcess] = []
        self._struck = threading.Event()
        for role, service in services.items():
            service.on_sent = lambda process, role=role: self._sent(role, process)  # type: ignore[misc]  # bound early

    def strike(self, strike: Strike, give_up: Callable[[], bool]) -> int:
        """Kill as planned, start again what was killed, wait until it is there; how many processes died."""
        self._struck.clear()
        with self._lock:
            self._strike, self._left = strike, strike.after
        while not self._struck.wait(0.1):
            if give_up():
                with self._lock:
                    self._strike = None
                return 0
        killed = len(self._victims)
        for victim in self._victims:
            victim.start()
        if strike.again is not None:
            # A supervisor may lose patience at any point of a start, migrations included
            time.sleep(strike.again)
            self._victims[0].kill()
            self._victims[0].start()
            killed += 1
        for victim in self._victims:
            victim.wait()
        return killed

    def _sent(self, role: str, process: ServerProcess) -> None:
        with self._lock:
            strike = self._strike
            if strike is None or strike.role != role:
                return
            self._left -= 1
            if self._left:
                return
            self._strike = None
        time.sleep(strike.delay)
        self._victims = list(self._services[role].processes) if strike.all_of_role else [process]
        for victim in self._victims:
            victim.kill()
        self._struck.set()


@contextlib.contextmanager
def killed_at_the_end(*services: Service) -> Iterator[None]:
    """Wait until services listen; whatever happens then, no process stays behind."""
    try:
        for service in services:
            for process in service.processes:
                process.wait()
        yield
    finally:
        for service in services:
            for process in service.processes:
                process.kill()


def _free_port() -> int:
    """A port that no client is given for its own end: it has to be free again when a killed process comes back."""
    while True:
        port = secrets.choice(PORTS)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
