"""Asking through the browser: the same question and the same verdict as by code, with a nonce and a key of each view's own."""

import json
from dataclasses import replace

import pytest

from protocol.errors import AccessDenied, InvalidRequest, NotFound
from protocol.exchange import run
from protocol.jws import Jws
from protocol.keys import P256Key
from protocol.oid4vp.answer import RequestPolicy
from protocol.oid4vp.client_id import Prefix
from protocol.oid4vp.dc_api import PageRequest, answer_data, error_data
from protocol.oid4vp.dc_api_object import verify_page_request
from protocol.oid4vp.verify import CheckName
from tests.support.pki import NOW, seeded, seeded_key
from tests.support.verifier import (
    IDENTIFIER,
    answers,
    asked_on_page,
    issue_held,
    make_verifier,
    page_answer,
    present,
    reference_of,
    run_together,
)
from verifier.session import Answered, Declined, Opened, Requested

UNSIGNED, SIGNED, MULTISIGNED = "openid4vp-v1-unsigned", "openid4vp-v1-signed", "openid4vp-v1-multisigned"
BROWSER = "cookie of the browser that began"
NOT_OPEN = "state: belongs to no open request"


def begun(counter, **order):
    """A request that was begun on our page."""
    return counter.ask(**{"owner": "", "browser": BROWSER, **order})


def asks(counter, made, browser=BROWSER):
    """What a view of the page asks, by protocol."""
    asked = counter.run(counter.verifier.page_requests.ask(made.id, browser))
    return {one["protocol"]: one for one in asked}


def hand_over(counter, made, protocol, data, browser=BROWSER):
    counter.run(counter.verifier.page_requests.answer(made.id, browser, protocol, data))


def refusal(counter, made, protocol, data, browser=BROWSER):
    with pytest.raises(InvalidRequest) as refused:
        hand_over(counter, made, protocol, data, browser)
    return refused.value.description


def good(counter, asked, held, **other):
    """The answer of a good wallet."""
    question = asked_on_page(counter, asked)
    return page_answer(question, present(question.request, held, now=counter.clock.now, **other))


def result(counter, made):
    return counter.run(counter.verifier.answers.result_for_browser(made.id, BROWSER))


@pytest.mark.parametrize("protocol", [SIGNED, MULTISIGNED, UNSIGNED])
def test_a_good_answer_gets_the_verdict_that_it_would_get_by_code(counter, held, protocol):
    made = begun(counter)
    hand_over(counter, made, protocol, good(counter, asks(counter, made)[protocol], held))
    found = result(counter, made)
    assert (found.state, found.disclosed) == ("accepted", {"pid": [{"family_name": "Mustermann"}]})
    assert [line.check for line in found.verdict.lines] == [str(name) for name in CheckName]
    assert all(line.passed for line in found.verdict.lines)


def test_a_page_asks_in_every_way_with_the_same_nonce_and_key(counter):
    made = begun(counter)
    asked = asks(counter, made)
    assert list(asked) == [SIGNED, MULTISIGNED, UNSIGNED]
    requests = [asked_on_page(counter, one).request for one in asked.values()]
    assert len({(one.nonce, one.client_metadata.encryption_keys, one.audience) for one in requests}) == 1
    assert {one.response_mode for one in requests} == {"dc_api.jwt"}
    assert requests[0].client_metadata.encs == ("A256GCM", "A128GCM")
    claims = json.loads(Jws.from_compact(asked[SIGNED]["data"]["request"], "request").payload)
    assert claims["expected_origins"] == [IDENTIFIER]
    assert "client_id" not in asked[UNSIGNED]["data"]
    assert [one.verifier_info[0].format for one in requests] == ["registrar_dataset"] * 3


def test_those_who_know_the_did_alone_know_who_asks_too(counter):
    """§A.3.2.2: by certificate and by DID."""
    counter.publish_did()
    made = begun(counter)
    asked = asks(counter, made)[MULTISIGNED]
    policy = RequestPolicy(prefixes=frozenset((Prefix.DECENTRALIZED_IDENTIFIER,)))
    exchange = verify_page_request(
        PageRequest(MULTISIGNED, asked["data"], IDENTIFIER), anchors=counter.wallet_anchors, policy=policy, now=NOW
    )
    found = counter.run(exchange)
    assert (str(found.request.client_id), found.party.name) == (
        "decentralized_identifier:did:web:library.example",
        "City library",
    )


