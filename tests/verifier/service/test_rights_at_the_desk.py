"""Rights over an answer: what a clerk has to see, what they say, and what the citizen has of it, signed."""

import pytest

from capabilities.usage_log.records import Used
from protocol.encoding import JsonObject
from protocol.errors import Conflict
from protocol.sovereignty.due_dates import add_months
from protocol.sovereignty.rights import Right
from protocol.sovereignty.rights_status import State
from protocol.sovereignty.usage import Action, Addressee, Use
from tests.support.partners import both
from tests.support.pki import DAY, NOW
from tests.support.verifier import issue_held
from tests.verifier.service.given import ENC, NAMES, Given, counter, listed, make, work
from verifier.session import Answered, Forgotten
from verifier.usage import By

__all__ = ["counter", "make"]


@pytest.mark.parametrize(("basis", "why"), [("legal_obligation", "duty"), ("public_task", "duty")])
def test_where_a_law_may_want_the_data_kept_a_clerk_sees_it_first(make, held, basis, why):
    counter = make(basis)
    given = Given(counter, held)
    assert given.asker.ask(Right.ERASURE).state is State.WORKING
    assert isinstance(counter.stage(given.made), Answered)
    [case] = listed(counter)
    assert case.note == why


def test_what_a_program_of_the_partner_read_is_not_said_to_be_gone(counter, held):
    given = Given(counter, held)
    counter.result(given.made)
    status = given.asker.ask(Right.ERASURE)
    assert status.state is State.WORKING
    [case] = listed(counter)
    assert case.note == "elsewhere"
    assert Action.ERASED not in given.log()
    work(counter, "done", case.id, place=By.PROGRAM, told=False)
    assert given.asker.status(status).state is State.DONE
    assert given.log()[-1] is Action.ERASED
    assert isinstance(counter.stage(given.made), Forgotten)


def test_a_part_of_an_answer_is_not_erased_without_a_look(make, held):
    counter = make(names=NAMES)
    given = Given(counter, held)
    assert given.asker.ask(Right.ERASURE, claims={"pid": (("given_name",),)}).state is State.WORKING
    assert isinstance(counter.stage(given.made), Answered)
    assert [case.note for case in listed(counter)] == ["part"]
    assert given.asker.ask(Right.ERASURE, claims=given.receipt.claims).state is State.DONE


def test_who_got_the_data_is_told_before_it_is_done(counter, held):
    """GDPR Art. 19."""
    given = Given(counter, held)
    stage = counter.stage(given.made)
    bank = Addressee("Bank", "NTRDE-1")
    use = Use(NOW, Action.FORWARDED, given.receipt.claims, "clerk", both("Weiter", "On"), bank)
    counter.store.usage.record([Used(given.receipt.id, stage.logged.log_until, use)])
    status = given.asker.ask(Right.ERASURE)
    [case] = listed(counter)
    assert work(counter, "open", case.id).held.untold == (bank,)
    with pytest.raises(Conflict):
        work(counter, "done", case.id, place=By.CLERK, told=False)
    assert given.asker.status(status).state is State.WORKING
    work(counter, "done", case.id, place=By.CLERK, told=True)
    assert given.log()[-2:] == [Action.RECIPIENT_TOLD, Action.ERASED]
    told = counter.store.usage.entries(given.receipt.id, after=-1, limit=9)[-2].members["to"]
    assert told == {"name": "Bank", "identifier": "NTRDE-1"}


def test_a_consent_that_was_never_asked_is_for_a_clerk(make, held):
    counter = make("contract")
    given = Given(counter, held)
    assert given.asker.ask(Right.WITHDRAW_CONSENT).state is State.WORKING
    assert not counter.stage(given.made).restricted


def test_an_objection_that_is_refused_lifts_its_restriction_unless_another_one_stands(counter, held):
    given = Given(counter, held)
    first, second = given.asker.ask(Right.OBJECTION), given.asker.ask(Right.OBJECTION)
    why = both("Art. 21 DSGVO: Gründe", "Art. 21 GDPR: grounds")
    work(counter, "refuse", first.id, why)
    assert counter.stage(given.made).restricted
    work(counter, "refuse", second.id, why)
    assert not counter.stage(given.made).restricted
    assert counter.result(given.made).disclosed is not None


def test_a_restriction_stays_when_an_objection_is_refused(counter, held):
    given = Given(counter, held)
    given.asker.ask(Right.RESTRICTION)
    objection = given.asker.ask(Right.OBJECTION)
    work(counter, "refuse", objection.id, both("Art. 21", "Art. 21"))
    assert counter.stage(given.made).restricted


def test_a_refusal_names_the_provision_and_where_to_complain(counter, held):
    """GDPR Art. 12(4)."""
    given = Given(counter, held)
    status = given.asker.ask(Right.HUMAN_REVIEW, text="Bitte prüfen")
    work(counter, "refuse", status.id, both("Art. 22 DSGVO", "Art. 22 GDPR"))
    after = given.asker.status(status)
    assert after.state is State.REFUSED
    assert [each.text for each in after.why] == ["Art. 22 DSGVO", "Art. 22 GDPR"]
    assert "Art. 77" in after.remedy[0].text
    with pytest.raises(Conflict):
        work(counter, "done", status.id, place=By.CLERK, told=True)


