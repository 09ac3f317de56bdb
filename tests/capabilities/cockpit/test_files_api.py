"""Files of a party's own systems: one in a form, with something in it, of a size that a wallet takes."""

from contextlib import asynccontextmanager

import pytest
from fastapi import Request
from fastapi.testclient import TestClient

from capabilities.cockpit.attached import MAX_FILE
from capabilities.cockpit.attaching import NewFile
from capabilities.cockpit.files_api import add_files
from protocol.encoding import encode_base64url, sha256
from protocol.errors import Unauthorized
from runtime.asgi import bearer_key, create_application
from runtime.driver import Driver
from runtime.routes import Router, add_routes
from tests.support.verifier import Addresses

PDF = b"%PDF-1.7 what the archive has"
KEY = "key of the archive"


class Desk:
    """Keeps what came."""

    def __init__(self):
        self.files = {}

    def attach(self, id_, new, *, actor):
        """Add a file."""
        self.files[id_, encode_base64url(sha256(new.content))] = new, actor
        yield from ()

    def detach(self, id_, hash_, *, actor):
        """Take it back."""
        del self.files[id_, hash_]
        yield from ()


@asynccontextmanager
async def nothing(_):
    yield


async def known(request: Request):
    if bearer_key(request) != KEY:
        raise Unauthorized("this key is not good")
    return "archive"


@pytest.fixture
def desk():
    return Desk()


@pytest.fixture
def client(desk):
    driver, router = Driver(None, Addresses()), Router()
    add_files(router, desk, driver, known)
    application = create_application(title="party", secure=True, lifespan=nothing)
    add_routes(application, router)
    yield TestClient(application)
    driver.close()


def send(client, *parts, key=KEY):
    """A form with parts: name, file name, content; without a file name it is a field."""
    body = b""
    for name, file, content in parts:
        named = f'; filename="{file}"' if file else ""
        body += f'--x\r\ncontent-disposition: form-data; name="{name}"{named}\r\n\r\n'.encode() + content + b"\r\n"
    headers = {"authorization": f"Bearer {key}", "content-type": "multipart/form-data; boundary=x"}
    return client.post("/rights/one/files", content=body + b"--x--\r\n", headers=headers)


def test_a_file_is_kept_with_its_name_and_taken_back_by_its_hash(client, desk):
    added = send(client, ("file", "Akte Müller.pdf", PDF))
    hash_ = encode_base64url(sha256(PDF))
    assert (added.status_code, added.json()) == (201, {"hash": hash_, "size": len(PDF)})
    assert desk.files == {("one", hash_): (NewFile("Akte Müller.pdf", PDF), "archive")}
    gone = client.delete(f"/rights/one/files/{hash_}", headers={"authorization": f"Bearer {KEY}"})
    assert (gone.status_code, desk.files) == (204, {})


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [("file", "a.pdf", b"")],
        [("other", "a.pdf", PDF)],
        [("file", "", PDF)],
        [("file", "a.pdf", PDF), ("more", "b.pdf", PDF)],
        [("file", "a.pdf", PDF), ("name", "", b"x")],
    ],
    ids=["nothing", "empty", "other", "field", "two", "file-and-field"],
)
def test_a_form_with_anything_but_one_file_is_not_kept(client, desk, parts):
    refused = send(client, *parts)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_request")
    assert desk.files == {}


def test_t247_a_file_has_a_size_that_wallets_take_and_not_a_byte_more(client, desk):
    assert send(client, ("file", "a.pdf", PDF.ljust(MAX_FILE, b"."))).status_code == 201
    desk.files.clear()
    assert send(client, ("file", "a.pdf", PDF.ljust(MAX_FILE + 1, b"."))).status_code == 413
    assert desk.files == {}


def test_nobody_without_a_key_adds_or_takes(client, desk):
    assert send(client, ("file", "a.pdf", PDF), key="guessed").status_code == 401
    assert client.delete("/rights/one/files/x", headers={"authorization": "Bearer guessed"}).status_code == 401
    assert desk.files == {}
