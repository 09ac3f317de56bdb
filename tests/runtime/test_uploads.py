"""Forms with files: small, each name once, and whatever is not one is refused."""

from tempfile import SpooledTemporaryFile

import pytest
from fastapi import FastAPI, Request
from starlette import formparsers
from starlette.testclient import TestClient

from protocol.errors import ProtocolError
from runtime.asgi import error_answer
from runtime.uploads import OVERHEAD, read_upload

LIMIT = 1000


@pytest.fixture
def client():
    app = FastAPI()
    app.add_exception_handler(ProtocolError, lambda _, error: error_answer(error))

    @app.post("/")
    async def upload(request: Request) -> dict[str, dict[str, str]]:
        found = await read_upload(request, max_bytes=LIMIT)
        return {"fields": found.fields, "files": {name: content.hex() for name, content in found.files.items()}}

    return TestClient(app)


def part(name, content, file=""):
    disposition = f'form-data; name="{name}"' + (f'; filename="{file}"' if file else "")
    return f"--x\r\ncontent-disposition: {disposition}\r\n\r\n".encode() + content + b"\r\n"


def post(client, *parts, kind="multipart/form-data; boundary=x", end=b"--x--\r\n"):
    return client.post("/", content=b"".join(parts) + end, headers={"content-type": kind})


def test_fields_and_files_are_read_and_what_is_empty_is_absent(client):
    answer = post(client, part("a", b"one"), part("b", b""), part("f", b"\x00\xff", "../x"), part("g", b"", "empty"))
    assert answer.json() == {"fields": {"a": "one"}, "files": {"f": "00ff"}}


def test_a_file_that_is_too_large_is_refused_before_it_is_read_apart(client):
    assert post(client, part("f", b"y" * (LIMIT + OVERHEAD), "x")).status_code == 413
    assert post(client, part("f", b"y" * LIMIT, "x")).status_code == 200


@pytest.mark.parametrize(
    "parts",
    [
        (part("a", b"1"), part("a", b"2")),
        (part("a", b"1"), part("a", b"2", "file")),
        (part("a", b"nul \x00"),),
        tuple(part(f"a{i}", b"1") for i in range(101)),
        tuple(part(f"f{i}", b"1", "x") for i in range(5)),
        (b"nonsense",),
        (b"--x\r\nnonsense\r\n\r\nx\r\n",),
    ],
    ids=["twice", "field and file", "nul", "fields", "files", "no part", "no name"],
)
def test_what_is_no_such_form_is_refused(client, parts):
    """T113"""
    assert post(client, *parts).status_code == 400


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_another_content_type_is_refused(client, kind):
    assert post(client, part("a", b"1"), kind=kind).status_code in (400, 415)


def test_files_are_never_written_to_a_disk(client, monkeypatch):
    class NeverThere(SpooledTemporaryFile[bytes]):
        def rollover(self):
            raise AssertionError("written to a disk")

    monkeypatch.setattr(formparsers, "SpooledTemporaryFile", NeverThere)
    monkeypatch.setattr(formparsers.MultiPartParser, "spool_max_size", 10)
    content = b"x" * (LIMIT - 100)
    assert post(client, part("f", content, "x")).json()["files"] == {"f": content.hex()}
