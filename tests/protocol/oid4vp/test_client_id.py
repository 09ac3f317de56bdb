"""Client identifiers: four prefixes, each proven in its own way, and nothing else."""

import contextlib
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from protocol.encoding import encode_base64url, sha256
from protocol.errors import InvalidRequest, Malformed, NotAuthentic, ProtocolError, Unsupported
from protocol.oid4vp.client_id import MAX_CLIENT_ID, ClientId, Prefix
from tests.protocol.oid4vp.samples import DID, HASH, PKI, SAN_DNS
from tests.support.cases import cases
from tests.support.pki import LEAF, make_pki


@cases("oid4vp/client_id.json", "keep")
def test_a_client_identifier_is_written_as_it_was_read(case):
    client_id = ClientId.from_text(case["text"])
    assert str(client_id) == case["text"]
    assert (client_id.prefix, client_id.identifier) == (case["prefix"], case["identifier"])
    assert client_id.is_signed is (case["prefix"] != "redirect_uri")


@cases("oid4vp/client_id.json", "refuse")
def test_any_other_client_identifier_is_refused(case):
    with pytest.raises(Malformed) as refusal:
        ClientId.from_text(case["value"], "request.client_id")
    assert refusal.value.at == "request.client_id"


@cases("oid4vp/client_id.json", "unsupported")
def test_a_client_that_cannot_be_proven_is_refused(case):
    with pytest.raises(Unsupported, match="prefix is not supported" if ":" in case["value"] else "has no prefix"):
        ClientId.from_text(case["value"])


def test_a_client_identifier_has_a_cap():
    longest = "redirect_uri:https://a.example/"
    longest += "a" * (MAX_CLIENT_ID - len(longest))
    assert ClientId.from_text(longest).identifier.startswith("https://a.example/a")
    with pytest.raises(Malformed, match="1 to 2048 characters"):
        ClientId.from_text(longest + "a")


def test_the_hash_of_a_certificate_proves_its_identifier():
    assert HASH.identifier == encode_base64url(sha256(PKI.leaf.der))
    assert ClientId.from_text(str(HASH)) == HASH
    HASH.check_certificate(PKI.leaf.certificate)


@pytest.mark.parametrize(
    "der",
    [
        pytest.param(PKI.root.der, id="T086 hash of the anchor"),
        pytest.param(make_pki().leaf.der, id="T086 hash of somebody else's certificate"),
    ],
)
def test_another_certificate_does_not(der):
    with pytest.raises(NotAuthentic):
        ClientId.of_certificate(der).check_certificate(PKI.leaf.certificate)


def certificate(*dns_names, **changes):
    return make_pki(replace(LEAF, dns_names=dns_names, **changes)).leaf.certificate


def test_a_name_in_the_certificate_proves_its_identifier():
    SAN_DNS.check_certificate(PKI.leaf.certificate)
    SAN_DNS.check_certificate(certificate("other.example", "verifier.example"))


@pytest.mark.parametrize(
    "leaf",
    [
        pytest.param(certificate(common_name="verifier.example"), id="T085 common name only"),
        pytest.param(certificate("*.example"), id="T085 wildcard"),
        pytest.param(certificate("*"), id="T085 wildcard for everything"),
        pytest.param(certificate("VERIFIER.example"), id="T085 other case"),
        pytest.param(certificate("verifier.example."), id="T085 trailing dot"),
        pytest.param(certificate("a.verifier.example"), id="T085 a name below"),
        pytest.param(certificate("example"), id="T085 a name above"),
        pytest.param(certificate("verifier.example.attacker.example"), id="T085 a name before"),
        pytest.param(certificate(uris=("verifier.example",)), id="T085 a URI"),
        pytest.param(certificate(), id="T085 no name"),
    ],
)
def test_nothing_but_the_very_name_does(leaf):
    with pytest.raises(NotAuthentic):
        SAN_DNS.check_certificate(leaf)


@pytest.mark.parametrize(
    "text", ["redirect_uri:https://verifier.example/", f"decentralized_identifier:{DID}"], ids=["URI", "DID"]
)
def test_no_certificate_proves_what_is_not_proven_by_certificates(text):
    with pytest.raises(NotAuthentic):
        replace(ClientId.from_text(text), identifier="verifier.example").check_certificate(PKI.leaf.certificate)
    with pytest.raises(NotAuthentic):
        ClientId.from_text(text).check_certificate(PKI.leaf.certificate)


@cases("oid4vp/client_id.json", "answer_there")
def test_answers_may_go_where_the_client_is(case):
    ClientId.from_text(case["client_id"]).check_response_uri(case["response_uri"], tuple(case.get("dns_names", ())))


@cases("oid4vp/client_id.json", "answer_nowhere_else")
def test_answers_may_go_nowhere_else(case):
    with pytest.raises(InvalidRequest):
        ClientId.from_text(case["client_id"]).check_response_uri(case["response_uri"], tuple(case.get("dns_names", ())))


PREFIXES = st.sampled_from([*map(str, Prefix), "", "origin", "https", "openid_federation"])
IDENTIFIERS = st.text(max_size=40) | st.sampled_from(["did:web:a.example", "verifier.example", HASH.identifier])


@settings(max_examples=100)
@given(st.one_of(st.none(), st.integers(), st.binary(), st.text(), st.builds("{}:{}".format, PREFIXES, IDENTIFIERS)))
@example("redirect_uri:https://[::1")
@example("redirect_uri:https://a.example:99999/")
@example("x509_hash:\ud800")
def test_no_input_escapes_the_error_family(value):
    with contextlib.suppress(ProtocolError):
        client_id = ClientId.from_text(value)
        assert str(client_id) == value
        with contextlib.suppress(ProtocolError):
            client_id.check_certificate(PKI.leaf.certificate)
