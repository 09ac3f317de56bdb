"""What an issuer does with a request about rights: pure steps over what is noted of a document."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capabilities.cockpit.attached import Attached, Detached, Sent
from capabilities.cockpit.handing_out import HandedOut, Rest
from capabilities.cockpit.records import IssuedReceipt
from capabilities.cockpit.rights_case import RightsCase
from capabilities.usage_log.records import Used
from issuer.receipts import AS_LONG_AS_REGISTERED
from issuer.records import CredentialState
from issuer.rights import (
    Copy,
    Erase,
    Finished,
    Holding,
    Logged,
    LookAgain,
    Why,
    finish,
    first_step,
    found_gone,
    hand_out,
    hand_over,
    leave,
    refuse,
)
from issuer.rights_words import ROOM, Reason, reasons_for, refusal
from issuer.usage_records import DocumentReceipt
from protocol.errors import Conflict, Malformed
from protocol.sovereignty.due_dates import first_due
from protocol.sovereignty.durations import Duration, Retention
from protocol.sovereignty.receipt import LegalBasis, Outcome, Receipt
from protocol.sovereignty.receipt_parties import Controller
from protocol.sovereignty.rights import HANDS_OUT, Right
from protocol.sovereignty.rights_status import RightsStatus, State
from protocol.sovereignty.usage import Addressee
from protocol.trust.localized import Localized
from tests.support.partners import TOWN
from tests.support.pki import DAY, NOW

HASH = "A" * 43
CLAIMS = {"card": (("address",), ("given_name",))}
WHY = (Localized("en", "Art. 17(3)(b) GDPR."),)
BANK = Addressee("Bank", "LEIXG-1")
VALID, SUSPENDED, REVOKED = CredentialState.VALID, CredentialState.SUSPENDED, CredentialState.REVOKED
ERASING = (Right.ERASURE, Right.WITHDRAW_CONSENT, Right.OBJECTION)


def receipt_of(basis=LegalBasis.PUBLIC_TASK, retention=AS_LONG_AS_REGISTERED):
    return Receipt(
        issuer="https://agency.example",
        id="r" * 22,
        issued_at=NOW,
        request=HASH,
        presentations={"card": (HASH,)},
        claims=CLAIMS,
        outcome=Outcome.ACCEPTED,
        purpose=WHY,
        legal_basis=basis,
        retention=retention,
        log_until=NOW + 400 * DAY,
        controller=Controller("Agency", TOWN, "https://agency.example/privacy"),
        key=HASH,
        cockpit_endpoint="https://agency.example/cockpit",
    )


RECEIPT = receipt_of()
LOGGED = Logged.of(IssuedReceipt.of(RECEIPT, "token"), "en")
DOCUMENT = DocumentReceipt(RECEIPT.id, "anna", "s1", "card", "card", CLAIMS, RECEIPT.log_until)


def held(*states, ends=NOW + DAY, **more):
    copies = tuple(Copy(f"c{i}", "card", NOW, ends, state) for i, state in enumerate(states))
    return Holding(DOCUMENT, copies, **more)


def case_of(right, note="", state=State.WORKING):
    status = RightsStatus("i" * 22, HASH, right, state, first_due(NOW), NOW)
    return RightsCase("i" * 22, RECEIPT.id, "j" * 22, "", NOW, NOW + 100 * DAY, status, note=note)


def fresh(right):
    return case_of(right, state=State.RECEIVED)


def first(right, holding, receipt=RECEIPT, claims=None):
    return first_step(fresh(right), receipt, claims, holding, now=NOW)


def actions(change):
    return [str(record.use.action) for record in change.records if isinstance(record, Used)]


def erased(change):
    return [record for record in change.records if isinstance(record, Erase)]


@pytest.mark.parametrize("right", [Right.ACCESS, Right.PORTABILITY], ids=str)
@pytest.mark.parametrize(
    ("holding", "note"),
    [
        (held(VALID), Why.LOOK),
        (held(REVOKED, VALID), Why.LOOK),
        (held(SUSPENDED), Why.ENDED),
        (held(REVOKED), Why.ENDED),
        (held(VALID, ends=NOW), Why.ENDED),
        (Holding(), Why.ENDED),
    ],
    ids=["valid", "one-valid", "suspended", "revoked", "expired", "erased"],
)
def test_a_key_opens_what_a_valid_document_says_and_nothing_later(right, holding, note):
    change = first(right, holding)
    assert (change.next.note, change.next.status.state, change.records) == (note, State.WORKING, ())


def test_a_correction_is_for_a_clerk_who_knows_whether_the_document_is_valid():
    assert first(Right.RECTIFICATION, held(VALID)).next.note == Why.CLERK
    assert first(Right.RECTIFICATION, held(REVOKED)).next.note == Why.ENDED


@pytest.mark.parametrize("right", [Right.RESTRICTION, Right.OBJECTION, Right.HUMAN_REVIEW], ids=str)
def test_the_rest_is_answered_by_people(right):
    assert first(right, held(VALID)).next.note == Why.CLERK


PERIOD = Retention(Duration.from_text("P10Y", "retention"))
EVENT = Retention(Duration.from_text("P1Y", "retention"), WHY)
OVER = Retention(Duration.from_text("PT0S", "retention"))


@pytest.mark.parametrize(
    ("holding", "receipt", "note"),
    [
        (held(VALID), RECEIPT, Why.VALID),
        (held(SUSPENDED), RECEIPT, Why.VALID),
        (held(REVOKED), RECEIPT, Why.LOOK),
        (held(VALID, ends=NOW), RECEIPT, Why.LOOK),
        (held(REVOKED), receipt_of(retention=PERIOD), Why.DUTY),
        (held(REVOKED), receipt_of(retention=EVENT), Why.DUTY),
        (held(REVOKED), receipt_of(LegalBasis.LEGAL_OBLIGATION, PERIOD), Why.DUTY),
        (held(REVOKED), receipt_of(LegalBasis.CONSENT, PERIOD), Why.LOOK),
        (held(REVOKED), receipt_of(retention=OVER), Why.LOOK),
    ],
    ids=["valid", "suspended", "revoked", "expired", "period", "event", "law", "consent", "period-over"],
)
def test_an_erasure_waits_for_the_register_if_nothing_else_is_in_its_way(holding, receipt, note):
    assert first(Right.ERASURE, holding, receipt).next.note == note
    change = found_gone(case_of(Right.ERASURE, Why.LOOK), receipt, LOGGED, holding, now=NOW)
    if note is Why.LOOK:
        assert change.next.status.state is State.DONE
        assert actions(change) == ["erased"]
        assert erased(change) == [Erase(RECEIPT.id, ("card",))]
    else:
        assert (change.next.note, change.records) == (note, ())


def test_a_part_is_for_a_clerk_and_all_that_is_named_is_no_part():
    assert first(Right.ERASURE, held(REVOKED), claims={"card": (("address",),)}).next.note == Why.PART
    assert first(Right.ERASURE, held(REVOKED), claims=CLAIMS).next.note == Why.LOOK


def test_a_consent_is_taken_back_where_there_was_one():
    assert first(Right.WITHDRAW_CONSENT, held(REVOKED)).next.note == Why.NO_CONSENT
    assert first(Right.WITHDRAW_CONSENT, held(REVOKED), receipt_of(LegalBasis.CONSENT)).next.note == Why.LOOK


def test_a_document_that_is_in_no_row_any_more_is_over():
    assert Holding(DOCUMENT).is_over(NOW)
    assert not Holding(DOCUMENT).is_valid(NOW)


def test_where_the_register_kept_the_data_nothing_is_called_erased_later():
    gone = Holding(was_kept=True)
    assert first(Right.ERASURE, gone).next.note == Why.REGISTER
    assert found_gone(case_of(Right.ERASURE, Why.LOOK), RECEIPT, LOGGED, gone, now=NOW).next.note == Why.REGISTER
    assert first(Right.ERASURE, Holding()).next.note == Why.LOOK
    with pytest.raises(Conflict, match="say why it keeps"):
        finish(case_of(Right.ERASURE), RECEIPT, LOGGED, gone, said(), now=NOW)
    assert actions(finish(case_of(Right.ERASURE), RECEIPT, LOGGED, gone, said(kept=WHY), now=NOW)) == ["kept"]


def test_copies_of_other_documents_count_for_nothing():
    other = replace(held(VALID), copies=(Copy("c9", "pass", NOW, NOW + DAY, VALID),))
    assert other.only({"card", "card-mdoc"}).is_over(NOW)


def test_a_document_goes_in_all_its_forms_also_in_those_that_nobody_fetched():
    mine = held(REVOKED).only({"card", "card-mdoc"})
    gone = found_gone(case_of(Right.ERASURE, Why.LOOK), RECEIPT, LOGGED, mine, now=NOW)
    assert erased(gone) == [Erase(RECEIPT.id, ("card", "card-mdoc"))]
    kept = finish(case_of(Right.ERASURE), RECEIPT, LOGGED, mine, said(in_register=True, kept=WHY), now=NOW)
    assert erased(kept) == [Erase(RECEIPT.id, ("card", "card-mdoc"), in_register=True)]


MADE = HandedOut("jwe")
FILE = Attached("request-0123456789abcd", HASH, "sealed", 7)


def over(case, holding, made=MADE, *, of=None, sure=False):
    return hand_over(case, made, LOGGED, holding, of=of or holding, controller=RECEIPT.controller, sure=sure, now=NOW)


def test_what_is_handed_out_was_valid_in_that_moment():
    waiting = case_of(Right.ACCESS, Why.LOOK)
    done = hand_out(waiting, MADE, LOGGED, held(VALID), now=NOW)
    assert (done.next.status.state, done.next.answer, actions(done)) == (State.DONE, "jwe", ["used"])
    late = hand_out(waiting, MADE, LOGGED, held(REVOKED), now=NOW)
    assert (late.next.note, late.next.answer, late.records) == (Why.ENDED, "", ())
    other = case_of(Right.ACCESS, Why.ENDED)
    assert hand_out(other, MADE, LOGGED, held(VALID), now=NOW).next == other


def test_a_clerk_hands_out_what_they_are_sure_of():
    case = case_of(Right.ACCESS, Why.ENDED)
    with pytest.raises(Conflict, match="be sure first"):
        over(case, held(REVOKED), sure=False)
    assert actions(over(case, held(REVOKED), sure=True)) == ["used"]
    assert actions(over(case, held(VALID), sure=False)) == ["used"]
    with pytest.raises(Conflict, match="not answered with data"):
        over(case_of(Right.ERASURE), held(VALID), sure=True)


def test_files_of_a_clerk_keep_an_answer_from_going_out_by_itself():
    waiting = case_of(Right.ACCESS, Why.LOOK)
    mine = replace(FILE, request=waiting.id)
    assert hand_out(waiting, MADE, LOGGED, held(VALID, attached=(mine,)), now=NOW).next.note == Why.CLERK
    # Those of another request about the same document do not
    assert hand_out(waiting, MADE, LOGGED, held(VALID, attached=(FILE,)), now=NOW).next.status.state is State.DONE


def test_an_answer_was_made_of_the_files_that_are_there():
    case = case_of(Right.ACCESS, Why.CLERK)
    with_file = held(VALID, attached=(replace(FILE, request=case.id),))
    with pytest.raises(Conflict, match="changed meanwhile"):
        over(case, with_file, of=held(VALID))
    done = over(case, with_file)
    assert (done.next.status.state, done.attached) == (State.DONE, (Sent(case.id),))


def test_a_part_is_handed_out_and_the_rest_is_to_follow():
    case = case_of(Right.ACCESS, Why.CLERK)
    part = over(case, held(VALID), replace(MADE, rest=Rest(WHY, NOW + 40 * DAY)))
    assert (part.next.status.state, part.next.note, part.next.status.due) == (State.EXTENDED, Why.REST, NOW + 40 * DAY)
    assert (part.next.answer, actions(part)) == ("jwe", ["used"])
    # What is asked for then goes out by hand, too
    assert hand_out(part.next, MADE, LOGGED, held(VALID), now=NOW).next == part.next
    assert over(part.next, held(VALID)).next.status.state is State.DONE


def test_a_refusal_takes_back_the_files_that_wait():
    case = case_of(Right.ACCESS, Why.CLERK)
    assert refuse(case, RECEIPT, LOGGED, WHY, now=NOW).attached == (Detached(case.id),)


def said(*, told=False, in_register=False, kept=()):
    return Finished(told, in_register, kept)


@pytest.mark.parametrize("right", ERASING, ids=str)
def test_erasing_wants_an_ended_document_and_a_reason_for_what_stays(right):
    case = case_of(right)
    for state in (VALID, SUSPENDED):
        with pytest.raises(Conflict, match="end it first"):
            finish(case, RECEIPT, LOGGED, held(state), said(kept=WHY), now=NOW)
    with pytest.raises(Conflict, match="say why it keeps"):
        finish(case, RECEIPT, LOGGED, held(REVOKED), said(in_register=True), now=NOW)
    part = finish(case, RECEIPT, LOGGED, held(REVOKED), said(in_register=True, kept=WHY), now=NOW)
    assert [(kept.claims, kept.why) for kept in part.next.status.kept] == [(CLAIMS, WHY)]
    assert part.next.status.remedy
    assert actions(part) == ["kept"]
    assert erased(part)
    whole = finish(case, RECEIPT, LOGGED, held(REVOKED), said(), now=NOW)
    assert (whole.next.status.kept, actions(whole)) == ((), ["erased"])
    assert erased(whole)


@pytest.mark.parametrize("right", [*ERASING, Right.RECTIFICATION, Right.RESTRICTION], ids=str)
def test_whoever_got_the_data_is_told_first(right):
    holding = held(REVOKED, untold=(BANK,), recipients=(BANK,))
    with pytest.raises(Conflict, match="told first"):
        finish(case_of(right), RECEIPT, LOGGED, holding, said(), now=NOW)
    change = finish(case_of(right), RECEIPT, LOGGED, holding, said(told=True), now=NOW)
    assert "recipient_told" in actions(change)
    told = [one.use.to for one in change.records if isinstance(one, Used) and one.use.action == "recipient_told"]
    assert told == [BANK]


@pytest.mark.parametrize("right", sorted(HANDS_OUT))
def test_a_right_to_data_is_not_done_without_the_data(right):
    with pytest.raises(Conflict, match="with the data itself"):
        finish(case_of(right), RECEIPT, LOGGED, held(VALID), said(told=True), now=NOW)


def test_a_correction_has_the_documents_looked_at_again():
    change = finish(case_of(Right.RECTIFICATION), RECEIPT, LOGGED, held(VALID), said(), now=NOW)
    assert actions(change) == ["corrected"]
    assert LookAgain("anna") in change.records
    assert finish(case_of(Right.RECTIFICATION), RECEIPT, LOGGED, Holding(), said(), now=NOW).next.status.state == "done"


@pytest.mark.parametrize(
    ("right", "action"),
    [(Right.RESTRICTION, "restricted"), (Right.HUMAN_REVIEW, "decided")],
    ids=["put-aside", "review"],
)
def test_what_people_did_is_logged(right, action):
    assert actions(finish(case_of(right), RECEIPT, LOGGED, held(VALID), said(), now=NOW)) == [action]


def test_a_refusal_is_logged_without_its_words():
    change = refuse(case_of(Right.ERASURE), RECEIPT, LOGGED, (Localized("en", "Frau Berg says no."),), now=NOW)
    assert change.next.status.state is State.REFUSED
    assert actions(change) == ["refused"]
    assert "Frau Berg" not in str(change.records)


@given(st.sampled_from([*Right]), st.sampled_from([State.DONE, State.REFUSED]), st.sampled_from([*Why]))
def test_what_has_ended_stays_as_it_ended(right, state, note):
    # An end that hands out has an answer; without one it is no status at all
    ended = case_of(right, note.value)
    status = replace(ended.status, state=state, answer=HASH if right in HANDS_OUT else None)
    ended = replace(ended, status=status)
    for step in (
        lambda: found_gone(ended, RECEIPT, LOGGED, held(REVOKED), now=NOW),
        lambda: hand_out(ended, MADE, LOGGED, held(VALID), now=NOW),
        lambda: leave(ended, Why.REGISTER, now=NOW),
    ):
        change = step()
        assert (change.next, change.records) == (ended, ())
    with pytest.raises(Conflict):
        finish(ended, RECEIPT, LOGGED, held(REVOKED), said(), now=NOW)
    with pytest.raises(Conflict):
        over(ended, held(VALID), sure=True)
    with pytest.raises(Conflict):
        refuse(ended, RECEIPT, LOGGED, WHY, now=NOW)


@pytest.mark.parametrize("right", [*Right], ids=str)
def test_own_words_are_always_a_reason_and_the_others_where_something_is_to_go(right):
    assert (Reason.VALID in reasons_for(right)) == (right in ERASING)
    assert Reason.OWN in reasons_for(right)


def test_a_reason_is_chosen_and_has_its_words():
    assert [text.language for text in refusal("valid", ())] == ["de", "en"]
    assert refusal("law", WHY)[0].text.endswith("Art. 17(3)(b) GDPR.")
    assert refusal("own", WHY) == WHY
    for reason, words in (
        ("", WHY),
        ("mood", WHY),
        ("law", ()),
        ("own", ()),
        ("law", (Localized("en", "x" * (ROOM + 1)),)),
    ):
        with pytest.raises(Malformed):
            refusal(reason, words)
