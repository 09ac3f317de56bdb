"""What happens first with a request about rights, by what is held; and what a log says of who has the data."""

from dataclasses import replace

import pytest

from capabilities.cockpit.rights_case import RightsCase
from capabilities.usage_log.records import Used
from protocol.encoding import encode_json
from protocol.errors import Conflict
from protocol.sovereignty.receipt import LegalBasis
from protocol.sovereignty.rights import Right
from protocol.sovereignty.rights_status import Presentation, RightsStatus, State
from protocol.sovereignty.usage import Action, Addressee, Use
from tests.protocol.sovereignty.disclosures import RECEIPT
from tests.support.partners import both
from tests.support.pki import DAY, NOW
from tests.support.verifier import QUERY
from verifier.rights import (
    MAX_TRIES,
    Asked,
    Erase,
    Finished,
    Holding,
    Restrict,
    Sealed,
    ask_again,
    finish,
    first_step,
    hold,
    refuse,
    shown_again,
)
from verifier.usage import _NAMES, By, Logged

HELD = Holding(sealed=Sealed("request", "sealed"))
CONSENT = replace(RECEIPT, legal_basis=LegalBasis.CONSENT, represented=())
ADULT = replace(CONSENT, claims={"pid": (("age_equal_or_over", "18"),)})
BANK = Addressee("Bank", "NTRDE-1")
OURS, PROGRAM = _NAMES["de"][By.PAGE], _NAMES["en"][By.PROGRAM]


def case_of(right):
    status = RightsStatus("id-of-the-request", "A" * 43, right, State.RECEIVED, NOW + 28 * DAY, NOW)
    return RightsCase(status.id, RECEIPT.id, "jti-of-the-request", "", NOW, NOW + DAY, status)


def first(right, receipt=CONSENT, held=HELD, claims=None):
    change = first_step(case_of(right), receipt, claims, held, now=NOW)
    return change.next.status.state, change.next.note, change.records


ERASED, LEFT_ALONE, RESTRICTED = (Erase(RECEIPT.id),), (), (Restrict(RECEIPT.id),)


@pytest.mark.parametrize("right", [Right.ERASURE, Right.WITHDRAW_CONSENT])
@pytest.mark.parametrize(
    ("held", "why"),
    [(replace(HELD, open_case=True), "open_case"), (replace(HELD, elsewhere=True), "elsewhere"), (HELD, "")],
)
def test_what_forbids_erasing_is_for_a_clerk_and_a_withdrawn_consent_is_not_used_meanwhile(right, held, why):
    waits = RESTRICTED if right is Right.WITHDRAW_CONSENT else LEFT_ALONE
    expected = (State.WORKING, why, waits) if why else (State.DONE, "", ERASED)
    assert first(right, held=held) == expected


@pytest.mark.parametrize("basis", list(LegalBasis))
def test_a_duty_to_keep_and_a_consent_are_matters_of_the_legal_basis(basis):
    receipt = replace(CONSENT, legal_basis=basis)
    duty = basis in (LegalBasis.LEGAL_OBLIGATION, LegalBasis.PUBLIC_TASK)
    assert first(Right.ERASURE, receipt)[0] is (State.WORKING if duty else State.DONE)
    withdrawn = first(Right.WITHDRAW_CONSENT, receipt)
    assert withdrawn == (
        (State.DONE, "", ERASED) if basis is LegalBasis.CONSENT else (State.WORKING, "no_consent", LEFT_ALONE)
    )


def test_restricting_waits_for_nobody_and_is_done_when_it_is_so_everywhere():
    assert first(Right.RESTRICTION) == (State.DONE, "", RESTRICTED)
    assert first(Right.RESTRICTION, held=replace(HELD, elsewhere=True)) == (State.WORKING, "elsewhere", RESTRICTED)
    assert first(Right.OBJECTION) == (State.WORKING, "clerk", RESTRICTED)


def test_what_a_human_answers_changes_nothing_by_itself():
    assert first(Right.HUMAN_REVIEW) == (State.WORKING, "clerk", LEFT_ALONE)
    assert first(Right.RECTIFICATION, ADULT) == (State.WORKING, "clerk", LEFT_ALONE)
    assert first(Right.RECTIFICATION) == (State.WORKING, "identifies", LEFT_ALONE)


