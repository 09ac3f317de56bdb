"""How a request stands: steps that a partner takes, and what the wallet believes of them."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import (
    Conflict,
    Malformed,
    NotForThisRequest,
    NotTrusted,
    NotValidNow,
    ProtocolError,
    RolledBack,
    Unsupported,
)
from protocol.fields import Fields
from protocol.sovereignty.due_dates import first_due, last_due
from protocol.sovereignty.rights import Right, sign_rights_request, verify_rights_request
from protocol.sovereignty.rights_status import (
    TYP,
    Kept,
    Presentation,
    RightsStatus,
    SentRequest,
    State,
    begin,
    check_follows,
    extend,
    proceed,
    sign_rights_status,
    verify_rights_status,
)
from protocol.sovereignty.signing import MAX_AHEAD, hash_text, sign_as_organisation
from tests.protocol.sovereignty.test_rights import CLAIMS, CONCERNED, ERASURE
from tests.support.partners import AGENCY, BANK, COCKPIT_KEY, both, known_partners, partner_anchors
from tests.support.pki import DAY, NOW
from tests.support.strategies import almost, flip

REQUEST = verify_rights_request(sign_rights_request(ERASURE, COCKPIT_KEY), CONCERNED, now=NOW)
ID = "case-0123456789abcdef"
RECEIVED = begin(REQUEST, id_=ID, now=NOW)
WHY = both("Sehr viele Anfragen.", "Very many requests.")
REMEDY = both("Beschwerde bei der Aufsicht.", "Complain to the authority.")
KEPT = Kept({"pid": (("family_name",),)}, both("§ 147 AO", "Section 147 of the Fiscal Code"))
PRESENTATION = Presentation("https://agency.example/request/1", "x509_hash:abc")
ANSWER = hash_text("an encrypted answer")

LATER = NOW + DAY
WORKING = replace(RECEIVED, state=State.WORKING, issued_at=LATER)
AGAIN = replace(WORKING, state=State.PRESENT_AGAIN, presentation=PRESENTATION)
EXTENDED = replace(WORKING, state=State.EXTENDED, why=WHY, due=last_due(NOW))
DONE = replace(WORKING, state=State.DONE)
PARTLY = replace(DONE, kept=(KEPT,), remedy=REMEDY)
REFUSED = replace(WORKING, state=State.REFUSED, why=WHY, remedy=REMEDY)
PART = replace(EXTENDED, right=Right.ACCESS, answer=ANSWER)
HANDED_OUT = replace(DONE, right=Right.ACCESS, answer=ANSWER)
EVERY = (RECEIVED, WORKING, AGAIN, EXTENDED, DONE, PARTLY, REFUSED, HANDED_OUT, PART)
NAMES = ("received", "working", "present again", "extended", "done", "partly", "refused", "handed out", "part")

SENT = SentRequest(REQUEST.hash, Right.ERASURE, NOW, NOW, CLAIMS)


def signed(status, organisation=AGENCY):
    pki = known_partners()[organisation]
    return sign_rights_status(status, pki.signer, pki.x5c)


def forged(status, **changes):
    pki = known_partners()[AGENCY]
    claims = {name: value for name, value in {**status.to_claims(), **changes}.items() if value is not ...}
    return sign_as_organisation(TYP, claims, pki.signer, pki.x5c)


def verify(status, *, sent=SENT, before=None, now=NOW + 2 * DAY):
    text = status if isinstance(status, str) else signed(status)
    return verify_rights_status(text, sent, partner=(AGENCY,), anchors=partner_anchors(), now=now, before=before)


@pytest.mark.parametrize("status", EVERY, ids=NAMES)
def test_a_status_is_read_as_it_was_made(status):
    sent = replace(SENT, right=status.right)
    found = verify(status, sent=sent)
    assert (found.says, found.signed.signer) == (status, AGENCY)


def test_a_request_begins_with_a_month():
    assert RightsStatus(ID, REQUEST.hash, Right.ERASURE, State.RECEIVED, first_due(NOW), NOW) == RECEIVED


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        pytest.param(forged(WORKING, request=hash_text("another")), NotForThisRequest, id="another request"),
        pytest.param(forged(WORKING, right="access"), NotForThisRequest, id="another right"),
        pytest.param(forged(WORKING, iat=NOW - MAX_AHEAD - 1), NotValidNow, id="from before the request"),
        pytest.param(forged(WORKING, due=last_due(NOW)), Malformed, id="later without a reason"),
        pytest.param(forged(EXTENDED, due=last_due(NOW + 10 * DAY)), Malformed, id="later than three months"),
        pytest.param(forged(EXTENDED, why=...), Malformed, id="extended without a reason"),
        pytest.param(forged(REFUSED, why=...), Malformed, id="refused without a reason"),
        pytest.param(forged(REFUSED, remedy=...), Malformed, id="refused without a remedy"),
        pytest.param(forged(PARTLY, remedy=...), Malformed, id="kept without a remedy"),
        pytest.param(forged(PARTLY, state="working"), Malformed, id="kept before anything was done"),
        pytest.param(
            forged(PARTLY, kept=[{"claims": {"pid": [["family_name"]]}}]), Malformed, id="kept without a provision"
        ),
        pytest.param(
            signed(replace(PARTLY, kept=(Kept({"pid": (("birthdate",),)}, WHY),))),
            Malformed,
            id="kept what was never given",
        ),
        pytest.param(forged(AGAIN, request_uri=...), Malformed, id="present again, but where"),
        pytest.param(forged(AGAIN, client_id=...), Malformed, id="present again, but to whom"),
        pytest.param(forged(AGAIN, request_uri="http://agency.example/r"), Malformed, id="present again in the clear"),
        pytest.param(forged(WORKING, state="closed"), Unsupported, id="an unknown state"),
        pytest.param(forged(WORKING, id="1"), Malformed, id="an id that can be guessed"),
        pytest.param(forged(WORKING, due=...), Malformed, id="no date"),
        pytest.param(signed(WORKING, BANK), NotTrusted, id="signed by somebody else"),
    ],
)
def test_a_status_that_is_wrong_is_refused(text, flaw):
    with pytest.raises(flaw):
        verify(text)


def test_what_came_late_is_due_late_and_answered_as_of_then():
    came = NOW + 5 * DAY
    status = begin(REQUEST, id_=ID, now=came)
    with pytest.raises(Malformed, match="longer than a month"):
        verify(status, now=came)
    assert verify(status, sent=replace(SENT, answered_at=came), now=came).says == status
    # An answer that was lost comes again, and is older than the first one that arrived
    assert verify(RECEIVED, sent=replace(SENT, answered_at=came), now=came).says == RECEIVED


def test_clocks_may_differ_a_little():
    assert verify(begin(REQUEST, id_=ID, now=NOW + MAX_AHEAD)).says.due == first_due(NOW + MAX_AHEAD)
    assert verify(replace(RECEIVED, issued_at=NOW - MAX_AHEAD))


def test_values_that_are_handed_out_have_an_answer():
    with pytest.raises(Malformed, match="answer"):
        verify(forged(HANDED_OUT, answer=...), sent=replace(SENT, right=Right.ACCESS))
    with pytest.raises(Malformed, match="hash of 43"):
        verify(forged(HANDED_OUT, answer="abcd"), sent=replace(SENT, right=Right.ACCESS))


def test_a_status_that_says_too_little_is_not_signed():
    with pytest.raises(ValueError, match="why"):
        signed(replace(REFUSED, why=()))


ORDER = [*(st for st in State)]
BY_STATE = {each.state: each for each in (RECEIVED, WORKING, AGAIN, EXTENDED, DONE, REFUSED)}


@pytest.mark.parametrize("after", ORDER, ids=str)
@pytest.mark.parametrize("before", ORDER, ids=str)
def test_steps_go_forward_and_an_end_is_an_end(before, after):
    one, other = BY_STATE[before], replace(BY_STATE[after], issued_at=LATER)
    ended = before in (State.DONE, State.REFUSED)
    allowed = (before is after) if ended else (after is not State.RECEIVED or before is State.RECEIVED)
    if allowed:
        check_follows(one, other)
        assert verify(other, before=one).says == other
    else:
        with pytest.raises(RolledBack):
            check_follows(one, other)
        with pytest.raises(RolledBack):
            verify(other, before=one)


def test_an_older_status_hides_what_came_after_it():
    with pytest.raises(RolledBack, match="older"):
        verify(replace(WORKING, issued_at=NOW), before=WORKING)


def test_what_has_ended_says_the_same_for_ever():
    assert verify(replace(PARTLY, issued_at=LATER + 5), before=PARTLY)
    with pytest.raises(RolledBack, match="differs"):
        verify(DONE, before=PARTLY)


def test_a_status_of_another_request_does_not_follow():
    for other in (replace(WORKING, id="case-of-somebody-else"), replace(WORKING, right=Right.OBJECTION)):
        with pytest.raises(NotForThisRequest):
            check_follows(RECEIVED, other)


def test_a_date_is_put_off_once_in_time_and_with_a_reason():
    extended = extend(WORKING, WHY, due=last_due(NOW), received_at=NOW, now=LATER)
    assert extended == EXTENDED
    after = replace(extended, state=State.WORKING, issued_at=LATER + DAY)
    assert proceed(extended, after, received_at=NOW) == after
    with pytest.raises(Conflict, match="three months"):
        extend(WORKING, WHY, due=last_due(NOW) + 1, received_at=NOW, now=LATER)
    with pytest.raises(Conflict, match="why"):
        extend(WORKING, (), due=last_due(NOW), received_at=NOW, now=LATER)
    with pytest.raises(Conflict, match="passed"):
        extend(WORKING, WHY, due=last_due(NOW), received_at=NOW, now=WORKING.due + 1)
    with pytest.raises(Conflict):
        extend(DONE, WHY, due=last_due(NOW), received_at=NOW, now=LATER)


def test_our_own_steps_say_what_their_state_needs():
    assert proceed(RECEIVED, WORKING, received_at=NOW) == WORKING
    with pytest.raises(Conflict, match="remedy"):
        proceed(WORKING, replace(REFUSED, remedy=()), received_at=NOW)
    with pytest.raises(Conflict, match="follow"):
        proceed(WORKING, replace(RECEIVED, issued_at=LATER), received_at=NOW)


def test_an_extension_is_in_time_to_the_last_second_and_work_may_end_late():
    assert extend(WORKING, WHY, due=last_due(NOW), received_at=NOW, now=WORKING.due).due == last_due(NOW)
    late = replace(DONE, issued_at=WORKING.due + 1)
    assert proceed(WORKING, late, received_at=NOW) == late


def test_a_reason_stays_as_long_as_the_later_date():
    with pytest.raises(Conflict, match="longer than a month"):
        proceed(EXTENDED, replace(EXTENDED, state=State.WORKING, why=()), received_at=NOW)


def test_a_partner_that_lets_its_date_pass_is_overdue():
    due = datetime.fromtimestamp(WORKING.due, UTC)
    assert (due.month, due.day) == (2, 15)
    assert not WORKING.is_overdue(WORKING.due)
    assert WORKING.is_overdue(WORKING.due + 1)
    assert not DONE.is_overdue(WORKING.due + 1)


@given(st.sampled_from(EVERY).flatmap(lambda status: almost(status.to_claims())))
def test_no_input_escapes_the_error_family(claims):
    try:
        status = RightsStatus.from_fields(Fields(claims, "status"))
    except ProtocolError:
        return
    assert RightsStatus.from_fields(Fields(status.to_claims(), "status")) == status


TEXT = signed(PARTLY)


@given(st.integers(0, 20_000), st.sampled_from([0, 1, 2]))
def test_any_flipped_bit_is_refused(bit, part):
    parts = TEXT.split(".")
    parts[part] = flip(parts[part].encode(), bit).decode("latin-1")
    with pytest.raises(ProtocolError):
        verify(".".join(parts))


def test_what_was_handed_out_in_part_is_named_until_the_end():
    more = replace(PART, answer=hash_text("more of it"), issued_at=LATER + 1)
    check_follows(PART, more)
    check_follows(PART, replace(HANDED_OUT, answer=hash_text("all of it"), issued_at=LATER + 1))
    for after in (replace(PART, answer=None), replace(WORKING, right=Right.ACCESS)):
        with pytest.raises(RolledBack):
            check_follows(PART, replace(after, issued_at=LATER + 1))


def test_a_right_that_hands_out_nothing_names_no_part():
    claims = {**EXTENDED.to_claims(), "answer": ANSWER}
    assert RightsStatus.from_fields(Fields(claims, "status")).answer is None
