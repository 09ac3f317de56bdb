"""Data go out as they are at that moment, to whoever showed who they are, and not while somebody puts an answer together."""

from dataclasses import replace

import pytest

from capabilities.cockpit.attached import Attached
from capabilities.cockpit.handing_out import HandedOut
from protocol.errors import Conflict
from protocol.sovereignty.rights import Right
from protocol.sovereignty.rights_status import State
from tests.protocol.sovereignty.disclosures import RECEIPT
from tests.support.pki import NOW
from tests.verifier.test_rights import ADULT, CONSENT, HELD, case_of
from verifier.rights import Holding, Sealed, Why, working
from verifier.rights_answers import hand_out, hand_over, no_fit
from verifier.usage import By, Logged

LOGGED = Logged.of(RECEIPT.id, RECEIPT.log_until, RECEIPT.claims, RECEIPT.purpose, "en")
CHANGED = replace(HELD, sealed=Sealed("request", "another"))


def waiting(right=Right.ACCESS, why=Why.ANSWER):
    return working(case_of(right), why, NOW).next


def with_file(held, case):
    return replace(held, attached=(Attached(case.id, "hash", "", 1),))


def out(case, held=HELD, of=HELD.sealed):
    return hand_out(case, "answer", of, LOGGED, held, now=NOW)


def over(case, receipt=ADULT, held=HELD, of=HELD, *, sure=False):
    how = {"of": of, "logged": LOGGED, "receipt": receipt, "held": held, "sure": sure}
    return hand_over(case, HandedOut("answer"), **how, place=By.PAGE, now=NOW)


def test_what_was_made_of_an_answer_goes_out_with_its_entry_in_the_log():
    done = out(waiting())
    assert (done.next.status.state, done.next.answer) == (State.DONE, "answer")
    assert [str(one.use.action) for one in done.records] == ["used"]
    # Where nothing is here any more, nothing was used
    assert out(waiting(), Holding(), None).records == ()


def test_what_changed_meanwhile_or_waits_for_somebody_else_does_not_go_out():
    case = waiting()
    for asked, held in ((case, CHANGED), (case, Holding()), (waiting(why=Why.CLERK), HELD), (out(case).next, HELD)):
        left = out(asked, held)
        assert (left.next, left.records) == (asked, ())


def test_while_somebody_puts_an_answer_together_none_goes_out_by_itself():
    case = waiting()
    left = out(case, with_file(HELD, case))
    assert (left.next.status.state, left.next.note, left.next.answer) == (State.WORKING, Why.CLERK, "")
    assert left.records == ()


def test_a_clerk_hands_out_what_is_here_now():
    assert over(waiting()).next.status.state is State.DONE
    with pytest.raises(Conflict, match="changed meanwhile"):
        over(waiting(), held=CHANGED)


def test_values_that_identify_somebody_go_to_whoever_showed_them_once_more_or_is_known_otherwise():
    case = waiting()
    with pytest.raises(Conflict, match="be sure first"):
        over(case, CONSENT)
    assert over(case, CONSENT, sure=True).next.status.state is State.DONE
    assert over(replace(case, proven_at=NOW), CONSENT).next.status.state is State.DONE


def test_what_no_answer_can_be_made_of_is_left_to_a_clerk_unless_it_ended():
    case = waiting()
    assert no_fit(case, now=NOW).next.note == Why.NO_FIT
    ended = out(case).next
    assert no_fit(ended, now=NOW).next == ended
