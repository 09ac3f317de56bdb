"""Calls to a cockpit: one key, one proof, one address, and nothing else that says who calls."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.encoding import decode_base64url, encode_base64url, encode_json
from protocol.errors import (
    InvalidDpopProofAtResource,
    Malformed,
    ProtocolError,
    TooLarge,
    Unreachable,
    UseDpopNonceAtResource,
)
from protocol.exchange import HttpResponse, run
from protocol.jws import sign_jws
from protocol.keys import Ed25519Key
from protocol.oauth.dpop import TYP, sign_dpop_proof
from protocol.sovereignty.calls import (
    MAX_NONCE,
    WINDOW,
    Caller,
    CallPath,
    ProofNotTaken,
    call_url,
    check_nonce,
    verify_call,
)
from tests.support.partners import COCKPIT, COCKPIT_KEY, OTHER_KEY
from tests.support.pki import NOW, seeded
from tests.support.strategies import flip

URL = f"{COCKPIT}/receipt"
JTI = encode_base64url(bytes(16))
ED25519 = Ed25519Key.from_seed(bytes(32))


def proof(key=COCKPIT_KEY, *, method="POST", url=URL, jti=JTI, issued_at=NOW, nonce=None):
    return sign_dpop_proof(key, method=method, url=url, jti=jti, issued_at=issued_at, nonce=nonce)


def verify(text, *, method="POST", url=URL, now=NOW):
    return verify_call(text, method=method, url=url, now=now)


def caller(seed=1, key=COCKPIT_KEY):
    return Caller(key, seeded(seed), lambda: NOW)


def performed(seen, response):
    """Carry out every request by the same answer, and note it."""

    def perform(request):
        seen.append(request)
        return response

    return perform


def answer(status=200, body=b"", **headers):
    pairs = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return HttpResponse(status, pairs, body)


def test_the_paths():
    assert call_url(COCKPIT, CallPath.RECEIPT) == f"{COCKPIT}/receipt"
    assert call_url(COCKPIT, CallPath.USAGE) == f"{COCKPIT}/usage"
    assert call_url(COCKPIT, CallPath.RIGHTS, "a-1_B") == f"{COCKPIT}/rights/a-1_B"
    assert call_url(COCKPIT, CallPath.MANDATES, JTI, "revoke") == f"{COCKPIT}/mandates/{JTI}/revoke"


@pytest.mark.parametrize("segment", ["", "..", "a/b", "a?b", "a#b", "ä", "a\n", "%2e", "x" * 129])
def test_an_id_of_a_peer_does_not_bend_a_path(segment):
    with pytest.raises(Malformed):
        call_url(COCKPIT, CallPath.RIGHTS, segment)


def test_a_call_is_verified_and_its_key_finds_the_receipt():
    request = caller().request("POST", URL, {"a": 1}, accept="application/jwt", max_bytes=10)
    found = verify(dict(request.headers)["dpop"])
    assert (found.key, found.thumbprint) == (COCKPIT_KEY.public_key, COCKPIT_KEY.public_key.thumbprint())
    assert (found.issued_at, found.nonce) == (NOW, None)
    assert request.body == encode_json({"a": 1})


def test_calls_of_two_receipts_differ_in_the_proof_alone():
    def others(request):
        return [header for header in request.headers if header[0] != "dpop"], request.body, request.url

    one = caller().request("POST", URL, {}, accept="application/jwt", max_bytes=10)
    two = caller(2, OTHER_KEY).request("POST", URL, {}, accept="application/jwt", max_bytes=10)
    assert others(one) == others(two)
    assert dict(one.headers)["dpop"] != dict(two.headers)["dpop"]
    assert [name for name, _ in one.headers] == ["content-type", "accept", "dpop"]


def test_signed_bodies_and_no_bodies_have_their_types():
    posted = caller().request("POST", URL, b"a.b.c", accept="*/*", max_bytes=10)
    assert (dict(posted.headers)["content-type"], posted.body) == ("application/jwt", b"a.b.c")
    assert "content-type" not in dict(caller().request("GET", URL, b"", accept="*/*", max_bytes=10).headers)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(proof(method="GET"), id="another method"),
        pytest.param(proof(url=f"{COCKPIT}/usage"), id="another path"),
        pytest.param(proof(url="https://other.example/cockpit/receipt"), id="another partner"),
        pytest.param(proof(issued_at=NOW - WINDOW - 1), id="too old"),
        pytest.param(proof(issued_at=NOW + WINDOW + 1), id="too new"),
        pytest.param(proof(ED25519), id="another kind of key"),
        pytest.param(proof(jti="x" * 15), id="a jti that can be guessed"),
        pytest.param(proof(jti="x" * 129), id="a jti that is too long"),
        pytest.param(sign_jws({"typ": TYP}, b"{}", COCKPIT_KEY), id="no key"),
        pytest.param(
            sign_jws({"typ": TYP, "jwk": OTHER_KEY.public_key.to_jwk()}, b"{}", COCKPIT_KEY), id="a foreign key"
        ),
        pytest.param(
            sign_jws({"typ": "jwt", "jwk": COCKPIT_KEY.public_key.to_jwk()}, b"{}", COCKPIT_KEY), id="another type"
        ),
        pytest.param("", id="nothing"),
    ],
)
def test_a_proof_for_anything_else_is_refused(text):
    with pytest.raises(InvalidDpopProofAtResource) as refusal:
        verify(text)
    assert refusal.value.status == 401


def test_proofs_at_their_limits():
    for issued_at in (NOW - WINDOW, NOW + WINDOW):
        assert verify(proof(issued_at=issued_at)).issued_at == issued_at


def test_what_is_too_large_keeps_its_kind():
    with pytest.raises(TooLarge):
        verify("x" * 200_000)


@given(st.integers(0, 10**6), st.sampled_from([0, 1, 2]))
def test_a_flipped_bit_is_refused_or_another_key(bit, part):
    parts = proof().split(".")
    parts[part] = encode_base64url(flip(decode_base64url(parts[part]), bit))
    with pytest.raises(ProtocolError):
        verify(".".join(parts))


@given(st.text(max_size=100))
def test_no_text_leaves_the_error_family(text):
    with pytest.raises(ProtocolError):
        verify(text)


def test_a_replay_has_the_same_mark_and_another_key_cannot_spend_it():
    first = verify(proof())
    assert verify(proof(issued_at=NOW + 1)).replay_key == first.replay_key
    assert verify(proof(OTHER_KEY)).replay_key != first.replay_key
    assert verify(proof(jti=encode_base64url(bytes(15) + b"\1"))).replay_key != first.replay_key


def test_a_mark_is_forgotten_only_when_its_proof_is_too_old():
    found = verify(proof(issued_at=NOW + WINDOW))
    with pytest.raises(InvalidDpopProofAtResource):
        verify(proof(issued_at=NOW + WINDOW), now=found.replay_until)
    verify(proof(issued_at=NOW + WINDOW), now=found.replay_until - 1)


def test_a_call_needs_a_nonce_of_the_server():
    check_nonce(verify(proof(nonce="n1")), accepted=("n1", "n2"), fresh="n3")
    for nonce in (None, "old"):
        with pytest.raises(UseDpopNonceAtResource) as refusal:
            check_nonce(verify(proof(nonce=nonce)), accepted=("n1", "n2"), fresh="n3")
        assert (refusal.value.nonce, refusal.value.status) == ("n3", 401)


CHALLENGE = 'DPoP error="use_dpop_nonce"'


def test_the_wallet_repeats_once_with_the_nonce():
    asked = []

    def perform(request):
        asked.append(request)
        found = verify(dict(request.headers)["dpop"])
        return answer(200, b"x") if found.nonce == "n1" else answer(401, www_authenticate=CHALLENGE, dpop_nonce="n1")

    one = caller()
    assert run(one.call("POST", URL, {}), perform).body == b"x"
    assert len(asked) == 2
    assert verify(dict(asked[0].headers)["dpop"]).jti != verify(dict(asked[1].headers)["dpop"]).jti
    assert run(one.call("POST", URL, {}), perform).body == b"x"
    assert len(asked) == 3  # the nonce is kept


def test_a_nonce_that_comes_with_an_answer_is_the_next():
    one = caller()
    run(one.call("POST", URL, {}), lambda _: answer(200, dpop_nonce="n9"))
    assert one.nonce == "n9"


@pytest.mark.parametrize("nonce", ["", "x" * (MAX_NONCE + 1), 'a"b', "a b", "ä"])
def test_a_nonce_that_is_none_is_not_sent(nonce):
    one = caller()
    run(one.call("POST", URL, {}), lambda _: answer(200, dpop_nonce=nonce))
    assert one.nonce is None


@pytest.mark.parametrize(
    "response",
    [
        answer(404, dpop_nonce="n1"),
        answer(200, www_authenticate=CHALLENGE, dpop_nonce="n1"),
    ],
)
def test_other_answers_are_not_repeated(response):
    seen: list[object] = []
    assert run(caller().call("POST", URL, {}), performed(seen, response)) is response
    assert len(seen) == 1


@pytest.mark.parametrize(
    "response", [answer(401), answer(401, dpop_nonce="n1"), answer(401, www_authenticate=CHALLENGE)]
)
def test_a_proof_that_is_not_taken_is_not_made_again_and_told_apart_from_being_away(response):
    seen: list[object] = []
    with pytest.raises(ProofNotTaken):
        run(caller().call("POST", URL, {}), performed(seen, response))
    assert len(seen) == 1


def test_a_server_that_asks_for_ever_is_given_up():
    with pytest.raises(Unreachable):
        run(caller().call("POST", URL), lambda _: answer(401, www_authenticate=CHALLENGE, dpop_nonce="n"))
