"""What a verifier or an issuer says that a register says of them."""

import contextlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.dcql.query import CredentialMeta
from protocol.errors import Malformed, NotAuthentic, ProtocolError
from protocol.fields import Fields
from protocol.trust.dataset import RegisteredIdentifier, RegistrarDataset
from protocol.trust.localized import Localized
from protocol.trust.registration import RegisteredCredential

ID = "http://data.europa.eu/eudi/id/"
PID = RegisteredCredential("dc+sd-jwt", CredentialMeta(("urn:eudi:pid:1",)), (("family_name",),))
VERIFIER = RegistrarDataset(
    identifiers=(RegisteredIdentifier("DE123456789", f"{ID}VATIN"), RegisteredIdentifier("5299", f"{ID}LEI")),
    services=((Localized("en", "Loans"), Localized("de", "Ausleihe")), (Localized("en", "Cards"),)),
    registry_uri="https://registrar.example",
    intended_use="card",
    purpose=(Localized("en", "To make you a card"),),
    privacy_policy="https://library.example/privacy",
    credentials=(PID,),
)
ISSUER = RegistrarDataset(VERIFIER.identifiers, VERIFIER.services, VERIFIER.registry_uri, provides=(PID,))


def read(data, kind=RegistrarDataset.from_verifier_info):
    return kind(Fields(data, "verifier_info[0].data"))


def test_what_a_verifier_writes_is_what_is_read():
    assert read(VERIFIER.to_dict()) == VERIFIER
    assert read(replace(VERIFIER, credentials=()).to_dict()) == replace(VERIFIER, credentials=())


def test_what_an_issuer_writes_is_what_is_read():
    assert read(ISSUER.to_dict(), RegistrarDataset.from_issuer_info) == ISSUER


def test_the_forms_of_others_are_read():
    """As in WE BUILD's example: the identifier as a text, one service without a list around it."""
    found = read(
        {
            "identifier": "urn:eu:wrp:eu:12345678901:0001",
            "srvDescription": [{"lang": "en", "content": "Online authentication"}],
            "registryURI": "https://registry.example.eu/api/v1",
            "intendedUseIdentifier": "urn:eu:wrp-intended-use:eu:municipality-login",
            "purpose": [{"lang": "en", "value": "User authentication"}],
            "policyURI": "https://rp.example.eu/privacy/login",
        }
    )
    assert found.identifiers == (RegisteredIdentifier("urn:eu:wrp:eu:12345678901:0001"),)
    assert found.services == ((Localized("en", "Online authentication"),),)
    assert found.purpose == (Localized("en", "User authentication"),)
    assert read(replace(VERIFIER, identifiers=found.identifiers).to_dict()).identifiers == found.identifiers


@pytest.mark.parametrize(
    "name", ["identifier", "srvDescription", "registryURI", "intendedUseIdentifier", "purpose", "policyURI"]
)
def test_a_verifier_leaves_nothing_out(name):
    data = VERIFIER.to_dict()
    del data[name]
    with pytest.raises(Malformed) as refusal:
        read(data)
    assert refusal.value.at == f"verifier_info[0].data.{name}"


@pytest.mark.parametrize("name", ["identifier", "srvDescription", "registryURI", "providesAttestations"])
def test_an_issuer_leaves_nothing_out(name):
    data = ISSUER.to_dict()
    del data[name]
    with pytest.raises(Malformed) as refusal:
        read(data, RegistrarDataset.from_issuer_info)
    assert refusal.value.at == f"verifier_info[0].data.{name}"


@pytest.mark.parametrize(
    "change",
    [
        {"registryURI": "javascript:alert(1)"},
        {"policyURI": "http://elsewhere.example"},
        {"identifier": []},
        {"identifier": [{"type": f"{ID}LEI"}]},
        {"identifier": [{"identifier": "1"}] * 17},
        {"srvDescription": [[]]},
        {"srvDescription": ["Loans"]},
        {"purpose": "to know"},
        {"purpose": [{"lang": "en"}]},
        {"credential": [{"format": "dc+sd-jwt"}]},
    ],
)
def test_what_has_another_shape_is_refused(change):
    with pytest.raises(Malformed):
        read({**VERIFIER.to_dict(), **change})


@pytest.mark.parametrize(
    ("identifier", "semantic"),
    [
        (RegisteredIdentifier("DE123", f"{ID}VATIN"), "VATDE-123"),
        (RegisteredIdentifier("123", f"{ID}VATIN"), "VATDE-123"),
        (RegisteredIdentifier("123", f"{ID}TIN"), "VATDE-123"),
        (RegisteredIdentifier("123", f"{ID}TIN"), "TINDE-123"),
        (RegisteredIdentifier("5299", f"{ID}LEI"), "LEIXG-5299"),
        (RegisteredIdentifier("VATDE-123", f"{ID}VATIN"), "VATDE-123"),
        (RegisteredIdentifier("VATDE-123"), "VATDE-123"),
        (RegisteredIdentifier("HRB-7", f"{ID}EUID"), "NTRDE-HRB-7"),
        (RegisteredIdentifier("7", "https://national.example/number"), "XX:DE-7"),
    ],
)
def test_an_identifier_is_known_again_in_a_certificate(identifier, semantic):
    replace(VERIFIER, identifiers=(RegisteredIdentifier("other"), identifier)).check_identifier(semantic, "dataset")


@pytest.mark.parametrize(
    ("identifier", "semantic"),
    [
        (RegisteredIdentifier("123", f"{ID}LEI"), "VATDE-123"),
        (RegisteredIdentifier("VATDE-123", f"{ID}LEI"), "VATDE-123"),
        (RegisteredIdentifier("FR123", f"{ID}VATIN"), "VATDE-123"),
        (RegisteredIdentifier("12", f"{ID}VATIN"), "VATDE-123"),
        (RegisteredIdentifier("VATDE-124"), "VATDE-123"),
    ],
)
def test_the_identifier_of_another_is_refused(identifier, semantic):  # T170
    with pytest.raises(NotAuthentic):
        replace(VERIFIER, identifiers=(identifier,)).check_identifier(semantic, "dataset")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(list(VERIFIER.to_dict())), inner),
    max_leaves=12,
)


@given(json_values)
def test_no_input_escapes_the_error_family(value):
    for kind in (RegistrarDataset.from_verifier_info, RegistrarDataset.from_issuer_info):
        with contextlib.suppress(ProtocolError):
            read(value, kind)


def test_what_is_not_there_is_not_written():
    """An empty list would be refused by whoever reads it."""
    least = {"identifier", "srvDescription", "registryURI"}
    assert RegistrarDataset(VERIFIER.identifiers, VERIFIER.services, VERIFIER.registry_uri).to_dict().keys() == least
