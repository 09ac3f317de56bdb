"""A whole meeting: code, request, answer and verdict; and what strangers, relays and replays do to it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.device_retrieval.answer import device_refusal, device_response, read_device_response
from protocol.device_retrieval.meeting import HolderMeeting, ReaderMeeting, farewell, refusal
from protocol.device_retrieval.question import DeviceQuestion
from protocol.errors import AccessDenied, InvalidRequest, Malformed, NotAuthentic, ProtocolError, Unsupported
from protocol.mdoc.device_response import DeviceResponse, encode_device_response
from protocol.mdoc.engagement import DeviceEngagement
from protocol.mdoc.present import PresentableMdoc
from protocol.mdoc.session import SessionData, Termination
from protocol.oid4vp.response import AuthorizationResponse, ErrorResponse
from protocol.oid4vp.verify import CheckName
from tests.protocol.device_retrieval.samples import (
    ASKED,
    LICENCE,
    OTHER,
    VEHICLE,
    WALLET,
    Holder,
    answered,
    dcql,
    judge,
    look,
    meet,
    query,
)
from tests.protocol.mdoc.samples import HOLDER, SPACE
from tests.support.pki import seeded_key
from tests.support.strategies import flip


def question_of(met, asked=ASKED):
    return DeviceQuestion(asked, met.reader.handover)


def failed(verdict):
    return next(check.name for check in verdict.checks if check.passed is False)


def test_a_reader_asks_and_learns_what_was_given_and_no_more():
    met = meet()
    verdict = judge(met, question_of(met), answered(met, WALLET))
    assert verdict.accepted
    assert verdict.claims == {"licence": ({SPACE: {"family_name": "Mustermann", "age_over_18": True}},)}
    assert verdict.surplus == {}


def test_two_documents_answer_two_questions():
    asked = dcql(query((SPACE, "family_name")), query((SPACE, "given_name"), id="vehicle", doc_type=OTHER))
    met = meet(asked)
    verdict = judge(met, question_of(met, asked), answered(met, Holder((VEHICLE, LICENCE))))
    assert verdict.accepted
    assert verdict.claims == {
        "licence": ({SPACE: {"family_name": "Mustermann"}},),
        "vehicle": ({SPACE: {"given_name": "Erika"}},),
    }


def test_what_a_holder_does_not_have_is_missing_and_the_reader_sees_it():
    asked = dcql(query((SPACE, "family_name")), query((SPACE, "given_name"), id="vehicle", doc_type=OTHER))
    met = meet(asked)
    message = answered(met, WALLET)
    assert DeviceResponse.from_bytes(met.reader.read_answer(message)).document_errors == ((OTHER, 0),)
    verdict = judge(met, question_of(met, asked), message)
    assert not verdict.accepted
    assert failed(verdict) is CheckName.QUERY_COMPLETE


def test_a_value_that_was_wanted_is_checked_by_the_reader():
    asked = query((SPACE, "age_over_18"))
    asked["claims"][0]["values"] = [False]
    met = meet(dcql(asked))
    verdict = judge(met, question_of(met, dcql(asked)), answered(met, WALLET))
    assert not verdict.accepted
    assert failed(verdict) is CheckName.QUERY_COMPLETE


def test_a_mac_for_this_reader_is_as_good_as_a_signature():
    met = meet()
    meeting = met.holder.open(met.establishment)
    document = PresentableMdoc.of(LICENCE)
    key = met.reader.own
    transcript = met.reader.handover.session_transcript()
    signed = document.authenticate(transcript, HOLDER, key.public_key)
    paths = [(SPACE, "family_name"), (SPACE, "age_over_18")]
    message = meeting.answer(encode_device_response([document.document(paths, signed)]))
    assert judge(met, question_of(met), message, reader_key=key).accepted
    # T058: without the key it proves nothing
    assert not judge(met, question_of(met), message).accepted
    assert not judge(met, question_of(met), message, reader_key=seeded_key(98)).accepted


def test_t059_an_answer_of_another_session_is_refused():
    first, second = meet(), meet(seed=40)
    with pytest.raises(NotAuthentic):
        judge(second, question_of(second), answered(first, WALLET))


def test_t059_documents_of_another_session_are_refused():
    first, second = meet(), meet(seed=40)
    question = look(first.holder.open(first.establishment)).request
    stolen = device_response(question.dcql_query, WALLET.present(question))
    message = second.holder.open(second.establishment).answer(stolen)
    verdict = judge(second, question_of(second), message)
    assert not verdict.accepted
    assert failed(verdict) is CheckName.HOLDER_BOUND


def test_t059_a_relay_that_swaps_the_readers_key_opens_nothing():
    met, stranger = meet(), meet(seed=60)
    swapped = replace(met.reader, own=stranger.reader.own)
    with pytest.raises(NotAuthentic):
        swapped.read_answer(answered(met, WALLET))


def test_t059_a_request_for_another_code_opens_nothing():
    met, other = meet(), meet(seed=40)
    with pytest.raises(NotAuthentic):
        met.holder.open(other.establishment)


def test_t059_an_engagement_that_was_exchanged_opens_nothing():
    met = meet()
    # The same key with another way to carry messages, as somebody between camera and screen would make it
    other = HolderMeeting.begin(met.holder.own, ())
    altered = DeviceEngagement.from_bytes(
        other.engagement.raw.replace(b"1.0", b"1.1"),
    )
    reader = ReaderMeeting(altered, met.reader.own)
    with pytest.raises(NotAuthentic):
        met.holder.open(reader.ask(lambda _: b"\xa0"))


@given(st.integers(min_value=0))
def test_any_bit_of_a_request_that_is_turned_is_refused(bit):
    met = meet()
    with pytest.raises(ProtocolError):
        look(met.holder.open(flip(met.establishment, bit)))


MET = meet()
ANSWER = answered(MET, WALLET)


@given(st.integers(min_value=0))
def test_any_bit_of_an_answer_that_is_turned_is_refused(bit):
    altered = flip(ANSWER, bit)
    try:
        verdict = judge(MET, question_of(MET), altered)
    except ProtocolError:
        return
    # The number after the answer that says that the session is over is not signed, and says nothing else
    assert SessionData.from_bytes(altered).data == SessionData.from_bytes(ANSWER).data
    assert verdict.accepted


@given(st.binary(max_size=200))
def test_no_message_leaves_the_error_family(data):
    for read in (MET.holder.open, MET.reader.read_answer, lambda one: read_device_response(one, ASKED)):
        with pytest.raises(ProtocolError):
            read(data)


def test_a_holder_who_says_no_gives_nothing():
    met = meet()
    message = met.holder.open(met.establishment).answer(device_refusal())
    assert read_device_response(met.reader.read_answer(message), ASKED) == ErrorResponse("access_denied")
    with pytest.raises(AccessDenied):
        met.reader.read_answer(farewell())


def test_t168_having_nothing_looks_like_saying_no():
    nothing = device_response(ASKED, {})
    assert read_device_response(nothing, ASKED) == read_device_response(device_refusal(), ASKED)


@pytest.mark.parametrize(
    ("error", "reason"),
    [(NotAuthentic("x"), Termination.ENCRYPTION_ERROR), (Malformed("x", "y"), Termination.DECODING_ERROR)],
    ids=["encryption", "decoding"],
)
def test_what_could_not_be_read_ends_the_session(error, reason):
    assert SessionData.from_bytes(refusal(error)) == SessionData(None, reason)
    with pytest.raises(Malformed, match="could not read"):
        meet().reader.read_answer(refusal(error))


def test_an_answer_ends_its_session():
    assert SessionData.from_bytes(ANSWER).status == Termination.TERMINATED


def test_t054_a_document_that_nobody_asked_for_is_refused():
    with pytest.raises(InvalidRequest, match="nobody"):
        read_device_response(device_response(dcql(query(doc_type=OTHER)), {"licence": (_document(VEHICLE),)}), ASKED)


def test_more_of_a_type_than_were_asked_are_refused():
    twice = device_response(ASKED, {"licence": (_document(LICENCE), _document(LICENCE))})
    with pytest.raises(InvalidRequest, match="more"):
        read_device_response(twice, ASKED)
    several = dcql(query((SPACE, "family_name"), multiple=True))
    read = read_device_response(twice, several)
    assert isinstance(read, AuthorizationResponse)
    assert len(read.vp_token["licence"]) == 2
    two = dcql(query((SPACE, "family_name")), query((SPACE, "given_name"), id="second"))
    read = read_device_response(twice, two)
    assert isinstance(read, AuthorizationResponse)
    assert [*read.vp_token] == ["licence", "second"]


def test_another_format_is_no_answer_to_a_reader():
    with pytest.raises(Unsupported):
        device_response(ASKED, {"licence": ({"not": "a text"},)})


def _document(raw):
    met = meet()
    document = PresentableMdoc.of(raw)
    return document.present([(SPACE, "family_name")], met.reader.handover, HOLDER)


def test_bytes_that_were_signed_stay_as_they_came():
    presented = _document(LICENCE)
    answer = read_device_response(device_response(ASKED, {"licence": (presented,)}), ASKED)
    assert isinstance(answer, AuthorizationResponse)
    assert answer.vp_token == {"licence": (presented,)}
