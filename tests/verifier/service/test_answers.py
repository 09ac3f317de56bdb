"""Receiving answers: what is judged, what is recorded, and what a wallet is told."""

import contextlib
import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.dcql.query import DcqlQuery
from protocol.encoding import JsonObject, encode_base64url, encode_json
from protocol.errors import InvalidRequest, ProtocolError
from protocol.jws import sign_jws
from protocol.oid4vp.verify import CheckName
from protocol.sdjwt.disclosure import digest_of
from tests.support.pki import NOW, Template, make_pki, seeded_key
from tests.support.verifier import (
    PID,
    QUERY,
    USE_CASE,
    Held,
    answer_form,
    answers,
    issue_held,
    make_verifier,
    present,
    request_of,
)
from verifier.session import Answered, Declined, Opened, Requested

NOT_OPEN = "state: belongs to no open request"


def lines(result):
    return {line.check: (line.passed, line.reason) for line in result.verdict.lines}


def failed(result):
    """The checks that said no, in their order."""
    return [line.check for line in result.verdict.lines if line.passed is False]


def refusal(counter, made, form):
    with pytest.raises(InvalidRequest) as refused:
        counter.receive(made, form)
    return refused.value.description


@pytest.mark.parametrize("response_mode", ["direct_post", "direct_post.jwt"])
def test_a_good_answer_is_accepted_with_a_line_for_every_check(counter, held, response_mode):
    made = counter.ask(response_mode=response_mode)
    assert counter.receive(made, answers(counter, made, held)).redirect_uri is None
    result = counter.result(made)
    assert (result.state, result.disclosed) == ("accepted", {"pid": [{"family_name": "Mustermann"}]})
    assert [line.check for line in result.verdict.lines] == [str(name) for name in CheckName]
    assert all(line.passed and not line.reason for line in result.verdict.lines)
    assert result.verdict.issuers == (("pid", ("Residents' office",)),)
    assert result.verdict.holders == 1


def test_what_was_not_asked_is_dropped_and_told(counter, held):
    """T189: more than asked is neither kept nor shown."""
    made = counter.ask(response_mode="direct_post")
    request = request_of(counter, made)
    wider = replace(request, dcql_query=DcqlQuery.from_dict(with_claims(["family_name"], ["given_name"])))
    counter.receive(made, answer_form(request, {"pid": [present(wider, held)]}))
    result = counter.result(made)
    assert result.disclosed == {"pid": [{"family_name": "Mustermann"}]}
    assert result.verdict.surplus == ("pid",)


def with_claims(*paths, **members):
    return {"credentials": [{**QUERY["credentials"][0], "claims": [{"path": path} for path in paths], **members}]}


def strangers(agency):
    """Ways to answer with something that is not good, and the check that has to say so."""
    other = make_pki(Template(common_name="Residents' office"))
    wrong_type = "urn:eudi:diploma:1"
    return {
        "signed by nobody we trust": (issue_held(other), {}, "trusted_issuer"),
        "T186 a type that its issuer may not issue": (issue_held(agency, vct=wrong_type), {}, "trusted_issuer"),
        "T046 expired": (issue_held(agency, expires_at=NOW - 61), {}, "valid_now"),
        "T041 for another verifier": (issue_held(agency), {"audience": "x509_hash:other"}, "this_request"),
        "T040 for another request": (issue_held(agency), {"nonce": "another-nonce-of-another-day"}, "this_request"),
        "T039 bound by another key": (replace(issue_held(agency), holder=seeded_key(99)), {}, "holder_bound"),
    }


@pytest.mark.parametrize("name", strangers(make_pki()))
def test_what_is_not_good_is_refused_by_its_own_line(counter, agency, name):
    """T188: the wallet's own filter is not believed."""
    credential, other, check = strangers(agency)[name]
    made = counter.ask()
    request = request_of(counter, made)
    asked = request
    if check == "trusted_issuer":
        members = {**QUERY["credentials"][0], "meta": {"vct_values": [PID, "urn:eudi:diploma:1"]}}
        asked = replace(request, dcql_query=DcqlQuery.from_dict({"credentials": [members]}))
    form = answer_form(request, {"pid": [present(asked, credential, **other)]})
    assert refusal(counter, made, form) == f"vp_token: {check} does not hold"
    result = counter.result(made)
    assert (result.state, result.disclosed, failed(result)) == ("refused", None, [check])
    assert lines(result)[check][1]
    assert lines(result)["query_complete"] == (None, "was not reached")
    assert isinstance(counter.stage(made), Answered)
    assert counter.stage(made).disclosed == ""


def test_a_presentation_made_long_ago_is_refused(counter, held):
    """T043."""
    made = counter.ask()
    request = request_of(counter, made)
    form = answer_form(request, {"pid": [present(request, held, now=NOW - 301)]})
    assert refusal(counter, made, form) == "vp_token: this_request does not hold"


