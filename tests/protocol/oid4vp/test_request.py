"""The authorization request: what is asked, where the answer goes, and what it can be encrypted to."""

import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.dcql.query import DcqlQuery
from protocol.errors import InvalidRequest, Malformed, ProtocolError
from protocol.oid4vp.request import (
    DEFAULT_ENC,
    DIRECT_POST,
    MAX_NONCE,
    AuthorizationRequest,
    ClientMetadata,
    EncryptionKey,
    VerifierInfo,
)
from tests.protocol.oid4vp.samples import (
    HASH,
    METADATA,
    NONCE,
    QUERY,
    RESPONSE_KEY,
    RESPONSE_URI,
    STRANGER,
    UNSIGNED,
    asked,
    asked_in_clear,
)
from tests.support.cases import cases
from tests.support.vectors import read_vector, vector_files, vectors

WIRE = asked().to_dict()
UNBOUND = {"credentials": [{**QUERY["credentials"][0], "require_cryptographic_holder_binding": False}]}
JWK = METADATA.encryption_keys[0].to_jwk()


def read(**changes):
    """A request with changes; a member that is `...` is left out."""
    return AuthorizationRequest.from_dict({k: v for k, v in {**WIRE, **changes}.items() if v is not ...})


@pytest.mark.parametrize(
    "request_",
    [
        asked(),
        asked(HASH, state=None),
        asked_in_clear(UNSIGNED),
        asked(
            verifier_info=(
                VerifierInfo("registration_cert", "eyJ.e.s"),
                VerifierInfo("other", {"policy": ["a"]}, ("pid",)),
            ),
            transaction_data=("eyJ0eXBlIjoieCJ9", "e30"),
            wallet_nonce="qPmxiNFCR3QTm19POc8u",
        ),
        asked(dcql_query=DcqlQuery.from_dict(UNBOUND)),
        asked(client_metadata=ClientMetadata(METADATA.encryption_keys, ("A256GCM",), {"dc+sd-jwt": {}})),
    ],
    ids=["usual", "without state", "unsigned", "everything", "unbound", "formats"],
)
def test_a_request_comes_back_as_it_was_written(request_):
    assert AuthorizationRequest.from_dict(json.loads(json.dumps(request_.to_dict()))) == request_


def test_a_request_says_what_the_specification_wants():
    assert asked().to_dict() == {
        "response_type": "vp_token",
        "response_mode": "direct_post.jwt",
        "client_id": "x509_san_dns:verifier.example",
        "response_uri": RESPONSE_URI,
        "nonce": NONCE,
        "dcql_query": QUERY,
        "state": asked().state,
        "client_metadata": {
            "jwks": {"keys": [{**RESPONSE_KEY.public_key.to_jwk(), "kid": "k1", "use": "enc", "alg": "ECDH-ES"}]},
            "encrypted_response_enc_values_supported": ["A128GCM", "A256GCM"],
        },
    }


@cases("oid4vp/request.json", "refuse")
def test_a_broken_request_is_refused_by_name(case):
    with pytest.raises(Malformed) as refusal:
        read(**{**case["members"], **dict.fromkeys(case.get("without", ()), ...)})
    assert refusal.value.at == case["at"]


@cases("oid4vp/request.json", "keep")
def test_what_need_not_be_refused_is_read(case):
    read(**{**case["members"], **dict.fromkeys(case.get("without", ()), ...)})


def test_a_place_that_does_not_belong_to_the_client_is_refused():
    """T163."""
    with pytest.raises(InvalidRequest, match="response_uri"):
        read(response_uri="https://attacker.example/responses/1")


def test_unknown_members_are_ignored():
    """T205; §5: `iss` has to be ignored too."""
    assert read(iss="https://somebody.example", client_id_scheme="x", presentation_definition={}, x=[1]) == asked()


@pytest.mark.parametrize("name", ["nonce", "state"])
def test_nonce_and_state_have_a_cap_and_an_alphabet(name):
    """T161."""
    longest = ("Az09._~-" * 128)[:MAX_NONCE]
    assert getattr(read(**{name: longest}), name) == longest
    with pytest.raises(Malformed):
        read(**{name: longest + "a"})


def test_an_unbound_credential_needs_a_state():
    """§5.3: without a holder's proof, state alone ties the answer to the request."""
    assert read(dcql_query=UNBOUND).state == asked().state
    with pytest.raises(Malformed) as refusal:
        read(dcql_query=UNBOUND, state=...)
    assert refusal.value.at == "request.state"


