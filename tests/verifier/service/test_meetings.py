"""Asking in person: a wallet's code is read, that wallet alone is asked, and the verdict is the one that any answer gets."""

from dataclasses import replace

import pytest

from protocol.device_retrieval.answer import device_refusal, device_response
from protocol.device_retrieval.meeting import HolderMeeting, farewell, refusal
from protocol.device_retrieval.question import verify_device_request
from protocol.encoding import encode_base64url
from protocol.errors import InvalidRequest, Malformed, NotFound, TooLarge
from protocol.mdoc.device_response import encode_device_response
from protocol.mdoc.present import PresentableMdoc
from protocol.mdoc.session import MAX_SESSION_MESSAGE
from protocol.trust.carried import REGISTRATION_CERT, Carried, carried_registration
from runtime.seal import DamagedError
from tests.protocol.device_retrieval.samples import ISSUER, VEHICLE, Holder
from tests.protocol.mdoc.samples import HOLDER, SPACE, issued
from tests.support.pki import NOW, seeded_key
from tests.support.verifier import make_verifier
from verifier.service.meetings import Meetings
from verifier.session import Answered, Declined, Requested

BROWSER = "cookie of the browser that began"
LICENCE = issued(pki=ISSUER, status=None)
NOT_OPEN = "state: belongs to no open request"
USE_CASE = """
id = "licence"
[title]
en = "May you drive?"
[purpose]
en = "We lend cars."
[query]
credentials = [
  { id = "pid", format = "dc+sd-jwt", meta = { vct_values = ["urn:eudi:pid:1"] } },
  { id = "licence", format = "mso_mdoc", meta = { doctype_value = "org.iso.18013.5.1.mDL" }, claims = [
    { path = ["org.iso.18013.5.1", "family_name"] },
    { path = ["org.iso.18013.5.1", "age_over_18"], values = [true], intent_to_retain = false },
  ] },
]
credential_sets = [{ options = [["pid"], ["licence"]] }]
"""
NEVER = """
id = "never"
[title]
en = "Your name?"
[purpose]
en = "x"
[query]
credentials = [{ id = "pid", format = "dc+sd-jwt", meta = { vct_values = ["urn:eudi:pid:1"] } }]
"""


@pytest.fixture
def counter(tmp_path):
    made = make_verifier(f"sqlite:///{tmp_path}/verifier.db", ISSUER.anchors, use_cases=(USE_CASE, NEVER))
    yield made
    made.close()


def begun(counter, **order):
    return counter.ask(**{"owner": "", "browser": BROWSER, "use_case": "licence", **order})


def met(counter, made, *, seed=20, browser=BROWSER):
    """A wallet whose code was read, and what it was asked."""
    holder = HolderMeeting.begin(seeded_key(seed))
    counter.run(counter.verifier.meetings.begin(made.id, Meetings.in_browser(browser), holder.engagement.to_text()))
    return holder.open(counter.run(counter.verifier.meetings.message(made.id, Meetings.in_browser(browser))))


def look(counter, meeting):
    return verify_device_request(meeting.request, meeting.handover, anchors=counter.wallet_anchors, now=NOW)


def good(counter, meeting, wallet=None):
    """The answer of a good wallet."""
    question = look(counter, meeting).request
    wallet = wallet or Holder((LICENCE,))
    return meeting.answer(device_response(question.dcql_query, wallet.present(question)))


def hand_over(counter, made, message, browser=BROWSER):
    counter.run(counter.verifier.meetings.answer(made.id, Meetings.in_browser(browser), message))


def refused(counter, made, message, browser=BROWSER):
    with pytest.raises(InvalidRequest) as found:
        hand_over(counter, made, message, browser)
    return found.value.description


def result(counter, made):
    return counter.run(counter.verifier.answers.result_for_browser(made.id, BROWSER))


def test_who_stands_there_is_asked_and_the_verdict_is_that_of_any_answer(counter):
    made = begun(counter)
    hand_over(counter, made, good(counter, met(counter, made)))
    found = result(counter, made)
    assert found.state == "accepted"
    assert found.disclosed == {"licence": [{SPACE: {"family_name": "Mustermann", "age_over_18": True}}]}
    assert all(line.passed for line in found.verdict.lines)


def test_the_wallet_learns_who_asks_and_that_nothing_is_kept(counter):
    asked = look(counter, met(counter, begun(counter)))
    assert asked.party.name == "City library"
    (document,) = asked.request.dcql_query.credentials
    assert sorted((claim.path[1], claim.intent_to_retain) for claim in document.claims) == [
        ("age_over_18", False),
        ("family_name", False),
    ]


def test_a_registration_is_shown_to_who_stands_there(counter, monkeypatch):
    infos = (Carried(REGISTRATION_CERT, encode_base64url(b"a.b.c")),)
    monkeypatch.setattr(type(counter.verifier.requests), "verifier_info", lambda *_: infos)
    shown = look(counter, met(counter, begun(counter))).request.verifier_info
    assert carried_registration([Carried(info.format, info.data) for info in shown], "x") == "a.b.c"


def test_what_has_no_documents_cannot_be_asked_in_person(counter):
    meetings, cases = counter.verifier.meetings, counter.verifier.context.use_cases
    assert [meetings.can_ask(cases[name].query) for name in ("licence", "never")] == [True, False]
    with pytest.raises(InvalidRequest, match="in person"):
        met(counter, begun(counter, use_case="never"))


@pytest.mark.parametrize("code", ["", "openid4vp://x", "mdoc:", "mdoc:AAAA", "mdoc:" + "A" * 9000], ids=range(5))
def test_another_code_is_no_wallets(counter, code):
    made = begun(counter)
    with pytest.raises((InvalidRequest, TooLarge)):
        counter.run(counter.verifier.meetings.begin(made.id, Meetings.in_browser(BROWSER), code))
    assert counter.stage(made).terms.meeting is None


