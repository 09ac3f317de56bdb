"""Rights over an answer: what can be done at once is done, and the citizen has it signed."""

from dataclasses import replace

import pytest
from sqlalchemy import text as sql

from capabilities.cockpit.rights import MAX_REQUESTS
from protocol.errors import NotFound
from protocol.sovereignty.due_dates import first_due
from protocol.sovereignty.rights import Right
from protocol.sovereignty.rights_status import State
from protocol.sovereignty.usage import Action
from tests.support.pki import DAY, NOW, seeded_key
from tests.support.rights import Asker
from tests.verifier.citizen import KEY, OTHER_KEY, WHO
from tests.verifier.service.given import ADULT, ENC, Given, counter, listed, make
from verifier.session import Answered, Forgotten

__all__ = ["counter", "make"]


def test_erasure_is_done_at_once_where_nothing_forbids_it_and_the_data_is_gone(counter, held):
    given = Given(counter, held)
    before = counter.stage(given.made)
    status = given.asker.ask(Right.ERASURE)
    assert (status.state, status.due) == (State.DONE, first_due(NOW))
    assert isinstance(counter.stage(given.made), Forgotten)
    assert before.disclosed not in given.everything()
    assert given.log() == [Action.RECEIVED, Action.ERASED]
    with pytest.raises(NotFound):
        counter.result(given.made)
    assert listed(counter) == ()
    assert given.asker.status(status) == status


def test_erasing_and_saying_so_are_one_transaction(counter, held, monkeypatch):
    given = Given(counter, held)

    def fails(*_):
        raise RuntimeError("the log is full")

    with monkeypatch.context() as broken:
        broken.setattr(counter.store.usage, "_write_use", fails)
        token = given.asker.token(Right.ERASURE)
        assert given.asker.call("POST", body=token.encode()).status == 500
    assert isinstance(counter.stage(given.made), Answered)
    assert listed(counter) == listed(counter, is_open=False) == ()
    # The same bytes once more are a first time
    assert given.asker.post(token, Right.ERASURE).state is State.DONE


def test_withdrawing_a_consent_is_as_easy_as_giving_it(counter, held):
    given = Given(counter, held)
    assert given.asker.ask(Right.WITHDRAW_CONSENT).state is State.DONE
    assert isinstance(counter.stage(given.made), Forgotten)


@pytest.mark.parametrize("right", [Right.RESTRICTION, Right.OBJECTION])
def test_what_is_restricted_is_read_by_nobody(counter, held, right):
    """GDPR Art. 18."""
    given = Given(counter, held)
    status = given.asker.ask(right)
    assert status.state is (State.DONE if right is Right.RESTRICTION else State.WORKING)
    found = counter.result(given.made)
    assert (found.state, found.disclosed) == ("accepted", None)
    assert given.log() == [Action.RECEIVED, Action.RESTRICTED]


def test_what_is_here_under_another_name_than_the_receipts_is_handed_out_by_nobody_but_a_clerk(make, held, monkeypatch):
    given = Given(make(names=ADULT), held)
    names = "verifier.service.handing_out.named_in_receipt"
    monkeypatch.setattr(names, lambda query, _: {one.id: "another" for one in query.credentials})
    assert given.asker.ask(Right.ACCESS, enc_key=ENC.public_key).state is State.WORKING


@pytest.mark.parametrize("right", [Right.ACCESS, Right.PORTABILITY])
def test_values_that_identify_nobody_are_handed_out_encrypted_to_whoever_asks(make, held, right):
    counter = make(names=ADULT)
    given = Given(counter, held)
    status = given.asker.ask(right, enc_key=ENC.public_key)
    assert status.state is State.DONE
    answer = given.asker.answer(status, ENC)
    assert answer.data == {"pid": [{"age_equal_or_over": {"18": True}}]}
    assert (answer.information is not None) == (right is Right.ACCESS)
    assert given.asker.status(status) == status
    assert given.asker.answer(status, ENC) == answer
    assert given.log() == [Action.RECEIVED, Action.USED]
    other = Asker(counter, seeded_key(99), given.receipt.id, given.receipt.claims, WHO)
    assert other.call("GET", status.id, "answer").status == 404


def test_what_the_law_wants_known_goes_with_the_data(make, held):
    """GDPR Art. 15(1)."""
    counter = make(names=ADULT)
    given = Given(counter, held)
    answer = given.asker.answer(given.asker.ask(Right.ACCESS, enc_key=ENC.public_key), ENC)
    told = answer.information.to_dict()
    assert told["purposes"] == {"en": "We write it on your card.", "de": "Wir schreiben ihn auf Ihre Karte."}
    assert told["categories"] == {
        "de": "Angaben aus Ihren Nachweisen: Ob mindestens 18 Jahre alt",
        "en": "What your documents say: Whether at least 18 years old",
    }
    assert told["retention"]["en"] == "Until 14 February 2027."
    assert told["recipients"] == []
    assert "Art. 77" in told["authority"]["en"]


def test_an_answer_that_a_program_had_is_not_handed_out_as_if_that_were_all(make, held):
    counter = make(names=ADULT)
    given = Given(counter, held)
    counter.result(given.made)
    assert given.asker.ask(Right.ACCESS, enc_key=ENC.public_key).state is State.WORKING
    assert [case.note for case in listed(counter)] == ["elsewhere"]


def test_whoever_asks_after_all_is_gone_is_told_that_nothing_is_here(make, held):
    counter = make(names=ADULT)
    given = Given(counter, held)
    given.asker.ask(Right.ERASURE)
    status = given.asker.ask(Right.ACCESS, enc_key=ENC.public_key)
    assert (status.state, given.asker.answer(status, ENC).data) == (State.DONE, {})
    assert given.log() == [Action.RECEIVED, Action.ERASED]


