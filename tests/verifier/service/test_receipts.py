"""Receipts: whoever answers a signed request gets one, whichever way they answered, and finds nothing wrong with it."""

from dataclasses import replace

import pytest

from capabilities.cockpit.records import COLLECTABLE
from protocol.device_retrieval.answer import device_response
from protocol.encoding import encode_base64url
from protocol.exchange import run
from protocol.oid4vp.client_id import Prefix
from protocol.oid4vp.response import AuthorizationResponse
from protocol.sovereignty.calls import Caller, CallPath, call_url
from protocol.sovereignty.cockpit import CockpitKey
from protocol.sovereignty.in_person import hash_claim
from protocol.sovereignty.receipt import LegalBasis, Outcome
from protocol.sovereignty.receipt_check import Sent, judge_receipt
from protocol.sovereignty.receipt_evidence import evidence_in_person, evidence_of_answer
from protocol.sovereignty.receipt_travel import Collected, NoReceipt
from protocol.sovereignty.signing import hash_text
from protocol.sovereignty.usage import Action
from protocol.trust.anchors import TrustAnchors
from tests.protocol.device_retrieval.samples import ISSUER, Holder
from tests.support.pki import DAY, NOW, seeded, seeded_key
from tests.support.verifier import (
    IDENTIFIER,
    issue_held,
    present,
)
from tests.verifier.citizen import (
    COCKPIT,
    KEY,
    LICENCE,
    OTHER_KEY,
    SEEDS,
    WHO,
    Citizen,
    collect,
    encrypted,
    library,
    post,
    report,
)
from tests.verifier.service.test_meetings import begun, hand_over, look, met


@pytest.fixture
def counter(database_url, agency):
    made = library(database_url, TrustAnchors([agency.anchor, ISSUER.anchor]))
    yield made
    made.close()


def test_an_answer_brings_a_receipt_with_which_nothing_is_wrong(counter, held):
    citizen = Citizen(counter, counter.ask(), held)
    judged = citizen.judge(citizen.answer()["receipt"])
    assert judged.findings == ()
    receipt = judged.receipt
    assert (receipt.outcome, receipt.legal_basis) == (Outcome.ACCEPTED, LegalBasis.CONTRACT)
    assert (receipt.claims, receipt.service) == ({"pid": (("family_name",),)}, "membership")
    assert (receipt.retention.to_value(), receipt.log_until) == ("P30D", NOW + 120 * DAY)
    assert receipt.controller.privacy_policy == f"{IDENTIFIER}/privacy"
    assert "Mustermann" not in judged.raw


def test_the_receipt_names_the_very_request_that_was_answered(counter, held):
    citizen = Citizen(counter, counter.ask(), held)
    others = [citizen.fetch() for _ in range(3)]
    assert citizen.text not in others
    assert citizen.judge(citizen.answer()["receipt"]).findings == ()


def test_a_request_that_nobody_handed_out_is_not_named(counter, held):
    citizen = Citizen(counter, counter.ask(), held)
    fetched, citizen.text = citizen.text, citizen.fetch()
    last = citizen.text
    citizen.text = fetched
    # The wallet names what it never got here
    receipt = answer_naming(citizen, hash_text("another verifier's request"))
    assert citizen.judge(receipt).receipt.request == hash_text(last)


def answer_naming(citizen, request_hash):
    request = citizen.request
    key = CockpitKey(citizen.key.public_key, request_hash)
    answer = AuthorizationResponse({"pid": (present(request, citizen.held),)}, request.state, key)
    form = encrypted(request, answer)
    text = citizen.counter.http("POST", f"/responses/{citizen.reference}", data=form).json()["receipt"]
    citizen.sent = Sent(evidence_of_answer("", request.dcql_query, {}, {}), (WHO,), "", None, None, COCKPIT, NOW)
    return text


def test_what_failed_a_check_has_a_receipt_next_to_the_error_and_is_not_kept(counter, held):
    citizen = Citizen(counter, counter.ask(), held)
    answer = citizen.answer(changed=True)
    assert answer["error"] == "invalid_request"
    judged = citizen.judge(answer["receipt"])
    assert judged.findings == ()
    assert (judged.receipt.outcome, judged.receipt.retention.to_value()) == (Outcome.REJECTED, "none")
    assert report(counter, KEY, judged.receipt) == [Action.RECEIVED, Action.ERASED]


def test_who_sends_no_key_gets_the_answer_that_every_wallet_knows(counter, held):
    made = counter.ask()
    citizen = Citizen(counter, made, held)
    assert "receipt" not in citizen.answer(cockpit=False)
    # The partner holds to it all the same
    says = counter.api("GET", f"/api/requests/{made.id}").json()["receipt"]
    assert says["claims"] == {"pid": [["family_name"]]}
    assert "key" not in says


