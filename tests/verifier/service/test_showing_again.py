"""Before values leave or change, whoever asks shows them once more: the same values, and nothing of it stays."""

import pytest
from sqlalchemy import text as sql

from protocol.oid4vp.client_id import ClientId
from protocol.oid4vp.link import RequestByReference
from protocol.sovereignty.rights import Right
from protocol.sovereignty.rights_status import State
from protocol.sovereignty.usage import Action
from protocol.trust.anchors import TrustAnchors
from tests.support.partners import both
from tests.support.pki import seeded_key
from tests.support.verifier import CLAIMS, issue_held
from tests.verifier.citizen import OTHER_KEY, Citizen, report
from tests.verifier.service.given import ENC, NAMES, Given, library, listed, work
from verifier.again import PURPOSE
from verifier.rights import MAX_TRIES
from verifier.service.requests import MadeRequest

THIRD_KEY = seeded_key(63)


@pytest.fixture
def counter(database_url, agency):
    made = library(database_url, TrustAnchors([agency.anchor]), names=NAMES)
    yield made
    made.close()


@pytest.fixture
def given(counter, held):
    return Given(counter, held)


def again(status):
    """The request that a status names."""
    wanted = status.presentation
    link = RequestByReference(ClientId.from_text(wanted.client_id), wanted.request_uri).to_link()
    return MadeRequest("", link, wanted.request_uri, f"{wanted.request_uri}/qr.svg", 0)


def show(counter, status, held, key=OTHER_KEY):
    """Answer that request; what came back, and who did."""
    citizen = Citizen(counter, again(status), held, key)
    return citizen.answer(), citizen


def asks(given, right=Right.ACCESS):
    return given.asker.ask(right, enc_key=ENC.public_key if right in (Right.ACCESS, Right.PORTABILITY) else None)


@pytest.mark.parametrize("right", [Right.ACCESS, Right.PORTABILITY])
def test_the_same_values_open_the_answer(counter, given, held, right):
    status = asks(given, right)
    assert status.state is State.PRESENT_AGAIN
    assert given.asker.status(status) == status
    assert given.asker.call("GET", status.id, "answer").status == 404
    back, _ = show(counter, status, held)
    assert "redirect_uri" not in back
    done = given.asker.status(status)
    assert done.state is State.DONE
    assert given.asker.answer(done, ENC).data == {"pid": [{"family_name": "Mustermann", "given_name": "Erika"}]}


def test_what_is_asked_is_what_the_receipt_names_and_says_what_for(counter, given, held):
    citizen = Citizen(counter, again(asks(given)), held, OTHER_KEY)
    [asked] = citizen.request.dcql_query.credentials
    back = citizen.answer()
    assert {claim.path for claim in asked.claims} == {("family_name",), ("given_name",)}
    receipt = citizen.judge(back["receipt"]).receipt
    assert receipt.claims == given.receipt.claims
    assert {each.text for each in receipt.purpose} == {text for _, text in PURPOSE}
    assert receipt.retention.lasts is None


def test_nothing_of_what_was_shown_once_more_stays(counter, given, held):
    before = counter.stage(given.made)
    back, citizen = show(counter, asks(given), held)
    receipt = citizen.judge(back["receipt"]).receipt
    assert report(counter, OTHER_KEY, receipt) == [Action.RECEIVED, Action.ERASED]
    assert counter.stage(given.made).disclosed == before.disclosed
    with counter.store.database.reading() as connection:
        stages = [str(tuple(row)) for row in connection.execute(sql("select * from sessions"))]
    assert sum(before.disclosed in stage for stage in stages) == 1


def test_another_persons_document_opens_nothing(counter, given, agency):
    status = asks(given)
    other = issue_held(agency, {**CLAIMS, "given_name": "Max"}, holder=seeded_key(14))
    back, citizen = show(counter, status, other)
    assert back["error"] == "invalid_request"
    assert "Max" not in str(back)
    assert "Mustermann" not in str(back)
    fresh = given.asker.status(status)
    assert (fresh.state, fresh.presentation == status.presentation) == (State.PRESENT_AGAIN, False)
    assert given.asker.call("GET", status.id, "answer").status == 404
    receipt = citizen.judge(back["receipt"]).receipt
    assert report(counter, OTHER_KEY, receipt) == [Action.RECEIVED, Action.ERASED]


def test_after_too_many_others_a_clerk_has_to_see_who_it_is(counter, given, agency, held):
    status = asks(given)
    other = issue_held(agency, {**CLAIMS, "given_name": "Max"}, holder=seeded_key(14))
    for number in range(MAX_TRIES):
        show(counter, status, other, key=seeded_key(200 + number))
        status = given.asker.status(status)
    assert status.state is State.WORKING
    assert [case.note for case in listed(counter)] == ["not_same"]
    assert given.asker.call("GET", status.id, "answer").status == 404


def test_who_waits_too_long_gets_a_fresh_request_and_an_old_one_is_gone(counter, given, held):
    status = asks(given)
    counter.clock.forward(counter.verifier.context.lifetimes.request + 1)
    fresh = given.asker.status(status)
    assert fresh.presentation != status.presentation
    assert counter.http("POST", again(status).request_uri.removeprefix("https://library.example")).status_code == 404
    show(counter, fresh, held)
    assert given.asker.status(fresh).state is State.DONE


def test_a_request_is_answered_once(counter, given, held):
    status = asks(given)
    citizens = [Citizen(counter, again(status), held, key) for key in (OTHER_KEY, THIRD_KEY)]
    assert "error" not in citizens[0].answer()
    assert citizens[1].answer()["error"] == "invalid_request"
    assert [case.tries for case in listed(counter)] in ([], [0])


def test_what_is_to_be_corrected_goes_to_a_clerk_after_that(counter, given, held):
    status = asks(given, Right.RECTIFICATION)
    assert status.state is State.PRESENT_AGAIN
    show(counter, status, held)
    [case] = listed(counter)
    assert (case.note, case.proven_at) == ("clerk", counter.clock.now)
    assert given.asker.status(status).state is State.WORKING


def test_what_was_erased_meanwhile_cannot_be_compared(counter, given, held):
    status = asks(given)
    citizen = Citizen(counter, again(status), held, OTHER_KEY)
    assert asks(given, Right.ERASURE).state is State.DONE
    assert citizen.answer()["error"] == "invalid_request"
    assert counter.store.rights.find(status.id).proven_at == 0


def test_a_request_that_was_refused_meanwhile_stays_refused(counter, given, held):
    status = asks(given)
    citizen = Citizen(counter, again(status), held, OTHER_KEY)
    work(counter, "refuse", status.id, both("Art. 12(5)", "Art. 12(5)"))
    citizen.answer()
    assert given.asker.status(status).state is State.REFUSED
    assert given.asker.call("GET", status.id, "answer").status == 404