def test_an_altered_disclosure_is_refused(counter, held):
    """T032."""
    made = counter.ask()
    request = request_of(counter, made)
    issued, disclosure, binding = present(request, held).split("~")
    altered = "~".join((issued, disclosure[:-4] + "AAAA", binding))
    refusal(counter, made, answer_form(request, {"pid": [altered]}))
    assert failed(counter.result(made)) == ["authentic"]


def test_a_missing_proof_of_the_holder_is_refused(counter, held):
    """T037."""
    made = counter.ask()
    request = request_of(counter, made)
    without = present(request, held).rpartition("~")[0] + "~"
    refusal(counter, made, answer_form(request, {"pid": [without]}))
    assert failed(counter.result(made)) == ["holder_bound"]


def test_an_answer_without_what_was_asked_is_refused(counter, held):
    """T188, T177: genuine, but not what was asked."""
    made = counter.ask()
    request = request_of(counter, made)
    other = replace(request, dcql_query=DcqlQuery.from_dict(with_claims(["given_name"])))
    refusal(counter, made, answer_form(request, {"pid": [present(other, held)]}))
    result = counter.result(made)
    assert failed(result) == ["query_complete"]
    assert result.disclosed is None


TWO = {
    "credentials": [
        {**QUERY["credentials"][0], "id": "a"},
        {**QUERY["credentials"][0], "id": "b"},
        {**QUERY["credentials"][0], "id": "c"},
    ],
    "credential_sets": [{"options": [["a"], ["b"]]}, {"options": [["c"]], "required": False}],
}


def test_only_optional_credentials_are_not_enough(counter, held):
    """T177."""
    made = counter.ask(use_case=None, query=DcqlQuery.from_dict(TWO))
    request = request_of(counter, made)
    refusal(counter, made, answer_form(request, {"c": [present(request, held, query_id="c")]}))
    result = counter.result(made)
    assert (result.state, failed(result)) == ("refused", ["query_complete"])


def test_two_holders_in_one_answer_are_told(counter, agency, held):
    """T187: perhaps one person, perhaps two; whoever asked reads that."""
    made = counter.ask(use_case=None, query=DcqlQuery.from_dict(TWO))
    request = request_of(counter, made)
    other = issue_held(agency, holder=seeded_key(44))
    vp_token = {"a": [present(request, held, query_id="a")], "c": [present(request, other, query_id="c")]}
    counter.receive(made, answer_form(request, vp_token))
    assert counter.result(made).verdict.holders == 2


@pytest.mark.parametrize(
    "vp_token",
    [
        '"pid"',
        "[]",
        "{}",
        '{"pid": "text"}',
        '{"pid": []}',
        '{"pid": [1]}',
        '{"other": ["x"]}',
        '{"pid": ["x", "y"]}',
        '{"pid": ["x"], "pid": ["y"]}',
        "{",
        "",
        '{"pid": ' + "[" * 5000 + "]" * 5000 + "}",
    ],
)
def test_what_is_no_answer_changes_nothing(counter, held, vp_token):
    """T176, T016: refused, and the request waits for a real answer."""
    made = counter.ask(response_mode="direct_post")
    state = request_of(counter, made).state
    refusal(counter, made, {"vp_token": vp_token, "state": state})
    assert isinstance(counter.stage(made), Opened)
    counter.receive(made, answers(counter, made, held))
    assert counter.result(made).state == "accepted"


def test_a_clear_answer_where_encryption_was_asked_is_refused(counter, held):
    """T180."""
    made = counter.ask()
    request = request_of(counter, made)
    clear = answer_form(replace(request, response_mode="direct_post"), {"pid": [present(request, held)]})
    assert refusal(counter, made, clear) == "response: must be encrypted"
    assert isinstance(counter.stage(made), Opened)


def test_an_encrypted_answer_where_none_was_asked_is_refused(counter, held):
    first, second = counter.ask(), counter.ask(response_mode="direct_post")
    refusal(counter, second, answers(counter, first, held))
    assert isinstance(counter.stage(second), Requested)


def test_another_state_is_no_open_request(counter, held):
    """T178."""
    made = counter.ask(response_mode="direct_post")
    request = request_of(counter, made)
    for state in (None, "other", request.state + "x"):
        form = answer_form(replace(request, state=state), {"pid": [present(request, held)]})
        assert refusal(counter, made, form) == NOT_OPEN
    assert isinstance(counter.stage(made), Opened)


def test_an_answer_comes_once(counter, held):
    """T179: the second is refused, whether it is the same or another."""
    made = counter.ask()
    form = answers(counter, made, held)
    counter.receive(made, form)
    assert refusal(counter, made, form) == NOT_OPEN
    assert counter.result(made).state == "accepted"


