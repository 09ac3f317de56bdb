"""Servers that misbehave: each connection is handled by a function that writes whatever bytes it likes."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from protocol.keys import P256Key

PATIENCE = 10.0  # seconds after which a handler that still waits gives up


@dataclass
class Peer:
    """A server on loopback, and what it saw."""

    port: int
    connections: int = 0
    requests: list[bytes] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    def url(self, host: str = "peer.localhost", scheme: str = "http", path: str = "/") -> str:
        """An address of this server."""
        return f"{scheme}://{host}:{self.port}{path}"


Handler = Callable[[socket.socket, Peer], None]


@contextlib.contextmanager
def peer(handler: Handler, tls: ssl.SSLContext | None = None) -> Iterator[Peer]:
    """Run a server while the block lasts."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Peer(listener.getsockname()[1])
        threads = [threading.Thread(target=_accept, args=(listener, handler, server, tls))]
        threads[0].start()
        try:
            yield server
        finally:
            server.stopping.set()
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", server.port), timeout=1).close()
            threads[0].join()


def _accept(listener: socket.socket, handler: Handler, server: Peer, tls: ssl.SSLContext | None) -> None:
    threads = []
    while True:
        connection, _ = listener.accept()
        if server.stopping.is_set():
            connection.close()
            break
        server.connections += 1
        threads.append(threading.Thread(target=_handle, args=(connection, handler, server, tls)))
        threads[-1].start()
    for thread in threads:
        thread.join()


def _handle(connection: socket.socket, handler: Handler, server: Peer, tls: ssl.SSLContext | None) -> None:
    connection.settimeout(PATIENCE)
    # A peer that is hung up on is what these servers are for
    with contextlib.suppress(OSError), contextlib.closing(connection):
        stream = tls.wrap_socket(connection, server_side=True) if tls is not None else connection
        with contextlib.closing(stream):
            handler(stream, server)


def read_request(connection: socket.socket, server: Peer) -> bytes:
    """The head of a request."""
    head = b""
    while b"\r\n\r\n" not in head:
        chunk = connection.recv(65536)
        if not chunk:
            break
        head += chunk
    server.requests.append(head)
    return head


def answering(answer: bytes) -> Handler:
    """A server that always says the same."""

    def handler(connection: socket.socket, server: Peer) -> None:
        read_request(connection, server)
        connection.sendall(answer)

    return handler


def endless(begin: bytes, more: bytes) -> Handler:
    """A server that never stops talking."""

    def handler(connection: socket.socket, server: Peer) -> None:
        read_request(connection, server)
        connection.sendall(begin)
        while not server.stopping.is_set():
            connection.sendall(more)

    return handler


def silent(connection: socket.socket, server: Peer) -> None:
    """A server that takes a request and says nothing."""
    read_request(connection, server)
    server.stopping.wait(PATIENCE)


def ok(body: bytes, *headers: bytes) -> bytes:
    """A whole answer."""
    head = [b"HTTP/1.1 200 OK", b"content-length: %d" % len(body), b"connection: close", *headers]
    return b"\r\n".join([*head, b"", body])


def tls_context(folder: Path, key: P256Key, chain: list[x509.Certificate]) -> ssl.SSLContext:
    """What a server needs to speak TLS with a certificate."""
    file = folder / "server.pem"
    pem = b"".join(certificate.public_bytes(serialization.Encoding.PEM) for certificate in chain)
    file.write_bytes(key.to_pem() + pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context
