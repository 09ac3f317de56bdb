"""Our cockpit on top of OpenID4VP: announced by signed requests, answered in each response mode, ignored by everybody else."""

from dataclasses import replace

import pytest

from protocol.encoding import encode_json, read_json_object
from protocol.errors import AccessDenied
from protocol.exchange import HttpResponse, run
from protocol.jwe import Jwe, decrypt_jwe
from protocol.keys import P256Key
from protocol.oid4vp.answer import Delivered, Uncertain, send_answer, send_error
from protocol.oid4vp.dc_api import DcApiRequest, answer_data, read_answer_data
from protocol.oid4vp.request import DC_API, DC_API_JWT, DIRECT_POST, DIRECT_POST_JWT, ClientMetadata
from protocol.oid4vp.request_object import Unauthenticated, VerifiedRequest, accept_plain_request
from protocol.oid4vp.response import AuthorizationResponse, ResponseKey, read_response_form
from protocol.sovereignty.cockpit import COCKPIT_ENDPOINT, COCKPIT_KEY, CockpitKey
from protocol.sovereignty.signing import hash_text
from tests.protocol.oid4vp import page_side
from tests.protocol.oid4vp.page_side import ORIGIN, page_asks, page_asks_in_clear
from tests.protocol.oid4vp.samples import (
    HOST,
    METADATA,
    RESPONSE_KEY,
    RESPONSE_URI,
    UNSIGNED,
    Peer,
    asked,
    asked_in_clear,
    served,
    signed,
    verified,
)
from tests.protocol.oid4vp.wallet_side import PRESENTED, THANKS, form_of
from tests.support.partners import COCKPIT
from tests.support.partners import COCKPIT_KEY as OURS
from tests.support.pki import seeded

KEY = CockpitKey(OURS.public_key, hash_text("the request"))
JWK = {**OURS.public_key.to_jwk(), "kid": KEY.request}
OPENS = ResponseKey("k1", RESPONSE_KEY, ("A128GCM", "A256GCM"))
ANNOUNCED = replace(METADATA, cockpit_endpoint=COCKPIT)
ANNOUNCED_IN_CLEAR = ClientMetadata(cockpit_endpoint=COCKPIT)
RECEIPT = "eyJ.eyJ.c2ln"


def sent(request, cockpit_key=KEY, response=THANKS):
    peer = Peer({RESPONSE_URI: response})
    exchange = send_answer(
        VerifiedRequest(request, Unauthenticated(HOST)),
        PRESENTED,
        ephemeral=P256Key.fresh(),
        random_bytes=seeded(8),
        cockpit_key=cockpit_key,
    )
    delivery = run(exchange, peer)
    return delivery, form_of(peer.asked[0])


def given(request, cockpit_key=KEY):
    return answer_data(request, PRESENTED, ephemeral=P256Key.fresh(), random_bytes=seeded(8), cockpit_key=cockpit_key)


def test_a_signed_request_announces_a_cockpit():
    request = asked(client_metadata=ANNOUNCED)
    assert request.to_dict()["client_metadata"][COCKPIT_ENDPOINT] == COCKPIT
    assert verified(signed(request)).request == request


def test_a_page_announces_one_when_it_signs():
    request = page_asks(client_metadata=ANNOUNCED)
    assert page_side.asked_by("openid4vp-v1-signed", page_side.signed(request)).request.client_metadata == ANNOUNCED


def test_what_nobody_signed_announces_nothing():
    request = asked_in_clear(UNSIGNED, client_metadata=ANNOUNCED_IN_CLEAR)
    assert accept_plain_request(request).request.client_metadata == ClientMetadata()
    data = page_side.unsigned(page_asks(client_metadata=ANNOUNCED))
    assert data["client_metadata"][COCKPIT_ENDPOINT] == COCKPIT
    assert DcApiRequest.from_unsigned(data, ORIGIN).client_metadata == METADATA


@pytest.mark.parametrize("value", [7, "", f"{COCKPIT}?citizen=7", "http://x.example", {"url": COCKPIT}])
def test_a_malformed_announcement_is_ignored(value):
    metadata = {**ANNOUNCED.to_dict(), COCKPIT_ENDPOINT: value}
    assert ClientMetadata.from_dict(metadata) == METADATA


