import pytest

from protocol.errors import InvalidRequest, Malformed, NotAuthentic, Unreachable
from protocol.exchange import HttpResponse
from protocol.oid4vci.client import IssuerRefused, check_works, error_code, read_published, read_success
from tests.protocol.oid4vci.peer import Peer, answer, client, dpop, header, refusal
from tests.protocol.oid4vci.samples import DPOP, ISSUER

TOKEN = f"{ISSUER}/token"
CREDENTIAL = f"{ISSUER}/credential"


def post(peer, sender=None, url=TOKEN, access_token=None):
    return peer.run((sender or client()).post(url, (("x-a", "b"),), b"{}", access_token=access_token))


def test_a_request_carries_a_proof_for_itself():
    peer = Peer(token=[answer({})])
    assert post(peer).status == 200
    (request,) = peer.requests
    verified = dpop(request)
    assert (verified.key, verified.nonce, request.method, request.body) == (DPOP.public_key, None, "POST", b"{}")
    assert header(request, "x-a") == "b"


def test_an_access_token_goes_with_a_proof_that_is_bound_to_it():
    peer = Peer(credential=[answer({})])
    post(peer, url=CREDENTIAL, access_token="t0ken")
    assert dpop(peer.requests[0], "t0ken").key == DPOP.public_key


@pytest.mark.parametrize(
    "asking",
    [
        refusal("use_dpop_nonce", dpop_nonce="n1"),
        refusal("use_dpop_nonce", 401, dpop_nonce="n1", www_authenticate='DPoP error="use_dpop_nonce"'),
        refusal("invalid_token", 401, dpop_nonce="n1", www_authenticate='DPoP algs="ES256", error="use_dpop_nonce"'),
        answer(b"", 401, media_type="text/plain", dpop_nonce="n1", www_authenticate='DPoP error="use_dpop_nonce"'),
        refusal("use_dpop_nonce", 401, dpop_nonce="n1"),
    ],
    ids=["authorization server", "resource", "resource with another error object", "no body", "no challenge"],
)
def test_a_nonce_that_is_asked_for_is_used(asking):
    """RFC 9449 §8, §9."""
    peer = Peer(token=[asking, answer({})])
    assert post(peer).status == 200
    first, second = map(dpop, peer.requests)
    assert (first.nonce, second.nonce) == (None, "n1")
    assert first.jti != second.jti


def test_the_challenge_may_be_one_of_several():
    challenges = (
        ("www-authenticate", 'Bearer realm="x"'),
        ("www-authenticate", 'DPoP error="use_dpop_nonce"'),
        ("dpop-nonce", "n1"),
    )
    peer = Peer(token=[HttpResponse(401, challenges, b""), answer({})])
    assert post(peer).status == 200


@pytest.mark.parametrize("status", [400, 401])
def test_a_server_that_asks_for_ever_is_left(status):
    """T154: two retries, then an end."""
    asking = [
        refusal("use_dpop_nonce", status, dpop_nonce=nonce, www_authenticate='DPoP error="use_dpop_nonce"')
        for nonce in ("n1", "n2", "n3", "n4")
    ]
    peer = Peer(token=asking)
    with pytest.raises(Unreachable):
        post(peer)
    assert [dpop(request).nonce for request in peer.requests] == [None, "n1", "n2"]


@pytest.mark.parametrize(
    "response",
    [
        refusal("use_dpop_nonce"),
        refusal("use_dpop_nonce", dpop_nonce=""),
        refusal("use_dpop_nonce", dpop_nonce="x" * 1025),
        refusal("invalid_grant", dpop_nonce="n1"),
        refusal("use_dpop_nonce", 403, dpop_nonce="n1"),
        answer({"error": "use_dpop_nonce"}, dpop_nonce="n1"),
    ],
    ids=["no nonce", "empty nonce", "nonce of 1025 characters", "another error", "another status", "success"],
)
def test_whoever_does_not_ask_is_not_asked_again(response):
    """T154."""
    peer = Peer(token=[response])
    assert post(peer) == response
    assert len(peer.requests) == 1


def test_a_nonce_is_remembered_for_its_server_alone():
    """RFC 9449 §8.2: a nonce comes with any answer, and is for the server that gave it."""
    sender = client()
    peer = Peer(token=[answer({}, dpop_nonce="n1")], credential=[answer({}, dpop_nonce="n2"), answer({})])
    peer.answers["https://other.example/token"] = [answer({})]
    post(peer, sender)
    post(peer, sender, CREDENTIAL)
    post(peer, sender, CREDENTIAL)
    post(peer, sender, "https://other.example/token")
    assert [dpop(request).nonce for request in peer.requests] == [None, "n1", "n2", None]


def test_what_the_sender_cannot_do_ends_the_request():
    with pytest.raises(Unreachable, match="away"):
        post(Peer(token=[Unreachable("away")]))


@pytest.mark.parametrize("status", [429, 500, 502, 503, 599])
def test_a_server_that_is_out_of_order_has_not_said_no(status):
    with pytest.raises(Unreachable):
        check_works(refusal("server_error", status), "x")


@pytest.mark.parametrize("status", [200, 204, 302, 400, 401, 403, 404, 413])
def test_a_server_that_answers_works(status):
    check_works(answer({}, status), "x")


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (refusal("invalid_grant"), "invalid_grant"),
        (refusal("invalid_token", 401), "invalid_token"),
        (answer({"error": "<script>"}, 400), "status 400"),
        (answer({"error": "a b"}, 400), "status 400"),
        (answer({"error": "x" * 65}, 400), "status 400"),
        (answer({"error": "invalid_grant\n"}, 400), "status 400"),
        (answer({"error": 7}, 400), "status 400"),
        (answer([], 400), "status 400"),
        (answer(b"{", 400), "status 400"),
        (answer(b"<html>", 403, media_type="text/html"), "status 403"),
        (answer(b"", 302, location="https://evil.example"), "status 302"),
    ],
)
def test_a_refusal_says_the_issuer_s_own_code_and_nothing_else_of_it(response, reason):
    """T193, T235: codes of plain characters only, and never the description."""
    with pytest.raises(IssuerRefused) as refused:
        read_success(response, "x")
    assert (refused.value.reason, refused.value.http_status) == (reason, response.status)
    assert "m4rker" not in refused.value.description
    assert isinstance(refused.value, InvalidRequest)


@pytest.mark.parametrize(
    "response",
    [
        answer(b"{"),
        answer(b""),
        answer(b"<html></html>", media_type="text/html"),
        answer({}, media_type="text/plain"),
        answer({}, media_type=""),
        answer({}, media_type="application/jwt"),
        answer(b'{"a":1,"a":2}'),
    ],
)
def test_a_success_that_is_no_json_is_refused(response):
    """T212."""
    with pytest.raises(Malformed):
        read_success(response, "x")
    with pytest.raises(Malformed):
        read_published(response, "x")
    assert error_code(response) == ""


@pytest.mark.parametrize("media_type", ["application/json", "application/json; charset=utf-8", "Application/JSON"])
def test_a_success_is_read(media_type):
    assert read_success(answer({"a": 1}, 201, media_type=media_type), "x") == {"a": 1}
    assert read_published(answer({"a": 1}, media_type=media_type), "x") == {"a": 1}


@pytest.mark.parametrize("status", [201, 302, 404])
def test_what_is_published_comes_with_status_200(status):
    with pytest.raises(NotAuthentic):
        read_published(answer({}, status), "x")


def test_a_large_batch_is_read():
    assert read_success(answer({"a": "x" * (2 << 20)}), "x")
