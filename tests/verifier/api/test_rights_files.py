"""Files of the partner's own systems, one by one: larger than a JSON body may be, and only for whoever has a key."""

import pytest

from capabilities.cockpit.attached import MAX_FILE
from protocol.encoding import encode_base64url, encode_json, sha256
from protocol.sovereignty.rights import Right
from protocol.sovereignty.rights_answer import open_file
from protocol.sovereignty.rights_status import State
from protocol.trust.anchors import TrustAnchors
from runtime.api_keys import new_api_key
from runtime.asgi import MAX_BODY
from runtime.uploads import OVERHEAD
from tests.verifier.service.given import ENC, NAMES, Given, library

PDF = b"%PDF-1.7 what the archive has"
LARGE = PDF + bytes(3 * MAX_BODY)
SAID = {"identity_checked": True, "automated_decisions": {"en": "Nothing decides by itself."}}


@pytest.fixture
def counter(database_url, agency):
    made = library(database_url, TrustAnchors([agency.anchor]), names=NAMES)
    yield made
    made.close()


@pytest.fixture
def key(counter):
    """A key of the partner's own system."""
    found, kept = new_api_key("archive", now=counter.clock.now, random_bytes=counter.verifier.context.random_bytes)
    counter.store.case_keys.put(kept)
    return found


@pytest.fixture
def given(counter, held):
    return Given(counter, held)


@pytest.fixture
def status(given):
    return given.asker.ask(Right.ACCESS, enc_key=ENC.public_key)


def call(counter, key, method, path, body=None):
    headers = {"authorization": f"Bearer {key}"} | ({} if body is None else {"content-type": "application/json"})
    content = {} if body is None else {"content": encode_json(body)}
    return counter.http(method, f"/api/rights/{path}", headers=headers, **content)


def send(counter, key, id_, *parts, kind="multipart/form-data; boundary=x"):
    """A form with parts: name, file name, content; without a file name it is a field."""
    body = b""
    for name, file, content in parts:
        named = f'; filename="{file}"' if file else ""
        body += f'--x\r\ncontent-disposition: form-data; name="{name}"{named}\r\n\r\n'.encode() + content + b"\r\n"
    headers = {"authorization": f"Bearer {key}", "content-type": kind}
    return counter.http("POST", f"/api/rights/{id_}/files", content=body + b"--x--\r\n", headers=headers)


def test_a_large_file_goes_out_with_the_answer_and_not_before(counter, key, given, status):
    """T247: what one JSON body does not hold is brought beside it."""
    added = send(counter, key, status.id, ("file", "Akte Müller.pdf", LARGE))
    hash_ = encode_base64url(sha256(LARGE))
    assert (added.status_code, added.json()) == (201, {"hash": hash_, "size": len(LARGE)})
    [shown] = call(counter, key, "GET", status.id).json()["files"]
    assert shown == {
        "hash": hash_,
        "name": "Akte Müller.pdf",
        "type": "application/pdf",
        "size": len(LARGE),
        "sent": False,
    }
    assert given.asker.status(status).state is State.PRESENT_AGAIN
    assert call(counter, key, "POST", f"{status.id}/answer", SAID).json()["state"] == "done"
    [file] = given.asker.answer(given.asker.status(status), ENC).files
    assert (file.name, file.hash) == ("Akte Müller.pdf", hash_)
    assert open_file(given.asker.call("GET", status.id, "files", hash_).body.decode(), ENC, file) == LARGE


def test_a_file_is_taken_back_as_long_as_no_answer_named_it(counter, key, given, status):
    hash_ = send(counter, key, status.id, ("file", "a.pdf", PDF)).json()["hash"]
    assert call(counter, key, "DELETE", f"{status.id}/files/{hash_}").status_code == 204
    assert call(counter, key, "GET", status.id).json()["files"] == []
    assert call(counter, key, "DELETE", f"{status.id}/files/{hash_}").status_code == 409
    send(counter, key, status.id, ("file", "a.pdf", PDF))
    rest = {**SAID, "rest": {"why": {"en": "More follows."}, "due": given.asker.status(status).due + 1}}
    assert call(counter, key, "POST", f"{status.id}/answer", rest).json()["state"] == "extended"
    assert [one["sent"] for one in call(counter, key, "GET", status.id).json()["files"]] == [True]
    assert call(counter, key, "DELETE", f"{status.id}/files/{hash_}").status_code == 409


def test_nobody_without_a_key_has_a_large_body_read(counter, key, status):
    """T246, T247: the edge stops it, or nobody reads it; what a key for something else opens is nothing."""
    assert send(counter, "guessed", status.id, ("file", "a.pdf", LARGE)).status_code == 401
    assert send(counter, counter.api_key, status.id, ("file", "a.pdf", PDF)).status_code == 401
    assert send(counter, key, "nothing", ("file", "a.pdf", PDF)).status_code == 404


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ([("file", "a.pdf", PDF + bytes(MAX_FILE + OVERHEAD))], 413),
        ([("file", "a.pdf", PDF + bytes(MAX_FILE))], 413),
        ([("file", "a.pdf", b"")], 400),
        ([("other", "a.pdf", PDF)], 400),
        ([("file", "a.pdf", PDF), ("more", "b.pdf", PDF)], 400),
        ([("file", "a.pdf", PDF), ("name", "", b"x")], 400),
        ([("file", "a.exe", PDF)], 400),
        ([("file", "a.png", PDF)], 400),
        ([("file", "../a.pdf", PDF)], 400),
    ],
    ids=["over-all", "over", "empty", "other", "two", "field", "kind", "content", "name"],
)
def test_what_is_no_file_for_people_is_not_kept(counter, key, status, parts, code):
    assert send(counter, key, status.id, *parts).status_code == code
    assert call(counter, key, "GET", status.id).json()["files"] == []


def test_another_body_is_none_and_a_request_that_has_ended_takes_no_more(counter, key, given, status):
    assert send(counter, key, status.id, ("file", "a.pdf", PDF), kind="application/pdf").status_code == 415
    call(counter, key, "POST", f"{status.id}/refusal", {"why": {"en": "Art. 12(5) GDPR"}})
    assert send(counter, key, status.id, ("file", "a.pdf", PDF)).status_code == 409
