import json
from urllib.parse import parse_qsl, urlsplit

import pytest

from protocol.errors import InvalidAuthorizationDetails, InvalidRequest, ProtocolError
from protocol.oauth.authorization import (
    AuthorizationRequest,
    AuthorizationResponse,
    CredentialDetail,
    encode_details,
    read_details,
)
from tests.support.cases import cases
from tests.support.vectors import vector_files

ISSUER = "https://agency.example"
CALLBACK = "https://wallet.example/cb"
FORM = {
    "response_type": "code",
    "client_id": "wallet",
    "redirect_uri": CALLBACK,
    "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    "code_challenge_method": "S256",
}


@cases("oauth/authorization_request.json", "refuse")
def test_a_broken_request_is_refused_with_its_code(case):
    with pytest.raises(ProtocolError) as refusal:
        AuthorizationRequest.from_form(case["form"])
    assert refusal.value.to_dict()["error"] == case["error"]
    assert refusal.value.status == 400


@cases("oauth/authorization_request.json", "keep")
def test_a_request_is_written_as_it_was_read(case):
    request = AuthorizationRequest.from_form(case["form"])
    assert request.to_form() == case["form"]
    assert AuthorizationRequest.from_form(request.to_form()) == request


def test_what_peers_send_besides_is_ignored():
    """T141: unknown fields change nothing."""
    assert AuthorizationRequest.from_form({**FORM, "wallet_issuer": "x", "prompt": "login", "user_hint": "y"}) == (
        AuthorizationRequest.from_form(FORM)
    )


def test_a_peer_may_say_which_resource_it_means():
    assert AuthorizationRequest.from_form({**FORM, "resource": ISSUER}).resource == ISSUER


@pytest.mark.parametrize("file", vector_files("openid4vci/examples-1.0/authorization_details*.json"))
def test_the_details_of_the_specification_are_read(file):
    wire = json.loads(file.read_bytes())
    details = read_details(file.read_text(), "authorization_details")
    # `claims` is not kept: a credential is issued whole
    assert [detail.to_dict() for detail in details] == [
        {name: value for name, value in detail.items() if name != "claims"} for detail in wire
    ]
    assert read_details(encode_details(details), "authorization_details") == details


@pytest.mark.parametrize("file", vector_files("haip/examples-1.0/authorization_details_sd_jwt_vc.json"))
def test_details_of_a_draft_are_refused(file):
    with pytest.raises(InvalidAuthorizationDetails):
        read_details(file.read_text(), "authorization_details")


def test_a_detail_says_for_whom_it_is():
    detail = CredentialDetail("pid", locations=(ISSUER,))
    assert detail.to_dict() == {
        "type": "openid_credential",
        "locations": [ISSUER],
        "credential_configuration_id": "pid",
    }


@cases("oauth/authorization_response.json", "refuse")
def test_an_answer_of_somebody_else_is_refused(case):
    """T149."""
    with pytest.raises(InvalidRequest):
        AuthorizationResponse.from_redirect(case["url"], issuer=ISSUER, state="st4te")


def test_a_url_of_half_characters_stays_in_the_family():
    with pytest.raises(InvalidRequest):
        AuthorizationResponse.from_redirect(f"{CALLBACK}?code=c&state=\ud800&iss={ISSUER}", issuer=ISSUER, state="s")


@pytest.mark.parametrize("state", ["st4te", "a b", "ä&=?#%+~", "\x7f", "x" * 1024])
def test_the_answer_says_who_answers_and_returns_the_state_byte_for_byte(state):
    """T099."""
    url = AuthorizationResponse(ISSUER, state, code="c0de").redirect(CALLBACK)
    pairs = parse_qsl(urlsplit(url).query, strict_parsing=True)
    assert pairs == [("code", "c0de"), ("state", state), ("iss", ISSUER)]
    assert AuthorizationResponse.from_redirect(url, issuer=ISSUER, state=state).code == "c0de"


def test_an_error_says_who_answers_too():
    """T099, RFC 9207 §2."""
    url = AuthorizationResponse(ISSUER, "st4te", error="access_denied").redirect(CALLBACK)
    answer = AuthorizationResponse.from_redirect(url, issuer=ISSUER, state="st4te")
    assert (answer.code, answer.error) == (None, "access_denied")


def test_no_state_comes_back_when_none_was_sent():
    assert "state" not in AuthorizationResponse(ISSUER, None, code="c").redirect(CALLBACK)


def test_the_query_of_the_redirect_address_stays():
    url = AuthorizationResponse(ISSUER, "s", code="c").redirect(f"{CALLBACK}?a=b")
    assert url.startswith(f"{CALLBACK}?a=b&code=c&")


def test_unknown_parameters_of_the_answer_are_ignored():
    url = AuthorizationResponse(ISSUER, "s", code="c").redirect(CALLBACK) + "&session_state=x"
    assert AuthorizationResponse.from_redirect(url, issuer=ISSUER, state="s").code == "c"


def test_a_code_is_never_shown():
    """T258."""
    assert "c0de" not in repr(AuthorizationResponse(ISSUER, "s", code="c0de"))