def test_what_was_handed_out_is_erased_with_the_data(make, held):
    counter = make(names=ADULT)
    given = Given(counter, held)
    status = given.asker.ask(Right.PORTABILITY, enc_key=ENC.public_key)
    sealed = given.asker.call("GET", status.id, "answer").body.decode()
    assert sealed in given.everything()
    given.asker.ask(Right.ERASURE)
    assert sealed not in given.everything()
    assert given.asker.call("GET", status.id, "answer").status == 404


def test_an_answer_is_made_of_what_is_here_when_it_is_given(make, held):
    """Between making it and saying so, the data goes: the request waits, and the next look tells the truth."""
    counter = make(names=ADULT)
    given = Given(counter, held)
    advance = counter.store.rights.advance
    gone: list[str] = []

    def late(id_, step):
        if not gone:
            gone.append(id_)
            given.asker.ask(Right.ERASURE)
        return advance(id_, step)

    counter.store.rights.advance = late
    asker = Asker(counter, KEY, given.receipt.id, given.receipt.claims, WHO)
    status = asker.ask(Right.ACCESS, enc_key=ENC.public_key)
    assert status.state is State.WORKING
    status = asker.status(status)
    assert (status.state, asker.answer(status, ENC).data) == (State.DONE, {})


def test_for_what_a_clerk_answers_nothing_is_opened_however_often_somebody_looks(counter, held):
    given = Given(counter, held)

    def opened(_receipt):
        raise AssertionError("nobody needs what is here")

    counter.store.rights.held = opened
    status = given.asker.ask(Right.HUMAN_REVIEW)
    assert given.asker.status(status).state is State.WORKING


def test_the_same_bytes_get_the_same_answer_and_others_conflict(counter, held):
    given = Given(counter, held)
    token = given.asker.token(Right.HUMAN_REVIEW, jti="jti-0123456789abcdef")
    first = given.asker.post(token, Right.HUMAN_REVIEW)
    counter.clock.forward(DAY)
    again = given.asker.post(token, Right.HUMAN_REVIEW)
    assert replace(again, issued_at=first.issued_at) == first
    assert len(listed(counter)) == 1
    other = given.asker.token(Right.ERASURE, jti="jti-0123456789abcdef")
    assert given.asker.call("POST", body=other.encode()).status == 409
    assert isinstance(counter.stage(given.made), Answered)


def test_a_key_reaches_its_own_receipt_and_requests_and_no_others(counter, held):
    mine, theirs = Given(counter, held), Given(counter, held, OTHER_KEY)
    status = mine.asker.ask(Right.HUMAN_REVIEW)
    assert theirs.asker.call("GET", status.id).status == 404
    assert mine.asker.call("GET", status.id, key=seeded_key(99)).status == 404
    # Signed by one key, for its receipt, but sent with the proof of another
    token = mine.asker.token(Right.ERASURE)
    assert theirs.asker.call("POST", body=token.encode()).status == 400
    assert theirs.asker.call("POST", body=b"\xff" * 50).status == 400
    assert theirs.asker.call("POST", body=b"a" * 70_000).status == 413
    assert isinstance(counter.stage(mine.made), Answered)


@pytest.mark.parametrize(
    "change",
    [
        {"audience": "https://other.example/cockpit"},
        {"receipt": "another-receipt-012345"},
        {"claims": {"pid": (("birthdate",),)}},
    ],
)
def test_a_request_for_somebody_or_something_else_is_refused_and_kept_nowhere(counter, held, change):
    given = Given(counter, held)
    token = given.asker.token(Right.ERASURE, **change)
    assert given.asker.call("POST", body=token.encode()).status == 400
    assert listed(counter) == ()
    assert isinstance(counter.stage(given.made), Answered)


def test_a_request_that_comes_after_the_end_of_the_log_is_refused_and_kept_nowhere(counter, held):
    given = Given(counter, held)
    token = given.asker.token(Right.ERASURE)
    counter.clock.forward(given.receipt.log_until - NOW)
    late, other = (
        given.asker.call("POST", body=token.encode()),
        given.asker.call("POST", body=b"a.b.c", key=seeded_key(99)),
    )
    assert late.status == other.status == 404
    assert late.body == other.body
    assert listed(counter) == ()


def test_requests_about_one_receipt_are_limited(counter, held):
    given = Given(counter, held)
    tokens = [given.asker.token(Right.HUMAN_REVIEW) for _ in range(MAX_REQUESTS + 1)]
    issued = counter.store.cockpit.by_key(KEY.public_key.thumbprint())
    for token in tokens[:-1]:
        counter.run(counter.verifier.rights.requests.ask(issued, token))
    assert given.asker.call("POST", body=tokens[-1].encode()).status == 429


def test_what_is_gone_already_is_done(counter, held):
    given = Given(counter, held)
    counter.clock.forward(DAY + 1)
    counter.store.sweep(now=counter.clock.now, limit=100)
    assert given.asker.ask(Right.ERASURE).state is State.DONE
    assert given.log() == [Action.RECEIVED, Action.ERASED]


def test_what_cannot_be_found_and_was_never_erased_is_not_said_to_be_gone(counter, held):
    given = Given(counter, held)
    with counter.store.database.engine.begin() as connection:
        connection.execute(sql("delete from sessions"))
    assert given.asker.ask(Right.ERASURE).state is State.WORKING
