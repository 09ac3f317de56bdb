import json
from dataclasses import replace

import pytest
from jsonschema import Draft202012Validator

from protocol.errors import Malformed, NotAuthentic
from protocol.oid4vci.encryption import EncryptionKey, RequestEncryption, ResponseEncryption
from protocol.oid4vci.key_attestation import KeyRequirements
from protocol.oid4vci.metadata import (
    CredentialConfiguration,
    CredentialIssuerMetadata,
    Display,
    check_metadata,
    choose_display,
)
from tests.protocol.oid4vci.samples import ISSUER, METADATA, PID, PKI
from tests.support.cases import cases
from tests.support.vectors import read_vector, vector_files

WIRE = METADATA.to_dict()
ENCRYPTION = {
    "credential_request_encryption": RequestEncryption((EncryptionKey(PKI.public_key, "1"),)).to_dict(),
    "credential_response_encryption": ResponseEncryption().to_dict(),
}


def with_configuration(**members):
    """Our metadata, with some members of its one configuration replaced."""
    return {**WIRE, "credential_configurations_supported": {"pid": {**PID.to_dict(), **members}}}


def read_pid(**members):
    return CredentialIssuerMetadata.from_dict(with_configuration(**members)).configurations["pid"]


@cases("oid4vci/metadata.json", "refuse")
def test_broken_metadata_is_refused_by_name(case):
    with pytest.raises(Malformed) as refusal:
        CredentialIssuerMetadata.from_dict(case["wire"])
    assert refusal.value.at == case["at"]


@cases("oid4vci/metadata.json", "keep")
def test_metadata_is_written_as_it_was_read(case):
    metadata = CredentialIssuerMetadata.from_dict(case["wire"])
    assert metadata.to_dict() == case["wire"]
    assert CredentialIssuerMetadata.from_dict(metadata.to_dict()) == metadata


def test_metadata_is_read_as_it_was_written():
    assert CredentialIssuerMetadata.from_dict(WIRE) == METADATA


def test_what_we_announce_fits_the_conformance_suite():
    schema = read_vector("openid-conformance-suite/schemas/oid4vci-credential_issuer_metadata-1_0.json")
    Draft202012Validator(schema).validate(WIRE)
    Draft202012Validator(schema).validate(CredentialIssuerMetadata(ISSUER, f"{ISSUER}/credential").to_dict())


def test_peers_see_that_we_speak_1_0():
    """They recognise it by `credential_metadata`, and take a `display` or `claims` beside it for an old draft."""
    for configuration in (PID, replace(PID, display=(), claims=())):
        wire = configuration.to_dict()
        assert "credential_metadata" in wire
        assert not {"display", "claims"} & set(wire)


def test_the_metadata_of_the_specification_is_read():
    wire = read_vector("openid4vci/examples-1.0/credential_issuer_metadata_sd_jwt_long.json")
    metadata = CredentialIssuerMetadata.from_dict(wire)
    configuration = metadata.configurations["SD_JWT_VC_example_in_OpenID4VCI"]
    assert metadata.encryption_required
    assert metadata.batch_size == 10
    assert metadata.authorization_servers == ("https://server.example.com",)
    assert [d.name for d in metadata.display] == ["Example University", "Example Université"]
    assert configuration.key_attestations_required.key_storage == ("iso_18045_moderate",)
    assert configuration.bound
    assert [claim.path for claim in configuration.claims][:2] == [("given_name",), ("family_name",)]
    assert CredentialIssuerMetadata.from_dict(metadata.to_dict()) == metadata


@pytest.mark.parametrize("file", vector_files("openid4vci/examples-1.0/credential_metadata_*.json"))
def test_the_configurations_of_the_specification_are_read(file):
    (wire,) = json.loads(file.read_bytes())["credential_configurations_supported"].values()
    configuration = read_pid_of(wire)
    assert configuration.format == wire["format"]
    # W3C formats describe their type in another way, which belongs to a later version
    assert configuration.type == wire.get("vct", wire.get("doctype"))
    assert list(configuration.signing_algorithms) == wire["credential_signing_alg_values_supported"]
    assert len(configuration.claims) == len(wire["credential_metadata"]["claims"])
    assert read_pid_of(configuration.to_dict()) == configuration


def read_pid_of(wire):
    metadata = {**WIRE, "credential_configurations_supported": {"pid": wire}}
    return CredentialIssuerMetadata.from_dict(metadata).configurations["pid"]


@pytest.mark.parametrize("file", vector_files("haip/examples-1.0/credential_metadata_sd_jwt_vc.json"))
def test_a_draft_configuration_is_nothing_that_we_know(file):
    assert read_pid_of(json.loads(file.read_bytes())).type is None


def test_unknown_members_are_ignored():
    """T141, T205."""
    jwt = {"proof_signing_alg_values_supported": ["ES256"], "x": 1}
    wire = with_configuration(order=7, proof_types_supported={"jwt": jwt, "cwt": {}})
    assert CredentialIssuerMetadata.from_dict({**wire, "signed_metadata": 7, "x": [{}]}) == METADATA


