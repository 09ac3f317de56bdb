"""Requests about rights, as the partner's own systems work on them."""

import pytest

from protocol.encoding import encode_json
from protocol.sovereignty.due_dates import add_months
from protocol.sovereignty.rights import Right
from protocol.sovereignty.rights_status import State
from protocol.sovereignty.usage import Action
from protocol.trust.anchors import TrustAnchors
from runtime.api_keys import new_api_key
from tests.support.pki import NOW
from tests.verifier.service.test_rights import Given, library


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