def test_every_view_has_a_nonce_and_a_key_of_its_own_and_the_latest_counts(counter, held):
    """T191, T192"""
    made = begun(counter)
    first, second = asks(counter, made)[SIGNED], asks(counter, made)[SIGNED]
    one, other = asked_on_page(counter, first).request, asked_on_page(counter, second).request
    assert one.nonce != other.nonce
    assert one.client_metadata.encryption_keys != other.client_metadata.encryption_keys
    by_code = counter.stage(made).terms
    assert by_code.nonce not in (one.nonce, other.nonce)
    assert by_code.encryption_key != by_code.page.encryption_key
    assert refusal(counter, made, SIGNED, good(counter, first, held)) == "response: cannot be decrypted"
    hand_over(counter, made, SIGNED, good(counter, second, held))
    assert result(counter, made).state == "accepted"


@pytest.mark.parametrize("first", ["by code", "through the browser"])
def test_whichever_way_is_answered_first_is_the_only_one(counter, held, first):
    """T179"""
    made = begun(counter)
    asked = asks(counter, made)[SIGNED]
    form = answers(counter, made, held)
    data = good(counter, asked, held)
    assert isinstance(counter.stage(made), Opened)
    if first == "by code":
        counter.receive(made, form)
        assert refusal(counter, made, SIGNED, data) == NOT_OPEN
    else:
        hand_over(counter, made, SIGNED, data)
        with pytest.raises(InvalidRequest, match=NOT_OPEN):
            counter.receive(made, form)
    assert result(counter, made).state == "accepted"
    assert isinstance(counter.stage(made), Answered)


def test_an_answer_counts_once_however_often_it_comes(stored_counter, held):
    """T179"""
    counter = stored_counter
    made = begun(counter)
    data = good(counter, asks(counter, made)[SIGNED], held)

    async def send():
        await counter.driver.run(counter.verifier.page_requests.answer(made.id, BROWSER, SIGNED, data))
        return "accepted"

    outcomes = run_together([send] * 10)
    assert outcomes.count("accepted") == 1
    assert {str(one) for one in outcomes} == {"accepted", NOT_OPEN}


def test_no_secret_of_a_view_stays_after_the_answer(counter, held):
    """T191, T192"""
    made = begun(counter)
    asked = asks(counter, made)[SIGNED]
    nonce = asked_on_page(counter, asked).request.nonce
    hand_over(counter, made, SIGNED, good(counter, asked, held))
    assert nonce not in repr(counter.stage(made))


# What is not good, and what is no answer


def found_wrong(counter, made, data):
    """The check that an answer does not stand; the page shows it, and nothing of the answer."""
    hand_over(counter, made, SIGNED, data)
    found = result(counter, made)
    assert (found.state, found.disclosed) == ("refused", None)
    return next(line.check for line in found.verdict.lines if line.passed is False)


@pytest.mark.parametrize(
    ("other", "check"),
    [
        pytest.param({"audience": "x509_hash:somebody"}, "this_request", id="for a client"),
        pytest.param({"audience": "origin:https://evil.example"}, "this_request", id="T167 for another origin"),
        pytest.param({"audience": IDENTIFIER}, "this_request", id="T167 without the prefix"),
        pytest.param({"nonce": "another nonce of 22 chars"}, "this_request", id="for another view"),
    ],
)
def test_an_answer_made_for_somebody_else_is_refused(counter, held, other, check):
    made = begun(counter)
    data = good(counter, asks(counter, made)[SIGNED], held, **other)
    assert found_wrong(counter, made, data) == check


def test_an_answer_by_code_is_none_for_the_page_and_the_other_way_round(counter, held):
    """A presentation for the one must not be good for the other."""
    made = begun(counter)
    asked = asked_on_page(counter, asks(counter, made)[SIGNED])
    by_code = counter.stage(made).terms
    crossed = present(asked.request, held, nonce=by_code.nonce)
    assert found_wrong(counter, made, page_answer(asked, crossed)) == "this_request"


def test_a_document_that_is_not_good_is_refused_as_by_code(counter, agency):
    old = issue_held(agency, expires_at=NOW - 61)
    made = begun(counter)
    data = good(counter, asks(counter, made)[SIGNED], old)
    assert found_wrong(counter, made, data) == "valid_now"


def test_another_holder_is_refused(counter, held):
    made = begun(counter)
    data = good(counter, asks(counter, made)[SIGNED], replace(held, holder=seeded_key(77)))
    assert found_wrong(counter, made, data) == "holder_bound"


def test_an_answer_that_anybody_could_read_is_none(counter, held):
    """T180"""
    made = begun(counter)
    question = asked_on_page(counter, asks(counter, made)[UNSIGNED]).request
    clear = answer_data(
        replace(question, response_mode="dc_api"),
        {"pid": (present(question, held),)},
        ephemeral=P256Key.fresh(),
        random_bytes=seeded(13),
    )
    assert refusal(counter, made, UNSIGNED, clear) == "response: must be encrypted"
    assert isinstance(counter.stage(made), Requested)
    assert result(counter, made).state == "requested"