NAME = replace(CONSENT, claims={"pid": (("family_name",),)})
QUESTION = encode_json(QUERY).decode()
NAMED = replace(HELD, sealed=Sealed("request", "sealed", QUESTION), question=QUESTION)


@pytest.mark.parametrize("right", [Right.ACCESS, Right.PORTABILITY, Right.RECTIFICATION])
@pytest.mark.parametrize("more", [{}, {"elsewhere": True}, {"open_case": True}])
def test_before_anybody_works_on_values_they_are_shown_once_more_if_they_can_be_compared(right, more):
    assert first(right, NAME, replace(NAMED, **more)) == (State.WORKING, "again", LEFT_ALONE)
    assert first(right, ADULT, replace(NAMED, **more))[1] != "again"


def test_erasing_what_an_open_case_needs_or_is_about_another_wants_them_shown_once_more():
    assert first(Right.ERASURE, NAME, NAMED) == (State.DONE, "", ERASED)
    assert first(Right.ERASURE, NAME, replace(NAMED, open_case=True)) == (State.WORKING, "again", LEFT_ALONE)
    for right in (Right.ERASURE, Right.RESTRICTION, Right.OBJECTION, Right.HUMAN_REVIEW):
        assert first(right, replace(NAME, represented=("pid",)), NAMED)[1] == "again"


def asked_for(right=Right.ACCESS, **changes):
    """A request that waits for its data to be shown once more."""
    return replace(case_of(right), note="again", **changes)


def test_what_was_shown_once_more_opens_the_way_once():
    case = asked_for()
    done = shown_again(case, NAME, None, NAMED, same=True, now=NOW + 5).next
    assert (done.proven_at, done.note) == (NOW + 5, "answer")
    assert shown_again(done, NAME, None, NAMED, same=False, now=NOW + 6).next == done
    other = shown_again(asked_for(Right.ERASURE), NAME, None, NAMED, same=True, now=NOW)
    assert isinstance(other.records[0], Erase)


def test_after_some_tries_a_clerk_has_to_see_who_it_is():
    case = asked_for()
    for number in range(1, MAX_TRIES):
        case = shown_again(case, NAME, None, NAMED, same=False, now=NOW).next
        assert (case.tries, case.note, case.proven_at) == (number, "again", 0)
    case = shown_again(case, NAME, None, NAMED, same=False, now=NOW).next
    assert (case.note, case.status.state, case.proven_at) == ("not_same", State.WORKING, 0)


def test_where_nothing_can_be_asked_a_clerk_has_to_see_who_it_is():
    wanted = Presentation("https://library.example/requests/1", "x509_hash:1")
    case = ask_again(asked_for(), wanted, now=NOW).next
    assert (case.status.state, case.status.presentation) == (State.PRESENT_AGAIN, wanted)
    case = ask_again(case, None, now=NOW).next
    assert (case.status.state, case.note, case.status.presentation) == (State.WORKING, "identifies", None)
    assert ask_again(case, wanted, now=NOW).next == case


@pytest.mark.parametrize("right", [Right.ACCESS, Right.PORTABILITY])
@pytest.mark.parametrize(
    ("receipt", "held", "claims", "why"),
    [
        (ADULT, HELD, None, "answer"),
        (ADULT, Holding(), None, "answer"),
        (ADULT, HELD, ADULT.claims, "answer"),
        (ADULT, replace(HELD, elsewhere=True), None, "elsewhere"),
        (ADULT, Holding(in_case=True), None, "in_case"),
        (replace(ADULT, claims={**ADULT.claims, "card": ()}), HELD, ADULT.claims, "part"),
        (replace(ADULT, claims={"pid": (("family_name",),)}), HELD, None, "identifies"),
    ],
)
def test_values_go_by_the_key_alone_where_they_identify_nobody(right, receipt, held, claims, why):
    assert first(right, receipt, held, claims) == (State.WORKING, why, LEFT_ALONE)


@pytest.mark.parametrize("right", list(Right))
def test_of_data_about_somebody_else_the_key_alone_takes_back_a_consent_and_nothing_more(right):
    """GDPR Art. 12(6): whoever acted for somebody once need not act for them now."""
    found = first(right, replace(CONSENT, represented=("pid",)))
    if right is Right.WITHDRAW_CONSENT:
        assert found == (State.DONE, "", ERASED)
    else:
        assert (found[0], found[2]) == (State.WORKING, LEFT_ALONE)
        assert found[1] in ("identifies", "clerk")