def test_another_browser_meets_nobody(counter):
    """T237"""
    made = begun(counter)
    with pytest.raises(NotFound):
        met(counter, made, browser="another")
    meeting = met(counter, made)
    assert refused(counter, made, good(counter, meeting), "another") == NOT_OPEN
    with pytest.raises(InvalidRequest):
        counter.run(counter.verifier.meetings.message(made.id, Meetings.in_browser("another")))


def test_the_message_stays_the_same_however_often_it_is_shown(counter):
    """Another content under the same key and number would tell who reads along what both say."""
    made = begun(counter)
    holder = HolderMeeting.begin(seeded_key(20))
    counter.run(counter.verifier.meetings.begin(made.id, Meetings.in_browser(BROWSER), holder.engagement.to_text()))
    assert (
        len({counter.run(counter.verifier.meetings.message(made.id, Meetings.in_browser(BROWSER))) for _ in range(3)})
        == 1
    )


def test_the_key_of_a_meeting_is_kept_sealed_and_moves_to_no_other(counter):
    first, second = begun(counter), begun(counter)
    meeting = met(counter, first)
    kept = counter.stage(first).terms.meeting
    moved = counter.stage(second)
    assert isinstance(moved, Requested)
    met(counter, second, seed=30)
    stage = replace(counter.stage(second).terms, meeting=kept)
    with pytest.raises(DamagedError):
        counter.verifier.meetings._meeting(replace(moved, terms=stage), kept)
    hand_over(counter, first, good(counter, meeting))
    assert result(counter, first).state == "accepted"


def test_t059_the_wallet_that_was_met_before_answers_no_more(counter):
    made = begun(counter)
    first, second = met(counter, made), met(counter, made, seed=30)
    assert "does not belong" in refused(counter, made, good(counter, first))
    assert isinstance(counter.stage(made), Requested)
    hand_over(counter, made, good(counter, second))
    assert result(counter, made).state == "accepted"


def test_t059_documents_of_another_session_are_not_accepted(counter):
    made, other = begun(counter), begun(counter)
    stolen = look(counter, met(counter, other)).request
    meeting = met(counter, made, seed=30)
    hand_over(counter, made, meeting.answer(device_response(stolen.dcql_query, Holder((LICENCE,)).present(stolen))))
    found = result(counter, made)
    assert (found.state, found.disclosed) == ("refused", None)


def test_t179_the_first_answer_counts(counter):
    made = begun(counter)
    message = good(counter, met(counter, made))
    hand_over(counter, made, message)
    assert refused(counter, made, message) == NOT_OPEN
    assert isinstance(counter.stage(made), Answered)


def test_t178_an_answer_that_comes_too_late_is_refused(counter):
    made = begun(counter)
    message = good(counter, met(counter, made))
    counter.clock.forward(made.expires_at - NOW)
    assert refused(counter, made, message) == NOT_OPEN


def test_nobody_was_met(counter):
    made = begun(counter)
    assert refused(counter, made, farewell()) == NOT_OPEN


def test_a_mac_is_as_good_as_a_signature(counter):
    made = begun(counter)
    meeting = met(counter, made)
    reader_key = counter.verifier.meetings._meeting(counter.stage(made), counter.stage(made).terms.meeting).own
    document = PresentableMdoc.of(LICENCE)
    signed = document.authenticate(meeting.handover.session_transcript(), HOLDER, reader_key.public_key)
    paths = [(SPACE, "family_name"), (SPACE, "age_over_18")]
    hand_over(counter, made, meeting.answer(encode_device_response([document.document(paths, signed)])))
    assert result(counter, made).state == "accepted"


@pytest.mark.parametrize(
    "says_no", [lambda meeting: meeting.answer(device_refusal()), lambda _: farewell()], ids=["answer", "end"]
)
def test_somebody_who_says_no_has_said_no(counter, says_no):
    made = begun(counter)
    hand_over(counter, made, says_no(met(counter, made)))
    assert isinstance(counter.stage(made), Declined)
    assert (result(counter, made).state, result(counter, made).error) == ("declined", "access_denied")


def test_a_wallet_that_cannot_read_the_question_leaves_it_open(counter):
    made = begun(counter)
    met(counter, made)
    assert "could not read" in refused(counter, made, refusal(Malformed("x", "y")))
    assert isinstance(counter.stage(made), Requested)


@pytest.mark.parametrize("message", [b"", b"\xa0", bytes(100)], ids=["empty", "nothing", "zeros"])
def test_what_is_no_message_leaves_it_open(counter, message):
    made = begun(counter)
    met(counter, made)
    refused(counter, made, message)
    assert isinstance(counter.stage(made), Requested)


def test_a_message_over_its_cap_is_not_read(counter):
    made = begun(counter)
    met(counter, made)
    with pytest.raises(TooLarge):
        hand_over(counter, made, bytes(MAX_SESSION_MESSAGE + 1))


def test_t054_a_document_that_nobody_asked_for_is_refused(counter):
    made = begun(counter)
    meeting = met(counter, made)
    document = PresentableMdoc.of(VEHICLE)
    signed = document.sign(meeting.handover.session_transcript(), HOLDER)
    answer = encode_device_response([document.document([(SPACE, "family_name")], signed)])
    assert "nobody asked" in refused(counter, made, meeting.answer(answer))


def test_by_code_it_can_still_be_answered_after_a_meeting(counter):
    made = begun(counter)
    met(counter, made)
    found = result(counter, made)
    assert (found.state, bool(found.link)) == ("requested", True)
