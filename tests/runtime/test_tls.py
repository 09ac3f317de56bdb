"""What the guarded sender believes a server that speaks TLS."""

import asyncio
import socket
import ssl
import time

import pytest

from protocol.errors import Unreachable
from protocol.exchange import HttpRequest, HttpResponse
from runtime.certificates import CertificateNames, make_authority
from runtime.http import GuardedSender, public_authorities
from tests.support.peers import answering, ok, peer, tls_context
from tests.support.pki import DAY, seeded, seeded_key


def fetch(url: str) -> HttpResponse:
    return asyncio.run(GuardedSender(allow_local=True).send(HttpRequest("GET", url)))


NAMES = CertificateNames("Peer", "Peer", dns_names=("peer.localhost",))


@pytest.fixture
def authority(tmp_path, monkeypatch):
    """An authority that this process trusts as it trusts the system's."""
    made = make_authority(
        seeded_key(70), CertificateNames("Test", "Test CA"), now=int(time.time()), days=30, random_bytes=seeded(71)
    )
    (tmp_path / "roots.pem").write_bytes(made.to_pem())
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "roots.pem"))
    public_authorities.cache_clear()
    yield made
    public_authorities.cache_clear()


def leaf(authority, names=NAMES, *, now=None, days=10):
    return authority.issue_leaf(
        seeded_key(72).public_key, names, now=now or int(time.time()), days=days, random_bytes=seeded(73)
    )


def test_a_good_certificate_is_believed(authority, tmp_path):
    with peer(answering(ok(b"safe")), tls_context(tmp_path, seeded_key(72), [leaf(authority)])) as server:
        assert fetch(server.url(scheme="https")).body == b"safe"


@pytest.mark.parametrize("what", ["expired", "not yet valid", "wrong name", "untrusted", "self-signed"])
def test_a_bad_certificate_is_not_believed(what, authority, tmp_path):
    """T211"""
    now = int(time.time())
    other = make_authority(
        seeded_key(74),
        CertificateNames("Evil", "Evil CA", dns_names=("peer.localhost",)),
        now=now,
        days=30,
        random_bytes=seeded(75),
    )
    key = seeded_key(72)
    match what:
        case "expired":
            chain = [leaf(authority, now=now - 20 * DAY)]
        case "not yet valid":
            chain = [leaf(authority, now=now + 2 * DAY)]
        case "wrong name":
            chain = [leaf(authority, CertificateNames("Peer", "peer.localhost", dns_names=("other.localhost",)))]
        case "untrusted":
            chain = [leaf(other), other.certificate]
        case _:
            key, chain = seeded_key(74), [other.certificate]
    with (
        peer(answering(ok(b"evil")), tls_context(tmp_path, key, chain)) as server,
        pytest.raises(Unreachable, match="cannot be trusted"),
    ):
        fetch(server.url(scheme="https"))
    assert server.requests == []


def test_old_versions_of_tls_are_not_spoken(authority, tmp_path):
    """T211"""
    context = tls_context(tmp_path, seeded_key(72), [leaf(authority)])
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLS"):
        context.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="TLS"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with peer(answering(ok(b"")), context) as server, pytest.raises(Unreachable):
        fetch(server.url(scheme="https"))
    assert server.requests == []
    assert GuardedSender(allow_local=True)._tls.minimum_version == ssl.TLSVersion.TLSv1_2


def test_a_tls_session_is_not_used_twice(authority, tmp_path):
    """A server that hands out tickets would know by them who comes again, whatever key a call is signed with."""
    reused = []

    def handler(connection, server):
        reused.append(connection.session_reused)
        answering(ok(b""))(connection, server)

    context = tls_context(tmp_path, seeded_key(72), [leaf(authority)])
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with peer(handler, context) as server:
        own = ssl.create_default_context()
        greet(server, own, greet(server, own))
        assert reused == [False, True], "whoever wants to is known again"
        reused.clear()
        sender = GuardedSender(allow_local=True)
        for _ in range(3):
            asyncio.run(sender.send(HttpRequest("GET", server.url(scheme="https"))))
    assert reused == [False] * 3


def greet(server, context, session=None):
    """Ask as somebody who keeps sessions; the one that came of it."""
    with (
        socket.create_connection(("127.0.0.1", server.port)) as plain,
        context.wrap_socket(plain, server_hostname="peer.localhost", session=session) as stream,
    ):
        stream.sendall(b"GET / HTTP/1.1\r\n\r\n")
        while stream.recv(1000):
            pass
        return stream.session