def test_a_receipt_is_collected_as_often_as_one_likes_for_thirty_days(counter, held):
    citizen = Citizen(counter, counter.ask(), held)
    text = citizen.answer()["receipt"]
    assert collect(counter, KEY) == collect(counter, KEY) == Collected(text)
    assert collect(counter, OTHER_KEY) == NoReceipt()
    counter.clock.forward(COLLECTABLE - 1)
    assert collect(counter, KEY) == Collected(text)
    counter.clock.forward(1)
    assert collect(counter, KEY) == NoReceipt()
    assert report(counter, KEY, citizen.judge(text).receipt) != []


def test_a_key_opens_one_receipt_and_a_second_answer_with_it_counts_all_the_same(counter, held):
    first = Citizen(counter, counter.ask(), held)
    text = first.answer()["receipt"]
    made = counter.ask()
    second = Citizen(counter, made, held)
    later = second.answer()["receipt"]
    assert second.judge(later).receipt.key is None
    assert counter.result(made).state == "accepted"
    assert collect(counter, KEY) == Collected(text)


def test_two_answers_at_once_with_one_key_are_both_recorded(counter, held):
    """The look before signing and the step are two: whoever comes between finds the key taken."""
    made = counter.ask()
    citizen = Citizen(counter, made, held)
    text = citizen.answer()["receipt"]
    taken = counter.store.cockpit.by_key(KEY.public_key.thumbprint())
    with counter.store.database.engine.begin() as connection:
        counter.store.cockpit.write(connection, [replace(taken, id="another-receipt-of-this-key")])
    assert collect(counter, KEY) == Collected(text)


def test_uses_are_told_to_the_key_alone(counter, held):
    made = counter.ask()
    citizen = Citizen(counter, made, held)
    receipt = citizen.judge(citizen.answer()["receipt"]).receipt
    assert report(counter, KEY, receipt) == [Action.RECEIVED]
    counter.result(made)
    assert report(counter, KEY, receipt) == [Action.RECEIVED, Action.VIEWED]
    counter.clock.forward(120 * DAY)
    caller, perform = post(counter, KEY)
    late = run(caller.call("POST", call_url(COCKPIT, CallPath.USAGE), {}), perform)
    other = run(
        Caller(OTHER_KEY, seeded(next(SEEDS)), counter.clock).call("POST", call_url(COCKPIT, CallPath.USAGE), {}),
        perform,
    )
    assert late.status == other.status == 404
    assert late.body == other.body


def test_a_proof_comes_once_and_is_for_this_call(counter, held):
    Citizen(counter, counter.ask(), held).answer()
    caller, perform = post(counter, KEY)
    url = call_url(COCKPIT, CallPath.RECEIPT)
    first = run(caller.call("POST", url, {}), perform)
    assert first.status == 200
    request = caller.request("POST", url, {}, accept="application/jwt", max_bytes=9000)
    assert perform(request).status == 200
    again = perform(request)
    assert (again.status, again.json("error")["error"]) == (401, "invalid_dpop_proof")
    elsewhere = caller.request("POST", f"{COCKPIT}/usage", {}, accept="application/jwt", max_bytes=9000)
    assert perform(replace(elsewhere, url=url)).status == 401
    counter.clock.forward(400)
    stale = perform(caller.request("POST", url, {}, accept="application/jwt", max_bytes=9000))
    assert (stale.status, stale.json("error")["error"]) == (401, "use_dpop_nonce")
    without = [header for header in request.headers if header[0] != "dpop"]
    assert perform(replace(request, headers=tuple(without))).status == 401


def test_answers_are_kept_by_nobody_and_set_no_cookie(counter, held):
    Citizen(counter, counter.ask(), held).answer()
    caller, perform = post(counter, KEY)
    response = run(caller.call("POST", call_url(COCKPIT, CallPath.RECEIPT), {}), perform)
    headers = dict(response.headers)
    assert headers["cache-control"] == "no-store"
    assert "set-cookie" not in headers


@pytest.mark.parametrize("body", [b"[]", b"{", b'{"claim":"AA"}', b'{"claim":7}', b"{" + b" " * 5000 + b"}"])
def test_a_call_that_is_none_is_refused(counter, body):
    caller, perform = post(counter, KEY)
    url = call_url(COCKPIT, CallPath.RECEIPT)
    request = caller.request("POST", url, {}, accept="application/jwt", max_bytes=9000)
    assert perform(replace(request, body=body)).status in (400, 413)


