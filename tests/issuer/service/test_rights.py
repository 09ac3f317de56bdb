"""Rights over a document at its issuer: what is answered by itself, what waits for a clerk, and when the register is asked."""

import pytest

from capabilities.cockpit.attaching import NewFile
from issuer.rights import Why
from protocol.sovereignty.rights import HANDS_OUT, Right
from protocol.sovereignty.rights_status import State
from protocol.trust.localized import Localized
from tests.issuer.service.asking import Citizen
from tests.support.issuer import CLERK
from tests.support.pki import DAY

WHY = (Localized("en", "Art. 17(3)(b) GDPR."),)


@pytest.fixture
def citizen():
    return Citizen()


@pytest.mark.parametrize("right", sorted(HANDS_OUT))
def test_whoever_holds_a_valid_document_gets_what_the_register_says_at_once(citizen, right):
    asked = citizen.ask(right)
    assert (asked.state, citizen.register.asked) == (State.DONE, 1)
    assert citizen.run(citizen.desk.requests.find(asked.id)).answer


@pytest.mark.parametrize("right", [Right.RECTIFICATION, Right.RESTRICTION, Right.OBJECTION])
def test_for_what_a_clerk_answers_the_register_is_not_asked_however_often_somebody_looks(citizen, right):
    """Whoever polls has nothing read in it, and changes nothing."""
    asked = citizen.ask(right)
    for _ in range(3):
        citizen.office.desk.clock.move(1)
        assert citizen.follow(asked).state is State.WORKING
    assert citizen.register.asked == 0
    assert citizen.note(asked) == Why.CLERK


def test_what_waits_for_the_register_is_answered_when_it_is_back(citizen):
    citizen.register.away = True
    asked = citizen.ask(Right.ACCESS)
    assert (asked.state, citizen.note(asked)) == (State.WORKING, Why.LOOK)
    citizen.register.away = False
    assert citizen.follow(asked).state is State.DONE


def test_while_a_clerk_puts_an_answer_together_none_is_made(citizen):
    citizen.register.away = True
    asked = citizen.ask(Right.ACCESS)
    citizen.run(citizen.desk.attach(asked.id, NewFile("letter.txt", b"Our letter to you."), actor=CLERK))
    citizen.register.away, before = False, citizen.register.asked
    assert citizen.follow(asked).state is State.WORKING
    assert (citizen.note(asked), citizen.register.asked) == (Why.CLERK, before)


def test_an_answer_that_cannot_be_made_by_itself_is_left_to_a_clerk(citizen):
    citizen.office.desk = citizen.office.desk.with_context(types={})
    asked = citizen.ask(Right.ACCESS)
    assert (asked.state, citizen.note(asked)) == (State.WORKING, Why.NO_FIT)


def test_whom_the_register_still_has_is_not_erased_by_itself(citizen):
    citizen.end_document()
    asked = citizen.ask(Right.ERASURE)
    assert (asked.state, citizen.note(asked)) == (State.WORKING, Why.REGISTER)
    assert citizen.register.asked == 1
    assert "erased" not in citizen.log()
    # Nor is the register asked again for what a clerk decides now
    assert citizen.follow(asked).state is State.WORKING
    assert citizen.register.asked == 1


def test_whom_the_register_does_not_have_any_more_is_erased_at_once(citizen):
    citizen.end_document()
    citizen.office.desk.register.remove("anna")
    asked = citizen.ask(Right.ERASURE)
    assert asked.state is State.DONE
    assert citizen.log()[-1] == "erased"


def test_whoever_looks_at_a_request_that_waits_looks_at_a_person_and_at_one_that_has_ended_no_more(citizen):
    asked = citizen.ask(Right.RECTIFICATION)
    before = citizen.log().count("viewed")
    citizen.run(citizen.desk.open(asked.id, actor=CLERK))
    citizen.run(citizen.desk.read(asked.id, actor="program"))
    assert citizen.log().count("viewed") == before + 2
    citizen.run(citizen.desk.refuse(asked.id, WHY, actor=CLERK))
    # Whoever looks again in the same hour is told of once anyway
    citizen.office.desk.clock.move(DAY)
    citizen.run(citizen.desk.open(asked.id, actor=CLERK))
    citizen.run(citizen.desk.read(asked.id, actor="program"))
    assert citizen.log().count("viewed") == before + 2