def use(action, by=OURS, to=None):
    return Use(NOW, action, {"pid": ()}, by, both("Grund", "Reason"), to)


CAME = use(Action.RECEIVED)


@pytest.mark.parametrize(
    ("uses", "elsewhere", "untold"),
    [
        ([CAME, use(Action.VIEWED)], False, ()),
        ([CAME, use(Action.VIEWED, PROGRAM)], True, ()),
        ([CAME, use(Action.USED, "archive")], True, ()),
        ([CAME, use(Action.USED, "archive"), use(Action.ERASED, "archive")], False, ()),
        ([CAME, use(Action.ERASED, "archive"), use(Action.VIEWED, PROGRAM)], True, ()),
        ([CAME, use(Action.FORWARDED, OURS, BANK)], True, (BANK,)),
        ([CAME, use(Action.FORWARDED, OURS, BANK), use(Action.RECIPIENT_TOLD, OURS, BANK)], False, ()),
        (
            [CAME, use(Action.RECIPIENT_TOLD, OURS, BANK), use(Action.FORWARDED, OURS, BANK)],
            True,
            (BANK,),
        ),
    ],
)
def test_a_log_tells_who_else_has_the_data_and_who_was_not_told(uses, elsewhere, untold):
    found = hold(tuple(uses), HELD)
    assert (found.elsewhere, found.untold, found.sealed) == (elsewhere, untold, HELD.sealed)


def test_what_is_not_found_is_gone_only_if_the_log_says_so():
    assert hold((CAME, use(Action.ERASED)), Holding()).elsewhere is False
    assert hold((CAME,), Holding()).elsewhere is True
    assert hold((), Holding()).elsewhere is True
    assert hold((CAME,), Holding(in_case=True)).elsewhere is False


LOGGED = Logged.of(RECEIPT.id, RECEIPT.log_until, RECEIPT.claims, RECEIPT.purpose, "en")
NO = both("Das tun wir nicht.", "We do not do that.")


def finished(right, held=HELD, *, told=False):
    return finish(case_of(right), LOGGED, held, Finished(By.PAGE, told), now=NOW)


@pytest.mark.parametrize("right", [Right.ACCESS, Right.PORTABILITY])
def test_a_right_to_data_is_not_done_without_the_data(right):
    with pytest.raises(Conflict, match="data itself"):
        finished(right)


@pytest.mark.parametrize("right", [Right.ERASURE, Right.OBJECTION, Right.RECTIFICATION, Right.RESTRICTION])
def test_whoever_got_the_data_is_told_first(right):
    """GDPR Art. 19."""
    held = replace(HELD, untold=(BANK,))
    with pytest.raises(Conflict, match="told first"):
        finished(right, held)
    done = finished(right, held, told=True)
    assert done.next.status.state is State.DONE
    assert [one.use.to for one in done.records if isinstance(one, Used) and one.use.to is not None] == [BANK]
    assert finished(Right.HUMAN_REVIEW, held).next.status.state is State.DONE


def test_a_part_of_what_was_given_is_for_a_clerk():
    receipt = replace(CONSENT, claims={"pid": (("address",), ("age_equal_or_over", "18"))})
    part = {"pid": (("age_equal_or_over", "18"),)}
    assert first(Right.ERASURE, receipt, claims=part)[:2] == (State.WORKING, "part")
    assert first(Right.ERASURE, receipt, claims=receipt.claims)[0] is State.DONE


def test_whoever_is_refused_has_it_used_again_unless_something_else_stands_against_it():
    lifted = (Restrict(RECEIPT.id, lifted=True),)
    another = Asked("another", Right.OBJECTION, State.WORKING)

    def refused(right, *others):
        return refuse(case_of(right), RECEIPT, NO, replace(HELD, requests=others), now=NOW).records

    for right in (Right.RESTRICTION, Right.OBJECTION, Right.WITHDRAW_CONSENT):
        assert refused(right) == lifted
        assert refused(right, Asked(case_of(right).id, right, State.WORKING)) == lifted
        assert refused(right, another) == ()
        # A restriction is for good once it is done, and the others until they are answered
        assert refused(right, replace(another, state=State.DONE)) == lifted
        assert refused(right, replace(another, right=Right.RESTRICTION, state=State.DONE)) == ()
        assert refused(right, replace(another, right=Right.RESTRICTION, state=State.REFUSED)) == lifted
    assert refused(Right.RECTIFICATION) == ()
