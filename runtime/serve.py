"""Runs a service: one way to listen, with our limits, that starts completely or says in one line why not.

    serve(functools.partial(create_app, settings), Listen(port=8000), service="issuer")

A service stands behind a proxy that ends TLS. What a proxy says about its clients (`X-Forwarded-…`) is not read at all:
addresses are made from the configured public URL alone (T239).
"""

from __future__ import annotations

import contextlib
import errno
import gc
import signal
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from types import FrameType

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from runtime.commands import explained
from runtime.connection import KEEP_ALIVE_SECONDS, LimitedConnection
from runtime.logs import get_logger, set_up_logs
from runtime.system import no_core_dumps

MAX_CONNECTIONS = 900  # of one process, under the usual limit of 1024 open files; more get a 503
SHUTDOWN_SECONDS = 10  # that running requests have to finish (T251)
BACKLOG = 1024
START_SECONDS = 30.0
YOUNG_OBJECTS = 10_000  # that were made and are still there when somebody looks for garbage among them

Application = Callable[..., Awaitable[None]]  # ASGI 3
MakeApp = Callable[[], Application]


@dataclass(frozen=True, slots=True)
class Listen:
    """Where a service listens, and with how many processes. Port 0: any that is free."""

    host: str = "127.0.0.1"
    port: int = 0
    workers: int = 1


class StartError(RuntimeError):
    """The service cannot start; the text says why, and what to do, in one line."""


def serve(make_app: MakeApp, listen: Listen, *, service: str) -> None:
    """Serve until SIGTERM or SIGINT; returns when the running requests are answered, so that the program ends with status 0.

    `make_app` reads settings and opens stores. With several workers each of them calls it, in a process of its own, so it
    must be a function of a module, or a `functools.partial` of one.

    Raises:
        SystemExit: the service cannot start; the message is one line for standard error, the status is 1 (T252).
    """
    set_up_logs(service=service)
    no_core_dumps()
    with explained():
        listener = bind(listen)
        with listener:
            if listen.workers > 1:
                _serve_by_several(_Factory(make_app, service), listen, listener)
            else:
                _serve_here(_made(make_app), listener)


@contextlib.contextmanager
def running(app: Application, listen: Listen) -> Iterator[str]:
    """Serve in a thread of this process while the block lasts; the block is given `127.0.0.1:8000` or the like.

    Raises:
        StartError: the service cannot start.
    """
    with bind(listen) as listener:
        server = make_server(app)
        thread = threading.Thread(target=_run, args=(server, listener), name="serve", daemon=True)
        started = threading.Event()
        server.on_started = started.set
        thread.start()
        try:
            while not started.wait(0.05):
                if not thread.is_alive():
                    raise StartError("the service did not start; the line before says why")
            host, port = listener.getsockname()[:2]
            yield f"{host}:{port}"
        finally:
            server.should_exit = True
            thread.join()


class Server(uvicorn.Server):
    """uvicorn's server, which says when it has started."""

    on_started: Callable[[], None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start; see uvicorn."""
        await super().startup(sockets)
        if self.started:
            if self.on_started is not None:
                self.on_started()
            for listener in sockets or []:
                host, port = listener.getsockname()[:2]
                get_logger().info("listening", address=f"{host}:{port}")


def make_server(app: Application) -> Server:
    """A server with our limits for an application, to be run by `serve` or `running` on a bound socket."""
    return Server(_config(app))


def bind(listen: Listen) -> socket.socket:
    """A socket that listens where it should.

    Raises:
        StartError: the port is taken, or the address is not one of this machine.
    """
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    try:
        listener = socket.create_server((listen.host, listen.port), family=family, backlog=BACKLOG)
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        reason = "another program listens there; choose another port" if taken else "this address cannot be used here"
        raise StartError(f"cannot listen on {listen.host} port {listen.port}: {reason}") from error
    listener.set_inheritable(True)
    return listener


@dataclass(frozen=True, slots=True)
class _Factory:
    """Makes the application in a worker's own process."""

    make_app: MakeApp
    service: str

    def __call__(self) -> Application:
        set_up_logs(service=self.service)
        no_core_dumps()
        try:
            with explained():
                return _made(self.make_app)
        except SystemExit as reason:
            get_logger().error("start", reason=str(reason))
            # uvicorn's own status for it: the parent then stops, and does not start the worker again and again
            raise SystemExit(STARTUP_FAILURE) from None


def _made(make_app: MakeApp) -> Application:
    """The application of a process that does nothing else."""
    app = make_app()
    # What is there now stays; looking through it for garbage again and again would cost every request a little
    gc.collect()
    gc.freeze()
    # What requests leave is gone with its last reference, but what refers to itself; that may wait until there is more of it
    gc.set_threshold(YOUNG_OBJECTS, *gc.get_threshold()[1:])
    return app


def _run(server: Server, listener: socket.socket) -> None:
    """Run in a thread; whoever started it sees there that nothing started."""
    with contextlib.suppress(SystemExit):
        server.run([listener])


def _serve_here(app: Application, listener: socket.socket) -> None:
    server = make_server(app)
    with _ending_quietly(server):
        server.run([listener])
    if not server.started:
        raise StartError("the service did not start; the line before says why")


def _serve_by_several(factory: _Factory, listen: Listen, listener: socket.socket) -> None:
    config = _config(factory, factory=True, workers=listen.workers)
    supervisor = Multiprocess(config, [listener])
    supervisor.run()
    if any(process.exitcode == STARTUP_FAILURE for process in supervisor.processes):
        raise StartError("the service did not start; the line before says why")


@contextlib.contextmanager
def _ending_quietly(server: Server) -> Iterator[None]:
    """The server sends itself the signal that ended it once more when it is done; that shall not end the program (T251)."""

    def end(_: int, __: FrameType | None) -> None:
        server.should_exit = True

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _config(app: Application | _Factory, *, factory: bool = False, workers: int = 1) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        factory=factory,
        workers=workers,
        loop="uvloop",
        http=LimitedConnection,
        ws="none",
        interface="asgi3",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=MAX_CONNECTIONS,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
