"""One family for everything that a peer can cause, and what of it travels."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import errors
from protocol.errors import (
    MAX_DESCRIPTION,
    Flaw,
    InvalidGrant,
    InvalidProof,
    Malformed,
    NotAuthentic,
    NotBound,
    NotForThisRequest,
    NotTrusted,
    ProtocolError,
    TooLarge,
    Unreachable,
    UseDpopNonce,
    raised_as,
)

FAMILY = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, ProtocolError)]


@pytest.mark.parametrize("kind", FAMILY, ids=lambda kind: kind.__name__)
def test_every_error_has_a_code_and_a_status_of_its_specification(kind):
    assert kind.code.replace("_", "").isalpha()
    assert kind.code == kind.code.lower()
    # a stranger's fault is never a fault of ours
    assert 400 <= kind.status < 500 or kind.status in (502, 503)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("InvalidRequest", "invalid_request"),
        ("InvalidGrant", "invalid_grant"),
        ("InvalidClient", "invalid_client"),
        ("InvalidScope", "invalid_scope"),
        ("UnsupportedGrantType", "unsupported_grant_type"),
        ("UnsupportedResponseType", "unsupported_response_type"),
        ("InvalidAuthorizationDetails", "invalid_authorization_details"),
        ("InvalidRequestUri", "invalid_request_uri"),
        ("InvalidDpopProof", "invalid_dpop_proof"),
        ("UseDpopNonce", "use_dpop_nonce"),
        ("InvalidToken", "invalid_token"),
        ("InsufficientScope", "insufficient_scope"),
        ("InvalidCredentialRequest", "invalid_credential_request"),
        ("UnknownCredentialConfiguration", "unknown_credential_configuration"),
        ("UnknownCredentialIdentifier", "unknown_credential_identifier"),
        ("InvalidProof", "invalid_proof"),
        ("InvalidNonce", "invalid_nonce"),
        ("InvalidEncryptionParameters", "invalid_encryption_parameters"),
        ("CredentialRequestDenied", "credential_request_denied"),
        ("InvalidNotificationId", "invalid_notification_id"),
        ("InvalidNotificationRequest", "invalid_notification_request"),
        ("AccessDenied", "access_denied"),
        ("VpFormatsNotSupported", "vp_formats_not_supported"),
        ("InvalidRequestUriMethod", "invalid_request_uri_method"),
        ("InvalidTransactionData", "invalid_transaction_data"),
    ],
)
def test_an_endpoint_says_the_specifications_own_code(kind, code):
    assert getattr(errors, kind)("no", *["n"] * (kind == "UseDpopNonce")).to_dict() == {
        "error": code,
        "error_description": "no",
    }


def test_a_wrong_shape_names_its_whole_path():
    error = Malformed("offer.grants", "must be an object")
    assert (error.at, error.problem, str(error)) == (
        "offer.grants",
        "must be an object",
        "offer.grants: must be an object",
    )
    assert TooLarge("body", "is large").status == 413


@given(st.text())
def test_what_travels_has_only_the_characters_of_rfc_6749(text):  # §5.2; T235, T249
    said = InvalidGrant(text).to_dict()["error_description"]
    assert len(said) <= MAX_DESCRIPTION
    assert all(" " <= character <= "~" and character not in '"\\' for character in said)


def test_a_flaw_leaves_as_the_endpoints_error_and_keeps_its_words():
    for flaw in (Malformed("x", "is bad"), NotAuthentic("bad"), NotTrusted("bad"), Unreachable("bad")):
        with pytest.raises(InvalidProof) as refusal, raised_as(InvalidProof):
            raise flaw
        assert type(refusal.value) is InvalidProof
        assert refusal.value.description == flaw.description
        assert refusal.value.__cause__ is flaw


def test_what_is_too_large_keeps_its_kind():
    with pytest.raises(TooLarge), raised_as(InvalidProof):
        raise TooLarge("body", "is large")


def test_an_endpoints_error_passes_unchanged():
    error = UseDpopNonce("again", "n-1")
    with pytest.raises(UseDpopNonce) as refusal, raised_as(InvalidProof):
        raise error
    assert refusal.value is error
    assert error.nonce == "n-1"


def test_a_mistake_of_ours_is_no_error_of_a_peer():
    with pytest.raises(ValueError, match="ours"), raised_as(InvalidProof):
        raise ValueError("ours")


def test_nothing_wrong_is_nothing_raised():
    with raised_as(InvalidProof):
        pass


def test_binding_and_purpose_are_matters_of_authenticity():
    assert issubclass(NotBound, NotAuthentic)
    assert issubclass(NotForThisRequest, NotAuthentic)
    assert issubclass(NotAuthentic, Flaw)
