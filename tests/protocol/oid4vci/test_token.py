import pytest

from protocol.errors import Malformed, ProtocolError
from protocol.oid4vci.token import (
    AuthorizationCodeGrant,
    CredentialAuthorization,
    PreAuthorizedCodeGrant,
    RefreshTokenGrant,
    TokenRequest,
    TokenResponse,
)
from tests.support.cases import cases

PRE_AUTHORIZED = "urn:ietf:params:oauth:grant-type:pre-authorized_code"


@cases("oid4vci/token_request.json", "refuse")
def test_a_broken_request_is_refused_with_its_code(case):
    with pytest.raises(ProtocolError) as refusal:
        TokenRequest.from_form(case["form"])
    assert (refusal.value.to_dict()["error"], refusal.value.status) == (case["error"], 400)


@cases("oid4vci/token_request.json", "keep")
def test_a_request_is_written_as_it_was_read(case):
    request = TokenRequest.from_form(case["form"])
    assert request.to_form() == case["form"]
    assert TokenRequest.from_form(request.to_form()) == request


def test_what_peers_send_besides_is_ignored():
    """T141: the transaction code a second time under the draft's name, and the resource."""
    form = {"grant_type": PRE_AUTHORIZED, "pre-authorized_code": "c0de", "tx_code": "1234"}
    more = {**form, "user_pin": "9999", "resource": "https://agency.example", "scope": "pid"}
    assert TokenRequest.from_form(more) == TokenRequest.from_form(form)


def test_a_transaction_code_belongs_to_a_pre_authorized_code_alone():
    """OID4VCI 1.0 §6.1."""
    form = {"grant_type": "refresh_token", "refresh_token": "r", "tx_code": "1234"}
    assert TokenRequest.from_form(form) == TokenRequest(RefreshTokenGrant("r"))


def test_a_transaction_code_is_there_or_not():
    """T109: a code that is missing is told from one that is wrong."""
    form = {"grant_type": PRE_AUTHORIZED, "pre-authorized_code": "c0de"}
    assert TokenRequest.from_form(form).grant == PreAuthorizedCodeGrant("c0de", None)
    assert TokenRequest.from_form({**form, "tx_code": "0"}).grant == PreAuthorizedCodeGrant("c0de", "0")


def test_the_requests_of_the_specification_are_read():
    """OID4VCI 1.0 §6.1, §6.1.1."""
    details = '[{"type": "openid_credential", "credential_configuration_id": "UniversityDegreeCredential"}]'
    pre_authorized = {
        "grant_type": PRE_AUTHORIZED,
        "pre-authorized_code": "SplxlOBeZQQYbYS6WxSbIA",
        "tx_code": "493536",
        "authorization_details": details,
    }
    request = TokenRequest.from_form(pre_authorized)
    assert request.grant == PreAuthorizedCodeGrant("SplxlOBeZQQYbYS6WxSbIA", "493536")
    assert [d.credential_configuration_id for d in request.authorization_details] == ["UniversityDegreeCredential"]
    login = {
        "grant_type": "authorization_code",
        "code": "SplxlOBeZQQYbYS6WxSbIA",
        "code_verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        "redirect_uri": "https://wallet.example.org/cb",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": "eyJhbGciOiJSU...",
    }
    assert TokenRequest.from_form(login).grant == AuthorizationCodeGrant(
        "SplxlOBeZQQYbYS6WxSbIA",
        "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        "https://wallet.example.org/cb",
    )


@cases("oid4vci/token_response.json", "refuse")
def test_a_broken_answer_is_refused_by_name(case):
    with pytest.raises(Malformed) as refusal:
        TokenResponse.from_dict(case["wire"])
    assert refusal.value.at == case["at"]


@cases("oid4vci/token_response.json", "keep")
def test_an_answer_is_written_as_it_was_read(case):
    response = TokenResponse.from_dict(case["wire"])
    assert response.to_dict() == case["wire"]
    assert TokenResponse.from_dict(response.to_dict()) == response


def test_the_answer_of_the_specification_is_read():
    """OID4VCI 1.0 §6.2."""
    wire = {
        "access_token": "eyJhbGciOiJSUzI1NiIsInR5cCI6Ikp..sHQ",
        "token_type": "Bearer",
        "expires_in": 86400,
        "authorization_details": [
            {
                "type": "openid_credential",
                "credential_configuration_id": "UniversityDegreeCredential",
                "credential_identifiers": ["CivilEngineeringDegree-2023", "ElectricalEngineeringDegree-2023"],
            }
        ],
    }
    assert TokenResponse.from_dict(wire).to_dict() == wire


@pytest.mark.parametrize("spelled", ["DPoP", "dpop", "DPOP"])
def test_the_token_type_has_no_case(spelled):
    """T153, RFC 6749 §5.1."""
    assert TokenResponse.from_dict({"access_token": "t", "token_type": spelled}).token_type == "DPoP"


def test_what_peers_answer_besides_is_ignored():
    """T141: a c_nonce of a draft, details of other types, members of details that we do not know."""
    detail = {"type": "openid_credential", "credential_configuration_id": "pid", "credential_identifiers": ["a"]}
    wire = {
        "access_token": "t",
        "token_type": "DPoP",
        "c_nonce": "n",
        "scope": ["pid"],
        "authorization_details": [{**detail, "locations": ["x"], "claims": 7}, {"type": "payment"}],
    }
    assert TokenResponse.from_dict(wire) == TokenResponse(
        "t", "DPoP", authorization_details=(CredentialAuthorization("pid", ("a",)),)
    )


def test_what_a_bound_token_is_answered_with():
    """T115: the type, the lifetime, and the identifiers where the wallet asked with details."""
    details = (CredentialAuthorization("pid", ("pid-1",)),)
    assert TokenResponse("t0ken", "DPoP", 600, "r3fresh", details).to_dict() == {
        "access_token": "t0ken",
        "token_type": "DPoP",
        "expires_in": 600,
        "refresh_token": "r3fresh",
        "authorization_details": [
            {"type": "openid_credential", "credential_configuration_id": "pid", "credential_identifiers": ["pid-1"]}
        ],
    }


@pytest.mark.parametrize(
    "secret",
    [
        TokenResponse("s3cret", "DPoP", 600, "s3cret"),
        TokenRequest(PreAuthorizedCodeGrant("s3cret", "s3cret")),
        TokenRequest(AuthorizationCodeGrant("s3cret", "s3cret", None)),
        TokenRequest(RefreshTokenGrant("s3cret")),
    ],
    ids=["tokens", "pre-authorized code", "code", "refresh token"],
)
def test_secrets_are_never_shown(secret):
    """T258, T264."""
    assert "s3cret" not in repr(secret)