@pytest.mark.parametrize("required", [{}, {"key_storage": ["iso_18045_high"]}])
def test_an_empty_object_asks_for_a_key_attestation(required):
    jwt = {"proof_signing_alg_values_supported": ["ES256"], "key_attestations_required": required}
    configuration = read_pid(proof_types_supported={"jwt": jwt})
    assert configuration.key_attestations_required.to_dict() == required
    assert PID.key_attestations_required is None
    assert read_pid_of(configuration.to_dict()) == configuration


def test_a_credential_that_is_bound_to_nobody_needs_no_proof():
    configuration = replace(PID, binding_methods=(), proof_algorithms=())
    assert not configuration.bound
    assert "proof_types_supported" not in configuration.to_dict()
    assert read_pid_of(configuration.to_dict()) == configuration


@pytest.mark.parametrize("without", ["cryptographic_binding_methods_supported", "proof_types_supported"])
def test_either_sign_of_binding_is_enough(without):
    """A proof too many is refused, and one too few gives a credential that anybody can show."""
    assert read_pid(**{without: None}).bound


@pytest.mark.parametrize("name", ["credential_request_encryption", "credential_response_encryption"])
def test_an_issuer_that_insists_on_encryption_is_seen(name):
    for required in (True, False):
        found = CredentialIssuerMetadata.from_dict(
            {**WIRE, name: {**ENCRYPTION[name], "encryption_required": required}}
        )
        assert found.encryption_required is required
        assert CredentialIssuerMetadata.from_dict(found.to_dict()) == found


def test_an_attestation_can_be_the_proof():
    """OpenID4VCI 1.0 App. F.3, TS3 1.5 §2.2.2.2: both types, each with what it asks for."""
    required = KeyRequirements(("iso_18045_high",))
    both = replace(PID, attestation_algorithms=("ES256",), key_attestations_required=required)
    types = both.to_dict()["proof_types_supported"]
    assert types["jwt"] == types["attestation"]
    assert types["jwt"]["key_attestations_required"] == {"key_storage": ["iso_18045_high"]}
    alone = replace(both, binding_methods=(), proof_algorithms=())
    for configuration in (both, alone):
        assert configuration.bound
        assert read_pid_of(configuration.to_dict()) == configuration


@pytest.mark.parametrize(
    "display",
    [
        {"locale": "en"},
        {"name": ""},
        {"name": None, "logo": {"uri": "https://agency.example/logo.png"}},
    ],
)
def test_what_has_no_name_is_left_out(display):
    """For issuers and claims it is optional (OID4VCI 1.0 §12.2.4, App. B.2)."""
    shown = {"display": [display, {"name": "Person"}], "claims": [{"path": ["a"], "display": [display]}]}
    configuration = read_pid(credential_metadata=shown)
    assert configuration.display == (Display("Person"),)
    assert configuration.claims[0].display == ()
    assert CredentialIssuerMetadata.from_dict({**WIRE, "display": [display]}).display == ()


def test_empty_lists_and_texts_to_show_say_nothing():
    shown = {"display": [{"name": "Person", "description": "", "logo": {"uri": "", "alt_text": "x"}}], "claims": []}
    configuration = read_pid(credential_metadata=shown)
    assert (configuration.display, configuration.claims) == ((Display("Person"),), ())
    assert CredentialIssuerMetadata.from_dict({**WIRE, "display": []}).display == ()


@pytest.mark.parametrize("logo", [{"uri": "data:image/png;base64," + "A" * 70_000}, {"uri": 7}, {"alt_text": "a bear"}])
def test_a_picture_that_is_too_large_or_none_is_left_out(logo):
    """T152: the rest is shown."""
    configuration = read_pid(credential_metadata={"display": [{"name": "Person", "logo": logo}]})
    assert configuration.display == (Display("Person"),)


def test_501_configurations_are_refused():
    many = {str(number): PID.to_dict() for number in range(501)}
    with pytest.raises(Malformed, match="at most 500"):
        CredentialIssuerMetadata.from_dict({**WIRE, "credential_configurations_supported": many})


@pytest.mark.parametrize("identifier", [f"{ISSUER}/", "https://AGENCY.example", "https://agency.example:443", ""])
def test_metadata_of_another_issuer_is_refused(identifier):
    """T139, T148: compared byte for byte."""
    assert check_metadata(METADATA, ISSUER) is METADATA
    with pytest.raises(NotAuthentic):
        check_metadata(METADATA, identifier)


@pytest.mark.parametrize(
    ("language", "name"), [("en", "Person"), ("de", "Ausweis"), ("DE-AT", "Ausweis"), ("fr", "Person")]
)
def test_the_display_in_the_reader_s_language_is_chosen(language, name):
    chosen = choose_display(PID.display, language)
    assert chosen is not None
    assert chosen.name == name


def test_no_display_is_none():
    assert choose_display((), "de") is None


def test_a_configuration_of_ours_needs_no_more_than_its_type():
    assert CredentialConfiguration("dc+sd-jwt", "urn:eudi:pid:1").to_dict() == {
        "format": "dc+sd-jwt",
        "vct": "urn:eudi:pid:1",
        "credential_signing_alg_values_supported": ["ES256"],
        "cryptographic_binding_methods_supported": ["jwk"],
        "proof_types_supported": {"jwt": {"proof_signing_alg_values_supported": ["ES256"]}},
        "credential_metadata": {},
    }