@pytest.mark.parametrize("data", [None, [], "text", {}, {"response": 5}, {"response": "e.e.e.e.e"}, {"vp_token": {}}])
def test_what_is_no_answer_leaves_the_request_open(counter, held, data):
    """T176, T181"""
    made = begun(counter)
    asked = asks(counter, made)[SIGNED]
    refusal(counter, made, SIGNED, data)
    hand_over(counter, made, SIGNED, good(counter, asked, held))
    assert result(counter, made).state == "accepted"


def test_an_answer_to_a_question_that_was_not_asked_leaves_the_request_open(counter, held):
    """T176"""
    made = begun(counter)
    asked = asks(counter, made)[SIGNED]
    question = asked_on_page(counter, asked)
    data = page_answer(question, present(question.request, held), query_id="other")
    assert refusal(counter, made, SIGNED, data) == "vp_token: answers a query that was not asked"
    hand_over(counter, made, SIGNED, good(counter, asked, held))


def test_a_wallet_that_says_no_ends_it(counter):
    made = begun(counter)
    asks(counter, made)
    hand_over(counter, made, SIGNED, error_data(AccessDenied("no")))
    assert counter.stage(made) == Declined(counter.stage(made).asked, NOW, "access_denied")


# Whose it is


def test_nobody_but_the_browser_that_began_asks_or_answers(counter, held):
    """T183, T237"""
    made = begun(counter)
    asked = asks(counter, made)[SIGNED]
    for browser in ("", "another browser"):
        with pytest.raises(NotFound):
            asks(counter, made, browser)
        assert refusal(counter, made, SIGNED, good(counter, asked, held), browser) == NOT_OPEN
    hand_over(counter, made, SIGNED, good(counter, asked, held))


def test_a_request_of_a_program_is_asked_on_no_page_of_ours(counter, held):
    """T184"""
    made = counter.ask()
    for browser in ("", BROWSER):
        with pytest.raises(NotFound):
            asks(counter, made, browser)
        assert refusal(counter, made, SIGNED, {"response": "e.e.e.e.e"}, browser) == NOT_OPEN


def test_what_was_never_asked_on_a_page_is_not_answered_there(counter):
    made = begun(counter)
    assert refusal(counter, made, SIGNED, {"error": "access_denied"}) == NOT_OPEN
    assert isinstance(counter.stage(made), Requested)


def test_unknown_and_late_requests_are_refused_alike(counter, held):
    """T178, T196"""
    made = begun(counter)
    asked = asks(counter, made)[SIGNED]
    data = good(counter, asked, held)
    counter.clock.forward(300)
    assert refusal(counter, made, SIGNED, data) == NOT_OPEN
    assert refusal(counter, replace(made, id="0" * 32), SIGNED, data) == NOT_OPEN
    with pytest.raises(NotFound):
        asks(counter, made)


def test_a_code_that_was_renewed_leaves_an_open_question_good(counter, held):
    made = begun(counter)
    asked = asks(counter, made)[SIGNED]
    counter.clock.forward(250)
    assert result(counter, made).renewals == 1
    hand_over(counter, made, SIGNED, good(counter, asked, held))
    assert result(counter, made).state == "accepted"


def test_once_a_wallet_opened_the_code_a_new_view_asks_nothing(counter):
    made = begun(counter)
    counter.run(counter.verifier.requests.open(reference_of(made), None))
    with pytest.raises(NotFound):
        asks(counter, made)


# HAIP 1.0 §5.2


@pytest.fixture
def strict(tmp_path, agency):
    made = make_verifier(f"sqlite:///{tmp_path}/verifier.db", agency.anchors, haip=True)
    yield made
    made.close()


def test_under_haip_a_page_asks_signed_by_its_certificate_and_encrypted(strict, held):
    made = begun(strict)
    asked = asks(strict, made)
    assert list(asked) == [SIGNED]
    exchange = verify_page_request(
        PageRequest(SIGNED, asked[SIGNED]["data"], IDENTIFIER),
        anchors=strict.wallet_anchors,
        policy=RequestPolicy.haip(),
        now=NOW,
    )
    found = run(exchange, lambda _: None)
    assert str(found.request.client_id).startswith("x509_hash:")
    assert (found.request.response_mode, found.request.client_metadata.encs) == ("dc_api.jwt", ("A256GCM", "A128GCM"))
    hand_over(strict, made, SIGNED, good(strict, asked[SIGNED], held))
    assert result(strict, made).state == "accepted"


@pytest.mark.parametrize("protocol", [UNSIGNED, MULTISIGNED, "org-iso-mdoc", ""])
def test_under_haip_an_answer_to_what_was_not_asked_is_refused(strict, held, protocol):
    made = begun(strict)
    data = good(strict, asks(strict, made)[SIGNED], held)
    assert refusal(strict, made, protocol, data) == "protocol: was not asked"
    hand_over(strict, made, SIGNED, data)