def test_a_refused_answer_is_the_answer(counter, agency, held):
    """T177: the session failed; a better answer needs a new question."""
    made = counter.ask()
    request = request_of(counter, made)
    good = answers(counter, made, held)
    refusal(counter, made, answer_form(request, {"pid": [present(request, replace(held, holder=seeded_key(9)))]}))
    assert refusal(counter, made, good) == NOT_OPEN
    assert counter.result(made).state == "refused"


def test_an_answer_after_the_end_is_too_late(counter, held):
    """T196: one second decides."""
    early, late = counter.ask(), counter.ask()
    forms = [answers(counter, made, held) for made in (early, late)]
    counter.clock.forward(299)
    counter.receive(early, forms[0])
    counter.clock.forward(1)
    assert refusal(counter, late, forms[1]) == NOT_OPEN
    assert counter.result(late).state == "expired"


@pytest.mark.parametrize(
    ("error", "kept"),
    [("access_denied", "access_denied"), ("wallet_unavailable", "wallet_unavailable"), ("<b>x", "other")],
)
@pytest.mark.parametrize("with_state", [True, False])
def test_a_wallet_may_say_no(counter, error, kept, with_state):
    """T193: of what it says only a known code is kept; clear errors are taken in every mode."""
    made = counter.ask()
    request = request_of(counter, made)
    form = {"error": error, "error_description": "<script>" * 100_000}
    assert counter.receive(made, form | ({"state": request.state} if with_state else {})).redirect_uri is None
    result = counter.result(made)
    assert (result.state, result.error, result.verdict, result.disclosed) == ("declined", kept, None, None)
    assert isinstance(counter.stage(made), Declined)
    assert "script" not in repr(counter.stage(made))


def test_an_error_with_another_state_changes_nothing(counter):
    """T178."""
    made = counter.ask()
    assert refusal(counter, made, {"error": "access_denied", "state": "other"}) == NOT_OPEN
    assert refusal(counter, made, {"error": "access_denied", "state": "\ud800"}) == NOT_OPEN
    assert isinstance(counter.stage(made), Requested)


def test_an_issuer_must_be_accepted_for_the_question(tmp_path, agency, held):
    """A use case may be narrower than the anchors, and is judged as it was when the question was asked."""
    narrow = USE_CASE.replace("[title]", 'accepted_issuers = ["Another city"]\n[title]', 1)
    counter = make_verifier(f"sqlite:///{tmp_path}/v.db", agency.anchors, use_cases=[narrow])
    made = counter.ask()
    refusal(counter, made, answers(counter, made, held))
    assert lines(counter.result(made))["trusted_issuer"][0] is False
    named = narrow.replace("Another city", agency.anchor.name)
    other = make_verifier(f"sqlite:///{tmp_path}/v.db", agency.anchors, use_cases=[named], seed=8)
    made = other.ask()
    other.receive(made, answers(other, made, held))
    assert other.result(made).state == "accepted"
    counter.close()
    other.close()


def hand_made(pki, value):
    """A credential whose one disclosure holds a value of any JSON text."""
    holder = seeded_key(12)
    text = encode_base64url(f'["salt-of-sixteen-bytes", "family_name", {value}]'.encode())
    payload = {"vct": PID, "iat": NOW, "exp": NOW + 60, "cnf": {"jwk": holder.public_key.to_jwk()}}
    payload |= {"_sd": [digest_of(text)], "_sd_alg": "sha-256"}
    header: JsonObject = {"typ": "dc+sd-jwt", "x5c": list(pki.x5c)}
    return Held(f"{sign_jws(header, encode_json(payload), pki.signer)}~{text}~", holder)


def test_claims_may_nest_as_deep_as_they_are_read(tmp_path):
    """What a trusted issuer signed never breaks the verifier that reads it."""
    pki = make_pki()
    held = hand_made(pki, '{"a":' * 29 + "1" + "}" * 29)
    counter = make_verifier(f"sqlite:///{tmp_path}/v.db", pki.anchors)
    made = counter.ask(response_mode="direct_post")
    request = request_of(counter, made)
    counter.receive(made, answer_form(request, {"pid": [present(request, held)]}))
    assert json.dumps(counter.result(made).disclosed).count('"a"') == 29
    counter.close()


@given(form=st.dictionaries(st.sampled_from(["vp_token", "response", "state", "error", "x"]), st.text(max_size=50)))
@settings(max_examples=60, deadline=None)
def test_no_form_leaves_the_error_family(shared_counter, form):
    for mode in ("direct_post", "direct_post.jwt"):
        made = shared_counter.ask(response_mode=mode)
        with contextlib.suppress(ProtocolError):
            shared_counter.receive(made, form)