def test_an_answer_is_put_off_in_time_and_at_most_to_three_months(counter, held):
    """GDPR Art. 12(3)."""
    given = Given(counter, held)
    status, why = given.asker.ask(Right.HUMAN_REVIEW), both("Viel zu tun", "Much to do")
    for due in (add_months(NOW, 3) + 1, status.due):
        with pytest.raises(Conflict):
            work(counter, "extend", status.id, why, due)
    work(counter, "extend", status.id, why, add_months(NOW, 2))
    later = given.asker.status(status)
    assert (later.state, later.due, later.why) == (State.EXTENDED, add_months(NOW, 2), why)
    counter.clock.forward(add_months(NOW, 2) - NOW + 1)
    with pytest.raises(Conflict):
        work(counter, "extend", status.id, why, add_months(NOW, 3))


@pytest.mark.parametrize("right", [Right.ACCESS, Right.PORTABILITY])
def test_values_that_identify_leave_by_no_key_alone_and_by_no_click(counter, held, right):
    given = Given(counter, held)
    status = given.asker.ask(right, enc_key=ENC.public_key)
    assert status.state is State.PRESENT_AGAIN
    assert [case.note for case in listed(counter)] == ["again"]
    assert given.asker.status(status).state is State.PRESENT_AGAIN
    assert given.asker.call("GET", status.id, "answer").status == 404
    assert not work(counter, "open", status.id).can_be_done
    with pytest.raises(Conflict):
        work(counter, "done", status.id, place=By.CLERK, told=True)


def test_an_answer_that_does_not_fit_goes_to_a_clerk(make, agency):
    counter = make(names=('[{ path = ["family_name"] }]', '[{ path = ["issuing_authority"] }]'))
    claims: JsonObject = {"issuing_authority": "x" * 60_000}
    held = issue_held(agency, claims, disclosable=(("issuing_authority",),))
    given = Given(counter, held)
    with pytest.MonkeyPatch.context() as small:
        small.setattr("protocol.sovereignty.rights_answer.MAX_ANSWER", 60_000)
        status = given.asker.ask(Right.PORTABILITY, enc_key=ENC.public_key)
    assert status.state is State.WORKING
    assert [case.note for case in listed(counter)] == ["no_fit"]


@pytest.mark.parametrize(
    ("right", "action"), [(Right.RECTIFICATION, Action.CORRECTED), (Right.HUMAN_REVIEW, Action.DECIDED)]
)
def test_what_a_clerk_did_stands_in_the_log(counter, held, right, action):
    given = Given(counter, held)
    status = given.asker.ask(right)
    work(counter, "done", status.id, place=By.CLERK, told=False)
    assert given.log()[-1] is action
    counter.clock.forward(3600)
    before = given.log()
    with pytest.raises(Conflict):
        work(counter, "done", status.id, place=By.CLERK, told=False)
    assert given.log() == before
    assert isinstance(counter.stage(given.made), Answered)


def test_what_the_citizen_wrote_stands_nowhere_in_plain_words(counter, held):
    given = Given(counter, held)
    status = given.asker.ask(Right.RECTIFICATION, text="planted-words")
    assert "planted-words" not in given.everything()
    opened = work(counter, "open", status.id)
    assert (opened.text, opened.claims) == ("planted-words", given.receipt.claims)
    assert "planted-words" not in repr(opened.case)
    assert "Ada" in given.everything()


def test_a_request_is_answered_even_after_the_log_of_its_receipt_is_over(counter, held):
    given = Given(counter, held)
    counter.clock.forward(given.receipt.log_until - NOW - 1)
    status = given.asker.ask(Right.HUMAN_REVIEW)
    counter.clock.forward(2)
    counter.store.sweep(now=counter.clock.now, limit=1000)
    assert given.asker.status(status).state is State.WORKING
    assert given.asker.call("POST", body=given.asker.token(Right.ERASURE).encode()).status == 404
    counter.clock.forward(100 * DAY)
    counter.store.sweep(now=counter.clock.now, limit=1000)
    # What waits is not swept away
    work(counter, "refuse", status.id, both("Zu spät", "Too late"))
    counter.store.sweep(now=counter.clock.now, limit=1000)
    counter.store.sweep(now=counter.clock.now, limit=1000)
    assert given.asker.call("GET", status.id).status == 404
    assert counter.store.cockpit.by_id(given.receipt.id) is None


def test_the_list_comes_in_pages_with_what_is_due_first_first(counter, held):
    given = Given(counter, held)
    asked = []
    for _ in range(3):
        asked.append(given.asker.ask(Right.HUMAN_REVIEW).id)
        counter.clock.forward(DAY)
    store = counter.store.rights
    first = store.listed(is_open=True, after="", limit=2)
    assert [case.id for case in first] == asked[:2]
    assert [case.id for case in store.listed(is_open=True, after=first[-1].id, limit=2)] == asked[2:]
    for id_ in asked:
        work(counter, "done", id_, place=By.CLERK, told=False)
    ended = store.listed(is_open=False, after="", limit=2)
    assert [case.id for case in ended] == asked[:0:-1]
    assert [case.id for case in store.listed(is_open=False, after=ended[-1].id, limit=2)] == asked[:1]