def in_person(counter):
    """Somebody shows a licence in person; the session, and what the receipt will be held against."""
    made = begun(counter)
    meeting = met(counter, made)
    announced = look(counter, meeting).cockpit_endpoint
    question = look(counter, meeting).request
    response = device_response(question.dcql_query, Holder((LICENCE,)).present(question))
    hand_over(counter, made, meeting.answer(response))
    sent = Sent(
        evidence=evidence_in_person(meeting.request, response),
        requesters=(WHO,),
        client_id=None,
        registration=None,
        key=KEY.public_key.thumbprint(),
        announced=announced,
        sent_at=NOW,
    )
    return meeting, sent


def test_in_person_the_session_binds_a_key_afterwards(counter):
    meeting, sent = in_person(counter)
    assert sent.announced == COCKPIT
    assert collect(counter, KEY) == NoReceipt()
    found = collect(counter, KEY, meeting.claim)
    assert isinstance(found, Collected)
    judged = judge_receipt(found.receipt, sent, anchors=counter.wallet_anchors, arrived_at=NOW)
    assert judged.findings == ()
    # The same key may come again, with the claim or without; another one finds nothing
    assert collect(counter, KEY, meeting.claim) == collect(counter, KEY) == found
    assert collect(counter, OTHER_KEY, meeting.claim) == NoReceipt()
    assert collect(counter, OTHER_KEY, bytes(32)) == NoReceipt()
    assert report(counter, KEY, judged.receipt) == [Action.RECEIVED]


def test_of_two_keys_that_come_at_once_for_one_session_the_first_alone_is_bound(counter, monkeypatch):
    meeting, _ = in_person(counter)
    unbound = counter.store.cockpit.by_claim(hash_claim(meeting.claim))
    first = collect(counter, KEY, meeting.claim)
    assert isinstance(first, Collected)
    # The other one looked before the first was bound
    monkeypatch.setattr(type(counter.store.cockpit), "by_claim", lambda *_: unbound)
    assert collect(counter, OTHER_KEY, meeting.claim) == NoReceipt()
    assert collect(counter, KEY) == first


def test_a_key_that_has_a_receipt_is_bound_to_no_second_one(counter, held):
    citizen = Citizen(counter, counter.ask(), held)
    text = citizen.answer()["receipt"]
    meeting, _ = in_person(counter)
    assert collect(counter, KEY, meeting.claim) == Collected(text)
    assert isinstance(collect(counter, OTHER_KEY, meeting.claim), Collected)


def test_a_claim_that_comes_too_late_binds_no_key(counter):
    meeting, _ = in_person(counter)
    counter.clock.forward(COLLECTABLE)
    assert collect(counter, KEY, meeting.claim) == NoReceipt()
    kept = counter.store.cockpit.by_claim(hash_claim(meeting.claim))
    assert (kept.key, kept.token) == ("", "")


def test_of_a_claim_its_hash_alone_is_kept(counter):
    meeting, _ = in_person(counter)
    kept = counter.store.cockpit.by_claim(hash_claim(meeting.claim))
    assert kept.token == ""
    assert encode_base64url(meeting.claim) not in kept.says
    assert counter.store.cockpit.by_claim(encode_base64url(meeting.claim)) is None


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"cockpit": False}, id="it is switched off"),
        pytest.param({"privacy_policy": ""}, id="nobody answers for the data"),
    ],
)
def test_who_gives_no_receipts_announces_no_cockpit(tmp_path, agency, held, changes):
    counter = library(f"sqlite:///{tmp_path}/verifier.db", agency.anchors, **changes)
    try:
        citizen = Citizen(counter, counter.ask(), held)
        assert citizen.request.client_metadata.cockpit_endpoint is None
    finally:
        counter.close()


def test_what_nobody_signs_announces_no_cockpit(counter):
    made = counter.ask(prefix=Prefix.REDIRECT_URI)
    assert "cockpit" not in made.uri


def test_two_receipts_share_nothing_of_the_citizen(counter, agency, held):
    """Of one verifier: keys, ids and hashes all differ; what is the same is the verifier's own."""
    texts = []
    for key, seed in ((KEY, 11), (OTHER_KEY, 12)):
        copy = issue_held(agency, holder=seeded_key(80 + seed), seed=seed)
        citizen = Citizen(counter, counter.ask(), copy, key)
        texts.append(citizen.judge(citizen.answer()["receipt"]).receipt.to_claims())
    one, other = texts
    shared = {name for name in one if one[name] == other[name]}
    own = {"iss", "iat", "claims", "outcome", "purpose", "legal_basis", "retention", "log_until", "controller"}
    assert shared == own | {"service", "cockpit_endpoint"}


def test_the_log_of_the_machine_says_nothing_of_whom(counter, held, capsys):
    citizen = Citizen(counter, counter.ask(), held)
    citizen.answer()
    collect(counter, KEY)
    said = "".join(capsys.readouterr())
    for secret in (KEY.public_key.thumbprint(), "Mustermann", citizen.sent.evidence.request):
        assert secret not in said
