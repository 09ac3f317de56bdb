"""The login in the browser, over a real connection on this machine."""

import http.client
import socket
import threading
from urllib.parse import parse_qsl, quote, urlsplit

import pytest

from protocol.errors import Unreachable
from tests.wallet.cli.machine import Machine
from tests.wallet.counterpart_agency import AGENCY
from tests.wallet.counterparts import PASSPHRASE, QUICK, World
from wallet.cli.browser import LoginListener
from wallet.vault.vault import Vault


def visit(url, host=None):
    """What a browser does: one request, whose answer it shows."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection("127.0.0.1", parts.port, timeout=5)
    connection.request(
        "GET", f"{parts.path}?{parts.query}" if parts.query else parts.path, headers={"host": host or parts.netloc}
    )
    response = connection.getresponse()
    body = response.read().decode()
    connection.close()
    return response, body


@pytest.fixture
def listener():
    """A listener that waits for the browser."""
    with LoginListener(language="de", title="Sie sind angemeldet", text="Zurück zur Wallet.") as listening:
        yield listening


def waiting(listener, seconds=5.0):
    """Wait in the background; the result comes into the list."""
    result = []

    def wait():
        try:
            result.append(listener.wait(seconds))
        except Unreachable as error:
            result.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    return thread, result


def test_the_browser_comes_back_once_and_sees_a_plain_page(listener):
    """T149"""
    thread, result = waiting(listener)
    response, body = visit(f"{listener.redirect_uri}?code=c&state=s")
    thread.join()
    assert result == [f"{listener.redirect_uri}?code=c&state=s"]
    assert response.status == 200
    assert "Sie sind angemeldet" in body
    assert "code" not in body
    assert response.getheader("content-security-policy") == "default-src 'none'"
    assert response.getheader("referrer-policy") == "no-referrer"
    assert response.getheader("cache-control") == "no-store"


def test_only_this_machine_can_come_back(listener):
    assert urlsplit(listener.redirect_uri).hostname == "127.0.0.1"
    assert urlsplit(listener.redirect_uri).path == "/callback"


@pytest.mark.parametrize(
    ("path", "host"), [("/", None), ("/callback", None), ("/other?code=c", None), ("/callback?code=c", "evil.example")]
)
def test_other_visits_are_not_the_answer(listener, path, host):
    """T149: a page of somebody else that guesses the port gets nothing, and ends nothing."""
    thread, result = waiting(listener)
    base = listener.redirect_uri.removesuffix("/callback")
    response, _ = visit(base + path, host)
    assert response.status == 404
    assert result == []
    visit(f"{listener.redirect_uri}?code=right")
    thread.join()
    assert result == [f"{listener.redirect_uri}?code=right"]


def test_a_broken_visit_ends_nothing(listener):
    thread, result = waiting(listener)
    for noise in (
        b"",
        b"\x00\xff\r\n\r\n",
        b"POST /callback?code=c HTTP/1.1\r\n\r\n",
        b"GET /callback?" + b"x" * 70_000,
    ):
        with socket.create_connection(("127.0.0.1", urlsplit(listener.redirect_uri).port), timeout=5) as connection:
            connection.sendall(noise)
    visit(f"{listener.redirect_uri}?code=right")
    thread.join()
    assert result == [f"{listener.redirect_uri}?code=right"]


def test_the_wallet_does_not_wait_for_ever(listener):
    with pytest.raises(Unreachable, match="nothing was received"):
        listener.wait(0.05)


def test_a_login_in_the_browser_leads_to_a_credential(tmp_path, monkeypatch):
    """T149: pushed, opened, come back, and in the wallet."""
    machine = Machine(tmp_path, World(None), {"HOHEIT_ENV": "production"})
    Vault.create(machine.vault, PASSPHRASE, QUICK).close()
    threads = []

    def browse(url):
        machine.opened.append(url)
        [pushed] = [dict(parse_qsl(r.body.decode())) for r in machine.world.agency.seen if r.url.endswith("/par")]
        back = f"{pushed['redirect_uri']}?code=c&state={pushed['state']}&iss={quote(AGENCY, safe='')}"
        threads.append(threading.Thread(target=visit, args=(back,)))
        threads[0].start()
        return True

    monkeypatch.setattr(machine, "browse", browse)
    offer = machine.world.agency.offer(pre_authorized_code=None, authorization_code=True)
    result = machine.run("receive", offer, "--yes")
    threads[0].join()
    assert machine.opened == [
        f"{AGENCY}/authorize?client_id=hoheit-wallet&request_uri=urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3A1"
    ]
    assert "Please log in with City of Köln in your browser." in result.stdout
    assert len(machine.json("list")["credentials"]) == 1