def test_the_host_of_the_answer_can_be_shown():
    assert asked().response_host == "verifier.example"


# What our own verifier may send


@pytest.mark.parametrize(
    "ours",
    [
        pytest.param(asked(nonce="n" * 21), id="T191 a nonce of less than 128 bits"),
        pytest.param(asked(nonce=""), id="T191 no nonce"),
        pytest.param(
            asked(dcql_query=DcqlQuery.from_dict(UNBOUND), state="s" * 21), id="T191 a state that is too short"
        ),
        pytest.param(asked(dcql_query=DcqlQuery.from_dict(UNBOUND), state=None), id="no state where it is needed"),
        pytest.param(asked(client_metadata=None), id="T165 encryption without a key"),
        pytest.param(asked(client_metadata=ClientMetadata()), id="T165 encryption with no key"),
    ],
)
def test_a_request_of_ours_that_would_not_be_safe_is_our_mistake(ours):
    with pytest.raises(ValueError, match=r"128 bits|key"):
        ours.check_sendable()


def test_a_safe_request_of_ours_may_be_sent():
    for ours in (
        asked(nonce="n" * 22),
        asked(state=None),
        asked_in_clear(),
        asked(dcql_query=DcqlQuery.from_dict(UNBOUND), state="s" * 22),
    ):
        ours.check_sendable()


# Encryption of the answer


def test_a_clear_answer_has_no_encryption():
    assert asked_in_clear().choose_encryption() is None
    # keys beside `direct_post` ask for nothing
    assert asked_in_clear(client_metadata=METADATA).choose_encryption() is None


@pytest.mark.parametrize(
    ("encs", "chosen"),
    [
        (["A128GCM", "A256GCM"], "A256GCM"),
        (["A256GCM"], "A256GCM"),
        (["A128CBC-HS256", "A128GCM"], "A128GCM"),
        (None, "A128GCM"),
    ],
)
def test_the_strongest_encryption_that_the_verifier_reads_is_used(encs, chosen):
    metadata = {"jwks": {"keys": [JWK]}, "encrypted_response_enc_values_supported": encs}
    key, enc = read(client_metadata=metadata).choose_encryption()
    assert (key, enc) == (METADATA.encryption_keys[0], chosen)
    assert DEFAULT_ENC == "A128GCM"


@pytest.mark.parametrize(
    "metadata",
    [
        pytest.param(..., id="T165 no metadata"),
        pytest.param({}, id="T165 no keys"),
        pytest.param({"jwks": {}}, id="T165 a key set of nothing"),
        pytest.param({"jwks": {"keys": [{**JWK, "use": "sig"}]}}, id="T165 a key for signatures"),
        pytest.param(
            {"jwks": {"keys": [JWK]}, "encrypted_response_enc_values_supported": ["A128CBC-HS256"]},
            id="T165 disallowed enc",
        ),
    ],
)
def test_an_answer_that_cannot_be_encrypted_is_not_sent_in_clear(metadata):
    with pytest.raises(InvalidRequest):
        read(client_metadata=metadata).choose_encryption()


@cases("oid4vp/request.json", "unusable_keys")
def test_a_good_key_is_used_among_others(case):
    """T165."""
    metadata = ClientMetadata.from_dict({"jwks": {"keys": [{**JWK, **case["jwk"]}, {**JWK, "kid": "good"}]}})
    assert metadata.encryption_keys == (EncryptionKey("good", RESPONSE_KEY.public_key),)


def test_a_key_without_a_use_is_for_encryption():
    """§5.1."""
    jwk = {name: value for name, value in JWK.items() if name != "use"}
    assert ClientMetadata.from_dict({"jwks": {"keys": [jwk]}}).encryption_keys == METADATA.encryption_keys


@pytest.mark.parametrize("missing", ["kid", "alg"])
def test_a_key_needs_its_name_and_its_algorithm(missing):
    """§5.1, §8.3."""
    jwk = {name: value for name, value in JWK.items() if name != missing}
    assert ClientMetadata.from_dict({"jwks": {"keys": [jwk]}}).encryption_keys == ()


def test_the_first_usable_key_is_taken():
    other = {**STRANGER.public_key.to_jwk(), "kid": "other", "use": "enc", "alg": "ECDH-ES"}
    key, _ = ClientMetadata.from_dict({"jwks": {"keys": [JWK, other]}}).choose_encryption()
    assert key.kid == "k1"


