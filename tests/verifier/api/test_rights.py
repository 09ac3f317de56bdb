"""Requests about rights, as the partner's own systems work on them."""

from base64 import b64encode

import pytest

from capabilities.cockpit.attached import MAX_FILE, MAX_OF_ONE
from protocol.encoding import encode_json
from protocol.sovereignty.due_dates import add_months
from protocol.sovereignty.rights import Right
from protocol.sovereignty.rights_answer import open_file
from protocol.sovereignty.rights_status import State
from protocol.sovereignty.usage import Action
from protocol.trust.anchors import TrustAnchors
from runtime.api_keys import new_api_key
from runtime.asgi import MAX_BODY
from tests.support.pki import NOW
from tests.verifier.service.given import ENC, Given, library


@pytest.fixture
def counter(database_url, agency):
    made = library(database_url, TrustAnchors([agency.anchor]))
    yield made
    made.close()


@pytest.fixture
def system(counter):
    """The partner's own system, with its key."""
    key, kept = new_api_key("archive", now=counter.clock.now, random_bytes=counter.verifier.context.random_bytes)
    counter.store.case_keys.put(kept)
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}

    def call(method, path, body=None):
        content = {} if body is None else {"content": encode_json(body)}
        return counter.http(method, f"/api/rights{path}", headers=headers, **content)

    return call


def test_a_system_that_had_the_data_says_when_it_is_gone_there_too(counter, held, system):
    given = Given(counter, held)
    counter.result(given.made)
    status = given.asker.ask(Right.ERASURE, text="Bitte alles löschen")
    [listed] = system("GET", "").json()["requests"]
    assert (listed["id"], listed["right"], listed["reason"]) == (status.id, "erasure", "elsewhere")
    assert (listed["receipt_id"], listed["due"]) == (given.receipt.id, status.due)
    whole = system("GET", f"/{status.id}").json()
    assert (whole["text"], whole["claims"]) == ("Bitte alles löschen", {"pid": [["family_name"]]})
    assert whole["recipients_to_tell"] == []
    assert system("POST", f"/{status.id}/done", {}).json()["state"] == "done"
    assert system("POST", f"/{status.id}/done", {}).status_code == 409
    assert system("GET", "").json() == {"requests": [], "after": None}
    assert [one["id"] for one in system("GET", "?state=ended").json()["requests"]] == [status.id]
    assert given.asker.status(status).state is State.DONE
    assert given.log()[-1] is Action.ERASED


def test_a_system_puts_off_and_refuses_in_words_for_the_citizen(counter, held, system):
    given = Given(counter, held)
    status = given.asker.ask(Right.HUMAN_REVIEW)
    latest = system("GET", f"/{status.id}").json()["latest_due"]
    assert latest == add_months(NOW, 3)
    body = {"why": {"de": "Viele Anfragen"}, "due": latest}
    assert system("POST", f"/{status.id}/extension", body).json()["state"] == "extended"
    for why in ({}, {"de": ""}, {"de": "<script>"}, {"!": "x"}):
        assert system("POST", f"/{status.id}/refusal", {"why": why}).status_code == 400
    assert system("POST", f"/{status.id}/extension", {"why": {"de": "Noch mehr"}, "due": latest + 1}).status_code == 409
    assert given.asker.status(status).why[0].text == "Viele Anfragen"
    assert system("POST", f"/{status.id}/refusal", {"why": {"de": "Art. 16 DSGVO"}}).json()["state"] == "refused"
    assert given.asker.status(status).why[0].text == "Art. 16 DSGVO"


def test_what_is_not_there_and_who_has_no_key_find_nothing(counter, held, system):
    given = Given(counter, held)
    status = given.asker.ask(Right.HUMAN_REVIEW)
    for id_ in ("guess", "x" * 3000, "..", "'--"):
        assert system("GET", f"/{id_}").status_code == 404
        assert system("POST", f"/{id_}/done", {}).status_code == 404
    assert counter.api("GET", f"/api/rights/{status.id}").status_code == 401
    assert system("POST", f"/{status.id}/done", {"told": True}).status_code in (400, 422)
    assert given.asker.status(status).state is State.WORKING


def answer_of(*files, **more):
    shown = [
        {"name": name, "type": "application/pdf", "content": b64encode(content).decode()} for name, content in files
    ]
    said = {"de": "Nichts entscheidet allein.", "en": "Nothing decides by itself."}
    return {"identity_checked": True, "automated_decisions": said, "files": shown, **more}


@pytest.fixture
def waiting(counter, held):
    """A request for access, and whoever asks."""
    given = Given(counter, held)
    return given, given.asker.ask(Right.ACCESS, enc_key=ENC.public_key)


def test_a_system_hands_out_a_file_as_large_as_a_clerk_may(waiting, system):
    given, status = waiting
    content = b"%PDF-1.7 " + bytes(MAX_FILE - 9)
    assert system("POST", f"/{status.id}/answer", answer_of(("archive.pdf", content))).json()["state"] == "done"
    [file] = given.asker.answer(given.asker.status(status), ENC).files
    sealed = given.asker.call("GET", status.id, "files", file.hash).body.decode()
    assert open_file(sealed, ENC, file) == content


def test_what_is_larger_than_a_file_may_be_changes_nothing(waiting, system):
    given, status = waiting
    too_large = ("archive.pdf", bytes(MAX_FILE + 1))
    assert system("POST", f"/{status.id}/answer", answer_of(too_large)).status_code == 400
    several = [(f"{number}.pdf", bytes([number]) * (MAX_FILE // 2)) for number in range(3)]
    assert system("POST", f"/{status.id}/answer", answer_of(*several)).status_code == 413
    assert given.asker.status(status).state is State.PRESENT_AGAIN


def test_t246_strangers_and_other_calls_have_the_usual_cap(counter, waiting, system):
    _, status = waiting
    body = answer_of(("archive.pdf", bytes(2 * MAX_BODY)))
    assert counter.http("POST", f"/api/rights/{status.id}/answer", content=encode_json(body)).status_code == 401
    assert system("POST", f"/{status.id}/refusal", body).status_code == 413


def test_all_files_of_a_request_together_have_their_cap_too(waiting, system):
    given, status = waiting
    part = {"rest": {"why": {"de": "Das Archiv braucht länger."}, "due": add_months(NOW, 2)}}
    for number in range(MAX_OF_ONE // MAX_FILE):
        file = (f"{number}.pdf", bytes([number]) * MAX_FILE)
        assert system("POST", f"/{status.id}/answer", answer_of(file, **part)).json()["state"] == "extended"
    assert system("POST", f"/{status.id}/answer", answer_of(("one.pdf", b"more"))).status_code == 409
    assert len(given.asker.answer(given.asker.status(status), ENC).files) == MAX_OF_ONE // MAX_FILE
