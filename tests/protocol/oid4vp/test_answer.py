"""The wallet's answer: what is sent to whom, in clear or encrypted, and what became of it."""

from dataclasses import replace

import pytest

from protocol.encoding import encode_json
from protocol.errors import AccessDenied, InvalidRequest, Unreachable
from protocol.exchange import HttpResponse, run
from protocol.jwe import Jwe, decrypt_jwe
from protocol.keys import P256Key
from protocol.oid4vp.answer import Delivered, Uncertain, send_answer, send_error
from protocol.oid4vp.request import DIRECT_POST, DIRECT_POST_JWT, ClientMetadata, EncryptionKey
from protocol.oid4vp.request_object import Unauthenticated, VerifiedRequest, accept_plain_request
from protocol.oid4vp.response import AuthorizationResponse, ErrorResponse, ResponseKey, read_response_form
from tests.protocol.oid4vp.samples import (
    HOST,
    RESPONSE_KEY,
    RESPONSE_URI,
    UNSIGNED,
    Peer,
    asked,
    asked_in_clear,
    honest,
    served,
    verified,
)
from tests.protocol.oid4vp.wallet_side import PRESENTED, THANKS, answered, told
from tests.support.pki import seeded


def test_a_clear_answer_is_posted_as_a_form():
    delivery, form = answered(asked_in_clear())
    assert delivery == Delivered(None)
    assert read_response_form(form, response_mode=DIRECT_POST, key=None) == AuthorizationResponse(
        PRESENTED, asked().state
    )


@pytest.mark.parametrize("enc", ["A128GCM", "A256GCM"])
def test_an_encrypted_answer_is_for_the_key_of_this_request(enc):
    metadata = ClientMetadata((EncryptionKey("k9", RESPONSE_KEY.public_key),), (enc,))
    _, form = answered(asked(client_metadata=metadata))
    assert set(form) == {"response"}
    jwe = Jwe.from_compact(form["response"])
    assert (jwe.kid, jwe.enc) == ("k9", enc)
    assert decrypt_jwe(jwe, RESPONSE_KEY) == encode_json({"vp_token": {"pid": ["eyJ.e.s~"]}, "state": asked().state})
    key = ResponseKey("k9", RESPONSE_KEY, (enc,))
    assert read_response_form(form, response_mode=DIRECT_POST_JWT, key=key) == AuthorizationResponse(
        PRESENTED, asked().state
    )


def test_every_answer_is_encrypted_afresh():
    (_, first), (_, second) = answered(asked(), seed=1), answered(asked(), seed=2)
    assert Jwe.from_compact(first["response"]).epk != Jwe.from_compact(second["response"]).epk


def test_an_answer_never_goes_in_clear_where_encryption_was_asked():
    """T165."""
    peer = Peer({RESPONSE_URI: THANKS})
    unencryptable = VerifiedRequest(asked(client_metadata=None), Unauthenticated(HOST))
    with pytest.raises(InvalidRequest):
        run(send_answer(unencryptable, PRESENTED, ephemeral=P256Key.fresh(), random_bytes=seeded()), peer)
    assert peer.asked == []


@pytest.mark.parametrize(
    "vp_token",
    [
        pytest.param({}, id="T168 empty"),
        pytest.param({"pid": ()}, id="T168 nothing for a query"),
        pytest.param({"pid": ("a",), "card": ("b",)}, id="T169 something that was not asked"),
        pytest.param({"card": ("b",)}, id="T169 something else"),
    ],
)
def test_an_answer_to_something_else_is_our_mistake(vp_token):
    peer = Peer({RESPONSE_URI: THANKS})
    with pytest.raises(ValueError, match="an answer"):
        run(
            send_answer(
                accept_plain_request(asked_in_clear(UNSIGNED)),
                vp_token,
                ephemeral=P256Key.fresh(),
                random_bytes=seeded(),
            ),
            peer,
        )
    assert peer.asked == []


@pytest.mark.parametrize(
    "url",
    ["https://verifier.example/cb#response_code=091535f699ea575c7937fa5f0f454aee", "http://rp.localhost/done?x=1"],
)
def test_the_user_goes_on_where_the_verifier_says(url):
    delivery, _ = answered(asked(), peer=Peer({RESPONSE_URI: served({"redirect_uri": url, "more": 1})}))
    assert delivery == Delivered(url)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Unreachable("nobody answers"), id="T172 nobody answers"),
        pytest.param(served({}, status=500), id="T172 500"),
        pytest.param(served({"error": "invalid_request"}, status=400), id="T172 400"),
        pytest.param(served({}, status=204), id="T172 204"),
        pytest.param(HttpResponse(307, (("location", RESPONSE_URI),), b""), id="T172 redirect"),
        pytest.param(served("<html>", media_type="text/html"), id="T172 HTML"),
        pytest.param(served("{"), id="T172 no JSON"),
        pytest.param(served([]), id="T172 no object"),
        pytest.param(served({"redirect_uri": "javascript:alert(1)"}), id="T172 javascript"),
        pytest.param(served({"redirect_uri": "http://verifier.example/"}), id="T172 http"),
        pytest.param(served({"redirect_uri": "https://a.example/" + "a" * 100_000}), id="T172 100 kB"),
        pytest.param(served({"redirect_uri": None}), id="T172 null"),
    ],
)
def test_what_became_of_an_answer_may_be_unknown(answer):
    delivery, _ = answered(asked(), peer=Peer({RESPONSE_URI: answer}))
    assert isinstance(delivery, Uncertain)
    assert delivery.reason


# Saying no


@pytest.mark.parametrize("request_", [asked(), asked_in_clear()], ids=["encryption asked", "clear"])
def test_the_user_can_say_no_and_that_is_never_encrypted(request_):
    peer = Peer({RESPONSE_URI: THANKS})
    found = replace(verified(honest()), request=request_)
    assert run(send_error(found, AccessDenied("the user said no")), peer) == Delivered(None)
    assert told(peer) == {"error": "access_denied", "error_description": "the user said no", "state": asked().state}
    key = ResponseKey("k1", RESPONSE_KEY) if request_.response_mode == DIRECT_POST_JWT else None
    error = read_response_form(told(peer), response_mode=request_.response_mode, key=key)
    assert error == ErrorResponse("access_denied", "the user said no", asked().state)


def test_an_error_says_no_state_where_there_was_none():
    peer = Peer({RESPONSE_URI: THANKS})
    run(send_error(accept_plain_request(asked_in_clear(UNSIGNED, state=None)), AccessDenied("no")), peer)
    assert told(peer) == {"error": "access_denied", "error_description": "no"}


def test_the_user_goes_on_after_an_error_too():
    peer = Peer({RESPONSE_URI: served({"redirect_uri": "https://verifier.example/no"})})
    assert run(send_error(verified(honest()), AccessDenied("no")), peer) == Delivered("https://verifier.example/no")
