import json

import pytest
from jsonschema import Draft202012Validator

from protocol.encoding import read_json
from protocol.errors import InvalidCredentialRequest, InvalidEncryptionParameters, Malformed, ProtocolError
from protocol.oid4vci.credential import CredentialRequest, CredentialResponse, DeferredIssuance
from protocol.oid4vci.encryption import EncryptionKey, WantedEncryption
from protocol.sdjwt.token import SdJwt
from tests.protocol.oid4vci.samples import PKI
from tests.support.cases import cases
from tests.support.vectors import read_vector, vector_files, vectors

# Credentials of later formats: an object, and parts of tokens that were printed over several lines
LATER = {"credential_response_ldp_vc.txt"}


@cases("oid4vci/credential_request.json", "refuse")
def test_a_broken_request_is_refused_with_its_code(case):
    with pytest.raises(ProtocolError) as refusal:
        CredentialRequest.from_dict(case["wire"])
    assert (refusal.value.to_dict()["error"], refusal.value.status) == (case["error"], 400)


@cases("oid4vci/credential_request.json", "keep")
def test_a_request_is_written_as_it_was_read(case):
    request = CredentialRequest.from_dict(case["wire"])
    assert request.to_dict() == case["wire"]
    assert CredentialRequest.from_dict(request.to_dict()) == request


@cases("oid4vci/credential_request.json", "keep")
def test_what_we_ask_fits_the_conformance_suite(case):
    schema = read_vector("openid-conformance-suite/schemas/oid4vci-credential_request-1_0.json")
    Draft202012Validator(schema).validate(CredentialRequest.from_dict(case["wire"]).to_dict())


def test_a_request_without_proofs_is_told_from_one_with_broken_ones():
    """T120: whether a proof is needed, the issuer decides by the configuration."""
    assert CredentialRequest.from_dict({"credential_configuration_id": "pid"}).proofs == ()


def test_a_request_says_how_its_response_is_to_be_encrypted():
    wanted = WantedEncryption(EncryptionKey(PKI.public_key, "1"), "A128GCM")
    request = CredentialRequest("pid", None, ("a.b.c",), wanted)
    assert CredentialRequest.from_dict(request.to_dict()) == request
    bad: list[object] = [[], {"enc": "A128GCM"}, {**wanted.to_dict(), "zip": "DEF"}]
    for broken in bad:
        with pytest.raises(InvalidEncryptionParameters):
            CredentialRequest.from_dict({**request.to_dict(), "credential_response_encryption": broken})


def test_unknown_members_are_ignored():
    """T141."""
    wire = {"credential_configuration_id": "pid", "proofs": {"jwt": ["a.b.c"]}, "issuer_state": 7, "vct": "x"}
    assert CredentialRequest.from_dict({**wire, "credential_response_encryption": None}) == CredentialRequest(
        "pid", None, ("a.b.c",)
    )


@pytest.mark.parametrize("file", vector_files("openid4vci/examples-1.0/credential_request_*.json"))
def test_the_request_by_format_that_is_left_in_the_examples_is_refused(file):
    """T127: the text of the specification knows no request by format any more."""
    with pytest.raises(InvalidCredentialRequest):
        CredentialRequest.from_dict(json.loads(file.read_bytes()))


@pytest.mark.parametrize("file", vector_files("haip/examples-1.0/credential_request_sd_jwt_vc.json"))
def test_the_request_of_a_draft_is_refused(file):
    """T127: by format, and with a single proof."""
    with pytest.raises(Malformed, match="not JSON"):
        read_json(file.read_bytes(), "credential_request")
    with pytest.raises(InvalidCredentialRequest):
        CredentialRequest.from_dict(read_json(b"".join(file.read_bytes().split()), "credential_request"))


@cases("oid4vci/credential_response.json", "refuse")
def test_a_broken_answer_is_refused_by_name(case):
    with pytest.raises(Malformed) as refusal:
        CredentialResponse.from_dict(case["wire"])
    assert refusal.value.at == case["at"]


@cases("oid4vci/credential_response.json", "keep")
def test_an_answer_is_written_as_it_was_read(case):
    response = CredentialResponse.from_dict(case["wire"])
    assert response.to_dict() == case["wire"]
    assert CredentialResponse.from_dict(response.to_dict()) == response


def example(file):
    """The body of a printed answer; its lines are broken for display only."""
    _, _, body = file.read_text().strip().partition("{")
    return read_json("".join(line.strip() for line in ("{" + body).splitlines()).encode(), "example")


@pytest.mark.parametrize("file", vector_files("openid4vci/examples-1.0/credential_response_*.txt"))
def test_the_answers_of_the_specification_are_read(file):
    wire = example(file)
    if file.name in LATER:
        with pytest.raises(Malformed) as refusal:
            CredentialResponse.from_dict(wire)
        assert refusal.value.at == "credential_response.credentials[0].credential"
    else:
        assert CredentialResponse.from_dict(wire).to_dict() == wire


def test_the_credential_in_the_specification_s_answer_is_one():
    (credential,) = CredentialResponse.from_dict(
        example(vectors("openid4vci/examples-1.0/credential_response_sd_jwt_vc.txt"))
    ).credentials
    token = SdJwt.from_text(credential, "credential")
    assert len(token.disclosures) == 9
    assert token.jws.header.typ == "dc+sd-jwt"


@pytest.mark.parametrize(
    ("interval", "wait"),
    [
        (0, 5),
        (-1, 5),
        (-(10**12), 5),
        (4.9, 5),
        (5, 5),
        (60, 60),
        (60.9, 60),
        (3600, 3600),
        (10**9, 3600),
        (1e300, 3600),
        (float("nan"), 3600),
    ],
)
def test_a_wait_is_never_too_short_and_never_too_long(interval, wait):
    """T155."""
    deferred = DeferredIssuance.from_dict({"transaction_id": "8xLOxBtZp8", "interval": interval})
    assert deferred == DeferredIssuance("8xLOxBtZp8", wait)


@pytest.mark.parametrize(
    ("wire", "at"),
    [
        ({"interval": 5}, "transaction_id"),
        ({"transaction_id": 7, "interval": 5}, "transaction_id"),
        ({"transaction_id": "x" * 1025, "interval": 5}, "transaction_id"),
        ({"transaction_id": "t"}, "interval"),
        ({"transaction_id": "t", "interval": "5"}, "interval"),
        ({"transaction_id": "t", "interval": True}, "interval"),
        ({"transaction_id": "t", "interval": [5]}, "interval"),
    ],
)
def test_a_broken_delay_is_refused_by_name(wire, at):
    """T155."""
    with pytest.raises(Malformed) as refusal:
        DeferredIssuance.from_dict(wire)
    assert refusal.value.at == f"credential_response.{at}"


def test_credentials_and_proofs_are_never_shown():
    """T258, T264."""
    assert "s3cret" not in repr(CredentialResponse(("s3cret",)))
    assert "s3cret" not in repr(CredentialRequest("pid", None, ("s3cret",)))