def test_the_keys_of_the_specification_are_read():
    """§8.3: of four keys, one is on P-256."""
    case = read_vector("openid4vp/encrypted-response.json")
    jwk = {name: value for name, value in case["private_jwk"].items() if name != "d"}
    okp = {"kty": "OKP", "kid": "jc", "use": "enc", "crv": "X25519", "alg": "ECDH-ES", "x": "WPX7wnwq10hFNK9aDSyG1QlL"}
    metadata = ClientMetadata.from_dict(
        {"jwks": {"keys": [okp, jwk]}, "encrypted_response_enc_values_supported": ["A128GCM", "A128CBC-HS256"]}
    )
    key, enc = metadata.choose_encryption()
    assert (key.kid, enc) == ("ac", "A128GCM")


# Published examples


@pytest.mark.parametrize("file", vector_files("openid4vp/examples-1.0/client_metadata/*.json"))
def test_the_metadata_of_the_specification_is_read_and_written(file):
    wire = json.loads(file.read_bytes())
    metadata = ClientMetadata.from_dict(wire)
    assert metadata.to_dict() == wire
    assert metadata.vp_formats == wire["vp_formats_supported"]


def test_the_metadata_of_an_old_draft_says_nothing():
    """The example of HAIP was never brought up to the final text."""
    wire = read_vector("haip/examples-1.0/client_metadata_sd_jwt_vc.json")
    assert ClientMetadata.from_dict(wire) == ClientMetadata()


def example(path):
    """A request of the specification, with a query where the example has an ellipsis."""
    text = vectors(path).read_text()
    for ellipsis in ("{ ... }", "{...}"):
        text = text.replace(ellipsis, json.dumps(QUERY))
    return json.loads(text)


def test_the_request_of_the_specification_that_wants_a_redirect_is_refused():
    """Its response mode is the default, fragment, which we do not speak."""
    wire = example("openid4vp/examples-1.0/request/request_object_client_id_did.json")
    with pytest.raises(ProtocolError):
        AuthorizationRequest.from_dict(wire)
    posted = {**wire, "response_mode": DIRECT_POST, "response_uri": wire["redirect_uri"]}
    with pytest.raises(Malformed) as refusal:  # T162
        AuthorizationRequest.from_dict(posted)
    assert refusal.value.at == "request.redirect_uri"
    del posted["redirect_uri"]
    read_request = AuthorizationRequest.from_dict(posted)
    assert str(read_request.client_id) == "decentralized_identifier:did:example:123"
    assert read_request.to_dict() == posted


@pytest.mark.parametrize("file", vector_files("openid4vp/examples-1.0/digital_credentials_api/signed_*.json"))
def test_requests_for_the_browser_are_none_for_us(file):
    """T167: without the browser's word for the origin there is nothing to hold `expected_origins` against."""
    wire = example(f"openid4vp/examples-1.0/digital_credentials_api/{file.name}")
    with pytest.raises(ProtocolError):
        AuthorizationRequest.from_dict({"client_id": "x509_san_dns:rp.example.com", **wire})
    with pytest.raises(Malformed) as refusal:
        read(response_mode=wire["response_mode"])
    assert refusal.value.at == "request.response_mode"


@pytest.mark.parametrize("file", vector_files("openid4vp/examples-1.0/request/dcql_*.json"))
def test_requests_for_other_formats_are_read(file):
    """T204: whether anything answers them is another question."""
    wire = json.loads(file.read_bytes())
    assert read(dcql_query=wire).dcql_query.to_dict() == wire


SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from([*map(str, WIRE.values())])
JSON = st.recursive(SCALARS, lambda v: st.lists(v, max_size=3) | st.dictionaries(st.sampled_from([*WIRE, "keys"]), v))


@settings(max_examples=100)
@given(JSON, st.dictionaries(st.sampled_from([*WIRE, "verifier_info", "transaction_data", "scope"]), JSON))
def test_no_input_escapes_the_error_family(value, changes):
    for reader in (AuthorizationRequest.from_dict, ClientMetadata.from_dict):
        with contextlib.suppress(ProtocolError):
            reader(value)
    with contextlib.suppress(ProtocolError):
        request = read(**changes)
        assert AuthorizationRequest.from_dict(request.to_dict()) == request
        request.choose_encryption()
