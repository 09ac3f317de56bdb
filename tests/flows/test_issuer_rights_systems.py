"""The agency's own systems read what citizens ask about their documents, and bring files for the answer; a clerk sends it."""

import pytest

from capabilities.cockpit.handing_out import Own
from protocol.encoding import encode_base64url, sha256
from protocol.sovereignty.rights import Right
from protocol.trust.localized import Localized
from runtime.asgi import MAX_BODY
from tests.flows.agency import SUBJECT, agency_town
from tests.flows.test_issuer_rights import Citizen, clerk_says, end_document

pytestmark = pytest.mark.flow

LETTERS = b"%PDF-1.7 what the archive has" + bytes(3 * MAX_BODY)
NAME, HASH = "letters.pdf", encode_base64url(sha256(LETTERS))
NOTHING = Own(automated_decisions=(Localized("en", "Nothing decides by itself."),))


@pytest.fixture
def town(tmp_path):
    with agency_town(tmp_path) as everybody:
        yield everybody


@pytest.fixture
def citizen(town):
    """Somebody whose document has ended, so that nothing goes out by itself."""
    asking = Citizen(town)
    end_document(town)
    return asking


@pytest.fixture
def system(town):
    """A program of the agency, with its key."""
    key = town.desk.api_key("archive")

    def call(method, path="", **body):
        headers = {"authorization": f"Bearer {key}"}
        return town.office.client.request(method, f"/api/rights{path}", headers=headers, **body)

    return call


def bring(system, id_, name=NAME, content=LETTERS):
    return system("POST", f"/{id_}/files", files={"file": (name, content)})


def test_what_a_system_brings_goes_out_with_the_answer_of_a_clerk(town, citizen, system):
    citizen.ask(Right.ACCESS)
    [listed] = system("GET").json()["requests"]
    assert (listed["id"], listed["right"], listed["state"]) == (citizen.status.id, "access", "working")
    whole = system("GET", f"/{listed['id']}").json()
    assert (whole["subject"], whole["text"], whole["files"]) == (SUBJECT, "", [])
    assert ["given_name"] in whole["claims"]["card"]
    assert bring(system, listed["id"]).json() == {"hash": HASH, "size": len(LETTERS)}
    clerk_says(town, "hand_out", own=NOTHING, sure=True)
    assert citizen.follow() == "done"
    handed = town.run(citizen.rights.answer(citizen.disclosure, citizen.asked.id))
    files = {file.name: file for file in handed.answer.says.files}
    assert town.run(citizen.rights.file(handed, files[NAME])) == LETTERS
    [file] = system("GET", f"/{listed['id']}").json()["files"]
    assert (file["name"], file["type"], file["sent"]) == (NAME, "application/pdf", True)
    assert system("GET").json() == {"requests": [], "after": None}
    assert [one["id"] for one in system("GET", "?state=ended").json()["requests"]] == [listed["id"]]


def test_that_a_program_looked_stands_in_the_citizen_s_log_and_who_it_was_in_the_trail(town, citizen, system):
    citizen.ask(Right.OBJECTION, "My case is different.")
    assert system("GET", f"/{citizen.status.id}").json()["text"] == "My case is different."
    [viewed] = [one for one in entries(town) if one["action"] == "viewed"]
    assert viewed["by"] == "Programm, über die Schnittstelle"
    assert "archive" not in str(viewed)
    [line] = [one for one in town.desk.store.audit(limit=20) if one.action == "rights request viewed"]
    assert line.actor == "archive"


def entries(town):
    [listed] = town.desk.run(town.desk.issuer.rights.listed(is_open=True))
    return [one.members for one in town.desk.store.usage.entries(listed.receipt, after=-1, limit=20)]


def test_a_file_is_taken_back_and_a_request_that_hands_out_nothing_takes_none(town, citizen, system):
    citizen.ask(Right.ACCESS)
    id_ = citizen.status.id
    bring(system, id_)
    assert system("DELETE", f"/{id_}/files/{HASH}").status_code == 204
    assert system("GET", f"/{id_}").json()["files"] == []
    assert system("DELETE", f"/{id_}/files/{HASH}").status_code == 409
    assert bring(system, id_, "letters.exe").status_code == 400
    citizen.ask(Right.OBJECTION, "My case is different.")
    assert bring(system, citizen.status.id).status_code == 409
    assert bring(system, "nothing").status_code == 404


def test_nobody_without_a_key_of_the_api_reads_or_brings_anything(town, citizen):
    """T246: also a clerk's code is none, and nobody reads a body of theirs."""
    citizen.ask(Right.ACCESS)
    client, id_ = town.office.client, citizen.status.id
    for key in ("guessed", town.desk.clerk_code()):
        headers = {"authorization": f"Bearer {key}"}
        assert client.get("/api/rights", headers=headers).status_code == 401
        assert client.get(f"/api/rights/{id_}", headers=headers).status_code == 401
        brought = client.post(f"/api/rights/{id_}/files", files={"file": (NAME, LETTERS)}, headers=headers)
        assert brought.status_code == 401
        assert client.delete(f"/api/rights/{id_}/files/{HASH}", headers=headers).status_code == 401
    assert client.get("/api/rights").status_code == 401