def test_without_a_cockpit_nothing_is_announced():
    assert COCKPIT_ENDPOINT not in METADATA.to_dict()


def test_the_key_goes_inside_what_is_encrypted():
    _, form = sent(asked(client_metadata=ANNOUNCED))
    assert set(form) == {"response"}
    inside = read_json_object(decrypt_jwe(Jwe.from_compact(form["response"]), RESPONSE_KEY), "x")
    assert inside[COCKPIT_KEY] == JWK
    assert read_response_form(form, response_mode=DIRECT_POST_JWT, key=OPENS).cockpit_key == KEY


def test_the_key_goes_as_a_field_of_a_clear_form():
    _, form = sent(asked_in_clear(client_metadata=ANNOUNCED_IN_CLEAR))
    assert set(form) == {"vp_token", "state", COCKPIT_KEY}
    assert read_response_form(form, response_mode=DIRECT_POST, key=None).cockpit_key == KEY


def test_the_key_goes_in_the_data_of_a_page():
    clear = given(page_asks_in_clear(client_metadata=ANNOUNCED_IN_CLEAR))
    assert clear[COCKPIT_KEY] == JWK
    assert read_answer_data(clear, response_mode=DC_API, key=None) == AuthorizationResponse(PRESENTED, None, KEY)
    encrypted = given(page_asks(client_metadata=ANNOUNCED))
    assert set(encrypted) == {"response"}
    assert read_answer_data(encrypted, response_mode=DC_API_JWT, key=OPENS) == AuthorizationResponse(
        PRESENTED, None, KEY
    )


@pytest.mark.parametrize("request_", [asked(), asked(client_metadata=replace(METADATA, cockpit_endpoint=None))])
def test_other_verifiers_never_see_a_key(request_):
    with pytest.raises(ValueError, match="cockpit"):
        sent(request_)
    with pytest.raises(ValueError, match="cockpit"):
        given(page_asks())
    assert COCKPIT_KEY not in sent(asked_in_clear(), None)[1]


@pytest.mark.parametrize("value", ["", "no JSON", '"key"', '{"kty":"EC"}', "[]"])
def test_a_malformed_key_is_ignored_and_the_answer_counts(value):
    form = {**AuthorizationResponse(PRESENTED, "s").to_form(), COCKPIT_KEY: value}
    assert read_response_form(form, response_mode=DIRECT_POST, key=None) == AuthorizationResponse(PRESENTED, "s")
    data = {**AuthorizationResponse(PRESENTED).to_dict(), COCKPIT_KEY: value}
    assert read_answer_data(data, response_mode=DC_API, key=None) == AuthorizationResponse(PRESENTED)


def test_an_error_has_no_key():
    peer = Peer({RESPONSE_URI: THANKS})
    request = VerifiedRequest(asked(client_metadata=ANNOUNCED), Unauthenticated(HOST))
    run(send_error(request, AccessDenied("no")), peer)
    assert COCKPIT_KEY not in form_of(peer.asked[0])


def test_the_receipt_comes_with_the_verifiers_answer():
    request = asked(client_metadata=ANNOUNCED)
    done = {"redirect_uri": "https://verifier.example/done", "receipt": RECEIPT}
    assert sent(request, response=served(done))[0] == Delivered("https://verifier.example/done", RECEIPT)


def test_and_next_to_an_error_for_what_was_rejected():
    body = encode_json({"error": "invalid_request", "receipt": RECEIPT})
    rejected = HttpResponse(400, (("content-type", "application/json"),), body)
    delivery, _ = sent(asked(client_metadata=ANNOUNCED), response=rejected)
    assert isinstance(delivery, Uncertain)
    assert delivery.receipt == RECEIPT


@pytest.mark.parametrize("body", [b"", b"[]", b'{"receipt":7}', b'{"receipt":"<html>"}'])
@pytest.mark.parametrize("status", [200, 400])
def test_what_is_no_receipt_is_ignored(status, body):
    response = HttpResponse(status, (("content-type", "application/json"),), body)
    assert sent(asked(client_metadata=ANNOUNCED), response=response)[0].receipt is None
