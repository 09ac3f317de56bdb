import pytest

from protocol.errors import Malformed
from protocol.oauth.metadata import AuthorizationServerMetadata, read_identifier, well_known_url
from tests.support.cases import cases

LEAST = {"issuer": "https://login.example", "token_endpoint": "https://login.example/token"}
FULL = AuthorizationServerMetadata(
    issuer="https://agency.example/tenant",
    token_endpoint="https://agency.example/tenant/token",
    authorization_endpoint="https://agency.example/tenant/authorize",
    pushed_authorization_request_endpoint="https://agency.example/tenant/par",
    require_pushed_authorization_requests=True,
    code_challenge_methods_supported=("S256",),
    dpop_signing_alg_values_supported=("ES256", "EdDSA"),
    grant_types_supported=("authorization_code", "refresh_token"),
    scopes_supported=("pid", "diploma"),
    authorization_details_types_supported=("openid_credential",),
    pre_authorized_grant_anonymous_access_supported=True,
    authorization_response_iss_parameter_supported=True,
)


@cases("oauth/server_metadata.json", "refuse")
def test_broken_metadata_is_refused_by_name(case):
    with pytest.raises(Malformed) as refusal:
        AuthorizationServerMetadata.from_dict(case["wire"])
    assert refusal.value.at == case["at"]


@pytest.mark.parametrize("metadata", [FULL, AuthorizationServerMetadata.from_dict(LEAST)], ids=["full", "least"])
def test_metadata_is_read_as_it_was_written(metadata):
    assert AuthorizationServerMetadata.from_dict(metadata.to_dict()) == metadata


def test_what_is_left_out_means_what_the_specifications_say():
    """RFC 8414 §2, RFC 9126 §5, RFC 9207 §3, OID4VCI 1.0 §12.3."""
    read = AuthorizationServerMetadata.from_dict(LEAST)
    assert read.grant_types_supported == ("authorization_code", "implicit")
    assert read.code_challenge_methods_supported == ()
    assert read.authorization_details_types_supported == ()
    assert not read.require_pushed_authorization_requests
    assert not read.authorization_response_iss_parameter_supported
    assert not read.pre_authorized_grant_anonymous_access_supported


def test_an_empty_list_says_nothing():
    names = ("scopes_supported", "grant_types_supported", "dpop_signing_alg_values_supported")
    wire = {**LEAST, **{name: list[str]() for name in (*names, "code_challenge_methods_supported")}}
    read = AuthorizationServerMetadata.from_dict(wire)
    assert read == AuthorizationServerMetadata.from_dict(LEAST)


def test_unknown_members_are_ignored():
    """T141, T205."""
    read = AuthorizationServerMetadata.from_dict({**LEAST, "jwks_uri": 7, "x": None})
    assert read == AuthorizationServerMetadata.from_dict(LEAST)


def test_nothing_is_announced_that_is_not_there():
    """RFC 8414 §3.2: what has no elements is left out."""
    wire = AuthorizationServerMetadata("https://a.example", "https://a.example/token").to_dict()
    assert [] not in wire.values()
    assert None not in wire.values()
    assert "authorization_endpoint" not in wire


@pytest.mark.parametrize(
    ("identifier", "url"),
    [
        ("https://a.example", "https://a.example/.well-known/x"),
        ("https://a.example/", "https://a.example/.well-known/x"),
        ("https://a.example:8443/tenant", "https://a.example:8443/.well-known/x/tenant"),
        ("https://a.example/tenant/b/", "https://a.example/.well-known/x/tenant/b"),
        ("http://agency.localhost:8000", "http://agency.localhost:8000/.well-known/x"),
    ],
)
def test_metadata_stands_between_host_and_path(identifier, url):
    """T139, RFC 8414 §3.1."""
    assert well_known_url(identifier, "x") == url


@pytest.mark.parametrize("identifier", ["https://a.example?", "https://a.example/t?x=1", "https://a.example#f", "a"])
def test_an_identifier_has_no_query_and_no_fragment(identifier):
    with pytest.raises(Malformed) as refusal:
        read_identifier(identifier, "issuer")
    assert refusal.value.at == "issuer"


@pytest.mark.parametrize("identifier", ["https://a.example", "https://a.example/", "https://A.example:443/t"])
def test_an_identifier_is_kept_byte_for_byte(identifier):
    """T139."""
    assert read_identifier(identifier, "issuer") == identifier
