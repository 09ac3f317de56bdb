"""A partner's own systems say what they did with an answer; they say it in words that the citizen can read."""

import pytest

from tests.support.receipts import RECEIPT, give_receipt, uses
from tests.support.verifier import answers

USE = {"action": "used", "by": "case system"}
BOTH = {"de": "Antrag auf einen Ausweis", "en": "Application for a card"}


@pytest.fixture
def answered(counter, held):
    made = counter.ask()
    counter.receive(made, answers(counter, made, held))
    give_receipt(counter, made.id)
    return counter, made


def log(counter, **changes):
    body = {"receipt_id": RECEIPT, **USE, **changes}
    return counter.api("POST", "/api/usage", json={name: value for name, value in body.items() if value is not None})


def entries(counter):
    return [entry.members for entry in counter.store.usage.entries(RECEIPT, after=-1, limit=100)]


def test_a_system_learns_the_receipt_with_the_answer_and_logs_with_it(answered):
    counter, made = answered
    receipt = counter.api("GET", f"/api/requests/{made.id}").json()["receipt_id"]
    assert receipt == RECEIPT
    assert log(counter, receipt_id=receipt).status_code == 204
    assert [action for action, _ in uses(counter)] == ["received", "viewed", "used"]
    # What is not said is all that came, and for what it was given
    assert {**entries(counter)[2], "n": 0, "action": "received", "by": "Prüfdienst, automatisch"} == entries(counter)[0]


def test_all_of_a_use_is_written(answered):
    counter, _ = answered
    counter.clock.forward(100)
    told = {
        "action": "forwarded",
        "claims": {"pid": [["family_name"]]},
        "why": BOTH,
        "to": {"name": "Library of the next town", "identifier": "LEIXG-TOWN0000000000000003"},
        "delayed": {"de": "§ 406 StPO", "en": "section 406 of the code"},
        "at": counter.clock.now - 50,
    }
    assert log(counter, **told).status_code == 204
    assert entries(counter)[1] == {"receipt": RECEIPT, "n": 1, "by": "case system", **told}


def test_saying_it_again_in_its_hour_changes_nothing(answered):
    counter, _ = answered
    for _ in range(3):
        assert log(counter, at=counter.clock.now).status_code == 204
    assert len(entries(counter)) == 2


def test_the_request_stands_for_its_receipt_while_the_answer_is_here(answered):
    counter, made = answered
    assert log(counter, receipt_id=None, request_id=made.id).status_code == 204
    counter.api("DELETE", f"/api/requests/{made.id}")
    assert log(counter, receipt_id=None, request_id=made.id, by="portal").status_code == 404
    # The receipt lasts: data that was handed on is still out there
    assert log(counter, by="portal").status_code == 204
    assert [action for action, _ in uses(counter)] == ["received", "used", "erased", "used"]


def test_whose_request_or_receipt_it_is_not_gets_one_answer(answered, held):
    """T184"""
    counter, made = answered
    plain = counter.ask()
    counter.receive(plain, answers(counter, plain, held))
    stranger = {"authorization": f"Bearer {counter.new_api_key()}"}
    body = {**USE, "request_id": made.id}
    found = [
        log(counter, receipt_id="another-receipt-01234567"),
        log(counter, receipt_id=None, request_id="unknown"),
        log(counter, receipt_id=None, request_id=plain.id),
        counter.http("POST", "/api/usage", json=body, headers=stranger),
    ]
    counter.clock.forward(365 * 86_400)
    found.append(log(counter))
    assert {(answer.status_code, answer.content) for answer in found} == {(404, found[0].content)}
    assert len(entries(counter)) == 1


def test_without_a_key_nothing_is_logged(answered):
    counter, _ = answered
    assert counter.http("POST", "/api/usage", json={"receipt_id": RECEIPT, **USE}).status_code == 401
    assert len(entries(counter)) == 1


WRONG = {
    "neither": {"receipt_id": None},
    "both": {"request_id": "r1"},
    "an action that nobody knows": {"action": "sold"},
    "that an answer came": {"action": "received"},
    "nobody to whom": {"action": "forwarded"},
    "a query that was not asked": {"claims": {"licence": [["family_name"]]}},
    "data that did not come": {"claims": {"pid": [["birthdate"]]}},
    "no claims": {"claims": {}},
    "no path": {"claims": {"pid": [[]]}},
    "values": {"values": {"family_name": "Mustermann"}},
    "markup": {"by": "<b>clerk</b>"},
    "nothing": {"by": " "},
    "no language": {"why": {"": "why"}},
    "the future": {"at": 1_900_000_000},
    "before it came": {"at": 1_700_000_000},
    "too much": {"why": {"de": "x" * 2001}},
    "a name that is too long": {"by": "c" * 257},
    "a line that turns": {"by": "clerk \u202e"},
}


@pytest.mark.parametrize("changes", WRONG.values(), ids=WRONG)
def test_what_says_too_little_or_too_much_changes_nothing(answered, changes):
    counter, _ = answered
    answer = log(counter, **changes)
    assert answer.status_code in (400, 413, 422)
    assert "Mustermann" not in answer.text
    assert len(entries(counter)) == 1
